"""The tables of how each program of the corpus is called, and how weights change their form; for verify.py.

P is a list of (W (n, n_in), b (n, 1)), one a layer; X (n_x, m), Y (n_y, m). An entry of GRADIENTS returns J and a list
of (dW, db), any shape of the right size; of TRAIN the weights after n steps; of PREDICT labels. A program has one of
the first two at least.
"""

import numpy as np

GRADIENTS, TRAIN, PREDICT = {}, {}, {}


def call(table, *names):
    """Enter a function into a table under the programs' names."""

    def enter(function):
        table.update(dict.fromkeys(names, function))
        return function

    return enter


def flat(P):
    return [np.array(a, dtype=float) for layer in P for a in layer]


def pairs(arrays):
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def named(P, w="W", b="b"):
    return {
        f"{k}{i}": np.array(a, dtype=float) for i, layer in enumerate(P, 1) for k, a in zip((w, b), layer, strict=True)
    }


def unnamed(d, w="dW", b="db"):
    return [(d[f"{w}{i}"], d[f"{b}{i}"]) for i in range(1, 9) if f"{w}{i}" in d]


def turned(P, rank=2):
    """For rows: W.T and b as a row, or of rank 1."""
    return [(W.T.copy(), b.T.copy() if rank == 2 else b.ravel().copy()) for W, b in P]


def back(P):
    return [(W.T, b) for W, b in P]


def wb(P):
    return np.array(P[0][0]).T.copy(), float(P[0][1][0, 0])
