"""Lockstep: the same parameters for everyone, and every number that comes back held against the truth.

`make_case` prepares what is asked; `measure.py` asks it of one implementation, in the worker's process; `Judge`
compares the answer with the truth, the proved budget and the noise, in the harness's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from harness.budget import Budget, Precision, budget, precision, scaled
from harness.noise import Noise, noise
from harness.problems import Problem
from harness.truth import Evaluation, descend, evaluate, exact, kinks_of
from impls.interface import Array, BadInput, Declaration, Layer, Network, Params


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


class Step(NamedTuple):
    """One step of `fit`, t steps after the start: the params before and after it, and the cost that it reported."""

    t: int
    before: Params
    J: Array
    after: Params


class Run(NamedTuple):
    """A free run of `fit` from the case's first point.

    trained: the last params. costs (iterations,). steps: those that are certified. how: `all` where the run equals,
    bit for bit, one step at a time; `sampled` where runs of sampled lengths show some; `irreproducible` where the
    same call gave two answers, and single steps are all that can be certified. iterations: what was asked.
    """

    trained: Params
    costs: Array
    steps: list[Step]
    how: str
    iterations: int


class Answer(NamedTuple):
    """What an implementation returned, as NumPy arrays, with what must be exact.

    points: which of the case's points were asked for. gradients: (J, dParams) at each of them. run: a free run.
    labels_start, labels, labels_test: `predict` at the initial params, and at the trained ones. device: where the
    gradient lay. broken: promises that were not kept, in words. environment: versions and switches, as they were
    set by then.
    """

    points: list[int]
    gradients: list[tuple[Array, Params]]
    run: Run
    labels_start: Array
    labels: Array
    labels_test: Array | None
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
    try:
        X, Y, X_test, Y_test, start, alpha = rounded_to(problem, dtype)
    except MemoryError as error:
        raise BadInput(
            f"{problem.name}: no memory for {problem.network.dimensions}; choose a smaller network"
        ) from error
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


class Comparison(NamedTuple):
    """One tensor at one point: its element with the largest error in units of the budget.

    error, got, truth, budget: of that element. noise: the largest error in units of the usual rounding noise, NaN
    where there is no measure of it. ulps: the largest error in units in the last place of the tensor's largest entry.
    resolution: the largest budget over the largest entry, how small a fault could be seen. undefined: the number
    of elements without a bound.
    """

    tensor: str
    iteration: int
    ratio: float
    element: tuple[int, ...]
    got: float
    truth: float
    budget: float
    noise: float
    ulps: float
    resolution: float
    undefined: int


class Known(NamedTuple):
    """What is known of J and the gradient at some parameters: the truth, and the bounds on its error and another's."""

    params: Params
    truth: Evaluation
    theirs: Budget
    own: Budget


class Judge:
    """The truth of one case, evaluated once for each convention and form that somebody declares."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.X, self.Y = exact(case.X), exact(case.Y)
        self._known: dict[Any, Known] = {}
        self._noise: dict[Any, Noise] = {}

    def at(self, params: Params, declared: Declaration) -> Known:
        """Return the truth and the bounds at any parameters of the case's dtype."""
        network, wide = self.case.network, cast(params, "float64")
        kinks = kinks_of(network, declared.kink)
        with np.errstate(all="ignore"):  # what overflows has no bound
            truth = evaluate(network, wide, self.X, self.Y, kinks)
        p, p64 = self.precision(declared), precision("float64")
        plain = Declaration(kink=declared.kink)
        theirs = budget(network, wide, truth, self.Y, p, declared)
        if (declared, p) == (plain, p64):
            return Known(wide, truth, theirs, theirs)
        if p.u > p64.u and theirs.ambiguous == 0:  # saves computing it
            return Known(wide, truth, theirs, scaled(theirs, p64.u / p.u))
        return Known(wide, truth, theirs, budget(network, wide, truth, self.Y, p64, plain))

    def point(self, point: int, declared: Declaration) -> Known:
        """Return the same at one of the case's points, evaluated once."""
        key = (point, declared)
        if key not in self._known:
            self._known[key] = self.at(self.case.points[point], declared)
        return self._known[key]

    def noise(self, point: int, declared: Declaration) -> Noise:
        """Return the usual error of an implementation at one of the case's points."""
        key = (point, declared)
        if key not in self._noise:
            case, known = self.case, self.point(point, declared)
            arrays = (case.points[point], case.X, case.Y)
            self._noise[key] = noise(case.network, *arrays, known.truth, self.precision(declared), declared)
        return self._noise[key]

    def precision(self, declared: Declaration) -> Precision:
        """Return the constants of the case's dtype with the declared matrix products."""
        return precision(self.case.dtype, declared.precision, declared.flushes)

    def ambiguous(self, declared: Declaration) -> int:
        """Return how many Z, over all points, lie so near a kink that either derivative is honest."""
        return sum(self.point(point, declared).theirs.ambiguous for point in range(len(self.case.points)))

    def broken(self, answer: Answer, device: str) -> list[str]:
        """Return what must be exact and is not: shapes, dtypes, device, number of iterations, whole labels."""
        network, dtype, run = self.case.network, self.case.dtype, answer.run
        faults = list(answer.broken)
        for params in [*(gradient for _, gradient in answer.gradients), *(s.after for s in run.steps), run.trained]:
            if len(params) != network.L:
                return [*faults, f"{len(params)} layers came back, expected {network.L} [{network.dimensions}]"]
        arrays: list[tuple[str, Array, tuple[int, ...]]] = []
        for J, gradient in answer.gradients:
            arrays.append(("J", J, ()))
            arrays += named(network, gradient, "d")
        for params in [*(step.after for step in run.steps), run.trained]:
            arrays += named(network, params, "fit's ")
        arrays += [("fit's costs", run.costs, (run.iterations,))]
        arrays += [("fit's cost of one step", step.J, ()) for step in run.steps]
        for name, array, shape in arrays:
            if array.shape != shape:
                faults.append(f"{name} has shape {array.shape}, expected {shape}")
            if array.dtype != dtype:
                faults.append(f"{name} is {array.dtype}, expected {dtype}")
        for name, labels, X in (
            ("labels", answer.labels_start, self.case.X),
            ("labels", answer.labels, self.case.X),
            ("test labels", answer.labels_test, self.case.X_test),
        ):
            if labels is None or X is None:
                continue
            if labels.shape != (network.n[-1], X.shape[1]):
                faults.append(f"{name} have shape {labels.shape}, expected {(network.n[-1], X.shape[1])}")
            if network.loss == "cross_entropy" and labels.dtype.kind not in "iu":
                faults.append(f"{name} are {labels.dtype}, expected whole numbers")
        if run.how == "miscounted":
            faults.append("fit returned another number of costs than the iterations that it was asked for")
        if answer.device != device:
            faults.append(f"the gradient lies on {answer.device}, expected {device}")
        return list(dict.fromkeys(faults))

    def compare(self, answer: Answer, declared: Declaration) -> list[Comparison]:
        """Return every comparison of J and of all dW and db at each point that was asked for."""
        return list(self._compare(answer, declared))

    def _compare(self, answer: Answer, declared: Declaration) -> Iterator[Comparison]:
        case = self.case
        for point, (J, gradient) in zip(answer.points, answer.gradients, strict=True):
            known, t = self.point(point, declared), case.at[point]
            # where either derivative is honest, the usual noise says nothing
            usual = None if known.theirs.ambiguous else self.noise(point, declared)
            yield from against(known, (J, gradient), t, case, usual)


