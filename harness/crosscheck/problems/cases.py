"""Cases: a problem rounded to a dtype, with checkpoints from the oracle's own descent."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import NARROW, Array, BadInput, Params

from crosscheck.core.dtypes import finfo
from crosscheck.core.records import Case, cast
from crosscheck.oracle import streamed
from crosscheck.oracle.float64 import descend, exact
from crosscheck.problems.catalogue import Problem
from crosscheck.problems.files import chunks


class Rounded(NamedTuple):
    """A problem's data, initial params and alpha, rounded to a dtype."""

    X: Array
    Y: Array
    X_test: Array | None
    Y_test: Array | None
    params: Params
    alpha: float


@np.errstate(all="ignore")  # what does not fit is refused, in words
def rounded_to(problem: Problem, dtype: str) -> Rounded:
    """Return the problem's numbers in the dtype. Raises BadInput if one does not fit."""
    if problem.source and dtype in NARROW:
        raise BadInput(f"{problem.name}: a file in chunks is read in float64 or float32, not in {dtype}")
    data: list[Any] = [*chunks.opened(problem.source, dtype), None, None] if problem.source else []
    data = data or [None if array is None else array.astype(dtype) for array in problem.data]
    params, alpha = cast(problem.params, dtype), float(np.dtype(dtype).type(problem.alpha))
    numbers = [] if problem.source else [("data", array) for array in data]
    numbers += [("weights", array) for layer in params for array in layer]
    for name, array in numbers:
        if array is not None and not np.isfinite(array).all():
            limit = f"above {float(finfo(dtype).max):.2g}, the largest {dtype}"
            raise BadInput(f"{problem.name}: {name} {limit}; scale it down, or use float64")
    if not 0 < alpha < np.inf:
        raise BadInput(
            f"learning rate: got {problem.alpha:g}, which is {alpha:g} in {dtype}; expected a number > 0 in it"
        )
    X, Y, X_test, Y_test = data
    return Rounded(X, Y, X_test, Y_test, params, alpha)


def brief(case: Case) -> Case:
    """Return the question in short: the gradient at the initial params, and one step."""
    return case._replace(checkpoints=case.checkpoints[:1], steps=case.steps[:1], iterations=1)


def make_case(problem: Problem, dtype: str, later: bool = True) -> Case:
    """Round the problem to the dtype, and let the oracle train to find the later checkpoints, if they are wanted."""
    try:
        given = rounded_to(problem, dtype)
    except MemoryError as error:
        raise BadInput(
            f"{problem.name}: no memory for {problem.network.dimensions}; choose a smaller network"
        ) from error
    wanted = (problem.iterations // 2, problem.iterations) if later else ()
    checkpoints, steps = [given.params], [0]
    wide = cast(given.params, "float64")
    with np.errstate(all="ignore"):  # a learning rate too large ends in inf; those checkpoints are left out
        if problem.source is None:
            run = descend(problem.network, wide, exact(given.X), exact(given.Y), given.alpha)
        else:
            parts = streamed.Parts(given.X, given.Y, problem.source.chunk)
            run = streamed.descend(problem.network, wide, parts, given.alpha)
        for t, (params, J) in zip(range(max(wanted, default=-1) + 1), run, strict=False):
            rounded = cast(params, dtype)
            if not np.isfinite(J) or not all(np.isfinite(a).all() for layer in rounded for a in layer):
                break
            if t in wanted and t > 0:
                checkpoints.append(rounded)
                steps.append(t)
    return Case(
        problem.name, problem.network, dtype, given.X, given.Y, given.X_test, given.Y_test, tuple(checkpoints),
        tuple(steps), given.alpha, problem.iterations, problem.source,
    )  # fmt: skip
