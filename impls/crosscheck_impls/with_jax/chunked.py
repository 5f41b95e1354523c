"""The gradient of each block of examples, added up by a binary tree: the same step as the full batch.

With m examples in blocks of m[r]:  J = 1/m Σᵣ m[r] J[r],  dW = 1/m Σᵣ m[r] dW[r],  db = 1/m Σᵣ m[r] db[r].
Memory is that of one block, whatever m is, and a sum errs with the height of the tree where a plain one errs with m.
"""

import jax
import jax.numpy as jnp
from jax import Array

from crosscheck_impls.interface import Chunks, Layer, Network, Params
from crosscheck_impls.with_jax import autograd
from crosscheck_impls.with_jax.training import update

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
        part = weighted(params[0].W.dtype.type(m), of_block(network, params, X, Y, start, stop))
        return jax.block_until_ready(part)  # or blocks would be read faster than they are computed, and pile up
    blocks = -(-m // BLOCK)
    middle = start + BLOCK * 2 ** ((blocks - 1).bit_length() - 1)
    return added(summed(network, params, X, Y, start, middle), summed(network, params, X, Y, middle, stop))


def of_block(
    network: Network, params: Params, X: Array | Chunks, Y: Array | Chunks, start: int, stop: int
) -> tuple[Array, Params]:
    """Return J[r] and dParams[r] of the examples from start to stop, by jax.value_and_grad."""
    there = params[0].W
    return compiled(network, params, columns(X, start, stop, there), columns(Y, start, stop, there))


compiled = jax.jit(autograd.gradients, static_argnums=0)


@jax.jit
def weighted(m: Array, part: tuple[Array, Params]) -> tuple[Array, Params]:
    """Return m times all numbers; apart from `added`, so that XLA rounds each product."""
    return jax.tree.map(lambda array: m * array, part)


@jax.jit
def added(left: tuple[Array, Params], right: tuple[Array, Params]) -> tuple[Array, Params]:
    """Return the sums of all numbers."""
    return jax.tree.map(jnp.add, left, right)


def columns(array: Array | Chunks, start: int, stop: int, there: Array) -> Array:
    """Return some columns as an array of their own, read from a file to the device of another array if need be."""
    if isinstance(array, Chunks):
        return jax.device_put(array.read(start, stop), there.sharding)
    return jax.lax.dynamic_slice_in_dim(array, start, stop - start, axis=1)  # compiled once for every start


def gradient_descent(
    network: Network, params: Params, X: Array | Chunks, Y: Array | Chunks, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    costs = []
    for _ in range(iterations):
        J, dParams = gradients(network, params, X, Y)
        params = update(params, dParams, J.dtype.type(alpha))
        costs.append(J)
    return params, jnp.stack(costs)
