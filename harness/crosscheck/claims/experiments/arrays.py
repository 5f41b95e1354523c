"""axis, reshape and broadcasting in the three frameworks, and the rank-1 trap (notes: N12).

Measured: small arrays whose results one can check by head, in each framework; what a vector without a second dimension
does (`a.T`, `a - column`), and what our entry points say to one.

To try it yourself: add a line to `RULES`: the statement, what is shown, the computation, its arrays and its result.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import BadInput, Layer, Network

from crosscheck.claims.engine.autodiff import namespace
from crosscheck.claims.engine.lab import Findings, Frameworks, Row, put, row, same
from crosscheck.oracle.float64 import Matrix

A = np.arange(1.0, 7).reshape(2, 3)  # [[1, 2, 3], [4, 5, 6]]
ACROSS, DOWN = np.array([[10.0, 20, 30]]), np.array([[100.0], [200]])  # (1, 3), (2, 1)


class Rule(NamedTuple):
    """A statement of the notes; what is computed from arrays put into the framework; the expected result."""

    statement: str
    shown: str
    compute: Callable[..., Any]
    arrays: tuple[Matrix, ...]
    expected: Any


RULES = (
    Rule(
        "axis = 0 sums the columns.",
        "A.sum(axis=0), A = [[1, 2, 3], [4, 5, 6]]",
        lambda xp, A: xp.sum(A, 0),
        (A,),
        [5, 7, 9],
    ),
    Rule("axis = 1 sums the rows.", "A.sum(axis=1)", lambda xp, A: xp.sum(A, 1), (A,), [6, 15]),
    Rule(
        "An (m, n) matrix + a (1, n) matrix copies the row m times.",
        "A + [[10, 20, 30]]",
        lambda xp, A, r: A + r,
        (A, ACROSS),
        A + np.repeat(ACROSS, 2, 0),
    ),
    Rule(
        "An (m, n) matrix + an (m, 1) matrix copies the column n times.",
        "A + [[100], [200]]",
        lambda xp, A, c: A + c,
        (A, DOWN),
        A + np.repeat(DOWN, 3, 1),
    ),
    Rule(
        "The same with -, * and /.",
        "((A - row) * column) / row",
        lambda xp, A, r, c: ((A - r) * c) / r,
        (A, ACROSS, DOWN),
        (A - np.repeat(ACROSS, 2, 0)) * np.repeat(DOWN, 3, 1) / np.repeat(ACROSS, 2, 0),
    ),
    Rule(
        "An image becomes a column in the order of its elements.",
        "A.reshape(6, 1)",
        lambda xp, A: A.reshape(6, 1),
        (A,),
        [[k] for k in range(1, 7)],
    ),
)


def run(frameworks: Frameworks) -> Findings:
    """Return what was found."""
    rows = [rule(frameworks, each) for each in RULES]
    return Findings([*rows, no_broadcast(frameworks), cheap(frameworks), *trap(frameworks), refused(frameworks)], {})


def short(array: Matrix) -> str:
    """Return an array in one line."""
    return " ".join(np.array2string(np.asarray(array), separator=", ", precision=4).split()).replace("[ ", "[")


def rule(frameworks: Frameworks, rule: Rule) -> Row:
    """The results are whole numbers and a few quotients, each rounded once, the same everywhere."""
    found = {
        name: f.get(rule.compute(namespace(name), *(f.put(array) for array in rule.arrays)))
        for name, f in frameworks.items()
    }
    return row(
        rule.statement,
        "N12",
        rule.shown,
        {f: short(found[f]) for f in frameworks},
        same(found),
        all(np.array_equal(got, rule.expected) for got in found.values()),
    )


def attempt(work: Callable[..., Any], *arrays: Any) -> str:
    """Return a result in words: its shape, or the name of the error."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = work(*arrays)
    except Exception as error:  # what the framework raises is the finding
        return type(error).__name__
    warned = f", with a {caught[0].category.__name__}" if caught else ""
    return f"shape {tuple(result.shape)}{warned}"


