"""The line of somebody's own file in which something is computed, found by the name that is assigned to."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.grading.sources.place import place_of
from crosscheck.grading.sources.texts import read

Lines = Sequence[tuple[str, str]]  # the parts of a program: what each is called where there are several, and its text
COSTS = {"j", "cost", "loss"}
BEYOND = {
    "dropout": re.compile(r".*(dropout|keep_?prob).*"),
    "L2 regularisation": re.compile(r"lambd|lambda_|l2_?(reg|lambda|penalty|regulari[sz]ation)|weight_decay"),
    "momentum": re.compile(r"(\w*_)?(momentum|velocity)"),
    "Adam": re.compile(r"(\w*_)?adam(_\w*)?|beta_?2"),
    "mini-batches": re.compile(r".*mini_?batch.*|batch_?size"),
    "a softmax": re.compile(r".*softmax.*"),
    "batch normalisation": re.compile(r".*batch_?norm.*"),
}
LONGEST = 90  # characters of a line that is quoted


class Line(NamedTuple):
    """A line of a program, by its number; part: the file or the cell, where there are several."""

    part: str
    number: int
    text: str


def lines_of(name: str) -> Lines:
    """Return the lines of the program of this name; none where they cannot be read."""
    try:
        parts = [part for path in place_of(name).files for part in read(path)]
    except (BadInput, SyntaxError, OSError):  # told when it is imported
        return ()
    several = len(parts) > 1
    return [(part.label.rpartition("/")[2] if several else "", part.text) for part in parts]


def lines_of_object(function: Any) -> Lines:
    """Return the lines of a function's file or cell; none where they are not known."""
    try:
        file = inspect.getsourcefile(inspect.unwrap(function)) or ""
        return [("", "".join(linecache.getlines(file)))]
    except (TypeError, OSError, ValueError):
        return ()


def beyond(program: Lines) -> list[tuple[str, str]]:
    """Return what a program speaks of that is outside the plain model, each with the name that says so.

    >>> beyond([("", "def f(keep_prob, learning_rate): return keep_prob")])
    [('dropout', 'keep_prob')]
    """
    found: dict[str, str] = {}
    for _, text in program:
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            names = {ast.Name: "id", ast.arg: "arg", ast.FunctionDef: "name", ast.Attribute: "attr"}
            name = str(getattr(node, names.get(type(node), ""), ""))
            for what, pattern in BEYOND.items():
                if name and pattern.fullmatch(name.lower()):
                    found.setdefault(what, name)
    return list(found.items())


def line_of(program: Lines, tensor: str) -> Line | None:
    """Return the line that assigns to J, dW2, db2, dZ2 or dA1; None where there is none, or more than one.

    A name without a number stands for every layer, as in a loop.

    >>> line_of([("", "def f(x):\\n    m = 3\\n    dW2 = x / m\\n    return dW2")], "dW2")
    Line(part='', number=3, text='dW2 = x / m')
    """
    kind = tensor.rstrip("0123456789")
    exact, loose = set[Line](), set[Line]()
    for part, text in program:
        try:
            assigned = list(_assigned(ast.parse(text)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for name, number in assigned:
            line = Line(part, number, _quoted(text.splitlines()[number - 1]))
            if kind == "J":
                exact |= {line} if name.lower() in COSTS else set()
            elif name.lower() == tensor.lower():
                exact.add(line)
            elif name.lower() == kind.lower():
                loose.add(line)
    found = exact or loose
    return next(iter(found)) if len(found) == 1 else None


def _quoted(line: str) -> str:
    text = line.strip()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


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
