"""The matrix of verdicts on a terminal: a problem a line, an implementation a column, a symbol for each dtype."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, TypeAlias

from rich.text import Text

from crosscheck.core.failures import Verdict
from crosscheck.judge.verdict import Row
from crosscheck.report.hosts import worst
from crosscheck.report.words import SYMBOLS

COLOURS = {
    "agrees": "green", "convention": "cyan", "undefined": "blue", "suspect": "bold yellow", "disagrees": "bold red",
    "failed": "bold red", "not run": "dim",
}  # fmt: skip
TALL = 12  # problems; of more, those on which everything agrees are one line
LEAST = 12  # characters of a problem's name
NAME = 8  # characters of a framework's name that are shown in any case

Verdicts: TypeAlias = Mapping[tuple[str, str], Mapping[str, Verdict]]  # (problem, implementation) -> dtype -> verdict


class Column(NamedTuple):
    """An implementation. short: its variant in as many characters as there are dtypes, at least two.

    width: of its cells; the last one of a framework may have to be wider, for the framework's name.
    """

    implementation: str
    framework: str
    variant: str
    short: str
    width: int


def lines(rows: Sequence[Row], width: int) -> list[Text]:
    """Return the matrix, its frameworks on top, in as many parts as the width needs, then what its signs mean."""
    hosts, rows = len({row.host for row in rows}), worst(rows)
    dtypes = sorted({row.dtype for row in rows}, reverse=True)  # float64 first
    verdicts: dict[tuple[str, str], dict[str, Verdict]] = {}
    for row in rows:
        verdicts.setdefault((row.problem, row.implementation), {})[row.dtype] = row.verdict
    problems = list(dict.fromkeys(row.problem for row in rows))
    columns = named(list(dict.fromkeys(row.implementation for row in rows)), max(2, len(dtypes)))
    shown = [name for name in problems if len(problems) <= TALL or not _all_agree(verdicts, name)]
    room = max([LEAST, *map(len, shown)])
    of = f", the gravest of {hosts} hosts" if hosts > 1 else ""
    text = [Text(f"A symbol for {' and one for '.join(dtypes)}{of}", style="italic")]
    if shown:
        room = min(room, max(LEAST, width - _width(columns, 0)))
        for part in parts(columns, width - room):
            text += [_frameworks(part, room), _variants(part, room)]
            text += [_line(name, part, verdicts, dtypes, room) for name in shown]
    text += _folded(len(problems) - len(shown), len(problems), len(columns))
    return [*text, *_legend(columns if shown else [], {row.verdict for row in rows}, width)]


def named(implementations: Sequence[str], length: int) -> list[Column]:
    """Return the columns; variants of different names have different short ones.

    >>> [column.short for column in named(["numpy/by_hand", "numpy/batched", "torch/by_hand", "mine/bx"], 2)]
    ['by', 'ba', 'by', 'bx']
    >>> [column.short for column in named(["mine/fast", "mine/faster"], 2)]
    ['fa', 'fs']
    """
    given: dict[str, str] = {}
    columns = []
    for name in implementations:
        framework, _, variant = name.rpartition("/")
        if variant not in given:
            padded = variant.replace("_", "").ljust(length, "·")
            tried = [padded[: length - 1] + each for each in (*padded[length - 1 :], *"123456789")]
            given[variant] = next((each for each in tried if each not in given.values()), padded[:length])
        columns.append(Column(name, framework, variant, given[variant], length))
    wide = []
    for framework, group in groupby(columns, key=lambda column: column.framework):
        *others, last = group
        lacking = min(len(_last(framework)), NAME) - (len(others) + 1) * (length + 1) + 1
        wide += [*others, last._replace(width=length + max(0, lacking))]
    return wide


def _last(framework: str) -> str:
    """Return the last part of a module's name."""
    return framework.rpartition(".")[2]


