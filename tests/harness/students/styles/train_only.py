"""train(X, Y, params, ...) returns the parameters and the costs."""

import numpy as np


def train(X, Y, params, learning_rate=0.1, epochs=100):
    W1, b1, W2, b2 = params["W1"].copy(), params["b1"].copy(), params["W2"].copy(), params["b2"].copy()
    m, costs = X.shape[1], []
    for _ in range(epochs):
        A1 = np.tanh(np.dot(W1, X) + b1)
        A2 = 1 / (1 + np.exp(-(np.dot(W2, A1) + b2)))
        costs.append(-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m)
        dZ2 = A2 - Y
        W2 = W2 - learning_rate * np.dot(dZ2, A1.T) / m
        b2 = b2 - learning_rate * np.sum(dZ2, axis=1, keepdims=True) / m
        dZ1 = np.dot(W2.T, dZ2) * (1 - A1**2)
        W1 = W1 - learning_rate * np.dot(dZ1, X.T) / m
        b1 = b1 - learning_rate * np.sum(dZ1, axis=1, keepdims=True) / m
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, costs
