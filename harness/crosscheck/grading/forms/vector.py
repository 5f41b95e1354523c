"""All parameters in one vector, as an optimiser takes them: objective(theta, X, Y, n_h) gives J and one gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble, to_numpy
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.layout import LAYOUTS
from crosscheck.grading.forms.packing import Way
from crosscheck.grading.forms.pipeline import WHOLE, Pipeline, Step
from crosscheck.grading.forms.returned import Reading, leaves_of
from crosscheck.grading.forms.roles import arguments
from crosscheck.grading.forms.weights import SIZE


class Vector:
    """A form: see the file's first line."""

    def __init__(self, function: Callable[..., Any], way: Way, call: Caller) -> None:
        self.step, self.way, self.call = Step(function, WHOLE), way, call
        self.takes, self.clear = "one vector", False
        self.changed: list[str] = []

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        """Return J and dParams. Raises Trouble."""
        vector = np.concatenate([np.ravel(array) for pair in self.way.layout.given(params) for array in pair])
        sizes = {"n_x": network.n[0], "n_h": network.n[1], "n_y": network.n[-1], "sizes": list(network.n)}
        given = self.way.environment(network, params, X, Y) | {"parameters": vector}
        for argument in arguments(self.step.function) or ():
            size = SIZE.get(argument.name.lower(), "")
            given |= {argument.name: sizes[size]} if size in sizes and argument.name not in given else {}
        positional, keywords = self.step.filled(given)
        leaves = leaves_of(self.step.function, self.call(self.step.function, positional, **keywords))
        arrays = [to_numpy(leaf.value, leaf.name) for leaf in leaves if not isinstance(leaf.value, Mapping)]
        gradient = next((array for array in arrays if array.size == vector.size), None)
        cost = next((array for array in arrays if array.size == 1), None)
        if gradient is None or cost is None:
            raise Trouble(Kind.RETURNS, f"no cost and gradient of {vector.size} numbers came back")
        names = {f"d{kind}{l}": "the gradient" for l in range(1, network.L + 1) for kind in "Wb"}
        return Reading(cost, self._apart(gradient.ravel(), network), names | {"J": "J"}, {})

    def _apart(self, vector: Array, network: Network) -> Params:
        """Return the W and b of each layer that stand one after another in a vector."""
        layout, start, layers = self.way.layout, 0, []
        for n, before in zip(network.n[1:], network.n, strict=False):
            pair = []
            for kind in "Wb":
                shape = layout.shape(kind, n, before, network.L == 1)
                size = int(np.prod(shape))
                array = vector[start : start + size].reshape(shape)
                pair.append(layout.taken(array, kind, kind, n, before, network.L == 1).array)
                start += size
            layers.append(Layer(*pair))
        return tuple(layers)

    def words(self) -> str:
        """Say what it is read as."""
        unusual = self.way.layout.words(2)
        return f"{self.step.name} over one vector of W1, b1, ...{f', {unusual}' if unusual else ''}"

    def given(self, network: Network, m: int) -> str:
        """Return the shapes of what it is given."""
        return f"one vector of {Pipeline([], self.way, 'forward', self.call).given(network, m)}"

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the function."""
        return [self.step.function]

    def parts(self) -> Sequence[str]:
        """Return the name of the function."""
        return [self.step.name]


def vectors(functions: Mapping[str, Callable[..., Any]], rows: bool | None, call: Caller) -> Iterator[Vector]:
    """Yield the readings of functions over parameters, X and Y, and perhaps sizes, as those over one vector."""
    for function in functions.values():
        every = arguments(function) or []
        roles = {argument.role for argument in every}
        unknown = [a for a in every if a.required and not a.role and a.name.lower() not in SIZE]
        if {"parameters", "X", "Y"} <= roles and not roles & {"alpha", "iterations", "grads"} and not unknown:
            layouts = (each for each in LAYOUTS if rows is None or each.rows == rows)
            yield from (Vector(function, Way(each), call) for each in layouts)
