"""`crosscheck mutate`: what would your tests see?"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer
from crosscheck_impls.interface import COMPILED, ON_REQUEST, REDUCED, VARIANTS, BadInput

from crosscheck.cli import destination
from crosscheck.cli.completion import complete_impl
from crosscheck.cli.destination import LATEST
from crosscheck.cli.options import Force, Out, Problems
from crosscheck.core import interrupts

if TYPE_CHECKING:
    from crosscheck.evaluation.mutate import Report, Request, Result, Target
    from crosscheck.mutation.source.changes import Key


def mutate(
    implementation: Annotated[
        list[str],
        typer.Argument(
            help="numpy, numpy/by_hand, ./mine.py, or pkg.mine; several if you like.",
            metavar="IMPLEMENTATION...",
            autocompletion=complete_impl,
        ),
    ],
    sample: Annotated[int, typer.Option(help="Mutants of each implementation; 0 for all of them.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the sample: the same seed, the same mutants.")] = 7,
    problem: Problems = None,
    test: Annotated[
        str | None, typer.Option(help="Run your tests on each mutant instead: a command.", metavar="COMMAND")
    ] = None,
    equivalent: Annotated[
        Path | None, typer.Option(help="A .csv of mutants known to compute the same, each with why.")
    ] = None,
    suite: Annotated[bool, typer.Option(help="Let survivors go through the conformance suite too.")] = True,
    out: Out = LATEST,
    force: Force = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show all survivors, not the first five.")] = False,
) -> None:
    """Break the source in small ways, and see whether anyone notices.

    A mutant changes one place: + for -, < for <=, 0.5 for 0.5000000005, two
    arguments the other way round, a transpose or a statement left out. It is
    killed if a check sees it. One that survives computes the same, or shows
    what nobody tests.

    Without --test the checks are those of `crosscheck compare` on the problems
    that run the changed line, quickest first, and then the conformance suite.
    Your module needs the contract of a framework (`crosscheck init numpy`).

    With --test any Python file will do. Your command runs once for each mutant
    and sees it when it imports the file; an exit code other than 0 kills. No
    file of yours is written to.

    Mutants run in processes of their own, with limits on time and memory; they
    can still write files, as your own tests can.

    Writes mutate.csv and mutate.md into --out. To note why a survivor computes
    the same, copy its file, function, before, after and nth from mutate.csv
    into a .csv of your own, add a column why, and name it with --equivalent.

    Exit code: 0 nothing survived but what --equivalent explains, 1 something
    did, or an explained one was killed, 2 the request was wrong, 130
    interrupted: what is done is in mutate.partial.csv.

    Examples:

    \b
      crosscheck mutate numpy/by_hand --sample 50
      crosscheck mutate ./mine.py --test "pytest -q test_mine.py"
    """
    from crosscheck.core import files
    from crosscheck.evaluation import mutate as mutation
    from crosscheck.evaluation import mutate_tables as tables
    from crosscheck.evaluation.population import mutants
    from crosscheck.problems.catalogue import choose
    from crosscheck.report import screen

    for parameter, number in (("sample", sample), ("seed", seed)):
        if number < 0:
            raise BadInput(f"{number}: expected a whole number >= 0", parameter=parameter)
    problems = [spec.name for spec in choose(problem)]
    why = tables.read_why(equivalent)
    names = [test] if test is not None else list(dict.fromkeys(implementation))
    covers = {"implementation": names}
    destination.prepare(out, "mutate.csv", {"implementation": "implementation"}, covers, force)
    results: list[Result] = []

    def kept() -> str:
        if not results:
            return ""
        files.write(out / "mutate.partial.csv", tables.as_csv(list(results)))
        return f"{len(results)} mutants are in {out / 'mutate.partial.csv'}"

    drawn: dict[str, tuple[int, int]] = {}
    stale: list[Key] = []
    with interrupts.reported(kept), interrupts.orderly(), screen.progress("mutate") as report:
        for name in dict.fromkeys(implementation):
            target = _target(name, contract=test is None)
            before = len(results)
            stale += tables.unused(why, [each.key for each in mutants(target.files)])
            request = mutation.Request(target, sample or None, seed, problems, why, suite and _has_suite())
            whole = mutation.run(request, report, results) if test is None else _tested(test, request, report, results)
            drawn[name] = len(results) - before, whole
    results = mutation.in_order(results, names)
    stale += mutation.stale(results, why)
    tables.save(out, results, _how(drawn, seed))
    for line in [*tables.survivors(results, verbose), *_stale(stale)]:
        typer.echo(line)
    for line in tables.summary(results):
        typer.echo(fill(line, 80))
    typer.echo(f"Tables: {', '.join(str(out / name) for name in tables.FILES)}")
    raise typer.Exit(int(bool(stale) or any(r.outcome is mutation.Outcome.SURVIVED for r in results)))


def _target(name: str, contract: bool) -> Target:
    """Return whose source is mutated; contract: whether it is asked as an implementation. Raises BadInput."""
    from crosscheck.comparison.asked import implementations
    from crosscheck.evaluation.mutate import Target
    from crosscheck.evaluation.population import sources
    from crosscheck.runner.loading import importable
    from crosscheck.runner.subprocesses import missing

    framework, alone, _ = importable(name).partition("/")
    if not contract:
        return Target(name, framework, (), sources(framework))
    if package := missing(framework):
        raise BadInput(f"{name}: {package} is not installed; pip install {package}")
    more = () if alone else (*ON_REQUEST.get(framework, ()), *REDUCED.get(framework, ()))
    chosen, files = implementations([name, *(f"{framework}/{each}" for each in more)]), sources(framework)
    # what reads files too, what takes minutes to compile, and what is for anyone's module
    partly = [f"with_{framework}/{each}.py" for each in ("chunked", *COMPILED.get(framework, ()))] + ["defaults.py"]
    shared = tuple(files) if alone else partly if framework in VARIANTS else ()
    return Target(name, chosen[0].framework, tuple(each.variant for each in chosen), files, shared)


def _has_suite() -> bool:
    from importlib.util import find_spec

    return all(find_spec(package) is not None for package in ("pytest", "hypothesis"))


def _tested(command: str, request: Request, report: Report, results: list[Result]) -> int:
    """Run somebody's own tests on a sample of the mutants; return of how many it is one."""
    from crosscheck.evaluation import mutate_tests
    from crosscheck.evaluation.population import mutants, sampled

    population = mutants(request.target.files)
    with mutate_tests.Command(command, request.target.files) as tests:
        mutate_tests.run(tests, sampled(population, request.sample, request.seed), request.why, report, results)
    return len(population)


def _how(drawn: dict[str, tuple[int, int]], seed: int) -> str:
    """Return the sample in words."""
    words = [f"{part} of the {whole} mutants of {name}" for name, (part, whole) in drawn.items()]
    return f"Drawn with seed {seed}: {', '.join(words)}."


def _stale(keys: list[Key]) -> list[str]:
    return [f"not equivalent any more, or not there: {key.file} in {key.function}: {key.after}" for key in keys]
