"""backward updates the weights at once."""

import numpy as np


class NN:
    def __init__(self, nx, nh, ny):
        self.W1 = np.random.randn(nh, nx) * 0.01
        self.b1 = np.zeros((nh, 1))
        self.W2 = np.random.randn(ny, nh) * 0.01
        self.b2 = np.zeros((ny, 1))

    def forward(self, X):
        self.Z1 = self.W1 @ X + self.b1
        self.A1 = np.maximum(0, self.Z1)
        self.Z2 = self.W2 @ self.A1 + self.b2
        self.A2 = 1 / (1 + np.exp(-self.Z2))
        return self.A2

    def backward(self, X, Y, learning_rate=0.01):
        m = X.shape[1]
        dZ2 = self.A2 - Y
        dW2 = dZ2 @ self.A1.T / m
        db2 = dZ2.sum(1, keepdims=True) / m
        dZ1 = (self.W2.T @ dZ2) * (self.Z1 > 0)
        dW1 = dZ1 @ X.T / m
        db1 = dZ1.sum(1, keepdims=True) / m
        self.W1 -= learning_rate * dW1
        self.b1 -= learning_rate * db1
        self.W2 -= learning_rate * dW2
        self.b2 -= learning_rate * db2

    def train(self, X, Y, epochs=1000, lr=0.1):
        for i in range(epochs):
            self.forward(X)
            self.backward(X, Y, lr)
