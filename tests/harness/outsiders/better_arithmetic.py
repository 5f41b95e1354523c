"""Training that rounds less than it must: honest, and its params between two steps are seen only rounded.

`master_weights` keeps the params in a wider precision and computes the gradient at the rounded ones; `compensated` adds
to each update what rounding took from the one before (Kahan 1965); `wide` does all in float64 and rounds at the end.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params, Variant
from crosscheck_impls.with_numpy import by_hand
from crosscheck_impls.with_numpy import predict as predict

name = "better_arithmetic"
Trained = tuple[Params, Array]


def cast(params: Params, dtype: Any) -> Params:
    return tuple(Layer(W.astype(dtype), b.astype(dtype)) for W, b in params)


def each(function: Callable[..., Array], *params: Params) -> Params:
    """Return what the function makes of the arrays of all these params, one by one."""
    return tuple(Layer(*map(function, *layers)) for layers in zip(*params, strict=True))


def with_master_weights(network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Trained:
    wide = np.float64 if X.dtype == np.float32 else np.longdouble
    master, costs = cast(params, wide), np.empty(iterations, X.dtype)
    for t in range(iterations):
        costs[t], slopes = by_hand(network, cast(master, X.dtype), X, Y)
        master = each(lambda W, dW: W - wide(alpha) * dW, master, slopes)
    return cast(master, X.dtype), costs


def compensated(network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Trained:
    rate, costs = X.dtype.type(alpha), np.empty(iterations, X.dtype)
    lost = each(np.zeros_like, params)
    for t in range(iterations):
        costs[t], slopes = by_hand(network, params, X, Y)
        wanted = each(lambda dW, rest: -rate * dW - rest, slopes, lost)
        after = each(np.add, params, wanted)
        lost = each(lambda new, old, step: (new - old) - step, after, params, wanted)
        params = after
    return params, costs


def wide_gradient(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    J, slopes = by_hand(network, cast(params, np.float64), X.astype(np.float64), Y.astype(np.float64))
    return J.astype(X.dtype), cast(slopes, X.dtype)


def all_wide(network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Trained:
    dtype, costs = X.dtype, np.empty(iterations, X.dtype)
    params, X, Y = cast(params, np.float64), X.astype(np.float64), Y.astype(np.float64)
    for t in range(iterations):
        costs[t], slopes = by_hand(network, params, X, Y)
        params = each(lambda W, dW: W - alpha * dW, params, slopes)
    return cast(params, dtype), costs


variants: Mapping[str, Variant] = {
    "master_weights": Variant(by_hand, with_master_weights),
    "compensated": Variant(by_hand, compensated),
    "wide": Variant(wide_gradient, all_wide),
}
