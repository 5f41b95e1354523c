"""Rows with the bias folded into W: [1, X] and Theta1 (n_h, n_x + 1), Theta2 (1, n_h + 1)."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cost_function(Theta1, Theta2, X, y):
    m = X.shape[0]
    a1 = np.hstack([np.ones((m, 1)), X])
    z2 = a1 @ Theta1.T
    a2 = np.hstack([np.ones((m, 1)), sigmoid(z2)])
    a3 = sigmoid(a2 @ Theta2.T)
    J = -np.sum(y * np.log(a3) + (1 - y) * np.log(1 - a3)) / m
    d3 = a3 - y
    d2 = (d3 @ Theta2)[:, 1:] * sigmoid(z2) * (1 - sigmoid(z2))
    Theta1_grad = d2.T @ a1 / m
    Theta2_grad = d3.T @ a2 / m
    return J, Theta1_grad, Theta2_grad
