"""The line of somebody's own file in which something is computed, found by the name that is assigned to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

COSTS = {"j", "cost", "loss"}
LONGEST = 90  # characters of a line that is quoted


class Line(NamedTuple):
    """A line of a program, by its number."""

    number: int
    text: str


def line_of(source: str, tensor: str) -> Line | None:
    """Return the line that assigns to J, dW2, db2, dZ2 or dA1; None where there is none, or more than one.

    A name without a number stands for every layer, as in a loop.

    >>> line_of("def f(x):\\n    m = 3\\n    dW2 = x / m\\n    return dW2", "dW2")
    Line(number=3, text='dW2 = x / m')
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    kind, number = tensor.rstrip("0123456789"), tensor[len(tensor.rstrip("0123456789")) :]
    exact, loose = set[int](), set[int]()
    for name, line in _assigned(tree):
        if kind == "J":
            exact |= {line} if name.lower() in COSTS else set()
        elif name.lower() == f"{kind}{number}".lower():
            exact.add(line)
        elif name.lower() == kind.lower():
            loose.add(line)
    lines = exact or loose
    if len(lines) != 1:
        return None
    (found,) = lines
    text = source.splitlines()[found - 1].strip()
    return Line(found, text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}...")


def _assigned(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the names that are assigned to, inside functions, with their lines; `grads["dW1"]` is dW1."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if (name := _name(target)) and not _copied(node.value):
                        yield name, node.lineno


def _copied(value: ast.expr | None) -> bool:
    """Return whether nothing is computed: a name, a constant, an entry of a dictionary, a call of float or squeeze."""
    if value is None or isinstance(value, ast.Name | ast.Constant | ast.Subscript | ast.Attribute):
        return True
    if isinstance(value, ast.Call) and len(value.args) == 1 and not value.keywords:
        called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        return called in ("float", "squeeze", "asarray", "array", "item") and _copied(value.args[0])
    return False


def _name(target: ast.expr) -> str:
    """Return the name that is assigned to, without underscores; nothing for what has no plain name."""
    if isinstance(target, ast.Name):
        return target.id.replace("_", "")
    if isinstance(target, ast.Attribute):
        return target.attr.replace("_", "")
    if isinstance(target, ast.Subscript):
        parts = [node.value for node in ast.walk(target.slice) if isinstance(node, ast.Constant)]
        words = [part for part in parts if isinstance(part, str)]
        return re.sub(r"[_ ]", "", words[0]) if len(words) == 1 else ""
    return ""
