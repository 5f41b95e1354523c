"""The oracle and its error bound over examples that are read in parts, so that memory is that of one part.

J and the gradient are sums over the examples, and so are their bounds: each part adds its share. The shares are added
up in pairs, so that the oracle's own sums are trees of blocks, as in `Declaration.sums`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from crosscheck_impls.interface import Array, Chunks, Declaration, Layer, Network, Params

from crosscheck.core.records import flat
from crosscheck.oracle.enclosure import enclose, flint, upper
from crosscheck.oracle.error_bound import ErrorBound, Precision, Whole, error_bounds, precision
from crosscheck.oracle.float64 import Evaluation, GradsAtZero, Matrix, evaluate, exact, grads_at_zero

LARGE = 100_000  # examples from which on an oracle in parts is the faster one: they stay in a processor's cache
PART = 16_384
CHUNKS, EXAMPLES = 20, 200  # that are enclosed
NOTHING = np.zeros((0, 0))

Asked: TypeAlias = tuple[Precision, Declaration]


@dataclass(frozen=True)
class Parts:
    """X (n[0], m) and Y (n[L], m), arrays or Chunks, so many examples at a time."""

    X: Array | Chunks
    Y: Array | Chunks
    size: int = PART

    @property
    def m(self) -> int:
        """How many examples."""
        return int(self.X.shape[1])

    @property
    def count(self) -> int:
        """How many parts."""
        return -(-self.m // self.size)

    def part(self, k: int) -> tuple[Array, Array]:
        """Return X and Y of part k, in their dtype."""
        start, stop = k * self.size, min((k + 1) * self.size, self.m)
        X, Y = (columns(array, start, stop) for array in (self.X, self.Y))
        return X, Y

    def __iter__(self) -> Iterator[tuple[Matrix, Matrix]]:
        for k in range(self.count):
            X, Y = self.part(k)
            yield exact(X), exact(Y)


def columns(array: Array | Chunks, start: int, stop: int) -> Array:
    """Return some columns of an array, or of what is read from a file."""
    return array.read(start, stop) if isinstance(array, Chunks) else array[:, start:stop]


def in_pairs(shares: Iterable[list[Matrix]]) -> list[Matrix]:
    """Return the sum of lists of arrays, added up in pairs as they come; keeps as many as the tree is high."""
    kept: list[tuple[int, list[Matrix]]] = []
    for share in shares:
        kept.append((0, share))
        while len(kept) > 1 and kept[-1][0] == kept[-2][0]:
            (height, left), (_, right) = kept[-2:]
            kept[-2:] = [(height + 1, _added(left, right))]
    while len(kept) > 1:
        (height, left), (_, right) = kept[-2:]
        kept[-2:] = [(height, _added(left, right))]
    return kept[0][1]


def _added(left: list[Matrix], right: list[Matrix]) -> list[Matrix]:
    return [a + b for a, b in zip(left, right, strict=True)]


def streamed(
    network: Network, params: Params, parts: Parts, at_zero: GradsAtZero, asked: Sequence[Asked]
) -> tuple[Evaluation, list[ErrorBound]]:
    """Return J and the gradient, without intermediate results, and an error bound for each precision and declaration.

    params: float64, or a stack of them. In the bounds `output` is empty.
    """
    whole, margins = Whole(parts.m, parts.count), np.full(len(asked), np.inf)

    def share(X: Matrix, Y: Matrix) -> list[Matrix]:
        oracle = evaluate(network, params, X, Y, at_zero)
        weight = X.shape[1] / whole.m
        numbers = [oracle.J * weight, *(array * weight for array in flat(oracle.gradient))]
        for k, (p, declared) in enumerate(asked):
            (E,) = error_bounds(network, params, oracle, Y, p, [declared], whole)
            margins[k] = min(margins[k], E.margin)
            numbers += [np.asarray(E.J), *flat(E.gradient), np.asarray(E.straddles_zero)]
        return numbers

    with np.errstate(all="ignore"):  # what overflows has no bound
        total = in_pairs(share(X, Y) for X, Y in parts)
    length = 1 + 2 * network.L
    oracle = Evaluation(total[0], _layers(total[1:length]), [], [], [], [], [], NOTHING)  # type: ignore[arg-type]
    bounds = []
    for k in range(len(asked)):
        J, *gradient, straddles = total[length + k * (length + 1) :][: length + 1]
        bounds.append(ErrorBound(J[()], _layers(gradient), NOTHING, straddles[()], float(margins[k])))  # type: ignore[arg-type]
    return oracle, bounds


def _layers(arrays: Sequence[Matrix]) -> Params:
    return tuple(Layer(W, b) for W, b in zip(arrays[::2], arrays[1::2], strict=True))


def descend(network: Network, params: Params, parts: Parts, alpha: float) -> Iterator[tuple[Params, float]]:
    """Yield params[t] and J(params[t]) for t = 0, 1, ...; without end."""
    while True:
        oracle, _ = streamed(network, params, parts, grads_at_zero(network), [])
        yield params, float(oracle.J)
        params = tuple(
            Layer(W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in zip(params, oracle.gradient, strict=True)
        )


def enclosed(
    network: Network, params: Params, parts: Parts, seed: int = 0,
    report: Callable[[int, int], None] = lambda done, of: None,
) -> float:  # fmt: skip
    """Return how far the oracle is from ball arithmetic on random parts, in units of its own bound, at most.

    CHUNKS parts are drawn, or all; of each the first EXAMPLES are enclosed. inf where the bound says nothing.
    """
    order = np.random.default_rng(seed).permutation(parts.count)[:CHUNKS]
    farthest, wide = 0.0, tuple(Layer(exact(W), exact(b)) for W, b in params)
    for done, k in enumerate(sorted(order)):
        report(done, len(order))
        X, Y = (exact(array[:, :EXAMPLES]) for array in parts.part(int(k)))
        oracle = evaluate(network, wide, X, Y)
        (E,) = error_bounds(network, wide, oracle, Y, precision("float64"), [Declaration()])
        ball = enclose(network, wide, X, Y)
        balls = [ball.J, *(each for array in flat(ball.gradient) for each in array.entries())]
        numbers = np.concatenate([np.ravel(a) for a in (oracle.J, *flat(oracle.gradient))])
        bounds = np.concatenate([np.ravel(a) for a in (E.J, *flat(E.gradient))])
        with flint().ctx.workprec(ball.bits):
            far = [upper(abs(each - float(true))) for each, true in zip(balls, numbers, strict=True)]
        with np.errstate(all="ignore"):
            ratios = np.where(np.asarray(far) == 0, 0.0, np.asarray(far) / bounds)
        farthest = max(farthest, float(ratios.max()) if np.isfinite(bounds).all() else np.inf)
    return farthest
