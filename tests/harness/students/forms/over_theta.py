"""Over theta, with a column of ones before the data."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def costFunction(theta, X, y):
    m = len(y)
    h = sigmoid(X.dot(theta))
    J = -(y.T.dot(np.log(h)) + (1 - y).T.dot(np.log(1 - h))) / m
    grad = X.T.dot(h - y) / m
    return J, grad
