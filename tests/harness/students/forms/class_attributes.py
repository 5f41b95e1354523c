"""W1, b1, W2, b2 as attributes, loss_and_grads(X, y) returns both; b is flat, examples are rows."""

import numpy as np


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.W1 = std * np.random.randn(input_size, hidden_size)
        self.b1 = np.zeros(hidden_size)
        self.W2 = std * np.random.randn(hidden_size, output_size)
        self.b2 = np.zeros(output_size)

    def loss_and_grads(self, X, y):
        N = X.shape[0]
        h = np.maximum(0, X.dot(self.W1) + self.b1)
        p = 1 / (1 + np.exp(-(h.dot(self.W2) + self.b2)))
        loss = -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / N
        ds = (p - y) / N
        dh = ds.dot(self.W2.T)
        dh[h <= 0] = 0
        grads = {"W2": h.T.dot(ds), "b2": ds.sum(axis=0), "W1": X.T.dot(dh), "b1": dh.sum(axis=0)}
        return loss, grads
