"""One network of two layers in two styles: a function over a dictionary, and the course's three functions in loops.

Every line of either may be replaced by a mistake, of a table that real code has made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

DICTIONARY = """
import numpy as np


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def cost_and_gradients(parameters, X, Y):
    W1, b1, W2, b2 = (parameters[name] for name in ("W1", "b1", "W2", "b2"))
    m = X.shape[1]
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    Z2 = W2 @ A1 + b2
    A2 = sigmoid(Z2)
    J = {J}
    dZ2 = {dZ2}
    dW2 = {dW2}
    db2 = {db2}
    {early}
    dZ1 = {dZ1}
    dW1 = {dW1}
    db1 = {db1}
    return J, {{"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}}


def fit(parameters, X, Y, alpha, iterations):
    parameters, costs = dict(parameters), []
    for _ in range(iterations):
        J, grads = cost_and_gradients(parameters, X, Y)
        costs.append(J)
        {update}
    return parameters, costs


def predict(parameters, X):
    A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
    Z2 = parameters["W2"] @ A1 + parameters["b2"]
    A2 = sigmoid(Z2)
    return ({label}).astype(int)
"""
COURSE = """
import numpy as np


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def forward_propagation(X, parameters):
    W1, b1, W2, b2 = parameters["W1"], parameters["b1"], parameters["W2"], parameters["b2"]
    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = sigmoid(Z2)
    cache = {{"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}}
    return A2, cache


def compute_cost(A2, Y):
    m = Y.shape[1]
    cost = {J}
    return float(np.squeeze(cost))


def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    W1, W2 = parameters["W1"], parameters["W2"]
    Z1, A1, Z2, A2 = cache["Z1"], cache["A1"], cache["Z2"], cache["A2"]
    dZ2 = {dZ2}
    dW2 = {dW2}
    db2 = {db2}
    {early}
    dZ1 = {dZ1}
    dW1 = {dW1}
    db1 = {db1}
    grads = {{"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}}
    return grads


def update_parameters(parameters, grads, learning_rate):
    parameters, alpha = dict(parameters), learning_rate
    {update}
    return parameters


def predict(parameters, X):
    A2, cache = forward_propagation(X, parameters)
    Z2 = cache["Z2"]
    return ({label}).astype(int)
"""
STYLES = {"dictionary": DICTIONARY, "course": COURSE}
UPDATE = 'parameters = {name: value - alpha * grads["d" + name] for name, value in parameters.items()}'
RIGHT = {
    "J": "-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m",
    "dZ2": "A2 - Y",
    "dW2": "np.dot(dZ2, A1.T) / m",
    "db2": "np.sum(dZ2, axis=1, keepdims=True) / m",
    "early": "pass",
    "dZ1": "np.dot(W2.T, dZ2) * (1 - A1 ** 2)",
    "dW1": "np.dot(dZ1, X.T) / m",
    "db1": "np.sum(dZ1, axis=1, keepdims=True) / m",
    "update": UPDATE,
    "label": "A2 > 0.5",
}


class Wrong(NamedTuple):
    """A mistake in one line. says: what the report must say of it. silent: it may be said to be unexplained."""

    line: str
    text: str
    says: str
    silent: bool = False


MISTAKES = [
    Wrong("J", "-np.sum(Y * np.log(A2)) / m", "J without its second term"),
    Wrong("J", "-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / (2 * m)", "J is exactly half of"),
    Wrong("J", "-np.sum(Y * np.log10(A2) + (1 - Y) * np.log10(1 - A2)) / m", "J with logarithms to base 10"),
    Wrong("J", "-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))", "J without 1/m"),
    Wrong("J", "-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / 400", "J is exactly m / 400 times"),
    Wrong("dZ2", "-(Y / A2) + (1 - Y) / (1 - A2)", "dZ[L] is dA[L]"),
    Wrong("dZ2", "(A2 - Y) ** 2", "dZ[L] squared"),
    Wrong("dZ2", "Y - A2", "dZ = Y - A"),
    Wrong("dW2", "np.dot(dZ2, A1.T) / X.shape[0]", "dW2 is exactly m/n[0] times"),
    Wrong("dW2", "np.dot(dZ2, A1.T) / m / m", "divided by m once too often"),
    Wrong("dW2", "np.dot(dZ2, Z1.T) / m", "dW with Z instead of A"),
    Wrong("dW2", "0 * np.dot(dZ2, A1.T)", "dW2 is exactly 0"),
    Wrong("db2", "np.sum(dZ2, axis=1, keepdims=True)", "db without 1/m"),
    Wrong("early", "W2 = W2 - 0.5 * dW2", "W2 has been updated already, with alpha = 0.5"),
    Wrong("dZ1", "np.dot(W2.T, dZ2) * A1 * (1 - A1)", "tanh' = A (1 - A)"),
    Wrong("dZ1", "np.dot(W2.T, dZ2) * (Z1 > 0)", "g' as of ReLU"),
    Wrong("dZ1", "np.dot(W2.T, dZ2) * (1 - A2 ** 2)", "g' of the layer before"),
    Wrong("dZ1", "np.dot(W2.T, dZ2)", "dZ without g'"),
    Wrong("dW1", "np.dot(dZ1, X.T) * 2 / m", "dW1 is exactly twice"),
    Wrong("db1", "np.sum(dZ1) / m * np.ones((W2.shape[1], 1))", "db summed over everything"),
    Wrong("db1", "np.mean(np.sum(dZ1, axis=0)) * np.ones((W2.shape[1], 1))", "db summed over everything"),
    Wrong("update", UPDATE.replace("- alpha", "+ alpha"), "uphill"),
    Wrong("update", f'{UPDATE[:-1]} if name != "b2"}} | {{"b2": parameters["b2"]}}', "b2 is not updated"),
    Wrong("update", UPDATE.replace("alpha", "alpha / 3"), "1/3 of alpha times"),
    Wrong("label", "Z2 > 0.5", "class 1 where Z > 0.5"),
    Wrong("label", "A2 < 0.5", "classes swapped"),
    Wrong("label", "A2 > 2", "class 0 everywhere"),
    Wrong("label", "A2 > 0.6", "a border of about 0.6"),
]  # fmt: skip


def program(style: str, mistakes: Sequence[Wrong]) -> str:
    """Return a program of this style with these mistakes in it."""
    return STYLES[style].format(**RIGHT | {each.line: each.text for each in mistakes})
