# XOR in 50 lines
import numpy as np

np.random.seed(0)


def sig(z):
    return 1 / (1 + np.exp(-z))


def forward(params, X):
    z1 = params["W1"] @ X + params["b1"]
    a1 = sig(z1)
    z2 = params["W2"] @ a1 + params["b2"]
    a2 = sig(z2)
    return a1, a2


def cost(params, X, Y):
    a1, a2 = forward(params, X)
    return -(Y * np.log(a2) + (1 - Y) * np.log(1 - a2)).mean()


def train_step(params, X, Y, lr):
    m = X.shape[1]
    a1, a2 = forward(params, X)

    # output layer
    delta2 = a2 - Y
    params["W2"] -= lr * (delta2 @ a1.T) / m
    params["b2"] -= lr * delta2.sum(axis=1, keepdims=True) / m

    # hidden layer
    delta1 = (params["W2"].T @ delta2) * a1 * (1 - a1)
    params["W1"] -= lr * (delta1 @ X.T) / m
    params["b1"] -= lr * delta1.sum(axis=1, keepdims=True) / m
    return params


def train(params, X, Y, lr=1.0, epochs=10000):
    for _ in range(epochs):
        train_step(params, X, Y, lr)
    return params


X = np.array([[0, 0, 1, 1], [0, 1, 0, 1]], dtype=float)
Y = np.array([[0, 1, 1, 0]], dtype=float)
params = {
    "W1": np.random.randn(4, 2),
    "b1": np.zeros((4, 1)),
    "W2": np.random.randn(1, 4),
    "b2": np.zeros((1, 1)),
}
print("cost before", cost(params, X, Y))
train(params, X, Y, epochs=3000)
print("cost after ", cost(params, X, Y))
print(np.round(forward(params, X)[1], 2))
