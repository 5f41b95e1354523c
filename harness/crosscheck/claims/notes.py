"""The items of the notes by their ids, and the lines of the three frameworks that compute each, read from the code.

A function belongs to an item whose id its docstring or a comment in it names, (notes: N7, N9); all of a file's do where
only the file's docstring names it. An equation stands in the comment above its line, or is the docstring of a function
of one statement. Nothing is imported.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import itertools
import re
import tokenize
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from crosscheck_impls.interface import BadInput, nearest

from crosscheck.claims import IDS

ID = re.compile(r"\bN([1-9]|1[0-9]|2[0-7])\b")
NAMED = re.compile(r"\s*\(notes: [^)]*\)")
NAME = re.compile(r"\w+")
EQUATION = re.compile(r"[^\s(]+(\([^)]*\))? [:+]?= ")
SHAPE = re.compile(r"\s{2,}\(.*\)$")  # at the end of an equation's comment


class Item(NamedTuple):
    """What an item of the notes is: in words, and its equations, if it has any."""

    title: str
    equations: tuple[str, ...] = ()


ITEMS: Mapping[str, Item] = dict(
    zip(
        IDS,
        (
            Item("perceptron", ("A = 1 where W X + b > 0, else 0",)),
            Item("logistic regression", ("Z = W X + b", "A = σ(Z)")),
            Item("cross-entropy", ("J = −1/m Σ Y log A + (1 − Y) log(1 − A)",)),
            Item("squared error", ("J = 1/m Σ ½ (A − Y)²",)),
            Item("gradient descent", ("W := W − α dW,  b := b − α db",)),
            Item("derivatives by nudging", ("f′(a) ≈ (f(a + h) − f(a)) / h",)),
            Item("computation graph, chain rule", ("dJ/da = dJ/dv dv/da",)),
            Item("the derivative for one example", ("dz = a − y",)),
            Item("m examples: two loops, one, none", ("dW = 1/m Σ dz xᵀ,  db = 1/m Σ dz, over the examples",)),
            Item("vectorised logistic regression", ("dZ = A − Y", "dW = 1/m dZ Xᵀ", "db = 1/m Σ dZ")),
            Item("vectorisation is faster"),
            Item("axis, reshape, broadcasting, rank 1"),
            Item("images as columns, normalised inputs", ("X := (X − μ) / σ, by feature",)),
            Item("the 2-layer network", ("Z1 = W1 X + b1,  A1 = g1(Z1)", "Z2 = W2 A1 + b2,  A2 = σ(Z2)")),
            Item("activations and their derivatives", ("A = g(Z), and g′(Z)",)),
            Item(
                "the six equations",
                (
                    "dZ2 = A2 − Y,               dW2 = 1/m dZ2 A1ᵀ,  db2 = 1/m Σ dZ2",
                    "dZ1 = W2ᵀ dZ2 ∘ g1′(Z1),    dW1 = 1/m dZ1 Xᵀ,   db1 = 1/m Σ dZ1",
                ),
            ),
            Item("initial weights", ("W[l] = a scale times normal numbers,  b[l] = 0",)),
            Item(
                "the L-layer network",
                (
                    "Z[l] = W[l] A[l−1] + b[l],  A[l] = g[l](Z[l])",
                    "dZ[l] = W[l+1]ᵀ dZ[l+1] ∘ g[l]′(Z[l])",
                    "dW[l] = 1/m dZ[l] A[l−1]ᵀ,  db[l] = 1/m Σ dZ[l]",
                ),
            ),
            Item(
                "matrix dimensions",
                ("W[l], dW[l] (n[l], n[l−1]),  b[l], db[l] (n[l], 1)", "Z[l], A[l], dZ[l], dA[l] (n[l], m)"),
            ),
            Item("linear hidden layers collapse", ("W2 (W1 X + b1) + b2 = W X + b,  W = W2 W1,  b = W2 b1 + b2",)),
            Item("outputs for regression", ("A[L] = Z[L], or max(0, Z[L]) where Y ≥ 0",)),
            Item("parity, deep against shallow"),
            Item("hyperparameters"),
            Item("the loop; the simplest model first"),
            Item("ReLU, tanh and sigmoid"),
            Item("scale"),
            Item("prediction, accuracy", ("Ŷ = 1 where A[L] > 0.5, else 0",)),
        ),
        strict=True,
    )
)


class Line(NamedTuple):
    """An equation in the code: as its comment has it, and its statements on one line."""

    equation: str
    code: str


class Function(NamedTuple):
    """A function or a class of one framework's file. line: of its head. ids: those that itself names."""

    module: str
    name: str
    line: int
    ids: frozenset[str]
    lines: tuple[Line, ...]

    @property
    def key(self) -> str:
        """Its name with its module, the same in all frameworks."""
        return self.name if self.module == "__init__" else f"{self.module}.{self.name}"


