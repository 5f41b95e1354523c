from typing import NamedTuple

import numpy as np


class Params(NamedTuple):
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray


def cost_and_grads(p: Params, X, Y) -> tuple[np.float32, Params]:
    W1, b1, W2, b2 = (np.float32(t) for t in p)
    X = np.float32(X)
    Y = np.float32(Y)
    m = np.float32(X.shape[1])

    A1 = np.tanh(W1 @ X + b1)
    A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
    J = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m

    dZ2 = A2 - Y
    dZ1 = W2.T @ dZ2 * (1 - A1 * A1)
    return J, Params(
        W1=dZ1 @ X.T / m,
        b1=dZ1.sum(1, keepdims=True) / m,
        W2=dZ2 @ A1.T / m,
        b2=dZ2.sum(1, keepdims=True) / m,
    )


def sgd(p: Params, g: Params, lr: float) -> Params:
    return Params(*(np.float32(w - lr * d) for w, d in zip(p, g)))
