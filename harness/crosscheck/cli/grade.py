"""`crosscheck grade`: a whole class."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from crosscheck_impls.interface import DTYPES, BadInput

from crosscheck.classroom.weights import DEFAULT
from crosscheck.cli import destination
from crosscheck.cli.options import (
    Activation,
    Force,
    Layers,
    Loss,
    Output,
    Problems,
    Quiet,
    Resume,
    Slope,
    WideDtypes,
)
from crosscheck.core import interrupts
from crosscheck.runner.threads import load_numpy

if TYPE_CHECKING:
    from crosscheck.classroom.judging import Graded, How
    from crosscheck.classroom.submissions import Submission

MEBIBYTE = 2**20
IN_ALL = 120.0  # seconds for one submission
WIDTH = 80


def grade(
    submissions: Annotated[
        Path, typer.Argument(help="A folder with a file, or a folder, of each student.", metavar="SUBMISSIONS")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")] = Path("grades"),
    weights: Annotated[
        Path | None, typer.Option("--weights", help="What each part is worth, in TOML; see above.", show_default=False)
    ] = None,
    problem: Problems = None,
    layers: Layers = None,
    activation: Activation = None,
    output: Output = None,
    loss: Loss = None,
    leaky_slope: Slope = None,
    dtype: WideDtypes = None,
    processes: Annotated[
        int | None, typer.Option("--processes", "-j", help="How many at once; one for each core by default.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds for one problem, and for an import; 10 and 60.", show_default=False)
    ] = None,
    in_all: Annotated[float, typer.Option("--in-all", help="Seconds for one submission, in all.")] = IN_ALL,
    memory: Annotated[int, typer.Option("--memory", help="MiB of memory for one submission.")] = 2048,
    sandbox: Annotated[
        str | None,
        typer.Option("--sandbox", help="bubblewrap, namespaces, or limits alone; the best that works by default."),
    ] = None,
    resume: Resume = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Grade a class: judge every submission, and say who made the same mistake.

    A submission is a .py or .ipynb file, or a folder of one student's files; their
    names are kept. Each is checked as by `crosscheck check`, in a sandbox: without
    network, with nothing to read but Python and its own files, with limits on time,
    memory, processes and files. Which protections are on is said, and stands in
    environment.json. What a submission does to its process it does to itself alone.

    Writes into --out, all at once:

    \b
      grades.csv        verdict, points of each part, first wrong entry, cause
      index.html        the class: the same mistake, the same program
      feedback/         a page for each student
      gradescope/       a results.json for each student, Gradescope's format
      nbgrader.csv      the columns of `nbgrader export`
      final_grades.csv  the columns of `otter grade`
      environment.json  versions, settings, the protections that were on

    While it runs, each result goes into grades.partial.jsonl; --resume goes on with
    it, and judges again what has changed since. Weights are these, or your file's:

    \b
    {weights}
    Exit code: 0 all were judged, whatever the verdicts; 2 the request was wrong;
    130 interrupted.

    Examples:

    \b
      crosscheck grade submissions
      crosscheck grade homework3 --out grades3 --layers 4 --weights weights.toml
      crosscheck grade submissions --resume
    """
    _import_nothing_of(submissions)
    load_numpy()
    from crosscheck.classroom import files, judging
    from crosscheck.classroom.submissions import found, shown
    from crosscheck.classroom.weights import weights as read_weights
    from crosscheck.cli.recording import Recording, unwritten
    from crosscheck.comparison.asked import check_dtypes, check_time_limit
    from crosscheck.comparison.identity import header
    from crosscheck.grading.probe import Wanted, problems
    from crosscheck.report import screen
    from crosscheck.report.protections import of_sandbox
    from crosscheck.runner.limits import Limits
    from crosscheck.runner.sandbox import find

    if time_limit is not None:
        check_time_limit(time_limit)
    if not 0 < in_all <= 1e6:
        raise BadInput(f"{in_all:g}: expected seconds > 0, and at most 1e6", parameter="in_all")
    at_once = _at_once(processes)
    if memory < 256:
        raise BadInput(f"{memory}: expected MiB, 256 at least: Python with NumPy takes half of it", parameter="memory")
    wanted = Wanted(tuple(problem or ()), layers, activation, output, loss, leaky_slope)
    problems(wanted)  # refuses what nobody could be asked
    by, everyone = read_weights(weights), found(submissions)
    how = judging.How(
        str(submissions.resolve()), wanted, tuple(check_dtypes(dtype or ["float64"], DTYPES)), time_limit, in_all,
        find(sandbox, Limits(memory=memory * MEBIBYTE)),
    )  # fmt: skip
    covers = {"file": [shown(each.name) for each in everyone]}
    destination.prepare(out, files.GRADES, {"file": "file"}, covers, force)
    words = of_sandbox(how.sandbox)
    if not quiet:
        typer.echo("\n".join(textwrap.wrap(words, WIDTH)), err=True)
    run, done = Recording(out, "grades", resume), list[Any]()

    def kept() -> str:
        rows = _in_order(everyone, done)
        if not rows:
            return ""
        return run.interrupted(
            {"grades.partial.csv": files.grades(rows, by)}, f"{len(rows)} of {len(everyone)} submissions"
        )

    with (
        interrupts.reported(kept),
        interrupts.orderly(),
        screen.progress("grading", quiet) as report,
        run.of(header("grade", _asked(how)), judging.Graded) as before,
    ):
        done += _still(before, everyone)
        known = {each.submission.name for each in done}
        report("grading", len(done), len(everyone))
        for graded in judging.judged([each for each in everyone if each.name not in known], how, at_once, run.add):
            done.append(graded)
            report(graded.submission.name[:20], len(done), len(everyone))
        rows = _in_order(everyone, done)
        made = _contents(rows, by, submissions, how, words)
        trouble = run.finish(made)
    if trouble:
        raise unwritten(out, trouble)
    _say(rows, out, quiet)


