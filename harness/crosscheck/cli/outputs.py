"""What `compare` tells in the end: people on a screen, other programs as JSON, JUnit's XML, GitHub's annotations."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from crosscheck.cli import destination
from crosscheck.core import files

if TYPE_CHECKING:
    from crosscheck.judge.verdict import Row
    from crosscheck.report.tables import Stamp


class Outputs(NamedTuple):
    """What is wanted. json: one document, and nothing else on standard output. junit: a file to write."""

    quiet: bool
    verbose: bool
    json: bool
    junit: Path | None

    def check(self) -> None:
        """Raise BadInput, before anything is run, where the file cannot be written."""
        if self.junit is not None and not destination.stands(self.junit):
            files.writable(self.junit.parent, "junit")

    def tell(
        self, rows: Sequence[Row], fails: Collection[str], environment: Mapping[str, Any], stamp: Stamp, trouble: str
    ) -> None:
        """Print the rows, and write what is wanted. trouble: why there are no tables, so that all rows are printed."""
        from crosscheck.report import exchange, screen

        if self.json:
            typer.echo(exchange.as_json(rows, environment, stamp))
        else:
            screen.show(rows, fails, self.quiet and not trouble, self.verbose or bool(trouble))
        if os.environ.get("GITHUB_ACTIONS"):
            for line in exchange.of_github(rows, fails):
                typer.echo(line, err=True)
        if self.junit is not None:
            files.write(self.junit, exchange.junit(rows, fails, stamp))

    def where(self, lines: Mapping[str, str]) -> None:
        """Print where things lie, by what they are."""
        if not self.quiet and not self.json:
            for what, places in lines.items():
                typer.echo(f"{what}: {places}")
