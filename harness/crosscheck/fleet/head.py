"""The head of a fleet: it hands parts of jobs to workers, one to each at a time, and takes what comes back.

What a host sends is held against what was asked exactly as a local worker's answer is. A part whose worker is gone is
asked once more, of whichever worker of its host is free first; where there is none for a while, or that one is lost
too, its rows have failed, with the worker's name.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from crosscheck_impls.interface import VARIANTS, BadInput

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.plain import Malformed, from_plain
from crosscheck.core.records import Answer, flat
from crosscheck.core.sources import digest
from crosscheck.core.text import one_line
from crosscheck.fleet.engine import Engine, Lost, Task, Worker
from crosscheck.fleet.task import Call, Part, Present
from crosscheck.problems.files.chunks import without_data
from crosscheck.report.words import of_failure
from crosscheck.runner.children import Clock
from crosscheck.runner.evidence import WORDS, accepted, largest
from crosscheck.runner.serve import About, Told
from crosscheck.runner.spread import START, is_team
from crosscheck.runner.subprocesses import COMPILING, Done, Job, Question, Running
from crosscheck.runner.wire import MEBIBYTE, Reader, pack

LOOK = 0.2  # seconds between two looks at the tasks
PATIENCE = 20.0  # seconds without any worker of a host after which its rows have failed
TRIES = 2  # workers that a part may lose
BYTES = 32 * MEBIBYTE  # of the cases of one part
SPARE, STARTS = 60.0, 4  # seconds besides, and how often a process may start, before a worker is taken for lost

T = TypeVar("T")


@dataclass(eq=False)
class Errand:
    """Something that a host is to do. take: what comes back, raises Malformed. fail: why nothing does."""

    host: str
    asked: Call | Part
    take: Callable[[bytes], None]
    fail: Callable[[Failure], None]
    seconds: float
    name: str
    lost: int = 0


@dataclass
class _Host:
    """What waits for a host, the last worker that it had, and for how many seconds it has had none."""

    waiting: deque[Errand]
    name: str
    absent: float = 0.0


class _Active(NamedTuple):
    worker: Worker
    errand: Errand
    task: Task
    until: float


def call(engine: Engine, frameworks: Sequence[str]) -> dict[str, Present]:
    """Return what each host says that it is, by its name. Raises BadInput where one has other sources, or none answers.

    frameworks: the modules whose sources must be the head's.
    """
    here = {module: digest(module) for module in frameworks}
    present: dict[str, Present] = {}

    def taken(host: str) -> Callable[[bytes], None]:
        def take(data: bytes) -> None:
            said = [from_plain(Present, *frame) for frame in Reader(0).feed(data)]
            if len(said) != 1 or len(repr(said)) > WORDS:
                raise Malformed("more than what it is, or nothing")
            present[host] = said[0]

        return take

    def failed(failure: Failure) -> None:
        raise BadInput(f"a host that was asked what it is: {of_failure(failure)}; start a worker of this version there")

    hosts = sorted({worker.host for worker in engine.workers()})
    if not hosts:
        raise BadInput("no worker is there, expected one on each host; start them: dask worker HOST:PORT --name HOST")
    place(engine, [Errand(host, Call(list(here)), taken(host), failed, SPARE, "asked what it is") for host in hosts])
    for host, said in present.items():
        for module, sources in here.items():
            if said.sources.get(module) != sources:
                raise BadInput(
                    f"host {host}: has other sources of {module} than the head, expected the same; install it there"
                )
    return {host: present[host] for host in hosts}


def run(
    engine: Engine,
    jobs: Sequence[Job],
    done: Done,
    time_limit: float,
    running: Callable[[Sequence[Running]], None] = lambda _: None,
) -> None:
    """Run all jobs on their hosts, and call `done` for every case of every job, as `runner.subprocesses.run` does."""
    parts = [part for job in sorted(jobs, key=lambda job: -job.cost) for part in parted(job, engine.questions)]
    place(engine, [errand(part, done, time_limit) for part in parts], running)


def parted(job: Job, most: int) -> Iterator[Job]:
    """Yield a job in parts of at most so many cases, and of about BYTES."""
    first, size = 0, 0
    for k, case in enumerate(job.cases):
        arrays = [] if case.source is not None else [case.X, case.Y]
        arrays += [array for params in case.checkpoints for array in flat(params)]
        own = sum(int(array.nbytes) for array in arrays)
        if k > first and (k - first == most or size + own > BYTES):
            yield replace(job, cases=job.cases[first:k], variants=job.variants[first:k])
            first, size = k, 0
        size += own
    if job.cases:
        yield replace(job, cases=job.cases[first:], variants=job.variants[first:])


def errand(job: Job, done: Done, time_limit: float) -> Errand:
    """Return what a host is to do about a part of a job."""
    asked = Part(
        job.framework, job.variant, job.device, [without_data(case) for case in job.cases], job.max_lost,
        list(job.variants), job.all_processors, time_limit,
    )  # fmt: skip
    questions = job.questions()

    def take(data: bytes) -> None:
        for question, about, said in heard(questions, data):
            done(question.job, question.case, about, said)

    def fail(failure: Failure) -> None:
        for question in questions:
            done(question.job, question.case, None, failure)

    start = START if is_team(job.framework) else time_limit
    plain = VARIANTS.get(job.framework, ())
    compiling = COMPILING * any(asked.variant not in plain for asked, _ in questions)
    seconds = SPARE + STARTS * start + (time_limit + compiling) * len(questions)
    return Errand(job.host, asked, take, fail, seconds, job.name)


def heard(questions: Sequence[Question], data: bytes) -> list[tuple[Question, About | None, Answer | Failure]]:
    """Return what a host answers to each question, held against what was asked. Raises Malformed."""
    about: About | None = None
    answers: dict[int, tuple[Question, About | None, Answer | Failure]] = {}
    reader = Reader(max(largest(question.case) for question in questions))
    for frame in reader.feed(data):
        number, said = from_plain(Told, *frame)
        if number == 0 and about is None and isinstance(said, About):
            about = said
            continue
        if not 1 <= number <= len(questions) or number in answers or isinstance(said, About):
            raise Malformed("an answer to what was not asked")
        question = questions[number - 1]
        if isinstance(said, Failure):
            said = said._replace(message=one_line(said.message), number=_number(said.number), lost=max(0, said.lost))
        elif about is None or question.job.variant not in about.declarations:
            raise Malformed("an answer of an implementation that has not said what it is")
        else:
            said = accepted(question.case, about.declarations[question.job.variant], said)
        answers[number] = question, about, said
    if len(answers) != len(questions):
        raise Malformed(f"{len(answers)} answers, expected {len(questions)}")
    return list(answers.values())


def _number(said: float) -> float:
    return said if math.isfinite(said) else 0.0


def place(
    engine: Engine, errands: Sequence[Errand], running: Callable[[Sequence[Running]], None] = lambda _: None
) -> None:
    """Let the workers of each host do its errands, one after another; whatever ends this, all tasks are ended."""
    hosts = {each.host: _Host(deque(), each.host) for each in errands}
    for each in errands:
        hosts[each.host].waiting.append(each)
    active: dict[str, _Active] = {}
    clock, before = Clock(), list[Running]()
    try:
        while active or any(host.waiting for host in hosts.values()):
            there = {worker.key: worker for worker in engine.workers() if worker.host in hosts}
            _give_up(hosts, there, clock.lap())
            ended = [key for key, each in active.items() if _ended(each, key in there, hosts)]
            for key in ended:
                del active[key]
            for key, worker in there.items():
                if key not in active and hosts[worker.host].waiting:
                    active[key] = _started(engine, worker, hosts[worker.host].waiting.popleft())
            at = [Running(each.errand.name, each.worker.name) for each in active.values()]
            if at != before:
                running(at)
            before = at
            if not ended:
                time.sleep(LOOK)
    finally:
        for started in active.values():
            started.task.drop()


def _started(engine: Engine, worker: Worker, errand: Errand) -> _Active:
    asked = b"".join(pack(errand.asked))
    return _Active(worker, errand, engine.start(worker, asked, errand.seconds), time.monotonic() + errand.seconds)


def _ended(active: _Active, there: bool, hosts: Mapping[str, _Host]) -> bool:
    """Take what came of a task, if it has come to an end; what is lost waits for another worker, or has failed."""
    worker, errand, task, until = active
    try:
        data = task.result()
        if data is None and there and time.monotonic() < until:
            return False
        if data is None:
            task.drop()
            raise Lost
        errand.take(data)
    except Malformed as error:
        errand.fail(Failure(Stage.CASE, Kind.UNREADABLE, one_line(str(error))))
    except Lost:
        errand.lost += 1
        if errand.lost < TRIES:
            hosts[errand.host].waiting.appendleft(errand)
        else:
            errand.fail(Failure(Stage.CASE, Kind.WORKER_LOST, worker.name))
    return True


def _give_up(hosts: Mapping[str, _Host], there: Mapping[str, Worker], passed: float) -> None:
    """Fail what waits for a host that has had no worker for a while. passed: seconds since the last time."""
    for host in hosts.values():
        host.absent += passed
    for worker in there.values():
        hosts[worker.host].name, hosts[worker.host].absent = worker.name, 0.0
    for host in hosts.values():
        while host.waiting and host.absent > PATIENCE:
            host.waiting.popleft().fail(Failure(Stage.CASE, Kind.WORKER_LOST, host.name))
