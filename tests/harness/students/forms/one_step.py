"""One step, w and b, returned without names."""

import numpy as np


def step(w, b, x, y, learning_rate):
    yhat = 1 / (1 + np.exp(-(np.dot(w.T, x) + b)))
    dz = yhat - y
    m = x.shape[1]
    return w - learning_rate * np.dot(x, dz.T) / m, b - learning_rate * np.sum(dz) / m
