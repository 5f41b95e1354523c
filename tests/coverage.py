"""results/coverage.md: which functions, tests and claims cover each item of the notes, read from the code.

A function, a test or a file covers an item whose id its docstring or a comment in it names: (notes: N7, N9).
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from crosscheck.claims import CLAIMS, IDS
from crosscheck_impls.interface import VARIANTS

ROOT = Path(__file__).parents[1]
ID = re.compile(r"\bN([1-9]|1[0-9]|2[0-7])\b")
TITLES = dict(
    zip(
        IDS,
        (
            "perceptron",
            "logistic regression",
            "cross-entropy",
            "squared error",
            "gradient descent",
            "derivatives by nudging",
            "computation graph, chain rule",
            "the derivative for one example",
            "m examples: two loops, one, none",
            "vectorised logistic regression",
            "vectorisation is faster",
            "axis, reshape, broadcasting, rank 1",
            "images as columns, normalised inputs",
            "the 2-layer network",
            "activations and their derivatives",
            "the six equations",
            "initial weights",
            "the L-layer network",
            "matrix dimensions",
            "linear hidden layers collapse",
            "outputs for regression",
            "parity, deep against shallow",
            "hyperparameters",
            "the loop; the simplest model first",
            "ReLU, tanh and sigmoid",
            "scale",
            "prediction, accuracy",
        ),
        strict=True,
    )
)


class Found(NamedTuple):
    """A function, a method or a class, or a whole file (name ''), and the ids that it names itself."""

    path: str
    name: str
    ids: frozenset[str]
    function: bool = False


def ids_in(text: str) -> frozenset[str]:
    """Return the ids that a text names.

    >>> sorted(ids_in("Linear regression (notes: N1, N21), in float32"))
    ['N1', 'N21']
    """
    return frozenset(match.group() for match in ID.finditer(text))


@lru_cache
def scan(folder: str) -> tuple[Found, ...]:
    """Return every function, method and class under a folder, and every file, with the ids it names itself."""
    every = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        variant = path.read_text(encoding="utf-8")
        tree = ast.parse(variant)
        where = path.relative_to(ROOT).as_posix()
        comments = [
            (token.start[0], token.string)
            for token in tokenize.generate_tokens(io.StringIO(variant).readline)
            if token.type == tokenize.COMMENT
        ]
        every.append(Found(where, "", ids_in(ast.get_docstring(tree) or "")))
        nodes = [*tree.body, *(inner for node in tree.body if isinstance(node, ast.ClassDef) for inner in node.body)]
        for node in nodes:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                inside = [text for line, text in comments if node.lineno <= line <= (node.end_lineno or 0)]
                function = isinstance(node, ast.FunctionDef)
                words = " ".join([ast.get_docstring(node) or "", *(inside if function else [])])
                every.append(Found(where, node.name, ids_in(words), function))
    return tuple(every)


def functions(framework: str) -> dict[str, list[str]]:
    """Return, for each id, module.function of one framework; all of a file's where only the file names the id."""
    found = list(scan(f"impls/crosscheck_impls/with_{framework}"))
    covered: dict[str, list[str]] = {id: [] for id in IDS}
    for path in dict.fromkeys(f.path for f in found):
        module = Path(path).stem
        whole = next(f.ids for f in found if f.path == path and not f.name)
        inside = [f for f in found if f.path == path and f.name]
        for id in IDS:
            named = [f for f in inside if id in f.ids] or [f for f in inside if f.function and id in whole]
            prefix = "" if module == "__init__" else f"{module}."
            covered[id] += [f"{prefix}{f.name}" for f in named]
    return {id: list(dict.fromkeys(names)) for id, names in covered.items()}


def shared() -> dict[str, list[str]]:
    """Return, for each id, what all frameworks share: the interface, and data and weights before they are put."""
    covered: dict[str, list[str]] = {id: [] for id in IDS}
    for path in (
        "impls/crosscheck_impls/interface.py",
        "harness/crosscheck/problems/datasets.py",
        "harness/crosscheck/problems/initial_weights.py",
    ):
        found = [f for f in scan(Path(path).parent.as_posix()) if f.path == path]
        for id in IDS:
            named = [f for f in found if f.name and id in f.ids]
            if not named and id in found[0].ids:
                named = [f for f in found if f.function]
            covered[id] += [f"{Path(path).stem}.{f.name}" for f in named]
    return covered


def tests() -> dict[str, list[str]]:
    """Return, for each id, file::test; the file alone where only the file names the id."""
    found = [f for f in scan("tests") if f.name.startswith("test_") or (not f.name and "/test_" in f.path)]
    covered: dict[str, list[str]] = {}
    for id in IDS:
        named = [f for f in found if id in f.ids]
        inside = {f.path for f in named if f.name}
        names = [
            (f.path.removeprefix("tests/").removesuffix(".py"), f.name) for f in named if f.name or f.path not in inside
        ]
        covered[id] = [f"{path}::{name}" if name else path for path, name in names]
    return covered


def claims() -> dict[str, list[str]]:
    """Return, for each id, the claims that are registered for it."""
    return {id: [claim.name for claim in CLAIMS if id in claim.notes] for id in IDS}


def markdown() -> str:
    """Return coverage.md."""
    by = {name: functions(name) for name in VARIANTS}
    common, tested, claimed = shared(), tests(), claims()
    names = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX"}
    text = [
        "# Coverage of the notes",
        "",
        "Written from the code by `crosscheck claims`: every function, test and claim that names an item's id. "
        "*the claim* is where an item is an experiment or a rule of arrays, and no function of an implementation: it "
        "runs in each framework. *shared* is what all three take: the contract, and what NumPy prepares before `put`.",
        "",
        f"| id | item | {' | '.join(names[name] for name in VARIANTS)} | shared | tests | claims |",
        "|" + "---|" * (len(VARIANTS) + 5),
    ]

    def code(words: list[str]) -> str:
        return ", ".join(f"`{word}`" for word in words)

    for id in IDS:
        cells = [code(by[name][id]) or ("*shared*" if common[id] else "*the claim*") for name in VARIANTS]
        links = ", ".join(f"[{name}](../harness/claims/{name}.py)" for name in claimed[id])
        text.append(
            f"| {id} | {TITLES[id]} | {' | '.join(cells)} | {code(common[id])} | {code(tested[id])} | {links} |"
        )
    return "\n".join(text) + "\n"
