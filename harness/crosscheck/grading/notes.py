"""What is noted of a function while it is asked, beside its numbers; it travels with each answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from crosscheck.core.failures import Failure
from crosscheck.core.plain import Malformed, from_plain, to_plain
from crosscheck.core.records import Answer


class Notes(NamedTuple):
    """What a function takes, changes and prints, and what stands beside it.

    takes: the form of its parameters, once it has answered. own: which of `fit` and `predict` it has, and which have
    worked so far. trouble: with those that have not. changed: the names of the arrays that each function, `ask` for
    the gradient, has changed. printed: lines, of one call at most. cost_shape: of J, where it is an array.
    """

    takes: str = ""
    own: tuple[str, ...] = ()
    trouble: Mapping[str, Failure] = {}
    changed: Mapping[str, list[str]] = {}
    printed: int = 0
    cost_shape: tuple[int, ...] = ()

    def plain(self) -> Mapping[str, Any]:
        """Return them as an answer carries them."""
        said: Mapping[str, Any] = to_plain(self)
        return said


def noted(answer: Answer | Failure | None) -> Notes:
    """Return what an answer's notes are; none where there are none that can be read."""
    if not isinstance(answer, Answer):
        return Notes()
    try:
        notes: Notes = from_plain(Notes, dict(answer.notes))
    except Malformed:
        return Notes()
    return notes
