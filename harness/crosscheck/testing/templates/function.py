"""Two layers: tanh, then the sigmoid. Examples are columns: X (n_x, m), Y (n_y, m).

crosscheck check mine.py
"""

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.floating]]


def cost_and_gradients(
    parameters: Arrays, X: NDArray[np.floating], Y: NDArray[np.floating]
) -> tuple[np.floating, Arrays]:
    """Return the cost and dW1 (n_h, n_x), db1 (n_h, 1), dW2 (n_y, n_h), db2 (n_y, 1)."""
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    m = X.shape[1]

    # forward
    Z1 = W1 @ X + b1  # (n_h, m)
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2  # (n_y, m)
    A2 = 1 / (1 + np.exp(-np.abs(Z2)))  # the sigmoid of |Z2|, which cannot overflow
    A2 = np.where(Z2 < 0, np.exp(-np.abs(Z2)) * A2, A2)

    # −1/m Σ Y log A2 + (1 − Y) log(1 − A2), from Z2: finite where A2 is rounded to 0 or 1
    cost = (np.logaddexp(0, Z2) - Y * Z2).sum() / m

    # backward
    dZ2 = A2 - Y  # (n_y, m)
    dW2 = dZ2 @ A1.T / m
    db2 = dZ2.sum(axis=1, keepdims=True) / m
    dZ1 = (W2.T @ dZ2) * (1 - A1**2)  # (n_h, m)
    dW1 = dZ1 @ X.T / m
    db1 = dZ1.sum(axis=1, keepdims=True) / m
    return cost, {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
