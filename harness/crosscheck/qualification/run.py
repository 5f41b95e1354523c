"""A qualification as it runs: trial after trial in workers, until the time is up; then what is suspicious once more."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from crosscheck_impls.interface import BadInput

from crosscheck.comparison.asked import Implementation
from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.plain import Malformed
from crosscheck.qualification.asked import Asked, Item, asked, try_item
from crosscheck.qualification.design import Question, follow_ups
from crosscheck.qualification.judged import Result, failed, judged
from crosscheck.qualification.plan import MOST, Plan, Ran, Record, Results, probes, processors, units
from crosscheck.qualification.repeats import Conditions, Repeat, finding, planned
from crosscheck.qualification.tensor_core import ask
from crosscheck.runner import compiled, settings
from crosscheck.runner.loading import loader_of
from crosscheck.runner.tasks import each
from crosscheck.runner.threads import THREADS
from crosscheck.runner.trials import Tried, sound

CALLS, FEWER, LARGE = 3, 2, 2**24  # gradients in a row; of a question with more multiplications
SUSPECTS = 3  # trials of an implementation that are repeated
REPEATING = 0.8  # the share of the time after which no trial is begun: the rest is for repeats
MEASURING = 0.25  # the share after which no more products are measured
TIME_LIMIT = 120.0  # seconds that one trial may take

Report: TypeAlias = Callable[[str, int, int], None]
Asking: TypeAlias = tuple[int, Question, Implementation]  # a question with its number, and who is asked


def run(plan: Plan, report: Report, results: Results, record: Callable[[Record], None]) -> None:
    """Ask what is not in the results yet, until the time is up, and repeat what is suspicious.

    results: filled while it runs. record: called with each new record.
    """
    with compiled.checked(settings.caches(settings.environment(1))):
        _run(plan, _Session(plan, report, results, record))
    order = {str(one): number for number, one in enumerate(plan.chosen)}
    results.results.sort(key=lambda one: (order[one.implementation], one.number))
    results.findings.sort(key=lambda one: order[one.implementation])


def _run(plan: Plan, session: _Session) -> None:
    session.look_at_products()
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
    for turn in range(SUSPECTS):
        for one in plan.chosen:
            session.repeat(one, turn)


class _Session:
    def __init__(self, plan: Plan, report: Report, results: Results, record: Callable[[Record], None]) -> None:
        self.plan, self.report, self.results, self.record = plan, report, results, record
        self.before = max((one.at for one in results.results), default=0.0)  # seconds of the run that is gone on with
        self.begun = time.monotonic()
        self.numbered = plan.numbered()

    def elapsed(self) -> float:
        """Return the seconds that the run has taken so far."""
        return self.before + time.monotonic() - self.begun

    def look_at_products(self) -> None:
        """Measure what products keep of their numbers, for a short share of the time."""
        ends = self.plan.seconds * MEASURING
        there = {found.implementation for found in self.results.products}
        left = [probe for probe in probes(self.plan) if probe.name not in there]
        for found in ask(left, min(TIME_LIMIT, ends)):
            self.results.add(found)
            self.record(found)
            self.report(f"products of {found.implementation}", int(self.elapsed()), int(self.plan.seconds))
            if self.elapsed() > ends and not self.plan.most:
                return

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
        # the quickest, in the dtype with the narrower bound if it is wrong in both
        base = min((each.question for each in wrong), key=lambda q: (q.dtype != "float64", q.work))
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

    def repeat(self, one: Implementation, turn: int) -> None:
        """Repeat a suspicious trial of an implementation: those that disagree and are quick have the first turns.

        The first one has its turn also when the time is up.
        """
        there = {each.number for each in self.results.findings if each.implementation == str(one)}
        suspicious = sorted(
            (each for each in self.results.of(str(one)) if each.suspicious),
            key=lambda r: (not r.wrong, r.question.work),
        )
        late = turn > 0 and self.elapsed() > self.plan.seconds and not self.plan.most
        if late or turn >= len(suspicious) or (first := suspicious[turn]).number in there:
            return
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


def _places(threads: int, at_once: int) -> list[list[int]]:
    """Return the processors of each worker: as many as it has threads, all where that cannot be said."""
    mine = processors()
    if not mine or threads >= len(mine):
        return [[]] * at_once
    return [mine[k * threads : (k + 1) * threads] for k in range(at_once)]
