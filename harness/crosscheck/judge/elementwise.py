"""Lockstep: the same parameters for everyone, and every number that comes back held against the oracle.

`make_case` prepares what is asked; `measure.py` asks it of one implementation, in the worker's process; `Judge`
compares the answer with the oracle, the proved error bound and the noise, in the harness's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Declaration, Params

from crosscheck.core.records import Answer, Case, Comparison, cast, flat, named
from crosscheck.oracle.error_bound import ErrorBound, Precision, error_bound, precision, scaled
from crosscheck.oracle.float64 import Evaluation, evaluate, exact, grads_at_zero
from crosscheck.oracle.noise import Noise, noise


class Known(NamedTuple):
    """What is known of J and the gradient at some parameters: the oracle, and the bounds on its error and another's."""

    params: Params
    oracle: Evaluation
    theirs: ErrorBound
    own: ErrorBound


class Judge:
    """The oracle of one case, evaluated once for each convention and form that somebody declares."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.X, self.Y = exact(case.X), exact(case.Y)
        self._known: dict[Any, Known] = {}
        self._noise: dict[Any, Noise] = {}

    def evaluate_at(self, params: Params, declared: Declaration) -> Known:
        """Return the oracle and the bounds at any parameters of the case's dtype."""
        network, wide = self.case.network, cast(params, "float64")
        at_zero = grads_at_zero(network, declared.relu_grad_at_zero)
        with np.errstate(all="ignore"):  # what overflows has no bound
            oracle = evaluate(network, wide, self.X, self.Y, at_zero)
        p, p64 = self.precision(declared), precision("float64")
        plain = Declaration(relu_grad_at_zero=declared.relu_grad_at_zero)
        theirs = error_bound(network, wide, oracle, self.Y, p, declared)
        if (declared, p) == (plain, p64):
            return Known(wide, oracle, theirs, theirs)
        if p.u > p64.u and theirs.straddles_zero == 0:  # saves computing it
            return Known(wide, oracle, theirs, scaled(theirs, p64.u / p.u))
        return Known(wide, oracle, theirs, error_bound(network, wide, oracle, self.Y, p64, plain))

    def at_checkpoint(self, point: int, declared: Declaration) -> Known:
        """Return the same at one of the case's points, evaluated once."""
        key = (point, declared)
        if key not in self._known:
            self._known[key] = self.evaluate_at(self.case.checkpoints[point], declared)
        return self._known[key]

    def noise(self, point: int, declared: Declaration) -> Noise:
        """Return the usual error of an implementation at one of the case's points."""
        key = (point, declared)
        if key not in self._noise:
            case, known = self.case, self.at_checkpoint(point, declared)
            arrays = (case.checkpoints[point], case.X, case.Y)
            self._noise[key] = noise(case.network, *arrays, known.oracle, self.precision(declared), declared)
        return self._noise[key]

    def precision(self, declared: Declaration) -> Precision:
        """Return the constants of the case's dtype with the declared matrix products."""
        return precision(self.case.dtype, declared.precision, declared.flushes)

    def straddles_zero(self, declared: Declaration) -> int:
        """Return how many Z, over all points, lie so near a kink that either derivative is honest."""
        return sum(
            self.at_checkpoint(point, declared).theirs.straddles_zero for point in range(len(self.case.checkpoints))
        )

    def broken(self, answer: Answer, device: str) -> list[str]:
        """Return what must be exact and is not: shapes, dtypes, device, number of iterations, whole labels."""
        network, dtype, run = self.case.network, self.case.dtype, answer.run
        broken = list(answer.broken)
        for params in [*(gradient for _, gradient in answer.gradients), *(s.after for s in run.steps), run.trained]:
            if len(params) != network.L:
                return [*broken, f"{len(params)} layers came back, expected {network.L} [{network.dimensions}]"]
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
                broken.append(f"{name} has shape {array.shape}, expected {shape}")
            if array.dtype != dtype:
                broken.append(f"{name} is {array.dtype}, expected {dtype}")
        for name, labels, X in (
            ("labels", answer.labels_start, self.case.X),
            ("labels", answer.labels, self.case.X),
            ("test labels", answer.labels_test, self.case.X_test),
        ):
            if labels is None or X is None:
                continue
            if labels.shape != (network.n[-1], X.shape[1]):
                broken.append(f"{name} have shape {labels.shape}, expected {(network.n[-1], X.shape[1])}")
            if network.loss == "cross_entropy" and labels.dtype.kind not in "iu":
                broken.append(f"{name} are {labels.dtype}, expected whole numbers")
        if run.how == "miscounted":
            broken.append("fit returned another number of costs than the iterations that it was asked for")
        if answer.device != device:
            broken.append(f"the gradient lies on {answer.device}, expected {device}")
        return list(dict.fromkeys(broken))

    def compare(self, answer: Answer, declared: Declaration) -> list[Comparison]:
        """Return every comparison of J and of all dW and db at each point that was asked for."""
        return list(self._compare(answer, declared))

    def _compare(self, answer: Answer, declared: Declaration) -> Iterator[Comparison]:
        case = self.case
        for point, (J, gradient) in zip(answer.checkpoints, answer.gradients, strict=True):
            known, t = self.at_checkpoint(point, declared), case.steps[point]
            # where either derivative is honest, the usual noise says nothing
            usual = None if known.theirs.straddles_zero else self.noise(point, declared)
            yield from against(known, (J, gradient), t, case, usual)


def against(
    known: Known, answer: tuple[Array, Params], t: int, case: Case, usual: Noise | None = None
) -> Iterator[Comparison]:
    """Hold J and dParams, at iteration t, against what is known."""
    (J, gradient), (_, oracle, theirs, own) = answer, known
    S = usual and np.asarray(usual.J)
    yield held("J", t, J, np.asarray(oracle.J), np.asarray(theirs.J + own.J), case.dtype, S)
    everything = (gradient, oracle.gradient, theirs.gradient, own.gradient, usual.gradient if usual else gradient)
    for (name, got, _), true, E, E_own, S in zip(
        named(case.network, gradient, "d"), *map(flat, everything[1:]), strict=True
    ):
        yield held(name, t, got, true, E + E_own, case.dtype, S if usual else None)


@np.errstate(all="ignore")  # NaN, inf and divisions by 0 are answers here
def held(
    tensor: str, iteration: int, got: Array, oracle: Array, E: Array, dtype: str, usual: Array | None = None
) -> Comparison:
    """Compare one tensor: |got - oracle| <= E, element by element; NaN and inf are infinitely wrong.

    usual: the noise of each element.
    """
    got, oracle, E = exact(got), exact(oracle), exact(E)
    bounded = np.isfinite(E)
    difference = np.abs(got - oracle)
    error = np.where(np.isnan(difference), np.inf, difference)
    ratios = np.where(bounded, np.where(error == 0, 0.0, error / E), -1.0)
    worst = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
    largest = float(np.abs(oracle).max())
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
        float(oracle[worst]),
        float(E[worst]),
        noisy,
        float(seen.max() / ulp) if seen.size else float("nan"),
        float(E.max() / largest) if largest > 0 else float("inf") if E.max() > 0 else 0.0,
        int((~bounded).sum()),
    )
