"""Weights with the bias folded in: Theta1 (n_h, n_x + 1), with a 1 in each example that data or program have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble, to_numpy
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.pipeline import Step
from crosscheck.grading.forms.returned import Leaf, Reading, cost_of, leaves_of
from crosscheck.grading.forms.roles import arguments

BIASES = ("b", "biases")


class Fold(NamedTuple):
    """How the arrays lie. rows: examples are. turned: W is (n_in + 1, n_out). last: the bias is. ones: X has them."""

    rows: bool
    turned: bool
    last: bool
    ones: bool

    def weights(self, W: Array, b: Array) -> Array:
        """Return W and b as one."""
        whole = np.concatenate([W, b] if self.last else [b, W], axis=1)
        return np.array(whole.T if self.turned else whole, order="C")

    def apart(self, whole: Array) -> Layer:
        """Return W and b of one."""
        whole = whole.T if self.turned else whole
        return Layer(whole[:, :-1], whole[:, -1:]) if self.last else Layer(whole[:, 1:], whole[:, :1])

    def X(self, X: Array) -> Array:
        """Return X as it is given."""
        one = np.ones_like(X[:1])
        whole = np.concatenate([X, one] if self.last else [one, X]) if self.ones else X
        return np.array(whole.T if self.rows else whole, order="C")


class Folded:
    """A form: see the file's first line. packing: arrays, list or dictionary."""

    def __init__(self, steps: Sequence[Step], fold: Fold, packing: str, call: Caller) -> None:
        self.steps, self.fold, self.packing, self.call = steps, fold, packing, call
        self.takes, self.clear = "weights with their biases", False
        self.changed: list[str] = []

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        """Return J and dParams. Raises Trouble."""
        whole = [self.fold.weights(W, b) for W, b in params]
        names = {f"{stem}{l}": each for stem in ("W", "Theta") for l, each in enumerate(whole, 1)}
        given = {
            "X": self.fold.X(X),
            "Y": np.array(Y.T if self.fold.rows else Y),
            "m": X.shape[1],
            "parameters": names if self.packing == "dictionary" else list(whole),
            "weights": list(whole),
        } | {f"W{l}": each.copy() for l, each in enumerate(whole, 1)}
        if network.L == 1:
            given["w"] = whole[0].copy()
        leaves: list[Leaf] = []
        for step in self.steps:
            positional, keywords = step.filled(given)
            leaves += leaves_of(step.function, self.call(step.function, positional, **keywords))
        arrays = [to_numpy(leaf.value, leaf.name) for leaf in leaves if not isinstance(leaf.value, Mapping)]
        gradients = [array for array in arrays if array.ndim == 2]
        shapes = [each.shape for each in whole]
        found = next((g for g in (gradients, gradients[::-1]) if [each.shape for each in g] == shapes), None)
        cost = next((array for array in arrays if array.size == 1), None)
        if found is None or cost is None:
            raise Trouble(Kind.RETURNS, "no cost and gradients of weights with their biases came back")
        cost_of(cost, X)
        return Reading(cost, tuple(map(self.fold.apart, found)), {}, {})

    def words(self) -> str:
        """Say what it is read as."""
        names = " and ".join(step.name for step in self.steps)
        rows = ", examples as rows" if self.fold.rows else ""
        return f"{names} over weights with the bias as a column{rows}{', X with ones' if self.fold.ones else ''}"

    def given(self, network: Network, m: int) -> str:
        """Return the shapes of what it is given."""
        shapes = [(n, before + 1) for n, before in zip(network.n[1:], network.n, strict=False)]
        inside = [f"W{l} {shape[::-1] if self.fold.turned else shape}" for l, shape in enumerate(shapes, 1)]
        X = (network.n[0] + self.fold.ones, m)
        return ", ".join([f"X {X[::-1] if self.fold.rows else X}", *inside])

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the functions."""
        return [step.function for step in self.steps]

    def parts(self) -> Sequence[str]:
        """Return the names of the functions."""
        return [step.name for step in self.steps]


def folded(chains: Iterator[list[Step]], rows: bool | None, call: Caller) -> Iterator[Folded]:
    """Yield the readings of one function, or of a cost and a gradient, that take no bias of its own."""
    for steps in chains:
        roles = {argument.role for step in steps for argument in arguments(step.function) or ()}
        if any(role in BIASES or role.startswith("b") for role in roles):
            continue
        packings = ("list", "dictionary") if "parameters" in roles else ("arrays",)
        for examples, turned, last, ones in product((True, False), repeat=4):
            if rows is None or rows == examples:
                yield from (Folded(steps, Fold(examples, turned, last, ones), each, call) for each in packings)
