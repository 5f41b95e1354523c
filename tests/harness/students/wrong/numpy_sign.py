"""Logistic regression whose dZ has the wrong sign."""

import numpy as np


def cost_and_gradients(w, b, X, Y):
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    cost = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    dZ = Y - A
    return cost, {"dw": X @ dZ.T / m, "db": dZ.sum() / m}
