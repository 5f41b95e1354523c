"""The narrow formats of numbers, and the modes: what is narrow where an implementation computes over float32 arrays.

A mode is what a `Declaration.precision` stands for, and what arrays of bfloat16 or float16 are. `error_bound` takes its
constants from here, `narrowed` makes the reference round as a mode does, and tests/harness/test_precision.py measures
that the frameworks round no worse.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array

SMALLEST_NORMAL = 2.0**-126  # of float32: no scale is smaller


class Format(NamedTuple):
    """A format of floating-point numbers.

    bits: significant ones, with the hidden one; 0 for numbers that are left as they are. smallest: the smallest
    subnormal number. largest: the largest number; what would be larger overflows. may_cut: whether a processor may cut
    a number instead of rounding it to the nearest, so that the bound has to hold for both.
    """

    bits: int = 0
    smallest: float = 0.0
    largest: float = np.inf
    may_cut: bool = False

    @property
    def unit(self) -> float:
        """The largest relative error of rounding to it, in its normal range."""
        return 2.0 ** (self.may_cut - self.bits) if self.bits else 0.0

    @property
    def below(self) -> float:
        """The largest absolute error of rounding what is near 0."""
        return self.smallest if self.may_cut else self.smallest / 2

    @property
    def top(self) -> float:
        """The largest power of two in it."""
        return float(2.0 ** (np.frexp(self.largest)[1] - 1))

    def rounded(self, A: Any) -> Any:
        """Return the array, of the same dtype and kind, rounded to the format; what is too large becomes inf.

        >>> HALF.rounded(np.array([1 / 3, 1e-8, 7e4])).tolist()
        [0.333251953125, 0.0, inf]
        """
        if not self.bits:
            return A
        wide = np.asarray(A, np.float64)
        quantum = np.maximum(np.ldexp(1.0, np.frexp(wide)[1] - self.bits), self.smallest)
        with np.errstate(all="ignore"):  # what is not finite stays as it is
            there = np.rint(wide / quantum) * quantum
            there = np.where(np.abs(there) > self.largest, np.copysign(np.inf, there), there)
        return np.where(np.isfinite(wide), there, wide).astype(A.dtype).view(type(A))

    def fitted(self, A: Any) -> Any:
        """Return the array rounded after a scaling by a power of two that makes its largest number fit best."""
        if not self.bits or not np.isfinite(A).all():
            return A
        scale = self.scale(np.abs(A).max(initial=0.0))
        return (self.rounded(np.asarray(A, np.float64) / scale) * scale).astype(A.dtype).view(type(A))

    def scale(self, largest: Any) -> Any:
        """Return that power of two, by which an array is divided whose largest number is this; at least 2^-126.

        >>> float(E4M3.scale(448.0)), float(E4M3.scale(0.25))
        (2.0, 0.001953125)
        """
        return np.maximum(np.ldexp(1.0, np.frexp(largest)[1]) / self.top, SMALLEST_NORMAL)


AS_IT_IS = Format()
SINGLE = Format(24, 2.0**-149, float(np.finfo("float32").max))
TENSOR_FLOAT = Format(11, 2.0**-136, float.fromhex("0x1.ffcp127"), may_cut=True)  # 10 bits after the point
BRAIN = Format(8, 2.0**-133, float.fromhex("0x1.fep127"))
HALF = Format(11, 2.0**-24, 65504.0)
E4M3 = Format(4, 2.0**-9, 448.0)  # as in torch and ml_dtypes: no inf
E5M2 = Format(3, 2.0**-16, 57344.0)


class Mode(NamedTuple):
    """What is narrow in a mode; all else is float32.

    W, X, A, dZ: the formats to which operands of matrix products are rounded, X being A[0]. fitted: whether each of
    them is scaled by a power of two before that, and back after it. ua: the unit roundoff of the accumulation in
    products. stored: the format of what products and hidden layers give: Z, A, dA, dZ, dW, db. scale: of the loss,
    before the backward pass, so that less of it is lost below the format's range; the gradient is divided by it.
    whole: whether the arrays themselves are of the stored format, so that everything is: J, A[L], the params too.
    """

    W: Format = AS_IT_IS
    X: Format = AS_IT_IS
    A: Format = AS_IT_IS
    dZ: Format = AS_IT_IS
    fitted: bool = False
    ua: float = 0.0
    stored: Format = AS_IT_IS
    scale: float = 1.0
    whole: bool = False

    @property
    def overflows_early(self) -> bool:
        """Whether what it stores overflows long before float32 does, so that a run may come to inf in it alone."""
        return self.stored.largest < SINGLE.largest / 2

    def operand(self, name: str, l: int = 0) -> Format:
        """Return the format of an operand, `W`, `dZ` or `A`, which is X where l is 0."""
        operand: Format = self.X if name == "A" and l == 0 else getattr(self, name)
        return operand

    def rounded(self, format: Format, M: Array) -> Array:
        """Return an operand as products take it."""
        return format.fitted(M) if self.fitted else format.rounded(M)


# On tensor cores float32 sums of products are not rounded to nearest (Fasi et al., Numerical behavior of NVIDIA tensor
# cores, PeerJ Computer Science 2021): hence 2^-23 and not 2^-24.
TRUNCATED = 2.0**-23
FULL = Mode()
MODES = {
    "tf32": Mode(TENSOR_FLOAT, TENSOR_FLOAT, TENSOR_FLOAT, TENSOR_FLOAT, ua=TRUNCATED),
    "bfloat16_products": Mode(BRAIN, BRAIN, BRAIN, BRAIN, ua=TRUNCATED),
    "bfloat16": Mode(BRAIN, BRAIN, stored=BRAIN, ua=TRUNCATED),
    "float16": Mode(HALF, HALF, stored=HALF, ua=TRUNCATED, scale=1024.0),
    "float8": Mode(E4M3, E4M3, E4M3, E5M2, fitted=True, ua=TRUNCATED),
}
# Arrays of these dtypes: every result is rounded to the format, sums are float32's, each rounded when it is whole.
ARRAYS = {
    "bfloat16": Mode(stored=BRAIN, ua=TRUNCATED, whole=True),
    "float16": Mode(stored=HALF, ua=TRUNCATED, whole=True),
}


def mode(declared: str, dtype: str) -> Mode:
    """Return the mode that a declared precision is in a dtype: none in float64, whose row tests the formulas.

    What is declared is over float32 arrays; a narrow dtype is a mode of its own.
    """
    if dtype in ARRAYS:
        return ARRAYS[dtype]
    return FULL if dtype == "float64" else MODES.get(declared, FULL)
