"""Trajectories: every step that `fit` makes, held against the oracle at the implementation's own parameters.

Free-running training amplifies rounding, so two runs are never compared with each other for a verdict. A run is
compared with itself: params[t+1] must be params[t] - alpha x the oracle's gradient at params[t] within the bound of
one step, and its J[t] the oracle's J at params[t]. The distance between cost curves is for people, an illustration.
Only where a run differs when it is repeated, so that no step of it can be seen, is it a verdict: `reproducible`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from typing import NamedTuple, TypeAlias

import numpy as np
from crosscheck_impls.interface import Array, Declaration, Layer, Params

from crosscheck.core.records import Answer, Case, Certification, Comparison, Run, Step, cast, flat, named
from crosscheck.judge.elementwise import Judge, held, ratios_to_bound
from crosscheck.oracle.error_bound import precision, step_bound
from crosscheck.oracle.float64 import Matrix, descend, exact, stacked
from crosscheck.oracle.narrowed import of_dtype

AT_ONCE = 30_000  # numbers of a layer in one stack of steps: their arrays stay in a processor's cache


def certify(judge: Judge, answer: Answer, declared: Declaration) -> list[Comparison]:
    """Return J and each tensor after each step: the worst of its kind, the first outside its bound, or without."""
    worst: dict[str, Comparison] = {}
    first: dict[str, Comparison] = {}
    for c in _steps(judge, answer, declared):
        if c.outside and (c.tensor not in first or not first[c.tensor].outside):
            first[c.tensor] = c
        if c.undefined:
            first.setdefault(c.tensor, c)
        if c.tensor not in worst or c.ratio > worst[c.tensor].ratio or not worst[c.tensor].bounded:
            worst[c.tensor] = c
    in_order = sorted(first.values(), key=lambda c: c.iteration)
    return [*in_order, *(c for c in worst.values() if first.get(c.tensor) is not c)]


def _steps(judge: Judge, answer: Answer, declared: Declaration) -> Iterator[Comparison]:
    """Yield, of each tensor and stack of steps, the worst comparison, the first outside its bound, and without."""
    case, run = judge.case, answer.run
    if run.certification is Certification.IRREPRODUCIBLE:  # its own first cost; the steps are those of other runs
        known = judge.at_checkpoint(0, declared)
        E_J = np.asarray(known.theirs.J + known.own.J)
        yield held("fit: J", 0, run.costs[0], np.asarray(known.oracle.J), E_J, case.dtype)
    for steps in _stacks(case, run.steps):
        for name, got, true, E in _tensors(judge, run, declared, steps):
            yield from _telling(name, steps, got, true, E, case.dtype)


Held: TypeAlias = tuple[str, Array, Matrix, Matrix]  # a tensor's name, what was got, the oracle, the bound


def after_steps(judge: Judge, run: Run, declared: Declaration, t: int) -> list[Held]:
    """Return J and every W and b after step t of a run, each beside the oracle's; nothing if that step was not seen."""
    steps = [step for step in run.steps if step.t == t]
    return [(name, got[0], true[0], E[0]) for name, got, true, E in _tensors(judge, run, declared, steps[:1])]


def _tensors(judge: Judge, run: Run, declared: Declaration, steps: Sequence[Step]) -> Iterator[Held]:
    """Yield J and every W and b after each of some steps, stacked."""
    if not steps:
        return
    case, p, p64 = judge.case, judge.precision(declared), precision("float64")
    from_rounded = run.certification is Certification.LENGTHS
    before, after = stacked([step.before for step in steps]), stacked([step.after for step in steps])
    start, oracle, theirs, own = judge.bounded_at(before, declared)
    yield "fit: J", np.array([step.J for step in steps]), np.asarray(oracle.J), np.asarray(theirs.J + own.J)
    tensors = zip(named(case.network, after, "fit: "), *map(flat, (start, oracle.gradient)), strict=True)
    for ((name, got, _), W, dW), E, E_own in zip(tensors, flat(theirs.gradient), flat(own.gradient), strict=True):
        E_step = step_bound(W, dW, E, case.alpha, p, from_rounded) + step_bound(W, dW, E_own, case.alpha, p64)
        yield name, got, W - case.alpha * dW, E_step


def _stacks(case: Case, steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """Yield the steps from finite params, as many together as are fast to evaluate at once."""
    finite = takewhile(lambda step: all(np.isfinite(array).all() for array in flat(step.before)), steps)
    # what comes after is reported as NaN or inf in the free run
    numbers = max(case.network.n[1:]) * case.X.shape[1] + sum(array.size for array in flat(case.checkpoints[0]))
    while stack := list(islice(finite, max(1, AT_ONCE // numbers))):
        yield stack


def _telling(
    name: str, steps: Sequence[Step], got: Array, oracle: Array, E: Array, dtype: str
) -> Iterator[Comparison]:  # fmt: skip
    """Yield the comparisons that say most of one tensor after each of the steps.

    They are the worst, the first outside its bound, and the first of which a number has none.
    """
    each = ratios_to_bound(got, oracle, E).reshape(len(steps), -1)
    ratios, unbounded = each.max(axis=1), (each < 0).any(axis=1)
    telling = {int(np.argmax(ratios))} if ratios.max() >= 0 else set()
    telling |= {int(np.argmax(where)) for where in (ratios > 1, unbounded) if where.any()}
    for k in sorted(telling):
        yield held(name, steps[k].t, got[k], oracle[k], E[k], dtype)


class Envelope(NamedTuple):
    """The largest distance of a free run's costs from the oracle's own run; and how far one ulp in the initial
    weights takes the reference in the same dtype. None where a run does not stay finite.
    """

    curve: float | None
    ulp: float | None


class Curves:
    """The cost curves of one case that everyone's are shown beside."""

    def __init__(self, case: Case) -> None:
        self.oracle, self.ulp = [np.asarray([])] * 2
        if case.source is not None:  # each curve would take as long as a whole run
            return
        with np.errstate(all="ignore"):  # a run may end in inf
            wide = (cast(case.checkpoints[0], "float64"), exact(case.X), exact(case.Y))
            run = descend(case.network, *wide, case.alpha)
            self.oracle = np.array([J for _, J in islice(run, case.iterations)])
            fit = of_dtype(case.dtype).fit
            apart = [
                np.abs(fit(case.network, params, case.X, case.Y, case.alpha, case.iterations)[1] - self.oracle)
                for params in (case.checkpoints[0], nudged(case.checkpoints[0], 1), nudged(case.checkpoints[0], 2))
            ]
        self.ulp = np.max(apart, axis=0)

    def beside(self, costs: Array) -> Envelope:
        """Return the distances over as many iterations as there are costs."""
        if (t := min(len(costs), len(self.oracle))) == 0:
            return Envelope(None, None)
        with np.errstate(all="ignore"):
            far, usual = np.abs(exact(costs[:t]) - self.oracle[:t]).max(), self.ulp[:t].max()
        return Envelope(*(float(x) if np.isfinite(x) else None for x in (far, usual)))


def nudged(params: Params, seed: int) -> Params:
    """Move every number by one ulp, up or down; zeros stay."""
    random = np.random.default_rng(seed)

    def nudge(array: Array) -> Array:
        towards = np.where(random.random(array.shape) < 0.5, -np.inf, np.inf).astype(array.dtype)
        return np.where(array == 0, array, np.nextafter(array, towards))

    return tuple(Layer(nudge(W), nudge(b)) for W, b in params)
