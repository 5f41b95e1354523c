"""The arrays of an answer, each beside the oracle's, with the unit in which a distance from it is measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Declaration

from crosscheck.core.records import Answer, Certification, Tensor, flat, named
from crosscheck.judge.elementwise import Judge, Known
from crosscheck.oracle.error_bound import precision, step_bound
from crosscheck.oracle.float64 import Matrix, exact
from crosscheck.oracle.noise import FACTOR

LENGTHS = (1, 2, 3, 4, 12)  # of runs of `fit` that are compared with those of a changed reference, and the first wrong
LATEST = 40  # steps after which no length is compared


class Observation(NamedTuple):
    """One array of an answer: got, the oracle, and the unit in which a distance from it is measured.

    iteration: of the checkpoint, or the number of the step. length: of the run of `fit` that it comes from; 0 for a
    gradient.
    """

    tensor: Tensor
    iteration: int
    got: Matrix
    oracle: Matrix
    unit: Matrix
    length: int = 0

    @property
    def distance(self) -> float:
        """How far it is from the oracle, in units."""
        return farthest(self.got, self.oracle, self.unit)


def of_gradients(judge: Judge, answer: Answer, declared: Declaration, noisy: bool = False) -> Iterator[Observation]:
    """Yield J and every dW and db at each checkpoint; the unit is the bound, or the noise times its factor."""
    for checkpoint, (J, gradient) in zip(answer.checkpoints, answer.gradients, strict=True):
        known = judge.at_checkpoint(checkpoint, declared)
        if noisy:
            noise = judge.noise(checkpoint, declared)
            units = [FACTOR * np.asarray(noise.J), *(FACTOR * S for S in flat(noise.gradient))]
        else:
            units = bounds_of_both(known)
        names = ["J", *(name for name, _, _ in named(judge.case.network, gradient, "d"))]
        oracles = [np.asarray(known.oracle.J), *flat(known.oracle.gradient)]
        for name, got, oracle, unit in zip(names, [J, *flat(gradient)], oracles, units, strict=True):
            yield Observation(Tensor(name), judge.case.steps[checkpoint], exact(got), oracle, unit)


def of_steps(judge: Judge, answer: Answer, declared: Declaration) -> Iterator[Observation]:
    """Yield the cost and the params of some of the run's first steps; the units add up from step to step.

    These are the steps of LENGTHS, the first wrong one and the one before it.
    """
    case, p, p64 = judge.case, judge.precision(declared), precision("float64")
    from_rounded = answer.run.certification is Certification.LENGTHS
    grown, step = list[Matrix](), list[Observation]()
    is_wrong = shown = False
    for t, (number, before, J, after) in enumerate(answer.run.steps[:LATEST]):
        if number != t or not all(np.isfinite(a).all() for a in flat(before)):
            return
        start, oracle, theirs, own = known = judge.bounded_at(before, declared)
        gradients = zip(*map(flat, (start, oracle.gradient, theirs.gradient, own.gradient)), strict=True)
        moved, units = [], []
        for W, dW, E, E_own in gradients:
            moved.append(W - case.alpha * dW)
            E_step = step_bound(W, dW, 2 * E, case.alpha, p, from_rounded)
            units.append(E_step + step_bound(W, dW, E_own, case.alpha, p64))
        # an error in the params comes back in the next gradient: the units may grow twofold in each step
        grown = [2 * g + E for g, E in zip(grown, units, strict=True)] if grown else units
        before_it, unit_of_J = step, bounds_of_both(known)[0] * 2**t
        step = [Observation(Tensor("fit: J"), t, exact(J), np.asarray(oracle.J), unit_of_J, t + 1)]
        for (name, got, _), true, unit in zip(named(case.network, after, "fit: "), moved, grown, strict=True):
            step.append(Observation(Tensor(name), t, exact(got), true, unit, t + 1))
        first_wrong = not is_wrong and any(o.distance > 1 for o in step)
        if first_wrong and not shown:
            yield from before_it
        if shown := t + 1 in LENGTHS or first_wrong:
            yield from step
        is_wrong = is_wrong or first_wrong


def bounds_of_both(known: Known) -> list[Matrix]:
    """Return the bounds of the answer, of the oracle, and of the changed reference, which is granted the answer's."""
    theirs, own = known.theirs, known.own
    return [
        np.asarray(2 * theirs.J + own.J),
        *(2 * E + E_own for E, E_own in zip(flat(theirs.gradient), flat(own.gradient), strict=True)),
    ]


def farthest(got: Matrix, other: Matrix, unit: Matrix) -> float:
    """Return the largest distance in units; what is not finite must be the same on both sides."""
    with np.errstate(all="ignore"):
        ratio = np.abs(got - other) / unit
    alike = (got == other) | (np.isnan(got) & np.isnan(other))
    ratio = np.where(alike | ~(unit < np.inf), 0.0, np.where(np.isnan(ratio), np.inf, ratio))
    return float(ratio.max(initial=0.0))
