"""Planted mutants: the notes' misprints in each model, and every slip of the finger in every backward function."""

from pathlib import Path

import pytest
from crosscheck.cli.outcome import exit_code
from crosscheck.judge.verdict import BAD
from crosscheck.problems.catalogue import choose
from crosscheck.report.words import of_cause

from tests.harness.slips import Slip, cases, plant, slips, verdicts

LOGISTIC, TWO, DEEP = "flower-logistic", "flower-2layer-tanh", "flower-3layer-tanh"

# ruff: noqa: E501 (a table: a line is a misprint)
# what the notes say -> the same in our files; with the problem of the model that it is mutated in
MISPRINTS = {
    "A = 1 / 1 + exp(-Z), logistic regression, textbook": (
        Slip("textbook.py", "1 / (1 + np.exp(-Z))", "1 / 1 + np.exp(-Z)"), "textbook", LOGISTIC),
    "A = 1 / 1 + exp(-Z), two layers, textbook": (
        Slip("textbook.py", "1 / (1 + np.exp(-Z))", "1 / 1 + np.exp(-Z)"), "textbook", TWO),
    "A = 1 / 1 + exp(-Z), L layers, textbook": (
        Slip("textbook.py", "1 / (1 + np.exp(-Z))", "1 / 1 + np.exp(-Z)"), "textbook", DEEP),
    "A = 1 / 1 + exp(-Z), by hand": (
        Slip("activations.py", "np.where(Z < 0, e, np.ones_like(e)) / (1 + e)", "1 / 1 + np.exp(-Z)"),
        "by_hand", LOGISTIC),
    "J without its minus, textbook": (Slip("textbook.py", "return -(Y * np.log", "return (Y * np.log"), "textbook", LOGISTIC),
    "J without its minus, two layers": (Slip("losses.py", "(softplus - Y * Z)", "-(softplus - Y * Z)"), "by_hand", TWO),
    "J without its minus, L layers": (Slip("losses.py", "(softplus - Y * Z)", "-(softplus - Y * Z)"), "by_hand", DEEP),
    "J without its minus, loops": (Slip("loops.py", "J += cross_entropy", "J -= cross_entropy"), "loops", LOGISTIC),
    "a[1] = g[1](a[1]), two layers": (Slip("two_layer.py", "\n    A1 = g1(Z1)", "\n    A1 = g1(g1(Z1))"), "by_hand", TWO),
    "a[l] = g[l](a[l]), L layers": (
        Slip("l_layer.py", "activation(network, l).g(Z)", "activation(network, l).g(activation(network, l).g(Z))"),
        "by_hand", DEEP),
    "a[l] = g[l](a[l - 1]), L layers": (
        Slip("l_layer.py", "A = activate(network, l, Z)", "A = activate(network, l, A)"),
        "by_hand", DEEP),
    "g'[2](Z[1]) instead of g'[1], two layers": (
        Slip("two_layer.py", "_, derivative = activation(network, 1)", "_, derivative = activation(network, 2)"),
        "by_hand", TWO),
    "g'[l](Z[l-1]) instead of g'[l-1], L layers": (
        Slip("l_layer.py", "activation_backward(network, l - 1, dA", "activation_backward(network, l, dA"),
        "by_hand", DEEP),
    "randn((2, 2))": (
        Slip("two_layer.py", "Z1 = W1 @ X + b1", "Z1 = W1 @ X + b1 + 0 * __import__('numpy').random.randn((2, 2))"),
        "by_hand", TWO),
    "Z = X W + b, logistic regression": (Slip("logistic_regression.py", "Z = W @ X + b", "Z = X @ W + b"), "by_hand", LOGISTIC),
    "Z1 = X W1 + b1, two layers": (Slip("two_layer.py", "Z1 = W1 @ X + b1", "Z1 = X @ W1 + b1"), "by_hand", TWO),
    "Z[l] = A W + b, L layers": (Slip("l_layer.py", "layer.W @ A", "A @ layer.W"), "by_hand", DEEP),
    "square root error": (Slip("losses.py", "(A - Y) ** 2", "abs(A - Y) ** 0.5"), "by_hand", "squared_error-logistic"),
    "reshape for transpose": (Slip("logistic_regression.py", "dZ @ X.T", "dZ @ X.reshape(X.T.shape)"), "by_hand", LOGISTIC),
}  # fmt: skip


@pytest.mark.parametrize("name", MISPRINTS)
def test_the_notes_misprints_are_caught(name: str, tmp_path: Path) -> None:
    slip, variant, problem = MISPRINTS[name]
    (row,) = verdicts(plant("numpy", slip, tmp_path), variant, cases(problem))
    assert row.verdict in BAD, row
    assert exit_code([row]) == 1
    if row.verdict == "disagrees" and row.comparisons:
        worst = row.worst()
        assert worst is not None
        assert worst.ratio > 1
        # the first divergence, not the worst
        assert any(said in of_cause(row.cause) for said in (" x the bound; ", ", no finite number; "))


def problems_for(file: str) -> list[str]:
    """The cheapest problems that reach every line of a file."""
    if file == "logistic_regression.py":
        return ["constant_features-logistic"]
    if file == "two_layer.py":
        return ["saturated-2layer-tanh", "kink-2layer-relu"]
    return [
        "kink-2layer-relu", "kink-2layer-leaky_relu", "breast_cancer-3layer-relu", DEEP, "many_outputs-squared_error",
        "regression-4layer-mixed",
    ]  # fmt: skip


@pytest.mark.parametrize("framework", ["numpy", "torch", "jax"])
@pytest.mark.slow
def test_every_slip_in_every_backward_is_caught(framework: str, tmp_path: Path) -> None:
    if framework != "numpy":
        pytest.importorskip(framework)
    right = {
        name: cases(name) for file in ("logistic_regression.py", "two_layer.py", "") for name in problems_for(file)
    }
    assert {spec.name for spec in choose(None)} >= set(right)  # what `make compare` sees
    honest = plant(framework, Slip("", "", ""), tmp_path)
    for variant in ("by_hand", "textbook"):
        everything = [pair for pairs in right.values() for pair in pairs]
        assert not [row for row in verdicts(honest, variant, everything) if row.verdict in BAD]
    missed, disagreeing = [], 0
    for slip in slips(framework):
        variant = "textbook" if slip.file == "textbook.py" else "by_hand"
        chosen = [pair for name in problems_for(slip.file) for pair in right[name]]
        found = {row.verdict for row in verdicts(plant(framework, slip, tmp_path), variant, chosen)}
        disagreeing += "disagrees" in found
        if found.isdisjoint(BAD):
            missed.append(f"{slip.file}: {slip.old.strip()}  ->  {slip.new.strip()}")
    assert missed == []
    assert disagreeing >= 30  # the others end in an error of shapes
