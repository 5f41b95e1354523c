"""The bench's plots: a panel for each size and framework, every point with its name and number beside it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from crosscheck.bench.figures import Line
from crosscheck.bench.report import Grown, number, shape
from crosscheck.bench.sizes import GROWTH, SIZES
from crosscheck.core.extras import installs
from crosscheck.report.plots import COLOURS, GREY, LIGHT, available, label, style, svg

# which contestants stand in one panel: a framework's own, what is built on it, and its bare products; six at most
COLUMNS = {
    "numpy": ("numpy/fast", "numpy/by_hand", "scikit-learn", "products numpy"),
    "torch": ("torch/fast", "torch/by_hand", "torch/native", "keras on torch", "products torch"),
    "jax": ("jax/fast", "jax/by_hand", "jax/native", "keras on jax", "optax loop", "products jax"),
}
ROW, SLIDE = 0.17, 0.62  # inches of a contestant, and of a panel's title and axis
ROOM = 2.2  # to the right of the largest value, for its number: a factor


def plots(lines: Sequence[Line], grown: Sequence[Grown]) -> dict[str, bytes]:
    """Return the plots as SVG, by name; without matplotlib there are none, and a line says so."""
    if not available():
        print(f"no plots: matplotlib is not installed; {installs('plots')}", file=sys.stderr)
        return {}
    with style():
        timed = {dtype: _floors([line for line in lines if line.dtype == dtype], dtype)
                 for dtype in dict.fromkeys(line.dtype for line in lines if line.floor)}  # fmt: skip
        made = {f"speed/floor_{dtype}.svg": content for dtype, content in timed.items()}
        if grown:
            made["speed/growth.svg"] = _growth(grown)
    return made


def _floors(lines: Sequence[Line], dtype: str) -> bytes:
    """Return the times over the floor: down the sizes, across the frameworks."""
    from matplotlib.figure import Figure

    floor = {(line.size, line.contestant): line.floor for line in lines if line.floor}
    sizes = list(dict.fromkeys(size for size, _ in floor))
    most = max(len(names) for names in COLUMNS.values())
    figure = Figure(figsize=(9, len(sizes) * (most * ROW + SLIDE) + 0.4), layout="constrained")
    panels = figure.subplots(len(sizes), len(COLUMNS), squeeze=False, sharex=True)
    low, high = min(1.0, *floor.values()), max(floor.values())
    for size, across in zip(sizes, panels, strict=True):
        for (framework, names), panel in zip(COLUMNS.items(), across, strict=True):
            there = [name for name in names if (size, name) in floor]
            for y, name in enumerate(there):
                value = floor[size, name]
                colour = COLOURS[0] if name.endswith("/fast") else GREY
                panel.plot([1, value], [y, y], color=colour, linewidth=1.5, solid_capstyle="butt")
                panel.plot([value], [y], "o", color=colour, markersize=4)
                words = number(value, 2 if value < 100 else 3)
                beside = {"textcoords": "offset points", "va": "center", "fontsize": 6.5, "color": colour}
                panel.annotate(words, (max(1, value), y), (5, 0), **beside)
            panel.axvline(1, color=LIGHT, linewidth=1, zorder=0)
            panel.set_yticks(range(len(there)), there, fontsize=7)
            panel.set(xscale="log", xlim=(low / 1.3, high * ROOM), ylim=(most - 0.5, -0.5))
            panel.tick_params(left=False, labelsize=7)
            panel.minorticks_off()
            panel.spines["left"].set_visible(False)
            title = f"{size}: {shape(SIZES[size])}" if size in SIZES else size
            panel.set_title(title if framework == "numpy" else "", loc="left", fontweight="bold")
    figure.suptitle(f"Time of an iteration in units of the floor, {dtype}")
    return svg(figure)


def _growth(grown: Sequence[Grown]) -> bytes:
    """Return how the times grow: a panel for each thing that grows, a line for each contestant."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    panels = figure.subplots(1, len(GROWTH), squeeze=False)[0]
    ends: list[list[tuple[float, float, str, str]]] = []
    for panel, what in zip(panels, GROWTH, strict=True):
        those = [each for each in grown if each.what == what and each.points]
        for each, colour in zip(those, COLOURS, strict=False):
            panel.loglog(*zip(*each.points, strict=True), "o-", color=colour, markersize=3, linewidth=1.2)
        ends.append([
            (*each.points[-1], f"{each.contestant.partition('/')[0]} {each.exponent:.2f}", colour)
            for each, colour in zip(those, COLOURS, strict=False)
        ])  # fmt: skip
        theory = f" in theory: {those[0].theory}" if those else ""
        panel.set(
            xlabel=what, ylabel="µs an iteration" if what == next(iter(GROWTH)) else "", title=f"exponent{theory}"
        )
    for panel, those_ends in zip(panels, ends, strict=True):
        label(panel, those_ends)
    figure.suptitle("Time of an iteration of the fast paths, float32, and the exponent fitted to the upper half")
    return svg(figure)
