"""A list of {"W", "b"}, the cache a list, gradients in the same form."""

import numpy as np


def init(n):
    return [{"W": np.random.randn(b, a), "b": np.zeros((b, 1))} for a, b in zip(n, n[1:])]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(layers, X):
    a = X
    cache = []
    for l in layers:
        cache.append(a)
        a = sigmoid(l["W"] @ a + l["b"])
    return a, cache


def bce(yhat, y):
    return -(y * np.log(yhat) + (1 - y) * np.log(1 - yhat)).mean()


def backward(layers, yhat, y, cache):
    grads = []
    d = (yhat - y) / y.shape[1]
    for l, a in zip(reversed(layers), reversed(cache)):
        grads.append({"W": d @ a.T, "b": d.sum(axis=1, keepdims=True)})
        d = l["W"].T @ d * a * (1 - a)
    return grads[::-1]
