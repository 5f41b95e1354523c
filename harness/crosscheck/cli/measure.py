"""The commands that measure the harness itself, the notes, and speed: `truth`, `power`, `claims`, `bench`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from crosscheck_impls.interface import DTYPES, BadInput

from crosscheck.cli import destination
from crosscheck.cli.completion import complete_wide_dtype
from crosscheck.cli.destination import LATEST
from crosscheck.cli.options import Device, Everything, Force, Impls, Out, Problems, Processes, Resume
from crosscheck.core import files, interrupts

MAX_ROUNDS = 10_000


def oracle(
    problem: Problems = None,
    everything: Everything = False,
    bits: Annotated[int, typer.Option(help="Working precision, raised by itself where a kink asks for it.")] = 128,
    out: Out = LATEST,
    force: Force = False,
) -> None:
    """Certify the oracle and its error bound by ball arithmetic, which encloses
    the exact values.

    Writes oracle.csv and oracle.md into --out. Tables there that cover more than
    this run are not replaced without --force.

    Exit code: 0 certified, 1 an exact value is not within the oracle's error
    bound of it, 2 the request was wrong, 130 interrupted.

    Example: crosscheck truth --problem flower --bits 256
    """
    from crosscheck.cli.recording import saved
    from crosscheck.evaluation import certify_oracle as certification
    from crosscheck.problems.catalogue import OWN, requested
    from crosscheck.report import screen

    problems = requested(problem, OWN, everything)
    covers = {"problem": [each.name for each in problems]}
    destination.prepare(out, "oracle.csv", {"problem": "problem"}, covers, force)
    with interrupts.reported(), interrupts.orderly(), screen.progress("certifying") as report:
        rows = certification.certify(problems, bits, report)
        typer.echo("\n".join([*certification.aligned(rows), "", certification.summary(rows)]))
        saved(out, {"oracle.csv": certification.table(rows), "oracle.md": certification.markdown(rows)})
    typer.echo(f"Tables: {out / 'oracle.csv'}, {out / 'oracle.md'}")
    raise typer.Exit(int(any(row.verdict == "missed" for row in rows)))


def power(
    problem: Problems = None,
    draws: Annotated[int, typer.Option(help="Random problems for each network of the false alarms; 0 for none.")] = 10,
    out: Out = LATEST,
    force: Force = False,
    resume: Resume = False,
    processes: Processes = None,
) -> None:
    """Try every known mutant on every problem, and print what share is caught,
    and how many alarms are false. Takes several minutes.

    Writes mutation.csv, mutation.md, false_alarms.csv and the journal,
    mutation.jsonl, into --out, all at once. Tables there that cover more than
    this run are not replaced without --force. Whatever ends it, the same command
    with --resume goes on with what is in mutation.partial.jsonl.

    Exit code: 0, or 1 if a right implementation is said to disagree, 2 the
    request was wrong or the tables could not be written; 130, 143 or 129 ended by
    Ctrl-C, SIGTERM or SIGHUP: what is done is in mutation.partial.csv.

    With --processes, the mutants are those of so many processes or devices that
    do not add up to one: shares of other lengths, a sum left out, a stale rank.

    Example: crosscheck power --problem flower --draws 1 --out mine
    """
    from crosscheck.cli.recording import Recording, unwritten
    from crosscheck.comparison.asked import implementations
    from crosscheck.comparison.identity import header, of_request
    from crosscheck.core.failures import BAD
    from crosscheck.evaluation import false_alarms, resumed, score_tables
    from crosscheck.evaluation.score import TOO_LARGE, Pair, in_order, score_all
    from crosscheck.mutation.distributed import MOST
    from crosscheck.problems.catalogue import choose
    from crosscheck.report import screen

    if not 0 <= draws <= 1000:
        raise BadInput(f"{draws}: expected a whole number from 0 to 1000", parameter="draws")
    ranks = list(dict.fromkeys(processes or ()))
    if wrong := [each for each in ranks if not 2 <= each <= MOST]:
        raise BadInput(f"{wrong[0]}: expected 2 to {MOST}", parameter="processes")
    names = [spec.name for spec in choose(problem) if problem or spec.data not in TOO_LARGE]
    if (
        not destination.replaces_freely(out, force)
        and (standing := destination.draws(out / "false_alarms.csv")) > draws
    ):
        lost = [f"{standing - draws} of {standing} draws of the false alarms"]
        destination.refuse_if_lost(out / "false_alarms.csv", lost)
    destination.prepare(out, "mutation.csv", {"problem": "problem"}, {"problem": names}, force)
    run = Recording(out, "mutation", resume)
    pairs: list[Pair] = []

    def kept() -> str:
        done = in_order(names, pairs)
        return run.interrupted(score_tables.partial(done), f"{len(done)} pairs") if done else ""

    with interrupts.reported(kept), interrupts.orderly(), screen.progress("power") as report:
        asked = false_alarms.request(draws, implementations(None) if draws else [])
        of_ranks = {"processes": list(map(str, ranks))} if ranks else {}
        head = header("power", {"mutants on": names, "draws": str(draws), **of_ranks, **of_request(asked)})
        check = resumed.checked(names, asked)
        with run.of(head, resumed.RECORD, check) as done:
            scored, runs = resumed.sorted_out(done, asked)
            pairs += [pair for each in scored for pair in each.pairs]
            there = {(each.problem, each.dtype) for each in scored}
            for each in score_all(names, report, min(2 * len(names), os.cpu_count() or 1), there, ranks):
                pairs += each.pairs
                run.add(each)
            if draws:
                runs = false_alarms.run(asked, report, runs, run.add)
            pairs = in_order(names, pairs)
            contents = score_tables.contents(pairs, runs)
            trouble = run.finish(contents)
    for line in score_tables.summary(pairs, runs):
        typer.echo(line)
    if trouble:
        typer.echo(contents["mutation.md"])
        raise unwritten(out, trouble)
    typer.echo(f"Tables: {', '.join(str(out / name) for name in score_tables.FILES)}")
    raise typer.Exit(int(any(each.row.verdict in BAD for each in runs)))


def claims(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help="An id of the notes' items, N17, or a claim's name; again for more.", metavar="NAME"
        ),
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="Show the claims, and what to change to try them.")] = False,
    out: Out = LATEST,
    resume: Resume = False,
) -> None:
    """Measure what the notes claim, in each framework, and write the tables and
    pictures.

    Writes claims.csv, claims.md, claims/*.svg and the journal, claims.jsonl, into
    --out; what is there of claims that do not run now stays. Whatever ends it,
    the same command with --resume goes on with what is in claims.partial.jsonl; a
    claim that failed runs again.

    Exit code: 0 every claim has been measured, whether it holds or not; 1 one
    failed; 2 the request was wrong or the tables could not be written; 130, 143
    or 129 ended by Ctrl-C, SIGTERM or SIGHUP: the claims that are done are in
    claims.partial.csv.

    Example: crosscheck claims --only N17 --out mine
    """
    from crosscheck.claims import choose, explanation

    chosen = choose(only)
    if list_them:
        for claim in chosen:
            typer.echo(f"{claim.name} ({', '.join(claim.notes)})\n\n{explanation(claim)}\n")
        return
    from crosscheck.claims.engine import report, run
    from crosscheck.claims.engine.lab import Measured
    from crosscheck.cli.recording import Recording, unwritten
    from crosscheck.comparison.identity import header
    from crosscheck.report.screen import progress

    files.writable(out)
    report.read(out / "claims.csv")
    recording = Recording(out, "claims", resume)
    measured: dict[str, Any] = {}

    def kept() -> str:
        words = f"{len(measured)} of {len(chosen)} claims"
        return recording.interrupted(report.partial(measured), words) if measured else ""

    def add(claim: Any, outcome: Any) -> None:
        measured[claim.name] = outcome
        recording.add(Measured(claim.name, outcome))

    with interrupts.reported(kept), interrupts.orderly(), progress("claims") as say:
        head = header("claims", {"claims": [claim.name for claim in chosen]})
        with recording.of(head, Measured, report.checked({claim.name for claim in chosen})) as done:
            measured |= {each.claim: each.outcome for each in done if not isinstance(each.outcome, run.Failure)}
            if left := [claim for claim in chosen if claim.name not in measured]:
                run.run(left, say, add)
            contents = report.contents(out, measured)
            trouble = recording.finish(contents)
    made = report.made(measured)
    report.show(made)
    if trouble:
        raise unwritten(out, trouble)
    typer.echo(f"Tables: {', '.join(str(out / name) for name in ('claims.csv', 'claims.md', 'claims/'))}")
    raise typer.Exit(int(any(report.failed(line) for line in made)))


def bench(
    impl: Impls = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="planar, breast_cancer, images, 784, 1024 or logistic; again for more.", metavar="SIZE"),
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(
            "--dtype", help="float32 or float64; both by default.", metavar="DTYPE", autocompletion=complete_wide_dtype
        ),
    ] = None,
    threads: Annotated[int, typer.Option(help="Of each contestant; all processors by default.")] = os.cpu_count() or 1,
    rounds: Annotated[int, typer.Option(help="Turns that each contestant has.")] = 7,
    device: Device = "cpu",
    quick: Annotated[bool, typer.Option("--quick", help="The two smallest sizes, short turns, no growth.")] = False,
    growth: Annotated[bool, typer.Option(help="Also time against examples, width and depth.")] = True,
    out: Out = LATEST,
    force: Force = False,
    resume: Resume = False,
) -> None:
    """Time an iteration of gradient descent: the implementations, their peers, and
    the floor of this machine.

    Writes speed.csv, speed.md, speed_environment.json, the plots in speed/ and the
    journal, speed.jsonl, into --out. Tables there that cover more than this run
    are not replaced without --force. Whatever ends it, the same command with
    --resume goes on with the next contest, of one size in one dtype.

    Exit code: 0 timed, 2 the request was wrong or the tables could not be
    written; 130, 143 or 129 ended by Ctrl-C, SIGTERM or SIGHUP: what is done is
    in speed.partial.csv.

    Examples:

    \b
      crosscheck bench --quick
      crosscheck bench --only 784 --dtype float32 --impl numpy/fast \\
          --impl torch/fast --no-growth --out mine
    """
    if rounds > MAX_ROUNDS:
        raise BadInput(f"{rounds}: expected at most {MAX_ROUNDS:,}", parameter="rounds")
    from crosscheck.bench import command, report
    from crosscheck.bench.sizes import choose
    from crosscheck.cli.recording import Recording, unwritten
    from crosscheck.comparison.identity import header

    options = command.Options(dtype, threads, rounds, device, quick, growth)
    sizes, names = choose(only, quick), command.everyone(impl)
    covers = {"size": [size.name for size in sizes], "contestant": names, "dtype": dtype or list(DTYPES)}
    columns = {kind: kind for kind in covers}
    if not destination.replaces_freely(out, force) and (not growth or quick) and _grown(out / "speed.md"):
        destination.refuse_if_lost(out / "speed.csv", ["the growth of the times"])
    with interrupts.reported(), interrupts.orderly():
        command.check(options, names)
    destination.prepare(out, "speed.csv", columns, covers, force)
    run = Recording(out, "speed", resume)
    results = command.Results()

    def kept() -> str:
        return run.interrupted(command.partial(results), f"{len(results.lines)} lines") if results.timed else ""

    with interrupts.reported(kept), interrupts.orderly():
        asked = {**covers, **{name: str(value) for name, value in options._asdict().items()}}
        with run.of(header("bench", asked), command.Timed | command.Growth, command.sound) as done:
            for each in done:
                results.add(each)
            command.bench(names, sizes, options, results, run.add)
            contents = command.contents(results, options, sizes)
            trouble = run.finish(contents)
    typer.echo(report.summary(results.lines))
    if trouble:
        typer.echo(str(contents["speed.md"]))
        raise unwritten(out, trouble)
    typer.echo(f"Tables: {', '.join(str(out / name) for name in contents)}")


def _grown(path: Path) -> bool:
    """Return whether the report there also has the times against examples, width and depth."""
    if files.wrong_with(path):
        return False
    with files.opened(path) as file:
        return b"## Growth" in file.read()
