"""Right but for what only a fresh process, or more than one thread, shows: a variant for each."""

import os
from typing import Any

import numpy as np
from crosscheck_impls.interface import Layer, Network, Params

from tests.harness.outsiders.right import Array, device, devices, from_numpy, gradient, to_numpy  # noqa: F401
from tests.harness.outsiders.right import predict as predict

name = "again"
CALLS: list[str] = []
THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
OFF = 1 + 2.0**-30  # less than float32 shows


def _off(network: Network, params: Params, X: Array, Y: Array) -> Any:
    J, slopes = gradient(network, params, X, Y)
    return J, tuple(Layer(dW * X.dtype.type(OFF), db) for dW, db in slopes)


def _first_call(*arguments: Any) -> Any:
    """Wrong in the first call of a process, as with a buffer that nobody has filled yet."""
    CALLS.append("first_call")
    return (_off if len(CALLS) == 1 else gradient)(*arguments)


def _threads(*arguments: Any) -> Any:
    """Wrong if it has all processors, as with a race between threads."""
    return (_off if os.cpu_count() == THREADS else gradient)(*arguments)


def _long_products(network: Network, params: Params, X: Array, Y: Array) -> Any:
    """Wrong where a product is shared out: one output, many terms, several threads."""
    shared = X.size >= 2**22 and X.shape[0] % 2 == 0 and network.n[-1] == 1 and THREADS > 1
    return (_off if shared else gradient)(network, params, X, Y)


gradients = {"first_call": _first_call, "threads": _threads, "long_products": _long_products}


def fit(variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Any:
    costs, rate = np.empty(iterations, X.dtype), X.dtype.type(alpha)
    for t in range(iterations):
        costs[t], step = gradient(network, params, X, Y)
        params = tuple(Layer(W - rate * dW, b - rate * db) for (W, b), (dW, db) in zip(params, step, strict=True))
    return params, costs
