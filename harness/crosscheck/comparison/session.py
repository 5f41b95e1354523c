"""The comparison: every implementation on every problem in every dtype, and a verdict on each."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeAlias

from crosscheck_impls.interface import NARROW, BadInput, Declaration

from crosscheck.comparison import again
from crosscheck.comparison.asked import Implementation, Request
from crosscheck.comparison.results import Again, Ran, Recorded, Results, in_order
from crosscheck.core.failures import Failure, Kind, Stage, Verdict
from crosscheck.core.records import Answer, Case
from crosscheck.core.text import one_line
from crosscheck.judge.causes import Unreadable
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.evidence import background, bits, costs_at, sampled
from crosscheck.judge.steps import Curves
from crosscheck.judge.verdict import Key, Row, judge, twins
from crosscheck.mutation.mutants import Mutant
from crosscheck.problems.cases import brief, make_case
from crosscheck.runner import subprocesses
from crosscheck.runner.subprocesses import About, Job, Running
from crosscheck.runner.wire import pack

MAX_QUEUED_ANSWERS = 16  # answers that wait to be judged


Report: TypeAlias = Callable[[str, int, int], None]  # (what, done, total)
Keep: TypeAlias = Callable[[Case, str, Answer, Declaration], None]  # (case, implementation, answer, declared)
Record: TypeAlias = Callable[[Recorded], None]
Run: TypeAlias = Callable[..., None]  # as `runner.subprocesses.run`


def compare(
    request: Request,
    report: Report,
    results: Results | None = None,
    keep: Keep | None = None,
    record: Record = lambda _: None,
    run: Run | None = None,
) -> Results:
    """Return the rows, in the order problem, implementation, dtype, host, and each framework's environment.

    results: filled while it runs, so that they hold what is done if this is interrupted; rows that are in it are not
    run again. keep: called with each answer. record: called with each row as it was judged, and what it ran on. run:
    runs the jobs, by default here.
    """
    session = _Session(request, report, Results() if results is None else results, keep, record)
    asked = itertools.product(request.chosen, request.hosts)
    jobs = [job for each, host in asked if (job := session.job(each, host)) is not None]
    jobs += session.jobs_with_all_processors(jobs)
    if request.together:
        jobs = list(session.together(jobs))
    elif request.device != "cpu":
        jobs = list(by_dtype(jobs))
    jobs = [job for job in jobs if job.cases]
    with in_background(session.judge) as later:
        if jobs:
            at_once = 1 if request.in_chunks else None  # a process that reads a large file has the memory to itself
            (run or subprocesses.run)(jobs, later, request.time_limit, at_once, running=session.running)
    session.results.rows[:] = in_order(request, session.results.rows)
    again.hold(session.results.rows, session.results.again)
    twins(session.results.rows)
    return session.results


def by_dtype(jobs: Iterable[Job]) -> Iterator[Job]:
    """Yield each job as one for each dtype: for a GPU it is compilers that take the time, a processor each."""
    for job in jobs:
        if job.variants:
            yield job
        else:
            for dtype in dict.fromkeys(case.dtype for case in job.cases):
                yield replace(job, cases=[case for case in job.cases if case.dtype == dtype])


class _Session:
    """The cases of a request, each with its judge, and the rows that come of the answers."""

    def __init__(self, request: Request, report: Report, results: Results, keep: Keep | None, record: Record) -> None:
        self.request, self.report, self.results, self.keep, self.record = request, report, results, keep, record
        self.cases: dict[tuple[str, str], Case] = {}
        asked = request.asked()
        for number, (problem, dtype) in enumerate(asked):
            report("preparing", number, len(asked))
            try:
                case = make_case(problem, dtype)
            except BadInput as error:
                if dtype not in NARROW:
                    raise
                self._refuse(problem.name, dtype, str(error))
                continue
            self.cases[problem.name, dtype] = brief(case) if problem.threads else case
        self.total = len(asked) * len(request.chosen) * len(request.hosts)
        self.judges: dict[tuple[str, str, int], tuple[Judge, Curves]] = {}
        self.guesses: dict[str, Mutant] = {}  # what explained an implementation once will mostly do so again
        self.same: dict[tuple[int, str], tuple[str, Row]] = {}  # what a fleet has answered, by case and implementation
        self.at = "judging"
        self.done = {row.key for row in results.rows}
        for row in results.rows:
            self._learn(row)

    def _refuse(self, problem: str, dtype: str, why: str) -> None:
        """Add a row `not run` of everybody for a problem whose numbers a narrow dtype does not hold."""
        known = {row.key for row in self.results.rows}
        for each, host in itertools.product(self.request.chosen, self.request.hosts):
            key = Key(problem, str(each), dtype, self.request.device, host)
            if key not in known:
                self.results.rows.append(key.row(Verdict.NOT_RUN, Failure(Stage.CASE, Kind.UNAVAILABLE, why)))
                self.record(self.results.rows[-1])

    def _shared(self) -> list[Case]:
        """Return the cases that are asked with a share of the processors."""
        asked = ((problem.name, dtype) for problem, dtype in self.request.asked(processors=False))
        return [self.cases[each] for each in asked if each in self.cases]

    def _key(self, case: Case, implementation: str, host: str) -> Key:
        return Key(case.problem, implementation, case.dtype, self.request.device, host)

    def _first_time(self, case: Case) -> bool:
        """Return whether a case is one of the request's, rather than one of them once more."""
        return case is self.cases[case.problem, case.dtype]

    def _left(self, cases: Iterable[Case], implementation: str, host: str) -> list[Case]:
        """Return the cases that this implementation has not answered yet on a host."""

        def known(case: Case) -> bool:
            key = self._key(case, implementation, host)
            return key in (self.done if self._first_time(case) else self.results.again)

        return [case for case in cases if not known(case)]

    def job(self, each: Implementation, host: str) -> Job | None:
        """Return what a worker is to do; None where the framework is not installed, which is a row for each case.

        What is installed on a host of a fleet, that host says.
        """
        request = self.request
        if not host and (package := subprocesses.missing(each.framework)):
            for case in self._left(self.cases.values(), str(each), host):
                failure = Failure(Stage.LOAD, Kind.NOT_INSTALLED, package)
                self.judge(Job(*each, request.device, ()), case, None, failure)
            return None
        ordered = self._left(self._shared(), str(each), host)
        slow = {"jax": 3.0}.get(each.framework, 1.0) + 2 * (each.variant in ("loops", "per_example"))
        return Job(each.framework, each.variant, request.device, ordered, cost=slow, host=host)

    def jobs_with_all_processors(self, jobs: Sequence[Job]) -> list[Job]:
        """Return a job for each framework that is there: the problems about threads, and what is asked again."""
        request = self.request
        cases = again.questions(self._shared()) if request.again and not request.in_chunks else []
        cases += [self.cases[p.name, "float64"] for p in request.problems if p.threads]
        asked: dict[tuple[str, str], list[tuple[Case, str]]] = {}
        for case, job in itertools.product(cases, jobs):
            left = self._left([case], job.name, job.host)
            asked.setdefault((job.framework, job.host), []).extend((each, job.variant) for each in left)
        return [
            replace(again.job(framework, request.device, each), host=host)
            for (framework, host), each in asked.items() if each
        ]  # fmt: skip

    def together(self, jobs: Sequence[Job]) -> Iterator[Job]:
        """Yield a job for each framework, which asks its variants in turn, a case of all before the next."""
        order = {id(case): number for number, case in enumerate(self.cases.values())}
        for framework in dict.fromkeys(job.framework for job in jobs if job.cases):
            those = [job for job in jobs if job.framework == framework]
            asked = [(case, job.variant) for job in those for case in job.cases]
            asked.sort(key=lambda each: order[id(each[0])])
            yield again.job(framework, self.request.device, asked, those[0].cost, self.request.all_processors)

    def judge(self, job: Job, case: Case, about: About | None, answer: Answer | Failure) -> None:
        """Add the row of one answer; that of a question asked again is kept beside the first one's."""
        key = self._key(case, job.name, job.host)
        declared = about.declarations[job.variant] if about is not None else Declaration()
        if isinstance(answer, Answer) and not job.all_processors:
            self._ran(Ran(f"{job.framework} on {job.host}" if job.host else job.framework, answer.environment))
        row = self._judged(key, case, declared, answer)
        if not self._first_time(case):
            self.results.again[key] = row
            self.record(Again(row))
            return
        self.results.rows.append(row)  # first, so that an interrupt finds in the results whatever is in the journal
        self.record(row)
        self._tell(self.at)

    def running(self, at: Sequence[Running]) -> None:
        """Report what is being computed; where nothing is, what is being judged."""
        words = ", ".join(f"{name} on {problem}" if problem else f"importing {name}" for name, problem in at)
        self._tell(words or "judging")

    def _tell(self, what: str) -> None:
        self.at = what
        self.report(what, len(self.results.rows), self.total)

    def _judged(self, key: Key, case: Case, declared: Declaration, answer: Answer | Failure) -> Row:
        if isinstance(answer, Failure):
            return key.row(answer.verdict, answer)
        try:
            row_of = self._row_of_fleet if key.host else self._row
            row = row_of(key, case, answer, declared)
            if self.keep is not None:
                self.keep(case, key.implementation, answer, declared)
        except Exception as error:  # an outsider's answer may have any form
            row = key.row(Verdict.FAILED, Unreadable(type(error).__name__, one_line(str(error))))
        return row

    def _ran(self, ran: Ran) -> None:
        """Keep what a framework ran on, where it is not what is known."""
        if self.results.environments.get(ran.framework) != ran.environment:
            self.record(ran)
            self.results.environments[ran.framework] = ran.environment

    def _learn(self, row: Row) -> None:
        if row.explained is not None and row.explained.exactly:
            self.guesses.setdefault(row.implementation, row.explained.mutant)

    def _judge_of(self, case: Case) -> tuple[Judge, Curves]:
        """Return what judges a case, made when its first answer comes; a case in short shares what is known."""
        which = (case.problem, case.dtype, case.iterations)
        if which not in self.judges:
            asked = self.cases[case.problem, case.dtype]
            whole = self.judges.get((case.problem, case.dtype, asked.iterations))
            self.judges[which] = Judge(case) if whole is None else whole[0].in_short(case), Curves(case)
            if self._first_time(case) and which[:2] not in self.results.backgrounds:
                seen = self.results.backgrounds[which[:2]] = background(case, self.judges[which][1])
                self.record(seen)
        return self.judges[which]

    def _row_of_fleet(self, key: Key, case: Case, answer: Answer, declared: Declaration) -> Row:
        """Return the row of a host; of one that answers as another has, to the last bit, that one's row."""
        said = hashlib.sha256()
        for part in pack([answer._replace(environment={}), declared]):
            said.update(part)
        digest, which = said.hexdigest(), (id(case), key.implementation)
        known, row = self.same.get(which, ("", None))
        if row is None or known != digest:
            row = self._row(key, case, answer, declared)
            self.same[which] = digest, row
        return replace(row, host=key.host)

    def _row(self, key: Key, case: Case, answer: Answer, declared: Declaration) -> Row:
        judging, curves = self._judge_of(case)
        row = judge(judging, answer, declared, key, self.guesses.get(key.implementation))
        row.envelope = curves.beside(answer.run.costs)
        row.costs = costs_at(answer.run.costs, sampled(len(curves.oracle)))
        row.bits = bits(answer)
        self._learn(row)
        return row


@contextlib.contextmanager
def in_background(function: Callable[..., None]) -> Iterator[Callable[..., None]]:
    """Give a function that calls the function in a thread, in order, so that no worker waits for a judgement.

    At most MAX_QUEUED_ANSWERS calls are put off; what one of them raises is raised here. An interrupt drops what waits.
    """
    calls: deque[Future[None]] = deque()

    def later(*arguments: Any) -> None:
        if len(calls) == MAX_QUEUED_ANSWERS:
            calls.popleft().result()
        calls.append(judging.submit(function, *arguments))

    judging = ThreadPoolExecutor(1)
    try:
        yield later
        for each in calls:
            each.result()
    finally:
        judging.shutdown(cancel_futures=True)
