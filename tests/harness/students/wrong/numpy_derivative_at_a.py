"""L layers with sigmoid whose derivative, which wants Z, is given A."""

import numpy as np


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def sigmoid_derivative(Z):
    return sigmoid(Z) * (1 - sigmoid(Z))


def cost_and_gradients(parameters, X, Y):
    m, L, A = X.shape[1], len(parameters) // 2, [X]
    for l in range(1, L + 1):
        A.append(sigmoid(parameters[f"W{l}"] @ A[l - 1] + parameters[f"b{l}"]))
    cost = -np.sum(Y * np.log(A[L]) + (1 - Y) * np.log(1 - A[L])) / m
    dZ, gradients = A[L] - Y, {}
    for l in range(L, 0, -1):
        gradients |= {f"dW{l}": dZ @ A[l - 1].T / m, f"db{l}": dZ.sum(axis=1, keepdims=True) / m}
        if l > 1:
            dZ = parameters[f"W{l}"].T @ dZ * sigmoid_derivative(A[l - 1])
    return gradients, cost
