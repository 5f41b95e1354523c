# the famous few-line network, made into a class (squared error, sigmoid everywhere, rows)
import numpy as np


class Net:
    def __init__(self, n_in, n_hidden, n_out=1):
        np.random.seed(1)
        self.syn0 = 2 * np.random.random((n_in, n_hidden)) - 1
        self.syn1 = 2 * np.random.random((n_hidden, n_out)) - 1
        self.bias0 = np.zeros(n_hidden)
        self.bias1 = np.zeros(n_out)

    def nonlin(self, x, deriv=False):
        if deriv:
            return x * (1 - x)      # x is already the output of the sigmoid
        return 1 / (1 + np.exp(-x))

    def think(self, X):
        self.l1 = self.nonlin(X @ self.syn0 + self.bias0)
        self.l2 = self.nonlin(self.l1 @ self.syn1 + self.bias1)
        return self.l2

    def train(self, X, y, iterations=1, alpha=1.0):
        for _ in range(iterations):
            self.think(X)
            l2_error = y - self.l2
            l2_delta = l2_error * self.nonlin(self.l2, deriv=True)
            l1_error = l2_delta @ self.syn1.T
            l1_delta = l1_error * self.nonlin(self.l1, deriv=True)
            self.syn1 += alpha * (self.l1.T @ l2_delta)
            self.bias1 += alpha * l2_delta.sum(axis=0)
            self.syn0 += alpha * (X.T @ l1_delta)
            self.bias0 += alpha * l1_delta.sum(axis=0)

    def loss(self, X, y):
        return 0.5 * np.mean(np.sum((y - self.think(X)) ** 2, axis=1))


if __name__ == "__main__":
    X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    y = np.array([[0, 1, 1, 0]]).T
    net = Net(3, 4)
    net.train(X, y, 10000)
    print(net.think(X))