def parts(columns: Sequence[Column], width: int) -> list[list[Column]]:
    """Return the columns in parts that fit a width, frameworks whole where they can be."""
    made: list[list[Column]] = [[]]
    for _, group in groupby(columns, key=lambda column: column.framework):
        those = list(group)
        if made[-1] and _width([*made[-1], *those], 0) > width:
            made.append([])
        for column in those:
            if made[-1] and _width([*made[-1], column], 0) > width:
                made.append([])
            made[-1].append(column)
    return made


def _width(columns: Sequence[Column], room: int) -> int:
    """Return how wide a line is, whose problem takes so much room."""
    groups = len(dict.fromkeys(column.framework for column in columns))
    return room + sum(1 + column.width for column in columns) + groups


def _cells(columns: Sequence[Column], cells: Sequence[Text], room: int, first: Text) -> Text:
    """Return a line: what stands first, then a cell for each column, set apart by frameworks."""
    first.truncate(room, overflow="ellipsis")
    first.pad_right(room - first.cell_len)
    previous = ""
    for column, cell in zip(columns, cells, strict=True):
        first.append("  " if column.framework != previous else " ")
        first.append_text(cell)
        previous = column.framework
    first.rstrip()
    return first


def _frameworks(columns: Sequence[Column], room: int) -> Text:
    line = Text(" " * room)
    for framework, group in groupby(columns, key=lambda column: column.framework):
        width = sum(1 + column.width for column in group) - 1
        name = framework if len(framework) <= width else _last(framework)
        line.append(f"  {name[:width]:{width}}", style="bold")
    line.rstrip()
    return line


def _variants(columns: Sequence[Column], room: int) -> Text:
    return _cells(columns, [Text(column.short.ljust(column.width)) for column in columns], room, Text())


def _line(problem: str, columns: Sequence[Column], verdicts: Verdicts, dtypes: Sequence[str], room: int) -> Text:
    cells = []
    for column in columns:
        cell, seen = Text(), verdicts.get((problem, column.implementation), {})
        for dtype in dtypes:
            verdict = seen.get(dtype)
            cell.append(SYMBOLS[verdict] if verdict else " ", style=COLOURS[verdict] if verdict else "")
        cell.pad_right(column.width - cell.cell_len)
        cells.append(cell)
    return _cells(columns, cells, room, Text(problem))


def _all_agree(verdicts: Verdicts, problem: str) -> bool:
    return all(
        verdict is Verdict.AGREES
        for (name, _), seen in verdicts.items() if name == problem
        for verdict in seen.values()
    )  # fmt: skip


def _folded(number: int, problems: int, implementations: int) -> list[Text]:
    """Return the line of the problems that are not shown, since everything agrees there."""
    if not number:
        return []
    which = "all" if number == problems else "the other" if number > 1 else "the other problem"
    who = f"all {implementations} implementations agree" if implementations > 1 else "it agrees"
    what = f"{which} {number} problems" if number > 1 else which
    return [Text(f"{SYMBOLS[Verdict.AGREES]} {what}: {who}", style=COLOURS[Verdict.AGREES])]


def _legend(columns: Sequence[Column], verdicts: set[Verdict], width: int) -> list[Text]:
    """Return what the symbols and the short names mean, in lines that fit."""
    signs = [f"{SYMBOLS[verdict]} {verdict}" for verdict in Verdict if verdict in verdicts]
    shorts = dict.fromkeys(f"{column.short} {column.variant}" for column in columns)
    long = [column.framework for column in columns]
    modules = [f"{_last(name)} {name}" for name in dict.fromkeys(long) if "." in name]
    return [line for words in (signs, shorts, modules) for line in _filled(list(words), width)]


def _filled(words: Sequence[str], width: int) -> list[Text]:
    """Return words in lines, two blanks between them, none of them broken."""
    made: list[str] = []
    for word in words:
        if made and len(made[-1]) + 2 + len(word) <= width:
            made[-1] += f"  {word}"
        else:
            made.append(word)
    return [Text(line, style="dim", overflow="ellipsis", no_wrap=True) for line in made]
