"""Runs that differ when they are repeated: an honest one, whose sums are taken in any order, stays near the oracle's.

Single steps are all that can be certified of such a `fit`, and its own run is none of them. So the run is held against
the oracle's own descent. An honest run is off by what each step may err by, its error bound, and by what training makes
of that, which is measured: one ulp in the initial weights, and rounding itself, take the reference so far in the same
dtype. The envelope is that distance and 1/FAR of the error bounds of all steps together. Beyond FAR envelopes a run is
not one of rounding: this limit is measured, on honest and on faulty runs (tests/harness/test_reproducible.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Declaration, Layer, Network, Params

from crosscheck.core.records import Case, Run, Tensor, cast, flat, named
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.steps import nudged
from crosscheck.oracle.error_bound import precision, step_bound
from crosscheck.oracle.float64 import Matrix, exact, grads_at_zero
from crosscheck.oracle.narrowed import of_dtype
from crosscheck.oracle.reference import RIGHT, Reference

FAR = 100.0


class Departure(NamedTuple):
    """Where a run is farthest from the oracle's own, or first leaves it: got, oracle, and their distance in envelopes.

    tensor: `fit: J` before step `iteration`, or a `fit: W` or `fit: b` after the last.
    """

    tensor: Tensor
    iteration: int
    element: tuple[int, ...]
    got: float
    oracle: float
    envelopes: float

    @property
    def outside(self) -> bool:
        """Whether that is farther than rounding takes a run."""
        return self.envelopes > FAR


class Descent(NamedTuple):
    """The oracle's own run: J before each step (iterations,), the params after the last, and the envelope of each."""

    costs: Matrix
    cost_envelopes: Matrix
    trained: list[Matrix]
    envelopes: list[Matrix]


def departure(judge: Judge, run: Run, declared: Declaration) -> Departure:
    """Return the first cost outside, else the number that is farthest off, in envelopes."""
    descent = oracle_run(judge, declared, run.iterations)
    off = _envelopes(run.costs, descent.costs, descent.cost_envelopes)
    outside = np.flatnonzero(off > FAR)
    t = int(outside[0] if outside.size else off.argmax())
    first = Departure(Tensor("fit: J"), t, (), float(run.costs[t]), float(descent.costs[t]), float(off[t]))
    if first.outside:
        return first
    farthest = [first]
    tensors = zip(named(judge.case.network, run.trained, "fit: "), descent.trained, descent.envelopes, strict=True)
    for (name, got, _), true, envelope in tensors:
        off = _envelopes(got, true, envelope)
        k = tuple(int(i) for i in np.unravel_index(int(off.argmax()), off.shape))
        farthest.append(Departure(Tensor(name), run.iterations, k, float(got[k]), float(true[k]), float(off[k])))
    return max(farthest, key=lambda each: each.envelopes)


@np.errstate(all="ignore")  # NaN and inf are answers here
def _envelopes(got: Array, oracle: Matrix, envelope: Matrix) -> Matrix:
    """Return the distance of each element; what is not finite is infinitely far, unless there is no envelope."""
    distance = np.abs(exact(got) - oracle)
    far = np.where(distance == 0, 0.0, distance / envelope)
    return np.where(np.isfinite(envelope), np.where(np.isnan(far), np.inf, far), 0.0)


def oracle_run(judge: Judge, declared: Declaration, iterations: int) -> Descent:
    """Return the oracle's own run of so many iterations, under the conventions that are declared; made once."""
    key = (declared, iterations)
    if key not in judge.descents:
        with np.errstate(all="ignore"):  # a run may end in inf
            judge.descents[key] = _descend(judge, declared, iterations)
    return judge.descents[key]


def _descend(judge: Judge, declared: Declaration, iterations: int) -> Descent:
    case = judge.case
    p, p64 = judge.precision(declared), precision("float64")
    params = cast(case.checkpoints[0], "float64")
    costs, bounds = np.empty(iterations), np.empty(iterations)
    moved = [np.zeros(array.shape) for array in flat(params)]  # by the error bounds of all steps until then
    for t in range(iterations):
        start, oracle, theirs, own = judge.bounded_at(params, declared)
        gradient, after = flat(oracle.gradient), list[Matrix]()
        # J(params + e) - J(params) is at most |dJ| e, to first order
        shifted = sum(float((np.abs(dW) * E).sum()) for dW, E in zip(gradient, moved, strict=True))
        costs[t], bounds[t] = oracle.J, theirs.J + own.J + shifted
        everything = zip(*map(flat, (start, oracle.gradient, theirs.gradient, own.gradient)), strict=True)
        for k, (W, dW, E, E_own) in enumerate(everything):
            E_step = step_bound(W, dW, E, case.alpha, p) + step_bound(W, dW, E_own, case.alpha, p64)
            moved[k] = moved[k] + E_step
            after.append(W - case.alpha * dW)
        params = _layers(after)
    reference, start = under(case, declared), case.checkpoints[0]
    runs = [
        reference.fit(case.network, initial, case.X, case.Y, case.alpha, iterations)
        for initial in (start, nudged(start, 1), nudged(start, 2))
    ]
    apart = np.max([np.abs(exact(J) - costs) for _, J in runs], axis=0)
    spread = [
        max(float(np.abs(exact(got) - true).max()) for got in each)
        for true, *each in zip(flat(params), *(flat(trained) for trained, _ in runs), strict=True)
    ]
    envelopes = [S + E / FAR for S, E in zip(spread, moved, strict=True)]
    return Descent(costs, np.maximum.accumulate(apart) + bounds / FAR, flat(params), envelopes)


def under(case: Case, declared: Declaration) -> Reference:
    """Return the reference with the derivatives at 0 and in the mode that are declared."""
    at_zero = grads_at_zero(case.network, declared.relu_grad_at_zero)

    def right_of_kink(self: Reference, network: Network, name: str, Z: Array) -> Array:
        return Z >= 0 if at_zero[name] == "right" else Z > 0

    return of_dtype(case.dtype, RIGHT.replaced(right_of_kink=right_of_kink), declared.precision)


def _layers(arrays: list[Matrix]) -> Params:
    return tuple(Layer(W, b) for W, b in zip(arrays[::2], arrays[1::2], strict=True))
