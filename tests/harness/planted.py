"""Short programs with one to three slips in them, each in a line of its own, and what may be said of each slip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from crosscheck.core.records import Answer, Case, Certification, Run
from crosscheck.grading.diagnosis.diagnose import diagnoses
from crosscheck.grading.diagnosis.factors import ONE
from crosscheck.grading.diagnosis.findings import Diagnosis, Finding
from crosscheck.grading.diagnosis.points import Point, fits, in_order, points_of
from crosscheck.grading.load import of_object
from crosscheck.grading.probe import Wanted, case_of, problems
from crosscheck.judge.elementwise import Judge

TEMPLATE = """
import numpy as np


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def cost_and_gradients(parameters, X, Y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    m = X.shape[1]
    Z1 = {Z1}
    A1 = {A1}
    Z2 = {Z2}
    A2 = sigmoid(Z2)
    cost = {cost}
    dZ2 = {dZ2}
    dW2 = {dW2}
    db2 = {db2}
    {early}
    dZ1 = {dZ1}
    dW1 = {dW1}
    db1 = {db1}
    return cost, {{"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}}
"""
RIGHT = {
    "Z1": "W1 @ X + b1",
    "A1": "np.tanh(Z1)",
    "Z2": "W2 @ A1 + b2",
    "cost": "-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m",
    "dZ2": "A2 - Y",
    "dW2": "dZ2 @ A1.T / m",
    "db2": "np.sum(dZ2, axis=1, keepdims=True) / m",
    "early": "pass",
    "dZ1": "(W2.T @ dZ2) * (1 - A1 ** 2)",
    "dW1": "dZ1 @ X.T / m",
    "db1": "np.sum(dZ1, axis=1, keepdims=True) / m",
}


class Slip(NamedTuple):
    """A line that is wrong. names: of the known mistakes that it may be called; factor: or by how much it is off.

    special: or what is added, and size: how much.
    """

    line: str
    text: str
    names: tuple[str, ...] = ()
    factor: tuple[float, str] | None = None
    special: str = ""
    size: float = 0.0


def _sums(line: str) -> list[Slip]:
    """Yield a line of dW or db, off by a factor."""
    product = RIGHT[line].removesuffix(" / m")
    kind, layer = line[:2], int(line[2])
    n = {1: "n[0]", 2: "n[l-1]"}[layer]
    return [
        Slip(line, product, (f"{kind} without 1/m",), (1.0, "m")),
        Slip(line, f"2 * {product} / m", (), (2.0, "1")),
        Slip(line, f"{product} / (2 * m)", (), (0.5, "1")),
        Slip(line, f"-{product} / m", (), (-1.0, "1")),
        Slip(line, f"{product} / m / m", (), (1.0, "1/m")),
        Slip(line, f"{product} / X.shape[0]", (), (1.0, "m/n[0]")),
        Slip(line, f"{product} / (m - 1)", (f"{kind} divided by m - 1",), (1.0, "m/(m - 1)")),
        Slip(line, f"3.7 * {product} / m", (), (3.7, "1")),
        Slip(line, f"{product} * {layer + 2} / m", (), (layer + 2.0, n if layer == 0 else "1")),
    ]


def _epsilons(size: float) -> list[Slip]:
    e = repr(size)
    return [
        Slip("cost", f"-np.sum(Y * np.log(A2 + {e}) + (1 - Y) * np.log(1 - A2 + {e})) / m", (), None, "epsilon", size),
        Slip(
            "cost",
            f"-np.sum(Y * np.log(np.clip(A2, {e}, 1 - {e})) + (1 - Y) * np.log(1 - np.clip(A2, {e}, 1 - {e}))) / m",
            (), None, "epsilon", size,
        ),
        Slip(
            "dZ2", f"(-Y / (A2 + {e}) + (1 - Y) / (1 - A2 + {e})) * A2 * (1 - A2)", (), None,
            "epsilon", size,
        ),
    ]  # fmt: skip


SLIPS: list[Slip] = [
    Slip("Z1", "W1 @ X", ("Z without b",)),
    Slip("Z1", "W1 @ X - b1", ("Z minus b",)),
    Slip("Z2", "W2 @ A1", ("Z without b", "bias only in the first layer")),
    Slip("Z2", "W2 @ A1 - b2", ("Z minus b",)),
    Slip("A1", "np.tanh(np.tanh(Z1))", ("A[l] = g(A[l])",)),
    Slip("A1", "Z1", ("no activation in the last hidden layer",)),
    Slip("cost", "-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))", ("J without 1/m",), (1.0, "m")),
    Slip("cost", "np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m", ("J without its minus",), (-1.0, "1")),
    Slip("cost", "-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m / 2", (), (0.5, "1")),
    Slip("cost", "-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / X.shape[0]", (), (1.0, "m/n[0]")),
    Slip("cost", "-np.sum(Y * np.log(A2)) / m", ("J without its second term",)),
    Slip("cost", "-np.sum((1 - Y) * np.log(1 - A2)) / m", ("J without its first term",)),
    Slip("cost", "-np.sum(Y * np.log2(A2) + (1 - Y) * np.log2(1 - A2)) / m", ("J with logarithms to base 2",)),
    Slip("cost", "-np.sum(Y * np.log10(A2) + (1 - Y) * np.log10(1 - A2)) / m", ("J with logarithms to base 10",)),
    Slip("cost", "np.sum((A2 - Y) ** 2) / m", ("J of squared errors",)),
    Slip("cost", "np.sum((A2 - Y) ** 2) / (2 * m)", ("J of squared errors",), (0.5, "1")),
    Slip("dZ2", "Y - A2", ("dZ = Y - A",)),
    Slip("dZ2", "2 * (A2 - Y)", (), (2.0, "1")),
    Slip("dZ2", "(A2 - Y) * A2 * (1 - A2)", ("dZ[L] times g'",)),
    Slip("dZ2", "(A2 - Y) ** 2", ("dZ[L] squared",)),
    Slip("dZ2", "(A2 - Y) / m", (), (1.0, "1/m")),
    Slip("dZ2", "-Y / A2 + (1 - Y) / (1 - A2)", ("dZ[L] is dA[L]",)),
    Slip("dZ2", "(A2 - Y) * (1 - A2 ** 2)", ("dZ[L] times tanh'",)),
    Slip("dZ1", "W2.T @ dZ2", ("dZ without g'",)),
    Slip("dZ1", "(W2.T @ dZ2) * (1 - A1)", ("tanh' = 1 - A",)),
    Slip("dZ1", "(W2.T @ dZ2) * (1 + A1 ** 2)", ("tanh' = 1 + A^2",)),
    Slip("dZ1", "(W2.T @ dZ2) * A1", ("g(Z) for g'(Z)",)),
    Slip("dZ1", "(W2.T @ dZ2) * A1 * (1 - A1)", ("tanh' = A (1 - A)",)),
    Slip("dZ1", "(W2.T @ dZ2) * (1 - Z1 ** 2)", ("g'(Z) written with Z for A",)),
    Slip("dZ1", "(W2.T @ dZ2) * (1 - np.tanh(A1) ** 2)", ("g' at A instead of Z",)),
    Slip("dZ1", "(W2.T @ dZ2) * (Z1 > 0)", ("g' as of ReLU",)),
    Slip("dZ1", "(W2.T @ dZ2) ** 2 * (1 - A1 ** 2)", ("dA squared",)),
    Slip("dZ1", "(dW2.T @ dZ2) * (1 - A1 ** 2)", ("dA through dW instead of W",)),
    Slip("early", "W2 = W2 - 0.3 * dW2", (), None, "updated too early", 0.3),
    Slip("dW2", "dZ2 @ Z1.T / m", ("dW with Z instead of A",)),
    Slip("dW2", "dZ2 @ A1.T / m + 0.7 / m * W2", (), None, "penalty of the weights", 0.7),
    Slip("dW1", "dZ1 @ X.T / m + 0.01 * W1", (), None, "penalty of the weights", 0.01),
    Slip("dW1", "dZ1 @ X.reshape(X.T.shape) / m", ("reshape for transpose",)),
    Slip("db1", "np.sum(dZ1) / m + 0 * b1", ("db summed over everything",)),
    Slip("db1", "np.mean(dZ1) + 0 * b1", ("db is the mean over everything",)),
    Slip("db1", "dZ1[:, :1]", ("db from one example",)),
    *(slip for line in ("dW1", "db1", "dW2", "db2") for slip in _sums(line)),
]
EPSILONS = [slip for size in (1e-15, 2.5e-13, 1e-12, 1e-10, 1e-8, 3e-7, 1e-5, 1e-3) for slip in _epsilons(size)]


def program(slips: Sequence[Slip]) -> str:
    """Return the program with these slips in it."""
    return TEMPLATE.format(**RIGHT | {slip.line: slip.text for slip in slips})


@cache
def asked() -> list[tuple[Case, Judge]]:
    """Return the problems of two layers that all of these programs are held against."""
    wanted = Wanted(
        ("flower", "breast_cancer", "small_weights", "saturated_outputs", "kink_outputs", "one_example"), None, "tanh"
    )
    cases = [case_of(spec, wanted, "tanh", "float64", 1) for spec in problems(wanted) if len(spec.hidden) == 1]
    return [(case, Judge(case)) for case in cases]


def answers(slips: Sequence[Slip]) -> list[tuple[Judge, Answer]]:
    """Return what the program with these slips answers."""
    namespace: dict[str, Callable[..., object]] = {}
    exec(program(slips), namespace)
    solution, given = of_object(namespace["cost_and_gradients"]), []
    for case, judging in asked():
        gradients = [solution.ask(case.network, params, case.X, case.Y) for params in case.checkpoints]
        run = Run(case.checkpoints[0], np.zeros(1), [], Certification.ALL, 1)
        labels = np.zeros((1, 1))
        known = Answer(list(range(len(gradients))), gradients, run, labels, labels, None, "cpu", [], {})
        given.append((judging, known))
    return given


def diagnosis(slips: Sequence[Slip]) -> tuple[Diagnosis, list[Point]]:
    """Return what is found of the program with these slips, and the points at which it was compared."""
    given = answers(slips)
    found = diagnoses(given)
    points = in_order([point for judging, answer in given for point in points_of(judging, answer)])
    return (found[0] if found else Diagnosis()), points


def names(slip: Slip, finding: Finding) -> bool:
    """Return whether a finding says of a slip what it is."""
    if finding.special is not None:
        return finding.special == slip.special and 0.3 < finding.size / slip.size < 3
    joint = {  # of which the slip is a part
        "dW and db without 1/m": ("dW without 1/m", "db without 1/m"),
        "J and its gradient without their minus": ("J without its minus", "dZ = Y - A"),
        "J and its gradient without 1/m": ("J without 1/m", "dW without 1/m", "db without 1/m"),
    }
    if finding.mutant is not None:
        return bool({finding.mutant.name, *joint.get(finding.mutant.name, ())} & set(slip.names))
    line = str(finding.stage) if finding.stage != "dZ[L]" else "dZ2"
    at = {f"{line}{l}" for l in finding.layers} | {line}
    at |= set(finding.tensors)
    return slip.factor == tuple(finding.factor) and bool(at & {slip.line, slip.line[:2]})


def true(finding: Finding, slips: Sequence[Slip], points: Sequence[Point]) -> bool:
    """Return whether what a finding says is so: a planted slip, or a fact about the numbers themselves."""
    if any(names(slip, finding) for slip in slips):
        return True
    if finding.factor == ONE or not finding.alone:
        return False
    layer = {tensor: int(tensor[2:] or 0) if tensor != "J" else 0 for tensor in finding.tensors}
    return all(
        fits(point, tensor, finding.factor.at(point, layer[tensor]) * point.true[tensor])
        for point in points
        for tensor in finding.tensors
    )
