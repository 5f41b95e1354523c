"""What is added, or cut off, against log(0) and divisions by 0; and how large it is.

The formulas are those that people write. The size is found by bisection on the number that it moves most, and must
then give the answer's numbers at every point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.grading.diagnosis.factors import Factor
from crosscheck.grading.diagnosis.points import Point, fits
from crosscheck.grading.diagnosis.stages import Lazy, Pass
from crosscheck.mutation.rounding import shaken
from crosscheck.oracle.noise import FACTOR

Formula = Callable[[Array, Array, float], Array]  # of A[L], Y, and the epsilon

LOSSES: dict[str, Formula] = {
    "log(A + ε)": lambda A, Y, e: -(Y * np.log(A + e) + (1 - Y) * np.log(1 - A + e)),
    "A clipped to [ε, 1 - ε]": lambda A, Y, e: _entropy(np.clip(A, e, 1 - e), Y),
    "log(max(A, ε))": lambda A, Y, e: -(Y * np.log(np.maximum(A, e)) + (1 - Y) * np.log(np.maximum(1 - A, e))),
    "log(A + ε) of the first logarithm": lambda A, Y, e: -(Y * np.log(A + e) + (1 - Y) * np.log(1 - A)),
    "log(1 - A + ε) of the second logarithm": lambda A, Y, e: -(Y * np.log(A) + (1 - Y) * np.log(1 - A + e)),
    "A + ε for A": lambda A, Y, e: _entropy(A + e, Y),
}
DERIVATIVES: dict[str, Formula] = {  # of dZ[L]
    "1/(A + ε)": lambda A, Y, e: (-Y / (A + e) + (1 - Y) / (1 - A + e)) * (A * (1 - A)),
    "(A - Y)/(A (1 - A) + ε)": lambda A, Y, e: (A - Y) / (A * (1 - A) + e) * (A * (1 - A)),
    "A clipped to [ε, 1 - ε]": lambda A, Y, e: _over(np.clip(A, e, 1 - e), Y) * (A * (1 - A)),
    "A clipped to [ε, 1 - ε] throughout": lambda A, Y, e: np.clip(A, e, 1 - e) - Y,
    "1/(A + ε) of the first fraction": lambda A, Y, e: (-Y / (A + e) + (1 - Y) / (1 - A)) * (A * (1 - A)),
    "1/(1 - A + ε) of the second fraction": lambda A, Y, e: (-Y / A + (1 - Y) / (1 - A + e)) * (A * (1 - A)),
}
SIZES = np.logspace(-17, -2, 46)
NICE = (1.0, 2.0, 3.0, 5.0)


def _entropy(A: Array, Y: Array) -> Array:
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A))


def _over(A: Array, Y: Array) -> Array:
    return -Y / A + (1 - Y) / (1 - A)


def in_the_cost(points: Sequence[Point], passes: Lazy, factor: Factor) -> tuple[str, float] | None:
    """Return the formula and the size of the epsilon that gives J at every point, if one does; J times a factor."""
    if any(point.network.loss != "cross_entropy" for point in points):
        return None
    with np.errstate(all="ignore"):
        got = [float(point.got["J"]) / factor.at(point, 0) for point in points]
        effects = [_effect(point, J) for point, J in zip(points, got, strict=True)]
        k = int(np.argmax(effects))
        if effects[k] <= 1:
            return None
        for name, losses in LOSSES.items():

            def J(e: float, k: int = k, losses: Formula = losses) -> float:
                return float(losses(passes(k).A[-1], passes(k).Y, e).sum()) / points[k].m

            for e in _sizes(J, got[k]):
                if all(_is_J(p, got[j], losses, passes(j), e) for j, p in enumerate(points)):
                    return name, e
    return None


def _effect(point: Point, got: float) -> float:
    return abs(got - float(point.true["J"])) / point.strict if np.isfinite(got) and point.strict > 0 else 0.0


def _is_J(point: Point, got: float, losses: Formula, passed: Pass, e: float) -> bool:
    """Return whether this J is the answer's; near 0 and 1, A itself may be an ulp off."""
    A, Y = passed.A[-1], passed.Y
    made = losses(A, Y, e)
    moved = float(np.abs(losses(shaken(A), Y, e) - made).sum()) / point.m
    return abs(got - float(made.sum()) / point.m) <= point.strict + FACTOR * moved


def in_the_gradient(points: Sequence[Point], passes: Lazy, bias: str) -> Iterator[tuple[str, float, Lazy]]:
    """Yield formulas for dZ[L] with their sizes, by which db[L] is the answer's, and dZ[L] at each point."""
    if any(point.network.loss != "cross_entropy" for point in points):
        return
    with np.errstate(all="ignore"):
        effects = [np.abs(p.got[bias] - p.true[bias]) / p.unit[bias] for p in points]
        largest = [float(np.nan_to_num(each, nan=0.0, posinf=0.0).max()) for each in effects]
        k = int(np.argmax(largest))
        if largest[k] <= 1:
            return
        i = int(np.argmax(effects[k]))
        for name, formula in DERIVATIVES.items():

            def db(e: float, k: int = k, formula: Formula = formula) -> float:
                return float(formula(passes(k).A[-1], passes(k).Y, e)[i].sum()) / points[k].m

            for e in _sizes(db, float(points[k].got[bias].flat[i])):
                dZ = Lazy(lambda j, formula=formula, e=e: formula(passes(j).A[-1], passes(j).Y, e))
                if all(fits(p, bias, dZ(j).sum(axis=1, keepdims=True) / p.m) for j, p in enumerate(points)):
                    yield name, e, dZ


def _sizes(made: Callable[[float], float], got: float) -> Iterator[float]:
    """Yield the sizes at which a number is the one that was got, round ones first."""
    differences = [made(e) - got for e in SIZES]
    for low, high, a, b in zip(SIZES, SIZES[1:], differences, differences[1:], strict=False):
        if not a * b <= 0:
            continue
        below, left = low, a
        for _ in range(50):
            middle = float(np.sqrt(below * high))
            difference = made(middle) - got
            if left * difference <= 0:
                high = middle
            else:
                below, left = middle, difference
        found = float(np.sqrt(below * high))
        power = 10.0 ** np.floor(np.log10(found))
        near = [float(f"{n * p:.3g}") for n in NICE for p in (power, 10 * power)] + [float(np.finfo("float64").eps)]
        yield from sorted((n for n in near if 0.5 < n / found < 2), key=lambda n: abs(np.log(n / found)))
        yield found
