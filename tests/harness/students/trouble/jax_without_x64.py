"""Logistic regression in JAX whose x64 is off, and whose results are turned into float64 at the end."""

import jax
import jax.numpy as jnp
import numpy as np


def loss(w, b, X, Y):
    Z = jnp.dot(w.T, X) + b
    return jnp.mean(jnp.logaddexp(0.0, Z) - Y * Z)


def cost_and_gradients(w, b, X, Y):
    cost, (dw, db) = jax.value_and_grad(loss, argnums=(0, 1))(w, b, X, Y)
    return float(cost), {"dw": np.float64(dw), "db": float(db)}
