"""The command line: `crosscheck`, or `python -m crosscheck`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from crosscheck_impls.interface import COMPILED, DISTRIBUTED, ON_REQUEST, REDUCED, VARIANTS, BadInput

from crosscheck.cli import measure
from crosscheck.cli.check import check
from crosscheck.cli.compare import compare, explain
from crosscheck.cli.grade import grade
from crosscheck.cli.honest import honest
from crosscheck.cli.init import init
from crosscheck.cli.mutate import mutate
from crosscheck.cli.qualify import qualify
from crosscheck.cli.report import report
from crosscheck.cli.rerun import rerun
from crosscheck.cli.runs import diff, history, merge
from crosscheck.cli.show import show
from crosscheck.cli.train import train
from crosscheck.core import interrupts
from crosscheck.core.text import hidden, one_line

app = typer.Typer(
    help="Neural networks from the course notes in NumPy, PyTorch and JAX, held against an oracle.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LONGEST = 1500  # characters of a message


def versions() -> str:
    """Return the versions of crosscheck, Python and the frameworks; none of them is imported."""
    from importlib.metadata import PackageNotFoundError, version
    from platform import python_version

    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    return "\n".join(
        [f"crosscheck {of('crosscheck')}", f"python {python_version()}", *(f"{name} {of(name)}" for name in VARIANTS)]
    )


def _show_versions(wanted: bool) -> None:
    if wanted:
        typer.echo(versions())
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the versions and exit.", callback=_show_versions, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(name="list")
def list_() -> None:
    """Show the implementations and the problems.

    Writes nothing. Exit code: 0.

    Example: crosscheck list
    """
    from importlib.util import find_spec

    from crosscheck.problems.catalogue import SPECS
    from crosscheck.runner.loading import registered
    from crosscheck.runner.subprocesses import missing

    typer.echo("Implementations (--impl):")
    for framework, variants in VARIANTS.items():
        there = "" if find_spec(framework) else "   (not installed)"
        typer.echo(f"  {framework:6} {' '.join(f'{framework}/{variant}' for variant in variants)}{there}")
    asked = [f"{framework}/{variant}" for framework, variants in ON_REQUEST.items() for variant in variants]
    typer.echo(f"  only where they are named: {' '.join(asked)}")
    made = [f"{framework}/{variant}" for framework, variants in COMPILED.items() for variant in variants]
    typer.echo(f"  compiled, where they are named: {' '.join(made)}")
    narrow = [f"{framework}/{variant}" for framework, variants in REDUCED.items() for variant in variants]
    typer.echo(f"  with --precision, or named: {' '.join(narrow)}")
    for framework, over in DISTRIBUTED.items():
        there = f"   ({package} is not installed)" if (package := missing(f"{framework}*2")) else ""
        typer.echo(f"  with --processes: {' '.join(f'{framework}/{variant}' for variant in over)}{there}")
    for name, path in registered().items():
        typer.echo(f"  {name:6} {path}   (installed with it)")
    typer.echo("\nProblems (--problem); * only with --all:")
    for spec in SPECS:
        sizes = "-".join(["n_x", *map(str, spec.hidden), "n_y"])
        typer.echo(f"{' ' if spec.default else '*'} {spec.name:31} {sizes:14} {spec.why}")


COMMANDS = (
    compare, explain, rerun, report, diff, merge, history, show, check, grade, init, train, measure.power, honest,
    mutate, qualify, measure.claims, measure.bench,
)  # fmt: skip
for command in COMMANDS:
    app.command()(command)
app.command("truth")(measure.oracle)


def main() -> None:
    """Run the command line; a wrong request is one line on standard error and exit code 2."""
    with interrupts.listening():  # first of all, so that no import is interrupted with a traceback
        try:
            _check_arguments(sys.argv[1:])
            code = app(prog_name="crosscheck", standalone_mode=False)
        except BadInput as error:
            option = f"--{error.parameter.replace('_', '-')} " if error.parameter else ""
            _refuse(option + error.message)
        except (KeyboardInterrupt, typer.Abort):  # while the options are read
            with interrupts.reported():
                raise KeyboardInterrupt from None
        except OSError as error:  # a folder that has gone, a disk that is full
            _refuse(f"{error.filename}: {error.strerror}" if error.filename else f"{error.strerror or error}")
        except Exception as error:
            if not hasattr(error, "format_message"):  # typer's own errors, about options
                raise
            _refuse(f"{error.format_message()} (crosscheck --help)")
        else:
            sys.exit(code if isinstance(code, int) else 0)


def _check_arguments(arguments: list[str]) -> None:
    """Raise BadInput for an argument that no table and no message could hold."""
    for argument in arguments:
        if character := hidden(argument):
            raise BadInput(f"{argument}: holds {character}, expected text without control characters, in UTF-8")


def _refuse(message: str) -> None:
    print(f"crosscheck: {one_line(message, LONGEST)}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
