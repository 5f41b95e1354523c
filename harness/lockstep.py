"""Lockstep: the same parameters for everyone, and every number that comes back held against the truth.

`make_case` prepares what is asked, `measure` asks it of one implementation (in the worker's process), and
`Judge` compares the answer with the truth and the proved budget (in the harness's).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from harness.budget import Budget, Precision, budget, output_budget, precision, step_budget
from harness.problems import Problem
from harness.truth import Evaluation, descend, evaluate, exact, kinks_of
from impls.interface import Array, BadInput, Declaration, Framework, Layer, Network, Params


class Case(NamedTuple):
    """One problem in one dtype: what every implementation gets. Arrays are NumPy's, of that dtype.

    points: parameters to compare at, the initial ones first, then the truth's own after at[i] iterations.
    """

    problem: str
    network: Network
    dtype: str
    X: Array
    Y: Array
    X_test: Array | None
    Y_test: Array | None
    points: tuple[Params, ...]
    at: tuple[int, ...]
    alpha: float
    iterations: int


class Answer(NamedTuple):
    """What an implementation returned, as NumPy arrays, with what must be exact.

    points: which of the case's points were asked for. gradients: (J, dParams) at each of them. steps: (params,
    costs) of `fit` with one iteration from the first of them or all. trained, costs: a free run. labels,
    labels_test: `predict` at the trained params. device: where the gradient lay. broken: promises that were not
    kept, in words. environment: versions and switches, as they were set by then.
    """

    points: list[int]
    gradients: list[tuple[Array, Params]]
    steps: list[tuple[Params, Array]]
    trained: Params
    costs: Array
    labels: Array
    labels_test: Array | None
    iterations: int
    device: str
    broken: list[str]
    environment: Mapping[str, Any]


def cast(params: Params, dtype: str) -> Params:
    """Round the parameters to the dtype."""
    return tuple(Layer(np.asarray(W).astype(dtype), np.asarray(b).astype(dtype)) for W, b in params)


@np.errstate(all="ignore")  # what does not fit is refused, in words
def rounded_to(problem: Problem, dtype: str) -> tuple[Array, Array, Array | None, Array | None, Params, float]:
    """Return X, Y, X_test, Y_test, the initial params and alpha in the dtype. Raises BadInput if one does not fit."""
    data = [None if array is None else array.astype(dtype) for array in problem.data]
    params, alpha = cast(problem.params, dtype), float(np.dtype(dtype).type(problem.alpha))
    numbers = [("data", array) for array in data] + [("weights", array) for layer in params for array in layer]
    for name, array in numbers:
        if array is not None and not np.isfinite(array).all():
            limit = f"above {np.finfo(dtype).max:.2g}, the largest {dtype}"
            raise BadInput(f"{problem.name}: {name} {limit}; scale it down, or use --dtype float64")
    if not 0 < alpha < np.inf:
        raise BadInput(
            f"learning rate: got {problem.alpha:g}, which is {alpha:g} in {dtype}; expected a number > 0 in it"
        )
    return data[0], data[1], data[2], data[3], params, alpha


def make_case(problem: Problem, dtype: str) -> Case:
    """Round the problem to the dtype, and let the truth train to find the later points."""
    X, Y, X_test, Y_test, start, alpha = rounded_to(problem, dtype)
    wanted = (problem.iterations // 2, problem.iterations)
    points, at = [start], [0]
    with np.errstate(all="ignore"):  # a learning rate too large ends in inf; those points are left out
        run = descend(problem.network, cast(start, "float64"), exact(X), exact(Y), alpha)
        for t, (params, J) in zip(range(problem.iterations + 1), run, strict=False):
            rounded = cast(params, dtype)
            if not np.isfinite(J) or not all(np.isfinite(a).all() for layer in rounded for a in layer):
                break
            if t in wanted and t > 0:
                points.append(rounded)
                at.append(t)
    return Case(
        problem.name, problem.network, dtype, X, Y, X_test, Y_test, tuple(points), tuple(at), alpha, problem.iterations
    )  # fmt: skip


SLOW, TOO_SLOW = 400_000, 20_000_000  # Python's steps in one gradient: about 0.2 s and 10 s


class TooSlow(Exception):
    """The implementation would take minutes, by its own declaration."""


def chosen_points(case: Case, declared: Declaration) -> list[int]:
    """Return which points to ask for: all; for a loop in Python the first and last, or the first. Raises TooSlow."""
    everything = list(range(len(case.points)))
    if declared.loops_over == "nothing":
        return everything
    one = 20 if declared.loops_over == "examples" else sum(array.size for layer in case.points[0] for array in layer)
    steps = case.X.shape[1] * one
    if steps > TOO_SLOW:
        raise TooSlow(f"{steps:,} steps of Python in one gradient would take minutes; train runs it all the same")
    return [0] if steps > SLOW else sorted({0, everything[-1]})


def measure(framework: Framework, source: str, declared: Declaration, case: Case, device: str) -> Answer:
    """Ask one implementation. A source that loops in Python is asked less: two points, one step, which is its run."""
    network, quick = case.network, declared.loops_over == "nothing"
    broken: list[str] = []
    chosen = chosen_points(case, declared)
    X, Y = framework.put(case.X, device), framework.put(case.Y, device)
    points = [tuple(Layer(*(framework.put(a, device) for a in layer)) for layer in case.points[k]) for k in chosen]
    gradients = [framework.gradients[source](network, params, X, Y) for params in points]
    steps = [framework.fit(source, network, params, X, Y, case.alpha, 1) for params in points[: None if quick else 1]]
    iterations = case.iterations if quick else 1
    trained, costs = (
        steps[0] if iterations == 1 else framework.fit(source, network, points[0], X, Y, case.alpha, iterations)
    )
    everything = case.X if case.X_test is None else np.concatenate([case.X, case.X_test], axis=1)
    labels = framework.get(framework.predict(network, trained, framework.put(everything, device)))
    m = case.X.shape[1]
    for name, array, original in [("X", X, case.X), ("Y", Y, case.Y)] + [
        (f"{kind}{l}", array, original)
        for layers, originals in zip(points[:1], case.points[:1], strict=True)
        for l, (layer, first) in enumerate(zip(layers, originals, strict=True), 1)
        for kind, array, original in zip("Wb", layer, first, strict=True)
    ]:
        if not np.array_equal(framework.get(array), original):
            broken.append(f"{name} was changed by the implementation, expected inputs to be left alone")
    return Answer(
        chosen,
        [(_get(framework, J), _get_params(framework, dParams)) for J, dParams in gradients],
        [(_get_params(framework, params), _get(framework, cost)) for params, cost in steps],
        _get_params(framework, trained),
        _get(framework, costs),
        labels[:, :m] if labels.ndim == 2 else labels,
        None if case.X_test is None else labels[:, m:] if labels.ndim == 2 else labels,
        iterations,
        framework.device(gradients[0][1][0].W),
        broken,
        environment(framework),
    )


def environment(framework: Framework) -> dict[str, Any]:
    """Return what a framework says of its versions and switches, as plain words and numbers."""
    said = dict(getattr(framework, "environment", dict)())
    return dict(json.loads(json.dumps(said, default=str)))


def _get(framework: Framework, array: Array) -> Array:
    return np.asarray(framework.get(array))


def _get_params(framework: Framework, params: Params) -> Params:
    return tuple(Layer(_get(framework, W), _get(framework, b)) for W, b in params)


class Comparison(NamedTuple):
    """One tensor at one point: its element with the largest error in units of the budget.

    error, got, truth, budget: of that element. ulps: the largest error in units in the last place of the
    tensor's largest entry. resolution: the largest budget over the largest entry, how small a fault could be
    seen. undefined: the number of elements without a bound.
    """

    tensor: str
    iteration: int
    ratio: float
    element: tuple[int, ...]
    got: float
    truth: float
    budget: float
    ulps: float
    resolution: float
    undefined: int


class Judge:
    """The truth of one case, evaluated once for each convention and form that somebody declares."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.X, self.Y = exact(case.X), exact(case.Y)
        self._evaluations: dict[Any, Evaluation] = {}
        self._budgets: dict[Any, Budget] = {}

    def _truth(self, point: int, declared: Declaration) -> tuple[Params, Evaluation, Budget, Budget]:
        """Return the point's params, the truth, the implementation's budget and the truth's own."""
        network, params = self.case.network, cast(self.case.points[point], "float64")
        kinks = kinks_of(network, declared.kink)
        key = (point, tuple(sorted(kinks.items())))
        if key not in self._evaluations:
            with np.errstate(all="ignore"):  # what overflows has no bound
                self._evaluations[key] = evaluate(network, params, self.X, self.Y, kinks)
        truth = self._evaluations[key]
        own = Declaration(kink=declared.kink)
        for declaration, p in ((declared, self.precision(declared)), (own, precision("float64"))):
            if (key, declaration, p) not in self._budgets:
                self._budgets[key, declaration, p] = budget(network, params, truth, self.Y, p, declaration)
        theirs = self._budgets[key, declared, self.precision(declared)]
        return params, truth, theirs, self._budgets[key, own, precision("float64")]

    def precision(self, declared: Declaration) -> Precision:
        """Return the constants of the case's dtype with the declared matrix products."""
        return precision(self.case.dtype, declared.precision)

    def ambiguous(self, declared: Declaration) -> int:
        """Return how many Z, over all points, lie so near a kink that either derivative is honest."""
        return sum(self._truth(point, declared)[2].ambiguous for point in range(len(self.case.points)))

    def broken(self, answer: Answer, device: str) -> list[str]:
        """Return what must be exact and is not: shapes, dtypes, device, number of iterations, whole labels."""
        network, dtype = self.case.network, self.case.dtype
        faults = list(answer.broken)
        everything = [params for _, params in answer.gradients] + [params for params, _ in answer.steps]
        for params in [*everything, answer.trained]:
            if len(params) != network.L:
                return [*faults, f"{len(params)} layers came back, expected {network.L} [{network.dimensions}]"]
        arrays: list[tuple[str, Array, tuple[int, ...]]] = []
        for J, gradient in answer.gradients:
            arrays.append(("J", J, ()))
            arrays += named(network, gradient, "d")
        for params, costs in [*answer.steps, (answer.trained, answer.costs)]:
            arrays += named(network, params, "fit's ")
            count = answer.iterations if costs is answer.costs else 1
            arrays.append(("fit's costs", costs, (count,)))
        for name, array, shape in arrays:
            if array.shape != shape:
                faults.append(f"{name} has shape {array.shape}, expected {shape}")
            if array.dtype != dtype:
                faults.append(f"{name} is {array.dtype}, expected {dtype}")
        for name, labels, X in (
            ("labels", answer.labels, self.case.X),
            ("test labels", answer.labels_test, self.case.X_test),
        ):
            if labels is None or X is None:
                continue
            if labels.shape != (network.n[-1], X.shape[1]):
                faults.append(f"{name} have shape {labels.shape}, expected {(network.n[-1], X.shape[1])}")
            if network.loss == "cross_entropy" and labels.dtype.kind not in "iu":
                faults.append(f"{name} are {labels.dtype}, expected whole numbers")
        if answer.device != device:
            faults.append(f"the gradient lies on {answer.device}, expected {device}")
        return list(dict.fromkeys(faults))

    def compare(self, answer: Answer, declared: Declaration) -> list[Comparison]:
        """Return every comparison: J, all dW and db at each point; J and the params after one step of `fit`."""
        return list(self._compare(answer, declared))

    def _compare(self, answer: Answer, declared: Declaration) -> Iterator[Comparison]:
        case = self.case
        for point, (J, gradient) in zip(answer.points, answer.gradients, strict=True):
            _, truth, theirs, own = self._truth(point, declared)
            t = case.at[point]
            yield held("J", t, J, np.asarray(truth.J), np.asarray(theirs.J + own.J), case.dtype)
            for (name, got, _), (_, true, _), (_, E, _), (_, E_own, _) in zip(
                named(case.network, gradient, "d"),
                named(case.network, truth.gradient, "d"),
                named(case.network, theirs.gradient, "d"),
                named(case.network, own.gradient, "d"),
                strict=True,
            ):
                yield held(name, t, got, true, E + E_own, case.dtype)
        _, truth, theirs, own = self._truth(0, declared)
        yield held("fit: J[0]", 0, answer.costs[0], np.asarray(truth.J), np.asarray(theirs.J + own.J), case.dtype)
        for point, (params, costs) in zip(answer.points, answer.steps, strict=False):
            yield from self._step(point, params, costs, declared)

    def _step(self, point: int, params: Params, costs: Array, declared: Declaration) -> Iterator[Comparison]:
        """Hold one step of `fit` against params - alpha x the truth's gradient."""
        case, t = self.case, self.case.at[point]
        start, truth, theirs, own = self._truth(point, declared)
        p, p64 = self.precision(declared), precision("float64")
        yield held("fit: J", t, costs[0], np.asarray(truth.J), np.asarray(theirs.J + own.J), case.dtype)
        for (name, got, _), (_, W, _), (_, dW, _), (_, E, _), (_, E_own, _) in zip(
            named(case.network, params, "fit: "),
            named(case.network, start, ""),
            named(case.network, truth.gradient, ""),
            named(case.network, theirs.gradient, ""),
            named(case.network, own.gradient, ""),
            strict=True,
        ):
            E_step = step_budget(W, dW, E, case.alpha, p) + step_budget(W, dW, E_own, case.alpha, p64)
            yield held(name, t, got, W - case.alpha * dW, E_step, case.dtype)

    def predictions(self, answer: Answer, declared: Declaration) -> Predictions:
        """Hold the labels after the free run against the truth's at the same, trained parameters."""
        if not all(np.isfinite(a).all() for a in (answer.costs, *(a for layer in answer.trained for a in layer))):
            return Predictions(None, None, None, None, 0, 0, "the free run comes to NaN or inf")
        params = cast(answer.trained, "float64")
        train, wrong, excused, found = self._labels(params, answer.labels, self.case.X, self.case.Y, declared)
        test: tuple[float | None, float | None] = (None, None)
        if answer.labels_test is not None:
            X, Y = self.case.X_test, self.case.Y_test
            test, more, near, also = self._labels(params, answer.labels_test, X, Y, declared)
            wrong, excused, found = wrong + more, excused + near, found or also
        return Predictions(*train, *test, excused, wrong, found)

    def _labels(
        self, params: Params, labels: Array, X: Array, Y: Array, declared: Declaration
    ) -> tuple[tuple[float | None, float | None], int, int, str]:
        """Return (accuracy, the truth's), the labels that are wrong, those excused, and the first wrong in words."""
        network, X, Y = self.case.network, exact(X), exact(Y)
        with np.errstate(all="ignore"):
            truth = evaluate(network, params, X, Y, kinks_of(network, declared.kink))
        stable = declared._replace(form="logits")  # `predict` is, whatever the source
        E = output_budget(network, params, truth, self.precision(declared), stable)
        E = E + output_budget(network, params, truth, precision("float64"), stable)
        output = truth.A[-1]
        accuracies: tuple[float | None, float | None] = (None, None)
        if network.g[-1] == "sigmoid":
            # a label may differ only where the truth's own output lies within its budget of 0.5
            true, near = output > 0.5, np.abs(output - 0.5) <= E
            differs = labels != true
            outside, excused = differs & ~near, int((differs & near).sum())
            accuracies = float((labels == Y).mean()), float((true == Y).mean())
        else:
            outside, excused = ~(np.abs(labels - output) <= E) & np.isfinite(E), 0
        if not outside.any():
            return accuracies, 0, excused, ""
        k, i = np.argwhere(outside)[0]
        found = f"example {i}, output {k}: predicted {labels[k, i]:g} where the truth's A[L] is {output[k, i]:.9g}"
        return accuracies, int(outside.sum()), excused, found


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


