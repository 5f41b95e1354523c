import numpy as np


class TwoLayerNet:
    """Everything happens in train(); the weights change in place."""

    def __init__(self, layer_sizes, lr=0.5):
        n_x, n_h, n_y = layer_sizes
        self.lr = lr
        self.weights = [np.random.randn(n_h, n_x) * 0.1, np.random.randn(n_y, n_h) * 0.1]
        self.biases = [np.zeros((n_h, 1)), np.zeros((n_y, 1))]

    def train(self, X, Y, epochs=1):
        m = X.shape[1]
        for _ in range(epochs):
            H = np.tanh(self.weights[0] @ X + self.biases[0])
            P = 1 / (1 + np.exp(-(self.weights[1] @ H + self.biases[1])))

            E = (P - Y) / m
            back = (self.weights[1].T @ E) * (1 - H ** 2)   # before W2 moves!

            self.weights[1] -= self.lr * E @ H.T
            self.biases[1] -= self.lr * E.sum(axis=1, keepdims=True)
            self.weights[0] -= self.lr * back @ X.T
            self.biases[0] -= self.lr * back.sum(axis=1, keepdims=True)
        return self

    def predict(self, X):
        H = np.tanh(self.weights[0] @ X + self.biases[0])
        return (self.weights[1] @ H + self.biases[1] > 0).astype(int)


np.random.seed(0)
net = TwoLayerNet((2, 5, 1))
X = np.random.randn(2, 100)
Y = (X[0:1] > X[1:2]).astype(int)
net.train(X, Y, epochs=200)
print("accuracy", np.mean(net.predict(X) == Y))
