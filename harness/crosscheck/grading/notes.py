"""What is noted of a function while it is asked, beside its numbers; it travels with each answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from crosscheck.core.failures import Failure
from crosscheck.core.plain import Malformed, from_plain, to_plain
from crosscheck.core.records import Answer
from crosscheck.grading.penalty import Penalty


class Notes(NamedTuple):
    """What a function takes, changes and prints, and what stands beside it.

    takes: the form of its parameters, once it has answered. own: which of `fit` and `predict` it has, and which have
    worked so far. trouble: with those that have not. changed: the names of the arrays that each function, `ask` for
    the gradient, has changed. refilled: the kind of thing that a function has put other arrays into, where it has
    changed none. printed: lines, of one call at most. cost_shape: of J, where it is an array.
    read_as: what the program is taken for, in words. conversions: dW1, db2, ... that came in another shape than
    expected, and were converted, each with the shapes in words. breaks: those of them with which W - alpha dW would
    have another shape than W. names: what their author calls J, dW1, ...
    unjudged: `J` or `gradients`, which did not come back, and are the right ones instead; `costs` of training.
    remarks: what was supplied or left out of the source. activation: of code that only trains, found by its steps.
    unchecked: why `fit` or `predict` could not be judged, though it stands there. at_zero: whether what only trains
    always begins with weights of 0, so that it can be asked of those alone. penalties: what an argument that is 0 in
    the plain model adds at its own default, on some problems. loss, output: of code that only trains, where its steps
    are nearest to those of another loss than the one that was asked for. raised: the errors of Python's own numbers,
    where NumPy's are nan.
    """

    takes: str = ""
    own: tuple[str, ...] = ()
    trouble: Mapping[str, Failure] = {}
    changed: Mapping[str, list[str]] = {}
    refilled: Mapping[str, str] = {}
    printed: int = 0
    cost_shape: tuple[int, ...] = ()
    read_as: str = ""
    conversions: tuple[tuple[str, str], ...] = ()
    breaks: tuple[str, ...] = ()
    names: Mapping[str, str] = {}
    unjudged: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    activation: str = ""
    at_zero: bool = False
    unchecked: Mapping[str, str] = {}
    penalties: tuple[Penalty, ...] = ()
    loss: str = ""
    output: str = ""
    raised: tuple[str, ...] = ()

    @property
    def cost_is_ours(self) -> bool:
        """Whether the program gives its outputs alone, so that J is our formula of these."""
        return "its outputs probabilities" in self.read_as or "its outputs logits" in self.read_as

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
