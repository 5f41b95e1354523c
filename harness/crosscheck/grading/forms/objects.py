"""A class, or an object, whose weights are attributes: they are set, and its methods are called one after another."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from crosscheck_impls.interface import Array, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.functions import BACKWARDS, COSTS, FORWARDS, OTHERS, TRAINING
from crosscheck.grading.forms.layout import LAYOUTS, Layout
from crosscheck.grading.forms.packing import Way
from crosscheck.grading.forms.pipeline import BACKWARD, COST, FORWARD, WHOLE, Pipeline, Step
from crosscheck.grading.forms.returned import COST as NAMED_COST
from crosscheck.grading.forms.returned import GRADIENT, Leaf, Reading, read
from crosscheck.grading.forms.roles import arguments
from crosscheck.grading.forms.weights import built, inside, made, place, weights_of

ORDERS = {
    WHOLE: (("X", "Y"),),
    FORWARD: (("X",),),
    COST: (("AL", "Y"), ("Y", "AL"), ("X", "Y"), ("Y",)),
    BACKWARD: (("X", "Y"), ("Y",), ("AL", "Y"), ("X", "Y", "AL")),
}
MOST = 30
Plan = tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]  # method, part, and the roles of its unknown arguments


class Object:
    """A form: see the file's first line. maker: the class, or an object that is copied. plan: the methods called."""

    def __init__(self, maker: Any, plan: Plan, layout: Layout, order: str, call: Caller) -> None:
        self.maker, self.plan, self.layout, self.order, self.call = maker, plan, layout, order, call
        self.way = Way(layout)
        self.takes, self.clear = "attributes", False
        self.changed: list[str] = []

    def made(self, network: Network, X: Array, Y: Array, alpha: float = 0.1, iterations: int = 1) -> Any:
        """Return a new object. Raises Trouble."""
        if not inspect.isclass(self.maker):
            try:
                return copy.deepcopy(self.maker)
            except Exception as error:
                raise Trouble(Kind.RAISES, f"it cannot be copied: {error}") from error
        given = built(self.maker, network, self.layout.X(X), self.layout.Y(Y), alpha, iterations)
        return made(self.maker, given, self.call)

    def ready(self, network: Network, params: Params, X: Array, Y: Array) -> Any:
        """Return a new object with these weights. Raises Trouble."""
        thing = self.made(network, X, Y)
        self.seat(thing, network, params)
        return thing

    def seat(self, thing: Any, network: Network, params: Params) -> None:
        """Set the weights of an object. Raises Trouble."""
        place(weights_of(thing, network, self.layout), self.layout.given(params))

    def takes_in(self, X: Array) -> Any:
        """Return X as its methods take it."""
        return self.layout.X(X)

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        """Return J and dParams. Raises Trouble."""
        thing = self.ready(network, params, X, Y)
        steps = [Step(_method(thing, name), part, dict(assigned)) for name, part, assigned in self.plan]
        environment = self.way.environment(network, params, X, Y)
        given = dict(environment)
        leaves, returned = Pipeline(steps, self.way, self.order, self.call).run(environment, network, X.shape[1])
        self.changed = [name for name in self.way.changed(given, params, X, Y) if name in "XY"]
        try:
            return read(leaves, network, self.layout, self.order, returned, False)
        except Trouble:
            kept = [*leaves, *gradients_in(thing)]
            return read(kept, network, self.layout, self.order, [each.value for each in kept], False)

    def words(self) -> str:
        """Say what it is read as."""
        name = self.maker.__name__ if inspect.isclass(self.maker) else f"an object of {type(self.maker).__name__}"
        unusual = self.layout.words(2)
        calls = ", ".join(method for method, _, _ in self.plan)
        kind = "class " if inspect.isclass(self.maker) else ""
        return f"{kind}{name}, {calls}, its weights attributes{f', {unusual}' if unusual else ''}"

    def given(self, network: Network, m: int) -> str:
        """Return the shapes of what it is given."""
        return Pipeline([], self.way, self.order, self.call).given(network, m)

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the class, and its methods."""
        return made_of(self.maker, [name for name, _, _ in self.plan])

    def parts(self) -> Sequence[str]:
        """Return the names of the methods."""
        return [method for method, _, _ in self.plan]


def _method(thing: Any, name: str) -> Callable[..., Any]:
    method: Callable[..., Any] = getattr(thing, name)
    return method


def gradients_in(thing: Any) -> list[Leaf]:
    """Return what an object keeps of gradients, and of a cost."""
    found = []
    for weight in inside(thing):
        match = GRADIENT.match(weight.leaf.name)
        derived = match and (
            match["d"] or match["after"] or any("grad" in str(key).lower() for key in weight.leaf.keys)
        )
        if derived or (NAMED_COST.match(weight.leaf.name) and len(weight.leaf.keys) == 1 and len(weight.leaf.name) > 1):
            found.append(weight.leaf)
    return found


def methods_of(maker: Any) -> dict[str, Callable[..., Any]]:
    """Return the methods of a class or an object, without `self`."""
    kind = maker if inspect.isclass(maker) else type(maker)
    every = inspect.getmembers(kind, inspect.isfunction)
    return {name: each for name, each in every if name == "__call__" or not name.startswith("__")}


def made_of(maker: Any, names: Sequence[str]) -> list[Callable[..., Any]]:
    """Return a class and its methods of these names; of an object, the methods."""
    methods = methods_of(maker)
    return [*([maker] if inspect.isclass(maker) else []), *(methods[name] for name in names)]


def objects(makers: Mapping[str, Any], rows: bool | None, call: Caller) -> Iterator[Object]:
    """Yield the readings of classes and objects that have a way forward and a way back."""
    for maker in makers.values():
        plans = list(dict.fromkeys(_plans(methods_of(maker))))[:MOST]
        for plan in plans:
            for layout in LAYOUTS:
                if rows is None or layout.rows == rows:
                    for order in ("forward", "backward"):
                        yield Object(maker, plan, layout, order, call)


def _plans(methods: Mapping[str, Callable[..., Any]]) -> Iterator[Plan]:
    usual = {name: each for name, each in methods.items() if not OTHERS.search(name)}
    backwards = [n for n in usual if BACKWARDS.search(n) or re.search(r"^(step|loss_and|cost_and|compute_all)", n)]
    forwards = [n for n in usual if (n not in backwards and FORWARDS.search(n)) or n == "__call__"]
    costs = [n for n in usual if COSTS.search(n) and n not in backwards]
    for name in costs:  # loss(X, y) may return both
        if {"X", "Y"} <= {argument.role for argument in arguments(methods[name]) or ()}:
            yield from (((name, WHOLE, assigned),) for assigned in _assigned(methods[name], WHOLE))
    for forward, backward, cost in product([*forwards, ""], backwards, [*costs, ""]):
        chosen = [(forward, FORWARD), (cost, COST), (backward, BACKWARD)]
        every = [[*_assigned(methods[name], part)] for name, part in chosen if name]
        for steps in product(*every):
            names = [(name, part) for name, part in chosen if name]
            yield tuple((name, part, assigned) for (name, part), assigned in zip(names, steps, strict=True))


def _assigned(method: Callable[..., Any], part: str) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield what the arguments of a method may be whose names do not say it; nothing of one that trains."""
    every = (arguments(method) or [])[1:]
    if {argument.role for argument in every if argument.required} & TRAINING:
        return
    unknown = [argument.name for argument in every if argument.required and not argument.role]
    known = {argument.role for argument in every}
    if not unknown:
        yield ()
    for order in ORDERS[part] if unknown else ():
        left = [role for role in order if role not in known]
        if len(left) == len(unknown):
            yield tuple(zip(unknown, left, strict=True))
