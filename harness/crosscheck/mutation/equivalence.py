"""Is a mutant one at all on this problem? The reference, right and changed, over exact numbers.

The reference follows its arrays' type, so it also runs over Arb's balls (python-flint), where a result comes with a
proof of how far it may be from the exact one. Two results whose balls agree to DIGITS digits are the same for any
float; two that are apart by more than their radii are different, and by how much is the size of the mutant.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Layer, Params

from crosscheck.core.records import Case, flat
from crosscheck.mutation.build import HELPERS, SOURCE, framework
from crosscheck.mutation.mutants import MUTANTS, Mutant

BITS, DIGITS = 512, 100
STEPS = 2  # of `fit` over balls


def rounds(mutant: Mutant) -> bool:
    """Return whether a mutant only rounds: over exact numbers it says nothing, its bits say all."""
    names = set(HELPERS) - {"rate"}
    return (
        any(f"{name}(" in new for _, new in mutant.changes for name in names) or "np.float32(" in mutant.changes[0][1]
    )


def reached(case: Case) -> set[str]:
    """Return the names of the mutants of which a changed line is executed on this case: traced, not guessed."""
    lines: set[int] = set()
    code = framework().gradients["mutated"].__code__.co_filename  # type: ignore[attr-defined]

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != code:
            return None
        lines.add(frame.f_lineno)
        return trace

    right = framework()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        right.fit("mutated", case.network, case.checkpoints[0], case.X, case.Y, case.alpha, 1)
        right.predict(case.network, case.checkpoints[0], case.X)
    finally:
        sys.settrace(before)
    return {mutant.name for mutant in MUTANTS if any(lines & set(_lines(old)) for old, _ in mutant.changes)}


def _lines(old: str) -> range:
    start = SOURCE.index(old)
    first = SOURCE.count("\n", 0, start) + 1
    return range(first, first + old.strip("\n").count("\n") + 1)


class Exact:
    """The right reference's exact results on one case, and how far a mutant's are from them.

    points: where J and the gradients are compared; if none, the first steps of `fit` are.
    """

    def __init__(self, case: Case, points: list[int]) -> None:
        self.case, self.checkpoints = case, points
        self._right: list[Array] | None = None

    def differs(self, mutant: Mutant, unit: list[Array]) -> float | None:
        """Return the largest difference that the mutant makes, in the units given; 0 if none; None if undecided."""
        import flint

        before, flint.ctx.prec = flint.ctx.prec, BITS
        try:
            if self._right is None:
                self._right = list(self._results(None))
            made = list(self._results(mutant))
        finally:
            flint.ctx.prec = before
        if self._undecided():
            return None
        largest = 0.0
        for right, wrong, S in zip(self._right, made, unit, strict=True):
            apart = np.vectorize(_apart, otypes=[float])(np.asarray(wrong), np.asarray(right))
            if (apart > 0).any():
                with np.errstate(all="ignore"):
                    largest = max(largest, float((apart / S).max()), sys.float_info.min)
        return largest

    def _results(self, mutant: Mutant | None) -> Iterator[Array]:
        case, made = self.case, framework(mutant)
        X, Y = balls(case.X), balls(case.Y)
        for point in self.checkpoints:
            J, gradient = made.gradients["mutated"](case.network, _balls(case.checkpoints[point]), X, Y)
            yield from map(np.asarray, (J, *flat(gradient)))
        if not self.checkpoints:
            trained, costs = made.fit("mutated", case.network, _balls(case.checkpoints[0]), X, Y, case.alpha, STEPS)
            yield np.array([np.asarray(J).item() for J in costs], dtype=object)
            yield from map(np.asarray, flat(trained))

    def _undecided(self) -> bool:
        """Return whether some Z may or may not be 0: then a ball does not say on which side of the kink it lies."""
        case = self.case
        if not {"relu", "leaky_relu"} & set(case.network.g):
            return False
        for point in self.checkpoints:
            _, Z = framework().forward(case.network, _balls(case.checkpoints[point]), balls(case.X))
            if any(z.contains(0) and z != 0 for layer in Z for z in layer.ravel()):
                return True
        return False


class Balls(np.ndarray[Any, Any]):
    """An array of balls whose products are Arb's own, which are many times faster than Python's."""

    def __matmul__(self, other: Any) -> Any:
        """(n, k) @ (k, m)."""
        import flint

        product = flint.arb_mat(self.tolist()) * flint.arb_mat(other.tolist())
        return np.array(product.entries(), dtype=object).reshape(self.shape[0], other.shape[1]).view(Balls)

    def __rmatmul__(self, other: Any) -> Any:
        """(n, k) @ (k, m)."""
        return other.view(Balls) @ self


def balls(array: Array) -> Array:
    """Return the array's numbers as exact balls."""
    import flint

    return np.vectorize(flint.arb, otypes=[object])(np.asarray(array, dtype=np.float64)).view(Balls)


def _balls(params: Params) -> Params:
    return tuple(Layer(balls(W), balls(b)) for W, b in params)


def _apart(first: Any, second: Any) -> float:
    """Return how far two balls are apart; 0 where they agree to DIGITS digits, or are exactly the same."""
    import flint

    difference = flint.arb(first) - flint.arb(second)
    size = max(abs(float(flint.arb(second).mid())), 1e-300)
    if difference == 0 or float(difference.abs_upper()) <= 10.0**-DIGITS * size:
        return 0.0
    return float(abs(difference).mid())
