"""The constants of a precision: what one rounding, one sum and one product may lose."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from crosscheck.core.dtypes import finfo
from crosscheck.oracle.float64 import ALL, Matrix
from crosscheck.oracle.formats import FULL, Format, Mode, mode


class Operand(NamedTuple):
    """One side of a product: the format that it is rounded to, its absolute values, and the units that these are in."""

    format: Format
    size: Matrix
    by: float = 1.0


class Precision(NamedTuple):
    """A precision's constants.

    u: unit roundoff of elementwise operations; ua: of sums, be they of products or not; tiny: what a single result may
    lose near 0, the smallest subnormal number, or the smallest normal one where subnormals are flushed to 0; largest:
    the largest number. if_finite: bound only results that are finite, so that no textbook formula has overflowed or
    divided by 0. mode: what is narrower than that. least: tiny of sums; across: ua of sums over the examples. In the
    wide dtypes both are no other.
    """

    u: float
    ua: float
    tiny: float
    largest: float
    if_finite: bool = False
    mode: Mode = FULL
    least: float = 0.0
    across: float = 0.0

    @property
    def adds_narrowly(self) -> bool:
        """Whether each addition of a sum over the examples is rounded to a narrow dtype."""
        return self.mode.whole and self.across == self.u

    @property
    def hidden(self) -> float:
        """The unit roundoff of elementwise operations between products."""
        return max(self.u, self.mode.stored.unit)

    def gamma(self, n: int, *operands: Format) -> float:
        """n u / (1 - n u), for sums of n terms; more where the factors of the terms are rounded to these formats.

        With factors that err by a and b, a term errs by a + b + ab, and the sum by (1 + gamma)(1 + a)(1 + b) - 1.
        """
        if n * self.ua >= 0.5:
            return np.inf
        error = n * self.ua / (1 - n * self.ua)
        for each in operands:
            error += each.unit + error * each.unit
        return error

    def near_zero(self, left: Operand, right: Operand) -> Any:
        """Return what the sums of a product lose besides, since numbers near 0 are rounded to multiples of another.

        Of l r it takes e |r| + |l| f + e f where l errs by e, and r by f; inf where a number is too large.
        """
        if not (left.format.bits or right.format.bits):
            return 0.0
        n, e, f = left.size.shape[-1], self._lost(left), self._lost(right)
        rows, columns = left.size.sum(axis=-1, keepdims=True), right.size.sum(axis=-2, keepdims=True)
        lost = e * columns * (1 + right.format.unit) + f * rows * (1 + left.format.unit) + n * e * f
        return lost * (1 + self.gamma(n))

    def _lost(self, operand: Operand) -> Any:
        """Return the absolute error of rounding a matrix's numbers near 0; inf if its largest is too large."""
        format, size, by = operand
        largest = size.max(axis=ALL, keepdims=True)
        if self.mode.fitted and format.bits:
            return format.below * format.scale(largest)
        return np.where(largest < format.largest * by, format.below * by, np.inf)

    def stored(self, E: Matrix, value: Matrix, by: float = 1.0, times: int = 1) -> Matrix:
        """Return the error of numbers, known to E, after they are stored in the mode's format, in units of `by`.

        times: how often they are, one after another. Arrays of the format may be in those units or in none.
        """
        format = self.mode.stored
        if not format.bits:
            return E
        size = np.abs(value) + E
        error = E + ((1 + format.unit) ** times - 1) * size + np.where(size > 0, times * format.below * by, 0.0)
        return np.where(size < format.largest * (min(by, 1.0) if self.mode.whole else by), error, np.inf)

    def narrow_sums(self, times: int) -> tuple[Format, ...]:
        """Return what `gamma` takes for terms, or sums of some, that are stored so often in arrays of the format."""
        return (self.mode.stored,) * times if self.mode.whole else ()


def precision(dtype: str, declared: str = "full", flushes: bool = False, loops_over: str = "nothing") -> Precision:
    """Return the constants of a dtype, and of what an implementation declares: its mode, flushing, loops in Python.

    In a narrow dtype sums are float32's, and so is what is flushed, unless Python adds: that rounds each addition.
    """
    info, narrow = finfo(dtype), mode(declared, dtype)
    u, largest = float(info.eps) / 2, float(info.max)
    tiny, ua = float(info.tiny if flushes else info.smallest_subnormal), max(u, narrow.ua)
    if not narrow.whole:
        return Precision(u, ua, tiny, largest, mode=narrow, least=tiny, across=ua)
    least = precision("float32", flushes=flushes).tiny
    tiny = max(float(info.smallest_subnormal), least)
    ua, least = (u, tiny) if loops_over == "numbers" else (narrow.ua, least)
    across = narrow.ua if loops_over == "nothing" else u
    return Precision(u, ua, tiny, largest, mode=narrow, least=least, across=across)
