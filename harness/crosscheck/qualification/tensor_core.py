"""How an implementation multiplies matrices: the bits that it keeps of operands and of sums, and how it rounds them.

Where the first weights are 0, dW = -1/m Y Xᵀ for a linear network with squared error: a bare product of chosen numbers,
by whatever kernel the implementation takes. Sums of a large term and small ones beside it show what is kept, as Fasi,
Higham, Mikaitis and Pranesh did (Numerical behavior of NVIDIA tensor cores, PeerJ Computer Science 2021).
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from crosscheck_impls.interface import BadInput, Layer, Network, load

from crosscheck.runner.subprocesses import missing

ROWS, TERMS = 64, 256  # of the product (ROWS, TERMS) @ (TERMS, ROWS): powers of two, so that 1/m is exact
DRAWS, BITS, SPREAD = 20, 7, 12  # random products; of bits after the point, which bfloat16 has; powers of two
Vector: TypeAlias = npt.NDArray[np.float32]


class Products(NamedTuple):
    """What was found. implementation: of whom, device: where.

    operand_bits: kept after the point; operand: how the rest is rounded, `truncated`, `to even`, `away from 0` or
    `kept`. sum_bits: how far below 1 terms that lie side by side are still added up to more than 0; sum, across:
    how a sum is rounded whose terms lie side by side, or far apart. unit: the largest error of random sums of n terms
    over n times the sum of the absolute values, to be held against the unit roundoff of the accumulation, 2^-23.
    """

    implementation: str
    device: str
    operand_bits: int
    operand: str
    sum_bits: int
    sum: str
    across: str
    unit: float


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


def rounding(got: float, kept: float, step: float) -> str:
    """Return how 1 + 3/4 step and 1 + 1/2 step are rounded, from what came of 1 + 3/4 step."""
    if got == 1 + step:
        return "to even" if kept == 1 else "away from 0"
    return "truncated" if got == 1 else "kept" if got == 1 + 0.75 * step else "otherwise"


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

    operand_bits = max((k for k in range(1, 24) if of_operand(2.0**-k) == 1 + 2.0**-k), default=0)
    step, ulp = 2.0**-operand_bits, 2.0**-23
    operand = "kept" if operand_bits == 23 else rounding(of_operand(0.75 * step), of_operand(0.5 * step), step)
    deep = [e for e in range(6) if of_sum(*[2.0 ** -(23 + e)] * 2**e) == 1 + ulp]
    within, across = (
        rounding(of_sum(0.5 * ulp, 0.25 * ulp, apart=apart), of_sum(0.5 * ulp, apart=apart), ulp) for apart in (1, 64)
    )
    sum_bits = 23 + max(deep, default=0)
    return Products(implementation, device, operand_bits, operand, sum_bits, within, across, _largest_error(times))


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
    return (
        f"{implementation} on {device}: operands have {found.operand_bits} bits after the point, the rest "
        f"{found.operand}; small terms side by side count down to 2^-{found.sum_bits} of the sum; a sum is "
        f"{found.sum} within, {found.across} across blocks; the largest error of a sum of {TERMS} terms is "
        f"{found.unit / 2.0**-23:.2g} of the bound's unit, 2^-23"
    )
