"""Every implementation in a process of its own, with a time limit: a crash, a hang or running out of memory fails
only its own case.

Some processes run side by side; each holds one implementation and gets one case after another. An error is that case's
failure. A crash, a kill or a hang is that case's failure too, and a new process goes on with the next. What crosses is
data (`wire`), and an answer without the evidence that was asked for is a failure (`evidence`). The last of what an
implementation prints is kept, and its last words become part of the reason.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from crosscheck_impls.interface import VARIANTS

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.plain import Malformed, from_plain
from crosscheck.core.records import Answer, Case
from crosscheck.core.text import one_line
from crosscheck.problems.files.chunks import without_data
from crosscheck.runner import compiled, settings
from crosscheck.runner.children import Child, Clock, Member, attend
from crosscheck.runner.evidence import accepted, largest
from crosscheck.runner.loading import loader_of
from crosscheck.runner.scratch import ALONE, SCRATCH, scratch
from crosscheck.runner.serve import About, Ask, Start, Told, failure_of
from crosscheck.runner.spread import NEEDS, START, Spread, is_team
from crosscheck.runner.threads import THREADS
from crosscheck.runner.wire import MEBIBYTE, Frame

__all__ = ["About", "Conversation", "Job", "failure_of", "missing", "probe", "run"]

TIME_LIMIT = 120.0  # seconds for one case, or for an import
MAX_LOST_PROCESSES = 3  # as a rule, see Job
FOREVER = 1e9  # seconds
COMPILING = 300.0  # seconds more for a case of a variant that declares that it compiles
IMPORTS = 2  # deaths during the import after which no other process tries
SERVES = "crosscheck.runner.serve:serve"

Done = Callable[["Job", Case, About | None, Answer | Failure], None]


@dataclass
class Job:
    """An implementation and the cases it is to run.

    variants: one for each case, where one process asks several of a framework's. all_processors: instead of a share.
    host: of a fleet, where it is to run; here, if none.
    """

    framework: str
    variant: str
    device: str
    cases: Sequence[Case]
    cost: float = 1.0  # a guess at how long it takes; the longest starts first
    max_lost: int = MAX_LOST_PROCESSES  # processes that it may lose before it is given up
    variants: Sequence[str] = ()
    all_processors: bool = False
    host: str = ""

    @property
    def name(self) -> str:
        """The implementation's name, framework/variant."""
        return f"{self.framework}/{self.variant}"

    def questions(self) -> list[Question]:
        """Return each case with the job as the one variant that it is asked of."""
        jobs = [replace(self, variant=variant) for variant in self.variants] or [self] * len(self.cases)
        return [Question(job, case) for job, case in zip(jobs, self.cases, strict=True)]


class Question(NamedTuple):
    """A case, and the job whose variant it is asked of."""

    job: Job
    case: Case


class Running(NamedTuple):
    """What a process is at: an implementation, on a problem; while it is being imported, on none."""

    name: str
    problem: str = ""


def missing(framework: str) -> str:
    """Return the name of the package that one of our frameworks needs and that is not installed, or nothing."""
    name = Spread.of(framework).framework
    needed = [name, *([NEEDS[name]] if name != framework and name in NEEDS else [])] if name in VARIANTS else []
    return next((each for each in needed if importlib.util.find_spec(each) is None), "")


def run(
    jobs: Sequence[Job],
    done: Done,
    time_limit: float = TIME_LIMIT,
    at_once: int | None = None,
    import_limit: float | None = None,
    running: Callable[[Sequence[Running]], None] = lambda _: None,
    go_on: Callable[[], None] = lambda: None,
) -> None:
    """Run all jobs, some processes at once, and call `done` for every case of every job, in any order.

    running: called with what the processes are at, whenever that is something else than before. go_on: called once a
    second or more often, and may raise, too.
    time_limit: seconds for one case, and for an import unless that has a limit of its own. Nothing that a worker does
    raises here; what `done` or `go_on` raises does. Whatever ends this, all processes are ended.
    """
    on_cpu = all(job.device == "cpu" for job in jobs)
    at_once = at_once or max(1, min(len(jobs), os.cpu_count() or 1, *([] if on_cpu else [settings.fit_in_memory()])))
    free = deque[Sequence[int]](settings.shares(at_once) if on_cpu else [[]] * at_once)
    waiting = deque(sorted(jobs, key=lambda job: -job.cost))
    limits = Limits(time_limit, import_limit or time_limit)
    compilers = [
        name for name in settings.FOLDERS if any(job.framework not in VARIANTS or job.framework == name for job in jobs)
    ]
    shared, alone = (settings.environment(each, compilers=compilers) for each in (at_once, 1))
    active: list[_Worker] = []
    clock, before = Clock(), list[Running]()
    with compiled.checked(settings.caches(shared)), scratch(any(is_team(job.framework) for job in jobs)) as of_mpi:
        try:
            while waiting or active:
                go_on()
                while waiting and len(active) < at_once:
                    job, processors = waiting.popleft(), free.popleft()
                    environment = (alone if job.all_processors else shared) | of_mpi
                    active.append(_Worker(job, done, limits, environment, processors, scratch=of_mpi.get(SCRATCH, "")))
                    active[-1].begin()
                at = [worker.at for worker in active]
                if at != before:
                    running(at)
                before = at
                attend(active, clock)
                for worker in [each for each in active if each.child is None]:
                    active.remove(worker)
                    free.append(worker.processors)
        finally:
            for worker in active:
                worker.end()


