"""L layers with ReLU, cost from the logits, and a training loop and a prediction of its own."""

import numpy as np


def forward(parameters, X):
    L = len(parameters) // 2
    A, caches = X, []
    for l in range(1, L + 1):
        Z = parameters[f"W{l}"] @ A + parameters[f"b{l}"]
        caches.append((A, Z))
        A = np.maximum(Z, 0)
    return Z, caches


def sigmoid(Z):
    e = np.exp(-np.abs(Z))
    return np.where(Z >= 0, 1, e) / (1 + e)


def cost_and_gradients(parameters, X, Y):
    Z, caches = forward(parameters, X)
    m = X.shape[1]
    cost = np.sum(np.logaddexp(0, Z) - Y * Z) / m
    gradients = {}
    dZ = sigmoid(Z) - Y
    for l in range(len(caches), 0, -1):
        A, _ = caches[l - 1]
        gradients[f"dW{l}"] = dZ @ A.T / m
        gradients[f"db{l}"] = np.sum(dZ, axis=1, keepdims=True) / m
        if l > 1:
            dZ = (parameters[f"W{l}"].T @ dZ) * (caches[l - 2][1] > 0)
    return cost, gradients


def fit(parameters, X, Y, alpha, iterations):
    costs = []
    for _ in range(iterations):
        cost, gradients = cost_and_gradients(parameters, X, Y)
        costs.append(cost)
        parameters = {name: array - alpha * gradients[f"d{name}"] for name, array in parameters.items()}
    return parameters, np.array(costs)


def predict(parameters, X):
    return forward(parameters, X)[0] > 0
