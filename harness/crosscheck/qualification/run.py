"""A qualification as it runs: trial after trial in workers, until the time is up; then what is suspicious once more."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from crosscheck_impls.interface import VARIANTS, BadInput

from crosscheck.comparison.asked import Implementation
from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.plain import Malformed
from crosscheck.qualification.asked import Asked, Item, asked, try_item
from crosscheck.qualification.design import Factors, Question, follow_ups, questions
from crosscheck.qualification.judged import Result, failed, judged
from crosscheck.qualification.repeats import Conditions, Finding, Repeat, finding, planned
from crosscheck.report.machine import host
from crosscheck.runner import settings
from crosscheck.runner.loading import loader_of
from crosscheck.runner.subprocesses import missing
from crosscheck.runner.tasks import each
from crosscheck.runner.threads import THREADS
from crosscheck.runner.trials import Tried, sound

CALLS, FEWER, LARGE = 3, 2, 2**24  # gradients in a row; of a question with more multiplications
MOST = 2000  # questions of the design; those that follow up have numbers from there on
SUSPECTS = 3  # trials of an implementation that are repeated
REPEATING = 0.8  # the share of the time after which no trial is begun: the rest is for repeats
TIME_LIMIT = 120.0  # seconds that one trial may take
KERNELS = {"numpy": ("by_hand", "fast"), "torch": ("by_hand", "fast", "native"), "jax": ("by_hand", "fast", "native")}

Report: TypeAlias = Callable[[str, int, int], None]
Record: TypeAlias = "Result | Finding | Ran"
Asking: TypeAlias = tuple[int, Question, Implementation]  # a question with its number, and who is asked


class Ran(NamedTuple):
    """What a framework says that it ran on."""

    framework: str
    environment: Mapping[str, Any]


class Plan(NamedTuple):
    """What is asked. seconds: of the whole; most: questions for each implementation, 0 for as many as there is time."""

    chosen: Sequence[Implementation]
    levels: Factors
    device: str
    seed: int
    seconds: float
    most: int = 0

    def numbered(self) -> list[tuple[int, Question]]:
        """Return the questions in order."""
        return list(enumerate(islice(questions(self.levels, self.seed), self.most or MOST)))


@dataclass
class Results:
    """What has been judged so far, and what each framework says that it ran on."""

    results: list[Result] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    environments: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Put a record in its place."""
        if isinstance(record, Ran):
            self.environments[record.framework] = record.environment
        elif isinstance(record, Finding):
            self.findings.append(record)
        else:
            self.results.append(record)

    def of(self, implementation: str) -> list[Result]:
        """Return the results of one implementation."""
        return [one for one in self.results if one.implementation == implementation]


def kernels() -> list[str]:
    """Return what is asked by default: what has kernels of its own, of each framework that is installed."""
    return [f"{name}/{variant}" for name in VARIANTS if not missing(name) for variant in KERNELS[name]]


def thread_counts(device: str) -> list[int]:
    """Return the numbers of threads: 1, 2, 3, and as many as there are processors; of a GPU one alone."""
    if device != "cpu":
        return [1]
    cores = len(processors()) or os.cpu_count() or 1
    return sorted({count for count in (1, 2, 3, cores) if count <= cores})


def checked(plan: Plan) -> Callable[[Record], None]:
    """Return what raises for a record that is none of this plan's."""
    names = {str(one) for one in plan.chosen}

    def check(record: Record) -> None:
        if not isinstance(record, Ran) and record.implementation not in names:
            raise ValueError(f"a trial of {record.implementation}, which was not asked for")

    return check


def run(plan: Plan, report: Report, results: Results, record: Callable[[Record], None]) -> None:
    """Ask what is not in the results yet, until the time is up, and repeat what is suspicious.

    results: filled while it runs. record: called with each new record.
    """
    session = _Session(plan, report, results, record)
    groups = [
        (framework, threads)
        for threads in plan.levels.threads
        for framework in dict.fromkeys(one.framework for one in plan.chosen)
    ]
    for number, (framework, threads) in enumerate(groups):
        share = (plan.seconds * REPEATING - session.elapsed()) / (len(groups) - number)
        session.ask(framework, threads, max(0.0, share))
    for one in plan.chosen:
        session.follow_up(one)
    for one in plan.chosen:
        session.repeat(one)
    order = {str(one): number for number, one in enumerate(plan.chosen)}
    results.results.sort(key=lambda one: (order[one.implementation], one.number))


