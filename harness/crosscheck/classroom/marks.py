"""From parts that are right to points."""

from __future__ import annotations

from typing import NamedTuple

from crosscheck.classroom.judging import Graded
from crosscheck.classroom.weights import Weights
from crosscheck.grading.facts import PREDICTIONS, TRAINING, Part

APART = ("J", TRAINING, PREDICTIONS)  # the parts with a weight of their own


class Mark(NamedTuple):
    """A part's points, of so many."""

    got: float
    of: float


def marks(graded: Graded, by: Weights) -> dict[str, Mark]:
    """Return the points of each part; they are of `by.points` together. Nothing where nothing could be compared."""
    tensors = [name for name in graded.parts if name not in APART]
    if not graded.parts:
        return {}
    shares = {"J": by.weights["J"], **{name: by.weights["gradients"] / len(tensors) for name in tensors}}
    shares |= {
        name: by.weights[name] for name in (TRAINING, PREDICTIONS) if name in graded.parts or by.missing == "zero"
    }
    whole = sum(shares.values())
    points = {name: by.points * (share / whole) if whole else 0.0 for name, share in shares.items()}
    return {name: Mark(of * _right(graded.parts.get(name, Part(0, 1)), by), of) for name, of in points.items()}


def total(graded: Graded, by: Weights) -> float:
    """Return the points of all parts."""
    return sum(mark.got for mark in marks(graded, by).values())


def _right(part: Part, by: Weights) -> float:
    return part.right / part.asked if by.partial and part.asked else float(part.whole)
