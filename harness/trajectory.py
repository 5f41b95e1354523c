"""Trajectories: every step that `fit` makes, held against the truth at the implementation's own parameters.

Free-running training amplifies rounding, so two runs are never compared with each other for a verdict. A run is
compared with itself: params[t+1] must be params[t] - alpha x the truth's gradient at params[t] within the budget of
one step, and its J[t] the truth's J at params[t]. The distance between cost curves is for people, an illustration.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from harness import reference
from harness.budget import output_budget, precision, step_budget
from harness.lockstep import Answer, Case, Comparison, Judge, cast, flat, held, named
from harness.truth import descend, evaluate, exact, kinks_of
from impls.interface import Array, Declaration, Layer, Params


def certify(judge: Judge, answer: Answer, declared: Declaration) -> list[Comparison]:
    """Return J and each tensor after each step, the worst of its kind and the first outside its budget."""
    worst: dict[str, Comparison] = {}
    first: dict[str, Comparison] = {}
    for c in _steps(judge, answer, declared):
        if c.ratio > 1 and c.tensor not in first:
            first[c.tensor] = c
        if c.tensor not in worst or c.ratio > worst[c.tensor].ratio or worst[c.tensor].ratio != worst[c.tensor].ratio:
            worst[c.tensor] = c
    return [*first.values(), *(c for c in worst.values() if first.get(c.tensor) is not c)]


def _steps(judge: Judge, answer: Answer, declared: Declaration) -> Iterator[Comparison]:
    case = judge.case
    p, p64 = judge.precision(declared), precision("float64")
    for t, before, J, after in answer.run.steps:
        if not all(np.isfinite(a).all() for a in flat(before)):
            return  # what comes after is reported as NaN or inf in the free run
        start, truth, theirs, own = known = judge.point(0, declared) if t == 0 else judge.at(before, declared)
        yield held("fit: J", t, J, np.asarray(truth.J), np.asarray(known.theirs.J + known.own.J), case.dtype)
        tensors = zip(named(case.network, after, "fit: "), *map(flat, (start, truth.gradient)), strict=True)
        for ((name, got, _), W, dW), E, E_own in zip(tensors, flat(theirs.gradient), flat(own.gradient), strict=True):
            E_step = step_budget(W, dW, E, case.alpha, p) + step_budget(W, dW, E_own, case.alpha, p64)
            yield held(name, t, got, W - case.alpha * dW, E_step, case.dtype)


class Envelope(NamedTuple):
    """The largest distance of a free run's costs from the truth's own run; and how far one ulp in the initial
    weights takes the reference in the same dtype. None where a run does not stay finite.
    """

    curve: float | None
    ulp: float | None


class Curves:
    """The cost curves of one case that everyone's are shown beside."""

    def __init__(self, case: Case) -> None:
        self.truth, self.ulp = [np.asarray([])] * 2
        with np.errstate(all="ignore"):  # a run may end in inf
            wide = (cast(case.points[0], "float64"), exact(case.X), exact(case.Y))
            run = descend(case.network, *wide, case.alpha)
            self.truth = np.array([J for _, J in islice(run, case.iterations)])
            apart = [
                np.abs(reference.fit(case.network, params, case.X, case.Y, case.alpha, case.iterations)[1] - self.truth)
                for params in (case.points[0], _nudged(case.points[0], 1), _nudged(case.points[0], 2))
            ]
        self.ulp = np.max(apart, axis=0)

    def beside(self, costs: Array) -> Envelope:
        """Return the distances over as many iterations as there are costs."""
        t = min(len(costs), len(self.truth))
        with np.errstate(all="ignore"):
            far, usual = np.abs(exact(costs[:t]) - self.truth[:t]).max(), self.ulp[:t].max()
        return Envelope(*(float(x) if np.isfinite(x) else None for x in (far, usual)))


def _nudged(params: Params, seed: int) -> Params:
    """Move every number by one ulp, up or down; zeros stay."""
    random = np.random.default_rng(seed)

    def nudge(array: Array) -> Array:
        towards = np.where(random.random(array.shape) < 0.5, -np.inf, np.inf).astype(array.dtype)
        return np.where(array == 0, array, np.nextafter(array, towards))

    return tuple(Layer(nudge(W), nudge(b)) for W, b in params)


class Predictions(NamedTuple):
    """Accuracies on train and test, the implementation's and the truth's at the same parameters, in [0, 1].

    None for a regression or where there is no test set. excused: labels that differ within the budget.
    wrong: labels that differ outside it. found: the first of those, or what kept us from comparing, in words.
    """

    train: float | None
    truth_train: float | None
    test: float | None
    truth_test: float | None
    excused: int
    wrong: int
    found: str


def predictions(judge: Judge, answer: Answer, declared: Declaration) -> Predictions:
    """Hold the labels at the start and after the free run against the truth's at the same parameters."""
    case, run = judge.case, answer.run
    if not all(np.isfinite(a).all() for a in (run.costs, *flat(run.trained))):
        return Predictions(None, None, None, None, 0, 0, "the free run comes to NaN or inf")
    last = cast(run.trained, "float64")
    start = _labels(judge, cast(case.points[0], "float64"), answer.labels_start, case.X, case.Y, declared)
    train = _labels(judge, last, answer.labels, case.X, case.Y, declared)
    test = Labels()
    if answer.labels_test is not None:
        test = _labels(judge, last, answer.labels_test, case.X_test, case.Y_test, declared)
    excused, wrong = (
        sum(each) for each in zip(*((part.excused, part.wrong) for part in (start, train, test)), strict=True)
    )
    found = (start.found and f"before training, {start.found}") or train.found or test.found
    return Predictions(train.accuracy, train.truth, test.accuracy, test.truth, excused, wrong, found)


class Labels(NamedTuple):
    """The labels of one set: the accuracy, the truth's, and as in Predictions."""

    accuracy: float | None = None
    truth: float | None = None
    excused: int = 0
    wrong: int = 0
    found: str = ""


def _labels(judge: Judge, params: Params, labels: Array, X: Array, Y: Array, declared: Declaration) -> Labels:
    network, X, Y = judge.case.network, exact(X), exact(Y)
    with np.errstate(all="ignore"):
        truth = evaluate(network, params, X, Y, kinks_of(network, declared.kink))
    stable = declared._replace(form="logits")  # `predict` is, whatever the source
    E = output_budget(network, params, truth, judge.precision(declared), stable)
    E = E + output_budget(network, params, truth, precision("float64"), stable)
    output = truth.A[-1]
    accuracy = accurate = None
    if network.g[-1] == "sigmoid":
        # a label may differ only where the truth's own output lies within its budget of 0.5
        true, near = output > 0.5, (np.abs(output - 0.5) <= E) & (E > 0)
        differs = labels != true
        outside, excused = differs & ~near, int((differs & near).sum())
        accuracy, accurate = float((labels == Y).mean()), float((true == Y).mean())
    else:
        outside, excused = ~(np.abs(labels - output) <= E) & np.isfinite(E), 0
    if not outside.any():
        return Labels(accuracy, accurate, excused)
    k, i = np.argwhere(outside)[0]
    found = f"example {i}, output {k}: predicted {labels[k, i]:g} where the truth's A[L] is {output[k, i]:.9g}"
    return Labels(accuracy, accurate, excused, int(outside.sum()), found)
