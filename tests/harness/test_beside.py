"""What stands beside a gradient, right or wrong: its steps, its run, its costs, a penalty by default, a kink."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from crosscheck.grading.diagnosis.factors import Factor
from crosscheck.grading.diagnosis.findings import Finding
from crosscheck.grading.diagnosis.source import lines_of
from crosscheck.grading.diagnosis.stages import Stage
from crosscheck.grading.diagnosis.words import sentence
from crosscheck.grading.load import solution_of
from crosscheck.grading.penalty import Penalty, measured, told
from crosscheck.grading.probe import Wanted
from crosscheck.grading.reported import Report
from crosscheck.grading.session import examine, in_process
from crosscheck_impls.interface import Layer
from hypothesis import given, settings
from hypothesis import strategies as st

LAMBDA = st.integers(1, 9999).map(lambda thousandths: thousandths / 1000)  # any two that people write are one or far
ASKED = ("flower-2layer", "breast_cancer-2layer")
NETWORK = """
import numpy as np


def propagate(parameters, X, Y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.where(Z1 > 0, Z1, 0.01 * Z1)
    A2 = 1 / (1 + np.exp(-(W2 @ A1 + b2)))
    J = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m
    slope = np.where(Z1 == 0, {at_zero}, np.where(Z1 > 0, 1, 0.01))
    return J, A1, A2 - Y, (W2.T @ (A2 - Y)) * slope, m

"""
WHOLE = """
def cost_and_gradients(parameters, X, Y, lambd={lambd}):
    J, A1, dZ2, dZ1, m = propagate(parameters, X, Y)
    J = J + {cost_lambda} / (2 * m) * sum(np.sum(parameters[k] ** 2) for k in ("W1", "W2"))
    W1, W2 = parameters["W1"], parameters["W2"]
    dW1, dW2 = dZ1 @ X.T / m + {slope_lambda} / m * W1, dZ2 @ A1.T / m + {slope_lambda} / m * W2
    return J, {{"dW1": dW1, "db1": dZ1.sum(1, keepdims=True) / m, "dW2": dW2, "db2": dZ2.sum(1, keepdims=True) / m}}
"""
TRAINS = """
def train(parameters, X, Y, learning_rate, iterations):
    parameters = dict(parameters)
    for _ in range({count}):
        _, A1, dZ2, dZ1, m = propagate(parameters, X, Y)
        {first}
        parameters["W1"] = parameters["W1"] - learning_rate * dZ1 @ X.T / m
        parameters["b1"] = parameters["b1"] - learning_rate * {db1}
        parameters["W2"] = parameters["W2"] - learning_rate * dZ2 @ A1.T / m
        parameters["b2"] = parameters["b2"] - learning_rate * dZ2.sum(1, keepdims=True) / m
    return parameters
"""


def report(folder: Path, text: str, *problems: str) -> Report:
    """Return what is said of a program, on a line."""
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    wanted = Wanted(problems or ASKED, activation="leaky_relu")
    found = examine(in_process(solution_of(str(path))), wanted, ("float64",), "mine.py", lines_of(str(path)))
    return found._replace(text=" ".join(found.text.split()))


def whole(at_zero: str = "1", lambd: str = "0", cost: str = "0", slope: str = "0") -> str:
    return NETWORK.format(at_zero=at_zero) + WHOLE.format(lambd=lambd, cost_lambda=cost, slope_lambda=slope)


def trains(count: str = "iterations", db1: str = "dZ1.sum(1, keepdims=True) / m", first: str = "pass") -> str:
    return NETWORK.format(at_zero="1") + TRAINS.format(count=count, db1=db1, first=first)


def test_a_penalty_in_the_cost_alone_is_measured(tmp_path: Path) -> None:
    found = report(tmp_path, whole(lambd="0.1", cost="lambd"))
    assert not found.right
    assert "J contains a penalty, 0.1 / (2 m) times the squares of the weights, by lambd" in found.text
    assert not found.facts.parts["J"].right
    assert found.facts.parts["dW1"].whole
    assert "a penalty in J that is not that of its gradient" in found.causes


def test_a_penalty_that_the_gradients_have_too_is_left_out(tmp_path: Path) -> None:
    found = report(tmp_path, whole(lambd="0.7", cost="lambd", slope="lambd"))
    assert found.right, found.text
    assert "with its default, the penalty of J is that of dW" in found.text


@given(st.floats(-12, 0), st.integers(0, 2**32 - 1))
def test_what_rounding_hides_is_called_no_difference(power: float, seed: int) -> None:
    """J and the gradient have one penalty, however small, and are rounded as sums in another order are."""
    draw, m, size = np.random.default_rng(seed), 400, 10.0**power
    params = (Layer(draw.standard_normal((4, 3)), np.zeros((4, 1))),)
    slope, J = draw.standard_normal((4, 3)) * 1e-6, draw.uniform(0.1, 1)
    more = J + size / (2 * m) * float((params[0].W ** 2).sum()) + J * draw.integers(-8, 9) * 2.0**-53
    with_it = (Layer(slope + size / m * params[0].W, params[0].b),)
    found = measured({"lambd": size}, (J, (Layer(slope, params[0].b),)), (more, with_it), params, m)
    assert found is None or not told([found])[0] or not found.moved


def test_two_penalties_of_one_argument_must_be_the_same(tmp_path: Path) -> None:
    found = report(tmp_path, whole(lambd="0.7", cost="lambd", slope="2 * lambd"))
    assert not found.right
    assert "J contains 0.7 / (2 m) times the squares of the weights, and dW 1.4 / m times the weights" in found.text


@settings(max_examples=50, deadline=None)
@given(LAMBDA, LAMBDA)
def test_what_is_said_of_two_lambdas_is_so(cost: float, slope: float) -> None:
    wrong, words = told([Penalty("lambd", 0.5, cost, slope, True)] * 2)
    assert wrong == (cost != slope)
    assert not wrong or (f"{cost:.3g} / (2 m)" in words and f"{slope:.3g} / m" in words)


def test_penalties_that_differ_from_problem_to_problem_prove_no_lambda() -> None:
    every = [Penalty("lambd", 0.5, 1.0, 2.0, True), Penalty("lambd", 0.5, 3.0, 2.0, True)]
    assert told(every)[0] is False
    assert told([]) == (False, "")


@pytest.mark.parametrize(("value", "right"), [("1", True), ("0.01", True), ("0.5", True), ("0", False), ("2", False)])
def test_a_derivative_at_exactly_0_is_told_where_it_is_no_convention(value: str, right: bool, tmp_path: Path) -> None:
    found = report(tmp_path, whole(at_zero=value), "kink-2layer", "flower-2layer")
    assert right or f"db1: your numbers are exactly those of `leaky_relu'(0) = {value}`" in found.text
    assert found.right == right, found.text
    assert "cannot be told apart" not in found.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (trains("iterations - 1"), "a run of n iterations makes n - 1 steps"),
        (
            trains(db1="dZ1.sum(1, keepdims=True)"),
            "the steps of b1: your numbers are exactly those of `db without 1/m`",
        ),
        (trains(first="dZ1 = dZ1 * 2"), "the steps of W1 and b1 are exactly twice what they should be"),
        (trains(db1="0"), "b1 is not updated"),
    ],
)
def test_what_only_trains_is_diagnosed_by_its_steps(text: str, words: str, tmp_path: Path) -> None:
    found = report(tmp_path, text)
    assert not found.right
    assert words in found.text


def test_a_step_left_out_is_found_where_another_mistake_shows_on_some_problem(tmp_path: Path) -> None:
    text = trains("iterations - 1", first="dZ1 = dZ1 * (2 if Y.all() else 1)")
    found = report(tmp_path, text, *ASKED, "one_class-2layer")
    assert not found.right
    assert "a run of n iterations makes n - 1 steps" in found.text
    assert "not updated" not in found.text


def test_what_only_trains_and_is_right(tmp_path: Path) -> None:
    assert report(tmp_path, trains()).right


def test_steps_and_constants_in_words() -> None:
    moved = Finding(Stage.UPDATE, (1,), ("dW1", "db1"), factor=Factor(1.0, "1/n[0]"), depth=1)
    assert sentence(moved, pair=True).startswith("w and b are moved by exactly 1/n[0] of alpha times your own gradient")
    constant = Finding(Stage.DW, (1,), ("dW1",), factor=Factor(1 / 400, "m"), depth=2)
    assert sentence(constant, pair=False) == (
        "dW1 is exactly m / 400 times what it should be: divided by 400, whatever m, the number of examples, is"
    )
    nothing = Finding(Stage.DW, (1,), ("dW1", "db1"), factor=Factor(0.0), depth=2)
    assert sentence(nothing, pair=False).endswith("no gradient reaches them")
