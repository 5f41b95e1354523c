"""`crosscheck report`: the page of a folder of results."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from crosscheck_impls.interface import BadInput

from crosscheck.cli.destination import LATEST
from crosscheck.core import files

if TYPE_CHECKING:
    from crosscheck.comparison.results import Results
    from crosscheck.judge.verdict import Row
    from crosscheck.report.html.entries import Entry

TABLE, JOURNAL, ENVIRONMENT, PAGE = "agreement.csv", "agreement.jsonl", "environment.json", "report.html"
LARGEST = 2**27  # bytes of a table
NO_JOURNAL = "agreement.jsonl, the journal of this run, is not here: no tensors, heat maps and cost curves."
OTHER_JOURNAL = "agreement.jsonl is not the journal of agreement.csv: no tensors, heat maps and cost curves."


def report(
    results: Annotated[
        Path, typer.Argument(help="A folder that `compare` has written.", metavar="RESULTS", show_default=True)
    ] = LATEST,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write, instead of RESULTS/report.html.")
    ] = None,
) -> None:
    """Make one HTML page of a folder of results: what differs, where, by how much
    and why.

    `compare` writes it too; this makes it anew, with the tables of `power`,
    `claims` and `bench` if they lie in the same folder. The page is one file,
    asks nothing of a network and can be sent as it is.

    Exit code: 0, or 2 if there are no results, or the page cannot be written.

    Examples:

    \b
      crosscheck report
      crosscheck report results -o /tmp/results.html
    """
    from crosscheck.report.hosts import worst
    from crosscheck.report.html.hosts import section
    from crosscheck.report.html.page import Report, render
    from crosscheck.report.html.sections import sections
    from crosscheck.runs.many import merge
    from crosscheck.runs.table import read_hosts

    entries, seen, note = read(results)
    hosts = read_hosts(results) if len({entry.host for entry in entries}) > 1 else []
    background = seen.backgrounds if seen else {}
    of_hosts = section(merge(hosts)) if hosts else None
    page = render(Report(worst(entries), background, _environment(results), sections(results), note, of_hosts))
    target = output or results / PAGE
    files.write(target, page)
    typer.echo(f"Report: {target}")


def read(folder: Path) -> tuple[list[Entry], Results | None, str]:
    """Return the rows of a folder, what the journal holds of them, and what is missing. Raises BadInput."""
    from crosscheck.core.result_set import digests
    from crosscheck.report.html.entries import COLUMNS, of_line

    path = folder / TABLE
    with files.opened(path, "a folder that compare has written") as file:
        data = file.read(LARGEST + 1)
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""))
        lines = [{name: value or "" for name, value in line.items() if isinstance(name, str)} for line in reader]
    except (UnicodeError, csv.Error) as error:
        raise BadInput(f"{path}: {error}, expected the table of a comparison; compare again") from error
    if len(data) > LARGEST or not lines or not set(COLUMNS) <= set(reader.fieldnames or ()):
        raise BadInput(f"{path}: not a table of a comparison, expected the columns {', '.join(COLUMNS)}; compare again")
    results, note = _journal(folder / JOURNAL, digests({TABLE: data})[TABLE])
    if results is None:
        try:
            return [of_line(line, number) for number, line in enumerate(lines, start=2)], None, note
        except BadInput as error:
            raise BadInput(f"{path}: {error.message}; compare again") from error
    return _entries(results, lines), results, note


def _journal(path: Path, digest: str) -> tuple[Results | None, str]:
    """Return what a journal holds, if it is that of the table with this digest; else why not."""
    from crosscheck.cli.compare import sound
    from crosscheck.comparison.results import Recorded, finished
    from crosscheck.core import journal

    try:
        contents = journal.read(path, Recorded, sound)
    except BadInput as error:
        return None, f"{error.message}; so there are no tensors, heat maps and cost curves."
    if contents is None:
        return None, NO_JOURNAL
    if contents.finished is None or contents.finished.files.get(TABLE) != digest:
        return None, OTHER_JOURNAL
    return finished(contents.items), ""


def _entries(results: Results, lines: list[dict[str, str]]) -> list[Entry]:
    """Return the entries of judged rows, in the order of the table."""
    order = {tuple(line[name] for name in ("problem", "implementation", "dtype", "device")): k
             for k, line in reversed(list(enumerate(lines)))}  # fmt: skip
    rows = sorted(results.rows, key=lambda row: order.get(tuple(row.key[:4]), len(order)))
    return of_rows(rows, results)


def of_run(rows: Sequence[Row], results: Results, environment: Mapping[str, Any], folder: Path) -> str:
    """Return the page of rows that have been judged; folder: where other tables may lie."""
    from crosscheck.report.hosts import of_hosts, worst
    from crosscheck.report.html.hosts import section
    from crosscheck.report.html.page import Report, render
    from crosscheck.report.html.sections import sections

    fleet = of_hosts(rows)
    hosts = section(fleet) if fleet else None
    entries = of_rows(worst(rows), results)
    return render(Report(entries, results.backgrounds, environment, sections(folder), hosts=hosts))


def of_rows(rows: Iterable[Row], results: Results) -> list[Entry]:
    """Return the entries of judged rows."""
    from crosscheck.report.html.entries import of_row

    return [of_row(row, results.backgrounds.get((row.problem, row.dtype))) for row in rows]


def _environment(folder: Path) -> dict[str, Any]:
    """Return environment.json; nothing where there is none. Raises BadInput for one that is not data."""
    path = folder / ENVIRONMENT
    if files.wrong_with(path) == files.MISSING:
        return {}
    try:
        with files.opened(path, "what a run ran on") as file:
            said = json.loads(file.read(LARGEST))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path}: cannot be read ({error}); compare again") from error
    return said if isinstance(said, dict) else {}