class Conversation:
    """One implementation in a process that stays there between questions; a context, after which it is ended.

    compiles: whether it may use what was compiled before, which is then looked through.
    """

    def __init__(self, job: Job, time_limit: float, import_limit: float, compiles: bool = True) -> None:
        self._answers: dict[int, Answer | Failure] = {}
        self.refused: Failure | None = None
        processors = settings.shares(1)[0]
        limits = Limits(time_limit, import_limit)
        threads = dict.fromkeys(THREADS, "1")  # somebody's small products
        environment = settings.environment(1, threads, settings.FOLDERS if compiles else ())
        self._worker = _Worker(job, self._done, limits, environment, processors, stays=True)
        self._open, self._caches = contextlib.ExitStack(), settings.caches(environment)

    def __enter__(self) -> Conversation:
        self._open.enter_context(compiled.checked(self._caches))
        self._open.callback(self._worker.end)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _done(self, job: Job, case: Case, about: About | None, answer: Answer | Failure) -> None:
        if about is None and isinstance(answer, Failure):
            self.refused = answer
        self._answers[id(case)] = answer

    def ask(self, cases: Sequence[Case]) -> list[Answer | Failure]:
        """Return the answer to each case. `refused` says why there was nobody to answer."""
        worker, clock = self._worker, Clock()
        self._answers = {}
        worker.left_cases.extend(replace(worker.job, cases=cases).questions())
        if worker.child is None and worker.lost_processes and worker.lost_processes >= worker.job.max_lost:
            return [Failure(Stage.CASE, Kind.EXITED, lost=worker.lost_processes)] * len(cases)
        worker.go_on()
        while len(self._answers) < len(cases):
            attend([worker], clock)
        return [self._answers[id(case)] for case in cases]


def probe(framework: str, time_limit: float = TIME_LIMIT) -> About | Failure:
    """Return what a framework or an outsider's module is, asked in a process of its own."""
    job = Job(framework, "", "", ())
    environment = settings.environment(1) | ({} if is_team(framework) else ALONE)
    worker = _Worker(job, lambda *_: None, Limits(time_limit, time_limit), environment, ())
    clock = Clock()
    try:
        worker.begin()
        while worker.child is not None:
            attend([worker], clock)
    finally:
        worker.end()
    return worker.about or worker.refused or Failure(Stage.LOAD, Kind.TIMED_OUT, number=time_limit)


@dataclass(frozen=True)
class Limits:
    """Seconds for one case, and for the import."""

    case: float
    load: float


