"""Whether a changed reference takes every step as an answer's `fit` does, the wrong ones as the right ones.

The first steps alone would let a step that is left out at random pass for one that is left out every seventh time.
Runs drift apart by rounding, so no number of one is compared with the other's: what is compared is how far each step
goes from where the oracle would, from the same params.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

import numpy as np
from crosscheck_impls.interface import Declaration

from crosscheck.core.records import Answer, Certification, Run, Step, flat
from crosscheck.judge.elementwise import Judge
from crosscheck.mutation.build import VARIANT, framework
from crosscheck.mutation.mutant import Mutant
from crosscheck.oracle.error_bound import precision, step_bound
from crosscheck.oracle.float64 import Matrix, exact
from crosscheck.runner.collect import record

ALIKE = 0.01  # of the largest error of a step may differ, since the params before it do by rounding


def same_steps(judge: Judge, answer: Answer, declared: Declaration, mutant: Mutant) -> int:
    """Return how many steps the changed reference takes as the answer's run does, if all that are seen; else 0."""
    case, run = judge.case, answer.run
    try:
        with np.errstate(all="ignore"):
            made, *_ = record(framework(mutant), VARIANT, case, case.checkpoints[0], case.X, case.Y, run.iterations)
            if [step.t for step in made.steps] != [step.t for step in run.steps]:
                return 0
            for own, other in zip(_errors(judge, run, declared), _errors(judge, made, declared), strict=True):
                for (error, unit), (same, granted) in zip(own, other, strict=True):
                    far = np.abs(error - same) > unit + granted + ALIKE * np.abs(same).max(initial=0.0)
                    if far.any():
                        return 0
    except Exception:  # a mutant may break anything
        return 0
    return len({step.t for step in run.steps})


def _errors(judge: Judge, run: Run, declared: Declaration) -> Iterator[list[tuple[Matrix, Matrix]]]:
    """Yield, for each step from finite params, how far J and each array are from the oracle, and the bound."""
    case, p, p64 = judge.case, judge.precision(declared), precision("float64")
    from_rounded = run.certification is Certification.LENGTHS
    for _, before, J, after in takewhile(_is_finite, run.steps):
        start, oracle, theirs, own = judge.bounded_at(before, declared)
        found = [(exact(J) - oracle.J, np.asarray(theirs.J + own.J))]
        everything = zip(*map(flat, (after, start, oracle.gradient, theirs.gradient, own.gradient)), strict=True)
        for got, W, dW, E, E_own in everything:
            E_step = step_bound(W, dW, E, case.alpha, p, from_rounded) + step_bound(W, dW, E_own, case.alpha, p64)
            found.append((exact(got) - (W - case.alpha * dW), E_step))
        yield found


def _is_finite(step: Step) -> bool:
    return all(np.isfinite(array).all() for array in flat(step.before))
