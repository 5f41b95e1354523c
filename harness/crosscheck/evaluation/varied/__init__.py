"""Right implementations that round otherwise than ours: other orders of summation, wider arithmetic, other layouts."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Gradients, Layer, Network, Params


def reordered(gradients: Gradients) -> Gradients:
    """Return the same gradients with examples, features and hidden units in another order; any framework's arrays."""

    def mixed(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        random = np.random.default_rng(7)  # the same order each time, so that a run can be repeated
        units = [random.permutation(n).tolist() for n in network.n[:-1]] + [list(range(network.n[-1]))]
        back = [np.argsort(order).tolist() for order in units]
        examples = random.permutation(X.shape[1]).tolist()
        layers = tuple(Layer(W[units[l]][:, units[l - 1]], b[units[l]]) for l, (W, b) in enumerate(params, start=1))
        J, slopes = gradients(network, layers, X[units[0]][:, examples], Y[:, examples])
        return J, tuple(Layer(dW[back[l]][:, back[l - 1]], db[back[l]]) for l, (dW, db) in enumerate(slopes, start=1))

    return mixed
