"""The costs J, and dZ[L], the derivative of m J by Z[L] (notes: N3, N4, N10).

Z, A, Y and dZ are (n[L], m); J is a scalar of their dtype.
"""

import jax.numpy as jnp
from jax import Array

from crosscheck_impls.interface import Network
from crosscheck_impls.with_jax.activations import activation


def cross_entropy(Z: Array, Y: Array) -> Array:
    """Cross-entropy of A = σ(Z) from the logits: finite and accurate for every finite Z (notes: N3).

    >>> A = jnp.array([[0.8, 0.9, 0.4]])
    >>> round(float(cross_entropy(jnp.log(A / (1 - A)), jnp.array([[1.0, 1.0, 0.0]]))), 6)
    0.279777
    """
    # softplus(Z) = log(1 + eᶻ)                                               (n[L], m)
    # not max(Z, 0) + log1p(exp(−|Z|)): JAX says |0|′ = 1, and its derivative at 0 would be 0 instead of 1/2
    softplus = jnp.logaddexp(Z, 0)
    # J = −1/m Σ Y log A + (1 − Y) log(1 − A) = 1/m Σ softplus(Z) − Y Z
    return (softplus - Y * Z).sum() / Z.shape[1]


def squared_error(A: Array, Y: Array) -> Array:
    """Half the squared error, summed over outputs, mean over examples (notes: N4)."""
    # J = 1/m Σ ½ (A − Y)²
    return (0.5 * (A - Y) ** 2).sum() / A.shape[1]


def cost(network: Network, Z: Array, Y: Array) -> Array:
    """Return the network's J from Z[L]."""
    if network.loss == "cross_entropy":
        return cross_entropy(Z, Y)
    return squared_error(activation(network, network.L).g(Z), Y)


def output_gradient(network: Network, Z: Array, Y: Array) -> Array:
    """Return dZ[L] (n[L], m) (notes: N10)."""
    g, derivative = activation(network, network.L)
    A = g(Z)
    if network.loss == "cross_entropy":
        # dZ[L] = A[L] − Y
        return A - Y
    # dZ[L] = (A[L] − Y) ∘ g[L]′(Z[L])
    return (A - Y) * derivative(Z, A)
