"""NumPy with sums in other orders, with products in wider arithmetic, and training that rounds less than it must.

`one_by_one`, `backwards`, `pairwise`, `blocks`, `ascending` and `wide_sums` add the reference's products up as they are
called. `wide` does all in a wider precision and rounds at the end, `master_weights` keeps the params in one and
computes the gradient at the rounded ones, `compensated` adds to each update what rounding took from the one before
(Kahan 1965): the params of these three between two steps are seen only rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Gradients, Layer, Network, Params, Variant, load

from crosscheck.core.records import cast
from crosscheck.evaluation.varied import reordered
from crosscheck.oracle.reference import RIGHT

numpy: Any = load("numpy")
by_hand: Gradients = numpy.variants["by_hand"].gradients
name, predict = "numpy, varied", numpy.predict
BLOCK = 7  # terms
Trained = tuple[Params, Array]


# ---------------------------------------------------------------- how a sum is added up: terms (..., k) -> sums (...)


def one_by_one(terms: Array) -> Array:
    """Add one term after another."""
    return np.cumsum(terms, axis=-1)[..., -1]


def backwards(terms: Array) -> Array:
    """Add one term after another, the last one first."""
    return one_by_one(terms[..., ::-1])


def pairwise(terms: Array) -> Array:
    """Add neighbours, then these sums, and so on."""
    while terms.shape[-1] > 1:
        even = terms.shape[-1] // 2 * 2
        terms = np.concatenate([terms[..., :even:2] + terms[..., 1:even:2], terms[..., even:]], axis=-1)
    return terms[..., 0]


def blocks(terms: Array) -> Array:
    """Add each block, then the sums of the blocks."""
    starts = range(0, terms.shape[-1], BLOCK)
    return one_by_one(np.stack([one_by_one(terms[..., k : k + BLOCK]) for k in starts], axis=-1))


def ascending(terms: Array) -> Array:
    """Add the smallest first."""
    return one_by_one(np.take_along_axis(terms, np.abs(terms).argsort(axis=-1), axis=-1))


def wide_sums(terms: Array) -> Array:
    """Add in a wider precision and round the sum."""
    return terms.sum(axis=-1, dtype=wider(terms.dtype)).astype(terms.dtype)


def wider(dtype: Any) -> Any:
    """Return a precision that is wider than the dtype, where the processor has one."""
    return np.float64 if dtype == np.float32 else np.longdouble


class Ordered(np.ndarray[Any, Any]):
    """An array whose products and sums are added up by `total`."""

    total: Callable[[Array], Array]

    def __matmul__(self, other: Any) -> Any:
        """(n, k) @ (k, m)."""
        A, B = np.asarray(self), np.asarray(other)
        return np.stack([type(self).total(row * B.T) for row in A]).view(type(self))

    def sum(self, axis: Any = None, **rest: Any) -> Any:  # type: ignore[override]
        """Sum all, or each row into a column."""
        terms = np.asarray(self)
        return type(self).total(terms.ravel()) if axis is None else type(self).total(terms)[:, None].view(type(self))


def ordered(total: Callable[[Array], Array]) -> Gradients:
    """Return the reference's gradients, whose sums are added up by this function."""
    form = type("Ordered", (Ordered,), {"total": staticmethod(total)})

    def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        layers = each(lambda array: array.view(form), params)
        J, slopes = RIGHT.cost_and_gradients(network, layers, X.view(form), Y.view(form))
        return np.asarray(J), each(np.asarray, slopes)

    return gradients


def column_major(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return the gradients of matrices that lie column by column."""
    return by_hand(network, each(np.asfortranarray, params), np.asfortranarray(X), np.asfortranarray(Y))


# ---------------------------------------------------------------- wider arithmetic


def each(function: Callable[..., Array], *params: Params) -> Params:
    """Return what the function makes of the arrays of all these params, one by one."""
    return tuple(Layer(*map(function, *layers)) for layers in zip(*params, strict=True))


def wide(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return what wider arithmetic gives, rounded."""
    W = wider(X.dtype)
    J, slopes = by_hand(network, cast(params, W), X.astype(W), Y.astype(W))
    return J.astype(X.dtype), cast(slopes, X.dtype)


def all_wide(network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Trained:
    """Train in wider arithmetic, and round at the end."""
    dtype, W, costs = X.dtype, wider(X.dtype), np.empty(iterations, X.dtype)
    params, X, Y = cast(params, W), X.astype(W), Y.astype(W)
    for t in range(iterations):
        costs[t], slopes = by_hand(network, params, X, Y)
        params = each(lambda array, slope: array - W(alpha) * slope, params, slopes)
    return cast(params, dtype), costs


def master_weights(network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Trained:
    """Train with params that are kept in a wider precision."""
    W, costs = wider(X.dtype), np.empty(iterations, X.dtype)
    master = cast(params, W)
    for t in range(iterations):
        costs[t], slopes = by_hand(network, cast(master, X.dtype), X, Y)
        master = each(lambda array, slope: array - W(alpha) * slope, master, slopes)
    return cast(master, X.dtype), costs


def compensated(network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Trained:
    """Train with updates that carry over what rounding took from the one before."""
    rate, costs = X.dtype.type(alpha), np.empty(iterations, X.dtype)
    lost = each(np.zeros_like, params)
    for t in range(iterations):
        costs[t], slopes = by_hand(network, params, X, Y)
        wanted = each(lambda slope, rest: -rate * slope - rest, slopes, lost)
        after = each(np.add, params, wanted)
        lost = each(lambda new, old, step: (new - old) - step, after, params, wanted)
        params = after
    return params, costs


ORDERS = (one_by_one, backwards, pairwise, blocks, ascending, wide_sums)
variants: Mapping[str, Variant] = {
    **{total.__name__: Variant(ordered(total)) for total in ORDERS},
    "reordered": Variant(reordered(by_hand)),
    "column_major": Variant(column_major),
    "wide": Variant(wide, all_wide),
    "master_weights": Variant(by_hand, master_weights),
    "compensated": Variant(by_hand, compensated),
}
