"""What a practitioner writes: jax.nn, jax.value_and_grad, a pytree update in a jitted step.

jax's functions fix the derivative at the kink themselves, relu′(0) = 0 but leaky_relu′(0) = 1, whatever
`Network.relu_grad_at_zero` says.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from crosscheck_impls.interface import Network, Params


def apply(network: Network, params: Params, X: Array) -> Array:
    """Return the output (n[L], m); with cross-entropy the logits."""
    functions: dict[str, Callable[[Array], Array]] = {
        "sigmoid": jax.nn.sigmoid,
        "tanh": jnp.tanh,
        "relu": jax.nn.relu,
        "leaky_relu": partial(jax.nn.leaky_relu, negative_slope=network.leaky_slope),
        "linear": lambda Z: Z,
    }
    A = X
    for l, (W, b) in enumerate(params, start=1):
        A = W @ A + b
        if l < network.L or network.loss == "squared_error":
            A = functions[network.g[l - 1]](A)
    return A


def criterion(network: Network, output: Array, target: Array) -> Array:
    """Return J from the model's output and the labels, both (n[L], m)."""
    if network.loss == "cross_entropy":
        each = -target * jax.nn.log_sigmoid(output) - (1 - target) * jax.nn.log_sigmoid(-output)
    else:
        each = 0.5 * jnp.square(output - target)
    return jnp.mean(jnp.sum(each, axis=0))


@partial(jax.jit, static_argnums=0)
def step(network: Network, params: Params, X: Array, Y: Array, alpha: Array) -> tuple[Params, Array, Params]:
    """Return the params one step on, and J and dParams before it."""
    J, dParams = jax.value_and_grad(lambda params: criterion(network, apply(network, params, X), Y))(params)
    return jax.tree.map(lambda p, dp: p - alpha * dp, params, dParams), J, dParams


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams, those of a step: jitted by themselves they would be compiled once more."""
    _, J, dParams = step(network, params, X, Y, X.dtype.type(0))
    return J, dParams


def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    rate = X.dtype.type(alpha)
    costs = []
    for _ in range(iterations):
        params, J, _ = step(network, params, X, Y, rate)
        costs.append(J)
    return params, jax.device_put(np.array(jax.device_get(costs)), X.sharding)
