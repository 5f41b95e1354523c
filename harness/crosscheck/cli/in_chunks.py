"""What `compare --chunk` does besides: the file looked through, who is asked, the oracle certified on parts of it."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from crosscheck_impls.interface import ON_REQUEST, VARIANTS, BadInput

from crosscheck.core import interrupts
from crosscheck.oracle.streamed import CHUNKS, EXAMPLES, Parts, enclosed
from crosscheck.problems import catalogue
from crosscheck.problems.catalogue import Options, Problem
from crosscheck.report import screen


def implementations(names: Sequence[str] | None) -> list[str]:
    """Return who is asked: the variants that add up chunks where nobody else is named.

    Raises BadInput for one of ours that takes no chunks.
    """
    ours = [f"{framework}/chunked" for framework in ON_REQUEST]
    for name in names or ():
        framework, _, variant = name.partition("/")
        if framework in VARIANTS and variant and variant != "chunked":
            raise BadInput(f"{name}: takes no chunks, expected {framework}/chunked, or leave --chunk out",
                           parameter="impl")  # fmt: skip
    return [f"{name}/chunked" if name in VARIANTS else name for name in names or ours]


def requested(
    problem: list[str] | None, options: Options, everything: bool = False, quiet: bool = False
) -> list[Problem]:
    """Return the problems that are asked for; of a file that is read in chunks, say how far it is. Raises BadInput."""
    with screen.progress("reading", quiet or options.chunk is None) as report:
        return catalogue.requested(problem, options, everything, report)


def certify(problems: Sequence[Problem], quiet: bool) -> None:
    """Hold the oracle against ball arithmetic on random chunks, and say so. Raises BadInput where it is not within."""
    for problem in problems:
        if problem.source is None:
            continue
        parts = Parts(problem.data.X, problem.data.Y, problem.source.chunk)
        with interrupts.orderly(), screen.progress(quiet=quiet) as report:
            far = enclosed(
                problem.network, problem.params, parts, report=lambda k, of: report("certifying the oracle", k, of)
            )
        if not far <= 1:
            raise BadInput(
                f"{problem.name}: the oracle is {far:.3g} times its own bound from ball arithmetic; report it"
            )
        if not quiet:
            count, each = min(CHUNKS, parts.count), min(EXAMPLES, parts.size, parts.m)
            typer.echo(f"  oracle: at most {far:.2g} of its bound from ball arithmetic, on")
            typer.echo(f"    {each} examples of each of {count} chunks drawn at random")
