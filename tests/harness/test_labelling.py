"""The `predict` of a class: judged with weights that are set, whatever kind of labels it gives; true or silent."""

from __future__ import annotations

from pathlib import Path

import pytest
from crosscheck.grading.diagnosis.source import lines_of
from crosscheck.grading.load import solution_of
from crosscheck.grading.probe import Wanted
from crosscheck.grading.reported import Report
from crosscheck.grading.session import examine, in_process

ASKED = ("flower-2layer", "breast_cancer-2layer", "one_example-2layer")
BACKPROPAGATES = """
import numpy as np


class Net:
    def __init__(self, n_x, n_h, n_y=1):
        self.W1, self.b1 = np.random.randn(n_h, n_x), np.zeros((n_h, 1))
        self.W2, self.b2 = np.random.randn(n_y, n_h), np.zeros((n_y, 1))
        {init}

    def forward(self, X):
        self.X, self.A1 = X, np.tanh(self.W1 @ X + self.b1)
        self.Z2 = self.W2 @ self.A1 + self.b2
        self.A2 = 1 / (1 + np.exp(-self.Z2))
        return self.A2

    def loss(self, Y):
        return -np.mean(Y * np.log(self.A2) + (1 - Y) * np.log(1 - self.A2))

    def backward(self, Y):
        m = Y.shape[1]
        d2 = self.A2 - Y
        d1 = self.W2.T @ d2 * (1 - self.A1**2)
        self.dW2, self.db2 = d2 @ self.A1.T / m, d2.sum(1, keepdims=True) / m
        self.dW1, self.db1 = d1 @ self.X.T / m, d1.sum(1, keepdims=True) / m

    def predict(self, X{more}):
        {predict}
"""
TRAINS = """
import numpy as np


class Net:
    def __init__(self, n_hidden=4, lr=0.1, n_iters=10):
        self.n_hidden, self.lr, self.n_iters = n_hidden, lr, n_iters

    def _initialise(self, n_x):
        self.W1, self.b1 = np.random.randn(n_x, self.n_hidden), np.zeros(self.n_hidden)
        self.W2, self.b2 = np.random.randn(self.n_hidden, 1), np.zeros(1)

    def p(self, X):
        self.A1 = np.tanh(X @ self.W1 + self.b1)
        return 1 / (1 + np.exp(-(self.A1 @ self.W2 + self.b2)))[:, 0]

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self._initialise(X.shape[1])
        for _ in range(self.n_iters):
            d2 = (self.p(X) - y)[:, None]
            d1 = d2 @ self.W2.T * (1 - self.A1**2)
            self.W2 = self.W2 - self.lr * self.A1.T @ d2 / len(X)
            self.b2 = self.b2 - self.lr * d2.mean(0)
            self.W1 = self.W1 - self.lr * X.T @ d1 / len(X)
            self.b1 = self.b1 - self.lr * d1.mean(0)
        return self

    def predict(self, X):
        {predict}
"""
TORCH = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, n_in, n_hidden, n_out=1):
        super().__init__()
        self.one, self.two = nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_out)

    def forward(self, x):
        return self.two(torch.tanh(self.one(x)))

    def predict(self, x):
        {predict}


