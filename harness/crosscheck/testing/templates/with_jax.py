"""A network in JAX: the forward pass by hand, the gradient by jax.value_and_grad.

crosscheck compare --impl mine
"""

from functools import partial

import jax
import jax.numpy as jnp
from crosscheck_impls.interface import Array, Declaration, Network, Params
from crosscheck_impls.with_jax import configure, device, devices, from_numpy, to_numpy

__all__ = ["configure", "device", "devices", "from_numpy", "gradients", "to_numpy"]  # how arrays come and go
# dZ[L] is the derivative of softplus here, not A − Y: its rounding error grows with |Z|, and is granted as much;
# XLA makes numbers below the normal range 0
declarations = {"gradients": Declaration(formulation="autodiff", flushes=True)}


def activation(name: str, network: Network, Z: Array) -> Array:
    """Return A = g(Z) (n[l], m)."""
    if name in ("sigmoid", "tanh"):
        return getattr(jax.nn, name)(Z)
    slope = {"relu": 0.0, "leaky_relu": network.leaky_slope, "linear": 1.0}[name]
    right = Z > 0 if network.relu_grad_at_zero == "left" else Z >= 0
    return jnp.where(right, Z, slope * Z)  # jax.nn.relu has the derivative 0 at 0, whatever the network says


def cost(params: Params, network: Network, X: Array, Y: Array) -> Array:
    """Return J. X (n[0], m), Y (n[L], m)."""
    A = X
    for name, (W, b) in zip(network.g, params, strict=True):
        # Z[l] = W[l] A[l−1] + b[l],  A[l] = g[l](Z[l])                       (n[l], m)
        Z = W @ A + b
        A = activation(name, network, Z)
    # J = 1/m Σ log(1 + eᶻ) − Y Z, or 1/m Σ ½ (A − Y)²
    loss = jnp.logaddexp(Z, 0) - Y * Z if network.loss == "cross_entropy" else 0.5 * (A - Y) ** 2
    return loss.sum() / X.shape[1]


@partial(jax.jit, static_argnums=0)  # compiled once for each network, shape and dtype
def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and its gradient, Layer(dW, db) of every layer."""
    return jax.value_and_grad(cost)(params, network, X, Y)
