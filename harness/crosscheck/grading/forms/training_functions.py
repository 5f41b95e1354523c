"""A function that trains: `gradient_descent(X, y, w, b, alpha, n)`, or a model that makes its parameters itself."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crosscheck_impls.interface import Array, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble, what
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.packing import Way, unpacked
from crosscheck.grading.forms.returned import GRADIENT, ORDERS, Leaf, in_order, leaves_of, named_by
from crosscheck.grading.forms.roles import arguments
from crosscheck.grading.forms.training import Trained, Training, as_array, costs_in, filled
from crosscheck.grading.forms.weights import SIZE

INITIALISE = re.compile(r"^(init|random_init|create_param|make_param|get_param|start)", re.IGNORECASE)


class Function(Training):
    """A function over parameters, data, a learning rate and a number of iterations.

    It returns the parameters, or changes those that it was given. initialiser: the name of the function that makes
    them for one that is not given any; "" else. order: the roles of arguments whose names say nothing. extra: what
    arguments that are functions get.
    """

    def __init__(
        self, function: Callable[..., Any], initialiser: str, way: Way, call: Caller,
        order: Sequence[str] = (), extra: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(way.layout, call)
        self.function, self.initialiser, self.way = function, initialiser, way
        self.order, self.extra = order, dict(extra or {})
        self.refilled = ""  # see Way

    def train(
        self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> Trained:  # fmt: skip
        """Return the params after so many iterations. Raises Trouble."""
        environment = self.way.environment(network, params, X, Y) | {"alpha": alpha, "iterations": iterations}
        every = arguments(self.function) or []
        hidden = network.n[1] if network.L > 1 else 0
        sizes = {"n_x": network.n[0], "n_h": hidden, "n_y": network.n[-1], "sizes": list(network.n)}
        environment |= {
            a.name: sizes[SIZE[a.name.lower()]]
            for a in every
            if SIZE.get(a.name.lower()) in sizes and a.role not in environment
        }
        environment |= self.extra
        counted = any(argument.role == "iterations" for argument in every) or "iterations" in self.order
        self.changed = []
        repeated = 1 if counted else iterations
        costs: list[Any] = []
        for _ in range(repeated):
            environment |= self.given_each_time(network, params, X, Y)
            with self._starting(environment["parameters"]):
                returned = self.call(self.function, [], **filled(every, environment, self.order))
            leaves = leaves_of(self.function, returned)
            params = self._left(leaves, environment, network, params, X, Y)
            environment |= {k: v for k, v in self.way.environment(network, params, X, Y).items() if k not in "XY"}
            costs += costs_in(leaves, iterations if repeated == 1 else 0)
        return Trained(params, as_array(costs, iterations))

    def given_each_time(self, network: Network, params: Params, X: Array, Y: Array) -> dict[str, Any]:
        """Return what else it is given: nothing."""
        return {}

    def _left(
        self, leaves: Sequence[Leaf], environment: Mapping[str, Any], network: Network, params: Params, X: Array,
        Y: Array,
    ) -> Params:  # fmt: skip
        """Return the parameters that came back, by name or by shape; or those that were changed in place."""
        if self.way.own is not None:
            return self._left_own(leaves, environment["parameters"], network)
        plain = [leaf for leaf in leaves if (m := GRADIENT.match(leaf.name)) and not m["d"] and not m["after"]]
        plain = [leaf for leaf in plain if not any("grad" in str(key).lower() for key in leaf.keys)]
        found = named_by(plain, network.L, "forward")
        orders = iter(ORDERS)
        while len(found) < 2 * network.L and (order := next(orders, "")):
            found = in_order(leaves, network, self.way.layout, order)
        changed = self.way.changed(environment, params, X, Y)
        if len(found) == 2 * network.L:
            self.changed = changed
            self.refilled = self.way.refilled(environment, params, X, Y)
            return self._read(found, network)
        given = [name for name in changed if name not in "XY"]
        if not given:
            raise Trouble(Kind.RETURNS, f"it returns {what(returned_of(leaves))}, no parameters")
        pairs = unpacked(self.way.packing, environment["parameters"], network.L, self.way.keys)
        for l, pair in enumerate(pairs, 1):
            for kind, array in zip("Wb", pair, strict=True):
                own = environment[f"{kind}{l}"] if array is None else array
                found[kind, l] = Leaf(f"{kind}{l}", (f"{kind}{l}",), own)
        return self._read(found, network)

    def _left_own(self, leaves: Sequence[Leaf], given: Any, network: Network) -> Params:
        """Return what the program's own kind of parameters holds: one that came back, or the one that was given."""
        assert self.way.own is not None
        same = [leaf.value for leaf in leaves if type(leaf.value) is type(given)]
        pairs = self.way.own.read(next(iter(same), given), network, self.way.layout)
        found = {
            (kind, l): Leaf(f"{kind}{l}", (f"{kind}{l}",), array)
            for l, pair in enumerate(pairs, 1)
            for kind, array in zip("Wb", pair, strict=True)
        }
        return self._read(found, network)

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

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the function."""
        return [self.function]

    def parts(self) -> Sequence[str]:
        """Return the names of what is called."""
        return [self.function.__name__]


def returned_of(leaves: Sequence[Leaf]) -> Any:
    """Return what came back, where that is one thing; else a list of it."""
    return leaves[0].value if len(leaves) == 1 else [leaf.value for leaf in leaves]


def _initialisers(function: Callable[..., Any]) -> list[str]:
    """Return the names by which a function may call what makes its parameters."""
    called = getattr(getattr(function, "__code__", None), "co_names", ())
    return [name for name in called if INITIALISE.search(name) and callable(function.__globals__.get(name))]


def trained_by(functions: Mapping[str, Callable[..., Any]], ways: Sequence[Way], call: Caller) -> Iterator[Training]:
    """Yield the functions that only train."""
    layouts = {way.layout: way for way in reversed(ways)}
    for function in functions.values():
        roles = {argument.role for argument in arguments(function) or ()}
        if {"X", "Y", "alpha"} <= roles and roles & {"parameters", "w", "W1", "weights"}:
            for way in ways if "parameters" in roles else reversed(layouts.values()):
                yield Function(function, "", way, call)
        elif {"X", "Y", "alpha", "iterations"} <= roles:
            for initialiser in _initialisers(function):
                yield from (Function(function, initialiser, way, call) for way in reversed(layouts.values()))
