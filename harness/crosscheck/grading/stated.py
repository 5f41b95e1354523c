"""What a program's own text states that no number shows: how many outputs it is meant for, and a lopsided penalty."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from crosscheck.grading.diagnosis.source import Lines
from crosscheck.grading.forms.roles import role_of

SEVERAL = re.compile(r"multi-?label|several (labels|outputs)|\bY\b:? \(?\(n_?y, *m\)", re.IGNORECASE)
BACKWARD = re.compile(r"back|grad", re.IGNORECASE)
LOGITS = re.compile(r"\b(BCEWithLogitsLoss|binary_cross_entropy_with_logits)\b")
PROBABILITIES = re.compile(r"\b(BCELoss|binary_cross_entropy)\b")


class Lopsided(NamedTuple):
    """An argument of the cost that is not 0 by default, and that the function of the gradient does not take."""

    cost: str
    argument: str
    default: float
    gradient: str


def several_outputs(program: Lines) -> str:
    """Return the words by which a program says that it is meant for several outputs; "" where it does not.

    >>> several_outputs([("", "# X (n_x, m), Y (n_y, m) of 0 and 1")])
    'Y (n_y, m)'
    """
    found = next((match for _, text in program if (match := SEVERAL.search(text))), None)
    return found[0] if found else ""


def takes_logits(program: Lines) -> str:
    """Return the name of the program's loss if every one that it names applies the sigmoid itself."""
    found = [match[0] for _, text in program for match in LOGITS.finditer(text)]
    plain = any(PROBABILITIES.search(text) for _, text in program)
    return found[0] if found and not plain else ""


def lopsided(program: Lines, read_as: str) -> Lopsided | None:
    """Return the penalty that the cost alone has by default, of the functions that a program is read as.

    >>> text = "def cost(A, Y, lambd=0.1): pass\\ndef backward(A, Y): pass"
    >>> lopsided([("", text)], "cost, backward over arrays")
    Lopsided(cost='cost', argument='lambd', default=0.1, gradient='backward')
    """
    used = [function for function in _functions(program) if re.search(rf"\b{re.escape(function.name)}\b", read_as)]
    gradients = [function for function in used if BACKWARD.search(function.name)]
    if len(gradients) != 1 or any(role_of(each.arg) == "zero" for each in gradients[0].args.args):
        return None
    for function in used:
        arguments = function.args.args
        defaults = function.args.defaults
        for argument, default in zip(arguments[len(arguments) - len(defaults) :], defaults, strict=True):
            value = default.value if isinstance(default, ast.Constant) else None
            if role_of(argument.arg) == "zero" and isinstance(value, int | float) and value:
                return Lopsided(function.name, argument.arg, float(value), gradients[0].name)
    return None


def _functions(program: Lines) -> Iterator[ast.FunctionDef]:
    for _, text in program:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
