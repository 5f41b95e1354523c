"""Where an answer is held against a hypothesis: the problems and the parameters at which both can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Network, Params

from crosscheck.core.records import Answer, flat
from crosscheck.grading.diagnosis.closeness import FAR, U
from crosscheck.grading.probe import FORMULATIONS, declared
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.observations import bounds_of_both
from crosscheck.oracle.float64 import Matrix, exact

TINY = float(np.finfo("float64").tiny)
KINKED = ("relu", "leaky_relu")


class Point(NamedTuple):
    """One problem at some parameters, with J and every dW and db by their names.

    got: the answer's. true: the oracle's. unit: what rounding can do to it, in whatever form it is written; inf where
    some form has no value there. degenerate: it proves nothing by itself: one example, one class, or weights of 0.
    place, size: of the oracle's largest entry. after: the params that a step has led to, where it stands for one.
    """

    problem: str
    network: Network
    params: Params
    X: Array
    Y: Array
    got: dict[str, Matrix]
    true: dict[str, Matrix]
    unit: dict[str, Matrix]
    degenerate: bool
    strict: float  # the unit of J where it is computed from the logits, which is finite everywhere
    place: dict[str, int]
    size: dict[str, float]
    after: Params | None = None

    @property
    def m(self) -> int:
        """The number of examples."""
        return int(self.X.shape[1])

    def share(self, tensor: str) -> float:
        """Return what rounding can do as a share of a number: as of the largest entry, or of a sum of so many terms."""
        if self.size[tensor] > 0:
            return float(self.unit[tensor].item(self.place[tensor]) / self.size[tensor])
        return 2 * U * (self.m + max(self.network.n))

    def wrong(self, tensor: str) -> bool:
        """Return whether a tensor of the answer lies outside what rounding can do."""
        return not fits(self, tensor, self.true[tensor])


def fits(point: Point, tensor: str, made: Array) -> bool:
    """Return whether an array is the answer's, up to rounding, which grows with the array."""
    got, unit, place, size = point.got[tensor], point.unit[tensor], point.place[tensor], point.size[tensor]
    made = np.asarray(made)
    if made.shape != got.shape:
        return False
    one = made.item(place)
    if abs(one) < FAR * size and abs(got.item(place) - one) > FAR * unit.item(place):
        return False  # most hypotheses are far off, and one entry shows it
    with np.errstate(all="ignore"):
        largest = np.abs(made).max()
        if size > 0 and largest > size and np.isfinite(largest):
            unit = unit * (largest / size)
        nothing = (unit < TINY) & (made != 0)  # where the right number is exactly 0, its bound says nothing of another
        unit = np.where(nothing, point.share(tensor) * np.abs(made), unit) if nothing.any() else unit
        alike = (got == made) | (np.isnan(got) & np.isnan(made))
        return bool((alike | (np.abs(got - made) <= unit) | ~(unit < np.inf)).all())


def saturated(point: Point) -> bool:
    """Return whether J is a number where logarithms have none, and not the right one."""
    J = float(point.got["J"])
    return not np.isfinite(point.unit["J"]) and np.isfinite(J) and abs(J - float(point.true["J"])) > point.strict


def names(network: Network) -> list[str]:
    """Return J, dW1, db1, dW2, ..."""
    return ["J", *(f"d{kind}{l}" for l in range(1, network.L + 1) for kind in "Wb")]


def points_of(judging: Judge, answer: Answer, kinks: bool = False) -> Iterator[Point]:
    """Yield the points of one answer. At a kink either derivative may be meant, so that none is there; kinks: only
    those where some Z is exactly 0, and none merely near to it.
    """
    case = judging.case
    network = case.network
    seen = set[int]()
    for checkpoint, (J, gradient) in zip(answer.checkpoints, answer.gradients, strict=True):
        if checkpoint in seen:  # asked for once more, to see whether the answer is the same
            continue
        seen.add(checkpoint)
        knowns = [
            judging.at_checkpoint(checkpoint, declared(each, case)._replace(relu_grad_at_zero=(), flushes=False))
            for each in FORMULATIONS
        ]
        oracle = knowns[0].oracle
        at_kink = any(name in KINKED and bool((Z == 0).any()) for name, Z in zip(network.g, oracle.Z, strict=True))
        if at_kink is not kinks or any(known.theirs.straddles_zero for known in knowns):
            continue
        units = [np.maximum.reduce(each) for each in zip(*map(bounds_of_both, knowns), strict=True)]
        every = names(network)
        params = case.checkpoints[checkpoint]
        true = dict(zip(every, map(exact, [np.asarray(oracle.J), *flat(oracle.gradient)]), strict=True))
        place = {name: int(np.abs(array).argmax()) for name, array in true.items()}
        yield Point(
            case.problem, network, params, case.X, case.Y,
            dict(zip(every, map(exact, [J, *flat(gradient)]), strict=True)),
            true,
            dict(zip(every, units, strict=True)),
            case.X.shape[1] == 1 or bool((case.Y.flat[0] == case.Y).all()) or not all(W.any() for W, _ in params),
            float(bounds_of_both(knowns[0])[0]), place,
            {name: abs(array.item(place[name])) for name, array in true.items()},
        )  # fmt: skip


def in_order(points: Sequence[Point]) -> list[Point]:
    """Return the points that tell most for least first: not degenerate, one output, no bias of 0, few numbers."""
    return sorted(points, key=_order)


def _order(point: Point) -> tuple[bool, bool, bool, int]:
    no_bias = not all(b.any() for _, b in point.params)
    return point.degenerate, point.network.n[-1] > 1, no_bias, point.X.size
