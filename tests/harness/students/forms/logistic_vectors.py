"""Logistic regression over vectors: w (n,), y (m,), a cost and a gradient apart, as scipy wants them."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def compute_cost(X, y, w, b):
    m, n = X.shape
    cost = 0.0
    for i in range(m):
        f = sigmoid(np.dot(X[i], w) + b)
        cost += -y[i] * np.log(f) - (1 - y[i]) * np.log(1 - f)
    return cost / m


def compute_gradient(X, y, w, b):
    m, n = X.shape
    dj_dw, dj_db = np.zeros((n,)), 0.0
    for i in range(m):
        error = sigmoid(np.dot(X[i], w) + b) - y[i]
        dj_dw += error * X[i]
        dj_db += error
    return dj_db / m, dj_dw / m
