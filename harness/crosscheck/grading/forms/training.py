"""Code that only trains: a fit, a train_step, an optimize. It is judged by its steps, which need no gradient.

The weights are set or handed over, the learning rate too, it is run for so many iterations, and the weights are read
again. What cannot be given a learning rate or initial weights cannot be judged, and is told so.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.core.records import flat
from crosscheck.grading.convert import Trouble, to_numpy
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.layout import Layout
from crosscheck.grading.forms.packing import Way
from crosscheck.grading.forms.pipeline import Pipeline
from crosscheck.grading.forms.returned import COST, Leaf, Reading
from crosscheck.grading.forms.roles import Argument, role_of, value_of
from crosscheck.grading.forms.weights import Weight, inside

COSTS = re.compile(r"^(costs?|loss(es)?|hist(ory)?|.*_?(history|costs?|losses|loss_curve))_?$", re.IGNORECASE)


class Draws(Trouble):
    """Training that begins with weights of its own, whatever it is given."""


class Trained:
    """What training has left. costs: one for each iteration, where they came back."""

    def __init__(self, params: Params, costs: Array | None) -> None:
        self.params, self.costs = params, costs


class Training(ABC):
    """A form that returns no gradient: see the file's first lines."""

    @abstractmethod
    def train(self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Trained:
        """Return the params after so many iterations. Raises Trouble."""

    @abstractmethod
    def words(self) -> str:
        """Say what it is read as."""

    @abstractmethod
    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the functions that are called."""

    @abstractmethod
    def parts(self) -> Sequence[str]:
        """Return the names of what is called."""

    faults = frozenset({Kind.RAISES})  # the kinds of trouble with it, beside a gradient, that are the program's
    at_zero = False  # whether it always begins with weights of 0

    def __init__(self, layout: Layout, call: Caller) -> None:
        self.way, self.call = Way(layout), call
        self.clear = False
        self.takes = "training"
        self.changed: list[str] = []

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        """Raise Trouble: there is no gradient."""
        raise Trouble(Kind.MISSING, "it returns no gradient")

    def given(self, network: Network, m: int) -> str:
        """Return the shapes of what it is given."""
        return Pipeline([], self.way, "forward", self.call).given(network, m)

    def _read(self, named: Mapping[tuple[str, int], Leaf], network: Network) -> Params:
        layers, layout = [], self.way.layout
        for l, (n, before) in enumerate(zip(network.n[1:], network.n, strict=False), 1):
            pair = []
            for kind in "Wb":
                if (kind, l) not in named:
                    raise Trouble(Kind.MISSING, f"{kind}{l} did not come back")
                array = np.array(to_numpy(named[kind, l].value, f"{kind}{l}"))
                pair.append(layout.taken(array, kind, f"{kind}{l}", n, before, network.L == 1).array)
            layers.append(Layer(*pair))
        return tuple(layers)


def reached(
    form: Training, network: Network, params: Params, X: Array, Y: Array, alpha: float, last: Params, iterations: int
) -> list[Params]:
    """Return the params before each step of a run: by single steps, or where these do not lead to the last, by runs."""
    steps = [params]
    for _ in range(0 if form.at_zero else iterations):
        steps.append(form.train(network, steps[-1], X, Y, alpha, 1).params)
    if not form.at_zero and all(map(np.array_equal, flat(steps[-1]), flat(last))):
        return steps[:-1]
    return [params, *(form.train(network, params, X, Y, alpha, t).params for t in range(1, iterations))]


def filled(every: Sequence[Argument], environment: Mapping[str, Any], order: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of a call; those whose names say nothing stand in the given order."""
    left = [role for role in order if role not in {argument.role for argument in every}]
    given: dict[str, Any] = {}
    for argument in every:
        known, value = value_of(argument, environment)
        if not known and argument.required and left:
            known, value = True, environment[left.pop(0)]
        if known:
            given[argument.name] = value
        elif argument.required:
            raise Trouble(Kind.MISSING, f"it takes {argument.name}, and nothing is known of it")
    return given


def set_all(thing: Any, role: str, value: Any) -> bool:
    """Set the attributes of this role to a value; return whether there are any."""
    found = [weight for weight in _numbers(thing) if role_of(weight.leaf.name) == role]
    for weight in found:
        weight.set(value)
    return bool(found)


def _numbers(thing: Any) -> Iterator[Weight]:
    return (weight for weight in inside(thing) if np.ndim(weight.leaf.value) == 0)


def lists_of(thing: Any) -> Iterator[Weight]:
    """Yield the lists of costs that an object keeps."""
    for name, value in getattr(thing, "__dict__", {}).items():
        if isinstance(value, list) and COSTS.match(name):
            yield Weight(thing, name, Leaf(f"self.{name}", (name,), value))


def costs_in(leaves: Sequence[Leaf], iterations: int) -> list[Any]:
    """Return the costs among what came back: so many under one name, or one number."""
    by_name: dict[str, list[Any]] = {}
    for leaf in leaves:
        names = [str(key) for key in leaf.keys if COSTS.match(str(key)) or COST.match(str(key))]
        if names:
            by_name.setdefault(names[0], []).extend(np.asarray(leaf.value, dtype=object).reshape(-1))
    return next((found for found in by_name.values() if len(found) == (iterations or 1)), [])


def as_array(costs: Sequence[Any], iterations: int) -> Array | None:
    """Return so many costs as an array; None if there are others, or none."""
    if len(costs) != iterations:
        return None
    try:
        return np.array([float(np.squeeze(each)) for each in costs])
    except (TypeError, ValueError):
        return None
