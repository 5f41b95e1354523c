"""The bench's tables: speed.csv for machines, speed.md for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from crosscheck.bench.figures import PEER, Line, exponent
from crosscheck.bench.sizes import SIZES, Size


class Grown(NamedTuple):
    """Microseconds an iteration of one contestant while one thing grows, and the exponent that theory says."""

    what: str
    theory: int
    contestant: str
    points: list[tuple[int, float]]

    @property
    def exponent(self) -> float:
        """The fitted exponent, over the upper half of the sizes."""
        numbers, times = zip(*self.points, strict=True)
        return exponent(numbers, times)


HEADER = [
    "contestant", "first call, s", "µs an iteration", "quartiles", "x floor", "x own products", "x peer", "memory",
]  # fmt: skip


def csv(lines: Sequence[Line]) -> str:
    """Return speed.csv, four significant digits."""
    return pd.DataFrame.from_records([line.record() for line in lines]).to_csv(index=False, float_format="%.4g")


def number(value: float | None, digits: int = 3) -> str:
    """Return a number as people read it.

    >>> number(12345.6), number(0.01234), number(None)
    ('12,300', '0.0123', '')
    """
    if value is None:
        return ""
    return f"{float(f'{value:.{digits}g}'):,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def cells(line: Line) -> list[str]:
    """Return a line of the table; what was not measured says why."""
    if line.median is None:
        return [line.contestant, line.reason or "not run", *[""] * 6]
    spread = f"{number(line.low)} to {number(line.high)}"
    ratios = [number(each) for each in (line.floor, line.products, line.peer, line.memory)]
    return [line.contestant, number(line.first, 2), number(line.median), spread, *ratios]


def table(header: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table."""
    rule = "|---|" + "---:|" * (len(header) - 1)
    return ["| " + " | ".join(header) + " |", rule, *("| " + " | ".join(line) + " |" for line in body)]


def shape(size: Size) -> str:
    """Return the network and the examples in words.

    >>> shape(SIZES["planar"])
    '2-4-1 x 400'
    """
    return f"{'-'.join(map(str, size.n))} x {size.m}"


def short(lines: Sequence[Line]) -> list[str]:
    """Return the table of the fast paths: over the peer, over the floor, and over their own framework's products."""
    body = []
    for key in dict.fromkeys((line.size, line.dtype) for line in lines):
        here = {line.contestant: line for line in lines if (line.size, line.dtype) == key}
        row = [f"{shape(SIZES[key[0]])}", key[1]]
        for framework in PEER:
            line = here.get(f"{framework}/fast")
            row += [number(each) for each in ((line.peer, line.floor, line.products) if line else (None,) * 3)]
        body.append(row)
    columns = [f"{framework}, x {what}" for framework, peer in PEER.items() for what in (peer, "floor", "own products")]
    return table(["size", "dtype", *columns], body)


def markdown(lines: Sequence[Line], grown: Sequence[Grown], environment: Mapping[str, Any]) -> str:
    """Return speed.md: how to read it, the fast paths, every contestant, and growth."""
    settings = environment.get("settings", {})
    variables = " ".join(f"{name}={value}" for name, value in environment.get("variables", {}).items())
    text = [
        "# Speed",
        "",
        f"Run on {environment.get('processor')}, {settings.get('threads')} threads, device {settings.get('device')}, "
        f"{environment.get('date')}; see speed_environment.json. Every contestant has a process of its own; they take "
        f"turns for {settings.get('rounds')} rounds, and only one computes at a time. A ratio is the median of the "
        "ratios of each round." + (f" The environment says {variables}." if variables else ""),
        "",
        "- first call: one iteration, with compilation and warm-up, which no other figure contains.",
        "- floor: the larger of the 3L - 1 bare matrix products of an iteration, in the fastest of the frameworks, and "
        "the bytes that it must touch at the speed at which this machine copies memory.",
        "- own products: the same products in the contestant's own framework.",
        f"- peer: {', '.join(f'{peer} for {framework}' for framework, peer in PEER.items())}. scikit-learn draws its "
        "own weights; with one layer it is LogisticRegression, an iteration of lbfgs.",
        "- memory: the most that the process grows by during two iterations (Linux's high-water mark of resident "
        "pages, after a first call), over one set of activations plus two sets of parameters; from 1 MiB of them on.",
        "",
        "## The fast paths",
        "",
        *short(lines),
        "",
    ]
    for key in dict.fromkeys((line.size, line.dtype) for line in lines):
        body = [cells(line) for line in lines if (line.size, line.dtype) == key]
        text += [f"## {key[0]}: {shape(SIZES[key[0]])}, {key[1]}", "", *table(HEADER, body), ""]
    if grown:
        rows = [
            [
                g.what,
                g.contestant,
                str(g.theory),
                f"{g.exponent:.2f}",
                ", ".join(f"{n}: {number(t)}" for n, t in g.points),
            ]
            for g in grown
        ]
        text += ["## Growth", "", "Exponents of the upper half of the sizes, float32; microseconds an iteration.", ""]
        text += ["- examples: 16-16-1; width: three layers, 256 examples; depth: 64 units wide, 1000 examples."]
        text += ["", *table(["grows", "contestant", "theory", "fitted", "µs"], rows), ""]
    return "\n".join(text)


def summary(lines: Sequence[Line]) -> str:
    """Return the fast paths in a line each."""
    return "\n".join(
        f"{line.size:14} {line.dtype:8} {line.contestant:11} {number(line.median):>8} µs "
        f"{number(line.peer) or '-':>8} x peer {number(line.floor) or '-':>8} x floor"
        for line in lines
        if line.contestant.endswith("/fast")
    )
