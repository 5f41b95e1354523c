#!/usr/bin/env python3
"""Deep tanh network on the two-moons data; parameters are a list of (W, b), gradients come back in the same form."""
import argparse
import logging

import numpy as np

log = logging.getLogger(__name__)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def init_layers(sizes, seed):
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal((n_out, n_in)) / np.sqrt(n_in), np.zeros((n_out, 1)))
            for n_in, n_out in zip(sizes, sizes[1:])]


def loss_and_grads(layers, X, Y):
    m = X.shape[1]
    activations = [X]
    for W, b in layers[:-1]:
        activations.append(np.tanh(W @ activations[-1] + b))
    W, b = layers[-1]
    out = sigmoid(W @ activations[-1] + b)

    loss = -np.sum(np.where(Y == 1, np.log(out), np.log(1 - out))) / m

    grads = []
    dZ = (out - Y) / m
    for (W, _), A_in in zip(reversed(layers), reversed(activations)):
        grads.insert(0, (dZ @ A_in.T, dZ.sum(axis=1, keepdims=True)))
        dZ = (W.T @ dZ) * (1 - A_in ** 2)   # for the first layer it isn't used
    return loss, grads


def fit(layers, X, Y, alpha, iterations):
    for i in range(iterations):
        loss, grads = loss_and_grads(layers, X, Y)
        layers = [(W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in zip(layers, grads)]
        if i % 200 == 0:
            log.info("iteration %d loss %.6f", i, loss)
    return layers


def predict(layers, X):
    A = X
    for W, b in layers[:-1]:
        A = np.tanh(W @ A + b)
    W, b = layers[-1]
    return (sigmoid(W @ A + b) > 0.5).astype(int)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, nargs="*", default=[8, 4])
    parser.add_argument("--alpha", type=float, default=0.3)
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    from sklearn.datasets import make_moons
    X, y = make_moons(400, noise=0.15, random_state=args.seed)
    X, Y = X.T, y[None, :]
    layers = fit(init_layers([2, *args.hidden, 1], args.seed), X, Y, args.alpha, args.iterations)
    log.info("accuracy %.3f", np.mean(predict(layers, X) == Y))


if __name__ == "__main__":
    main()
