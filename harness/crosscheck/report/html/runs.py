"""The pages of several runs: two side by side, and a folder's history as small multiples. Text and SVG, no script."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosscheck_impls.interface import EVERY_DTYPE
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from crosscheck.core.failures import BAD, Verdict
from crosscheck.report import side_by_side as words
from crosscheck.report.html.page import HERE
from crosscheck.report.words import SYMBOLS
from crosscheck.runs.difference import ORDER, Difference
from crosscheck.runs.many import History, Series

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, STRIP = 380, 210, 46, 318, 10, 150, 164  # of a panel
LEAST, MOST = -6, 6  # decades that are drawn; what lies beyond stands at the edge
APART = 13  # between two labels
ROWS = 2000  # of a table


def of_difference(it: Difference) -> str:
    """Return the page of two runs side by side."""
    worse = f"{words.of_rows(it.worse)} got worse" if it.worse else "Nothing got worse"
    parts = {
        "verdicts": [pair for pair in it.pairs if pair.verdict],
        "causes": [pair for pair in it.pairs if pair.cause],
        "moved": [pair for pair in it.pairs if pair.moved],
        "bits_pairs": [pair for pair in it.pairs if pair.bits],
        "other_data": [pair for pair in it.pairs if pair.data],
    }
    return _page(
        "diff.html", title=f"{worse}.", it=it, old=words.of_run(it.old), new=words.of_run(it.new),
        summary=words.summary(it), bits=words.bits_sentence(it), unit=words.UNIT, limit=ROWS,
        tables=it.came or it.went or any(parts.values()), **parts,
    )  # fmt: skip


def of_history(it: History) -> str:
    """Return the page of a folder's history; what is wrong in the last run comes first."""
    counts = [Counter(line.verdict for line in run.lines.values()) for run in it.runs]
    seen = [verdict for verdict in ORDER if any(each[verdict] for each in counts)]
    bad = sum(counts[-1][verdict] for verdict in BAD)
    number = f"{len(it.runs):,} run{'s' * (len(it.runs) != 1)}"
    last = f"{words.of_rows(bad)} of the last disagreed or failed" if bad else "nothing disagrees in the last"
    low, high = _decades(it.series)
    order = sorted(it.series, key=lambda s: -ORDER.index(s.points[-1].worst) if s.points[-1] else 0)
    dates = [run.date or run.place for run in it.runs]
    return _page(
        "history.html", title=f"{number}: {last}.", bad=bool(bad), seen=seen,
        table=list(zip(it.runs, counts, strict=True)),
        panels=[panel(series, low, high) for series in order],
        ticks=[{"y": _y(10.0**k, low, high), "text": "1" if k == 0 else f"1e{k}", "one": k == 0}
               for k in range(low, high + 1) if k % (1 + (high - low) // 6) == 0],
        width=WIDTH, height=HEIGHT, left=LEFT, right=RIGHT, strip=STRIP, first=dates[0][:10],
        last=dates[-1][:10] if dates[1:] else "",
    )  # fmt: skip


@dataclass(frozen=True)
class Curve:
    """The errors of one dtype: its lines, broken where a run has no number, its dots, the height of its label."""

    dtype: str
    lines: Sequence[str]
    dots: Sequence[dict[str, Any]]
    label: float


@dataclass(frozen=True)
class Panel:
    """One implementation, as it is drawn."""

    name: str
    words: str
    curves: Sequence[Curve]
    marks: Sequence[dict[str, Any]]


def panel(series: Series, low: int, high: int) -> Panel:
    """Return what is drawn of an implementation; low, high: the decades of the scale."""
    number, points = len(series.points), series.points
    width = min(28.0, (RIGHT - LEFT) / number * 0.9)
    marks = [
        {"verdict": point.worst, "x": round(_x(k, number) - width / 2, 1), "width": round(width, 1),
         "words": f"{point.run.place}: {_counts(point.verdicts)}"}
        for k, point in enumerate(points) if point
    ]  # fmt: skip
    there = [point for point in points if point]
    curves: list[Curve] = []
    for dtype in EVERY_DTYPE:
        if any(dtype in point.ratios for point in there):
            curves.append(_curve(series, dtype, low, high, [curve.label for curve in curves]))
    said = f"{series.implementation}, {len(there)} runs, the last: {_counts(there[-1].verdicts)}"
    return Panel(series.implementation, said, curves, marks)


def _curve(series: Series, dtype: str, low: int, high: int, labels: Sequence[float]) -> Curve:
    dots: list[dict[str, Any]] = []
    lines: list[list[str]] = [[]]
    for k, point in enumerate(series.points):
        ratio = point.ratios.get(dtype) if point else None
        if point is None or ratio is None:
            lines.append([])
            continue
        x, y = _x(k, len(series.points)), _y(ratio, low, high)
        dots.append({"x": x, "y": y, "words": f"{point.run.place}, {dtype}: {ratio:.3g} x the bound"})
        lines[-1].append(f"{x},{y}")
    label = dots[-1]["y"] + 4.0
    for other in labels:  # two at most
        if abs(label - other) < APART:
            label = other + APART if label >= other and other + APART < BOTTOM + 8 else other - APART
    return Curve(dtype, [" ".join(line) for line in lines if line[1:]], dots, round(label, 1))


def _decades(series: Sequence[Series]) -> tuple[int, int]:
    """Return the decades of the scale: those of all numbers, and always that of the bound."""
    ratios = [ratio for each in series for point in each.points if point for ratio in point.ratios.values()]
    logs = [min(max(math.log10(ratio), LEAST), MOST) for ratio in ratios if 0 < ratio < math.inf]
    high = MOST if any(ratio == math.inf for ratio in ratios) else max(0, math.ceil(max(logs, default=0)))
    return min(-1, math.floor(min(logs, default=-1))), high


def _x(k: int, number: int) -> float:
    return round(LEFT + (k + 0.5) * (RIGHT - LEFT) / number, 1)


def _y(ratio: float, low: int, high: int) -> float:
    """Return the height of a number; one beyond the scale stands at its edge."""
    log = math.log10(ratio) if 0 < ratio < math.inf else low if ratio == 0 else high
    return round(BOTTOM - (min(max(log, low), high) - low) / (high - low) * (BOTTOM - TOP), 1)


def _counts(verdicts: Mapping[Verdict, int]) -> str:
    return ", ".join(f"{verdicts[verdict]:,} {verdict}" for verdict in ORDER if verdicts.get(verdict))


def _page(template: str, **content: Any) -> str:
    jinja = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = "".join((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "runs.css"))
    return jinja.get_template(template).render(style=Markup(style), symbols=SYMBOLS, **content)
