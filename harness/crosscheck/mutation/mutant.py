"""What a mutant is: functions that stand in the place of the reference's, with a name and words for a learner."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from crosscheck.oracle.reference import Reference

Hook = TypeVar("Hook", bound=Callable[..., Any])

# the functions that only training calls, and those that only predictions come of
TRAINING = frozenset({"ask", "direction", "step", "update_layer", "record"})
PREDICTION = frozenset({"classes"})
# what a function's result is called in the notes, where its name does not say so
CALLED = {
    **{name: name for name in ("Z", "A", "J", "dW", "db", "dA", "dZ")},
    **dict.fromkeys(("sigmoid", "tanh", "relu", "leaky_relu"), "A"),
    "output_dZ": "dZ", "inputs": "params, X, Y", "features": "X", "count": "m", "cross_entropy": "losses",
    "squared_error": "losses", "mean": "J", "collect": "gradients", "ask": "J, gradients", "direction": "direction",
    "step": "params", "record": "J[t]",
}  # fmt: skip


class Kind(StrEnum):
    """The kinds of mutants, each with words for people."""

    words: str

    SWITCH = "switch", "a convention or a precision that a library chooses for you"
    MISPRINT = "misprint", "the course notes say it so"
    CLASSIC = "classic", "a mistake that people make when they write backpropagation"
    TRAINING = "training", "a training loop that does something else than plain gradient descent"
    PRECISION = "precision", "fewer bits than the arrays have"
    DATA = "data", "not the data that were given"
    DISTRIBUTED = "distributed", "processes that do not add up to one"

    def __new__(cls, value: str, words: str) -> Kind:
        """Make a member out of its name and its words."""
        member = str.__new__(cls, value)
        member._value_, member.words = value, words
        return member


class Change(NamedTuple):
    """The lines of a right function that the wrong one has not, and the other way round."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Mutant:
    """A named mistake. hooks: which functions of the reference it replaces, by their names, and by what.

    only_rounds: it computes the same over exact numbers, or is not defined there; its bits say all.
    """

    name: str
    kind: Kind
    words: str
    hooks: Mapping[str, Callable[..., Any]]
    only_rounds: bool = False

    @property
    def affects_training(self) -> bool:
        """Whether it shows in `fit` alone: J and the gradients are right."""
        return self.hooks.keys() <= TRAINING

    @property
    def affects_prediction(self) -> bool:
        """Whether it shows in `predict` alone: J, the gradients and `fit` are right."""
        return self.hooks.keys() <= PREDICTION

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What was changed, a pair of lines for each function, from the source of both.

        >>> from crosscheck.mutation.mutants import BY_NAME
        >>> BY_NAME["db without 1/m"].changes[0].wrong
        ('db = np.sum(dZ, axis=1, keepdims=True)',)
        """
        return tuple(_change(name, wrong) for name, wrong in self.hooks.items())


_table: dict[str, Mutant] = {}


def mutant(name: str, kind: Kind, words: str, hook: Hook, only_rounds: bool = False) -> Callable[[Hook], Hook]:
    """Enter the decorated function as a mutant that replaces the hook, a function of `Reference`.

    The function has the hook's own arguments, `self` among them, which the type checker holds it to.
    """
    if name in _table:
        raise ValueError(f"mutant {name!r} is there already, expected another name, or `also`")
    _table[name] = Mutant(name, kind, words, {}, only_rounds)
    return also(name, hook)


def also(name: str, hook: Hook) -> Callable[[Hook], Hook]:
    """Let the decorated function replace one more hook in a mutant that is there already."""
    hooks = _table[name].hooks
    assert isinstance(hooks, dict)
    if getattr(Reference, hook.__name__, None) is not hook:
        raise ValueError(f"mutant {name!r}: {hook!r} is no function of the reference")

    def enter(function: Hook) -> Hook:
        hooks[hook.__name__] = function
        return function

    return enter


def mutants() -> tuple[Mutant, ...]:
    """Return all that were entered, in that order."""
    return tuple(_table.values())


def _change(name: str, wrong: Callable[..., Any]) -> Change:
    before, after = _body(getattr(Reference, name)), _body(wrong)
    if name in CALLED and _returns(after) <= _returns(before):
        before, after = _assigned(CALLED[name], before), _assigned(CALLED[name], after)
    blocks = difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes()
    differ = [block for block in blocks if block[0] != "equal"]
    return Change(
        tuple(line for _, start, end, _, _ in differ for line in before[start:end]),
        tuple(line for _, _, _, start, end in differ for line in after[start:end]),
    )


def _body(function: Callable[..., Any]) -> list[str]:
    """Return the lines of a function's body without its docstring, and without `self`, as the notes would write it."""
    text = textwrap.dedent(inspect.getsource(function))
    (definition,) = ast.parse(text).body
    assert isinstance(definition, ast.FunctionDef)
    start = definition.body[ast.get_docstring(definition) is not None]
    lines = [line.strip().replace("self.", "") for line in text.splitlines()[start.lineno - 1 : definition.end_lineno]]
    return [line for line in lines if line and not line.startswith("#")]


def _returns(lines: list[str]) -> int:
    return sum(line.startswith("return ") for line in lines)


def _assigned(called: str, lines: list[str]) -> list[str]:
    """Write `dW = ...` for `return ...`."""
    some = [line for line in lines if line != f"return {called}"]
    return [re.sub(r"^return ", f"{called} = ", line) for line in some]
