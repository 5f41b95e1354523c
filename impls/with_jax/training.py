"""Gradient descent, full batch (notes: N5, N24)."""

from functools import partial

import jax
import jax.numpy as jnp

from impls.interface import Array, Gradients, Layer, Network, Params

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
        params, costs = descend(gradients, network, params, X, Y, rate, min(CHUNK, iterations - done))
        chunks.append(costs)
    return params, jnp.concatenate(chunks)[:iterations]


@partial(jax.jit, static_argnums=(0, 1))
def descend(
    gradients: Gradients, network: Network, params: Params, X: Array, Y: Array, alpha: Array, steps: Array
) -> tuple[Params, Array]:
    """Return the params after at most CHUNK steps, and their J (CHUNK,), of which the first `steps` count."""

    def step(t: Array, state: tuple[Params, Array]) -> tuple[Params, Array]:
        params, costs = state
        J, dParams = gradients(network, params, X, Y)
        return update(params, dParams, alpha), costs.at[t].set(J)

    state: tuple[Params, Array] = jax.lax.fori_loop(0, steps, step, (params, jnp.zeros(CHUNK, X.dtype)))
    return state
