"""A Keras-like mini framework: model = Sequential(); model.add(Dense(4, "tanh", 2)); model.fit(...)."""

import numpy as np


class Dense:
    def __init__(self, units, activation, input_dim):
        self.kernel = np.random.randn(input_dim, units) * 0.1
        self.bias = np.zeros((1, units))
        self.activation = activation

    def call(self, inputs):
        self.inputs = inputs
        z = inputs @ self.kernel + self.bias
        self.outputs = np.tanh(z) if self.activation == "tanh" else 1 / (1 + np.exp(-z))
        return self.outputs

    def backprop(self, d_outputs):
        if self.activation == "tanh":
            dz = d_outputs * (1 - self.outputs**2)
        else:
            dz = d_outputs * self.outputs * (1 - self.outputs)
        self.d_kernel = self.inputs.T @ dz
        self.d_bias = dz.sum(axis=0, keepdims=True)
        return dz @ self.kernel.T


class Sequential:
    def __init__(self):
        self.layers = []

    def add(self, layer):
        self.layers.append(layer)

    def predict_proba(self, x):
        for layer in self.layers:
            x = layer.call(x)
        return x

    def train_on_batch(self, x, y, lr=0.1):
        p = self.predict_proba(x)
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        grad = (p - y) / (p * (1 - p)) / len(x)
        for layer in reversed(self.layers):
            grad = layer.backprop(grad)
        for layer in self.layers:
            layer.kernel -= lr * layer.d_kernel
            layer.bias -= lr * layer.d_bias
        return loss

    def fit(self, x, y, epochs=100, lr=0.1):
        return [self.train_on_batch(x, y, lr) for _ in range(epochs)]


model = Sequential()
model.add(Dense(4, "tanh", 2))
model.add(Dense(1, "sigmoid", 4))

if __name__ == "__main__":
    X = np.random.randn(100, 2)
    y = (X[:, :1] > 0) * 1.0
    print(model.fit(X, y)[-1])
