"""Two layers with leaky ReLU in JAX: value_and_grad over the dictionary, in float64."""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)


def loss(parameters, X, Y):
    A1 = jax.nn.leaky_relu(parameters["W1"] @ X + parameters["b1"])
    Z2 = parameters["W2"] @ A1 + parameters["b2"]
    return jnp.sum(jnp.logaddexp(0.0, Z2) - Y * Z2) / X.shape[1]


@jax.jit
def cost_and_gradients(parameters, X, Y):
    return jax.value_and_grad(loss)(parameters, X, Y)
