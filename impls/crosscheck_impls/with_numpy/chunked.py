"""The gradient of each block of examples, added up by a binary tree: the same step as the full batch.

With m examples in blocks of m[r]:  J = 1/m Σᵣ m[r] J[r],  dW = 1/m Σᵣ m[r] dW[r],  db = 1/m Σᵣ m[r] db[r].
Memory is that of one block, whatever m is, and a sum errs with the height of the tree where a plain one errs with m.
"""

import numpy as np
from numpy import ndarray as Array

from crosscheck_impls.interface import Chunks, Layer, Network, Params
from crosscheck_impls.with_numpy import l_layer
from crosscheck_impls.with_numpy.training import update

BLOCK = 4096


def gradients(network: Network, params: Params, X: Array | Chunks, Y: Array | Chunks) -> tuple[Array, Params]:
    """Return J and dParams."""
    m = X.shape[1]
    if m <= BLOCK:
        return of_block(network, params, X, Y, 0, m)
    J, dParams = summed(network, params, X, Y, 0, m)
    return J / m, tuple(Layer(dW / m, db / m) for dW, db in dParams)


def summed(
    network: Network, params: Params, X: Array | Chunks, Y: Array | Chunks, start: int, stop: int
) -> tuple[Array, Params]:
    """Return Σ m[r] J[r] and Σ m[r] dParams[r] over the blocks from start to stop, the left half being a whole tree."""
    m = stop - start
    if m <= BLOCK:
        J, dParams = of_block(network, params, X, Y, start, stop)
        return m * J, tuple(Layer(m * dW, m * db) for dW, db in dParams)
    blocks = -(-m // BLOCK)
    middle = start + BLOCK * 2 ** ((blocks - 1).bit_length() - 1)
    J, left = summed(network, params, X, Y, start, middle)
    K, right = summed(network, params, X, Y, middle, stop)
    return J + K, tuple(Layer(dW + dV, db + dc) for (dW, db), (dV, dc) in zip(left, right, strict=True))


def of_block(
    network: Network, params: Params, X: Array | Chunks, Y: Array | Chunks, start: int, stop: int
) -> tuple[Array, Params]:
    """Return J[r] and dParams[r] of the examples from start to stop."""
    return l_layer.backward(network, params, columns(X, start, stop), columns(Y, start, stop))


def columns(array: Array | Chunks, start: int, stop: int) -> Array:
    """Return some columns as an array of their own, read from a file where that is where they are."""
    if isinstance(array, Chunks):
        return array.read(start, stop)
    return np.array(array[:, start:stop], order="C", copy=None, subok=True)


def gradient_descent(
    network: Network, params: Params, X: Array | Chunks, Y: Array | Chunks, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    costs = []
    for _ in range(iterations):
        J, dParams = gradients(network, params, X, Y)
        params = update(params, dParams, J.dtype.type(alpha))
        costs.append(J)
    return params, np.stack(costs)
