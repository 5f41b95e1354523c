"""A little framework: layers are objects with forward and backward, a network is a list of them."""
from abc import ABC, abstractmethod

import numpy as np


class Layer(ABC):
    @abstractmethod
    def forward(self, x): ...

    @abstractmethod
    def backward(self, grad): ...


class Dense(Layer):
    def __init__(self, n_in, n_out, rng):
        self.W = rng.normal(0, np.sqrt(2 / n_in), size=(n_out, n_in))
        self.b = np.zeros((n_out, 1))
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return self.W @ x + self.b

    def backward(self, grad):
        self.dW = grad @ self.x.T
        self.db = grad.sum(axis=1, keepdims=True)
        return self.W.T @ grad


class ReLU(Layer):
    def forward(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, 0)

    def backward(self, grad):
        return grad * self.mask


class Sigmoid(Layer):
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, grad):
        return grad * self.out * (1 - self.out)


class BinaryCrossEntropy:
    def forward(self, p, y):
        self.p, self.y = p, y
        return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / y.shape[1]

    def backward(self):
        return (self.p - self.y) / (self.p * (1 - self.p)) / self.y.shape[1]


class Network:
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.layers = []
        for n_in, n_out in zip(sizes[:-2], sizes[1:-1]):
            self.layers += [Dense(n_in, n_out, rng), ReLU()]
        self.layers += [Dense(sizes[-2], sizes[-1], rng), Sigmoid()]
        self.loss = BinaryCrossEntropy()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self):
        grad = self.loss.backward()
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def train_step(self, x, y, lr):
        cost = self.loss.forward(self.forward(x), y)
        self.backward()
        for layer in self.layers:
            if isinstance(layer, Dense):
                layer.W -= lr * layer.dW
                layer.b -= lr * layer.db
        return cost

    def predict(self, x):
        return self.forward(x) > 0.5


if __name__ == "__main__":
    from sklearn.datasets import make_circles
    x, y = make_circles(300, noise=0.05, factor=0.5, random_state=0)
    net = Network([2, 16, 8, 1])
    for i in range(1000):
        cost = net.train_step(x.T, y[None], 0.3)
    print(cost, np.mean(net.predict(x.T) == y))
