"""Examples as rows, lists of weights and biases, b flat, gradients collected backwards."""

import numpy as np


def nn_grads(weights, biases, X, y):
    m = X.shape[0]
    acts = [X]
    for W, b in zip(weights, biases):
        acts.append(1 / (1 + np.exp(-(acts[-1] @ W + b))))
    out = acts[-1]
    J = -np.mean(y * np.log(out) + (1 - y) * np.log(1 - out))
    delta, dWs, dbs = (out - y) / m, [], []
    for l in range(len(weights) - 1, -1, -1):
        dWs.insert(0, acts[l].T @ delta)
        dbs.insert(0, delta.sum(axis=0))
        if l:
            delta = delta @ weights[l].T * acts[l] * (1 - acts[l])
    return J, dWs, dbs
