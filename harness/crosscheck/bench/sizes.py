"""The problems of the bench: their sizes, their arrays, and what an iteration of each has to do at least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, BadInput, Layer, Network, Params, nearest


class Size(NamedTuple):
    """A network and a number of examples."""

    name: str
    n: tuple[int, ...]
    m: int
    activation: str = "relu"

    @property
    def network(self) -> Network:
        """The network: the activation in all hidden layers, a sigmoid at the end."""
        return Network.of(self.n, self.activation)

    @property
    def parameters(self) -> int:
        """How many numbers all W and b have."""
        return sum(n * (before + 1) for n, before in zip(self.n[1:], self.n[:-1], strict=True))

    @property
    def operations(self) -> int:
        """Multiplications and additions in the 3L - 1 matrix products; dA[0] is not needed.

        >>> Size("planar", (2, 4, 1), 400).operations
        22400
        """
        pairs = [n * before for n, before in zip(self.n[1:], self.n[:-1], strict=True)]
        return 2 * self.m * (3 * sum(pairs) - pairs[0])

    def bytes(self, dtype: str) -> int:
        """Bytes that an iteration touches at least once: X and Y read, the parameters read and written."""
        return np.dtype(dtype).itemsize * ((self.n[0] + self.n[-1]) * self.m + 2 * self.parameters)

    def unit(self, dtype: str) -> int:
        """Bytes of one set of activations, A[1] ... A[L], and two sets of parameters: the unit of memory."""
        return np.dtype(dtype).itemsize * (sum(self.n[1:]) * self.m + 2 * self.parameters)


SIZES = {
    size.name: size
    for size in (
        Size("planar", (2, 4, 1), 400, "tanh"),
        Size("breast_cancer", (30, 16, 8, 1), 569),
        Size("images", (12288, 20, 7, 5, 1), 209),
        Size("784", (784, 256, 128, 1), 2000),
        Size("1024", (1024, 1024, 1024, 1), 4096),
        Size("logistic", (1000, 1), 100_000),
    )
}
# what grows, the exponent that theory says, and the sizes
GROWTH: dict[str, tuple[int, list[tuple[int, Size]]]] = {
    "examples": (1, [(m, Size("examples", (16, 16, 1), m)) for m in (100, 1000, 10_000, 100_000, 1_000_000)]),
    "width": (2, [(2**k, Size("width", (2**k, 2**k, 2**k, 1), 256)) for k in range(4, 12)]),
    "depth": (1, [(2**k, Size("depth", (64,) * 2**k + (1,), 1000)) for k in range(7)]),
}


def choose(names: Sequence[str] | None, quick: bool) -> list[Size]:
    """Return the sizes of these names, all by default, the two smallest if it is to be quick. Raises BadInput."""
    for name in names or ():
        if name not in SIZES:
            raise BadInput(f"{name}: no such size; {nearest(name, list(SIZES))}", parameter="only")
    return [SIZES[name] for name in dict.fromkeys(names or (list(SIZES)[:2] if quick else SIZES))]


def draw(size: Size, dtype: str) -> tuple[Params, Array, Array]:
    """Return weights over sqrt(n[l-1]), X in [-1, 1) and labels 0 and 1; the same for everyone."""
    rng = np.random.default_rng(0)
    params = tuple(
        Layer((rng.standard_normal((n, before)) / np.sqrt(before)).astype(dtype), np.zeros((n, 1), dtype))
        for n, before in zip(size.n[1:], size.n[:-1], strict=True)
    )
    X = rng.random((size.n[0], size.m), dtype=np.dtype(dtype).type)
    X *= 2
    X -= 1
    return params, X, (rng.random((1, size.m)) > 0.5).astype(dtype)
