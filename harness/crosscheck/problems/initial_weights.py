"""The initial weights: drawn once, in NumPy float64, the same for everyone (notes: N17). Biases start at zero."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from crosscheck_impls.interface import BadInput, Layer, Network, Params

from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.files import npz
from crosscheck.problems.files.arrays import listed


def initial(network: Network, how: str, seed: int = 0) -> Params:
    """Return W[l] (n[l], n[l-1]) and b[l] (n[l], 1).

    how: `zeros`; a number >= 0, the scale of normal weights, 0.01 in the notes; `scaled`, normal weights divided by
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
    if not 0 <= number < np.inf:
        raise BadInput(f"weights: got {how!r}, expected zeros, scaled, a number >= 0 such as 0.01, or an .npz file")
    return number


def from_file(network: Network, path: Path) -> Params:
    """Return the weights in an `.npz`. Raises BadInput unless it has W1, b1, ... of the network's shapes, finite."""
    try:
        with npz.opened(path, "weights") as archive:
            return tuple(
                Layer(
                    _array(network, archive, f"W{l}", (network.n[l], network.n[l - 1])),
                    _array(network, archive, f"b{l}", (network.n[l], 1)),
                )
                for l in range(1, network.L + 1)
            )
    except BadInput as error:
        raise BadInput(f"weights: {error.message}") from error


def _array(network: Network, archive: npz.Archive, name: str, shape: tuple[int, int]) -> Matrix:
    """Return one of the arrays. Raises BadInput unless it has this shape, and is finite."""
    if name not in archive.names:
        raise BadInput(f"{archive.path}: no {name}, expected {shape}; it has {listed(archive.names)}")
    array = archive.array(name)
    if array.shape != shape:
        raise BadInput(f"{archive.path}: {name} has shape {array.shape}, expected {shape} [{network.dimensions}]")
    with np.errstate(all="ignore"):
        weights = np.asarray(array, dtype=np.float64)
    if not np.isfinite(weights).all():
        raise BadInput(f"{archive.path}: {name} has NaN or inf, expected finite numbers")
    return weights