def named(network: Network, params: Params, prefix: str) -> list[tuple[str, Array, tuple[int, ...]]]:
    """Return (name, array, expected shape) of every W and b."""
    return [
        (f"{prefix}{kind}{l}", array, (network.n[l], network.n[l - 1] if kind == "W" else 1))
        for l, layer in enumerate(params, start=1)
        for kind, array in zip("Wb", layer, strict=True)
    ]


@np.errstate(all="ignore")  # NaN, inf and divisions by 0 are answers here
def held(tensor: str, iteration: int, got: Array, truth: Array, E: Array, dtype: str) -> Comparison:
    """Compare one tensor: |got - truth| <= E, element by element; NaN and inf are infinitely wrong."""
    got, truth, E = exact(got), exact(truth), exact(E)
    bounded = np.isfinite(E)
    difference = np.abs(got - truth)
    error = np.where(np.isnan(difference), np.inf, difference)
    ratios = np.where(bounded, np.where(error == 0, 0.0, error / E), -1.0)
    worst = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
    largest = float(np.abs(truth).max())
    ulp = float(np.spacing(np.dtype(dtype).type(largest))) if np.isfinite(largest) else np.nan
    seen = error[bounded]
    return Comparison(
        tensor,
        iteration,
        float(ratios[worst]) if bounded.any() else float("nan"),
        tuple(int(i) for i in worst),
        float(got[worst]),
        float(truth[worst]),
        float(E[worst]),
        float(seen.max() / ulp) if seen.size else float("nan"),
        float(E.max() / largest) if largest > 0 else float("inf") if E.max() > 0 else 0.0,
        int((~bounded).sum()),
    )
