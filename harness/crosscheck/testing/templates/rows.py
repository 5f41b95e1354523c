"""Two layers, tanh and the sigmoid, in code whose examples are rows: x (m, n_x), y (m, n_y), w1 (n_x, n_h).

    crosscheck check mine.py

`cost_and_gradients` is what is checked. It gets examples as columns, transposes them on the way in, and the gradients
on the way out; put your own code in place of `cost_and_gradients_of_rows`.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def cost_and_gradients(parameters: dict[str, Array], X: Array, Y: Array) -> tuple[np.floating, dict[str, Array]]:
    """Return the cost and dW1 (n_h, n_x), db1 (n_h, 1), dW2, db2. X (n_x, m), Y (n_y, m): examples are columns."""
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    cost, dw1, db1, dw2, db2 = cost_and_gradients_of_rows(W1.T, b1.T, W2.T, b2.T, X.T, Y.T)
    return cost, {"dW1": dw1.T, "db1": db1.T, "dW2": dw2.T, "db2": db2.T}


def cost_and_gradients_of_rows(
    w1: Array, b1: Array, w2: Array, b2: Array, x: Array, y: Array
) -> tuple[np.floating, Array, Array, Array, Array]:
    """Return the cost and dw1 (n_x, n_h), db1 (1, n_h), dw2 (n_h, n_y), db2 (1, n_y)."""
    m = x.shape[0]

    # forward
    a1 = np.tanh(x @ w1 + b1)  # (m, n_h)
    z2 = a1 @ w2 + b2  # (m, n_y)
    a2 = 1 / (1 + np.exp(-np.abs(z2)))  # the sigmoid of |z2|, which cannot overflow
    a2 = np.where(z2 < 0, np.exp(-np.abs(z2)) * a2, a2)

    # −1/m Σ y log a2 + (1 − y) log(1 − a2), from z2: finite where a2 is rounded to 0 or 1
    cost = (np.logaddexp(0, z2) - y * z2).sum() / m

    # backward
    dz2 = a2 - y  # (m, n_y)
    dw2 = a1.T @ dz2 / m
    db2 = dz2.sum(axis=0, keepdims=True) / m
    dz1 = (dz2 @ w2.T) * (1 - a1**2)  # (m, n_h)
    dw1 = x.T @ dz1 / m
    db1 = dz1.sum(axis=0, keepdims=True) / m
    return cost, dw1, db1, dw2, db2
