"""Kernels that are wrong at an edge, in NumPy: what `qualify` has to find, each by its own variant."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from crosscheck.oracle.reference import Reference
from crosscheck_impls.interface import Layer, Network, Params

Kernel = Callable[[Any, Any], Any]
LARGE = 2**20


class Multiplied(Reference):
    """The reference with another product of matrices."""

    def __init__(self, product: Kernel) -> None:
        self.product = product

    def Z(self, l: int, W: Any, b: Any, A_prev: Any) -> Any:
        return self.product(W, A_prev) + b

    def dW(self, l: int, A: Any, Z: Any, dZ: Any, m: int) -> Any:
        return self.product(dZ, A[l - 1].T) / m

    def dA(self, l: int, params: Params, dZ: Any, dW: Any) -> Any:
        return self.product(params[l - 1].W.T, dZ)


def last_tile(tile: int) -> Kernel:
    """The last row of a last tile that is not whole is the one before it, as where a loop ends one row early."""

    def product(left: Any, right: Any) -> Any:
        got = left @ right
        if left.shape[0] % tile:
            got[-1] = got[-2] if got.shape[0] > 1 else 0.5 * got[-1]
        return got

    return product


def no_tail(left: Any, right: Any) -> Any:
    """What is left of the inner dimension after steps of 4 is not added."""
    whole = left.shape[1] // 4 * 4
    return left[:, :whole] @ right[:whole]


def large(left: Any, right: Any) -> Any:
    """Elements beyond LARGE keep what was there: 0."""
    got = left @ right
    got.reshape(-1)[LARGE:] = 0
    if right.size > LARGE:  # the other operand is read so far alone
        got = left @ np.where(np.arange(right.size).reshape(right.shape) < LARGE, right, 0)
    return got


def two_threads(left: Any, right: Any) -> Any:
    """With two threads the second one begins a column too late."""
    got = left @ right
    if os.environ.get("OMP_NUM_THREADS") == "2":
        got[:, got.shape[1] // 2] = 0
    return got


def _asked_of(product: Kernel) -> Any:
    def gradients(network: Network, params: Params, X: Any, Y: Any) -> Any:
        return Multiplied(product).cost_and_gradients(network, params, X, Y)

    return gradients


def strided(network: Network, params: Params, X: Any, Y: Any) -> Any:
    """Wrong only where an input does not lie in rows."""
    J, gradient = Reference().cost_and_gradients(network, params, X, Y)
    if not (X.flags.c_contiguous or 1 in X.shape):
        gradient = (Layer(gradient[0].W[:, ::-1].copy() + 1e-3, gradient[0].b), *gradient[1:])
    return J, gradient


def second_call(network: Network, params: Params, X: Any, Y: Any) -> Any:
    """The second time in a row that the same array comes, a buffer is not cleared."""
    J, gradient = Reference().cost_and_gradients(network, params, X, Y)
    now = id(X), X.shape, float(X[0, 0])
    _state["calls"] = _state["calls"] + 1 if _state["of"] == now else 1
    _state["of"] = now
    if _state["calls"] == 2:
        gradient = (Layer(2 * gradient[0].W, gradient[0].b), *gradient[1:])
    return J, gradient


_state: dict[str, Any] = {"of": None, "calls": 0}


def once(network: Network, params: Params, X: Any, Y: Any) -> Any:
    """Wrong once, in whatever process: a file says that it has been so."""
    J, gradient = Reference().cost_and_gradients(network, params, X, Y)
    mark = Path(os.environ["FAULTY_ONCE"])
    if not mark.exists():
        mark.touch()
        gradient = (Layer(2 * gradient[0].W, gradient[0].b), *gradient[1:])
    return J, gradient


def one_processor(network: Network, params: Params, X: Any, Y: Any) -> Any:
    """Wrong on one processor, the first."""
    J, gradient = Reference().cost_and_gradients(network, params, X, Y)
    if os.sched_getaffinity(0) == {int(os.environ["FAULTY_PROCESSOR"])}:
        gradient = (Layer(2 * gradient[0].W, gradient[0].b), *gradient[1:])
    return J, gradient


def shuffled(network: Network, params: Params, X: Any, Y: Any) -> Any:
    """Right, with the examples in another order each time, so that the bits vary."""
    order = np.random.default_rng().permutation(X.shape[1])
    return Reference().cost_and_gradients(network, params, X[:, order], Y[:, order])


TILES = (8, 16, 32, 64, 128)
gradients = {
    **{f"tile_{tile}": _asked_of(last_tile(tile)) for tile in TILES},
    "no_tail": _asked_of(no_tail),
    "large": _asked_of(large),
    "two_threads": _asked_of(two_threads),
    "strided": strided,
    "second_call": second_call,
    "once": once,
    "one_processor": one_processor,
    "shuffled": shuffled,
    "right": _asked_of(np.matmul),
}
