"""`crosscheck diff`, `merge` and `history`: two runs side by side, and many."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from crosscheck_impls.interface import BadInput

from crosscheck.cli.options import Verbose
from crosscheck.core import files

if TYPE_CHECKING:
    from crosscheck.runs.many import Merged

MERGED, HISTORY = "merged.csv", "history.html"


def diff(
    old: Annotated[Path, typer.Argument(help="A folder that `compare` has written, or its table.", metavar="OLD")],
    new: Annotated[Path, typer.Argument(help="The other one.", metavar="NEW")],
    html: Annotated[Path | None, typer.Option("--html", help="Write the same as one HTML page, with all rows.")] = None,
    verbose: Verbose = False,
) -> None:
    """Say what differs between two runs: verdicts, causes, bits, errors that
    moved, rows that came or went, and what changed in the environment.

    A verdict got worse if it stands further right: agrees, convention,
    undefined, suspect, not run, disagrees, failed. A row that came and disagrees
    or failed is worse too; one that went is told and is not. An error moved if it
    changed by more than one usual rounding noise of that problem, and to twice or
    to half: the columns J_noise, dW_noise and db_noise. What lies nearer together
    may both be right, rounded otherwise. Writes nothing but the page of --html.

    Two passports of `crosscheck qualify` are compared too: verdicts, findings,
    how small a fault is seen, bits, errors and the environment.

    Exit code: 0 nothing got worse, 1 something did, 2 a table cannot be read.

    Examples:

    \b
      crosscheck diff results/october results/latest
      crosscheck diff old/agreement.csv new/agreement.csv --html diff.html
      crosscheck diff haswell/passport.json native/passport.json
    """
    from crosscheck.report.side_by_side import of_difference
    from crosscheck.runs.difference import difference
    from crosscheck.runs.passport import is_passport
    from crosscheck.runs.table import read

    if is_passport(old) and is_passport(new):
        _of_passports(old, new, html, verbose)
    it = difference(read(old), read(new))
    if html:
        from crosscheck.report.html.runs import of_difference as page

        files.write(html, page(it))
    typer.echo(of_difference(it, verbose))
    if html:
        typer.echo(f"\nPage: {html}")
    raise typer.Exit(int(it.worse > 0))


def _of_passports(old: Path, new: Path, html: Path | None, verbose: bool) -> None:
    """Print what differs between two passports, and leave with the exit code. Raises BadInput."""
    from crosscheck.report.passports import of_compared
    from crosscheck.runs.passport import compared, read

    if html:
        raise BadInput(f"{html}: a page is made of two runs of compare, not of passports", parameter="html")
    it = compared(read(old), read(new))
    typer.echo(of_compared(it, verbose))
    raise typer.Exit(int(bool(it.worse)))


def merge(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders that `compare` has written, or tables.", metavar="RUN...")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the table: a .csv file, or a folder for merged.csv.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Put runs of several machines into one table, those that stand out first; a
    run of a fleet is one for each of its hosts.

    A row stands out where its verdict or its bits are not those of more than half
    of the runs that have it, or where there is no such majority; one that failed
    has no vote where another did not. The table has the columns place, host and
    stands_out, and then those of the runs. Writes it to -o; nothing without that.

    Exit code: 0, or 2 if a table cannot be read or written.

    Example: crosscheck merge hosts/* -o hosts.csv
    """
    from crosscheck.report.side_by_side import of_merged
    from crosscheck.runs.many import merge as together
    from crosscheck.runs.table import read_hosts

    it = together([run for place in runs for run in read_hosts(place)])
    if output:
        target = output if output.suffix.lower() == ".csv" else output / MERGED
        if target != output:
            files.writable(output, "output")
        files.write(target, _table(it))
    typer.echo(of_merged(it, verbose))
    if output:
        typer.echo(f"\nTable: {target}")


def history(
    folder: Annotated[Path, typer.Argument(help="A folder of runs, each a folder in it.", metavar="FOLDER")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write, instead of FOLDER/history.html.")
    ] = None,
) -> None:
    """Make one HTML page of a folder of runs: the largest error and the verdicts
    of each implementation over time.

    Writes FOLDER/history.html. Runs are ordered by their date, and those of one
    date by their name.

    Exit code: 0, or 2 if there is no run, one cannot be read, or the page cannot
    be written.

    Examples:

    \b
      crosscheck compare --out runs/2026-11
      crosscheck history runs
    """
    from crosscheck.report.html.runs import of_history
    from crosscheck.runs.many import history as over_time

    page = of_history(over_time(folder))
    target = output or folder / HISTORY
    files.write(target, page)
    typer.echo(f"History: {target}")


def _table(it: Merged) -> str:
    """Return the table of many runs: the columns of all of them, empty where a run has none."""
    from crosscheck.report.side_by_side import standing_out

    ours = ("place", "host", "stands_out")
    of_runs = dict.fromkeys(name for host in it.hosts for name in host.run.header if name not in ours)
    runs = {host.name: host.run for host in it.hosts}
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*ours, *of_runs])
    for place in it.places:
        run = runs[place.name]
        texts = dict(zip(run.header, run.texts[place.line.key], strict=True))
        writer.writerow([place.name, run.host, standing_out(place), *(texts.get(name, "") for name in of_runs)])
    return buffer.getvalue()
