"""results/coverage.md: which functions, tests and claims cover each item of the notes, read from the code.

`python -m tests.coverage`, or `make coverage-table`, writes it.

A function, a test or a file covers an item whose id its docstring or a comment in it names: (notes: N7, N9).
"""

from __future__ import annotations

import ast
import io
import tokenize
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from crosscheck.claims import CLAIMS, IDS, notes
from crosscheck.claims.notes import ITEMS, ids_in
from crosscheck_impls.interface import VARIANTS

ROOT = Path(__file__).parents[1]
TESTS = ("tests", "harness/crosscheck/testing/conformance")


class Place(NamedTuple):
    """A function, a method or a class, or a whole file (name ''), and the ids that it names itself."""

    path: str
    name: str
    ids: frozenset[str]
    function: bool = False


@lru_cache
def scan(folder: str) -> tuple[Place, ...]:
    """Return every function, method and class under a folder, and every file, with the ids it names itself."""
    every = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        code = path.read_text(encoding="utf-8")
        tree = ast.parse(code)
        where = path.relative_to(ROOT).as_posix()
        comments = [
            (token.start[0], token.string)
            for token in tokenize.generate_tokens(io.StringIO(code).readline)
            if token.type == tokenize.COMMENT
        ]
        every.append(Place(where, "", ids_in(ast.get_docstring(tree) or "")))
        nodes = [*tree.body, *(inner for node in tree.body if isinstance(node, ast.ClassDef) for inner in node.body)]
        for node in nodes:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                inside = [text for line, text in comments if node.lineno <= line <= (node.end_lineno or 0)]
                function = isinstance(node, ast.FunctionDef)
                words = " ".join([ast.get_docstring(node) or "", *(inside if function else [])])
                every.append(Place(where, node.name, ids_in(words), function))
    return tuple(every)


def functions(framework: str) -> dict[str, list[str]]:
    """Return, for each id, module.function of one framework; all of a file's where only the file names the id."""
    return {id: list(dict.fromkeys(each.key for each in notes.functions(framework, id))) for id in IDS}


def shared() -> dict[str, list[str]]:
    """Return, for each id, what all frameworks share: the interface, and data and weights in NumPy."""
    covered: dict[str, list[str]] = {id: [] for id in IDS}
    for path in (
        "impls/crosscheck_impls/network.py",
        "harness/crosscheck/problems/datasets.py",
        "harness/crosscheck/problems/initial_weights.py",
    ):
        places = [place for place in scan(Path(path).parent.as_posix()) if place.path == path]
        for id in IDS:
            named = [place for place in places if place.name and id in place.ids]
            if not named and id in places[0].ids:
                named = [place for place in places if place.function]
            covered[id] += [f"{Path(path).stem}.{f.name}" for f in named]
    return covered


def short(path: str) -> str:
    """Return the path of a file of tests as people name it.

    >>> short("tests/harness/test_cli.py")
    'harness/test_cli'
    """
    for folder in ("tests/", "harness/crosscheck/testing/"):
        path = path.removeprefix(folder)
    return path.removesuffix(".py")


def tests() -> dict[str, list[str]]:
    """Return, for each id, file::test; the file alone where only the file names the id."""
    places = [
        place
        for folder in TESTS
        for place in scan(folder)
        if place.name.startswith("test_") or (not place.name and "/test_" in place.path)
    ]
    covered: dict[str, list[str]] = {}
    for id in IDS:
        named = [place for place in places if id in place.ids]
        inside = {place.path for place in named if place.name}
        names = [(short(place.path), place.name) for place in named if place.name or place.path not in inside]
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
        "Written from the code by `make coverage-table`: every function, test and claim that names an item's id. "
        "*the claim* is where an item is an experiment or a rule of arrays, and no function of an implementation: it "
        "runs in each framework. *shared* is what all three take: the contract, and what NumPy prepares before "
        "`from_numpy`.",
        "",
        f"| id | item | {' | '.join(names[name] for name in VARIANTS)} | shared | tests | claims |",
        "|" + "---|" * (len(VARIANTS) + 5),
    ]

    def code(words: list[str]) -> str:
        return ", ".join(f"`{word}`" for word in words)

    for id in IDS:
        cells = [code(by[name][id]) or ("*shared*" if common[id] else "*the claim*") for name in VARIANTS]
        links = ", ".join(f"[{name}](../harness/crosscheck/claims/experiments/{name}.py)" for name in claimed[id])
        text.append(
            f"| {id} | {ITEMS[id].title} | {' | '.join(cells)} | {code(common[id])} | {code(tested[id])} | {links} |"
        )
    return "\n".join(text) + "\n"


if __name__ == "__main__":
    (ROOT / "results" / "coverage.md").write_text(markdown(), encoding="utf-8")
    print("results/coverage.md")
