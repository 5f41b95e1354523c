"""What the notes' literal formulas may give where they have no bound: inf, NaN, or a number in a range.

J through log(A), dA[L] by division and tanh by its definition overflow, or divide 0 by 0, where an output or a tanh
saturates, and every sum that this enters is inf or NaN. A finite number is therefore one of which all terms were
finite: no A[L] was exactly 0 or 1, and no tanh was inf / inf. Then each dW and db errs as anywhere else, and each term
of J is the logarithm of some A[L] strictly between 0 and 1 and within its error bound. A finite number that is none of
these was not made by the formulas: NaN was replaced, or a logarithm was clipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import KINKED, Declaration

from crosscheck.core.dtypes import finfo
from crosscheck.core.records import Answer, Certification, Tensor, flat, named
from crosscheck.judge.elementwise import Judge, Known
from crosscheck.oracle.error_bound import LOGARITHM, STORED, Precision, error_bound, precision, step_bound
from crosscheck.oracle.float64 import Evaluation, Matrix, activate, exact


class Impossible(NamedTuple):
    """A finite number where the declared formulas give inf or NaN, or at least `low` and at most `high`."""

    tensor: Tensor
    iteration: int
    element: tuple[int, ...]
    got: float
    low: float
    high: float
    oracle: float


class _Range(NamedTuple):
    """What a tensor may be where it is finite; unbounded: where it has no bound, so that this is all there is.

    right: how far from the oracle it would be right by any formula, the stable one too.
    """

    low: Matrix
    high: Matrix
    oracle: Matrix
    right: Matrix
    unbounded: Matrix


def first_impossible(judge: Judge, answer: Answer, declared: Declaration) -> Impossible | None:
    """Return the first finite number that the textbook's formulas cannot have given, in the order of computation."""
    with np.errstate(all="ignore"):  # NaN and inf are answers here
        return next(_impossible(judge, answer, declared), None)


def _impossible(judge: Judge, answer: Answer, declared: Declaration) -> Iterator[Impossible]:
    case, g = judge.case, judge.case.network.g
    after_tanh = g[g.index("tanh") :] if "tanh" in g else ()
    if declared.formulation != "textbook" or any(name in KINKED for name in after_tanh):
        return  # a ReLU after an overflowing tanh may make 0 of NaN
    for checkpoint, (J, gradient) in zip(answer.checkpoints, answer.gradients, strict=True):
        known, t = judge.at_checkpoint(checkpoint, declared), case.steps[checkpoint]
        names = ["J", *(name for name, _, _ in named(case.network, gradient, "d"))]
        if _unbounded(known):
            for name, got, range_ in zip(names, [J, *flat(gradient)], _ranges(judge, known, declared), strict=True):
                yield from _outside(name, t, got, range_)
    p, p64 = judge.precision(declared), precision("float64")
    from_rounded = answer.run.certification is Certification.LENGTHS
    for t, before, J, after in answer.run.steps:
        if not all(np.isfinite(a).all() for a in flat(before)):
            return
        if not _unbounded(known := judge.evaluate_at(before, declared)):
            continue
        J_range, *ranges = _ranges(judge, known, declared)
        yield from _outside("fit: J", t, J, J_range)
        for (name, got, _), W, dW in zip(named(case.network, after, "fit: "), flat(known.params), ranges, strict=True):
            E = (dW.high - dW.low) / 2  # the oracle's own too, which then only rounds its step
            step = step_bound(W, dW.oracle, E, case.alpha, p, from_rounded)
            step = step + step_bound(W, dW.oracle, np.zeros_like(E), case.alpha, p64)
            moved = W - case.alpha * dW.oracle
            yield from _outside(name, t, got, _Range(moved - step, moved + step, moved, step, dW.unbounded))


def _unbounded(known: Known) -> bool:
    return not all(np.isfinite(E).all() for E in (known.theirs.J, *flat(known.theirs.gradient)))


def _outside(name: str, t: int, got: Matrix, range_: _Range) -> Iterator[Impossible]:
    got, (low, high, oracle, right, unbounded) = exact(got), range_
    wrong = unbounded & np.isfinite(got) & ((got < low) | (got > high)) & (np.abs(got - oracle) > right)
    for k in map(tuple, np.argwhere(wrong)[:1]):
        element = tuple(int(i) for i in k)
        yield Impossible(Tensor(name), t, element, *(float(a[k]) for a in (got, low, high, oracle)))


def _ranges(judge: Judge, known: Known, declared: Declaration) -> Iterator[_Range]:
    """Yield the range of J and of every dW and db."""
    network, (params, oracle, theirs, _), p = judge.case.network, known, judge.precision(declared)
    stable = declared._replace(formulation="logits")
    E, right, own = (
        error_bound(network, params, oracle, judge.Y, *how)
        for how in ((p._replace(if_finite=True), declared), (p, stable), (precision("float64"), stable))
    )
    low, high = oracle.J - E.J - own.J, oracle.J + E.J + own.J
    if network.loss == "cross_entropy":
        low, high = _range_of_J(judge, oracle, E.output + own.output, p)
    yield _Range(*map(np.asarray, (low, high, oracle.J, right.J + own.J, not np.isfinite(theirs.J))))
    gradients = map(flat, (oracle.gradient, E.gradient, own.gradient, theirs.gradient))
    for true, E_finite, E_own, E_declared in zip(*gradients, strict=True):
        far = E_finite + E_own
        yield _Range(true - far, true + far, true, far, ~np.isfinite(E_declared))


def _range_of_J(judge: Judge, oracle: Evaluation, E_A: Matrix, p: Precision) -> tuple[float, float]:
    """Return the range of −1/m Σ Y log A + (1 − Y) log(1 − A), for A strictly between 0 and 1 in the dtype."""
    Z, Y, m = oracle.Z[-1], judge.Y, judge.Y.shape[1]
    A, rest = activate("sigmoid", Z, 0.0), activate("sigmoid", -Z, 0.0)  # 1 − A, without cancelling
    nearest_to_1 = float(finfo(judge.case.dtype).epsneg)
    low = -Y * np.log(np.minimum(A + E_A, 1)) - (1 - Y) * np.log(np.minimum(rest + E_A, 1))
    high = -Y * np.log(np.maximum(A - E_A, p.tiny)) - (1 - Y) * np.log(np.maximum(rest - E_A, nearest_to_1))
    roundings = (LOGARITHM * p.u * high + 2 * p.u).sum() + p.gamma(high.size + 3) * (high + p.u).sum()
    if p.mode.whole:
        roundings = p.stored(roundings, high.sum(), times=STORED)
    return float(low.sum() - roundings) / m, float(high.sum() + roundings) / m
