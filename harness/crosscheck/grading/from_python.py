"""A function object checked from Python: a notebook's cell, a test, a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crosscheck_impls.interface import DTYPES, closest

from crosscheck.comparison.asked import check_dtypes
from crosscheck.grading.probe import Wanted
from crosscheck.grading.reported import Report
from crosscheck.grading.session import check_function

OPTIONS = (*Wanted._fields, "dtypes")


def check(function: Callable[..., Any], **options: Any) -> Report:
    """Check a function, a class, or an object with weights, in this process, as `crosscheck check` does.

    options: problems, names or how they begin, all that fit by default; layers, "4,3" or (4, 3); activation, output,
    loss and leaky_slope as on the command line; dtypes, ("float64",) by default. Where one name will do, a string
    may stand for a list; rows, True to say that examples are rows. Raises TypeError for what is no function and for
    another option; BadInput.
    """
    if not callable(function) and not hasattr(function, "__dict__"):
        raise TypeError(f"crosscheck: {function!r} is no function, expected cost_and_gradients itself, without a call")
    wanted, dtypes = said_by(options)
    return check_function(function, wanted, dtypes)


def said_by(options: Mapping[str, Any]) -> tuple[Wanted, Sequence[str]]:
    """Return what the options of `check` say. Raises TypeError for one that there is not; BadInput."""
    for name in options:
        if name not in OPTIONS:
            hint = "".join(f" did you mean {close}?" for close in closest(name, OPTIONS)[:1])
            raise TypeError(f"crosscheck: no option {name!r};{hint} the options are {', '.join(OPTIONS)}")
    given = {name: value for name, value in options.items() if value is not None}
    dtypes = check_dtypes(_names(given.pop("dtypes", "float64")), DTYPES)
    problems = tuple(_names(given.pop("problems", ())))
    for name in ("layers", "activation"):
        if name in given:
            given[name] = ",".join(_names(given[name]))
    return Wanted(problems, **given), dtypes


def _names(value: Any) -> list[str]:
    """Return one name, one number, or several, as a list of words."""
    return [str(each) for each in ([value] if isinstance(value, str | int) else value)]
