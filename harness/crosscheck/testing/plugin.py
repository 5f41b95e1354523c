"""A pytest plugin: the fixture `crosscheck`, which asks for the verdict on a function in one line.

    def test_mine(crosscheck):
        crosscheck(cost_and_gradients)

It imports nothing of the harness before a test calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest


@pytest.fixture(name="crosscheck")
def crosscheck_fixture() -> Callable[..., None]:
    """Return crosscheck(function, **options), which raises AssertionError, with the report, unless it is right."""
    return crosscheck


def crosscheck(
    function: Callable[..., Any], *, problems: Sequence[str] = (), dtypes: Sequence[str] = ("float64",), **options: Any
) -> None:
    """Check a function, in this process, as `crosscheck check` does.

    problems: names, or how they begin; all that fit by default. dtypes: float64, float32. options: layers,
    activation, output, loss, leaky_slope, as on the command line. Raises AssertionError; BadInput.
    """
    __tracebackhide__ = True
    from crosscheck.comparison.session import check_dtypes
    from crosscheck.grading.probe import Wanted
    from crosscheck.grading.session import check_function

    report = check_function(function, Wanted(tuple(problems), **options), check_dtypes(dtypes))
    if not report.right:
        raise AssertionError(report.text)
