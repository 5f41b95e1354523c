"""The names that stand in a function's return: what its author calls each thing that comes back."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=256)
def tree_of(function: Callable[..., Any]) -> ast.FunctionDef | ast.Lambda | None:
    """Return the syntax of a function; None where its source is not to be had."""
    try:
        text = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
        whole = ast.parse(text)
    except (OSError, TypeError, SyntaxError, ValueError):  # a lambda inside an expression may be no statement
        return None
    for node in ast.walk(whole):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            return node
    return None


def returned_by(function: Callable[..., Any]) -> tuple[ast.expr | None, dict[str, ast.expr]]:
    """Return the expression that a function's last return has, and the last value that each of its names is given."""
    return _returned(_tree(function))


@lru_cache(maxsize=256)
def _returned(node: ast.FunctionDef | ast.Lambda | None) -> tuple[ast.expr | None, dict[str, ast.expr]]:
    if isinstance(node, ast.Lambda):
        return node.body, {}
    if node is None:
        return None, {}
    last, values = None, {}
    for each in _inside(node):
        if isinstance(each, ast.Return) and each.value is not None:
            last = each.value
        elif isinstance(each, ast.Assign) and len(each.targets) == 1 and isinstance(each.targets[0], ast.Name):
            values[each.targets[0].id] = each.value
    return last, values


def _tree(function: Callable[..., Any]) -> ast.FunctionDef | ast.Lambda | None:
    try:
        return tree_of(function)
    except TypeError:  # it cannot be hashed
        return None


def _inside(node: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield the statements of a function in order, not those of functions inside it."""
    waiting: list[ast.AST] = list(reversed(node.body))
    while waiting:
        each = waiting.pop()
        yield each
        if not isinstance(each, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            waiting += reversed(list(ast.iter_child_nodes(each)))


def text_of(function: Callable[..., Any]) -> str:
    """Return a function's source; nothing where it is not to be had."""
    try:
        return inspect.getsource(inspect.unwrap(function))
    except (OSError, TypeError):
        return ""


def squares_errors(text: str) -> bool:
    """Return whether a program squares a difference somewhere, as a squared error does.

    >>> squares_errors("J = np.mean((A - Y) ** 2)"), squares_errors("dZ = dA * (1 - A ** 2)")
    (True, False)
    """
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return False
    raised = [n.left for n in nodes if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow) and _is_two(n.right)]
    raised += [
        n.args[0] for n in nodes
        if isinstance(n, ast.Call) and n.args and ast.unparse(n.func).rpartition(".")[2] in ("square", "power", "pow")
    ]  # fmt: skip
    return any(
        (isinstance(each, ast.BinOp) and isinstance(each.op, ast.Sub) and not isinstance(each.left, ast.Constant))
        or re.search(r"err|diff|resid", ast.unparse(each), re.IGNORECASE)
        for each in raised
    )


def _is_two(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 2