@dataclass(eq=False)
class _Worker(Member):
    """The process of a job, or one after another, and what is left to do. refused: why it could not be loaded."""

    job: Job
    done: Done
    limits: Limits
    environment: dict[str, str]
    processors: Sequence[int]
    left_cases: deque[Question] = field(init=False)
    about: About | None = None
    refused: Failure | None = None
    current: Question | None = None
    number: int = 0
    lost_processes: int = 0
    lost_imports: int = 0
    ready: bool = False
    stays: bool = False
    scratch: str = ""

    def __post_init__(self) -> None:
        self.left_cases = deque(self.job.questions())

    @property
    def stage(self) -> Stage:
        """Whether it is being loaded or has a case."""
        return Stage.CASE if self.ready else Stage.LOAD

    @property
    def at(self) -> Running:
        """What it is at."""
        return Running(self.current.job.name, self.current.case.problem) if self.current else Running(self.job.name)

    def begin(self) -> None:
        """Start a process, which begins to load the implementation."""
        job = self.job
        self.current, self.ready, self.number = None, False, 0
        try:
            processors = () if job.all_processors else self.processors
            self.child = Child(SERVES, self.environment, processors, MEBIBYTE, self.scratch)
        except OSError as error:  # no processes or descriptors are left
            self._give_up(Failure(Stage.LOAD, Kind.RAISED, f"no process: {one_line(str(error))}"))
            return
        self.child.send(Start(job.framework, job.variant, job.device, loader_of(job.framework)))
        self.allow(max(self.limits.load, START + TIME_LIMIT) if is_team(job.framework) else self.limits.load)

    def go_on(self) -> None:
        """Take the next case of one that stays; in a new process where there is none."""
        if self.child is None:
            self.begin()
        elif self.ready and self.current is None:
            self._next()

    def received(self, frame: Frame) -> None:
        """Take one message; the worker gets its next case before its answer is judged, so that it need not wait."""
        number, said = from_plain(Told, *frame)
        if isinstance(said, Failure):
            said = said._replace(message=one_line(said.message), lost=0)
        if number != self.number or (self.ready and self.current is None):
            raise Malformed("an answer to what was not asked")
        if not self.ready:
            self._loaded(said)
            return
        if not isinstance(said, Answer | Failure) or self.current is None or self.about is None:
            raise Malformed(f"message: got {type(said).__name__}, expected an Answer")
        (job, answered), about = self.current, self.about
        if isinstance(said, Answer):
            said = accepted(answered, about.declarations[job.variant], said)
        elif said.stage is not Stage.CASE:
            said = said._replace(stage=Stage.CASE)
        self._next()
        self.done(job, answered, about, said)

    def _loaded(self, said: About | Answer | Failure) -> None:
        """Take what it says of the framework, and give it the first case."""
        if isinstance(said, Answer):
            raise Malformed("message: got Answer, expected an About")
        problem = said if isinstance(said, Failure) else _unfit(self.job, said)
        if problem is not None:
            self.refused = problem._replace(stage=Stage.LOAD)
            self.end()
            self._give_up(self.refused)
        elif isinstance(said, About):
            self.about, self.ready = said, True
            self._next()

    def _next(self) -> None:
        """Give it its next case, or end it."""
        self.current = None
        if self.stays and self.child is not None and not self.left_cases:
            self.allow(FOREVER)
            return
        if not self.left_cases or self.child is None:
            self.end()
            return
        self.current = self.left_cases.popleft()
        self.number += 1
        job, case = self.current
        compiles = self.about is not None and self.about.declarations[job.variant].compiles
        team = is_team(job.framework)  # which takes the time of its ranks itself, twice where it asks once more
        self.allow(2 * self.limits.case + START if team else self.limits.case + COMPILING * compiles)
        self.child.limit(largest(case))
        self.child.send(Ask(self.number, job.variant, without_data(case), self.limits.case))

    def lost(self, failure: Failure) -> None:
        """A process is gone: its case has failed; a new process takes the rest, unless too many have gone."""
        self.lost_processes += 1
        if self.ready:
            asked, self.current = self.current, None
            if asked is not None:
                self._tell(asked, failure)
            if self.left_cases and self.lost_processes >= self.job.max_lost:
                self._give_up(failure._replace(lost=self.lost_processes))
            elif self.left_cases:
                self.begin()
            return
        self.lost_imports += 1
        again = failure.kind in (Kind.KILLED, Kind.EXITED) and self.lost_imports < IMPORTS
        if again:
            self.begin()
        else:
            self.refused = failure
            self._give_up(failure)

    def _give_up(self, failure: Failure) -> None:
        """Fail all cases that are left."""
        while self.left_cases:
            self._tell(self.left_cases.popleft(), failure)

    def _tell(self, asked: Question, failure: Failure) -> None:
        self.done(asked.job, asked.case, self.about, failure)


def _unfit(job: Job, about: About) -> Failure | None:
    if job.variant and job.variant not in about.variants:
        return Failure(Stage.LOAD, Kind.NO_VARIANT, f"no variant {job.variant!r}; it has {', '.join(about.variants)}")
    if job.device and job.device not in about.devices:
        return Failure(Stage.LOAD, Kind.NO_DEVICE, f"{job.framework} has no {job.device} here")
    return None
