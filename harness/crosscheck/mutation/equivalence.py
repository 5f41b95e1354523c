"""Is a mutant one at all on this problem? The reference, right and changed, over exact numbers.

The reference follows its arrays' type, so it also runs over Arb's balls (python-flint), where a result comes with a
proof of how far it may be from the exact one. Two results whose balls agree to DIGITS digits are the same for any
float; two that are apart by more than their radii are different, and by how much is the size of the mutant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Layer, Params

from crosscheck.core.records import Case, flat
from crosscheck.mutation.build import mutated
from crosscheck.mutation.mutants import MUTANTS, Mutant
from crosscheck.oracle.reference import RIGHT, Reference

BITS, DIGITS = 512, 100
STEPS = 2  # of `fit` over balls


def reached(case: Case) -> set[str]:
    """Return the names of the mutants of which a function is called on this case, by one step and a prediction."""
    called = _called(case)
    return {mutant.name for mutant in MUTANTS if called & mutant.hooks.keys()}


def _called(case: Case) -> set[str]:
    """Return the names of the reference's functions that are called, out of those that some mutant replaces."""
    names: set[str] = set()

    def recorder(name: str) -> Callable[..., Any]:
        right = getattr(Reference, name)

        def recording(self: Reference, *arguments: Any) -> Any:
            names.add(name)
            return right(self, *arguments)

        return recording

    recorded = RIGHT.replaced(**{name: recorder(name) for mutant in MUTANTS for name in mutant.hooks})
    recorded.fit(case.network, case.checkpoints[0], case.X, case.Y, case.alpha, 1)
    recorded.predict(case.network, case.checkpoints[0], case.X)
    return names


class Exact:
    """The right reference's exact results on one case, and how far a mutant's are from them.

    checkpoints: where J and the gradients are compared; if none, the first steps of `fit` are.
    """

    def __init__(self, case: Case, checkpoints: list[int]) -> None:
        self.case, self.checkpoints = case, checkpoints
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
        case, made = self.case, mutated(mutant)
        X, Y = balls(case.X), balls(case.Y)
        for checkpoint in self.checkpoints:
            J, gradient = made.cost_and_gradients(case.network, _balls(case.checkpoints[checkpoint]), X, Y)
            yield from map(np.asarray, (J, *flat(gradient)))
        if not self.checkpoints:
            trained, costs = made.fit(case.network, _balls(case.checkpoints[0]), X, Y, case.alpha, STEPS)
            yield np.array([np.asarray(J).item() for J in costs], dtype=object)
            yield from map(np.asarray, flat(trained))

    def _undecided(self) -> bool:
        """Return whether some Z may or may not be 0: then a ball does not say on which side of the kink it lies."""
        case = self.case
        if not {"relu", "leaky_relu"} & set(case.network.g):
            return False
        for checkpoint in self.checkpoints:
            _, Z = RIGHT.forward(case.network, _balls(case.checkpoints[checkpoint]), balls(case.X))
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
