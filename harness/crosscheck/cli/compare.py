"""`crosscheck compare` and `crosscheck explain`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import typer
from crosscheck_impls.interface import NARROW, BadInput

from crosscheck.cli import destination, outcome
from crosscheck.cli.destination import LATEST
from crosscheck.cli.options import (
    Blas,
    Cluster,
    Device,
    Dtypes,
    Everything,
    FailOn,
    Force,
    Impls,
    Json,
    Junit,
    Out,
    Plots,
    Precisions,
    Problems,
    Processes,
    Quiet,
    Resume,
    Slurm,
    Strict,
    TimeLimit,
    Verbose,
    XlaFlags,
    of_a_problem,
    takes_all_of,
    tell,
)
from crosscheck.cli.outputs import Outputs
from crosscheck.cli.rerun import remembers
from crosscheck.core import interrupts
from crosscheck.problems.catalogue import OWN, Options
from crosscheck.runner import steering
from crosscheck.runner.threads import load_numpy

STEPS = 8  # of gradient descent on several processes
NOT_OF_EXPLAIN = {
    "json": "explain prints words; compare --json has each row's cause",
    "junit": "explain writes nothing; compare --junit has each row's cause",
    "plots": "explain draws nothing; compare --plots does",
    "cluster": "explain asks this machine; compare --cluster asks the hosts",
    "slurm": "explain asks this machine; compare --slurm asks the nodes",
}
LONG = ("digits", "digits_777", "long_sums", "many_examples", "waves")  # data sets that take a second or more
COLUMNS = {"problem": "problem", "implementation": "implementation", "dtype": "dtype", "device": "device"}


class Instead(NamedTuple):
    """What is asked in the place of the usual variants: teams of so many processes, or narrow modes."""

    processes: list[int] | None
    precision: list[str] | None


@remembers
@of_a_problem
def compare(
    asked: dict[str, Any],
    impl: Impls = None,
    problem: Problems = None,
    everything: Everything = False,
    options: Options = OWN,
    dtype: Dtypes = None,
    device: Device = "cpu",
    xla_flags: XlaFlags = None,
    blas: Blas = None,
    processes: Processes = None,
    cluster: Cluster = None,
    slurm: Slurm = None,
    precision: Precisions = None,
    out: Out = LATEST,
    force: Force = False,
    resume: Resume = False,
    strict: Strict = False,
    fail_on: FailOn = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    time_limit: TimeLimit = 120.0,
    json: Json = False,
    junit: Junit = None,
    plots: Plots = False,
) -> None:
    """Hold every implementation against the oracle, and write the tables.

    Shows one screen: a matrix, a symbol for each verdict, then what does not
    agree, and why. -v shows every row instead, with the columns that fit; all
    rows and columns are in the tables.

    For other programs: --json prints one document and nothing else, --junit
    writes JUnit's XML, in which a verdict that fails is a failure, `failed` an
    error, and `not run` and `undefined` are skipped. Where GITHUB_ACTIONS is set,
    what is wrong is also said as annotations, on standard error.

    With --cluster or --slurm every host of a fleet is asked everything, one row
    for each, and judged here. Hosts that give other bits than most come first.

    With --chunk the examples of a .npy, .h5 or .parquet are read in parts, by
    everybody, and need not fit in memory; numpy/chunked, torch/chunked and
    jax/chunked are asked, one after the other.

    Writes report.html, agreement.csv, agreement.md, environment.json and
    agreement.jsonl, the journal, into --out, all at once; with --plots also
    plots/ratios_*.svg and plots/costs_*.svg. Tables there that cover
    more than this run are not replaced without --force. While it runs, each row
    goes into agreement.partial.jsonl as it is judged: whatever ends the run, the
    same command with --resume goes on where it was.

    Exit code: 0 nothing disagrees or failed (see --strict and --fail-on),
    1 something did, 2 the request was wrong, nothing could run, or the tables
    could not be written; 130, 143 or 129 ended by Ctrl-C, SIGTERM or SIGHUP:
    the rows that are done are in agreement.partial.csv.

    Examples:

    \b
      crosscheck compare --impl torch --problem flower --problem kink
      crosscheck compare --data my.csv --label ill --layers 8 --out mine
      crosscheck compare --data big.npy --label big_y.npy --chunk 16384
      crosscheck compare --json -q | jq .summary
      crosscheck compare --processes 2 --processes 3 --impl torch/ddp
      crosscheck compare --cluster head:8786 --device cuda --resume
      crosscheck compare --precision tf32 --precision float8 --device cuda
      crosscheck compare --impl torch/compiled --impl torch/exported
      crosscheck compare --impl jax --xla-flags "--xla_cpu_enable_fast_math=true"
      crosscheck compare --impl numpy --blas Haswell
    """
    load_numpy()
    from crosscheck.cli import in_chunks
    from crosscheck.cli.fleet import fleet, is_asked
    from crosscheck.cli.recording import Recording, unwritten
    from crosscheck.cli.report import PAGE, of_run
    from crosscheck.comparison import session
    from crosscheck.comparison.asked import Request
    from crosscheck.comparison.identity import header, of_request, stamp
    from crosscheck.comparison.results import Recorded, Results, in_order, keys, restored
    from crosscheck.core.extras import installs
    from crosscheck.report import machine, screen, tables
    from crosscheck.report import plots as pictures
    from crosscheck.runner.spread import Spread

    results = Results()
    request = Request([], [], [])
    run, outputs = Recording(out, "agreement", resume), Outputs(quiet, verbose, json, junit)

    def kept() -> str:
        rows = restored(request, list(results.rows)).rows
        total = len(keys(request))
        if not rows:
            return ""
        rows = in_order(request, rows)
        stamped = tables.partial(rows, total, stamp(run.begun, request, results.environments))
        return run.interrupted(stamped, f"{len(rows)} of {total} rows")

    fails = outcome.fail_on(fail_on, strict)
    with interrupts.reported(kept), steering.steered(xla_flags, blas):
        read, instead = partial(in_chunks.requested, problem, options, everything, quiet), Instead(processes, precision)
        here = not is_asked(cluster, slurm, {"xla_flags": xla_flags, "blas": blas})
        chosen, problems, dtypes = _requested(impl, read, options.chunk, dtype, device, time_limit, instead, here)
        steering.concern([each.framework for each in chosen], xla_flags, blas)
        covers = {
            "problem": [each.name for each in problems],
            "implementation": list(map(str, chosen)),
            "dtype": dtypes,
            "device": [device],
        }
        destination.same_settings(out, options, force)
        outputs.check()
        if plots and not pictures.available():
            raise BadInput(f"needs matplotlib; {installs('plots')}", parameter="plots")
        destination.prepare(out, "agreement.csv", COLUMNS, covers, force)
        tell(problems, quiet or json)
        in_chunks.certify(problems, quiet or json)
        settings = {
            "device": device,
            "dtypes": dtypes,
            "relu_grad_at_zero": options.relu_grad_at_zero or "each problem's own",
            "options": destination.changed(options),
            "problems": covers["problem"],
            "asked": asked,
        }
        frameworks = [Spread.of(each.framework).framework for each in chosen]
        with (
            interrupts.orderly(),
            screen.progress(quiet=quiet) as report,
            fleet(cluster, slurm, frameworks) as there,
        ):
            request = Request(problems, chosen, dtypes, device, time_limit, again=not processes, hosts=there.names)
            head = header("compare", of_request(request), frameworks, there.identity)
            with run.of(head, Recorded, sound) as done:
                results = restored(request, done)
                rows = session.compare(request, report, results, record=run.add, run=there.run).rows
                if all(row.verdict == "not run" for row in rows):
                    run.discard()
                code = outcome.exit_code(rows, fails)
                marks = stamp(run.begun, request, results.environments)
                own = {"run": marks.run, "time": marks.time, "host": marks.host}
                environment = machine.environment(results.environments, settings) | own | there.environment
                page = of_run(rows, results, environment, out)
                drawn = pictures.of_comparison(rows, results.backgrounds) if plots else {}
                trouble = run.finish({**tables.contents(rows, environment, marks), PAGE: page, **drawn})
    outputs.tell(rows, fails, environment, marks, trouble)
    if trouble:
        raise unwritten(out, trouble)
    outputs.where({"Tables": ", ".join(str(out / name) for name in tables.FILES), "Report": str(out / PAGE)})
    raise typer.Exit(code)


def sound(record: Any) -> None:
    """Raise something for a row that tables cannot show: somebody else has written it."""
    from crosscheck.comparison.results import Again
    from crosscheck.judge.verdict import Row
    from crosscheck.report.tables import cells

    if isinstance(record, Row | Again):
        cells(record.row if isinstance(record, Again) else record)


@takes_all_of(compare, but=NOT_OF_EXPLAIN)
@of_a_problem
def explain(
    impl: Impls = None,
    problem: Problems = None,
    everything: Everything = False,
    options: Options = OWN,
    dtype: Dtypes = None,
    device: Device = "cpu",
    xla_flags: XlaFlags = None,
    blas: Blas = None,
    processes: Processes = None,
    precision: Precisions = None,
    strict: Strict = False,
    fail_on: FailOn = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    time_limit: TimeLimit = 120.0,
) -> None:
    """Say why an implementation does not agree: the first wrong number, the exact
    one, and what explains it.

    Shows what does not simply agree; -v also names the rows that agree, -q only
    explains what makes it fail. Takes the options of compare, so that only the
    command's name has to be changed, but --json, --junit and --plots. Writes
    nothing.

    Exit code: 0 nothing disagrees or failed (see --strict and --fail-on),
    1 something did, 2 the request was wrong or nothing could run,
    130 interrupted.

    Example: crosscheck explain --impl torch/native --problem kink
    """
    from crosscheck.cli import in_chunks
    from crosscheck.comparison.asked import Request
    from crosscheck.comparison.explain import explain as run
    from crosscheck.report import screen

    fails = outcome.fail_on(fail_on, strict)
    if options.chunk is not None:
        raise BadInput(
            f"{options.chunk}: explain needs all examples at once; leave it out, and give it a part of the file",
            parameter="chunk",
        )
    with interrupts.reported(), steering.steered(xla_flags, blas):
        read, instead = partial(in_chunks.requested, problem, options, everything, quiet), Instead(processes, precision)
        chosen, problems, dtypes = _requested(impl, read, options.chunk, dtype, device, time_limit, instead)
        steering.concern([each.framework for each in chosen], xla_flags, blas)
        tell(problems, quiet)
        with interrupts.orderly(), screen.progress("explaining", quiet) as report:
            blocks = run(Request(problems, chosen, dtypes, device, time_limit), report)
    code = outcome.exit_code([row for row, _ in blocks], fails)
    shown = screen.explained(blocks, fails, quiet, verbose)
    if shown:
        typer.echo(shown)
    raise typer.Exit(code)


def compared(
    name: str, given: str, problem: list[str] | None, options: Options, dtypes: list[str], time_limit: float
) -> int:
    """Compare a whole framework as `compare` does, but write no tables; return the exit code.

    given: what the user called it. Where no problem is named, those that take long are left out.
    """
    from crosscheck.comparison import session
    from crosscheck.comparison.asked import Request, implementations
    from crosscheck.problems.catalogue import choose, requested
    from crosscheck.report import screen

    quick = [spec.name for spec in choose(None) if spec.data not in LONG]
    try:
        with interrupts.orderly():
            chosen = implementations([name], time_limit)
    except BadInput as error:  # it was not given as an option
        raise BadInput(f"check {error.message}") from error
    problems = requested(problem or quick, options)
    with interrupts.orderly(), screen.progress() as report:
        request = Request(problems, chosen, dtypes, "cpu", time_limit)
        rows = session.compare(request, report).rows
    code = outcome.exit_code(rows)
    screen.show(rows, outcome.FAILS)
    if not problem:
        left = len(choose(None)) - len(quick)
        typer.echo(f"Not the {left} problems that take long: crosscheck compare --impl {shlex.quote(given)}")
    return code


def _requested(
    impl: list[str] | None,
    read: Callable[[], list[Any]],
    chunk: int | None,
    dtype: list[str] | None,
    device: str,
    time_limit: float,
    instead: Instead,
    here: bool = True,
) -> tuple[list[Any], list[Any], list[str]]:
    """Return the implementations, problems and dtypes that are asked for. Raises BadInput.

    here: whether this machine runs them, and must have the device.
    On several processes a problem has at most STEPS iterations: each of them is a message or more.
    """
    from crosscheck.cli import in_chunks
    from crosscheck.comparison.asked import DEVICES, check_device, check_dtypes, check_time_limit, implementations
    from crosscheck.comparison.reduced import reduced
    from crosscheck.comparison.teams import distributed
    from crosscheck.problems.limits import check_work

    check_time_limit(time_limit)
    dtypes = check_dtypes(dtype)
    processes, precision = instead
    if chunk is not None and processes:
        raise BadInput(
            "--processes: with --chunk one process reads the file; leave one of them out", parameter="processes"
        )
    if (processes or chunk is not None) and (narrow := [each for each in dtypes if each in NARROW]):
        option = "--processes" if processes else "--chunk"
        raise BadInput(f"{narrow[0]}: {option} takes float64 and float32; leave one out", parameter="dtype")
    if precision and (processes or chunk is not None):
        raise BadInput(
            f"{', '.join(precision)}: its variants take neither --processes nor --chunk; leave one out",
            parameter="precision",
        )
    impl = in_chunks.implementations(impl) if chunk is not None else impl
    with interrupts.orderly():  # an outsider's module is asked in a process of its own
        if processes:
            chosen = distributed(impl, processes, time_limit)
        elif precision:
            chosen = reduced(precision, impl)
        else:
            chosen = implementations(impl, time_limit)
    problems = read()
    if processes:
        problems = [each._replace(iterations=min(each.iterations, STEPS)) for each in problems]
    for each in problems:
        check_work(each.name, each.network, each.data.X.shape[1], each.iterations)
    with interrupts.orderly():
        check_device(device if here or device not in DEVICES else "cpu", chosen, time_limit)
    return chosen, problems, dtypes
