"""The reference with a mutant in it, as a framework like any other; the arrays are NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any
from typing import cast as typed

import numpy as np
from crosscheck_impls.interface import NARROW, Array, Framework, Network, Params

from crosscheck.core.records import cast
from crosscheck.mutation.mutant import Mutant
from crosscheck.mutation.rounding import shaken
from crosscheck.oracle.narrowed import Form, of_dtype, over
from crosscheck.oracle.reference import RIGHT, Reference

VARIANT = "reference"  # the only one that such a framework has


def mutated(mutant: Mutant | None, shake: bool = False) -> Reference:
    """Return the reference with the mutant's functions in the place of its own, or the right one.

    shake: every A[l] is moved by one ulp, to see how much the formulas after it make of that.
    """
    changed = RIGHT.replaced(**mutant.hooks) if mutant else RIGHT
    if not shake:
        return changed

    def A(self: Reference, network: Network, l: int, Z: Array, A_prev: Array) -> Array:
        return shaken(changed.A(network, l, Z, A_prev))

    return changed.replaced(A=A)


@cache
def framework(mutant: Mutant | None = None, shake: bool = False) -> Framework:
    """Return the reference with a mutant, or the right one, with the contract of a framework."""
    return as_framework(mutated(mutant, shake), mutant.name if mutant else "reference")


def as_framework(reference: Reference, name: str, form: Form | None = None) -> Framework:
    """Give a reference the contract of a framework. form: of its arrays where their dtype is narrow."""

    def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        J, gradient = there(X).cost_and_gradients(network, params, X, Y)
        return (np.asarray(J).astype(X.dtype), cast(gradient, X.dtype)) if X.dtype.name in NARROW else (J, gradient)

    def fit(
        variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        trained, costs = there(X).fit(network, params, X, Y, alpha, iterations)
        kept = cast(trained, X.dtype) if X.dtype.name in NARROW else trained
        return kept, np.array(costs, dtype=X.dtype)

    def predict(network: Network, params: Params, X: Array) -> Array:
        return there(X).predict(network, params, X)

    def there(X: Array) -> Reference:
        return of_dtype(X.dtype.name, reference) if form is None else over(form, reference)

    def copied(array: Any, device: str = "cpu") -> Array:
        return np.array(array)

    def configure(dtype: str) -> None:
        """NumPy has nothing to set."""

    environment: Callable[[], dict[str, Any]] = dict
    made = SimpleNamespace(
        name=name,
        gradients={VARIANT: gradients},
        declarations={},
        devices=lambda: ("cpu",),
        device=lambda array: "cpu",
        from_numpy=copied,
        to_numpy=copied,
        configure=configure,
        environment=environment,
        fit=fit,
        predict=predict,
        forward=reference.forward,
    )
    return typed("Framework", made)
