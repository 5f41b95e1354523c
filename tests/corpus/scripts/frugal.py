"""L layers without temporaries: every buffer is used again. Hidden units are tanh, outputs sigmoid."""
import numpy as np


def cost_and_gradients(parameters, X, Y):
    L = len(parameters) // 2
    m = X.shape[1]
    A = [X]
    for l in range(1, L + 1):
        Z = parameters[f"W{l}"] @ A[-1]
        Z += parameters[f"b{l}"]
        if l < L:
            np.tanh(Z, out=Z)
        A.append(Z)

    # A[L] still holds the logits: J = mean(log(1 + exp(z)) - y z)
    Z = A[L]
    J = (np.logaddexp(0.0, Z) - Y * Z).sum() / m

    # the sigmoid in place, and then dZ in place
    D = Z
    np.negative(D, out=D)
    with np.errstate(over="ignore"):
        np.exp(D, out=D)
    D += 1
    np.reciprocal(D, out=D)
    D -= Y
    D /= m

    grads = {}
    for l in range(L, 0, -1):
        grads[f"db{l}"] = D.sum(axis=1, keepdims=True)
        grads[f"dW{l}"] = D @ A[l - 1].T
        if l > 1:
            D = parameters[f"W{l}"].T @ D
            # A[l-1] has served: turn it into the derivative 1 - A^2
            G = A[l - 1]
            G *= G
            np.subtract(1.0, G, out=G)
            D *= G
    return J, grads


def fit(parameters, X, Y, alpha, iterations):
    p = {name: np.array(value, dtype=float) for name, value in parameters.items()}
    for _ in range(iterations):
        _, g = cost_and_gradients(p, X, Y)
        for name in p:
            g["d" + name] *= alpha
            p[name] -= g["d" + name]
    return p


def predict(parameters, X):
    A = X
    L = len(parameters) // 2
    for l in range(1, L):
        A = np.tanh(parameters[f"W{l}"] @ A + parameters[f"b{l}"])
    return parameters[f"W{L}"] @ A + parameters[f"b{L}"] > 0
