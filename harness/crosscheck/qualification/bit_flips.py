"""How small a fault would have been seen: every bit of every number of a right answer, flipped one at a time.

In proof: the number then lies outside its bound, the sum of the implementation's and the oracle's. In noise: more than
FACTOR times the usual rounding off, which is a warning. On exact data every flip is seen, but for the sign of a 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.core.records import Tensor, flat, named
from crosscheck.judge.elementwise import Judge
from crosscheck.oracle.error_bound import PLAIN
from crosscheck.oracle.float64 import exact
from crosscheck.oracle.narrowed import of_dtype
from crosscheck.oracle.noise import FACTOR
from crosscheck.problems.exact import significant_bits

LARGEST = 2**14  # numbers in an array of a trial whose answer is flipped
SEEN = 0.99  # the share from which on a bit counts as seen
WORDS = {2: "uint16", 4: "uint32", 8: "uint64"}
Part = Literal["mantissa", "exponent", "sign"]


class Flips(NamedTuple):
    """Of one kind of tensor in one dtype, one bit: how many flips, and how many were seen. bit: 0 is the last one."""

    dtype: str
    tensor: str
    bit: int
    part: Part
    flips: int
    proof: int
    noise: int


def part_of(dtype: str, bit: int) -> Part:
    """Return which part of a number a bit belongs to.

    >>> part_of("float32", 22), part_of("float32", 23), part_of("float32", 31)
    ('mantissa', 'exponent', 'sign')
    """
    mantissa = significant_bits(dtype) - 1
    return "mantissa" if bit < mantissa else "sign" if bit == 8 * np.dtype(dtype).itemsize - 1 else "exponent"


def flips(judges: Iterable[Judge]) -> list[Flips]:
    """Return the shares over the answers of the NumPy reference to some cases, by dtype, kind of tensor, and bit."""
    counts: dict[tuple[str, str, int], Any] = defaultdict(lambda: np.zeros(3, int))
    for judge in judges:
        case = judge.case
        with np.errstate(all="ignore"):
            asked = case.network, case.checkpoints[0], case.X, case.Y
            J, gradient = of_dtype(case.dtype).cost_and_gradients(*asked)
        known, noise = judge.at_checkpoint(0, PLAIN), judge.noise(0, PLAIN)
        E_J, S_J = known.theirs.J + known.own.J, np.asarray(noise.J)
        tensors = [("J", np.asarray(J), np.asarray(known.oracle.J), np.asarray(E_J), S_J)]
        names = [name for name, _, _ in named(case.network, gradient, "d")]
        parts = (gradient, known.oracle.gradient, known.theirs.gradient, known.own.gradient, noise.gradient)
        for name, got, true, E, E_own, S in zip(names, *map(flat, parts), strict=True):
            tensors.append((name, got, true, E + E_own, S))
        for name, got, true, E, S in tensors:
            kind = "J" if name == "J" else f"d{Tensor(name).kind}"
            for bit in range(8 * np.dtype(case.dtype).itemsize):
                counts[case.dtype, kind, bit] += _seen(np.asarray(got, case.dtype), true, E, S, bit)
    return [
        Flips(dtype, kind, bit, part_of(dtype, bit), *(int(n) for n in number))
        for (dtype, kind, bit), number in sorted(counts.items())
    ]


@np.errstate(all="ignore")
def _seen(got: Array, true: Array, E: Array, S: Array, bit: int) -> Array:
    """Return how many numbers there are, and of how many a flipped bit is seen in proof, and in noise or proof."""
    word = WORDS[got.dtype.itemsize]
    flipped = exact((np.atleast_1d(got).view(word) ^ np.array(1 << bit, word)).view(got.dtype))
    off = np.abs(flipped - np.atleast_1d(true))
    off = np.where(np.isnan(off), np.inf, off)
    proof = off > np.atleast_1d(E)
    noise = proof | (off > FACTOR * np.atleast_1d(S))
    return np.array([off.size, proof.sum(), noise.sum()])


class Resolution(NamedTuple):
    """The lowest bit from which on every bit of a kind of tensor is seen, of `of` mantissa bits; None if there is none.

    size: of a relative change that this bit makes at least, in proof.
    """

    dtype: str
    tensor: str
    of: int
    proof: int | None
    noise: int | None

    @property
    def size(self) -> float | None:
        """The relative change of a number whose lowest bit that is always seen is flipped, at most."""
        return None if self.proof is None else 2.0 ** (self.proof - self.of)


def resolutions(table: Sequence[Flips]) -> list[Resolution]:
    """Return the resolution of each dtype and kind of tensor."""
    found = []
    for dtype, tensor in dict.fromkeys((each.dtype, each.tensor) for each in table):
        those = [each for each in table if (each.dtype, each.tensor) == (dtype, tensor)]
        mantissa = [each for each in those if each.part == "mantissa"]
        low = {how: _lowest([getattr(each, how) / each.flips for each in mantissa]) for how in ("proof", "noise")}
        found.append(Resolution(dtype, tensor, len(mantissa), low["proof"], low["noise"]))
    return found


def _lowest(shares: Sequence[float]) -> int | None:
    """Return the lowest bit from which on all are seen; None where not even the highest is.

    >>> _lowest([0.1, 1.0, 0.5, 0.99, 1.0]), _lowest([0.0])
    (3, None)
    """
    unseen = [bit for bit, share in enumerate(shares) if share < SEEN]
    lowest = unseen[-1] + 1 if unseen else 0
    return lowest if lowest < len(shares) else None
