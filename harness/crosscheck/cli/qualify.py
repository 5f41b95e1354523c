"""`crosscheck qualify`: the sizes, layouts and threads where the kernels of a machine could break, and its passport."""

from __future__ import annotations

import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from crosscheck_impls.interface import BadInput

from crosscheck.cli import destination
from crosscheck.cli.destination import LATEST
from crosscheck.cli.options import WIDTH, Blas, Device, Force, Impls, Out, Resume, TheseDtypes, XlaFlags
from crosscheck.core import files, interrupts
from crosscheck.runner import steering
from crosscheck.runner.threads import load_numpy

if TYPE_CHECKING:
    from crosscheck.qualification.plan import Plan

LONGEST, MOST = 24 * 60.0, 2000  # minutes, questions
NAMESPACE = "crosscheck"  # of a signature
SECONDS = 60  # that ssh-keygen may take


def qualify(
    impl: Impls = None,
    budget_minutes: Annotated[float, typer.Option(help="Minutes that it may take, about.")] = 5.0,
    questions: Annotated[
        int, typer.Option(help="So many questions for each implementation, however long; 0: as many as there is time.")
    ] = 0,
    dtype: TheseDtypes = None,
    device: Device = "cpu",
    xla_flags: XlaFlags = None,
    blas: Blas = None,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 1,
    sign: Annotated[
        Path | None,
        typer.Option(help="Your SSH key: sign passport.json with the installed ssh-keygen.", metavar="KEY"),
    ] = None,
    out: Out = LATEST,
    force: Force = False,
    resume: Resume = False,
) -> None:
    """Qualify this machine: where do its kernels break, and how small a fault
    would have been seen?

    Sizes are 1, 2, 3, primes and the neighbours of powers of two, inputs lie in
    rows, transposed, strided or misaligned, with every number of threads; each
    question is asked several times in a row. Which of them meet is a covering
    design: any two levels of two factors, as far as the time goes; and each
    array in turn has more than 2^20 numbers. Every number is held against the
    error bound, and on exact data all bits have to be right. Before that it
    measures which bits the products of float32 matrices keep.
    What is wrong is asked again with one thing changed, to say which sizes,
    layouts, threads or calls it hangs on and where it is wrong; and in other
    processes, with other threads, on each processor, to tell noise, a transient,
    a persistent and a systematic fault apart. By default it asks the variants
    with kernels of their own.

    Writes qualify.csv, bit_flips.csv, qualify.md, passport.json, passport.html
    and the journal, qualify.jsonl, into --out, all at once. `crosscheck diff`
    reads two passports. With --sign KEY also passport.json.sig, which
    `ssh-keygen -Y verify -n crosscheck` checks. Whatever ends it, the same
    command with --resume goes on.

    Exit code: 0, or 1 if something disagrees or failed, 2 the request was wrong
    or the tables could not be written; 130, 143 or 129 ended by Ctrl-C, SIGTERM
    or SIGHUP.

    Examples:

    \b
      crosscheck qualify
      crosscheck qualify --impl ./mine.py --budget-minutes 1 --dtype float64
      crosscheck qualify --impl numpy --questions 60 --out native
      crosscheck qualify --impl numpy --questions 60 --blas Haswell --out haswell
      crosscheck diff native haswell
    """
    load_numpy()
    from crosscheck.comparison.asked import check_device, check_dtypes, implementations
    from crosscheck.qualification.design import factors
    from crosscheck.qualification.plan import Plan, kernels, thread_counts
    from crosscheck.runner.subprocesses import missing

    _check(budget_minutes, questions, seed, sign)
    with interrupts.orderly():
        chosen = implementations(impl or kernels())
        check_device(device, chosen)
    if absent := [one.framework for one in chosen if missing(one.framework)]:
        raise BadInput(f"{absent[0]}: not installed; install it, or name others", parameter="impl")
    dtypes = [each for each in check_dtypes(dtype) if not dtype or each in dtype]
    plan = Plan(chosen, factors(thread_counts(device), dtypes), device, seed, budget_minutes * 60, questions)
    steering.concern([one.framework for one in chosen], xla_flags, blas)
    covers = {"implementation": list(map(str, chosen)), "dtype": dtypes}
    with steering.steered(xla_flags, blas):
        destination.prepare(out, "qualify.csv", {name: name for name in covers}, covers, force)
        code = _run(plan, out, resume)
    if sign:
        typer.echo(f"Signature: {_signed(out / 'passport.json', sign)}")
    raise typer.Exit(code)


