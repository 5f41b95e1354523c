"""Programs as people write them: mistakes that the table has not, and what a program states of itself."""

from __future__ import annotations

import numpy as np
import pytest
from crosscheck.grading.from_python import check
from crosscheck.grading.stated import several_outputs


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def two_layers(cost, dZ2=lambda A2, Y: A2 - Y, dZ1=lambda dA1, Z1: dA1 * (Z1 > 0), output=sigmoid):
    """Return a function with two layers, ReLU, and these lines."""

    def cost_and_gradients(parameters, X, Y):
        W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
        m = X.shape[1]
        Z1 = W1 @ X + b1
        A1 = np.maximum(Z1, 0)
        A2 = output(W2 @ A1 + b2)
        d2 = dZ2(A2, Y)
        d1 = dZ1(W2.T @ d2, Z1)
        gradients = {
            "dW1": d1 @ X.T / m, "db1": d1.sum(1, keepdims=True) / m,
            "dW2": d2 @ A1.T / m, "db2": d2.sum(1, keepdims=True) / m,
        }  # fmt: skip
        return cost(A2, Y, m), gradients

    return cost_and_gradients


def entropy(A, Y, m):
    return -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m


def brackets(A, Y, m):
    return -1 / m * np.sum(Y * np.log(A)) + np.sum((1 - Y) * np.log(1 - A))


def squared(A, Y, m):
    return np.sum((A - Y) ** 2) / 2 / m


def report(function):
    return check(function, problems=("flower-2layer", "breast_cancer-2layer"))


@pytest.mark.parametrize(
    ("function", "cause", "right"),
    [
        (two_layers(brackets), "J: -1/m before its first sum only", "dW1, db1, dW2, db2"),
        (two_layers(entropy, dZ1=lambda dA, Z: dA * (dA > 0)), "ReLU' by the sign of dA", "J, dW2, db2"),
    ],
)
def test_a_mistake_of_the_wild_is_named(function, cause, right):
    found = report(function)
    assert cause in found.causes
    assert f"right          {right}" in found.text


def test_a_regression_is_judged_by_the_squared_error_of_its_J():
    found = report(two_layers(squared, output=lambda Z: Z))
    assert found.right, found.text
    assert "squared error of linear outputs" in found.text


def test_the_squared_error_without_its_half_is_wrong_in_J_alone():
    found = report(two_layers(lambda A, Y, m: 2 * squared(A, Y, m), output=lambda Z: Z))
    assert found.causes == ("squared error without its 1/2",)
    assert "right          dW1, db1, dW2, db2" in " ".join(found.text.split("\n"))


def test_what_a_program_states_of_itself():
    assert several_outputs([("", "# X (n_x, m), Y (n_y, m) of 0 and 1")])
    assert not several_outputs([("", "# Y (1, m)")])
