"""How an implementation multiplies matrices: the bits that it keeps of operands and of sums, and how it rounds them.

Where the first weights are 0, dW = -1/m Y Xᵀ for a linear network with squared error: a bare product of chosen numbers,
dZ Aᵀ, by whatever kernel the implementation takes; of its other products nothing is said. Sums of a large term and
small ones beside it show what is kept, as Fasi, Higham, Mikaitis and Pranesh did (Numerical behavior of NVIDIA tensor
cores, PeerJ Computer Science 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from crosscheck_impls.interface import Framework, Layer, Network

from crosscheck.core.failures import Failure, Stage
from crosscheck.oracle.float64 import Matrix
from crosscheck.runner import settings, steering
from crosscheck.runner.collect import configure
from crosscheck.runner.loading import load_implementation
from crosscheck.runner.serve import failure_of
from crosscheck.runner.tasks import each
from crosscheck.runner.threads import THREADS

ROWS, TERMS = 64, 256  # of the product (ROWS, TERMS) @ (TERMS, ROWS): powers of two, so that 1/m is exact
BELOW, MORE, APART = range(1, 24), 7, 64  # bits after the point; further ones; terms between 1 and a small one
DRAWS, BITS, SPREAD = 20, 7, 12  # random products; of bits after the point, which bfloat16 has; powers of two
ROUNDED = ("kept", "cut", "to even", "away from 0", "otherwise")
Vector: TypeAlias = npt.NDArray[np.float32]


class Probe(NamedTuple):
    """Whose products are asked for. name: as the user has it; loader: as in serve.Start."""

    name: str
    framework: str
    variant: str
    device: str
    loader: str


class Products(NamedTuple):
    """What was found. implementation: of whom, device: where.

    left_bits, right_bits: kept of a number after the point, in dZ and in A; left, right: how the rest is rounded, one
    of ROUNDED. result_bits: of a sum; summed_bits: how small terms that lie side by side still make a bit of the result
    together. within, across: how a sum is rounded whose terms lie side by side, or far apart. unit: the largest
    error of random sums of n terms over n times the sum of the absolute values, to be held against 2^-23; None where
    the result has fewer bits.
    """

    implementation: str
    device: str
    left_bits: int
    left: str
    right_bits: int
    right: str
    result_bits: int
    summed_bits: int
    within: str
    across: str
    unit: float | None


class Product:
    """Sums of products of two vectors, as an implementation computes them on a device."""

    def __init__(self, framework: Framework, variant: str, device: str) -> None:
        self.framework, self.variant, self.device = framework, variant, device
        self.network = Network((ROWS, ROWS), ("linear",), "squared_error")

    def __call__(self, left: Vector, right: Vector) -> float:
        """Return the sum of left * right (TERMS,); NaN where it is not the same number in every entry of a matrix."""
        entries = self.entries(left, right)
        return float(entries[0, 0]) if (entries == entries[0, 0]).all() else float("nan")

    def entries(self, left: Vector, right: Vector) -> Matrix:
        """Return the sum of left * right (TERMS,) in every entry of a matrix, (ROWS, ROWS)."""
        X, Y = np.tile(right, (ROWS, 1)), np.tile(-left * np.float32(TERMS), (ROWS, 1))
        zero = Layer(np.zeros((ROWS, ROWS), np.float32), np.zeros((ROWS, 1), np.float32))
        layer = Layer(*(self.framework.from_numpy(array, self.device) for array in zero))
        given = [self.framework.from_numpy(array, self.device) for array in (X, Y)]
        _, (gradient,) = self.framework.gradients[self.variant](self.network, (layer,), *given)
        return np.asarray(self.framework.to_numpy(gradient.W), np.float64).reshape(ROWS, ROWS)


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


def ask(asked: Sequence[Probe], time_limit: float = 60.0) -> Iterator[Products]:
    """Yield what the products of some implementations are like, in a process for each framework with one thread.

    time_limit: seconds for one. Nothing is said of one that fails, or whose products are none of a matrix.
    """
    environment = settings.environment(1) | dict.fromkeys(THREADS, "1")
    for framework in dict.fromkeys(probe.framework for probe in asked):
        its = [probe for probe in asked if probe.framework == framework]
        for probe, found in each(measured, its, [[]], environment, time_limit):
            if isinstance(found, Products) and _sound(probe, found):
                yield found


def measured(asked: Probe) -> Products | Failure:
    """Return what the products of an implementation are like, in its worker; why that is not known if it is not.

    >>> found = measured(Probe("numpy/bf16_products", "numpy", "bf16_products", "cpu", ""))
    >>> found.left_bits, found.left, found.right_bits, found.right
    (7, 'to even', 7, 'to even')
    """
    try:
        framework = load_implementation(asked.framework, asked.loader)
        steering.check(asked.framework)
        configure(framework, "float32")
        return _measured(asked, Product(framework, asked.variant, asked.device))
    except BaseException as error:  # somebody's code may raise anything
        return failure_of(Stage.CASE, error)


def _sound(asked: Probe, found: Products) -> bool:
    """Return whether what a worker has said can be so."""
    whose = (found.implementation, found.device) == (asked.name, asked.device)
    bits = all(0 <= k <= BELOW[-1] for k in (found.left_bits, found.right_bits, found.result_bits))
    words = all(word in ROUNDED for word in (found.left, found.right, found.within, found.across))
    return whose and bits and words and 0 <= found.summed_bits < BELOW[-1] + MORE and 0 <= (found.unit or 0.0) < 1


def _measured(asked: Probe, times: Product) -> Products:
    """Return the finding. Raises ValueError where that cannot be said of such products."""
    one, ones = terms(1.0), np.ones(TERMS, np.float32)

    def of_left(tail: float) -> float:
        return times(terms(1 + tail), one)

    def of_right(tail: float) -> float:
        return times(one, terms(1 + tail))

    def of_sum(*small: float, apart: int = 1) -> float:
        return times(terms(1.0, small=small, apart=apart), ones)

    (left_bits, left), (right_bits, right) = map(_operand, (of_left, of_right))
    result_bits = _kept(of_sum)
    ulp = 2.0**-result_bits
    deep = [e for e in range(MORE) if of_sum(*[ulp / 2**e] * 2**e) == 1 + ulp]
    within, across = rounding(of_sum, ulp), rounding(partial(of_sum, apart=APART), ulp)
    unit = _largest_error(times) if result_bits == BELOW[-1] and min(left_bits, right_bits) >= BITS else None
    summed_bits = result_bits + max(deep, default=0)
    operands = left_bits, left, right_bits, right
    return Products(asked.name, asked.device, *operands, result_bits, summed_bits, within, across, unit)


def _operand(of: Callable[[float], float]) -> tuple[int, str]:
    """Return how many bits of an operand are kept, and how the rest is rounded. Raises ValueError as `_kept` does."""
    bits = _kept(of)
    return bits, "kept" if bits == BELOW[-1] else rounding(of, 2.0**-bits)


def _kept(of: Callable[[float], float]) -> int:
    """Return how many bits after the point are kept. Raises ValueError where 1 is not, or one bit after a lost one.

    of: what comes of 1 and a number below it.
    """
    kept = [k for k in BELOW if of(2.0**-k) == 1 + 2.0**-k]
    if of(0.0) != 1 or kept != list(BELOW[: len(kept)]):
        raise ValueError("what comes of 1 and a power of two below it is none of their sums")
    return len(kept)


def _largest_error(times: Product) -> float:
    """Return the largest error of sums of random numbers of one sign, over TERMS times the sum."""
    random, errors = np.random.default_rng(0), []
    for _ in range(DRAWS):
        left, right = (1 + random.integers(0, 2**BITS, TERMS) / 2.0**BITS for _ in range(2))
        left = left / 2.0 ** random.integers(0, SPREAD, TERMS)
        exact = float(left @ right)
        entries = times.entries(left.astype(np.float32), right.astype(np.float32))
        errors.append(float(np.abs(entries - exact).max()) / (TERMS * exact))
    return max(errors)
