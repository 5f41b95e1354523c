"""What the wrong trials have in common, and the right ones have not: by counting, so that what is said is a fact.

A property is something that a trial has or has not: a layout, a number of threads, a product whose rows are no
multiple of 16, an array of more than so many elements. A pattern is a property, or two together, that every wrong trial
has. The one that fewest right trials share is the answer; it is told with these counts, and as a reason only where no
right trial shares it. A single property comes before two, and what a kernel's author would think of first before the
rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crosscheck.core.failures import Verdict
from crosscheck.qualification.design import Question
from crosscheck.qualification.judged import Result

TILES = (2, 4, 8, 16, 32, 64, 128, 256)
FEWEST = 2  # wrong trials that make a pattern; one has everything in common with itself
Marks = npt.NDArray[np.bool_]


class Product(NamedTuple):
    """A product of matrices, (rows, inner) times (inner, columns)."""

    rows: int
    columns: int
    inner: int


def products(question: Question) -> list[Product]:
    """Return the products of one gradient: Z1, Z2, dW2, dA1, dW1."""
    m, n0, n1, n2 = question.m, question.n0, question.n1, question.n2
    return [Product(n1, m, n0), Product(n2, m, n1), Product(n2, n1, m), Product(n1, m, n2), Product(n1, n0, m)]


class Property(NamedTuple):
    """kind: layout, threads, dtype, kind, rows, columns, inner, or the name of a size that is above a number.

    value: the layout's name, or a number: of threads, of the tile, or the largest size of a right trial below those of
    the wrong ones. least: of a size, the smallest of a wrong trial.
    """

    kind: str
    value: str | float
    least: float = 0.0


@dataclass(frozen=True)
class Pattern:
    """What all wrong trials of an implementation have. wrong: how many; right: how many right trials have it too.

    others: right trials without it. calls: which calls in a row alone are wrong, none where that varies, or all are.
    step_only: whether only the step of `fit` is wrong. smallest: the wrong trial with the least work. clearest: the one
    of which the smallest share of a tensor is wrong.
    """

    implementation: str
    properties: tuple[Property, ...]
    wrong: int
    right: int
    others: int
    calls: tuple[int, ...]
    step_only: bool
    smallest: Result
    clearest: Result

    @property
    def exact(self) -> bool:
        """Whether the properties tell the wrong trials from the right ones, which there are."""
        return self.right == 0 and self.others > 0 and bool(self.properties)


SIZES: dict[str, Callable[[Question], int]] = {
    "elements": lambda q: q.elements,
    "examples": lambda q: q.m,
    "inputs": lambda q: q.n0,
    "hidden": lambda q: q.n1,
    "outputs": lambda q: q.n2,
    "multiplications": lambda q: q.work,
}


def pattern(results: Sequence[Result]) -> Pattern | None:
    """Return what the wrong trials of one implementation have in common; None where none is wrong."""
    judged = [each for each in results if each.verdict is not Verdict.NOT_RUN]
    bad: Marks = np.array([each.wrong for each in judged], bool)
    if not bad.any():
        return None
    wrong = [each for each in judged if each.wrong]
    properties, right = (
        _best([each.question for each in judged], bad) if bad.sum() >= FEWEST else ((), int((~bad).sum()))
    )
    calls = {each.wrong_calls if len(each.wrong_calls) < each.calls else () for each in wrong}
    alike = calls.pop() if len(calls) == 1 else ()
    return Pattern(
        wrong[0].implementation, properties, len(wrong), right, int((~bad).sum()) - right, alike,
        all(each.wrong_step and not each.wrong_calls for each in wrong),
        min(wrong, key=lambda each: each.question.work), min(wrong, key=_share),
    )  # fmt: skip


def _share(it: Result) -> float:
    """Return how large a share of the wrong tensor is wrong; 1 where that is not known."""
    return it.place.wrong / math.prod(it.place.shape) if it.place and it.place.shape else 1.0


def _best(asked: Sequence[Question], bad: Marks) -> tuple[tuple[Property, ...], int]:
    """Return the properties that all bad ones have and fewest others, and how many others."""
    everyone = [(each, marks) for each, marks in _marked(asked) if marks[bad].all() and not marks.all()]
    best: tuple[int, tuple[Property, ...]] = (int((~bad).sum()), ())
    for each, marks in [*everyone, *_above(asked, bad, np.ones(len(asked), bool))]:
        shared = int((marks & ~bad).sum())
        if shared < best[0]:
            best = shared, (each,)
    if best[0] == 0:
        return best[1], 0
    pairs = [((a, b), p & q) for (a, p), (b, q) in combinations(everyone, 2)]
    pairs += [((a, b), q) for a, p in everyone for b, q in _above(asked, bad, p)]
    for two, marks in pairs:
        shared = int((marks & ~bad).sum())
        if shared < best[0] - 1:  # a second property has to tell more than one trial
            best = shared, two
    return best[1], best[0]


def _marked(asked: Sequence[Question]) -> Iterator[tuple[Property, Marks]]:
    """Yield every property that does not hang on the outcome, and which questions have it."""

    def marks(has: Callable[[Question], bool]) -> Marks:
        return np.array([has(each) for each in asked], bool)

    for kind in ("layout", "threads", "dtype", "kind"):
        for value in dict.fromkeys(getattr(each, kind) for each in asked):
            yield Property(kind, value), marks(lambda q, kind=kind, value=value: getattr(q, kind) == value)  # type: ignore[misc]
    yield Property("layout", "not plain"), marks(lambda q: q.layout != "plain")
    yield Property("layout", "not in rows"), marks(lambda q: q.layout in ("strided", "transposed"))
    shapes = np.array([products(each) for each in asked])  # (questions, products, rows columns inner)
    for axis, kind in ((0, "rows"), (2, "inner"), (1, "columns")):
        for tile in TILES:
            yield Property(kind, tile), (shapes[:, :, axis] % tile != 0).any(axis=1)


def _above(asked: Sequence[Question], bad: Marks, among: Marks) -> Iterator[tuple[Property, Marks]]:
    """Yield each size with the largest number of a good one, among some, that every bad one lies above."""
    for name, of in SIZES.items():
        sizes = np.array([of(each) for each in asked])
        least = sizes[bad].min()
        below = sizes[among & ~bad & (sizes < least)]
        if below.size:
            yield Property(name, float(below.max()), float(least)), among & (sizes >= least)
