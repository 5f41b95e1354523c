"""Layers with dweights and dbiases, called by __call__."""

import numpy as np


class Layer:
    def __init__(self, n_in, n_out, act):
        self.weights = np.random.randn(n_out, n_in) * 0.1
        self.biases = np.zeros((n_out, 1))
        self.act = act

    def forward(self, A):
        self.A_in = A
        self.Z = self.weights @ A + self.biases
        self.A = np.tanh(self.Z) if self.act == "tanh" else 1 / (1 + np.exp(-self.Z))
        return self.A

    def backward(self, dZ):
        m = dZ.shape[1]
        self.dweights = dZ @ self.A_in.T / m
        self.dbiases = dZ.sum(axis=1, keepdims=True) / m
        return self.weights.T @ dZ


class Network:
    def __init__(self, dims):
        self.layers = [Layer(a, b, "tanh") for a, b in zip(dims[:-2], dims[1:-1])] + [
            Layer(dims[-2], dims[-1], "sigmoid")
        ]

    def __call__(self, X):
        for l in self.layers:
            X = l.forward(X)
        return X

    def cost(self, Y):
        A = self.layers[-1].A
        return float(-np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / Y.shape[1])

    def backprop(self, Y):
        d = self.layers[-1].A - Y
        for k in range(len(self.layers) - 1, -1, -1):
            d = self.layers[k].backward(d)
            if k:
                d = d * (1 - self.layers[k - 1].A ** 2)