loss = nn.BCEWithLogitsLoss()
"""


def report(folder: Path, text: str, asked: tuple[str, ...] = ASKED) -> Report:
    """Return what is said of a program, on a line."""
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    found = examine(
        in_process(solution_of(str(path))),
        Wanted(asked, activation="tanh"),
        ("float64",),
        "mine.py",
        lines_of(str(path)),
    )
    return found._replace(text=" ".join(found.text.split()))


def backpropagates(predict: str, more: str = "", init: str = "pass") -> str:
    return BACKPROPAGATES.format(predict=predict, more=more, init=init)


P = "self.forward(X)"
RIGHT = {
    "0 and 1": backpropagates(f"return ({P} > 0.5).astype(int)"),
    "booleans": backpropagates(f"return {P} > 0.5"),
    "-1 and 1": backpropagates(f"return np.where({P} > 0.5, 1, -1)"),
    "flat": backpropagates(f"return ({P} > 0.5).ravel().astype(float)"),
    "a list": backpropagates(f"return [int(p > 0.5) for p in {P}[0]]"),
    "rounded": backpropagates(f"return np.round({P})"),
    "by the logits": backpropagates("self.forward(X)\n        return self.Z2 > 0"),
    "a threshold as an argument": backpropagates(f"return {P} > threshold", ", threshold=0.5"),
    "of what trains": TRAINS.format(predict="return self.classes_[(self.p(X) > 0.5).astype(int)]"),
    "of what trains, as a column of rows": TRAINS.format(predict="return (self.p(X) > 0.5)[:, None]"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_labels_of_any_kind_are_judged_and_right(name: str, tmp_path: Path) -> None:
    found = report(tmp_path, RIGHT[name])
    assert found.right, found.text
    assert found.facts.parts["predictions"].whole
    assert "predictions were not checked" not in found.text


WRONG = {
    "another threshold": (backpropagates(f"return {P} > 0.6"), "your labels are those of `a border of about 0.6`"),
    "before the sigmoid": (backpropagates("self.forward(X)\n        return self.Z2 > 0.5"), "`class 1 where Z > 0.5`"),
    "turned round": (backpropagates(f"return {P} < 0.5"), "predictions on flower-2layer that of example 0 is"),
    "transposed": (backpropagates(f"return ({P} > 0.5).T"), "the labels Y that it is trained with have (1, "),
    "of what trains": (
        TRAINS.format(predict="return self.p(X) > 0.6"),
        "your labels are those of `a border of about 0.6`",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_labels_are_told_in_one_sentence_and_count(name: str, tmp_path: Path) -> None:
    program, words = WRONG[name]
    found = report(tmp_path, program, ASKED[:2])
    assert not found.right, found.text
    assert not found.facts.parts["predictions"].right
    assert all(part.whole for part_name, part in found.facts.parts.items() if part_name != "predictions")
    assert found.text.count(words) == 1, found.text
    assert ("predict returns an array of another shape" in found.text) == (name == "transposed")


SILENT = {
    "probabilities": (backpropagates(f"return {P}"), "it returns numbers such as 0."),
    "other weights": (
        backpropagates("return np.sign(self.kept @ X).sum(0) > 0", init="self.kept = self.W1.copy()"),
        "its labels were not seen to follow the W1 that was set",
    ),
    "other weights in one layer": (
        backpropagates(
            "return self.W2 @ np.tanh(self.kept @ X + self.b1) + self.b2 > 0", init="self.kept = self.W1.copy()"
        ),
        "its labels were not seen to follow the W1 that was set",
    ),
    "transposed, in a class that may take its labels so": (
        backpropagates(f"return ({P} > 0.5).T").replace("d2 = self.A2 - Y", "d2 = self.A2 - Y.reshape(1, -1)"),
        "expected (1, ",
    ),
    "what training has left": (backpropagates(f"return {P} > self.border"), "has no attribute 'border'"),
    "more than X": (backpropagates(f"return {P} > 0.9", ", Y"), "give predict(parameters, X)"),
    "two things": (backpropagates("return 'yes', 'no'"), "it returns 2 things, expected labels 0 and 1"),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_not_clear_is_not_judged_and_why_is_told(name: str, tmp_path: Path) -> None:
    program, words = SILENT[name]
    found = report(tmp_path, program)
    assert found.right, found.text
    assert "predictions" not in found.facts.parts
    assert "your predictions were not checked" in found.text
    assert words in found.text


@pytest.mark.parametrize(
    ("predict", "right"),
    [("return (self(x).sigmoid() > 0.5).int()", True), ("return self(x) > 0.5", False)],
)
def test_of_a_module(predict: str, right: bool, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    found = report(tmp_path, TORCH.format(predict=predict), ASKED[:2])
    assert found.right == right, found.text
    assert found.facts.parts["predictions"].whole == right
    assert ("`class 1 where Z > 0.5`" in found.text) != right
