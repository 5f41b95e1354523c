"""What is added, or cut off, against log(0) and divisions by 0; and how large it is.

The formulas are those that people write. The size is found by bisection on the number that it moves most, and must
then give the answer's numbers at every point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.grading.diagnosis.closeness import BESIDE_AN_EPSILON
from crosscheck.grading.diagnosis.factors import EVERY, ONE, Factor
from crosscheck.grading.diagnosis.points import Point, fits
from crosscheck.grading.diagnosis.stages import Lazy, Pass
from crosscheck.mutation.rounding import shaken
from crosscheck.oracle.noise import FACTOR
from crosscheck.oracle.reference import RIGHT

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
    if len(points) < 2 or any(point.network.loss != "cross_entropy" for point in points):
        return None
    with np.errstate(all="ignore"):
        got = [float(point.got["J"]) / factor.at(point, 0) for point in points]
        base = [float(RIGHT.J(p.network, passes(k).A, passes(k).Z, passes(k).Y)) for k, p in enumerate(points)]
        effects = [_effect(*each) for each in zip(points, got, base, strict=True)]
        k = int(np.argmax(effects))
        if effects[k] <= 1:
            return None
        fitting: list[tuple[str, float]] = []
        for name, losses in LOSSES.items():

            def J(e: float, k: int = k, losses: Formula = losses) -> float:
                return float(losses(passes(k).A[-1], passes(k).Y, e).sum()) / points[k].m

            for e in _sizes(J, got[k]):
                if all(_is_J(p, got[j], losses, passes(j), e) for j, p in enumerate(points)):
                    fitting.append((name, e))
                    break
    if not fitting:
        return None
    return fitting[0] if len(fitting) == 1 else ("", fitting[0][1])  # which of them it is, the numbers do not tell


def _effect(point: Point, got: float, without: float) -> float:
    return abs(got - without) / point.strict if np.isfinite(got) and point.strict > 0 else 0.0


def _is_J(point: Point, got: float, losses: Formula, passed: Pass, e: float) -> bool:
    """Return whether this J is the answer's; near 0 and 1, A itself may be an ulp off."""
    A, Y = passed.A[-1], passed.Y
    made = losses(A, Y, e)
    moved = float(np.abs(losses(shaken(A), Y, e) - made).sum()) / point.m
    return abs(got - float(made.sum()) / point.m) <= point.strict + FACTOR * moved


def in_the_gradient(points: Sequence[Point], passes: Lazy, L: int) -> Iterator[tuple[str, float, Lazy]]:
    """Yield formulas for dZ[L] with their sizes, and dZ[L] at each point, by which dW[L] or db[L] is the answer's.

    Up to a factor: their own lines may be wrong besides.
    """
    if len(points) < 2 or any(point.network.loss != "cross_entropy" for point in points):
        return
    if any(passes(k).A[-1].shape != passes(k).Y.shape for k in range(len(points))):  # a forward pass of its own
        return
    for tensor in (f"db{L}", f"dW{L}"):
        found = False
        for name, size, dZ in _in(points, passes, tensor):
            found = True
            yield name, size, dZ
        if found:
            return


def _at(passes: Lazy, formula: Formula, e: float, k: int) -> Array:
    return formula(passes(k).A[-1], passes(k).Y, e)


def _in(points: Sequence[Point], passes: Lazy, tensor: str) -> Iterator[tuple[str, float, Lazy]]:
    L = points[0].network.L
    bias = tensor.startswith("db")

    def made(k: int, dZ: Array) -> Array:
        product = dZ.sum(axis=1, keepdims=True) if bias else dZ @ passes(k).A[-2].T
        return np.asarray(product / points[k].m)

    sizes = [float(np.vdot(p.got[tensor], p.true[tensor]) / np.vdot(p.true[tensor], p.true[tensor])) for p in points]
    near = [each for each in EVERY if sizes[0] and abs(each.at(points[0], L) / sizes[0] - 1) < BESIDE_AN_EPSILON]
    for factor in (ONE, *near):
        got = [p.got[tensor] / factor.at(p, L) for p in points]
        effects = [np.abs(g - p.true[tensor]) / p.unit[tensor] for g, p in zip(got, points, strict=True)]
        largest = [float(np.nan_to_num(each, nan=0.0, posinf=0.0).max()) for each in effects]
        k = int(np.argmax(largest))
        if largest[k] <= 1:
            continue
        i = int(np.argmax(effects[k]))
        for name, formula in DERIVATIVES.items():

            def one(e: float, k: int = k, i: int = i, formula: Formula = formula) -> float:
                return float(made(k, formula(passes(k).A[-1], passes(k).Y, e)).flat[i])

            for e in _sizes(one, float(got[k].flat[i])):
                dZ = Lazy(partial(_at, passes, formula, e))
                if all(fits(p, tensor, factor.at(p, L) * made(j, dZ(j))) for j, p in enumerate(points)):
                    yield name, e, dZ
                    return


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
