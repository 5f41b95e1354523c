"""Which questions are asked: a covering design over sizes, layouts, threads, dtypes and kinds of data.

A kernel breaks at an edge, so the sizes are 1, 2, 3, primes, and 2^k - 1, 2^k, 2^k + 1. Two of them have to meet for
some faults, be it two sizes or a size and a layout; so the questions are to hold every pair of levels of two factors
that fits into the limits. They are chosen greedily, one after another, so that any number of them from the first one on
covers about as many pairs as so many can: a run may end when its time is up. The order depends on the seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from crosscheck_impls.interface import DTYPES

from crosscheck.runner.layouts import LAYOUTS

PRIMES = (5, 11, 13, 29, 61, 97, 251, 509, 1021)
CANDIDATES = 12  # tried for each question; the one that covers most is taken
ELEMENTS, WORK = 2**21, 2**27  # of the largest array, and multiplications of one gradient
KINDS = ("drawn", "exact")


class Question(NamedTuple):
    """One point of the design. m examples, n[0] -> n[1] -> n[2]; kind: of KINDS."""

    m: int
    n0: int
    n1: int
    n2: int
    layout: str
    threads: int
    dtype: str
    kind: str

    @property
    def elements(self) -> int:
        """How many numbers the largest array has: of X, a Z, a W."""
        return max(self.m * max(self.n0, self.n1, self.n2), self.n0 * self.n1, self.n1 * self.n2)

    @property
    def work(self) -> int:
        """How many multiplications one gradient takes."""
        return self.m * (2 * self.n0 * self.n1 + 3 * self.n1 * self.n2)

    def __str__(self) -> str:
        sizes = f"{self.n0}-{self.n1}-{self.n2}, m = {self.m}"
        return f"{sizes}, {self.layout}, {self.threads} thread{'s' * (self.threads > 1)}, {self.kind}"


def around_powers(largest: int) -> list[int]:
    """Return 1, 2, 3, primes, and 2^k - 1, 2^k, 2^k + 1, up to the largest.

    >>> around_powers(17)
    [1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16, 17]
    """
    near = {2**k + d for k in range(2, largest.bit_length() + 1) for d in (-1, 0, 1)}
    return sorted(size for size in {1, 2, 3, *PRIMES, *near} if size <= largest)


class Factors(NamedTuple):
    """The levels of each factor of a Question, in the order of its fields."""

    m: Sequence[int]
    n0: Sequence[int]
    n1: Sequence[int]
    n2: Sequence[int]
    layout: Sequence[str]
    threads: Sequence[int]
    dtype: Sequence[str]
    kind: Sequence[str]


def factors(threads: Sequence[int], dtypes: Sequence[str] = DTYPES, largest: int = 1025) -> Factors:
    """Return the levels. threads: the numbers of threads that there can be. largest: of a width; m goes further."""
    far = [2**k + d for k in (11, 12, 14, 16, 18) for d in (-1, 0, 1)]
    m = [*around_powers(largest), *(size for size in far if size > largest)]
    widths = around_powers(min(largest, 513))
    return Factors(m, widths, widths, around_powers(min(largest, 129)), LAYOUTS, threads, dtypes, KINDS)


def allowed(question: Question) -> bool:
    """Return whether a question fits into the limits; exact data needs m = 2^k."""
    power = question.m & (question.m - 1) == 0
    return question.elements <= ELEMENTS and question.work <= WORK and (question.kind == "drawn" or power)


# What no pair of small sizes reaches: an array of more than 2^20 elements in each of its roles, X, W1, Z1, W2, Z2. Sums
# of few terms, so that also in float32 the bound sees a handful of wrong elements; and one array of just 2^20.
_LARGE = (
    (1024, 1025, 2, 1), (3, 1025, 1024, 2), (1025, 1, 1025, 1), (3, 1, 1025, 1024), (1025, 1, 1, 1025),
    (4, 1024, 1024, 1),
)  # fmt: skip
# Sums of about 2^20 terms, which take long to judge: in float64, where the bound sees one of them.
_LONG = ((2**20 + 1, 1, 1, 1), (2**19 + 1, 2, 1, 1), (2**20, 1, 1, 1), (2**21, 1, 1, 1))
EVERY = 3  # questions before the first large one; then one large one after every so many


def questions(levels: Factors, seed: int) -> Iterator[Question]:
    """Yield the questions in order, large ones in between, until every pair that fits is covered."""
    large = list(_large(levels))
    for number, question in enumerate(_covering(levels, seed), start=1):
        yield question
        if large and number % EVERY == 0:
            yield large.pop(0)
    yield from large


def _large(levels: Factors) -> Iterator[Question]:
    """Yield the large questions: each size with one dtype and number of threads, in turn, then with another."""
    both = list(product(levels.threads, levels.dtype))
    for turn in range(len(both)):
        for number, sizes in enumerate(_LARGE):
            yield Question(*sizes, "plain", *both[(number + turn) % len(both)], "drawn")
    for sizes, threads in product(_LONG, levels.threads if "float64" in levels.dtype else ()):
        yield Question(*sizes, "plain", threads, "float64", "exact" if sizes[0] == 2**21 else "drawn")


WIDE = 256
TILES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def follow_ups(base: Question, levels: Factors) -> list[Question]:
    """Return questions that tell what a wrong one hangs on: it with one thing changed, and sizes of every alignment.

    Sizes above WIDE become the powers of two below them, together and one by one, and half of that. In turn n[1] and
    n[2], m and n[0], or n[2] alone are odd multiples of a tile, and all other sizes multiples of 256, which tells rows,
    columns and the inner dimension of the products apart.
    """
    changed = [
        base._replace(**{name: level})
        for name in ("layout", "threads", "dtype", "kind")
        for level in getattr(levels, name) if level != getattr(base, name)
    ]  # fmt: skip
    plain = base._replace(kind="drawn")
    aligned = [
        plain._replace(m=m, n0=n0, n1=n1, n2=n2)
        for size in (tile * 3 if tile < 64 else tile for tile in TILES)
        for m, n0, n1, n2 in ((256, 256, size, size), (size, size, 256, 256), (256, 256, 256, size))
    ]
    powers = {name: 1 << getattr(base, name).bit_length() - 1 for name in ("m", "n0", "n1", "n2")}
    wide = {name: power for name, power in powers.items() if power > WIDE}
    nearer = [
        base._replace(**wide),
        *(base._replace(**{name: size}) for name, k in wide.items() for size in (k, k // 2, k // 2 + 1)),
    ]
    return [each for each in dict.fromkeys([*changed, *nearer, *aligned]) if each != base and allowed(each)]


def _covering(levels: Factors, seed: int) -> Iterator[Question]:
    """Yield questions each of which covers as many new pairs as a greedy choice of one level after another can."""
    random = np.random.default_rng(seed)
    left = uncovered(levels)
    misses = 0
    while misses < CANDIDATES and any(pairs.any() for pairs in left.values()):
        best: tuple[int, tuple[int, ...]] = (0, ())
        for _ in range(CANDIDATES):
            chosen = _candidate(levels, left, random)
            question = _question(levels, chosen)
            gain = sum(int(left[a, b][chosen[a], chosen[b]]) for a, b in left)
            if allowed(question) and gain > best[0]:
                best = gain, chosen
        misses = 0 if best[0] else misses + 1
        if best[0]:
            for a, b in left:
                left[a, b][best[1][a], best[1][b]] = False
            yield _question(levels, best[1])


Pairs = dict[tuple[int, int], npt.NDArray[np.bool_]]


def uncovered(levels: Factors) -> Pairs:
    """Return, for each two factors, which pairs of their levels some allowed question could hold."""
    left: Pairs = {}
    smallest = [0] * len(levels)
    for a, b in combinations(range(len(levels)), 2):
        there = np.zeros((len(levels[a]), len(levels[b])), bool)
        for i in range(len(levels[a])):
            for j in range(len(levels[b])):
                chosen = [*smallest]
                chosen[a], chosen[b] = i, j
                there[i, j] = allowed(_question(levels, tuple(chosen)))
        left[a, b] = there
    return left


def _candidate(levels: Factors, left: Pairs, random: np.random.Generator) -> tuple[int, ...]:
    """Return a level of each factor: in a random order, each the one with the most new pairs among those before it."""
    chosen: dict[int, int] = {}
    for factor in random.permutation(len(levels)):
        factor = int(factor)
        gains: Any = np.zeros(len(levels[factor]))
        for other, level in chosen.items():
            gains += left[other, factor][level] if other < factor else left[factor, other][:, level]
        if not chosen:
            gains = sum(
                pairs.sum(axis=1) if a == factor else pairs.sum(axis=0)
                for (a, b), pairs in left.items() if factor in (a, b)
            )  # fmt: skip
        best = np.flatnonzero(gains >= gains.max())
        for level in [*random.permutation(best), 0]:  # 0, the smallest, always fits
            chosen[factor] = int(level)
            if allowed(_question(levels, tuple(chosen.get(k, 0) for k in range(len(levels))))):
                break
    return tuple(chosen[k] for k in range(len(levels)))


def _question(levels: Factors, chosen: Sequence[int]) -> Question:
    point: list[Any] = [each[k] for each, k in zip(levels, chosen, strict=True)]
    return Question(*point)


def coverage(levels: Factors, asked: Sequence[Question]) -> tuple[int, int]:
    """Return how many pairs of levels some questions hold, and how many there are."""
    left = uncovered(levels)
    total = sum(int(pairs.sum()) for pairs in left.values())
    places = [{level: k for k, level in enumerate(each)} for each in levels]
    for question in asked:
        chosen = [place.get(level, -1) for place, level in zip(places, question, strict=True)]
        for a, b in left:
            if min(chosen[a], chosen[b]) >= 0:
                left[a, b][chosen[a], chosen[b]] = False
    return total - sum(int(pairs.sum()) for pairs in left.values()), total
