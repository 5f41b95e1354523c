"""Only a training function over vectors, with the learning rate and the iterations as arguments."""

import numpy as np


def gradient_descent(X, y, w, b, alpha, num_iters):
    m = X.shape[0]
    history = []
    for _ in range(num_iters):
        f = 1 / (1 + np.exp(-(X @ w + b)))
        history.append(float(-np.mean(y * np.log(f) + (1 - y) * np.log(1 - f))))
        w = w - alpha * X.T @ (f - y) / m
        b = b - alpha * np.mean(f - y)
    return w, b, history
