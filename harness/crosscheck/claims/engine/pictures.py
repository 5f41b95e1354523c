"""Pictures: matplotlib without its global state, the same bytes on every run."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

# Okabe and Ito's colours, told apart by people who do not see red and green
BLUE, ORANGE, GREEN, PINK, SKY, YELLOW, BLACK = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#E69F00",
    "#000000",
)
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, YELLOW, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":")
BY_FRAMEWORK = dict(zip(("numpy", "torch", "jax"), COLOURS, strict=False))
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "crosscheck",  # ids in the file, and so the file, are the same on every run
    "svg.fonttype": "path",
    "font.size": 10,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def panels(columns: int = 1, rows: int = 1, height: float = 3.6) -> tuple[Any, Sequence[Any]]:
    """Return a figure as wide as a page and its axes, in reading order."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.6 if columns == 1 else 9.0, height * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def below(figure: Any, axis: Any, columns: int = 3) -> None:
    """Put one legend under the whole figure, where it covers nothing."""
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)


def svg(figure: Any) -> str:
    """Return the figure as SVG, without a date."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
