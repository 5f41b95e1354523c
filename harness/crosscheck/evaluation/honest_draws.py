"""Networks, data and weights that are drawn: any depth, widths, activations, losses, sizes of numbers, ages.

A problem depends on the seed and its number alone, so that one of them can be asked again. Every fifth hundred has
one of a few shapes, since JAX compiles its programs for each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Layer, Loss, Network, Params, Side

from crosscheck.evaluation.false_alarms import aged
from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.catalogue import Problem
from crosscheck.problems.datasets import Data

BATCH = 100  # problems that are asked together
EVERY = 5  # of so many batches one has shapes from the pool
POOL = 12
LARGE = 0.02  # the share of networks with products that libraries share out among threads
HIDDEN = ("tanh", "sigmoid", "relu", "leaky_relu", "linear")
AGES = (0, 0, 0, 1, 5, 25)  # iterations of the oracle before the run, so that trained weights occur too
Random = np.random.Generator


class Shape(NamedTuple):
    """What a framework may compile for."""

    network: Network
    m: int
    iterations: int


def pooled(number: int) -> bool:
    """Return whether a problem has one of the few shapes."""
    return number // BATCH % EVERY == 0


def problem(seed: int, number: int) -> Problem:
    """Return a problem by its number."""
    random = np.random.default_rng([seed, number])
    if pooled(number):
        network, m, iterations = shape(np.random.default_rng([seed, number % POOL, POOL]), large=False)
    else:
        network, m, iterations = shape(random, random.random() < LARGE)
    kind = str(random.choice(["normal", "whole", "sparse", "repeated", "positive"], p=[0.6, 0.1, 0.1, 0.1, 0.1]))
    X = _features(random, kind, network.n[0], m)
    Y = (
        random.random((network.n[-1], m)) < random.choice([0.0, 0.1, 0.5, 0.8, 1.0], p=[0.1, 0.2, 0.4, 0.2, 0.1])
    ) + 0.0
    if network.loss == "squared_error" and random.random() < 0.7:
        Y = Y + random.standard_normal(Y.shape)
    params = _weights(random, network, whole=kind == "whole" and random.random() < 0.5)
    alpha = float(10 ** random.uniform(-3, 0.5))
    params = aged(network, params, X, Y, int(random.choice(AGES)), alpha)
    return Problem(name(seed, number), Data(X, Y), network, params, alpha, iterations)


def name(seed: int, number: int) -> str:
    """Return the name of a problem."""
    return f"honest-{seed}-{number}"


def number_of(problem: str) -> int:
    """Return the number that a problem has by its name."""
    return int(problem.rpartition("-")[2])


def shape(random: Random, large: bool) -> Shape:
    """Return the sizes, activations and conventions of a network, the number of examples and of iterations."""
    L = int(random.integers(1, 4) if large else random.choice([1, 2, 3, 4, 5, 6], p=[0.2, 0.25, 0.25, 0.15, 0.1, 0.05]))
    cross_entropy = random.random() < 0.65
    loss: Loss = "cross_entropy" if cross_entropy else "squared_error"
    output = "sigmoid" if cross_entropy else str(random.choice(["sigmoid", "linear", "relu"]))
    widths = [_size(random, 150 if large else 24) for _ in range(L - 1)]
    n = (_size(random, 400 if large else 40), *widths, _size(random, 4))
    side: Side = "left" if random.random() < 0.3 else "right"
    g = (*(str(each) for each in random.choice(HIDDEN, L - 1)), output)
    network = Network(n, g, loss, float(random.choice([0.01, 0.0, 0.2, 0.5])), side)
    return Shape(network, _size(random, 2000 if large else 300), int(random.integers(1, 9)))


def _size(random: Random, largest: int) -> int:
    """Return a whole number up to the largest, small ones as often as large ones."""
    return int(np.exp(random.uniform(0, np.log(largest + 1))))


def _features(random: Random, kind: str, n: int, m: int) -> Matrix:
    if kind == "whole":  # products are exact, and Z may be exactly 0
        return random.integers(-2, 3, (n, m)).astype(float)
    X: Any = random.standard_normal((n, m))
    if kind == "sparse":
        X = X * (random.random((n, m)) < 0.2)
    if kind == "repeated":
        X = X[:, random.integers(0, max(1, m // 4), m)]
    if kind == "positive":
        X = np.abs(X)
    scaled: Matrix = X * 10 ** random.uniform(-2, 1.5, (n, 1) if random.random() < 0.5 else (1, 1))
    return scaled


def _weights(random: Random, network: Network, whole: bool) -> Params:
    scale = 0.0 if random.random() < 0.05 else 10 ** random.uniform(-1.5, 0.7)
    biased = random.random() < 0.7
    layers = []
    for n, before in zip(network.n[1:], network.n, strict=False):
        W, b = (
            random.standard_normal((n, before)) * scale / np.sqrt(before),
            biased * scale * random.standard_normal((n, 1)),
        )
        layers.append(Layer(np.round(W), np.round(b)) if whole else Layer(W, b))
    return tuple(layers)
