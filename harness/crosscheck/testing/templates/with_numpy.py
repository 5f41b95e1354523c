"""A network in NumPy: J and its gradient, by hand. Everything else has a default.

crosscheck compare --impl mine
"""

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params


def activation(name: str, network: Network, Z: Array) -> tuple[Array, Array]:
    """Return A = g(Z) and g′(Z), both (n[l], m)."""
    if name == "linear":
        return Z, np.ones_like(Z)
    if name == "tanh":
        A = np.tanh(Z)
        return A, 1 - A * A
    if name == "sigmoid":
        e = np.exp(-np.abs(Z))  # cannot overflow
        A = np.where(Z < 0, e, 1) / (1 + e)
        return A, A * (1 - A)
    slope = network.leaky_slope if name == "leaky_relu" else 0.0
    right = Z > 0 if network.relu_grad_at_zero == "left" else Z >= 0
    return np.where(right, Z, slope * Z), np.where(right, np.ones_like(Z), slope)


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and its gradient, Layer(dW, db) of every layer. X (n[0], m), Y (n[L], m)."""
    m = X.shape[1]
    A, inputs, slopes = X, [], []
    for name, (W, b) in zip(network.g, params, strict=True):
        # Z[l] = W[l] A[l−1] + b[l],  A[l] = g[l](Z[l])                       (n[l], m)
        inputs.append(A)
        Z = W @ A + b
        A, slope = activation(name, network, Z)
        slopes.append(slope)
    if network.loss == "cross_entropy":
        # J = 1/m Σ log(1 + eᶻ) − Y Z,  dZ[L] = A[L] − Y                      (n[L], m)
        J = (np.maximum(Z, 0) + np.log1p(np.exp(-np.abs(Z))) - Y * Z).sum() / m
        dZ = A - Y
    else:
        # J = 1/m Σ ½ (A − Y)²,  dZ[L] = (A[L] − Y) ∘ g[L]′(Z[L])
        J = (0.5 * (A - Y) ** 2).sum() / m
        dZ = (A - Y) * slopes[-1]
    dParams = []
    for l in range(network.L, 0, -1):
        # dW[l] = 1/m dZ[l] A[l−1]ᵀ,  db[l] = 1/m Σ dZ[l]
        dParams.append(Layer(dZ @ inputs[l - 1].T / m, dZ.sum(axis=1, keepdims=True) / m))
        if l > 1:
            # dZ[l−1] = W[l]ᵀ dZ[l] ∘ g[l−1]′(Z[l−1])                         (n[l−1], m)
            dZ = (params[l - 1].W.T @ dZ) * slopes[l - 2]
    return J, tuple(reversed(dParams))
