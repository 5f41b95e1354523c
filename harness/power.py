"""Detection power: every fault planted in every default problem, and what share is caught, by which check.

A fault whose line is not executed, or that computes the same there, is no fault on that problem: the first is traced,
the second proved over exact numbers (`equivalence`). Beside it stand the usual tolerances on the same pairs, and the
false alarms of all of them over honest runs (`honest`).
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.attribution import attribute
from harness.equivalence import Exact, reached, rounds
from harness.faults import BY_NAME, FAULTS, Fault
from harness.lockstep import Answer, Case, Judge, Run, flat, make_case
from harness.measure import measure
from harness.noise import FACTOR
from harness.planting import framework
from harness.problems import BY_NAME as PROBLEMS
from harness.problems import Options, build
from harness.trajectory import certify, predictions
from harness.usual import alarms, seen
from harness.workers import settings
from impls.interface import Array, Declaration, Layer

PLAIN = Declaration()
# the diagnosis is asked for where it is quick, and where all kinds of networks are
NAMED = (
    "flower-logistic",
    "flower-2layer-tanh",
    "kink-2layer-relu",
    "kink-2layer-leaky_relu",
    "regression-4layer-mixed",
)


@dataclass
class Pair:
    """A fault planted in a problem, in one dtype.

    caught: by `error`, `shapes`, `budget` (lockstep), `steps`, `labels`, `noise`; or `missed`, `equivalent`, proved to
    compute the same, or `undecided`. ratio: the largest error over the budget; noise: over the usual noise.
    effect: of a missed fault, the largest exact difference that it makes, over the usual noise. diagnosis: what
    `attribution` says, `right`, `wrong` or nothing where it was not asked. usual: the other criteria's alarms.
    """

    fault: str
    kind: str
    problem: str
    dtype: str
    caught: str = ""
    ratio: float | None = None
    noise: float | None = None
    effect: float | None = None
    diagnosis: str = ""
    usual: dict[str, bool | None] = field(default_factory=dict)


def plant_all(names: Sequence[str], report: Callable[[str, int, int], None], pairs: list[Pair], processes: int) -> None:
    """Fill `pairs` over all problems named, in both dtypes, some processes at once."""
    tasks = [(name, dtype) for name in names for dtype in ("float64", "float32")]
    tasks.sort(key=lambda task: -len(PROBLEMS[task[0]].hidden) - 3 * task[0].startswith(("digits", "many")))
    with settings(processes), multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, found in enumerate(pool.imap_unordered(on_problem, tasks), start=1):
            pairs += found
            report("planting faults", done, len(tasks))
    order = {name: k for k, name in enumerate([*names, *BY_NAME, "float64", "float32"])}
    pairs.sort(key=lambda pair: (order[pair.problem], order[pair.fault], order[pair.dtype]))


def on_problem(task: tuple[str, str]) -> list[Pair]:
    """Return a pair for each fault of which a line is executed on the problem."""
    name, dtype = task
    case = make_case(build(PROBLEMS[name], Options()), dtype)
    planting = Planting(case)
    there = reached(case)
    with np.errstate(all="ignore"):  # faults overflow
        return [planting.plant(fault) for fault in FAULTS if fault.name in there]


class Planting:
    """One case, its truth, and the right reference's answer."""

    def __init__(self, case: Case) -> None:
        self.case, self.judge = case, Judge(case)
        self.right = measure(framework(), "planted", PLAIN, case, "cpu")
        self.exact: dict[bool, Exact] = {}

    def plant(self, fault: Fault) -> Pair:
        """Return what happens to one fault."""
        case = self.case
        pair = Pair(fault.name, fault.kind, case.problem, case.dtype)
        try:
            answer = self._answer(fault)
        except Exception as error:  # a fault may break anything
            pair.caught = "error" if not isinstance(error, MemoryError) else ""
            quiet = alarms(case, self.right.points, *[seen(case, self.right)] * 2)
            pair.usual = {name: None if alarm is None else True for name, alarm in quiet.items()}
            return pair
        pair.caught = self._caught(answer, pair)
        pair.usual = alarms(case, answer.points, seen(case, answer), seen(case, self.right))
        if not pair.caught:
            pair.caught = self._missed(fault, answer, pair)
        elif case.problem in NAMED and case.dtype == "float64" and pair.caught not in ("error", "shapes"):
            cause = attribute(self.judge, answer, PLAIN)
            named = cause is not None and cause.exactly and fault.name in (cause.fault.name, *cause.also)
            pair.diagnosis = "right" if named else "wrong"
        return pair

    def _answer(self, fault: Fault) -> Answer:
        """Return the answer; its run only where the gradients do not tell already."""
        case, made = self.case, framework(fault)
        gradients = [made.gradients["planted"](case.network, case.points[k], case.X, case.Y) for k in self.right.points]
        gradients = [(np.asarray(J), tuple(Layer(*map(np.asarray, d)) for d in g)) for J, g in gradients]
        trained, costs = made.fit("planted", case.network, case.points[0], case.X, case.Y, case.alpha, case.iterations)
        labels_start, labels = (made.predict(case.network, p, case.X) for p in (case.points[0], trained))
        run = Run(tuple(Layer(*map(np.asarray, layer)) for layer in trained), costs, [], "all", case.iterations)
        answer = self.right._replace(
            gradients=gradients, run=run, labels_start=labels_start, labels=labels, labels_test=None
        )
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(_all(answer), _all(self.right), strict=True))
        if same or self.judge.broken(answer, "cpu") or any(c.ratio > 1 for c in self.judge.compare(answer, PLAIN)):
            return answer
        return measure(made, "planted", PLAIN, case, "cpu")

    def _caught(self, answer: Answer, pair: Pair) -> str:
        """Return the first check that catches an answer."""
        if self.judge.broken(answer, "cpu"):
            return "shapes"
        comparisons = self.judge.compare(answer, PLAIN)
        pair.ratio = max(c.ratio for c in comparisons)
        noises = [c.noise for c in comparisons if c.noise == c.noise]
        pair.noise = max(noises) if noises else None
        if pair.ratio > 1:
            return "budget"
        steps = certify(self.judge, answer, PLAIN)
        pair.ratio = max(pair.ratio, *(c.ratio for c in steps), 0.0)
        if pair.ratio > 1:
            return "steps"
        if predictions(self.judge, answer, PLAIN).wrong:
            return "labels"
        if pair.noise is not None and pair.noise > FACTOR:
            return "noise"
        return ""

    def _missed(self, fault: Fault, answer: Answer, pair: Pair) -> str:
        """Return whether a fault that nobody saw is one, and note the size of what it does."""
        got, right = _all(answer), _all(self.right)
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(got, right, strict=True))
        if rounds(fault):
            pair.effect = 0.0 if same else self._distance(answer)
            return "equivalent" if same else "missed"
        if same and "predict" in fault.changes[0][0] + fault.name:
            return "equivalent"
        training = fault.kind == "training"
        exact = self.exact.setdefault(training, Exact(self.case, [] if training else [0, len(self.case.points) - 1]))
        if (effect := exact.differs(fault, self._units(training))) is None:
            return "undecided"
        pair.effect = effect
        return "missed" if effect > 0 else "equivalent"

    def _units(self, training: bool) -> list[Array]:
        """Return the noise of what `Exact` compares."""
        case, judge = self.case, self.judge
        if training:
            usual, known = judge.noise(0, PLAIN), judge.point(0, PLAIN)
            p = judge.precision(PLAIN)
            moved = zip(flat(known.params), flat(usual.gradient), strict=True)
            return [np.asarray(usual.J), *(case.alpha * S + p.u * np.abs(W) + p.tiny for W, S in moved)]
        noises = [judge.noise(k, PLAIN) for k in (0, len(case.points) - 1)]
        return [array for usual in noises for array in (np.asarray(usual.J), *flat(usual.gradient))]

    def _distance(self, answer: Answer) -> float:
        """Return the largest difference from the right reference's gradients, over the noise."""
        far = 0.0
        for k, (J, gradient), (J_right, right) in zip(
            answer.points, answer.gradients, self.right.gradients, strict=True
        ):
            usual = self.judge.noise(k, PLAIN)
            for got, other, S in zip(
                [J, *flat(gradient)], [J_right, *flat(right)], [np.asarray(usual.J), *flat(usual.gradient)], strict=True
            ):
                far = max(far, float((np.abs(got.astype(float) - other) / S).max()))
        return far


def _all(answer: Answer) -> list[Any]:
    """Return every array that an answer holds."""
    arrays = [array for J, gradient in answer.gradients for array in (J, *flat(gradient))]
    return [*arrays, answer.run.costs, *flat(answer.run.trained), answer.labels_start, answer.labels]
