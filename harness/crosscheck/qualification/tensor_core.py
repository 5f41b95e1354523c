"""How an implementation multiplies matrices: the bits that it keeps of operands and of sums, and how it rounds them.

Where the first weights are 0, dW = -1/m Y Xᵀ for a linear network with squared error: a bare product of chosen numbers,
by whatever kernel the implementation takes. Sums of a large term and small ones beside it show what is kept, as Fasi,
Higham, Mikaitis and Pranesh did (Numerical behavior of NVIDIA tensor cores, PeerJ Computer Science 2021).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from crosscheck_impls.interface import BadInput, Layer, Network, load

from crosscheck.runner.subprocesses import missing

ROWS, TERMS = 64, 256  # of the product (ROWS, TERMS) @ (TERMS, ROWS): powers of two, so that 1/m is exact
BELOW, MORE, APART = range(1, 24), 7, 64  # bits after the point; further ones; terms between 1 and a small one
DRAWS, BITS, SPREAD = 20, 7, 12  # random products; of bits after the point, which bfloat16 has; powers of two
Vector: TypeAlias = npt.NDArray[np.float32]


class Products(NamedTuple):
    """What was found. implementation: of whom, device: where.

    operand_bits: kept of a number after the point, of the left operand, dZ; operand: how the rest is rounded, `cut`,
    `to even`, `away from 0`, or `kept`. result_bits: of a sum; summed_bits: how small terms that lie side by side
    still make a bit of the result together. within, across: how a sum is rounded whose terms lie side by side, or
    far apart. unit: the largest error of random sums of n terms over n times the sum of the absolute values, to be
    held against 2^-23; None where the result has fewer bits.
    """

    implementation: str
    device: str
    operand_bits: int
    operand: str
    result_bits: int
    summed_bits: int
    within: str
    across: str
    unit: float | None


class Product:
    """Sums of products of two vectors, as an implementation computes them on a device."""

    def __init__(self, implementation: str, device: str) -> None:
        name, _, self.variant = implementation.partition("/")
        self.framework, self.device = load(name), device
        self.framework.configure("float32")
        self.network = Network((ROWS, ROWS), ("linear",), "squared_error")

    def __call__(self, left: Vector, right: Vector) -> float:
        """Return the sum of left * right (TERMS,), in every entry of a matrix; NaN where they are not the same."""
        X, Y = np.tile(right, (ROWS, 1)), np.tile(-left * np.float32(TERMS), (ROWS, 1))
        zero = Layer(np.zeros((ROWS, ROWS), np.float32), np.zeros((ROWS, 1), np.float32))
        layer = Layer(*(self.framework.from_numpy(array, self.device) for array in zero))
        given = [self.framework.from_numpy(array, self.device) for array in (X, Y)]
        _, (gradient,) = self.framework.gradients[self.variant](self.network, (layer,), *given)
        dW: Any = self.framework.to_numpy(gradient.W)
        return float(dW[0, 0]) if (dW == dW[0, 0]).all() else float("nan")


def terms(*large: float, small: tuple[float, ...] = (), apart: int = 1) -> Vector:
    """Return a vector of the large terms, and from there on small ones so far apart."""
    vector = np.zeros(TERMS, np.float32)
    vector[: len(large)] = large
    where = len(large) * apart + apart * np.arange(len(small))
    vector[where] = small
    return vector


def rounding(of: Callable[[float], float], step: float) -> str:
    """Return how what is below a step is rounded. of: what comes of 1 and a number below that."""
    more, half = of(0.75 * step), of(0.5 * step)
    if more == 1 + step:
        return "to even" if half == 1 else "away from 0"
    return "cut" if more == 1 else "kept" if more == 1 + 0.75 * step else "otherwise"


def measured(implementation: str, device: str = "cuda") -> Products | None:
    """Return what an implementation's products are like on a device; None where that is not here.

    >>> found = measured("numpy/bf16_products", "cpu")
    >>> found.operand_bits, found.operand
    (7, 'to even')
    """
    framework, _, variant = implementation.partition("/")
    if missing(framework) or device not in load(framework).devices():
        return None
    if variant not in load(framework).gradients:
        raise BadInput(f"{implementation}: no such variant, expected framework/variant", parameter="impl")
    times, one = Product(implementation, device), terms(1.0)
    ones = np.ones(TERMS, np.float32)

    def of_operand(tail: float) -> float:
        return times(terms(1 + tail), one)

    def of_sum(*small: float, apart: int = 1) -> float:
        return times(terms(1.0, small=small, apart=apart), ones)

    operand_bits, result_bits = (
        max((k for k in BELOW if of(2.0**-k) == 1 + 2.0**-k), default=0) for of in (of_operand, of_sum)
    )
    operand = "kept" if operand_bits == BELOW[-1] else rounding(of_operand, 2.0**-operand_bits)
    ulp = 2.0**-result_bits
    deep = [e for e in range(MORE) if of_sum(*[ulp / 2**e] * 2**e) == 1 + ulp]
    within, across = rounding(of_sum, ulp), rounding(partial(of_sum, apart=APART), ulp)
    unit = _largest_error(times) if result_bits == BELOW[-1] and operand_bits >= BITS else None
    summed_bits = result_bits + max(deep, default=0)
    return Products(implementation, device, operand_bits, operand, result_bits, summed_bits, within, across, unit)


def _largest_error(times: Product) -> float:
    """Return the largest error of sums of random numbers of one sign, over TERMS times the sum."""
    random, errors = np.random.default_rng(0), []
    for _ in range(DRAWS):
        left, right = (1 + random.integers(0, 2**BITS, TERMS) / 2.0**BITS for _ in range(2))
        left = left / 2.0 ** random.integers(0, SPREAD, TERMS)
        exact = float(left @ right)
        errors.append(abs(times(left.astype(np.float32), right.astype(np.float32)) - exact) / (TERMS * exact))
    return max(errors)


def told(implementation: str, device: str = "cuda") -> str:
    """Return the finding in a sentence, or `not run`."""
    found = measured(implementation, device)
    if found is None:
        return f"{implementation} on {device}: not run, it is not here"
    words = (
        f"{implementation} on {device}: of dZ in a product {found.operand_bits} bits after the point are kept, of the "
        f"result {found.result_bits}; dZ is {_how(found.operand)}, a sum {_how(found.within)} side by side, "
        f"{_how(found.across)} {APART} terms apart; small terms count together down to 2^-{found.summed_bits}"
    )
    if found.unit is None:
        return words
    return f"{words}; sums of {TERMS} terms err by {found.unit / 2.0**-23:.2g} of 2^-23 a term at most"


def _how(rounded: str) -> str:
    return {"kept": "kept", "cut": "cut"}.get(rounded, f"rounded {rounded}")
