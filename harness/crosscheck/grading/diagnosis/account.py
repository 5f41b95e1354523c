"""What an account of an answer is: the slips that make its numbers what they are, and how much it takes to say them.

What is wrong in one line costs 1, as does each further mistake; the same mistake in another layer costs less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.grading.diagnosis.factors import ONE, Factor, factors
from crosscheck.grading.diagnosis.linear import Added
from crosscheck.grading.diagnosis.points import Point
from crosscheck.grading.diagnosis.stages import Option, Stage, options

UNEXPLAINED = 3.0  # what a tensor costs that nothing explains: more than two mistakes
AGAIN = 0.25  # what a mistake costs that is made in another layer too
FACTOR = 1.01  # a known mistake before a mere factor


class Special(StrEnum):
    """What is no slip of a line: the name of something that is added, with a size."""

    EPSILON = "epsilon"
    PENALTY = "penalty of the weights"
    EARLY = "updated too early"
    FEW = "one step too few"
    LATE = "gradient taken too late"


class Slip(NamedTuple):
    """A mistake in one line: of a stage, in a layer; a known one, or a factor, or something special of a certain size.

    formula: where it stands, for an epsilon; of the weights' penalty, whether it is over m.
    """

    stage: Stage
    layer: int
    option: Option
    factor: Factor = ONE
    special: Special | None = None
    formula: str = ""
    size: float = 0.0
    also: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """The same in another layer is the same mistake."""
        return self.stage, self.option.mutant, self.factor, self.special

    @property
    def cost(self) -> float:
        """How many mistakes it is."""
        return self.option.cost + FACTOR * self.factor.cost + (self.special is not None)


class Account(NamedTuple):
    """How the answer's numbers come about: what it costs, the slips, and the tensors that are left unexplained.

    seen: for each tensor that is explained, the slips that it shows.
    """

    cost: float = 0.0
    slips: tuple[Slip, ...] = ()
    unexplained: tuple[str, ...] = ()

    def and_(self, other: Account) -> Account:
        """Return both; a slip that is in both kinds of lines is cheaper the second time."""
        known = {slip.key for slip in self.slips}
        saved = sum((1 - AGAIN) * slip.cost for slip in other.slips if slip.key in known)
        return Account(self.cost + other.cost - saved, self.slips + other.slips, self.unexplained + other.unexplained)


Made = Callable[[int], Array]
RIGHT = options(Stage.FORWARD)[0]


def in_its_line(
    points: Sequence[Point], tensor: str, stage: Stage, layer: int, make: Callable[[Option], Made]
) -> tuple[Slip, ...] | None:
    """Return the cheapest slip in a tensor's own line that explains it, alone; () if it is right; None if none is."""
    best, found = np.inf, list[Slip]()
    for option in options(stage):
        if option.cost > best:
            break
        for factor in factors(points, tensor, layer, make(option)):
            slip = Slip(stage, layer, option, factor)
            if slip.cost < best:
                best, found = slip.cost, []
            if slip.cost == best:
                found.append(slip)
    if not found:
        return None
    if best == 0:
        return ()
    first, *others = found
    also = dict.fromkeys(slip.option.mutant.name for slip in others if slip.option.mutant)
    own = "" if first.option.mutant is None else first.option.mutant.name
    return (first._replace(also=tuple(name for name in also if name != own)),)


def penalty(stage: Stage, layer: int, found: Added) -> Slip:
    """Return the slip of a penalty of the weights."""
    return Slip(stage, layer, RIGHT, ONE, Special.PENALTY, "over m" if found.over_m else "", found.size)
