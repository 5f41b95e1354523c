"""results/data.csv and data.md: what is said about each of the tables in tests/harness/messy.py. `make data-table`."""

from __future__ import annotations

import csv
import io
import shlex
import tempfile
from pathlib import Path

import typer
from crosscheck.cli.options import of_a_problem
from crosscheck.problems.catalogue import OWN, Options, requested
from crosscheck_impls.interface import BadInput

from tests.harness.messy import CASES, Case

RESULTS = Path(__file__).parent.parent / "results"
COLUMNS = ("table", "options", "what", "said")
HEAD = """\
# What is said about data

{} tables as people have them ([tests/harness/messy.py](../tests/harness/messy.py)), each read rightly, as a test
asserts, or refused with a remedy that leads there. Renewed by `make data-table`.

| table | options | | said |
|---|---|---|---|
"""


def options(words: list[str]) -> Options:
    """Return what the command line makes of words."""
    made: list[Options] = []

    @of_a_problem
    def take(options: Options = OWN) -> None:
        made.append(options)

    app = typer.Typer(add_completion=False)
    app.command()(take)
    typer.main.get_command(app).main(words, standalone_mode=False)
    return made[0]


def rows(case: Case, folder: Path) -> list[tuple[str, str, str, str]]:
    """Return what is said about a table, with the options of each refusal one after another."""
    path = case.write(folder)
    words: list[str] = []
    made = []
    for remedy in (*case.remedies, ""):
        shown = shlex.join(words)
        try:
            (problem,) = requested(None, options(["--data", str(path), *words]))
        except BadInput as refused:
            made.append((case.name, shown, "refused", str(refused).replace(str(folder) + "/", "")))
            words += shlex.split(remedy)
        else:
            made.append((case.name, shown, "read", "; ".join(line.strip() for line in problem.told)))
    return made


def said() -> tuple[str, str]:
    """Return the table as .csv and as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [line for case in CASES for line in rows(case, Path(folder))]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *lines])
    markdown = [" | ".join(field.replace("|", "\\|") for field in line) for line in lines]
    return text.getvalue(), HEAD.format(len(CASES)) + "".join(f"| {line} |\n" for line in markdown)


def main() -> None:
    """Write both."""
    for name, content in zip(("data.csv", "data.md"), said(), strict=True):
        (RESULTS / name).write_text(content, encoding="utf-8")
        print(f"results/{name}")


if __name__ == "__main__":
    main()