def _run(plan: Plan, out: Path, resume: bool) -> int:
    """Run the plan, write and print what was found; return the exit code."""
    from crosscheck.cli.recording import Recording, unwritten
    from crosscheck.comparison.identity import header
    from crosscheck.qualification import passport, tables
    from crosscheck.qualification.judged import Result
    from crosscheck.qualification.plan import Ran, Results, checked
    from crosscheck.qualification.repeats import Finding
    from crosscheck.qualification.run import run
    from crosscheck.qualification.tables import qualified
    from crosscheck.qualification.tensor_core import Products
    from crosscheck.report import screen

    results = Results()
    recording = Recording(out, "qualify", resume)

    def kept() -> str:
        done = results.results
        return recording.interrupted(tables.partial(results), f"{len(done)} trials") if done else ""

    with interrupts.reported(kept), interrupts.orderly(), screen.progress("qualifying") as report:
        head = header("qualify", _asked(plan), [one.framework for one in plan.chosen])
        with recording.of(head, Result | Finding | Ran | Products, checked(plan)) as done:
            for record in done:
                results.add(record)
            run(plan, report, results, recording.add)
            it = qualified(plan, results, recording.begun)
            contents = passport.contents(it)
            trouble = recording.finish(contents)
    for line in tables.statements(it):
        typer.echo(textwrap.fill(line, WIDTH, subsequent_indent="    ", break_long_words=False))
    if trouble:
        raise unwritten(out, trouble)
    typer.echo(f"Tables: {', '.join(str(out / name) for name in tables.FILES)}")
    if not results.results:
        raise BadInput("nothing ran, expected at least one trial; give more time", parameter="budget_minutes")
    return int(any(one.wrong for one in results.results))


def _asked(plan: Plan) -> dict[str, list[str] | str]:
    return {
        "implementations": [str(one) for one in plan.chosen], "dtypes": list(plan.levels.dtype),
        "threads": [str(count) for count in plan.levels.threads], "device": plan.device, "seed": str(plan.seed),
        "minutes": f"{plan.seconds / 60:g}", "questions": str(plan.most),
    }  # fmt: skip


def _check(minutes: float, questions: int, seed: int, key: Path | None) -> None:
    """Raise BadInput for what is out of range, and for a key that cannot sign."""
    if not 0 < minutes <= LONGEST:
        raise BadInput(f"{minutes:g}: expected minutes > 0, and at most {LONGEST:,.0f}", parameter="budget_minutes")
    if not 0 <= questions <= MOST:
        raise BadInput(f"{questions}: expected a whole number from 0 to {MOST:,}", parameter="questions")
    if not 0 <= seed < 2**63:
        raise BadInput(f"{seed}: expected a whole number from 0 to {2**63 - 1:,}", parameter="seed")
    if key is not None:
        if shutil.which("ssh-keygen") is None:
            raise BadInput(f"{key}: needs the program ssh-keygen; install OpenSSH", parameter="sign")
        if wrong := files.wrong_with(key):
            raise BadInput(f"{key}: {wrong}; check the path", parameter="sign")


def _signed(path: Path, key: Path) -> Path:
    """Sign a file by the user's key; return the signature's file. Raises BadInput where that does not work."""
    signature = path.with_name(f"{path.name}.sig")
    signature.unlink(missing_ok=True)
    command = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise BadInput(f"{key}: ssh-keygen: {error}; the passport is written, unsigned", parameter="sign") from error
    if done.returncode or not signature.exists():
        words = (done.stderr.strip().splitlines() or ["no signature"])[-1]
        raise BadInput(f"{key}: ssh-keygen: {words}; the passport is written, unsigned", parameter="sign")
    return signature
