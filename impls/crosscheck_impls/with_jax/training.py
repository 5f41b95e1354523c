"""Gradient descent, full batch (notes: N5, N24)."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from crosscheck_impls.interface import Gradients, Layer, Network, Params

CHUNK = 512  # iterations in one call of the compiled loop, which is compiled once whatever their number


def update(params: Params, gradients: Params, alpha: Array) -> Params:
    """One step downhill; alpha in the dtype of the params (notes: N5)."""
    # W := W − α dW,  b := b − α db
    return tuple(Layer(W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in zip(params, gradients, strict=True))


def gradient_descent(
    gradients: Gradients, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,) (notes: N5, N24)."""
    rate = X.dtype.type(alpha)
    chunks = []
    for done in range(0, iterations, CHUNK):
        params, costs, _ = descend(gradients, network, params, X, Y, rate, min(CHUNK, iterations - done))
        chunks.append(costs)
    # put together outside of XLA, which would compile a program for each number of iterations
    together = np.concatenate(jax.device_get(chunks))[:iterations]
    return params, jax.device_put(together, X.sharding)


def value_and_grad(gradients: Gradients) -> Gradients:
    """Return the gradients, compiled: the last gradient of one step of the compiled loop, which training needs too.

    One program instead of two: J, the gradient and three steps of the variants of this loop on three problems
    (two, three and four layers) take 6.4 s with compilation, and 9.9 s if the gradients are jitted by themselves.
    """

    def of_one_step(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        _, costs, dParams = descend(gradients, network, params, X, Y, X.dtype.type(0), 1)
        return costs[0], dParams

    return of_one_step


@partial(jax.jit, static_argnums=(0, 1))
def descend(
    gradients: Gradients, network: Network, params: Params, X: Array, Y: Array, alpha: Array, steps: Array
) -> tuple[Params, Array, Params]:
    """Return the params after at most CHUNK steps, their J (CHUNK,), the first `steps` of it, and the last gradient."""

    def step(t: Array, state: tuple[Params, Array, Params]) -> tuple[Params, Array, Params]:
        params, costs, _ = state
        J, dParams = gradients(network, params, X, Y)
        return update(params, dParams, alpha), costs.at[t].set(J), dParams

    start = (params, jnp.zeros(CHUNK, X.dtype), params)
    state: tuple[Params, Array, Params] = jax.lax.fori_loop(0, steps, step, start)
    return state
