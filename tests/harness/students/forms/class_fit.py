"""fit alone: weights in lists, updated in place, losses kept in an attribute."""

import numpy as np


class Net:
    def __init__(self, sizes, lr=0.01, epochs=100):
        self.sizes, self.lr, self.epochs = sizes, lr, epochs
        rng = np.random.default_rng(0)
        self.weights = [rng.normal(size=(b, a)) for a, b in zip(sizes, sizes[1:])]
        self.biases = [np.zeros((b, 1)) for b in sizes[1:]]
        self.losses = []

    def fit(self, X, y):
        m = X.shape[1]
        for _ in range(self.epochs):
            A = [X]
            for W, b in zip(self.weights[:-1], self.biases[:-1]):
                A.append(np.tanh(W @ A[-1] + b))
            P = 1 / (1 + np.exp(-(self.weights[-1] @ A[-1] + self.biases[-1])))
            self.losses.append(-np.mean(y * np.log(P) + (1 - y) * np.log(1 - P)))
            d = (P - y) / m
            for l in reversed(range(len(self.weights))):
                dW, db = d @ A[l].T, d.sum(axis=1, keepdims=True)
                d = self.weights[l].T @ d * (1 - A[l] ** 2)
                self.weights[l] -= self.lr * dW
                self.biases[l] -= self.lr * db
        return self
