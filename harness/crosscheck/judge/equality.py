"""Equality, the criterion on exact data: the same bits, whatever the order of summation (see problems.exact)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.core.records import Answer, Case, Tensor, cast, flat, named
from crosscheck.judge.evidence import runs
from crosscheck.oracle.float64 import Evaluation, Matrix, evaluate, exact


class Unequal(NamedTuple):
    """One tensor that is not what it must be: its first wrong element, and where all of them lie.

    got, exact: of that element. ulps: how far it is off, in units in the last place of the exact number; the smallest
    subnormal number is the unit of 0. wrong: how many elements. rows, columns: as in a Heat.
    """

    tensor: Tensor
    element: tuple[int, ...]
    got: float
    exact: float
    ulps: float
    wrong: int
    rows: tuple[tuple[int, int], ...] = ()
    columns: tuple[tuple[int, int], ...] = ()


def true_at_start(case: Case) -> Evaluation:
    """Return J and the gradient at the start, which float64 holds exactly where the data are exact."""
    return evaluate(case.network, cast(case.checkpoints[0], "float64"), exact(case.X), exact(case.Y))


def unequal(case: Case, answer: Answer, true: Evaluation | None = None) -> list[Unequal]:
    """Return every tensor of an answer to exact data that is not exact: J, gradients, and the step of `fit`.

    The sign of a zero is not looked at: it depends on the order of summation. true: of `true_at_start`, where it is
    there already.
    """
    found: list[Unequal] = []
    for name, got, must in _tensors(case, answer, true or true_at_start(case)):
        if (one := _unequal(name, got, must, case.dtype)) is not None and one.tensor not in [u.tensor for u in found]:
            found.append(one)
    return found


def _tensors(case: Case, answer: Answer, oracle: Evaluation) -> Iterator[tuple[str, Array, Matrix]]:
    """Yield what was got and what it must be; float64 holds both exactly."""
    start = cast(case.checkpoints[0], "float64")
    for J, gradient in answer.gradients:
        yield "J", J, np.asarray(oracle.J)
        for (name, got, _), true in zip(named(case.network, gradient, "d"), flat(oracle.gradient), strict=True):
            yield name, got, true
    for step in answer.run.steps[:1]:
        yield "fit: J", step.J, np.asarray(oracle.J)
        moved = zip(named(case.network, step.after, "fit: "), flat(start), flat(oracle.gradient), strict=True)
        for (name, got, _), W, dW in moved:
            yield name, got, W - case.alpha * dW


@np.errstate(all="ignore")  # NaN and inf are answers here
def _unequal(name: str, got: Array, true: Matrix, dtype: str) -> Unequal | None:
    said = exact(got)
    wrong = said != true  # NaN is no number's equal
    if not wrong.any():
        return None
    element = tuple(int(i) for i in np.argwhere(wrong)[0])
    ulp = float(np.spacing(np.abs(true[element]).astype(dtype)))
    places = (runs(wrong.any(axis=1)), runs(wrong.any(axis=0))) if wrong.ndim == 2 else ((), ())
    return Unequal(
        Tensor(name), element, float(said[element]), float(true[element]),
        float(np.abs(said[element] - true[element]) / ulp), int(wrong.sum()), *places,
    )  # fmt: skip
