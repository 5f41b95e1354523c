# I come from MATLAB, so: matrices. * is the matrix product, .T transposes, multiply is elementwise
from numpy import asarray, exp, log, matrix, mean, multiply, zeros


def sigmoid(z):
    return 1 / (1 + exp(-z))


def cost_and_grad(w, b, X, Y):
    X = matrix(X)
    Y = matrix(Y)
    w = matrix(w)
    m = X.shape[1]
    A = sigmoid(w.T * X + b)
    J = -(Y * log(A).T + (1 - Y) * log(1 - A).T) / m
    dw = X * (A - Y).T / m
    db = mean(A - Y)
    return J[0, 0], dw, db


def descend(w, b, X, Y, alpha, iterations):
    w = matrix(w)
    for k in range(iterations):
        J, dw, db = cost_and_grad(w, b, X, Y)
        w = w - alpha * dw
        b = b - alpha * db
    return asarray(w), b


def classify(w, b, X):
    return asarray(sigmoid(matrix(w).T * X + b) > 0.5, dtype=int)


X = matrix("1 2 -1 0.5; 3 4 -2 0.1; 0 1 1 -1")
Y = matrix("1 1 0 0")
w, b = descend(zeros((3, 1)), 0.0, X, Y, 0.1, 200)
print(w.T, b)
print(classify(w, b, X))
