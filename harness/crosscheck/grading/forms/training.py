"""Code that only trains: a fit, a train_step, an optimize. It is judged by its steps, which need no gradient.

The weights are set or handed over, the learning rate too, it is run for so many iterations, and the weights are read
again. What cannot be given a learning rate or initial weights cannot be judged, and is told so.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble, to_numpy
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.layout import LAYOUTS, PAIRED, Layout
from crosscheck.grading.forms.objects import methods_of
from crosscheck.grading.forms.packing import Way
from crosscheck.grading.forms.pipeline import Pipeline
from crosscheck.grading.forms.returned import COST, GRADIENT, Leaf, Reading, leaves_of, named_by
from crosscheck.grading.forms.roles import Argument, arguments, role_of, value_of
from crosscheck.grading.forms.weights import SIZE, Weight, built, inside, place, weights_of

NAME = re.compile(
    r"^(fit|train|optimi[sz]e|gradient_?descent|learn|train_?step|step|update|sgd|fit_?step|train_?\w+|gd|run_?epoch|"
    r"batch_?gradient_?descent|descend|backward|backprop\w*|partial_fit)$",
    re.IGNORECASE,
)
COSTS = re.compile(r"^(costs?|loss(es)?|hist(ory)?|.*_?(history|costs?|losses))$", re.IGNORECASE)
INITIALISE = re.compile(r"^(init|random_init|create_param|make_param|get_param|start)", re.IGNORECASE)
NO_RATE = "no argument and no attribute of it is a learning rate: learning_rate, lr, alpha or eta"


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
    def parts(self) -> Sequence[str]:
        """Return the names of what is called."""

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


class Method(Training):
    """A method of a class or an object that updates its weights in place; forward: what is called before it, if any."""

    def __init__(self, maker: Any, name: str, forward: str, layout: Layout, call: Caller) -> None:
        super().__init__(layout, call)
        self.maker, self.name, self.forward = maker, name, forward
        self.at_zero = self.begins_as_given = False

    def train(
        self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> Trained:  # fmt: skip
        """Return the params after so many iterations. Raises Trouble."""
        weights: Mapping[tuple[str, int], Weight] = {}
        if not self.at_zero:
            tried = self._made(network, X, Y, alpha, iterations)
            weights = self._weights(tried, getattr(tried, self.name), network, params, X, Y)
        thing = tried if weights else self._made(network, X, Y, alpha, iterations)
        method = getattr(thing, self.name)
        place(weights, self.way.layout.given(params))
        every = arguments(method) or []
        rated = _set(thing, "alpha", alpha) or any(argument.role == "alpha" for argument in every)
        if not rated:
            raise Trouble(Kind.MISSING, NO_RATE)
        counted = any(argument.role == "iterations" for argument in every) or _set(thing, "iterations", iterations)
        costs: list[Any] = []
        for _ in range(1 if counted else iterations):
            environment = self.way.environment(network, params, X, Y) | {"alpha": alpha, "iterations": iterations}
            if self.forward:
                forward = getattr(thing, self.forward)
                environment["AL"] = self.call(forward, [], **_filled(arguments(forward) or [], environment, ("X",)))
            returned = self.call(method, [], **_filled(every, environment, ("X", "Y")))
            costs += _costs(leaves_of(method, returned), 0)
        weights = weights or weights_of(thing, network, self.way.layout)
        trained = {key: weight.leaf._replace(value=weight.get()) for key, weight in weights.items()}
        if len(costs) != iterations:
            costs = _costs([each.leaf for each in _lists(thing)], iterations)
        return Trained(self._read(trained, network), _array(costs, iterations))

    def _weights(
        self, thing: Any, method: Callable[..., Any], network: Network, params: Params, X: Array, Y: Array
    ) -> Mapping[tuple[str, int], Weight]:
        """Return where the weights are; nothing of what always begins with 0, in a place of its own. Raises Draws."""
        layout = self.way.layout
        environment = self.way.environment(network, params, X, Y) | {"alpha": 0.0, "iterations": 1}
        given = _filled(arguments(method) or [], environment, ("X", "Y"))
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
        placed = [np.array(weight.get()) for weight in weights.values()]
        _set(thing, "alpha", 0.0)
        _set(thing, "iterations", 1)
        self.call(method, [], **given)  # with the learning rate 0 they should be left as they are
        left = [np.array(weight.get()) for weight in weights_of(thing, network, layout).values()]
        if all(a.shape == b.shape and np.allclose(a, b) for a, b in zip(placed, left, strict=True)):
            self.begins_as_given = True
            return weights_of(thing, network, layout)
        if any(array.any() for array in left):
            raise Draws(Kind.MISSING, f"{self.name} draws its own initial weights, so that no step can be judged")
        self.at_zero = True
        return {}

    def _made(self, network: Network, X: Array, Y: Array, alpha: float, iterations: int) -> Any:
        if not inspect.isclass(self.maker):
            return copy.deepcopy(self.maker)
        layout = self.way.layout
        given = built(self.maker, network, layout.X(X), layout.Y(Y), alpha, iterations)
        return self.call(self.maker, [], **given)

    def words(self) -> str:
        """Say what it is read as."""
        name = self.maker.__name__ if inspect.isclass(self.maker) else type(self.maker).__name__
        unusual = self.way.layout.words(2)
        calls = f"{self.forward}, {self.name}" if self.forward else self.name
        return (
            f"class {name}, {calls}, which updates its weights: judged by its steps{f', {unusual}' if unusual else ''}"
        )

    def parts(self) -> Sequence[str]:
        """Return the names of what is called."""
        return [self.name]


class Function(Training):
    """A function over parameters, data, a learning rate and a number of iterations, which returns the parameters.

    initialiser: the name of the function that makes them for one that is not given any; "" else.
    """

    def __init__(self, function: Callable[..., Any], initialiser: str, way: Way, call: Caller) -> None:
        super().__init__(way.layout, call)
        self.function, self.initialiser, self.way = function, initialiser, way

    def train(
        self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> Trained:  # fmt: skip
        """Return the params after so many iterations. Raises Trouble."""
        environment = self.way.environment(network, params, X, Y) | {"alpha": alpha, "iterations": iterations}
        every = arguments(self.function) or []
        hidden = network.n[1] if network.L > 1 else 0
        sizes = {"n_x": network.n[0], "n_h": hidden, "n_y": network.n[-1], "sizes": list(network.n)}
        environment |= {a.name: sizes[SIZE[a.name.lower()]] for a in every if SIZE.get(a.name.lower()) in sizes}
        repeated = 1 if any(argument.role == "iterations" for argument in every) else iterations
        costs: list[Any] = []
        for _ in range(repeated):
            with self._starting(environment["parameters"]):
                returned = self.call(self.function, [], **_filled(every, environment, ()))
            leaves = leaves_of(self.function, returned)
            plain = [leaf for leaf in leaves if (m := GRADIENT.match(leaf.name)) and not m["d"] and not m["after"]]
            plain = [leaf for leaf in plain if not any("grad" in str(key).lower() for key in leaf.keys)]
            found = named_by(plain, network.L, "forward")
            if len(found) < 2 * network.L and len(leaves) >= 2 * network.L:  # W1 - alpha dW1, b1 - alpha db1, ...
                keys = [(kind, l) for l in range(1, network.L + 1) for kind in "Wb"]
                found = dict(zip(keys, leaves, strict=False))
            params = self._read(found, network)
            environment |= {k: v for k, v in self.way.environment(network, params, X, Y).items() if k not in "XY"}
            costs += _costs(leaves, iterations if repeated == 1 else 0)
        return Trained(params, _array(costs, iterations))

    @contextlib.contextmanager
    def _starting(self, parameters: Any) -> Iterator[None]:
        """Let the initialiser, if there is one, return these parameters within."""
        inside = self.function.__globals__
        own = inside.get(self.initialiser)
        if self.initialiser:
            inside[self.initialiser] = lambda *_, **__: parameters
        try:
            yield
        finally:
            if self.initialiser:
                inside[self.initialiser] = own

    def words(self) -> str:
        """Say what it is read as."""
        unusual = self.way.layout.words(2)
        name = self.function.__name__
        return f"{name}, which trains and returns no gradient: judged by its steps{f', {unusual}' if unusual else ''}"

    def parts(self) -> Sequence[str]:
        """Return the names of what is called."""
        return [self.function.__name__]


def _initialisers(function: Callable[..., Any]) -> list[str]:
    """Return the names by which a function may call what makes its parameters."""
    called = getattr(getattr(function, "__code__", None), "co_names", ())
    return [name for name in called if INITIALISE.search(name) and callable(function.__globals__.get(name))]


def _filled(every: Sequence[Argument], environment: Mapping[str, Any], order: Sequence[str]) -> dict[str, Any]:
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


def _set(thing: Any, role: str, value: Any) -> bool:
    """Set the attributes of this role to a value; return whether there are any."""
    found = [weight for weight in _numbers(thing) if role_of(weight.leaf.name) == role]
    for weight in found:
        weight.set(value)
    return bool(found)


def _numbers(thing: Any) -> Iterator[Weight]:
    return (weight for weight in inside(thing) if np.ndim(weight.leaf.value) == 0)


def _lists(thing: Any) -> Iterator[Weight]:
    for name, value in getattr(thing, "__dict__", {}).items():
        if isinstance(value, list) and COSTS.match(name):
            yield Weight(thing, name, Leaf(f"self.{name}", (name,), value))


def _costs(leaves: Sequence[Leaf], iterations: int) -> list[Any]:
    """Return the costs among what came back: so many under one name, or one number."""
    by_name: dict[str, list[Any]] = {}
    for leaf in leaves:
        names = [str(key) for key in leaf.keys if COSTS.match(str(key)) or COST.match(str(key))]
        if names:
            by_name.setdefault(names[0], []).extend(np.asarray(leaf.value, dtype=object).reshape(-1))
    return next((found for found in by_name.values() if len(found) == (iterations or 1)), [])


def _array(costs: Sequence[Any], iterations: int) -> Array | None:
    if len(costs) != iterations:
        return None
    try:
        return np.array([float(np.squeeze(each)) for each in costs])
    except (TypeError, ValueError):
        return None


def trainings(
    functions: Mapping[str, Callable[..., Any]], makers: Mapping[str, Any], rows: bool | None,
    packings: Sequence[str], keys: tuple[str, str], call: Caller,
) -> Iterator[Training]:  # fmt: skip
    """Yield the forms that only train."""
    layouts = [each for each in dict.fromkeys((*LAYOUTS, PAIRED)) if rows is None or each.rows == rows]
    for function in functions.values():
        roles = {argument.role for argument in arguments(function) or ()}
        if {"X", "Y", "alpha"} <= roles and roles & {"parameters", "w", "W1", "weights"}:
            for layout in layouts:
                for packing in packings if "parameters" in roles else packings[:1]:
                    yield Function(function, "", Way(layout, packing, keys), call)
        elif {"X", "Y", "alpha", "iterations"} <= roles:
            for initialiser in _initialisers(function):
                yield from (Function(function, initialiser, Way(each, packings[0], keys), call) for each in layouts)
    for maker in makers.values():
        methods = methods_of(maker)
        for name in (each for each in methods if NAME.match(each)):
            forwards = [
                n for n in ("forward", "feedforward", "feed_forward", "__call__", "forward_pass") if n in methods
            ]
            before = forwards[:1] if name not in ("fit", "train", "train_step", "partial_fit") else []
            for forward in [*before, ""]:
                for layout in layouts:
                    yield Method(maker, name, forward, layout, call)