def against(
    known: Known, answer: tuple[Array, Params], t: int, case: Case, usual: Noise | None = None
) -> Iterator[Comparison]:
    """Hold J and dParams, at iteration t, against what is known."""
    (J, gradient), (_, truth, theirs, own) = answer, known
    S = usual and np.asarray(usual.J)
    yield held("J", t, J, np.asarray(truth.J), np.asarray(theirs.J + own.J), case.dtype, S)
    everything = (gradient, truth.gradient, theirs.gradient, own.gradient, usual.gradient if usual else gradient)
    for (name, got, _), true, E, E_own, S in zip(
        named(case.network, gradient, "d"), *map(flat, everything[1:]), strict=True
    ):
        yield held(name, t, got, true, E + E_own, case.dtype, S if usual else None)


def named(network: Network, params: Params, prefix: str) -> list[tuple[str, Array, tuple[int, ...]]]:
    """Return (name, array, expected shape) of every W and b."""
    return [
        (f"{prefix}{kind}{l}", array, (network.n[l], network.n[l - 1] if kind == "W" else 1))
        for l, layer in enumerate(params, start=1)
        for kind, array in zip("Wb", layer, strict=True)
    ]


def flat(params: Params) -> list[Array]:
    """Return W1, b1, W2, b2, ..."""
    return [array for layer in params for array in layer]


@np.errstate(all="ignore")  # NaN, inf and divisions by 0 are answers here
def held(
    tensor: str, iteration: int, got: Array, truth: Array, E: Array, dtype: str, usual: Array | None = None
) -> Comparison:
    """Compare one tensor: |got - truth| <= E, element by element; NaN and inf are infinitely wrong.

    usual: the noise of each element.
    """
    got, truth, E = exact(got), exact(truth), exact(E)
    bounded = np.isfinite(E)
    difference = np.abs(got - truth)
    error = np.where(np.isnan(difference), np.inf, difference)
    ratios = np.where(bounded, np.where(error == 0, 0.0, error / E), -1.0)
    worst = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
    largest = float(np.abs(truth).max())
    ulp = float(np.spacing(np.dtype(dtype).type(largest))) if np.isfinite(largest) else np.nan
    seen = error[bounded]
    noisy = np.nan
    if usual is not None and seen.size:
        noisy = float(np.where(error == 0, 0.0, error / usual)[bounded].max())
    return Comparison(
        tensor,
        iteration,
        float(ratios[worst]) if bounded.any() else float("nan"),
        tuple(int(i) for i in worst),
        float(got[worst]),
        float(truth[worst]),
        float(E[worst]),
        noisy,
        float(seen.max() / ulp) if seen.size else float("nan"),
        float(E.max() / largest) if largest > 0 else float("inf") if E.max() > 0 else 0.0,
        int((~bounded).sum()),
    )
