"""Data whose shape is the point: where a loop over tiles has a remainder, where every size is equal, where there is
much to multiply. What they are for stands beside the problems, in the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crosscheck.problems.datasets import SEED, Data, digits


def square() -> Data:
    """As many features, labels and examples: a transposed X or Y has the same shape."""
    rng = np.random.default_rng(SEED)
    return Data(rng.standard_normal((4, 4)), rng.integers(0, 2, (4, 4)).astype(np.float64))


def digits_777() -> Data:
    """777 of the digits, the digit 8 or not: an odd number of examples, of three times 256 and a rest."""
    X, Y, *_ = digits()
    return Data(X[:, :777], Y[:, :777])


def no_class() -> Data:
    """All labels are 0, and all features lie near 3, so that one step of descent takes every logit far below 0."""
    rng = np.random.default_rng(SEED)
    return Data(3 + 0.1 * rng.standard_normal((6, 61)), np.zeros((1, 61)))


def waves() -> Data:
    """1024 points, a target that is no straight line of six features; a regression."""
    rng = np.random.default_rng(SEED)
    X = rng.standard_normal((6, 1024))
    return Data(X, np.asarray(np.sin(X[:1]) + X[1:2] * X[2:3] + 0.1 * rng.standard_normal((1, 1024))))


def long_sums() -> Data:
    """4096 features of 1025 examples, 2^22 numbers and more: there the libraries share the work out among threads.

    Forward the sums lie in 1025 columns, which an even number of threads cannot share evenly; backward in 4096.
    """
    rng = np.random.default_rng(SEED)
    return Data(rng.standard_normal((4096, 1025)), rng.integers(0, 2, (1, 1025)).astype(np.float64))


SHAPES: dict[str, Callable[[], Data]] = {
    each.__name__: each for each in (square, digits_777, no_class, waves, long_sums)
}
