"""Forward returns five things, the cost wants the parameters too, dW2 has no 1/m."""

import numpy as np

m = 5


def forward(X, W1, b1, W2, b2):
    Z1 = W1 @ X + b1
    A1 = np.maximum(Z1, 0)
    Z2 = W2 @ A1 + b2
    A2 = 1 / (1 + np.exp(-Z2))
    return Z1, A1, Z2, A2, X


def cost(A2, Y, parameters):
    return -np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))


def backward(A1, A2, W2, X, Y):
    n = X.shape[1]
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T
    db2 = dZ2.sum(axis=1, keepdims=True) / n
    dZ1 = (W2.T @ dZ2) * (A1 > 0)
    return dW2, db2, dZ1 @ X.T / n, dZ1.sum(axis=1, keepdims=True) / n
