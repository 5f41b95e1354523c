"""The first step of somebody's own training, as the gradient that it implies: (before - after) / alpha.

Held against the program's own gradient, it tells the update's mistakes from those of the gradient, whatever these are;
held against the right one, where a program returns no gradient, it is diagnosed as a gradient is. What rounding does to
the step, divided by alpha, is granted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from crosscheck_impls.interface import Array, Params

from crosscheck.core.records import Answer, Certification, Step, flat
from crosscheck.grading.diagnosis.points import Point, names, points_of
from crosscheck.judge.elementwise import Judge
from crosscheck.oracle.error_bound import precision, step_bound
from crosscheck.oracle.float64 import Matrix, exact

COSTS = 3  # of a run: the parameters have moved by then
SUBTRACTED = 2  # roundings of (before - after) / alpha, of ours, each half an ulp of what comes out


def moves_of(judging: Judge, answer: Answer, own: bool) -> Iterator[Point]:
    """Yield the first step of a run as a point. own: held against the answer's own gradient, else the right one."""
    case = judging.case
    first = _first(answer, case.checkpoints[0])
    if first is None or 0 not in answer.checkpoints:
        return
    for point in points_of(judging, answer._replace(checkpoints=[0], gradients=[_at_start(answer)])):
        held = point.got if own else point.true
        if not all(np.isfinite(array).all() for array in held.values()):
            return
        got, unit = {"J": point.true["J"]}, {"J": point.unit["J"]}
        pairs = zip(names(point.network)[1:], flat(first.before), flat(first.after), strict=True)
        for name, before, after in pairs:
            got[name], unit[name] = _implied(point, name, held[name], before, after, case.alpha, answer, case.dtype)
        place = {name: int(np.abs(array).argmax()) for name, array in held.items()}
        size = {name: abs(array.item(place[name])) for name, array in held.items()}
        yield point._replace(got=got, true=held, unit=unit, place=place, size=size, after=first.after)


def one_later(answer: Answer) -> Answer:
    """Return an answer whose second step stands for its first, as where the last one of a run is not made."""
    second = [step._replace(t=0) for step in answer.run.steps if step.t == 1]
    return answer._replace(run=answer.run._replace(steps=second))


def costs_of(judging: Judge, answer: Answer) -> Iterator[Point]:
    """Yield some steps of a run as points, each its J the cost reported of the parameters before it."""
    case, run = judging.case, answer.run
    if run.certification in (Certification.MISCOUNTED, Certification.IRREPRODUCIBLE):
        return
    for step in run.steps[:COSTS]:
        if np.isfinite(step.J).all() and all(np.isfinite(array).all() for array in flat(step.before)):
            there = Judge(case._replace(checkpoints=(step.before,), steps=(step.t,)))
            _, gradient = _at_start(answer)  # of which nothing is asked
            yield from points_of(there, answer._replace(checkpoints=[0], gradients=[(step.J, gradient)]))


def _at_start(answer: Answer) -> tuple[Array, Params]:
    return answer.gradients[answer.checkpoints.index(0)]


def _first(answer: Answer, start: Params) -> Step | None:
    """Return the first step of a run, if it was seen, from these very parameters."""
    run = answer.run
    if run.certification is Certification.MISCOUNTED:
        return None
    first = next((step for step in run.steps if step.t == 0), None)
    if first is None or not all(map(np.array_equal, flat(first.before), flat(start))):
        return None
    return first if all(np.isfinite(array).all() for array in flat(first.after)) else None


def _implied(
    point: Point, name: str, held: Matrix, before: Array, after: Array, alpha: float, answer: Answer, dtype: str
) -> tuple[Matrix, Matrix]:
    """Return (before - after) / alpha, and what rounding can do to it; `held` is what it is held against."""
    p, W = precision(dtype), exact(before)
    largest, right = float(np.abs(held).max()), float(np.abs(point.true[name]).max())
    E = point.unit[name] * max(1.0, largest / right if right > 0 else 1.0)
    with np.errstate(all="ignore"):
        made = (W - exact(after)) / alpha
        rounded = step_bound(W, held, E, alpha, p, answer.run.certification is Certification.LENGTHS)
        own = SUBTRACTED * precision("float64").u * np.abs(made)
        return made, rounded / alpha + own


def sharpest_first(points: Sequence[Point]) -> list[Point]:
    """Return the points at which a step says most of its gradient first."""

    def blunt(point: Point) -> float:
        every = [name for name in names(point.network) if name != "J" and point.size[name] > 0]
        return max((point.unit[name].item(point.place[name]) / point.size[name] for name in every), default=np.inf)

    return sorted(points, key=lambda point: (point.network.n[-1] > 1, blunt(point)))
