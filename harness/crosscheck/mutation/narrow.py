"""Mistakes of narrow modes and dtypes: what goes wrong where numbers are rounded on purpose. Each is made for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Layer, Params

from crosscheck.oracle.formats import ARRAYS, BRAIN, Format, Mode
from crosscheck.oracle.narrowed import Form, each_in, narrowed
from crosscheck.oracle.noise import adding_in
from crosscheck.oracle.reference import Reference

STALE = 8.0  # by how much the largest number has grown since the scale was chosen


class Narrow(NamedTuple):
    """A named mistake in a mode. made: the reference in that mode with the mistake in it."""

    name: str
    words: str
    made: Reference


class Shaped(NamedTuple):
    """A named mistake in a narrow dtype. form: that of the arrays of the reference that makes it."""

    name: str
    words: str
    form: Form


class Cut(Format):
    """A format to which numbers are cut instead of rounded to the nearest."""

    __slots__ = ()

    def rounded(self, A: Any) -> Any:
        """Return the array with the bits that are too many left out."""
        there, wide = super().rounded(A), np.asarray(A, np.float64)
        quantum = np.maximum(np.ldexp(1.0, np.frexp(wide)[1] - self.bits), self.smallest)
        return np.where(np.abs(there) > np.abs(wide), np.trunc(wide / quantum) * quantum, there).astype(A.dtype)


class Flushed(Format):
    """A format whose subnormal numbers are taken as 0."""

    __slots__ = ()

    def rounded(self, A: Any) -> Any:
        """Return the array rounded, without subnormal numbers."""
        there = super().rounded(A)
        return there * (np.abs(there) >= self.smallest * 2.0 ** (self.bits - 1))


class Saturated(Format):
    """A format in which what is too large becomes the largest number."""

    __slots__ = ()

    def rounded(self, A: Any) -> Any:
        """Return the array rounded; nothing overflows."""
        return super().rounded(np.clip(A, -self.largest, self.largest))

    def scale(self, largest: Any) -> Any:
        """Return the scale of an array that was smaller."""
        return super().scale(largest / STALE)


def mistakes(mode: Mode) -> Iterator[Narrow]:
    """Yield the mistakes that there are in a mode."""
    right = narrowed(mode)
    yield Narrow(
        "accumulates in the narrow type",
        "every partial sum of a product is rounded to the format",
        _accumulating(mode, right),
    )

    def update_layer(self: Reference, W: Array, b: Array, dW: Array, db: Array, alpha: float) -> Layer:
        layer = right.update_layer(W, b, dW, db, alpha)
        return Layer(mode.rounded(mode.W, layer.W), mode.rounded(mode.W, layer.b))

    yield Narrow(
        "casts the master weights", "params are rounded in each step", right.replaced(update_layer=update_layer)
    )
    if mode.scale != 1:

        def collect(self: Reference, gradients: Params, W: Array, dW: Array, db: Array) -> Params:
            return right.collect(gradients, W, dW * dW.dtype.type(mode.scale), db * db.dtype.type(mode.scale))

        yield Narrow("scales once too few", "the gradient keeps the loss's scale", right.replaced(collect=collect))
        yield Narrow("the loss is not scaled", "what is small is lost", narrowed(mode._replace(scale=1.0)))
    if mode.W.largest < BRAIN.largest:
        yield Narrow("subnormals lost", "subnormal numbers are taken as 0", narrowed(_with(mode, Flushed)))
        yield Narrow("saturates", "what is too large becomes the largest number", narrowed(_with(mode, Saturated)))
    if mode.stored.bits:

        def mean(self: Reference, losses: Array, m: int) -> Array:
            return mode.stored.rounded(np.asarray(right.mean(mode.stored.rounded(losses), m)))

        yield Narrow("the loss is narrow", "J is computed and summed in the format", right.replaced(mean=mean))


def mistakes_in(dtype: str) -> Iterator[Shaped]:
    """Yield the mistakes that there are over arrays of a narrow dtype."""
    format = ARRAYS[dtype].stored
    kinds: dict[tuple[str, str], Callable[..., Format]] = {
        ("cuts", "what does not fit is cut instead of rounded"): Cut,
        ("subnormals lost", "subnormal numbers are taken as 0"): Flushed,
        ("saturates", "what is too large becomes the largest number"): Saturated,
    }
    accumulating = each_in(dtype, adding_in(dtype))
    yield Shaped("accumulates in the narrow type", "every partial sum is rounded to the dtype", accumulating)
    for (name, words), kind in kinds.items():
        yield Shaped(name, words, each_in(dtype, format=kind(*format)))


def _with(mode: Mode, kind: Callable[..., Format]) -> Mode:
    """Return the mode with all of its formats of another kind."""
    W, X, A, dZ, stored = (
        kind(*each) if each.bits else each for each in (mode.W, mode.X, mode.A, mode.dZ, mode.stored)
    )
    return mode._replace(W=W, X=X, A=A, dZ=dZ, stored=stored)


def _accumulating(mode: Mode, right: Reference) -> Reference:
    """Return the reference whose products round each partial sum."""
    format = BRAIN if mode.fitted else mode.W

    class Narrowly(np.ndarray[Any, Any]):
        """An array whose products are summed in the format."""

        def __matmul__(self, other: Any) -> Any:
            left, other = np.asarray(self), np.asarray(other)
            total = np.zeros((left.shape[0], other.shape[1]), left.dtype)
            for k in range(left.shape[1]):
                total = format.rounded(total + left[:, k, None] * other[k])
            return total.view(type(self))

    def Z(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
        return np.asarray(right.Z(l, W.view(Narrowly), b, A_prev))

    def dW(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
        return np.asarray(right.dW(l, A, Z, dZ.view(Narrowly), m))

    def dA(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
        layer = params[l - 1]._replace(W=params[l - 1].W.view(Narrowly))
        return np.asarray(right.dA(l, (*params[: l - 1], layer, *params[l:]), dZ, dW))

    return right.replaced(Z=Z, dW=dW, dA=dA)
