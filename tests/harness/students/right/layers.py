"""Any number of layers with sigmoid, over a tuple of Layer(W, b)."""

import numpy as np

PARAMETERS = "layers"


def cost_and_gradients(params, X, Y):
    m = X.shape[1]
    A = [X]
    for W, b in params:
        A.append(1 / (1 + np.exp(-(W @ A[-1] + b))))
    J = -np.sum(Y * np.log(A[-1]) + (1 - Y) * np.log(1 - A[-1])) / m
    gradients, dZ = [], A[-1] - Y
    for l in range(len(params), 0, -1):
        gradients.insert(0, (dZ @ A[l - 1].T / m, dZ.sum(axis=1, keepdims=True) / m))
        dZ = params[l - 1].W.T @ dZ * A[l - 1] * (1 - A[l - 1])
    return J, tuple(gradients)
