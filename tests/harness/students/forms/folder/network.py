"""Nielsen's way, over all examples at once: forward in one file, the activations in another; the mean is forgotten."""

import numpy as np
from activations import sigmoid, sigmoid_prime


def feedforward(weights, biases, x):
    zs, acts = [], [x]
    for w, b in zip(weights, biases):
        zs.append(np.dot(w, acts[-1]) + b)
        acts.append(sigmoid(zs[-1]))
    return acts[-1], zs, acts


def cost(a, y):
    return np.sum(np.nan_to_num(-y * np.log(a) - (1 - y) * np.log(1 - a))) / y.shape[1]


def backprop(weights, biases, x, y):
    a, zs, acts = feedforward(weights, biases, x)
    nabla_b = [np.zeros(b.shape) for b in biases]
    nabla_w = [np.zeros(w.shape) for w in weights]
    delta = a - y
    nabla_b[-1] = delta.sum(axis=1, keepdims=True)
    nabla_w[-1] = np.dot(delta, acts[-2].T)
    for l in range(2, len(weights) + 1):
        delta = np.dot(weights[-l + 1].T, delta) * sigmoid_prime(zs[-l])
        nabla_b[-l] = delta.sum(axis=1, keepdims=True)
        nabla_w[-l] = np.dot(delta, acts[-l - 1].T)
    return nabla_b, nabla_w
