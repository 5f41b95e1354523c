"""L layers in JAX with a cost that lacks its minus."""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)


def loss(parameters, X, Y):
    A, L = X, len(parameters) // 2
    for l in range(1, L + 1):
        Z = parameters[f"W{l}"] @ A + parameters[f"b{l}"]
        A = jnp.tanh(Z)
    A = jax.nn.sigmoid(Z)
    return jnp.sum(Y * jnp.log(A) + (1 - Y) * jnp.log(1 - A)) / X.shape[1]


@jax.jit
def cost_and_gradients(parameters, X, Y):
    return jax.value_and_grad(loss)(parameters, X, Y)
