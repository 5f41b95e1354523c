"""
Tags for questions: several labels may be true at once, so the output is n_y independent sigmoids.

X (n_x, m), Y (n_y, m) of 0 and 1. The cost of one example is the sum over its n_y labels.
"""
import json

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(params, X):
    A1 = np.tanh(params["W1"] @ X + params["b1"])
    A2 = sigmoid(params["W2"] @ A1 + params["b2"])
    return A1, A2


def cost_and_gradients(params, X, Y):
    m = Y.shape[1]
    A1, A2 = forward(params, X)
    cost = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m

    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2) / m
    dZ1 = params["W2"].T @ dZ2 * (1 - A1 ** 2)
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return cost, {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


def predict(params, X):
    return (forward(params, X)[1] > 0.5).astype(int)


if __name__ == "__main__":
    with open("questions.json") as f:
        data = json.load(f)
    X, Y = np.array(data["x"]).T, np.array(data["y"]).T
    rng = np.random.default_rng(1)
    params = {"W1": rng.normal(size=(50, X.shape[0])) * 0.05, "b1": np.zeros((50, 1)),
              "W2": rng.normal(size=(Y.shape[0], 50)) * 0.05, "b2": np.zeros((Y.shape[0], 1))}
    for i in range(1000):
        cost, grads = cost_and_gradients(params, X, Y)
        params = {k: params[k] - 0.1 * grads["d" + k] for k in params}
