"""One submission judged: by a process of ours, which runs the stranger's program in a sandbox and may be lost with it.

The processes stay for the next submission, so that what is slow to import, and the oracle, are there already.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.classroom.submissions import Submission
from crosscheck.core.failures import Failure, Kind
from crosscheck.core.text import one_line
from crosscheck.grading.facts import Part
from crosscheck.grading.probe import Wanted
from crosscheck.grading.session import check_name
from crosscheck.report.words import of_failure
from crosscheck.runner import children, settings, tasks
from crosscheck.runner.sandbox import Sandbox

NOT_JUDGED = "not judged"


class How(NamedTuple):
    """How all of them are judged. folder: where they are. time_limit: for one problem; in_all: for one submission."""

    folder: str
    wanted: Wanted
    dtypes: tuple[str, ...]
    time_limit: float | None
    in_all: float
    sandbox: Sandbox


class Task(NamedTuple):
    """A submission, and how it is judged."""

    submission: Submission
    how: How


class Graded(NamedTuple):
    """What came of a submission. verdict: as the report's, or NOT_JUDGED. trouble: why nothing could be compared.

    parts, first, causes, answers: as in `grading.facts`. lines: of the report, or why there is none.
    """

    submission: Submission
    verdict: str
    right: bool
    lines: tuple[str, ...]
    seconds: float
    parts: Mapping[str, Part] = {}
    first: str = ""
    causes: tuple[str, ...] = ()
    trouble: str = ""
    answers: str = ""

    @property
    def text(self) -> str:
        """The report."""
        return "\n".join(self.lines)


def judge(task: Task) -> Graded:
    """Judge a submission, in a sandbox that shows it nothing but its own files; runs in a process of ours."""
    submission, how = task
    begun = time.monotonic()
    os.chdir(how.folder)
    first = Path(submission.solution).parts[0]
    try:
        with children.inside(how.sandbox.of(Path(first))):
            report = check_name(submission.solution, how.wanted, how.dtypes, how.time_limit)
    except BadInput as error:
        words = str(error).removeprefix(f"check {submission.solution}: ").removeprefix(f"{submission.solution}: ")
        lines = (words, *getattr(error, "more", "").splitlines())  # an adapter, where the form is not recognised
        return Graded(submission, NOT_JUDGED, False, lines, time.monotonic() - begun, trouble=words)
    facts = report.facts
    return Graded(
        submission, report.verdict, report.right, tuple(report.text.splitlines()), time.monotonic() - begun,
        facts.parts, facts.first, facts.causes, facts.trouble, facts.answers,
    )  # fmt: skip


def judged(
    submissions: Sequence[Submission], how: How, processes: int, done: Callable[[Graded], None]
) -> Iterator[Graded]:
    """Yield each as it is judged; `done` is called first. One that takes our own process along has lost only itself."""
    items = [Task(each, how) for each in submissions]
    variables = settings.environment(processes)
    for task, result in tasks.each(judge, items, settings.shares(processes), variables, how.in_all):
        graded = result if isinstance(result, Graded) else _lost(task.submission, result, how)
        done(graded)
        yield graded


def _lost(submission: Submission, failure: Failure, how: How) -> Graded:
    words = one_line(of_failure(failure))
    if failure.kind is Kind.TIMED_OUT:
        words = f"no verdict within {how.in_all:g} s in all; it was stopped"
    return Graded(submission, NOT_JUDGED, False, (words,), how.in_all, trouble=words)
