"""The harness: identical data and weights for everyone, an oracle, a proved error bound, and verdicts.

From Python, `crosscheck.check(function)` is `crosscheck check`; in a notebook, `%load_ext crosscheck`, and then
`%%crosscheck` above a cell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosscheck.grading.reported import Report

__all__ = ["check"]


def check(function: Callable[..., Any], **options: Any) -> Report:
    """Check cost_and_gradients(parameters, X, Y), or (w, b, X, Y), in this process; print what it returns.

    The result has `right`, a bool, `verdict`, `causes`, `table`, a DataFrame, and `text`, the report, which `print` and
    a notebook show. `fit` and `predict` are taken from beside the function. A function that never ends is not stopped
    here: interrupt it.
    options: problems, layers, activation, output, loss, leaky_slope, dtypes; see grading/from_python.py. Raises
    TypeError for what is no function and for another option; BadInput, a ValueError, for what cannot be met.
    """
    from crosscheck.grading import from_python  # nothing is imported before it is asked for

    return from_python.check(function, **options)


def load_ipython_extension(shell: Any) -> None:
    """Give a notebook the magic `%%crosscheck`: what `%load_ext crosscheck` calls."""
    from crosscheck.grading import magic

    magic.load(shell)
