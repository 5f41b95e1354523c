"""One correct implementation in plain NumPy, short enough to be changed line by line.

`mutants.py` plants each mistake by changing a line of this file; `bound.noise` reruns it in other orders of
summation; `attribution.py` asks which change explains an answer. It follows the dtype of its arrays, also that of
ball arithmetic (dtype object), and shares no line with the oracle or with the implementations that are judged.
"""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params


def sigmoid(Z: Array) -> Array:
    """σ(Z), from exp(−|Z|), which cannot overflow."""
    e = np.exp(-np.abs(Z))
    return np.where(Z < 0, e, 1) / (1 + e)


def activate(network: Network, l: int, Z: Array) -> Array:
    """A[l] = g[l](Z[l])."""
    if network.g[l - 1] == "sigmoid":
        return sigmoid(Z)
    if network.g[l - 1] == "tanh":
        return np.tanh(Z)
    if network.g[l - 1] == "relu":
        return np.where(Z < 0, 0 * Z, Z)
    if network.g[l - 1] == "leaky_relu":
        return np.where(Z < 0, network.leaky_slope * Z, Z)
    return Z


def softplus(Z: Array) -> Array:
    """log(1 + eᶻ) = max(Z, 0) + log(1 + e^−|Z|)."""
    return np.where(Z < 0, 0 * Z, Z) + np.log1p(np.exp(-np.abs(Z)))


def right_of_kink(network: Network, name: str, Z: Array) -> Array:
    """Return where the derivative of `name` takes its right value."""
    return Z >= 0 if network.relu_grad_at_zero == "right" else Z > 0


def derivative(network: Network, l: int, Z: Array, A: Array) -> Array:
    """Return g[l]′(Z[l]), with A = g[l](Z[l])."""
    if network.g[l - 1] == "sigmoid":
        return A * (1 - A)
    if network.g[l - 1] == "tanh":
        return 1 - A * A
    if network.g[l - 1] == "relu":
        return right_of_kink(network, "relu", Z).astype(Z.dtype)
    if network.g[l - 1] == "leaky_relu":
        right = right_of_kink(network, "leaky_relu", Z).astype(Z.dtype)
        return right + network.leaky_slope * (1 - right)
    return np.ones_like(Z)


def forward(network: Network, params: Params, X: Array) -> tuple[list[Array], list[Array]]:
    """Return A[0 ... L] and Z[1 ... L]."""
    A, Z = [X], []
    for l, (W, b) in enumerate(params, start=1):
        Z.append(W @ A[l - 1] + b)
        A.append(activate(network, l, Z[l - 1]))
    return A, Z


def cost(network: Network, A: Array, Z: Array, Y: Array) -> Array:
    """J = 1/m Σ softplus(Z) − Y Z, or 1/m Σ ½ (A − Y)²."""
    m = Y.shape[1]
    if network.loss == "squared_error":
        losses = (A - Y) ** 2 / 2
    else:  # in lines of their own, so that each can be changed
        losses = softplus(Z) - Y * Z
    return np.sum(losses) / m


def output_gradient(network: Network, A: Array, Z: Array, Y: Array) -> Array:
    """dZ[L] = A − Y, or (A − Y) ∘ g[L]′(Z)."""
    if network.loss == "squared_error":
        return (A - Y) * derivative(network, network.L, Z, A)
    return A - Y


def cost_and_gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    A, Z = forward(network, params, X)
    m = X.shape[1]
    J = cost(network, A[-1], Z[-1], Y)
    dZ = output_gradient(network, A[-1], Z[-1], Y)
    gradients: list[Layer] = []
    for l in range(network.L, 0, -1):
        dW = dZ @ A[l - 1].T / m
        db = np.sum(dZ, axis=1, keepdims=True) / m
        gradients.insert(0, Layer(dW, db))
        if l > 1:
            dA = params[l - 1].W.T @ dZ
            dZ = dA * derivative(network, l - 1, Z[l - 2], A[l - 1])
    return J, tuple(gradients)


def update(params: Params, gradients: Params, alpha: float) -> Params:
    """W := W − α dW, b := b − α db."""
    after = []
    for (W, b), (dW, db) in zip(params, gradients, strict=True):
        after.append(Layer(W - alpha * dW, b - alpha * db))
    return tuple(after)


def fit(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, list[Array]]:
    """Return the params after gradient descent, and J before each step."""
    costs = []
    for _t in range(iterations):
        J, gradients = cost_and_gradients(network, params, X, Y)
        costs.append(J)
        params = update(params, gradients, alpha)
    return params, costs


def predict(network: Network, params: Params, X: Array) -> Array:
    """Return 1 where A[L] > 0.5, else 0; A[L] itself for a linear or ReLU output."""
    A, _ = forward(network, params, X)
    if network.g[-1] in ("linear", "relu"):
        return A[-1]
    return (A[-1] > 0.5).astype("int64")
