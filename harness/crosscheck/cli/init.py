"""`crosscheck init`: a file to begin with, right as it stands."""

from __future__ import annotations

import importlib.util
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from crosscheck_impls.interface import BadInput, nearest

from crosscheck.core.files import MISSING, write, wrong_with
from crosscheck.runner.loading import check_module_name

A_FUNCTION = ("crosscheck check {file}", "crosscheck check {file} --dtype float32")
A_WHOLE_ONE = ("crosscheck compare --impl {place}", "pytest --pyargs crosscheck.testing.conformance --impl {place}")
OWN_DATA = "On your own data: crosscheck compare --impl {place} --data FILE"  # of a whole one; a function takes none
TEMPLATES = {  # what one can ask for: the file in crosscheck/testing/templates, its name there, what to run next
    "function": ("function.py", "mine.py", A_FUNCTION),
    "rows": ("rows.py", "mine_rows.py", A_FUNCTION),
    "numpy": ("with_numpy.py", "net_numpy.py", A_WHOLE_ONE),
    "torch": ("with_torch.py", "net_torch.py", A_WHOLE_ONE),
    "jax": ("with_jax.py", "net_jax.py", A_WHOLE_ONE),
}
PACKAGES = ("torch", "jax")


def init(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(TEMPLATES)}.", metavar="KIND")] = "function",
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write; it must not be there yet. mine.py or net_torch.py, say, by default."),
    ] = None,
) -> None:
    """Write a file to begin with: it is right as it stands, so that what goes wrong later is yours.

    function: cost_and_gradients(parameters, X, Y) of two layers, for `crosscheck check`. rows: the same around code
    whose examples are rows. numpy, torch, jax: a whole implementation, for `crosscheck compare` and the conformance
    suite.

    Example: crosscheck init

    Example: crosscheck init torch --out other.py
    """
    if kind not in TEMPLATES:
        raise BadInput(f"init {kind}: no such template; {nearest(kind, list(TEMPLATES))}")
    name, usual, commands = TEMPLATES[kind]
    out = out or Path(usual)
    check_module_name(out)
    if (wrong := wrong_with(out)) != MISSING:
        what = wrong or "it is there already and is left as it is"
        raise BadInput(f"--out {out}: {what}; choose another name")
    if wrong_with(out.parent) == MISSING:
        raise BadInput(f"--out {out}: no folder {out.parent}; make it first")
    place = out.stem if out.parent == Path() else str(out)  # as --impl takes it
    text = files("crosscheck.testing").joinpath("templates", name).read_text(encoding="utf-8")
    write(out, text.replace("--impl mine", f"--impl {place}").replace("check mine.py", f"check {out}"))
    typer.echo(f"{out} is written. Next:")
    if kind in PACKAGES and importlib.util.find_spec(kind) is None:
        typer.echo(f"  pip install 'crosscheck[{kind}]'")
    for command in commands:
        typer.echo(f"  {command.format(file=out, place=place)}")
    if commands is A_WHOLE_ONE:
        typer.echo(OWN_DATA.format(place=place))
