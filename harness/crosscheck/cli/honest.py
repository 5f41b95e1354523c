"""`crosscheck honest`: right implementations on drawn networks, where every alarm is a false one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from crosscheck_impls.interface import DTYPES, NARROW, REDUCED, BadInput

from crosscheck.cli import destination, outcome
from crosscheck.cli.destination import LATEST
from crosscheck.cli.options import Device, Dtypes, Force, Impls, Out, Precisions, Resume
from crosscheck.core import interrupts
from crosscheck.runner.threads import load_numpy

if TYPE_CHECKING:
    from crosscheck.comparison.asked import Implementation

MOST = 10**6  # runs, and numbers of networks
MAX_SEED = 2**63 - 1


def honest(
    count: Annotated[int, typer.Option(help="Runs: an implementation on a network in one dtype.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 1,
    impl: Impls = None,
    precision: Precisions = None,
    dtype: Dtypes = None,
    device: Device = "cpu",
    only: Annotated[
        list[int] | None,
        typer.Option(help="A network's number: explain its runs, write nothing; again for more.", metavar="NUMBER"),
    ] = None,
    out: Out = LATEST,
    force: Force = False,
    resume: Resume = False,
) -> None:
    """Run right implementations on random networks, judged as compare judges:
    every alarm is a false one. By default all of ours, and some that round
    otherwise; 20,000 runs take about ten minutes.

    With --precision the variants of narrow modes are run, each judged by the bound
    of its mode, and mistakes of these modes are planted, beside
    torch.testing.assert_close: precision.csv, precision_mutants.csv, precision.md.
    With --dtype float16 or bfloat16, so are ours over arrays of these, and their
    float64 twins: narrow.csv, narrow_mutants.csv, narrow.md.

    Writes honest.csv, honest.md and the journal, honest.jsonl, into --out, all at
    once. Tables there that cover more than this run are not replaced without
    --force. Whatever ends it, the same command with --resume goes on with what is
    in honest.partial.jsonl.

    Exit code: 0, or 1 if something disagrees or failed, 2 the request was wrong
    or the tables could not be written; 130, 143 or 129 ended by Ctrl-C, SIGTERM
    or SIGHUP: what is done is in honest.partial.csv.

    Examples:

    \b
      crosscheck honest --count 2000 --impl numpy --impl my_package.mine
      crosscheck honest --count 2000 --impl torch --device cuda
      crosscheck honest --seed 1 --only 1234 --impl torch/fast
      crosscheck honest --precision reduced --count 20000
      crosscheck honest --dtype bfloat16 --dtype float16 --count 6000
    """
    load_numpy()
    from crosscheck.cli.recording import Recording, unwritten
    from crosscheck.comparison.asked import check_device, check_dtypes, implementations
    from crosscheck.comparison.identity import header
    from crosscheck.comparison.reduced import reduced
    from crosscheck.evaluation import honest, honest_tables, precision_tables
    from crosscheck.evaluation.precisions import Tried, tried, tried_in
    from crosscheck.judge.verdict import Row
    from crosscheck.report import screen
    from crosscheck.runner.subprocesses import missing

    for name, value, most in (("count", count, MOST), ("seed", seed, MAX_SEED)):
        if not int(name == "count") <= value <= most:
            raise BadInput(f"{value}: expected a whole number from {int(name == 'count')} to {most:,}", parameter=name)
    rows: list[Row] = []
    narrow = [each for each in dtype or () if each in NARROW]
    name = precision_tables.PRECISION if precision else precision_tables.NARROW_DTYPES if narrow else "honest"
    run = Recording(out, name, resume)

    def kept() -> str:
        return run.interrupted(honest_tables.partial(rows), f"{len(rows)} runs") if rows else ""

    with interrupts.reported(kept):
        with interrupts.orderly():
            dtypes = check_dtypes(dtype)
            if precision and narrow:
                raise BadInput(f"{narrow[0]}: --precision is over float32 arrays; leave one out", parameter="dtype")
            usual = [*honest.OURS, *([] if narrow else honest.varied())]  # those add up in float32 and wider
            chosen = reduced(precision, impl) if precision else implementations(impl or usual)
            check_device(device, chosen)
        chosen = [each for each in chosen if impl or not missing(each.framework)]
        if only:
            _explain(only, seed, chosen, dtypes, device)
        covers = {"implementation": list(map(str, chosen)), "dtype": dtypes, "device": [device]}
        plan = list(honest.batches(count, seed, chosen, device, dtypes, evenly=bool(precision or narrow)))
        file = f"{name}.csv"
        if not destination.replaces_freely(out, force) and (standing := destination.runs(out / file)) > count:
            destination.refuse_if_lost(out / file, [f"{standing - count} of {standing} runs"])
        destination.prepare(out, file, {column: column for column in covers}, covers, force)
        asked = {"count": str(count), "seed": str(seed), "device": device, "implementations": covers["implementation"]}
        if dtypes != list(DTYPES):
            asked["dtypes"] = dtypes
        modes = {str(each): REDUCED[each.framework][each.variant] for each in chosen} if precision else {}
        tries: list[Tried] = []
        with interrupts.orderly(), screen.progress("honest runs") as report:
            head = header(name, asked, [each.framework for each in chosen])
            with run.of(head, Row, honest.checked(plan, seed)) as done:
                honest.run(plan, seed, report, done, run.add, rows)
                code = outcome.exit_code(rows)
                tries += tried_in(narrow, report) if narrow else tried(list(dict.fromkeys(modes.values())), report)
                contents = honest_tables.contents(rows, plan, seed)
                if precision or narrow:
                    contents = precision_tables.contents(name, rows, tries, modes, seed)
                trouble = run.finish(contents)
    for line in [*honest_tables.summary(rows), *precision_tables.summary(tries)]:
        typer.echo(line)
    for row in honest_tables.alarms(rows):
        typer.echo(f"{row.verdict}: {row.implementation}, {row.dtype}: {outcome.cause(row)}")
        typer.echo(f"  {honest_tables.again(row, seed)}")
    if trouble:
        typer.echo(contents[f"{name}.md"])
        raise unwritten(out, trouble)
    typer.echo(f"Tables: {', '.join(str(out / file) for file in contents)}")
    raise typer.Exit(code)


def _explain(
    numbers: Sequence[int], seed: int, chosen: Sequence[Implementation], dtypes: Sequence[str], device: str
) -> None:
    """Print the networks of these numbers and what came of each run, and leave with the exit code."""
    from crosscheck.comparison.asked import Request
    from crosscheck.comparison.explain import explain
    from crosscheck.evaluation.honest_draws import problem
    from crosscheck.report import screen

    if wrong := [number for number in numbers if not 0 <= number <= MOST]:
        raise BadInput(f"{wrong[0]}: expected the number of a network, from 0 to {MOST:,}", parameter="only")
    drawn = [problem(seed, number) for number in dict.fromkeys(numbers)]
    with interrupts.orderly(), screen.progress("explaining") as report:
        blocks = explain(Request(drawn, chosen, dtypes, device), report)
    for each in drawn:
        typer.echo(f"{each.name}: m = {each.data.X.shape[1]}, alpha = {each.alpha:.3g}, {each.iterations} iterations")
        typer.echo(f"{each.network}\n")
    typer.echo(screen.explained(blocks, outcome.FAILS, quiet=False, verbose=True))
    raise typer.Exit(outcome.exit_code([row for row, _ in blocks]))
