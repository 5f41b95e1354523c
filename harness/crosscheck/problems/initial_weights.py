"""The initial weights: drawn once, in NumPy float64, the same for everyone (notes: N17). Biases start at zero."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from crosscheck_impls.interface import BadInput, Layer, Network, Params

from crosscheck.problems.datasets import load_npz


def initial(network: Network, how: str, seed: int = 0) -> Params:
    """Return W[l] (n[l], n[l-1]) and b[l] (n[l], 1).

    how: `zeros`; a number, the scale of normal weights, 0.01 in the notes; `scaled`, normal weights divided by
        sqrt(n[l-1]); or an `.npz` with W1, b1, W2, b2, ... Raises BadInput.
    """
    if how.endswith(".npz"):
        return from_file(network, Path(how))
    rng = np.random.default_rng(seed)
    layers = []
    for l in range(1, network.L + 1):
        n, before = network.n[l], network.n[l - 1]
        W = rng.standard_normal((n, before)) * scale(how, before)
        layers.append(Layer(W, np.zeros((n, 1))))
    return tuple(layers)


def scale(how: str, before: int) -> float:
    """Return the standard deviation of a layer's weights, from what the user asked for and n[l-1]."""
    if how == "zeros":
        return 0.0
    if how == "scaled":
        return float(1 / np.sqrt(before))
    try:
        number = float(how)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise BadInput(f"weights: got {how!r}, expected zeros, scaled, a number such as 0.01, or an .npz file")
    return number


def from_file(network: Network, path: Path) -> Params:
    """Return the weights in an `.npz`. Raises BadInput unless it has W1, b1, ... of the network's shapes, finite."""
    if not path.is_file():
        raise BadInput(f"weights: {path}: no such file; check the path")
    arrays = load_npz(path)
    layers = []
    for l in range(1, network.L + 1):
        parts = []
        for name, shape in ((f"W{l}", (network.n[l], network.n[l - 1])), (f"b{l}", (network.n[l], 1))):
            if name not in arrays:
                raise BadInput(f"weights: {path}: no {name}, expected {shape}; it has {', '.join(arrays) or 'nothing'}")
            array = arrays[name]
            if array.shape != shape:
                raise BadInput(
                    f"weights: {path}: {name} has shape {array.shape}, expected {shape} [{network.dimensions}]"
                )
            if not np.isfinite(array).all():
                raise BadInput(f"weights: {path}: {name} has NaN or inf, expected finite numbers")
            parts.append(np.asarray(array, dtype=np.float64))
        layers.append(Layer(*parts))
    return tuple(layers)
