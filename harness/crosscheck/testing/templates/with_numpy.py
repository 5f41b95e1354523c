"""A network in NumPy: J and its gradient, by hand. Everything else has a default.

crosscheck compare --impl mine
"""

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params


def activation(name: str, network: Network, Z: Array) -> tuple[Array, Array]:
    """Return A = g(Z) and g′(Z), both (n[l], m)."""
    if name in ("sigmoid", "tanh"):
        e = np.exp(-np.abs(Z))  # cannot overflow
        A = np.tanh(Z) if name == "tanh" else np.where(Z < 0, e, 1) / (1 + e)
        return A, 1 - A * A if name == "tanh" else A * (1 - A)
    slope = {"relu": 0.0, "leaky_relu": network.leaky_slope, "linear": 1.0}[name]
    right = Z > 0 if network.relu_grad_at_zero == "left" else Z >= 0
    return np.where(right, Z, slope * Z), np.where(right, np.ones_like(Z), slope)


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and its gradient, Layer(dW, db) of every layer. X (n[0], m), Y (n[L], m)."""
    m, A, slopes, dParams = X.shape[1], [X], [X], []
    for name, (W, b) in zip(network.g, params, strict=True):
        # Z[l] = W[l] A[l−1] + b[l],  A[l] = g[l](Z[l])                       (n[l], m)
        Z = W @ A[-1] + b
        for kept, array in zip((A, slopes), activation(name, network, Z), strict=True):
            kept.append(array)
    # J = 1/m Σ log(1 + eᶻ) − Y Z, or 1/m Σ ½ (A − Y)²
    crossed = network.loss == "cross_entropy"
    J = (np.logaddexp(0, Z) - Y * Z if crossed else 0.5 * (A[-1] - Y) ** 2).sum() / m
    # dZ[L] = A[L] − Y, or (A[L] − Y) ∘ g[L]′(Z[L])                           (n[L], m)
    dZ = A[-1] - Y if crossed else (A[-1] - Y) * slopes[-1]
    for l in range(network.L, 0, -1):
        # dW[l] = 1/m dZ[l] A[l−1]ᵀ,  db[l] = 1/m Σ dZ[l]
        dParams.append(Layer(dZ @ A[l - 1].T / m, dZ.sum(axis=1, keepdims=True) / m))
        # dZ[l−1] = W[l]ᵀ dZ[l] ∘ g[l−1]′(Z[l−1])                             (n[l−1], m)
        dZ = (params[l - 1].W.T @ dZ) * slopes[l - 1]
    return J, tuple(reversed(dParams))
