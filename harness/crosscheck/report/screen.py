"""What people see while the comparison runs, on standard error, and when it has, on standard output."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from crosscheck.core.failures import BAD, Verdict
from crosscheck.judge.verdict import Row
from crosscheck.report.tables import HEADER, cells, summary
from crosscheck.report.words import MEANING, of_cause

COLOURS = {
    "agrees": "green", "convention": "cyan", "undefined": "blue", "suspect": "bold yellow", "disagrees": "bold red",
    "failed": "bold red", "not run": "dim",
}  # fmt: skip
WIDTH = 200  # of the table where the output is a file or a pipe
LINES = 30  # about what disagrees or failed, at the end
QUIET = 5.0  # seconds between two lines of progress where standard error is not a terminal


@contextmanager
def progress(what: str = "comparing") -> Iterator[Callable[[str, int, int], None]]:
    """Yield report(what, done, total): a bar on a terminal, a line now and then elsewhere; standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        last = time.monotonic()

        def line(what: str, done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last > QUIET:
                last = time.monotonic()
                print(f"{done} of {total}, {what}", file=sys.stderr, flush=True)

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda what, done, total: bar.update(task, description=f"{what:20}", completed=done, total=total)


def show(rows: Sequence[Row]) -> None:
    """Print the table, then what does not agree again, then one sentence."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    console.print(_table(rows))
    same: dict[tuple[str, str, str], list[Row]] = {}  # an import that fails is one line, not one for each problem
    for row in rows:
        if row.verdict in BAD:
            same.setdefault((row.verdict, row.implementation, of_cause(row.cause)), []).append(row)
    for (verdict, implementation, cause), alike in list(same.items())[:LINES]:
        where = f"{alike[0].problem}, {alike[0].dtype}" + (f", and {len(alike) - 1} more" if len(alike) > 1 else "")
        console.print(Text(f"{verdict}: {implementation} on {where}: {cause}", style=COLOURS[verdict]), soft_wrap=True)
    if len(same) > LINES:
        console.print(f"... and {len(same) - LINES} more like these, in agreement.md", soft_wrap=True)
    others = {row.verdict for row in rows} - {Verdict.AGREES, *BAD}
    for verdict in sorted(others):
        console.print(Text(f"{verdict}: {MEANING[verdict]}", style=COLOURS[verdict]), soft_wrap=True)
    console.print(summary(rows), soft_wrap=True)


def _table(rows: Sequence[Row]) -> Table:
    table = Table(
        title="Largest errors in units of the proved error bound", box=None, header_style="bold", padding=(0, 1)
    )
    for name in HEADER:
        number = name not in ("problem", "implementation", "dtype", "verdict", "in", "cause")
        fits = name in ("cause",)
        table.add_column(name, justify="right" if number else "left", no_wrap=not fits, max_width=70 if fits else None)
    previous = ""
    for row in rows:
        line = [Text(cell) for cell in cells(row)]
        line[3].stylize(COLOURS[row.verdict])
        if row.problem != previous and previous:
            table.add_row()
        previous = row.problem
        table.add_row(*line)
    return table
