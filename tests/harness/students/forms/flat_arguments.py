"""Flat arguments in an odd order, gradients in a list, cost last."""

import numpy as np


def loss_and_grads(X, y, W2, b2, W1, b1):
    m = X.shape[1]
    a1 = 1 / (1 + np.exp(-(W1 @ X + b1)))
    a2 = 1 / (1 + np.exp(-(W2 @ a1 + b2)))
    loss = -np.sum(y * np.log(a2) + (1 - y) * np.log(1 - a2)) / m
    d2 = a2 - y
    d1 = W2.T @ d2 * a1 * (1 - a1)
    return [[d1 @ X.T / m, d1.sum(1, keepdims=True) / m], [d2 @ a1.T / m, d2.sum(1, keepdims=True) / m]], loss
