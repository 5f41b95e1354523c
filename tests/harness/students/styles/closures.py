"""Closures: make_network returns loss_and_gradient."""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def affine(W, b):
    return lambda x: W @ x + b


def make_loss(X, Y):
    m = X.shape[1]

    def loss_and_gradient(params):
        (W1, b1), (W2, b2) = params
        h = np.maximum(0, affine(W1, b1)(X))
        p = sigmoid(affine(W2, b2)(h))
        J = -(Y * np.log(p) + (1 - Y) * np.log(1 - p)).sum() / m
        d2 = (p - Y) / m
        d1 = (W2.T @ d2) * (h > 0)
        return J, [(d1 @ X.T, d1.sum(1, keepdims=True)), (d2 @ h.T, d2.sum(1, keepdims=True))]

    return loss_and_gradient
