"""The famous few lines: backprop updates the weights, no cost, a fixed learning rate of 1 that cannot be set."""

import numpy as np


def sigmoid(x):
    return 1.0 / (1 + np.exp(-x))


class NeuralNetwork:
    def __init__(self, x, y):
        self.input = x
        self.weights1 = np.random.rand(self.input.shape[1], 4)
        self.weights2 = np.random.rand(4, 1)
        self.y = y
        self.output = np.zeros(self.y.shape)

    def feedforward(self):
        self.layer1 = sigmoid(np.dot(self.input, self.weights1))
        self.output = sigmoid(np.dot(self.layer1, self.weights2))

    def backprop(self):
        d = 2 * (self.y - self.output) * self.output * (1 - self.output)
        self.weights2 += np.dot(self.layer1.T, d)
        self.weights1 += np.dot(self.input.T, np.dot(d, self.weights2.T) * self.layer1 * (1 - self.layer1))
