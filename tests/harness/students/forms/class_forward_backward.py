"""A class over layer sizes, forward and backward; gradients kept in self.grads."""

import numpy as np


class NeuralNetwork:
    def __init__(self, layers, learning_rate=0.1):
        self.layers = layers
        self.lr = learning_rate
        self.params = {}
        for l in range(1, len(layers)):
            self.params[f"W{l}"] = np.random.randn(layers[l], layers[l - 1])
            self.params[f"b{l}"] = np.zeros((layers[l], 1))

    def forward(self, X):
        self.A = [X]
        for l in range(1, len(self.layers)):
            Z = self.params[f"W{l}"] @ self.A[-1] + self.params[f"b{l}"]
            self.A.append(1 / (1 + np.exp(-Z)))
        return self.A[-1]

    def compute_loss(self, Y):
        A = self.A[-1]
        return -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))

    def backward(self, Y):
        m = Y.shape[1]
        self.grads = {}
        dZ = self.A[-1] - Y
        for l in range(len(self.layers) - 1, 0, -1):
            self.grads[f"dW{l}"] = dZ @ self.A[l - 1].T / m
            self.grads[f"db{l}"] = dZ.sum(axis=1, keepdims=True) / m
            dZ = self.params[f"W{l}"].T @ dZ * self.A[l - 1] * (1 - self.A[l - 1])
