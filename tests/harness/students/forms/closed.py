"""Functions made by functions, a lambda and a partial."""

from functools import partial

import numpy as np


def made(slope):
    def value_and_slopes(params, X, Y):
        W1, b1, W2, b2 = params
        Z1 = W1 @ X + b1
        A1 = np.where(Z1 > 0, Z1, slope * Z1)
        A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
        m = X.shape[1]
        d2 = A2 - Y
        d1 = W2.T @ d2 * np.where(Z1 > 0, 1, slope)
        J = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m
        return J, [d1 @ X.T / m, d1.sum(1, keepdims=True) / m, d2 @ A1.T / m, d2.sum(1, keepdims=True) / m]

    return value_and_slopes


leaky = made(0.01)
as_lambda = lambda params, X, Y: made(0.0)(params, X, Y)  # noqa: E731


def general(params, X, Y, slope):
    return made(slope)(params, X, Y)


part = partial(general, slope=0.01)