def no_broadcast(frameworks: Frameworks) -> Row:
    """A misprint: reshape gives another shape to the same elements, it copies none."""
    found = {
        f: attempt(lambda a: a.reshape(1, 4), framework.from_numpy(np.ones(2))) for f, framework in frameworks.items()
    }
    return row(
        "reshape(1, 4) changes the shape by broadcasting the values.",
        "N12",
        "2 elements, .reshape(1, 4)",
        found,
        "each in its own words",
        not all(words.endswith("Error") for words in found.values()),
    )


def cheap(frameworks: Frameworks) -> Row:
    """A reshape that copies nothing shares memory: a change of the one is seen in the other. JAX's never change."""

    def shares(name: str) -> str:
        a = frameworks[name].put(np.zeros(6))
        b = a.reshape(2, 3)
        try:
            a[0] = 1.0
        except TypeError:
            return "arrays never change, so nobody can tell"
        return "no copy" if float(b[0, 0]) == 1 else "a copy"

    found = {f: shares(f) for f in frameworks}
    return row(
        "reshape is cheap.",
        "N12",
        "does a reshape copy the elements?",
        found,
        "each in its own words",
        "a copy" not in found.values(),
    )


def trap(frameworks: Frameworks) -> list[Row]:
    """a (5,), a row and a column at once and neither; b (5, 1) is a column."""

    def found(compute: Callable[[Any], Any]) -> dict[str, str]:
        return {f: attempt(compute, framework.from_numpy(np.arange(5.0))) for f, framework in frameworks.items()}

    transposed = found(lambda a: a.T)
    minus = found(lambda a: a - a.reshape(5, 1))
    product = found(lambda a: a @ a.T)
    column = found(lambda a: a.reshape(5, 1) @ a.reshape(5, 1).T)
    words = "each in its own words"
    return [
        row(
            "A vector of shape (m,) is not transposed by .T.",
            "N12",
            "a.T of a (5,)",
            transposed,
            words,
            all(f.startswith("shape (5,)") or f.endswith("Error") for f in transposed.values()),
        ),
        row(
            "a aᵀ of a (5,) is no (5, 5) matrix; of a (5, 1) it is.",
            "N12",
            "a @ a.T, and with a.reshape(5, 1)",
            {f: f"{product[f]}; {column[f]}" for f in frameworks},
            words,
            not any("(5, 5)" in f for f in product.values()) and all(f == "shape (5, 5)" for f in column.values()),
        ),
        row(
            "A (5,) minus a (5, 1) silently becomes (5, 5).",
            "N12",
            "A − Y with one of them of rank 1",
            minus,
            words,
            all(f == "shape (5, 5)" for f in minus.values()),
        ),
    ]


def refused(frameworks: Frameworks) -> Row:
    """Our entry points take no rank-1 array, and say what to do."""
    network = Network((3, 1), ("sigmoid",))
    whole = {"X": np.ones((3, 5)), "Y": np.ones((1, 5)), "b": np.zeros((1, 1))}
    flat = {"X": np.ones(3), "Y": np.ones(5), "b": np.zeros(1)}

    def says(name: str) -> str:
        framework, remedies = frameworks[name], []
        for which in whole:
            given = whole | {which: flat[which]}
            params = put(framework, (Layer(np.ones((1, 3)), given["b"]),))
            try:
                framework.gradients["by_hand"](
                    network, params, framework.from_numpy(given["X"]), framework.from_numpy(given["Y"])
                )
            except BadInput as error:
                remedies += re.findall(r"\w\.reshape\([^)]*\)", str(error))
        return ", ".join(remedies)

    found = {f: says(f) for f in frameworks}
    return row(
        "Our entry points refuse rank-1 X, Y and b, and say how to reshape.",
        "N12",
        "the remedy in the error for each of the three",
        found,
        same(found),
        all(f.count("reshape") == 3 for f in found.values()),
    )
