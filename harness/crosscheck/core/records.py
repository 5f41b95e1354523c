"""The records that travel: what an implementation is asked, what it answers, and what a comparison finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params


class Case(NamedTuple):
    """One problem in one dtype: what every implementation gets. Arrays are NumPy's, of that dtype.

    checkpoints: parameters to compare at, the initial ones first, then the oracle's own after steps[i] iterations.
    """

    problem: str
    network: Network
    dtype: str
    X: Array
    Y: Array
    X_test: Array | None
    Y_test: Array | None
    checkpoints: tuple[Params, ...]
    steps: tuple[int, ...]
    alpha: float
    iterations: int


class Step(NamedTuple):
    """One step of `fit`, t steps after the start: the params before and after it, and the cost that it reported."""

    t: int
    before: Params
    J: Array
    after: Params


class Run(NamedTuple):
    """A free run of `fit` from the case's first point.

    trained: the last params. costs (iterations,). steps: those that are certified. how: `all` where the run equals,
    bit for bit, one step at a time; `sampled` where runs of sampled lengths show some; `irreproducible` where the
    same call gave two answers, and single steps are all that can be certified. iterations: what was asked.
    """

    trained: Params
    costs: Array
    steps: list[Step]
    how: str
    iterations: int


class Answer(NamedTuple):
    """What an implementation returned, as NumPy arrays, with what must be exact.

    checkpoints: which of the case's were asked for. gradients: (J, dParams) at each of them. run: a free run.
    labels_start, labels, labels_test: `predict` at the initial params, and at the trained ones. device: where the
    gradient lay. broken: promises that were not kept, in words. environment: versions and switches, as they were
    set by then.
    """

    checkpoints: list[int]
    gradients: list[tuple[Array, Params]]
    run: Run
    labels_start: Array
    labels: Array
    labels_test: Array | None
    device: str
    broken: list[str]
    environment: Mapping[str, Any]


class Comparison(NamedTuple):
    """One tensor at one point: its element with the largest error in units of the bound.

    error, got, oracle, bound: of that element. noise: the largest error in units of the usual rounding noise, NaN
    where there is no measure of it. ulps: the largest error in units in the last place of the tensor's largest entry.
    resolution: the largest bound over the largest entry, how small a mutant could be seen. undefined: the number
    of elements without a bound.
    """

    tensor: str
    iteration: int
    ratio: float
    element: tuple[int, ...]
    got: float
    oracle: float
    bound: float
    noise: float
    ulps: float
    resolution: float
    undefined: int


def cast(params: Params, dtype: str) -> Params:
    """Round the parameters to the dtype."""
    return tuple(Layer(np.asarray(W).astype(dtype), np.asarray(b).astype(dtype)) for W, b in params)


def named(network: Network, params: Params, prefix: str) -> list[tuple[str, Array, tuple[int, ...]]]:
    """Return (name, array, expected shape) of every W and b."""
    return [
        (f"{prefix}{kind}{l}", array, (network.n[l], network.n[l - 1] if kind == "W" else 1))
        for l, layer in enumerate(params, start=1)
        for kind, array in zip("Wb", layer, strict=True)
    ]


def flat(params: Params) -> list[Array]:
    """Return W1, b1, W2, b2, ..."""
    return [array for layer in params for array in layer]
