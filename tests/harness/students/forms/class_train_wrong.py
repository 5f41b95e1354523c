"""train_step with a learning rate, rows; the last derivative is applied once too often."""

import numpy as np


class Model:
    def __init__(self, n_in, n_hidden, n_out, learning_rate=0.5):
        self.W1, self.b1 = np.random.randn(n_in, n_hidden), np.zeros((1, n_hidden))
        self.W2, self.b2 = np.random.randn(n_hidden, n_out), np.zeros((1, n_out))
        self.learning_rate = learning_rate

    def forward(self, X):
        self.h = np.tanh(X @ self.W1 + self.b1)
        self.p = 1 / (1 + np.exp(-(self.h @ self.W2 + self.b2)))
        return self.p

    def train_step(self, X, y):
        m = len(X)
        p = self.forward(X)
        d2 = (p - y) * p * (1 - p) / m
        d1 = d2 @ self.W2.T * (1 - self.h**2)
        self.W2 -= self.learning_rate * self.h.T @ d2
        self.b2 -= self.learning_rate * d2.sum(axis=0, keepdims=True)
        self.W1 -= self.learning_rate * X.T @ d1
        self.b1 -= self.learning_rate * d1.sum(axis=0, keepdims=True)
