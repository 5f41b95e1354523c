"""What the numbers bear out of what is said of a place. A claim that they do not bear out is not made.

A number within its bound is right for the verdict. That it is right says something of the mistake only if the mistake
would have shown in it: if even a SHARP-th of the error beside it lies above its bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Declaration

from crosscheck.core.dtypes import finfo
from crosscheck.core.records import Answer, Certification, Comparison, Step, Tensor
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.location import Location, Part
from crosscheck.judge.steps import certify

SHARP = 1000.0
OF_FIT = (Part.FIT, Part.FIT_WEIGHTS, Part.FIT_BIASES, Part.FIT_COSTS)


class WrongSteps(NamedTuple):
    """Which steps of `fit` leave their bound: the first, and how many out of those seen.

    onward: all that are seen from the first on. whole: every step of the run is seen.
    """

    first: int
    wrong: int
    seen: int
    onward: bool
    whole: bool


class Grounds(NamedTuple):
    """What holds beside a place of divergence.

    J, later, others: J, the gradients of the later layers, and every dW or every db that is not wrong are right, and
    would show it if they were not; J at every point. forward: J is so, and somewhere hangs on X, every A[l] and every
    b[l]. plain_dZ: dZ[L] is A[L] - Y.
    bounded: every number of J and of the gradients has a bound. steps: the wrong ones, of params, or of costs where
    these are all that is wrong. costs: whether some of fit's costs are wrong too. lengths: the steps are seen by runs
    of other lengths. repeated: a repeated fit gave another answer. borrowed: fit is the harness's own loop.
    """

    J: bool = True
    forward: bool = False
    later: bool = True
    others: bool = True
    plain_dZ: bool = True
    bounded: bool = True
    steps: WrongSteps | None = None
    costs: bool = False
    lengths: bool = False
    repeated: bool = False
    borrowed: bool = False


def grounds(
    judge: Judge, answer: Answer, under: Declaration, comparisons: Sequence[Comparison], location: Location
) -> Grounds:
    """Return what holds beside the place, given all comparisons."""
    network = judge.case.network
    lockstep = [c for c in comparisons if not c.tensor.of_fit]
    here = Grounds(
        plain_dZ=network.loss == "cross_entropy" or network.g[-1] == "linear",
        bounded=not any(c.undefined for c in lockstep),
    )
    if location.part in OF_FIT:
        return _of_fit(judge, answer, under, here, location)
    t = min((c.iteration for c in lockstep if c.outside), default=0)
    now = [c for c in lockstep if c.iteration == t]
    wrong = [c for c in now if c.outside]
    size = min((_size(c, judge.case.dtype) for c in wrong if c.tensor.layer == location.layer), default=0.0)
    kinds = {c.tensor.kind for c in wrong}
    costs = [c for c in lockstep if c.tensor.kind == "J"]
    J = _right((c for c in now if c.tensor.kind == "J"), size) and not any(c.outside for c in costs)
    return here._replace(
        J=J,
        forward=J and any(_hangs_on_everything(judge, under, c.iteration, size) for c in costs if _right([c], size)),
        later=_right((c for c in now if c.tensor.layer > location.layer), size),
        others=_right((c for c in now if c.tensor.kind != "J" and c.tensor.kind not in kinds), size),
    )


def _size(c: Comparison, dtype: str) -> float:
    """Return how large an error is, as a share of the tensor's largest number, or somewhat less."""
    eps = float(finfo(dtype).eps)
    return np.inf if c.ulps is None else min(1.0, c.ulps * eps / 2)


def _right(some: Iterable[Comparison], size: float) -> bool:
    """Return whether comparisons are all right, and would show a SHARP-th of an error of this size."""
    return all(c.bounded and not c.outside and not c.undefined and SHARP * c.resolution <= size for c in some)


def _hangs_on_everything(judge: Judge, under: Declaration, t: int, size: float) -> bool:
    """Return whether J would show a SHARP-th of such an error in X, in any A[l] or any b[l]; at 0 it does not."""
    if judge.case.source is not None:  # A and dZ are not kept
        return False
    known = judge.at_checkpoint(judge.case.steps.index(t), under)
    bound, m = float(known.theirs.J + known.own.J), judge.case.X.shape[1]
    for layer, A, dZ in zip(known.params, known.oracle.A, known.oracle.dZ, strict=False):
        for product in (A * (layer.W.T @ dZ), layer.b * dZ):
            if not min(size, 1.0) * float(np.abs(product).sum()) / m >= SHARP * bound:
                return False
    return True


def _of_fit(judge: Judge, answer: Answer, under: Declaration, here: Grounds, location: Location) -> Grounds:
    run = answer.run
    wrong: dict[int, set[str]] = {}
    for step in run.steps:
        for tensor in _outside(judge, answer, under, step):
            wrong.setdefault(step.t, set()).add(tensor.kind)
    costs_alone = location.part is Part.FIT_COSTS
    numbers = sorted(t for t, kinds in wrong.items() if costs_alone or kinds - {"J"})
    seen = sorted({step.t for step in run.steps})
    steps = None
    if numbers:
        onward = [t for t in seen if t >= numbers[0]] == numbers
        steps = WrongSteps(numbers[0], len(numbers), len(seen), onward, len(seen) == run.iterations)
    return here._replace(
        steps=steps,
        costs=not costs_alone and any("J" in kinds for kinds in wrong.values()),
        lengths=run.certification is Certification.LENGTHS,
        repeated=run.certification is Certification.IRREPRODUCIBLE,
        borrowed=run.borrowed,
    )


def _outside(judge: Judge, answer: Answer, under: Declaration, step: Step) -> list[Tensor]:
    """Return what of one step is outside its bound."""
    alone = answer._replace(run=answer.run._replace(steps=[step]))
    return [c.tensor for c in certify(judge, alone, under) if c.outside and c.iteration == step.t]
