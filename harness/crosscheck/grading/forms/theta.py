"""Logistic regression over one vector theta = (b, w), whose data begin with a column, or a row, of ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble, to_numpy
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.pipeline import Step
from crosscheck.grading.forms.returned import Leaf, Reading, cost_of, leaves_of


class Theta:
    """A form: see the file's first line. flat: theta is (n + 1,) and Y (m,)."""

    def __init__(self, steps: Sequence[Step], rows: bool, flat: bool, call: Caller) -> None:
        self.steps, self.rows, self.flat, self.call = steps, rows, flat, call
        self.takes, self.clear = "theta", False
        self.changed: list[str] = []

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        """Return J and dParams. Raises Trouble."""
        if network.n[1:] != (1,):
            raise Trouble(Kind.DEPTH, "it takes theta, which is logistic regression with one output")
        W, b = params[0]
        theta = np.concatenate([b, W.T])
        data = np.concatenate([np.ones_like(X[:1]), X])
        given = {
            "parameters": theta[:, 0] if self.flat else theta,
            "X": data.T.copy() if self.rows else data,
            "Y": Y[0].copy() if self.flat else Y.T.copy() if self.rows else Y.copy(),
            "m": X.shape[1],
        }
        leaves: list[Leaf] = []
        for step in self.steps:
            positional, keywords = step.filled(given)
            leaves += leaves_of(step.function, self.call(step.function, positional, **keywords))
        sized = [(leaf, to_numpy(leaf.value, leaf.name)) for leaf in leaves if not isinstance(leaf.value, Mapping)]
        gradient = next((array for _, array in sized if array.size == theta.size), None)
        cost = next((leaf for leaf, array in sized if array.size == 1), None)
        if gradient is None or cost is None:
            raise Trouble(Kind.RETURNS, f"no cost and gradient of {theta.size} numbers came back")
        cost_of(cost.value, X)
        gradient = gradient.reshape(theta.size, 1)
        return Reading(cost.value, (Layer(gradient[1:].T, gradient[:1]),), {"dW1": "the gradient", "J": "J"}, {})

    def words(self) -> str:
        """Say what it is read as."""
        names = " and ".join(step.name for step in self.steps)
        where = "examples as rows, X with a column of ones" if self.rows else "X with a row of ones"
        return f"{names} over theta = (b, w), {where}"

    def given(self, network: Network, m: int) -> str:
        """Return the shapes of what it is given."""
        n = network.n[0] + 1
        X, Y = ((m, n), (m, 1)) if self.rows else ((n, m), (1, m))
        return f"X {X}, theta {(n,) if self.flat else (n, 1)}, Y {(m,) if self.flat else Y}"

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the functions."""
        return [step.function for step in self.steps]

    def parts(self) -> Sequence[str]:
        """Return the names of the functions."""
        return [step.name for step in self.steps]


def thetas(chains: Iterator[list[Step]], rows: bool | None, call: Caller) -> Iterator[Theta]:
    """Yield the readings over theta of one function, or of a cost and a gradient."""
    for steps in chains:
        for examples in (True, False):
            if rows is None or rows == examples:
                yield from (Theta(steps, examples, flat, call) for flat in (True, False))
