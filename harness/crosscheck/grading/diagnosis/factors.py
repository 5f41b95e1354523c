"""By what factor one array is another: a number, or a size of the problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Network

from crosscheck.grading.diagnosis.closeness import CANDIDATE, DIGITS
from crosscheck.grading.diagnosis.points import Point, fits

Size = Callable[[Network, int, int], float]  # of a network, m, and the layer, 0 for J

SIZES: dict[str, Size] = {
    "1": lambda network, m, l: 1.0,
    "m": lambda network, m, l: float(m),
    "1/m": lambda network, m, l: 1 / m,
    "1/m²": lambda network, m, l: 1 / m**2,
    "m/n[0]": lambda network, m, l: m / network.n[0],
    "m/(m - 1)": lambda network, m, l: m / (m - 1) if m > 1 else np.inf,
    "n[L]": lambda network, m, l: network.n[-1],
    "1/n[L]": lambda network, m, l: 1 / network.n[-1],
    "m/n[L]": lambda network, m, l: m / network.n[-1],
    "n[0]": lambda network, m, l: network.n[0],
    "1/n[0]": lambda network, m, l: 1 / network.n[0],
    "n[l]": lambda network, m, l: network.n[l],
    "1/n[l]": lambda network, m, l: 1 / network.n[l],
    "n[l-1]": lambda network, m, l: network.n[max(l - 1, 0)],
    "1/n[l-1]": lambda network, m, l: 1 / network.n[max(l - 1, 0)],
    "m/n[l]": lambda network, m, l: m / network.n[l],
    "m/n[l-1]": lambda network, m, l: m / network.n[max(l - 1, 0)],
}
NUMBERS = (1.0, 2.0, 0.5, -1.0, -2.0, -0.5)


class Factor(NamedTuple):
    """A number times a size of the problem, by its name in SIZES."""

    number: float
    size: str = "1"

    def at(self, point: Point, layer: int) -> float:
        """Return its value at a point, for a tensor of this layer."""
        return self.number * SIZES[self.size](point.network, point.m, layer)

    @property
    def cost(self) -> float:
        """How much it takes to say it: what is simple is likelier. A constant in the place of m is one mistake."""
        if self.constant:
            return 1
        return (self.number != 1) * (1 if abs(self.number) in (0, 1, 2, 0.5) else 1.5) + (self.size != "1")

    @property
    def constant(self) -> int:
        """The whole number, 3 or more, that what is to be divided by m is divided by, as 400 for m / 400; 0 if none."""
        whole = round(1 / self.number) if self.size == "m" and 0 < self.number < 0.4 else 0
        return whole if whole and abs(self.number * whole - 1) < CANDIDATE else 0


ONE = Factor(1.0)
NOTHING = Factor(0.0)
FREE = ("1", "m", "1/m")  # sizes that any other number may stand before
EVERY = [Factor(number, size) for size in SIZES for number in NUMBERS][1:]


@lru_cache
def values(network: Network, m: int, layer: int) -> Array:
    """Return the value of each of EVERY, for a tensor of this layer."""
    return np.array([number * SIZES[size](network, m, layer) for number, size in EVERY])


def factors(points: Sequence[Point], tensor: str, layer: int, made: Callable[[int], Array]) -> Iterator[Factor]:
    """Yield the factors by which what is made at each point is the answer's, ONE alone if that is one."""
    if np.shape(made(0)) != points[0].got[tensor].shape or not any(map(_is_a_number, points)):
        return  # of an answer without a number nothing can be told: NaN comes about in many ways
    off = next((k for k, point in enumerate(points) if not fits(point, tensor, made(k))), None)
    if off is None:
        yield ONE
        return
    point, first = points[off], made(off)
    ratio = _ratio(point.got[tensor], first) if np.shape(first) == point.got[tensor].shape else None
    if ratio is None or not fits(point, tensor, ratio * first) or (tensor == "J" and not _varies(points, made)):
        return
    near = np.abs(values(point.network, point.m, layer) / ratio - 1) < CANDIDATE
    left = [EVERY[i] for i in np.flatnonzero(near)]
    if len(points) > 1:
        sizes = {size: Factor(1.0, size).at(point, layer) for size in FREE}
        left += [Factor(number, size) for size, value in sizes.items() for number in _rounded(ratio / value)]
    for k, point in enumerate(points):
        if not left:
            return
        array = np.asarray(made(k))
        left = [each for each in left if fits(point, tensor, each.at(point, layer) * array)]
    yield from dict.fromkeys(left)


def _is_a_number(point: Point) -> bool:
    """Return whether any entry of the answer at a point is finite."""
    return any(np.isfinite(array).any() for array in point.got.values())


def _varies(points: Sequence[Point], made: Callable[[int], Array]) -> bool:
    """Return whether a number is not the same everywhere; of one that is, anything is a multiple."""
    first = float(made(0))
    return len(points) == 1 or any(abs(float(made(k)) / first - 1) > CANDIDATE for k in range(1, len(points)))


def _ratio(got: Array, made: Array) -> float | None:
    size = float(np.vdot(made, made))
    ratio = float(np.vdot(got, made)) / size if size > 0 else np.nan
    return ratio if np.isfinite(ratio) and ratio != 0 else None


def _rounded(ratio: float) -> list[float]:
    """Return the numbers that this may be, what is simple first: one over a whole number, of few digits, itself."""
    short, whole = float(f"{ratio:.{DIGITS}g}"), round(1 / ratio)
    simple = [1 / whole] if whole else []
    return [*(each for each in (*simple, short) if abs(each / ratio - 1) < CANDIDATE), ratio]
