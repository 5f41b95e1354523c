"""Predict disease progression with one ReLU layer and a linear output. Rows are patients."""
import argparse
from pathlib import Path

import numpy as np


def unpack(theta, n_x, n_h, n_y=1):
    """One long vector -> (W1, b1, W2, b2)."""
    shapes = [(n_x, n_h), (n_h,), (n_h, n_y), (n_y,)]
    parts, start = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        parts.append(theta[start:start + size].reshape(shape))
        start += size
    return parts


def pack(*arrays):
    return np.concatenate([a.ravel() for a in arrays])


def objective(theta, X, Y, n_h):
    """Half the mean squared error and its gradient as one vector, for scipy.optimize.minimize(..., jac=True)."""
    m, n_x = X.shape
    W1, b1, W2, b2 = unpack(theta, n_x, n_h, Y.shape[1])
    Z1 = X @ W1 + b1
    A1 = np.where(Z1 > 0, Z1, 0.0)
    residual = A1 @ W2 + b2 - Y
    J = 0.5 * np.sum(residual ** 2) / m
    dZ2 = residual / m
    dZ1 = np.where(Z1 > 0, dZ2 @ W2.T, 0.0)
    return J, pack(X.T @ dZ1, dZ1.sum(0), A1.T @ dZ2, dZ2.sum(0))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("csv", type=Path, nargs="?")
    parser.add_argument("--hidden", type=int, default=10)
    args = parser.parse_args()
    if args.csv:
        data = np.loadtxt(args.csv, delimiter=",", skiprows=1)
        X, Y = data[:, :-1], data[:, -1:]
    else:
        from sklearn.datasets import load_diabetes
        X, Y = load_diabetes(return_X_y=True)
        X, Y = X / X.std(0), (Y[:, None] - Y.mean()) / Y.std()
    from scipy.optimize import minimize
    rng = np.random.default_rng(0)
    start = pack(rng.normal(size=(X.shape[1], args.hidden)) * 0.3, np.zeros(args.hidden),
                 rng.normal(size=(args.hidden, 1)) * 0.3, np.zeros(1))
    best = minimize(objective, start, args=(X, Y, args.hidden), jac=True, method="L-BFGS-B", options={"maxiter": 50})
    print("half MSE", best.fun)


if __name__ == "__main__":
    main()