def ids_in(text: str) -> frozenset[str]:
    """Return the ids that a text names.

    >>> sorted(ids_in("Linear regression (notes: N1, N21), in float32"))
    ['N1', 'N21']
    """
    return frozenset(match.group() for match in ID.finditer(text))


def item(id: str) -> Item:
    """Return the item with an id, in capitals or not. Raises BadInput, with the nearest."""
    if id.upper() not in ITEMS:
        raise BadInput(f"{id}: no such item of the notes, expected N1 to N{len(IDS)}; {nearest(id.upper(), IDS)}")
    return ITEMS[id.upper()]


def functions(framework: str, id: str) -> list[Function]:
    """Return the functions of one framework that compute an item, in the order of the files."""
    found = []
    for whole, inside in _files(framework):
        named = [each for each in inside if id in each.ids]
        found += named or [each for each in inside if id in whole and each.name.islower()]
    return found


@lru_cache
def _files(framework: str) -> tuple[tuple[frozenset[str], tuple[Function, ...]], ...]:
    """Return the ids that each file of a framework names as a whole, and its public functions and classes."""
    spec = importlib.util.find_spec("crosscheck_impls")
    folders = spec.submodule_search_locations if spec else None
    paths = [path for folder in folders or () for path in sorted(Path(folder, f"with_{framework}").glob("*.py"))]
    return tuple(_file(path) for path in paths)


def _file(path: Path) -> tuple[frozenset[str], tuple[Function, ...]]:
    code = path.read_text(encoding="utf-8")
    tree = ast.parse(code)
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    comments = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            end = node.end_lineno or node.lineno
            inside = {number: text for number, text in comments.items() if node.lineno <= number <= end}
            words = " ".join([ast.get_docstring(node) or "", *inside.values()])
            lines = _equations(node, inside, code) if isinstance(node, ast.FunctionDef) else ()
            found.append(Function(path.stem, node.name, node.lineno, ids_in(words), lines))
    return ids_in(ast.get_docstring(tree) or ""), tuple(found)


def _equations(function: ast.FunctionDef, comments: Mapping[int, str], code: str) -> tuple[Line, ...]:
    """Return the equations of a function, each with the statements below its comment; or what its docstring is."""
    blocks = [getattr(node, name, []) for node in ast.walk(function) for name in ("body", "orelse")]
    following = {each.lineno: block[k:] for block in blocks if isinstance(block, list) for k, each in enumerate(block)}
    equations = {number: SHAPE.sub("", text.lstrip("# ")) for number, text in comments.items()}
    equations = {number: text for number, text in equations.items() if EQUATION.match(text)}
    found = []
    for number, equation in equations.items():
        first = next(k for k in itertools.count(number + 1) if k not in comments)
        end = next((k for k in equations if k > number), function.end_lineno or 0)
        statements = _until_it_stands([each for each in following.get(first, []) if each.lineno <= end], equation)
        found += [Line(equation, "; ".join(_on_one_line(each, code) for each in statements))] if statements else []
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not found and len(body) == 1:
        said = (ast.get_docstring(function) or "").partition("\n")[0]
        found = [Line(NAMED.sub("", said).rstrip("."), _on_one_line(body[0], code))]
    return tuple(found)


def _until_it_stands(statements: list[ast.stmt], equation: str) -> list[ast.stmt]:
    """Return the first statements, up to the one that returns, or that gives what is left of = its name; else all."""
    left = NAME.match(equation)
    for k, each in enumerate(statements, start=1):
        targets = (
            each.targets if isinstance(each, ast.Assign) else [each.target] if isinstance(each, ast.AugAssign) else []
        )
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        if isinstance(each, ast.Return) or (left and left.group() in names):
            return statements[:k]
    return statements


def _on_one_line(node: ast.stmt, code: str) -> str:
    return " ".join((ast.get_source_segment(code, node) or "").split())
