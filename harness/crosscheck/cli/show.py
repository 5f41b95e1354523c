"""`crosscheck show`: an equation of the notes, and its line in the three frameworks."""

from __future__ import annotations

import os
import shutil
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer
from crosscheck_impls.interface import VARIANTS

if TYPE_CHECKING:
    from crosscheck.claims.notes import Function, Line

WIDTH, WIDEST = 80, 200
GAP = 3  # between two frameworks side by side


def show(id: Annotated[str, typer.Argument(help="Of the notes, N1 to N27.", metavar="ID")]) -> None:
    """Show an equation of the notes, with its line in the three frameworks.

    They stand side by side where the terminal is wide enough, else one below
    another. What is no function of theirs is shown as the claim that measures it.

    Writes nothing. Exit code: 0, or 2 for an id that is none.

    Example: crosscheck show N16
    """
    from crosscheck.claims import CLAIMS
    from crosscheck.claims.notes import functions, item

    shown, id = item(id), id.upper()
    lines = [f"{id}  {shown.title}", "", *(f"    {equation}" for equation in shown.equations)]
    lines += [""] * bool(shown.equations)
    by = {framework: {each.key: each for each in functions(framework, id)} for framework in VARIANTS}
    width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDEST)
    for key in dict.fromkeys(key for those in by.values() for key in those):
        lines += _function({framework: those[key] for framework, those in by.items() if key in those}, width)
    for claim in (claim for claim in CLAIMS if id in claim.notes):
        lines.append(f"Measured in each framework: crosscheck claims --only {claim.name}")
    typer.echo("\n".join(lines))


def _function(by: dict[str, Function], width: int) -> list[str]:
    """Return the lines of one function in the frameworks that have it."""
    first = next(iter(by.values()))
    where = ", ".join(f"{name} {each.line}" for name, each in by.items())
    heading = [f"{first.key} (with_*{os.sep}{first.module}.py: {where})"]
    for number in range(max(len(each.lines) for each in by.values())):
        lines = {name: each.lines[number] for name, each in by.items() if number < len(each.lines)}
        heading += [f"  {next(iter(lines.values())).equation}", *_side_by_side(lines, width)]
    return [*heading, ""]


def _side_by_side(lines: dict[str, Line], width: int) -> list[str]:
    """Return an equation's line in each framework: side by side, or stacked where the width is too small for that."""
    room = (width - 4 - GAP * (len(lines) - 1)) // len(lines)
    cells = [f"{name}  {line.code}" for name, line in lines.items()]
    if all(len(cell) <= room for cell in cells):
        return ["    " + (" " * GAP).join(f"{cell:{room}}" for cell in cells).rstrip()]
    return [
        each
        for name, line in lines.items()
        for each in textwrap.wrap(
            f"{name:5}  {line.code}", width, initial_indent=" " * 4, subsequent_indent=" " * 13,
            break_long_words=False, break_on_hyphens=False,
        )
    ]  # fmt: skip
