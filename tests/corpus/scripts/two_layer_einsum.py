"""A two-layer net where every product is an einsum, because then I know what is summed."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def loss_and_grads(W1: Array, b1: Array, W2: Array, b2: Array, X: Array, Y: Array) -> tuple[float, Array, Array, Array, Array]:
    """X is (features, examples), Y (outputs, examples); b1 and b2 are columns. J is summed over outputs, averaged over examples."""
    m = X.shape[-1]
    z1 = np.einsum("hf,fm->hm", W1, X) + b1
    a1 = np.tanh(z1)
    z2 = np.einsum("oh,hm->om", W2, a1) + b2
    # softplus(z) - y z, stable for any z
    J = (np.maximum(z2, 0) + np.log1p(np.exp(-np.abs(z2))) - Y * z2).sum() / m
    a2 = 0.5 * (1 + np.tanh(z2 / 2))
    d2 = (a2 - Y) / m
    dW2 = np.einsum("om,hm->oh", d2, a1)
    db2 = np.einsum("om->o", d2)[:, None]
    d1 = np.einsum("oh,om,hm->hm", W2, d2, 1 - a1 * a1)
    dW1 = np.einsum("hm,fm->hf", d1, X)
    db1 = np.einsum("hm->h", d1)[:, None]
    return float(J), dW1, db1, dW2, db2


def predict(W1: Array, b1: Array, W2: Array, b2: Array, X: Array) -> NDArray[np.bool_]:
    # sigmoid(z) > 1/2 exactly where z > 0
    return W2 @ np.tanh(W1 @ X + b1) + b2 > 0


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2, 200))
    Y = (X[:1] * X[1:] > 0).astype(float)
    theta = [rng.normal(size=(8, 2)), np.zeros((8, 1)), rng.normal(size=(1, 8)), np.zeros((1, 1))]
    for step in range(500):
        J, *g = loss_and_grads(*theta, X, Y)
        theta = [t - 0.5 * d for t, d in zip(theta, g)]
    print(f"{J = :.4f}", "accuracy", np.mean(predict(*theta, X) == Y))
