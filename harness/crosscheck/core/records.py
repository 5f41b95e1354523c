"""The records that travel: what an implementation is asked, what it answers, and what a comparison finds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Broken


class Tensor(str):
    """The name of what is compared: `J`, `dW1`, `db2`, or after a step of `fit`, `fit: J`, `fit: W1`, `fit: b2`.

    >>> t = Tensor("fit: W12")
    >>> t.of_fit, t.kind, t.layer
    (True, 'W', 12)
    """

    __slots__ = ()

    @property
    def of_fit(self) -> bool:
        """Whether it is a step's, not a gradient's."""
        return self.startswith("fit: ")

    @property
    def plain(self) -> str:
        """The name without `fit: `."""
        return self[5:] if self.of_fit else str(self)

    @property
    def kind(self) -> Literal["J", "W", "b"]:
        """The cost, weights or biases."""
        plain = self.plain
        return "J" if plain == "J" else "W" if "W" in plain else "b"

    @property
    def layer(self) -> int:
        """The number of its layer; 0 for J."""
        return 0 if self.kind == "J" else int(self.plain.lstrip("dWb"))


class Certification(StrEnum):
    """How the steps of a run were seen.

    ALL: the run equals, bit for bit, one step at a time, and each step is certified. SAMPLED: likewise, some steps.
    LENGTHS: it does not, and runs of other lengths show its steps; what training keeps in a wider precision, the
    params between two steps are seen rounded. IRREPRODUCIBLE: the same call gave two answers, and single steps are
    all that can be certified. MISCOUNTED: another number of costs came back than was asked for.
    """

    ALL = "all"
    SAMPLED = "sampled"
    LENGTHS = "lengths"
    IRREPRODUCIBLE = "irreproducible"
    MISCOUNTED = "miscounted"


class Source(NamedTuple):
    """A file of examples that is read in parts: what travels in the place of its arrays.

    path: a `.npy`, `.h5` or `.parquet`. label: the `.npy` of the labels, or the label's column. rows: whether examples
    are the rows of arrays. chunk: how many of them the harness reads and judges at once.
    """

    path: str
    label: str
    rows: bool
    chunk: int


class Case(NamedTuple):
    """One problem in one dtype: what every implementation gets. Arrays are NumPy's, of that dtype.

    checkpoints: parameters to compare at, the initial ones first, then the oracle's own after steps[i] iterations.
    source: where X and Y are read from, as `Chunks`, instead of arrays.
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
    source: Source | None = None


class Step(NamedTuple):
    """One step of `fit`, t steps after the start: the params before and after it, and the cost that it reported."""

    t: int
    before: Params
    J: Array
    after: Params


class Run(NamedTuple):
    """A free run of `fit` from the case's first checkpoint.

    trained: the last params. costs (iterations,). steps: those that are certified. iterations: what was asked.
    borrowed: whether `fit` is the harness's own loop over the gradients.
    """

    trained: Params
    costs: Array
    steps: list[Step]
    certification: Certification
    iterations: int
    borrowed: bool = False


class Answer(NamedTuple):
    """What an implementation returned, as NumPy arrays, with what must be exact.

    checkpoints: which of the case's were asked for. gradients: (J, dParams) at each of them. run: a free run.
    labels_start, labels, labels_test: `predict` at the initial params, and at the trained ones; of a case that is read
    in chunks, for each of these the sum of what is predicted, and below that how many are right (2 n[L], chunks);
    the sum alone where the output is no sigmoid. device: where the gradient lay. broken: promises that were not kept.
    environment: versions and switches, as they were set by then. notes: what an adapter of somebody's function noted.
    """

    checkpoints: list[int]
    gradients: list[tuple[Array, Params]]
    run: Run
    labels_start: Array
    labels: Array
    labels_test: Array | None
    device: str
    broken: list[Broken]
    environment: Mapping[str, Any]
    notes: Mapping[str, Any] = {}


class Comparison(NamedTuple):
    """One tensor at one checkpoint or step: its element with the largest error in units of the bound.

    got, oracle, bound: of that element. noise: the largest error in units of the usual rounding noise, None where there
    is no measure of it. ulps: the largest error in units in the last place of the tensor's largest entry, None where
    that is not finite or nothing has a bound. resolution: the largest bound over the largest entry, how small a mistake
    could be seen. undefined: the number of elements without a bound. bounded: whether any element has one; else the
    ratio is 0 and says nothing.
    """

    tensor: Tensor
    iteration: int
    ratio: float
    element: tuple[int, ...]
    got: float
    oracle: float
    bound: float
    noise: float | None
    ulps: float | None
    resolution: float
    undefined: int
    bounded: bool = True

    @property
    def outside(self) -> bool:
        """Whether an element lies outside its bound."""
        return self.ratio > 1


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
