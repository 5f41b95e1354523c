"""What people see while the comparison runs, on standard error, and when it has, on standard output."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from rich.console import Console
from rich.text import Text

from crosscheck.core.failures import BAD, Verdict
from crosscheck.judge.verdict import Row
from crosscheck.report import matrix
from crosscheck.report.hosts import of_hosts
from crosscheck.report.html.entries import kind_of
from crosscheck.report.matrix import COLOURS
from crosscheck.report.progress import progress as progress
from crosscheck.report.side_by_side import of_merged
from crosscheck.report.tables import HEADER, cells, summary
from crosscheck.report.words import MEANING, and_more, of_cause

WIDTH = 120  # of the table where the output is a file or a pipe, and COLUMNS says nothing
CAUSES = 5  # of each other verdict
NAMES = 2  # of problems with one cause; of more, how many they are
WIDEST = 120  # of the matrix
SET_IN = 2  # the second and later lines of a sentence
LINES = 30  # about what disagrees or failed, at the end
TEXTS = ("problem", "implementation", "dtype", "verdict", "in", "cause")  # the other columns are numbers
# the columns that may be left out, the least important first; and the least that a cause is worth showing in
DISPENSABLE = (
    "near_threshold", "test", "train", "certified", "step", "db", "dW", "J", "noise", "cause", "in", "largest",
)  # fmt: skip
LEAST, MOST = 24, 70  # characters of a cause
GAP = 2  # between two columns


# ---------------------------------------------------------------- the rows


def output() -> Console:
    """Return the console of the results: as wide as the terminal, or WIDTH where there is none."""
    console = Console(highlight=False)
    return console if console.is_terminal or os.environ.get("COLUMNS") else Console(width=WIDTH, highlight=False)


def show(
    rows: Sequence[Row],
    fails: Collection[str] = BAD,
    quiet: bool = False,
    verbose: bool = False,
    console: Console | None = None,
) -> None:
    """Print the hosts of a fleet, those that stand out first; the matrix; what does not agree by its cause; a sentence.

    fails: the verdicts that are wrong. quiet: only what is wrong. verbose: every row instead of the matrix. On a
    terminal sentences are wrapped and set in; elsewhere each is one line.
    """
    console = console or output()
    if (fleet := of_hosts(rows)) and (not quiet or fleet.odd):
        console.print(Text(f"{of_merged(fleet, verbose, 'host')}\n"), overflow="ellipsis", no_wrap=True)
    if not quiet and verbose:
        _print_rows(rows, console)
    elif not quiet:
        for line in [*matrix.lines(rows, min(console.width, WIDEST)), Text()]:
            console.print(line, overflow="ellipsis", no_wrap=True)
    for line in [*wrong(rows, fails), *([] if quiet else beside(rows, fails))]:
        _print_sentence(line, console)
    if not quiet:
        console.print(summary(rows), soft_wrap=True)


def _print_sentence(line: Text, console: Console) -> None:
    """Print a sentence; on a terminal in lines that fit, of which all but the first are set in."""
    if not console.is_terminal:
        console.print(line, soft_wrap=True)
        return
    first, *others = line.wrap(console, console.width - SET_IN) or [line]
    console.print(first)
    for other in others:
        console.print(Text(" " * SET_IN).append_text(other))


def beside(rows: Sequence[Row], fails: Collection[str]) -> list[Text]:
    """Return what does not agree and is not wrong, by verdict and cause: what it means, which rows they are."""
    lines = []
    for verdict in (each for each in Verdict if each is not Verdict.AGREES and each not in fails):
        alike: dict[str, list[Row]] = {}
        for row in rows:
            if row.verdict is verdict:
                alike.setdefault(_cause(row), []).append(row)
        if not alike:
            continue
        lines.append(Text(f"{verdict}: {MEANING[verdict]}", style=COLOURS[verdict]))
        for cause, those in sorted(alike.items(), key=lambda each: -len(each[1]))[:CAUSES]:
            lines.append(Text(f"  {cause or 'without a cause'}: {which(those)}"))
        if len(alike) > CAUSES:
            lines.append(Text(f"  ... and {len(alike) - CAUSES} more, in agreement.md"))
    return lines


def which(rows: Sequence[Row]) -> str:
    """Return in words which rows they are: whose, and on what."""
    names, problems, dtypes = (
        list(dict.fromkeys(each)) for each in zip(*((r.whose, r.problem, r.dtype) for r in rows), strict=True)
    )
    where = ", ".join(problems) if len(problems) <= NAMES else f"{len(problems)} problems"
    return f"{_few(names, 'implementations')} on {where}" + (f", {dtypes[0]}" if len(dtypes) == 1 else "")


def _few(names: Sequence[str], what: str) -> str:
    return ", ".join(names) if len(names) <= 2 * NAMES else f"{len(names)} {what}"


def wrong(rows: Sequence[Row], fails: Collection[str]) -> list[Text]:
    """Return a line for each thing that is wrong, as its first row has it: a mistake, or an import that fails, is one,
    not one for each problem.
    """
    alike: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if _verdict(row) in fails:
            alike.setdefault((_verdict(row), row.whose, kind_of(row.cause)), []).append(row)
    lines = []
    for (verdict, implementation, _), those in list(alike.items())[:LINES]:
        where = f"{those[0].problem}, {those[0].dtype}" + and_more(len(those) - 1)
        cause = _cause(those[0])
        words = f"{verdict}: {implementation} on {where}" + (f": {cause}" if cause else "")
        lines.append(Text(words, style=COLOURS[verdict]))
    if len(alike) > LINES:
        lines.append(Text(f"... and {len(alike) - LINES} more like these, in agreement.md"))
    return lines


def explained(blocks: Sequence[tuple[Row, Sequence[str]]], fails: Collection[str], quiet: bool, verbose: bool) -> str:
    """Return what `explain` prints of each row's lines: of rows that do not agree, of what is wrong, or of all."""
    shown = [lines for row, lines in blocks if verbose or (_verdict(row) in fails if quiet else len(lines) > 1)]
    text = "\n\n".join("\n".join(lines) for lines in shown)
    return text if quiet or verbose else f"{text}\n\n{summary([row for row, _ in blocks])}".lstrip("\n")


