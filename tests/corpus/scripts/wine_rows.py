import numpy as np
from sklearn.datasets import load_wine


def sigma(x):
    return np.exp(x) / (1 + np.exp(x))


def forward(W1, b1, W2, b2, X):
    H = np.tanh(X @ W1 + b1)
    P = sigma(H @ W2 + b2)
    return H, P


def loss_fn(W1, b1, W2, b2, X, Y):
    y = np.ravel(Y)
    _, P = forward(W1, b1, W2, b2, X)
    return -np.mean(y * np.log(P) + (1 - y) * np.log(1 - P))


def grad_fn(W1, b1, W2, b2, X, Y):
    m = X.shape[0]
    H, P = forward(W1, b1, W2, b2, X)
    D2 = P - np.reshape(Y, P.shape)
    D1 = D2 @ W2.T * (1 - H**2)
    return X.T @ D1 / m, D1.mean(0), H.T @ D2 / m, D2.mean(0)


def predict(W1, b1, W2, b2, X):
    return np.argmax(forward(W1, b1, W2, b2, X)[1], axis=1)


if __name__ == '__main__':
    X, y = load_wine(return_X_y=True)
    X = (X - X.mean(0)) / X.std(0)
    y = (y == 1).astype(float)
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(13, 5)) * .3, np.zeros(5), rng.normal(size=(5, 1)) * .3, np.zeros(1)]
    for i in range(300):
        weights = [w - .3 * g for w, g in zip(weights, grad_fn(*weights, X, y))]
        if i % 50 == 0:
            print(i, loss_fn(*weights, X, y))   # does not go to zero?
    print((predict(*weights, X) == y).mean())
