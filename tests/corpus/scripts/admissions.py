"""Will the student be admitted? Logistic regression in the manner of the machine learning course: rows, x^(i), theta."""

import copy
import math

import numpy as np


def sigmoid(z):
    g = 1 / (1 + np.exp(-z))
    return g


def compute_cost(X, y, w, b):
    """
    X : (m, n)  data, m examples
    y : (m,)    target
    w : (n,)    parameters
    b : scalar
    """
    m, n = X.shape
    total = 0.0
    for i in range(m):
        f_wb = sigmoid(np.dot(X[i], w) + b)
        total += -y[i] * np.log(f_wb) - (1 - y[i]) * np.log(1 - f_wb)
    return total / m


def compute_gradient(X, y, w, b):
    m, n = X.shape
    dj_dw = np.zeros(w.shape)
    dj_db = 0.0
    for i in range(m):
        err_i = sigmoid(np.dot(X[i], w) + b) - y[i]
        for j in range(n):
            dj_dw[j] = dj_dw[j] + err_i * X[i, j]
        dj_db = dj_db + err_i
    dj_dw = dj_dw / m
    dj_db = dj_db / m
    return dj_db, dj_dw


def gradient_descent(X, y, w_in, b_in, cost_function, gradient_function, alpha, num_iters):
    J_history = []
    w = copy.deepcopy(w_in)
    b = b_in
    for i in range(num_iters):
        dj_db, dj_dw = gradient_function(X, y, w, b)
        w = w - alpha * dj_dw
        b = b - alpha * dj_db
        J_history.append(cost_function(X, y, w, b))
        if i % math.ceil(num_iters / 10) == 0:
            print(f"Iteration {i:4d}: Cost {float(J_history[-1]):8.2f}")
    return w, b, J_history


def predict(X, w, b):
    m, n = X.shape
    p = np.zeros(m)
    for i in range(m):
        z_wb = 0
        for j in range(n):
            z_wb += X[i, j] * w[j]
        z_wb += b
        p[i] = 1 if sigmoid(z_wb) >= 0.5 else 0
    return p


if __name__ == "__main__":
    data = np.loadtxt("data/ex2data1.txt", delimiter=",")
    X_train, y_train = data[:, :2], data[:, 2]
    np.random.seed(1)
    initial_w = 0.01 * (np.random.rand(2) - 0.5)
    w, b, J_history = gradient_descent(X_train, y_train, initial_w, -8, compute_cost, compute_gradient, 0.001, 10000)
    print("Train Accuracy: %f" % (np.mean(predict(X_train, w, b) == y_train) * 100))