def _verdict(row: Row) -> str:
    return str(row.verdict)


def _cause(row: Row) -> str:
    return of_cause(row.cause)


def columns_that_fit(widths: dict[str, int], width: int) -> list[str]:
    """Return the columns to show: without the empty ones, and without the least important until the rest fits.

    A cause may be cut to LEAST characters.

    >>> columns_that_fit({"problem": 20, "verdict": 9, "in": 3, "J": 5, "cause": 0}, 40)
    ['problem', 'verdict', 'in']
    """
    kept = [name for name in widths if widths[name]]
    for name in DISPENSABLE:
        needed = sum(min(widths[each], LEAST) if each == "cause" else widths[each] for each in kept)
        if needed + GAP * (len(kept) - 1) <= width:
            break
        kept = [each for each in kept if each != name]
    return kept


def _print_rows(rows: Sequence[Row], console: Console) -> None:
    """Print the rows, each on one line. Where the problem's column does not fit it becomes a heading."""
    texts = [dict(zip(HEADER, cells(row), strict=True)) for row in rows]
    widths = {name: max(len(text[name]) for text in texts) for name in HEADER}
    widths = {name: max(len(name), width) if width else 0 for name, width in widths.items()}
    columns = columns_that_fit(widths, console.width)
    headings = any(widths[name] and name not in columns for name in ("largest", "in"))
    if headings:  # the empty first column sets the rows in
        widths = {"": 1} | {name: widths[name] for name in HEADER if name != "problem"}
        columns = columns_that_fit(widths, console.width)
    others = sum(widths[name] for name in columns if name != "cause") + GAP * (len(columns) - 1)
    widths["cause"] = min(widths["cause"], MOST, max(LEAST, console.width - others))
    console.print("Largest errors in units of the proved error bound", style="italic")
    title = _line({name: Text(name, style="bold") for name in columns}, widths)
    console.print(title, overflow="ellipsis", no_wrap=True)
    previous = ""
    for row, text in zip(rows, texts, strict=True):
        if row.problem != previous and (previous or headings):
            console.print(row.problem if headings else "", style="bold", overflow="ellipsis", no_wrap=True)
        previous = row.problem
        line = {name: Text(text.get(name, "")) for name in columns}
        line["verdict"].stylize(COLOURS[_verdict(row)])
        console.print(_line(line, widths), overflow="ellipsis", no_wrap=True)
    console.print()


def _line(texts: dict[str, Text], widths: dict[str, int]) -> Text:
    """Return a line of the table: words to the left, numbers to the right."""
    for name, text in texts.items():
        text.truncate(widths[name], overflow="ellipsis")
        padding = widths[name] - text.cell_len
        text.pad_right(padding) if name in TEXTS else text.pad_left(padding)
    line = Text(" " * GAP).join(texts.values())
    line.rstrip()
    return line