class _Session:
    def __init__(self, plan: Plan, report: Report, results: Results, record: Callable[[Record], None]) -> None:
        self.plan, self.report, self.results, self.record = plan, report, results, record
        self.before = max((one.at for one in results.results), default=0.0)  # seconds of the run that is gone on with
        self.begun = time.monotonic()
        self.numbered = plan.numbered()

    def elapsed(self) -> float:
        """Return the seconds that the run has taken so far."""
        return self.before + time.monotonic() - self.begun

    def ask(self, framework: str, threads: int, share: float) -> None:
        """Ask the questions with so many threads of all variants of a framework, in order, for some seconds."""
        variants = [one for one in self.plan.chosen if one.framework == framework]
        asking = [(number, q, one) for number, q in self.numbered if q.threads == threads for one in variants]
        if share > 0 or self.plan.most:
            self._through(asking, threads, time.monotonic() + share)

    def follow_up(self, one: Implementation) -> None:
        """Ask an implementation that is wrong somewhere what tells on what that hangs."""
        wrong = [each for each in self.results.of(str(one)) if each.wrong and each.number < MOST]
        if not wrong:
            return
        base = min(wrong, key=lambda each: each.number).question
        more = enumerate(follow_ups(base, self.plan.levels), start=MOST)
        asking = [(number, question, one) for number, question in more]
        for threads in self.plan.levels.threads:
            self._through([each for each in asking if each[1].threads == threads], threads, math.inf)

    def _through(self, asking: Sequence[Asking], threads: int, ends: float) -> None:
        """Ask what has not been asked yet, until the time is up."""
        there = {(one.number, one.implementation) for one in self.results.results}
        left = [each for each in asking if (each[0], str(each[2])) not in there]
        at_once = 2 if threads == 1 and len(processors()) > 1 else 1
        for (number, question, one), said in answers(left, self.plan, threads, at_once) if left else ():
            with contextlib.suppress(BadInput):  # exact data that leaves no headroom
                self._add(asked(number, question, self.plan.seed), one, said)
            if time.monotonic() > ends and not self.plan.most:
                return

    def _add(self, it: Asked, one: Implementation, said: Tried | Failure) -> None:
        result = _result(it, one, self.plan.device, said)._replace(at=round(self.elapsed(), 2))
        if isinstance(said, Tried) and one.framework not in self.results.environments:
            ran = Ran(one.framework, said.answer.environment)
            self.results.add(ran)
            self.record(ran)
        self.results.add(result)
        self.record(result)
        done, whole = (len(self.results.results), len(self.numbered) * len(self.plan.chosen))
        if not self.plan.most:
            done, whole = int(self.elapsed()), int(self.plan.seconds)
        self.report(f"{one}", min(done, whole), whole)

    def repeat(self, one: Implementation) -> None:
        """Repeat the suspicious trials of an implementation, those that disagree and are quick first."""
        there = {each.number for each in self.results.findings if each.implementation == str(one)}
        suspicious = sorted(
            (each for each in self.results.of(str(one)) if each.suspicious),
            key=lambda r: (not r.wrong, r.question.work),
        )
        for number, first in enumerate(suspicious[:SUSPECTS]):
            late = number > 0 and self.elapsed() > self.plan.seconds and not self.plan.most
            if late or first.number in there:
                continue
            self.report(f"{one} once more", int(min(self.elapsed(), self.plan.seconds)), int(self.plan.seconds))
            under = planned(first.question.threads, self.plan.levels.threads, units(self.plan.device))
            found = finding(first, [self._once(first, one, conditions) for conditions in under])
            self.results.add(found)
            self.record(found)

    def _once(self, first: Result, one: Implementation, under: Conditions) -> Repeat:
        question = first.number, first.question, one
        ((_, said),) = answers([question], self.plan, under.threads, 1, under.processor)
        it = asked(first.number, first.question, self.plan.seed)
        return Repeat(under, _result(it, one, self.plan.device, said).wrong)


def answers(
    asking: Sequence[Asking], plan: Plan, threads: int, at_once: int, processor: int = -1
) -> Iterator[tuple[Asking, Tried | Failure]]:
    """Yield what workers that have so many threads answer. processor: the one, or GPU, that they run on, -1 for any.

    A worker has as many processors as threads, since XLA goes by those, unless it is told the one.
    """
    by_name: dict[tuple[int, str], Asking] = {(number, str(one)): (number, q, one) for number, q, one in asking}
    items = [
        Item(
            number, question, plan.seed, str(one), *one, plan.device, loader_of(one.framework),
            CALLS if question.work <= LARGE else FEWER,
        )
        for number, question, one in asking
    ]  # fmt: skip
    environment = settings.environment(1) | dict.fromkeys(THREADS, str(threads))
    places = _places(threads, at_once) if processor < 0 else [[processor]]
    if processor >= 0 and plan.device == "cuda":
        environment["CUDA_VISIBLE_DEVICES"], places = str(processor), [[]]
    for item, said in each(try_item, items, places, environment, TIME_LIMIT):
        if isinstance(said, Tried):
            try:
                said = sound(item.number, item.calls, said)
            except Malformed as error:
                said = Failure(Stage.CASE, Kind.UNREADABLE, str(error))
        yield by_name[item.number, item.name], said


def _result(it: Asked, one: Implementation, device: str, said: Tried | Failure) -> Result:
    return failed(it, str(one), device, said) if isinstance(said, Failure) else judged(it, str(one), device, said)


def units(device: str) -> list[int]:
    """Return what a fault may be one of: the processors, or the GPUs."""
    return list(range(len(host()["gpus"]))) if device == "cuda" else processors()


def processors() -> list[int]:
    """Return the processors that there are, where that can be said."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _places(threads: int, at_once: int) -> list[list[int]]:
    """Return the processors of each worker: as many as it has threads, all where that cannot be said."""
    mine = processors()
    if not mine or threads >= len(mine):
        return [[]] * at_once
    return [mine[k * threads : (k + 1) * threads] for k in range(at_once)]
