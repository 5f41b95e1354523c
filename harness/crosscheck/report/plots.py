"""What the plots share, and those of a comparison: cost curves and ratios as SVG, without a legend to look up."""

from __future__ import annotations

import importlib.util
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from crosscheck.judge.evidence import Background
from crosscheck.judge.verdict import Row

COLOURS = ("#0a58a8", "#c4430f", "#0b6b50", "#8a5a00", "#7a3b9a", "#57606a")  # six series at most
GREY, LIGHT = "#57606a", "#c9d1da"
SEEN = 1e-3  # of a cost: a curve that is nearer to the oracle's cannot be told from it
NAMED = 5  # curves beside the oracle's in a panel
LEAST, MOST = 1e-6, 1e6  # ratios that are drawn; what lies beyond stands at the edge


def available() -> bool:
    """Return whether there is a matplotlib."""
    return importlib.util.find_spec("matplotlib") is not None


@contextmanager
def style() -> Iterator[None]:
    """Set what all plots have in common; the same numbers make the same file."""
    from matplotlib import rc_context

    quiet = {f"axes.spines.{side}": False for side in ("top", "right")}
    with rc_context(
        {"svg.hashsalt": "crosscheck", "font.size": 8, "axes.titlesize": 8, "xtick.minor.visible": False, **quiet}
    ):
        yield


def svg(figure: Any) -> bytes:
    """Return a figure as a file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Return the heights moved apart, so that labels there do not overlap; their order stays, and so does their middle.

    >>> spread([0.5, 0.5, 0.9], 0.1)
    [0.45, 0.55, 0.9]
    """
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    groups: list[list[int]] = []
    for k in order:  # of labels that touch, each around the mean of its heights
        groups.append([k])
        while len(groups) > 1 and _edges(heights, groups[-1], gap)[0] < _edges(heights, groups[-2], gap)[1] + gap:
            last = groups.pop()
            groups[-1] += last
    moved = list(heights)
    for group in groups:
        low, _ = _edges(heights, group, gap)
        for place, k in enumerate(group):
            moved[k] = round(low + place * gap, 12)
    return moved


def _edges(heights: Sequence[float], group: Sequence[int], gap: float) -> tuple[float, float]:
    middle, half = sum(heights[k] for k in group) / len(group), (len(group) - 1) * gap / 2
    return middle - half, middle + half


def label(panel: Any, ends: Sequence[tuple[float, float, str, str]], gap: float = 0.09) -> None:
    """Write beside the last point of each curve what it is. ends: x, y, words and colour of each; at most six."""
    panel.get_xlim(), panel.get_ylim()  # which makes them what the curves need
    to_axes = panel.transData + panel.transAxes.inverted()
    heights = [float(to_axes.transform((x, y))[1]) for x, y, *_ in ends]
    for (x, y, words, colour), height in zip(ends, spread(heights, gap), strict=True):
        panel.text(1.06, height, words, transform=panel.transAxes, color=colour, va="center", fontsize=7)
        panel.annotate(
            "", (x, y), (1.05, height), textcoords="axes fraction", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
        ).set_in_layout(False)  # fmt: skip


def of_comparison(rows: Sequence[Row], backgrounds: Mapping[tuple[str, str], Background]) -> dict[str, bytes]:
    """Return the plots of a comparison, by name: for each dtype the cost curves, and the ratios."""
    made = {}
    with style():
        for dtype in dict.fromkeys(row.dtype for row in rows):
            those = [row for row in rows if row.dtype == dtype]
            made[f"plots/ratios_{dtype}.svg"] = svg(_ratios(those, dtype))
            seen = {problem: b for (problem, of), b in backgrounds.items() if of == dtype and len(b.oracle) > 1}
            if seen:
                made[f"plots/costs_{dtype}.svg"] = svg(_costs(those, seen, dtype))
    return made


def _grid(number: int, across: int, width: float, height: float) -> tuple[Any, list[Any]]:
    """Return a figure and so many panels; width, height: of one, in inches."""
    from matplotlib.figure import Figure

    across = min(across, number)
    down = math.ceil(number / across)
    figure = Figure(figsize=(max(4.0, width * across), height * down + 0.5), layout="constrained")
    panels = list(figure.subplots(down, across, squeeze=False).flat)
    for panel in panels[number:]:
        panel.set_axis_off()
    return figure, panels[:number]


def _ratios(rows: Sequence[Row], dtype: str) -> Any:
    """Return a panel an implementation: the largest error of each problem in units of its bound."""
    problems = list(dict.fromkeys(row.problem for row in rows))
    names = list(dict.fromkeys(row.implementation for row in rows))
    figure, panels = _grid(len(names), 3, 3.2, 0.6 + 0.14 * len(problems))
    for k, (name, panel) in enumerate(zip(names, panels, strict=True)):
        there = [(problems.index(row.problem), worst.ratio) for row in rows
                 if row.implementation == name and (worst := row.worst())]  # fmt: skip
        at = [min(max(ratio, LEAST), MOST) for _, ratio in there]
        colours = [COLOURS[0] if ratio <= 1 else COLOURS[1] for _, ratio in there]
        panel.axvline(1, color=COLOURS[1], linewidth=0.8)
        panel.scatter(at, [y for y, _ in there], c=colours, s=9)
        panel.set(xscale="log", xlim=(LEAST / 2, MOST * 2), ylim=(len(problems) - 0.5, -0.5), title=_text(name))
        panel.set_yticks(range(len(problems)), map(_text, problems) if k % 3 == 0 else [""] * len(problems), fontsize=6)
        panel.grid(axis="y", color=LIGHT, linewidth=0.4)
    figure.suptitle(f"Largest error in units of its bound, {dtype}; beyond 1 it is more than rounding can do")
    return figure


def _costs(rows: Sequence[Row], seen: Mapping[str, Background], dtype: str) -> Any:
    """Return a panel a problem: the oracle's costs, and those of the runs that can be told from them."""
    figure, panels = _grid(len(seen), 4, 2.6, 1.9)
    ends: list[list[tuple[float, float, str, str]]] = []
    for (problem, background), panel in zip(seen.items(), panels, strict=True):
        panel.plot(background.at, background.oracle, color=LIGHT, linewidth=4)
        apart = [row for row in rows if row.problem == problem and _apart(row.costs, background.oracle)]
        ends.append([])
        for row, colour in zip(apart[:NAMED], COLOURS, strict=False):
            at = background.at[: len(row.costs)]
            panel.plot(at, row.costs, color=colour, linewidth=1)
            if math.isfinite(row.costs[-1]):
                ends[-1].append((at[-1], row.costs[-1], _text(row.implementation), colour))
        more = f", {len(apart) - NAMED} more differ" if len(apart) > NAMED else ""
        panel.set(title=_text(problem) + more)
    for panel, those in zip(panels, ends, strict=True):
        label(panel, those)
    figure.suptitle(f"Cost by iteration, {dtype}: the oracle's broad and grey, and each run that can be told from it")
    return figure


def _apart(costs: Sequence[float], oracle: Sequence[float]) -> bool:
    """Return whether a curve can be told from the oracle's."""
    return any(not abs(J - exact) <= SEEN * max(abs(J), abs(exact)) for J, exact in zip(costs, oracle, strict=False))


def _text(name: str) -> str:
    r"""Return a name for matplotlib, which reads what stands between dollars as a formula.

    >>> _text("a$b$")
    'a\\$b\\$'
    """
    return name.replace("$", r"\$")