def _import_nothing_of(submissions: Path) -> None:
    """Take the submissions' folder, and this one, off the path of imports: a student's file may be called numpy.py."""
    folders = {submissions.resolve(), Path.cwd()}
    ours = Path(__file__).resolve().parents[2]  # where a checkout has us
    sys.path[:] = [each for each in sys.path if each and (Path(each).resolve() not in folders or Path(each) == ours)]


def _at_once(processes: int | None) -> int:
    if processes is not None and not 1 <= processes <= 256:
        raise BadInput(f"{processes}: expected 1 to 256", parameter="processes")
    return processes or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _asked(how: How) -> dict[str, str]:
    """Return what a run is asked, by name: another folder or other settings are another run."""
    settings = {name: str(value) for name, value in how.wanted._asdict().items() if value}
    limits = {"time limit": str(how.time_limit), "in all": f"{how.in_all:g}", "sandbox": str(how.sandbox.means)}
    return {"submissions": how.folder, "dtypes": ", ".join(how.dtypes), **settings, **limits}


def _still(before: list[Any], everyone: list[Submission]) -> list[Graded]:
    """Return those of an earlier run whose files are what they were."""
    now = set(everyone)
    return list({each.submission: each for each in before if each.submission in now}.values())


def _in_order(everyone: list[Submission], done: list[Graded]) -> list[Graded]:
    by_name = {each.submission.name: each for each in done}
    return [by_name[each.name] for each in everyone if each.name in by_name]


def _contents(rows: list[Graded], by: Any, submissions: Path, how: How, words: str) -> dict[str, str]:
    """Return the files of the class."""
    import json

    from crosscheck.classroom import files
    from crosscheck.classroom.page import page
    from crosscheck.core.plain import to_plain
    from crosscheck.report.machine import environment

    settings = {**_asked(how), "weights": to_plain(by), "protections": words, "limits": how.sandbox.limits._asdict()}
    made = files.contents(rows, by, submissions.resolve().name)
    made[files.PAGE] = page(rows, by, submissions.resolve().name, words)
    made["environment.json"] = json.dumps(environment({}, settings), indent=2) + "\n"
    return made


def _say(rows: list[Graded], out: Path, quiet: bool) -> None:
    """Print how many are right, the mistakes that several have made, and where the files are."""
    from crosscheck.classroom.files import PAGE
    from crosscheck.classroom.groups import by_cause
    from crosscheck.classroom.judging import NOT_JUDGED

    if quiet:
        return
    right, lost = sum(each.right for each in rows), sum(each.verdict == NOT_JUDGED for each in rows)
    typer.echo(f"{len(rows)} submissions: {right} right, {len(rows) - right - lost} wrong, {lost} not judged.")
    for group in by_cause(rows)[:12]:
        typer.echo(f"  {len(group.members):4}  {textwrap.shorten(group.name, WIDTH - 8, placeholder=' ...')}")
    typer.echo(f"Written: {out / PAGE} and what is beside it")


def _with_weights() -> None:
    """Show the default weights in the help."""
    assert grade.__doc__ is not None
    grade.__doc__ = grade.__doc__.replace(
        "    {weights}\n", textwrap.indent(DEFAULT.replace("\n\n", "\n\n\b\n") + "\n", "      ")
    )


_with_weights()
