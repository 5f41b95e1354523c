"""A network in JAX: the forward pass by hand, the gradient by jax.value_and_grad.

crosscheck compare --impl mine
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from crosscheck_impls.interface import Array, BadInput, Declaration, Network, Params

jax.config.update("jax_enable_x64", True)  # without it every float64 array becomes float32 in silence
jax.config.update("jax_default_matmul_precision", "highest")  # float32 products in float32 on a GPU too

# dZ[L] is the derivative of softplus here, not A − Y: its rounding error grows with |Z|, and is granted as much;
# XLA makes numbers below the normal range 0
declarations = {"gradients": Declaration(formulation="autodiff", flushes=True)}


def activation(name: str, network: Network, Z: Array) -> Array:
    """Return A = g(Z) (n[l], m)."""
    if name in ("sigmoid", "tanh"):
        return getattr(jax.nn, name)(Z)
    if name == "linear":
        return Z
    slope = network.leaky_slope if name == "leaky_relu" else 0.0
    right = Z > 0 if network.relu_grad_at_zero == "left" else Z >= 0
    return jnp.where(right, Z, slope * Z)  # jax.nn.relu has the derivative 0 at 0, whatever the network says


def cost(params: Params, network: Network, X: Array, Y: Array) -> Array:
    """Return J. X (n[0], m), Y (n[L], m)."""
    A = X
    for name, (W, b) in zip(network.g, params, strict=True):
        # Z[l] = W[l] A[l−1] + b[l],  A[l] = g[l](Z[l])                       (n[l], m)
        Z = W @ A + b
        A = activation(name, network, Z)
    if network.loss == "cross_entropy":
        # J = 1/m Σ log(1 + eᶻ) − Y Z
        return (jnp.logaddexp(Z, 0) - Y * Z).sum() / X.shape[1]
    # J = 1/m Σ ½ (A − Y)²
    return (0.5 * (A - Y) ** 2).sum() / X.shape[1]


@partial(jax.jit, static_argnums=0)  # compiled once for each network, shape and dtype
def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and its gradient, Layer(dW, db) of every layer."""
    return jax.value_and_grad(cost)(params, network, X, Y)


def devices() -> tuple[str, ...]:
    """Return where it can compute."""
    return ("cpu", "cuda") if any(each.platform == "gpu" for each in jax.devices()) else ("cpu",)


def device(array: Array) -> str:
    """Return where an array lies."""
    (where,) = array.devices()
    return "cuda" if where.platform == "gpu" else str(where.platform)


def from_numpy(array: Array, device: str = "cpu") -> Array:
    """Copy a NumPy array to the device; the dtype stays."""
    if device not in devices():
        raise BadInput(f"device: no {device!r} here, expected {' or '.join(devices())}")
    return jax.device_put(array.copy(), jax.devices({"cuda": "gpu"}.get(device, device))[0])


def to_numpy(array: Array) -> Array:
    """Copy an array to NumPy."""
    return np.array(array)
