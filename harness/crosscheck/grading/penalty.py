"""A penalty that a program adds by default: what J and the gradients gain by it, in units of the L2 penalty's.

It is outside the plain model, so that a program is judged without it. What it adds to J must be what it adds to the
gradients: (lambda / 2m) sum W^2 to the one, (lambda / m) W to the others.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Params

from crosscheck.grading.diagnosis.closeness import ALIKE
from crosscheck.grading.diagnosis.closeness import CANDIDATE as SAME

ENOUGH = 3  # measurements
ZERO = "zero"  # the role of an argument that is 0 in the plain model


class Penalty(NamedTuple):
    """What an argument adds at its default, on one problem. J, gradient: the lambda that each tells, nan where what is
    added is no L2 penalty, or so little of J that rounding hides whether two are the same; moved: whether any gradient
    changes at all.
    """

    argument: str
    default: float
    J: float
    gradient: float
    moved: bool


def defaults(functions: Sequence[Callable[..., Any]], role_of: Callable[[str], str]) -> dict[str, float]:
    """Return the arguments that are 0 in the plain model, and are something else by default.

    >>> defaults([lambda A, lambd=0.1: A], {"lambd": "zero", "A": ""}.__getitem__)
    {'lambd': 0.1}
    """
    found: dict[str, float] = {}
    for function in functions:
        try:
            every = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            continue
        for argument in every:
            value = argument.default
            if role_of(argument.name) == ZERO and isinstance(value, int | float) and value:
                found.setdefault(argument.name, float(value))
    return found


def measured(
    given: Mapping[str, float], without: tuple[Any, Params], with_it: tuple[Any, Params], params: Params, m: int
) -> Penalty | None:
    """Return what arguments add to J and the gradients; None where it is nothing, or no number."""
    (argument, default), *more = given.items()
    before, after = (float(np.squeeze(np.asarray(each[0], float))) for each in (without, with_it))
    J = after - before
    pairs = zip(params, without[1], with_it[1], strict=True)
    added = [(W, np.asarray(late.W, float) - np.asarray(early.W, float)) for (W, _), early, late in pairs]
    squares = float(sum((W * W).sum() for W, _ in params))
    if more or not np.isfinite(J) or not squares or (not J and not any(array.any() for _, array in added)):
        return None
    hidden = ALIKE * (abs(before) + abs(after)) > SAME * abs(J)
    return Penalty(
        argument,
        default,
        np.nan if hidden and J else 2 * m * J / squares,
        _of_gradient(added, m),
        any(a.any() for _, a in added),
    )


def _of_gradient(added: Sequence[tuple[Array, Array]], m: int) -> float:
    """Return lambda, if what is added to every dW is (lambda / m) W."""
    sizes = [float(np.vdot(array, W) / np.vdot(W, W)) for W, array in added if W.any()]
    alike = all(np.allclose(array, sizes[0] * W, rtol=SAME, atol=SAME * abs(sizes[0])) for W, array in added)
    return m * sizes[0] if alike else float("nan")


def told(every: Sequence[Penalty]) -> tuple[bool, str]:
    """Return whether a penalty makes a program wrong, and what is said of it; "" where nothing is proved."""
    if not every:
        return False, ""
    first = every[0]
    J, gradient = (_agreed([getattr(each, name) for each in every]) for name in ("J", "gradient"))
    takes = f"{first.argument}, which is {first.default:g} by default"
    judged = f"It is judged with {first.argument} = 0."
    if not any(each.moved for each in every) and all(each.J for each in every):
        size = f", {J:.3g} / (2 m) times the squares of the weights," if np.isfinite(J) else ""
        return True, f"J contains a penalty{size} by {takes}, and no gradient does: they are not those of J. {judged}"
    if not (np.isfinite(J) and np.isfinite(gradient)):
        return False, f"{takes[: len(first.argument)]} is 0 here: what it adds is outside the plain model"
    if np.isclose(J, gradient, rtol=SAME, atol=0):
        return False, f"it was judged with {first.argument} = 0; with its default, the penalty of J is that of dW"
    return True, (
        f"by {takes}, J contains {J:.3g} / (2 m) times the squares of the weights, and dW {gradient:.3g} / m times the "
        f"weights: the two lambdas must be the same. {judged}"
    )


def _agreed(numbers: Sequence[float]) -> float:
    """Return the number that all of them are; nan if they are not one."""
    same = all(np.isclose(each, numbers[0], rtol=SAME, atol=0) for each in numbers)
    return numbers[0] if same else float("nan")
