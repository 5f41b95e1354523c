"""The fast path: the equations of `l_layer`, written so that XLA's code for the CPU is the short one.

XLA allocates and reuses the buffers itself, and fuses what is elementwise. What is left to say is the form of the
products: dW[l]ᵀ = A[l−1] dZ[l]ᵀ runs at the speed of memory where dZ[l] A[l−1]ᵀ, for one output, takes a loop that
is 18 times as slow; W[l]ᵀ is written down before it is multiplied (a barrier keeps the two apart), because XLA's
product with a transposed left side takes twice as long in float64; and σ and softplus by the same e^−|Z|, which XLA
then computes once. The compiled loop is that of `training`, compiled once for each network, shape and dtype, whatever
the number of iterations.
"""

import jax
import jax.numpy as jnp
from jax import Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_jax import training


def activate(network: Network, l: int, Z: Array) -> Array:
    """Return A[l] = g[l](Z[l])."""
    name = network.g[l - 1]
    if name == "sigmoid":
        # σ(Z) = 1 / (1 + e⁻ᶻ) = eᶻ / (1 + eᶻ)
        e = jnp.exp(-jnp.abs(Z))
        return jnp.where(Z < 0, e, 1) / (1 + e)
    if name == "tanh":
        return jnp.tanh(Z)
    if name == "linear":
        return Z
    slope = 0.0 if name == "relu" else network.leaky_slope
    return jnp.where(Z < 0, slope * Z, Z) if slope else jnp.maximum(Z, 0)


def differentiate(network: Network, l: int, dA: Array, Z: Array, A: Array) -> Array:
    """Return dZ[l] = dA[l] ∘ g[l]′(Z[l])."""
    name = network.g[l - 1]
    if name == "sigmoid":
        return dA * (A * (1 - A))
    if name == "tanh":
        return dA * (1 - A * A)
    if name == "linear":
        return dA
    slope = 0.0 if name == "relu" else network.leaky_slope
    return jnp.where(Z >= 0 if network.relu_grad_at_zero == "right" else Z > 0, dA, slope * dA)


def forward(network: Network, params: Params, X: Array) -> tuple[list[Array], list[Array]]:
    """Return A[0], ..., A[L-1] and Z[1], ..., Z[L], each (n[l], m)."""
    A, Z = [X], []
    for l, (W, b) in enumerate(params, start=1):
        # Z[l] = W[l] A[l−1] + b[l]                                           (n[l], m)
        Z.append(W @ A[-1] + b)
        if l < network.L:
            A.append(activate(network, l, Z[-1]))
    return A, Z


def backward(network: Network, params: Params, A: list[Array], Z: list[Array], Y: Array) -> Params:
    """Return the gradient of J."""
    L, m = network.L, Y.shape[1]
    output = activate(network, L, Z[-1])
    # dZ[L] = A[L] − Y                                                        (n[L], m)
    dZ = output - Y
    if network.loss == "squared_error":
        # dZ[L] = (A[L] − Y) ∘ g[L]′(Z[L])
        dZ = differentiate(network, L, dZ, Z[-1], output)
    gradient = []
    for l in range(L, 0, -1):
        # dW[l]ᵀ = 1/m A[l−1] dZ[l]ᵀ                                          (n[l−1], n[l])
        dW = (A[l - 1] @ dZ.T).T / m
        # db[l] = 1/m Σ dZ[l]                                                 (n[l], 1)
        db = dZ.sum(axis=1, keepdims=True) / m
        gradient.append(Layer(dW, db))
        if l > 1:
            # dA[l−1] = W[l]ᵀ dZ[l]                                           (n[l−1], m)
            dA = jax.lax.optimization_barrier(params[l - 1].W.T) @ dZ
            dZ = differentiate(network, l - 1, dA, Z[l - 2], A[l - 1])
    return tuple(reversed(gradient))


def costs(network: Network, Z: Array, Y: Array) -> Array:
    """Return J of the logits Z[L] (n[L], m)."""
    if network.loss == "cross_entropy":
        # softplus(Z) − Y Z = log(1 + e^−|Z|) + (max(Z, 0) − Y Z)
        each = jnp.log1p(jnp.exp(-jnp.abs(Z))) + (jnp.maximum(Z, 0) - Y * Z)
    else:
        # ½ (A − Y)²
        each = 0.5 * (activate(network, network.L, Z) - Y) ** 2
    # J = 1/m Σ
    return each.sum() / Z.shape[1]


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    A, Z = forward(network, params, X)
    return costs(network, Z[-1], Y), backward(network, params, A, Z, Y)


def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    return training.gradient_descent(gradients, network, params, X, Y, alpha, iterations)
