"""Only a model, which makes its parameters itself."""

import numpy as np


def initialize_parameters(n_x, n_h, n_y):
    return {
        "W1": np.random.randn(n_h, n_x) * 0.01,
        "b1": np.zeros((n_h, 1)),
        "W2": np.random.randn(n_y, n_h) * 0.01,
        "b2": np.zeros((n_y, 1)),
    }


def model(X, Y, n_h, num_iterations=1000, learning_rate=0.5):
    p = initialize_parameters(X.shape[0], n_h, Y.shape[0])
    m = X.shape[1]
    costs = []
    for i in range(num_iterations):
        A1 = np.tanh(p["W1"] @ X + p["b1"])
        A2 = 1 / (1 + np.exp(-(p["W2"] @ A1 + p["b2"])))
        costs.append(-np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)))
        d2 = A2 - Y
        d1 = p["W2"].T @ d2 * (1 - A1**2)
        p["W1"] -= learning_rate * d1 @ X.T / m
        p["b1"] -= learning_rate * d1.sum(1, keepdims=True) / m
        p["W2"] -= learning_rate * d2 @ A1.T / m
        p["b2"] -= learning_rate * d2.sum(1, keepdims=True) / m
    return p
