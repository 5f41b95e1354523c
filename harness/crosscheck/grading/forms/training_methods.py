"""A method that trains: `fit`, `train_step`, or a `backward` that updates the weights, of a class or an object."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.layout import LAYOUTS, Layout
from crosscheck.grading.forms.objects import made_of, methods_of
from crosscheck.grading.forms.packing import Pairs
from crosscheck.grading.forms.returned import leaves_of
from crosscheck.grading.forms.roles import arguments
from crosscheck.grading.forms.template import INITIALISE
from crosscheck.grading.forms.training import Draws, Trained, Training, as_array, costs_in, filled, lists_of, set_all
from crosscheck.grading.forms.weights import Weight, built, made, place, weights_of

NAME = re.compile(
    r"^(fit|train|optimi[sz]e|gradient_?descent|learn|train_?step|step|update|sgd|fit_?step|train_?\w+|gd|run_?epoch|"
    r"batch_?gradient_?descent|descend|backward|backprop\w*|partial_fit)$",
    re.IGNORECASE,
)
BEFORE = ("forward", "feedforward", "feed_forward", "__call__", "forward_pass")  # what is called before a `backward`
WHOLE = ("fit", "train", "train_step", "partial_fit")  # and before none of these
NO_RATE = "no argument and no attribute of it is a learning rate: learning_rate, lr, alpha or eta"


class Method(Training):
    """A method of a class or an object that updates its weights in place; forward: what is called before it, if any."""

    def __init__(self, maker: Any, name: str, forward: str, layout: Layout, call: Caller) -> None:
        super().__init__(layout, call)
        self.maker, self.name, self.forward = maker, name, forward
        self.at_zero = self.begins_as_given = self.seated = False

    def train(
        self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> Trained:  # fmt: skip
        """Return the params after so many iterations. Raises Trouble."""
        thing, weights, costs = self._trained(network, params, X, Y, alpha, iterations)
        trained = {key: weight.leaf._replace(value=weight.get()) for key, weight in weights.items()}
        if len(costs) != iterations:
            costs = costs_in([each.leaf for each in lists_of(thing)], iterations)
        return Trained(self._read(trained, network), as_array(costs, iterations))

    @property
    def layout(self) -> Layout:
        """How its arrays lie."""
        return self.way.layout

    def ready(self, network: Network, params: Params, X: Array, Y: Array) -> Any:
        """Return an object that has been trained, by a step of length 0. Raises Trouble."""
        thing, *_ = self._trained(network, params, X, Y, 0.0, 1)
        return thing

    def seat(self, thing: Any, network: Network, params: Params) -> None:
        """Set the weights of an object. Raises Trouble."""
        place(weights_of(thing, network, self.layout), self.layout.given(params))

    def takes_in(self, X: Array) -> Any:
        """Return X as its methods take it."""
        return self.layout.X(X)

    def _trained(
        self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Any, Mapping[tuple[str, int], Weight], list[Any]]:
        """Return the object after so many iterations, where its weights are, and the costs that came back."""
        weights: Mapping[tuple[str, int], Weight] = {}
        if not self.at_zero and not self.seated:
            tried = self._made(network, X, Y, alpha, iterations)
            weights = self._weights(tried, getattr(tried, self.name), network, params, X, Y)
        thing = tried if weights else self._made(network, X, Y, alpha, iterations)
        method = getattr(thing, self.name)
        if self.seated:
            self._seat(thing, network, params)
        place(weights, self.way.layout.given(params))
        every = arguments(method) or []
        rated = set_all(thing, "alpha", alpha) or any(argument.role == "alpha" for argument in every)
        if not rated:
            raise Trouble(Kind.MISSING, NO_RATE)
        counted = any(argument.role == "iterations" for argument in every) or set_all(thing, "iterations", iterations)
        costs: list[Any] = []
        for _ in range(1 if counted else iterations):
            environment = self.way.environment(network, params, X, Y) | {"alpha": alpha, "iterations": iterations}
            if self.forward:
                forward = getattr(thing, self.forward)
                environment["AL"] = self.call(forward, [], **filled(arguments(forward) or [], environment, ("X",)))
            returned = self.call(method, [], **filled(every, environment, ("X", "Y")))
            costs += costs_in(leaves_of(method, returned), 0)
        return thing, weights or weights_of(thing, network, self.way.layout), costs

    def _weights(
        self, thing: Any, method: Callable[..., Any], network: Network, params: Params, X: Array, Y: Array
    ) -> Mapping[tuple[str, int], Weight]:
        """Return where the weights are; nothing of what always begins with 0, or of what is seated. Raises Draws."""
        layout = self.way.layout
        environment = self.way.environment(network, params, X, Y) | {"alpha": 0.0, "iterations": 1}
        given = filled(arguments(method) or [], environment, ("X", "Y"))
        try:
            weights = weights_of(thing, network, layout)
        except Trouble as trouble:
            if trouble.kind is not Kind.MISSING or self.forward:
                raise
            self.call(method, [], **given)  # which makes them
            weights = weights_of(thing, network, layout)
        if self.forward or self.begins_as_given:
            return weights
        place(weights, layout.given(params))
        left = self._left(thing, given, network)
        if _are(left, layout.given(params)):
            self.begins_as_given = True
            return weights_of(thing, network, layout)
        fresh = self._made(network, X, Y, 0.0, 1)
        self._seat(fresh, network, params)
        if _are(self._left(fresh, given, network), layout.given(params)):
            self.seated = True
            return {}
        if any(array.any() for array in left):
            raise Draws(Kind.MISSING, f"{self.name} draws its own initial weights, so that no step can be judged")
        self.at_zero = True
        return {}

    def _left(self, thing: Any, given: Mapping[str, Any], network: Network) -> list[Array]:
        """Return W1, b1, ... after training with the learning rate 0, which should be those before it."""
        set_all(thing, "alpha", 0.0)
        set_all(thing, "iterations", 1)
        self.call(getattr(thing, self.name), [], **given)
        weights = weights_of(thing, network, self.way.layout)
        return [np.array(weights[kind, l].get()) for l in range(1, network.L + 1) for kind in "Wb"]

    def _seat(self, thing: Any, network: Network, params: Params) -> None:
        """Let every method that makes initial weights be followed by one that sets them to these."""
        layout = self.way.layout

        def seated(method: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(method)
            def both(*positional: Any, **keywords: Any) -> Any:
                returned = method(*positional, **keywords)
                with contextlib.suppress(Trouble):  # it has made something else
                    place(weights_of(thing, network, layout), layout.given(params))
                return returned

            return both

        for name in methods_of(thing):
            if INITIALISE.match(name):
                with contextlib.suppress(AttributeError):
                    setattr(thing, name, seated(getattr(thing, name)))

    def _made(self, network: Network, X: Array, Y: Array, alpha: float, iterations: int) -> Any:
        if not inspect.isclass(self.maker):
            return copy.deepcopy(self.maker)
        layout = self.way.layout
        given = built(self.maker, network, layout.X(X), layout.Y(Y), alpha, iterations)
        return made(self.maker, given, self.call)

    def words(self) -> str:
        """Say what it is read as."""
        name = self.maker.__name__ if inspect.isclass(self.maker) else type(self.maker).__name__
        unusual = self.way.layout.words(2)
        calls = f"{self.forward}, {self.name}" if self.forward else self.name
        return (
            f"class {name}, {calls}, which updates its weights: judged by its steps{f', {unusual}' if unusual else ''}"
        )

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the class, and its methods."""
        return made_of(self.maker, [name for name in (self.forward, self.name) if name])

    def parts(self) -> Sequence[str]:
        """Return the names of what is called."""
        return [self.name]


def _are(left: Sequence[Array], pairs: Pairs) -> bool:
    due = [np.asarray(array) for pair in pairs for array in pair]
    return all(a.shape == b.shape and np.allclose(a, b) for a, b in zip(left, due, strict=True))


def trained_in(makers: Mapping[str, Any], rows: bool | None, call: Caller) -> Iterator[Training]:
    """Yield the methods that only train."""
    for maker in makers.values():
        methods = methods_of(maker)
        for name in (each for each in methods if NAME.match(each)):
            before = [each for each in BEFORE if each in methods][:1] if name not in WHOLE else []
            for forward in [*before, ""]:
                for layout in LAYOUTS:
                    if rows is None or layout.rows == rows:
                        yield Method(maker, name, forward, layout, call)
