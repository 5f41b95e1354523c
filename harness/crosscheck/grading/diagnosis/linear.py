"""What is added to an array: a number times another array, such as a penalty of the weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.grading.diagnosis.points import Point, fits


class Added(NamedTuple):
    """A number, or a number over m."""

    size: float
    over_m: bool

    def at(self, point: Point) -> float:
        """Return its value at a point."""
        return self.size / point.m if self.over_m else self.size


def added(
    points: Sequence[Point], tensor: str, made: Callable[[int], Array], direction: Callable[[int], Array]
) -> Added | None:
    """Return what, times the direction, makes up for the difference at every point; the same number everywhere."""
    first, along = made(0), direction(0)
    got = points[0].got[tensor]
    if first is None or np.shape(first) != got.shape or np.shape(along) != got.shape:
        return None
    c = float(np.vdot(got - first, along) / np.vdot(along, along))
    if len(points) < 2 or not np.isfinite(c) or c == 0:
        return None
    for form in (Added(c, False), Added(c * points[0].m, True)):
        short = form._replace(size=float(f"{form.size:.4g}"))
        for each in (short, form):
            if all(_fits(point, tensor, made(k), each.at(point), direction(k)) for k, point in enumerate(points)):
                return each
    return None


def _fits(point: Point, tensor: str, made: Array, c: float, direction: Array) -> bool:
    return made is not None and direction is not None and fits(point, tensor, made + c * direction)
