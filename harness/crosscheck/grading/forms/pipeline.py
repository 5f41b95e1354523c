"""One function, or several one after another: each gets what it asks for by the names of its arguments.

`propagate(w, b, X, Y)`; `forward_propagation(X, parameters)`, `compute_cost(A2, Y)` and
`backward_propagation(parameters, cache, X, Y)`; what one returns the next may ask for, by the name it was returned by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import PAIR, Trouble, to_numpy
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.packing import WORDS, Way
from crosscheck.grading.forms.returned import COST as NAMED_COST
from crosscheck.grading.forms.returned import Leaf, Reading, leaves_of, numbered, read
from crosscheck.grading.forms.roles import LAYERED, Argument, arguments, role_of, takes_anything, value_of

DEFAULT = "cost_and_gradients"
WHOLE, FORWARD, COST, BACKWARD = "whole", "forward", "cost", "backward"


class Step(NamedTuple):
    """A function, what it is for, and the roles of those of its arguments whose names do not say it."""

    function: Callable[..., Any]
    part: str
    assigned: Mapping[str, str] = {}

    @property
    def name(self) -> str:
        """The function's name."""
        inner = getattr(self.function, "func", self.function)  # of a partial
        return str(getattr(inner, "__name__", "function"))

    def filled(self, environment: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return what it is called with. Raises Trouble for an argument that nothing is known of."""
        every = arguments(self.function)
        if every is None or (takes_anything(self.function) and not every):
            return [environment[role] for role in ("parameters", "X", "Y") if role in environment], {}
        positional, keywords, skipped = list[Any](), dict[str, Any](), False
        for argument in every:
            role = self.assigned.get(argument.name, "")
            known, value = (
                (True, environment[role]) if role and role in environment else value_of(argument, environment)
            )
            if not known and argument.required:
                raise Trouble(*_lacks(self.name, argument))
            if not known:
                skipped = True
            elif argument.keyword or skipped:
                keywords[argument.name] = value
            else:
                positional.append(value)
        return positional, keywords


def _lacks(function: str, argument: Argument) -> tuple[Kind, str]:
    deeper = LAYERED.match(argument.name.lower())
    if deeper or argument.name in ("w", "b"):
        return Kind.DEPTH, f"{function} takes {argument.name}, which this network does not have"
    return Kind.MISSING, f"{function} takes {argument.name}, and nothing is known of it"


class Pipeline:
    """A form: see the file's first lines."""

    def __init__(self, steps: Sequence[Step], way: Way, order: str, call: Caller) -> None:
        self.steps, self.way, self.order, self.call = steps, way, order, call
        roles = {argument.role for step in steps for argument in arguments(step.function) or ()}
        assigned = {role for step in steps for role in step.assigned.values()}
        asked = roles | assigned
        plain = "parameters" in asked or not (asked & {"w", "weights", "W1"})
        lists = "lists of W and b" if "weights" in asked else "arrays W1, b1, ..."
        self.takes = way.takes if plain else PAIR if "w" in asked and "b" in asked else lists
        self.clear = not any(step.assigned and step.name != DEFAULT for step in steps)
        self.changed: list[str] = []
        self.refilled = ""  # see Way
        self.unnamed = False  # whether something came back whose gradients are found by their places
        self.number = False  # whether one number came back and nothing else, which is no gradient in any layout
        self.more: dict[str, Any] = {}  # arguments by their names, in the place of what they are in the plain model

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        """Return J and dParams. Raises Trouble."""
        environment = self.way.environment(network, params, X, Y) | self.more
        leaves, returned = self.run(dict(environment), network, X.shape[1])
        self.unnamed = self.unnamed or not numbered(leaves, network.L)
        self.number = len(leaves) == 1 and np.size(leaves[0].value) == 1
        self.changed = self.way.changed(environment, params, X, Y)
        self.refilled = self.way.refilled(environment, params, X, Y)
        return read(leaves, network, self.way.layout, self.order, returned, len(self.steps) == 1)

    def run(self, environment: dict[str, Any], network: Network, m: int) -> tuple[list[Leaf], Any]:
        """Call one after another; return all that came back but the forward pass's, and what the last one returned."""
        leaves: list[Leaf] = []
        returned: Any = None
        for step in self.steps:
            positional, keywords = step.filled(environment)
            returned = self.call(step.function, positional, **keywords)
            if step.part == FORWARD:
                environment |= self.computed(step, returned, network, m)
                if not any(each.part == COST for each in self.steps):
                    leaves += _told_with(step, returned)
            elif step.part == COST:
                leaves += self._cost(step, returned)
            else:
                leaves += leaves_of(step.function, returned)
        return leaves, returned

    def _cost(self, step: Step, returned: Any) -> list[Leaf]:
        """Return the cost of a function that is there for it; of more than one thing, the one that is called so."""
        leaves = leaves_of(step.function, returned)
        return [leaf._replace(keys=("cost",)) for leaf in leaves[:1]] if len(leaves) == 1 else leaves

    def computed(self, step: Step, returned: Any, network: Network, m: int) -> dict[str, Any]:
        """Return what the forward pass has computed, by the names of its author, with AL and the cache."""
        found: dict[str, Any] = {}
        leaves = leaves_of(step.function, returned)
        for leaf in leaves:
            found.setdefault(leaf.name, leaf.value)
        top = list(returned) if isinstance(returned, tuple) else [returned]
        names = [leaf.name for leaf in leaves_of(step.function, tuple(map(Opaque, top)))] if len(top) > 1 else []
        found |= dict(zip(names, top, strict=True)) if names else {}
        by_role = {role_of(name): value for name, value in found.items() if name}
        found |= {role: value for role, value in by_role.items() if role and role not in found}
        shape = self.way.layout.Y(np.empty((network.n[-1], m))).shape
        outputs = [each for each in top if _shape(each) in (shape, (network.n[-1], m)) or _shape(each) == shape[::-1]]
        outputs += [leaf.value for leaf in leaves if leaf.name == f"A{network.L}"]
        named = next((found[key] for key in (f"A{network.L}", "AL") if key in found), None)
        probable = [each for each in outputs if _in_unit(each)]
        output = named if named is not None else next(iter([*probable, *outputs]), None)
        if output is not None:
            found["AL"] = output
            found.setdefault(f"A{network.L}", output)
        rest = [each for each in top if each is not output]
        cache = next((found[name] for name in ("cache", "caches") if name in found), None)
        if cache is None:
            cache = rest[0] if len(rest) == 1 else tuple(rest) if rest else returned
        return {**found, "cache": cache}

    def words(self) -> str:
        """Say what the program is read as."""
        names = " and ".join(dict.fromkeys(step.name for step in self.steps)) if len(self.steps) < 3 else ""
        names = names or ", ".join(step.name for step in self.steps)
        over = WORDS.get(self.takes, self.takes)
        unusual = self.way.layout.words(1 if self.takes == PAIR else 2)
        return f"{names} over {over}{f', {unusual}' if unusual else ''}"

    def given(self, network: Network, m: int) -> str:
        """Return the shapes of what it is given, in its own names."""
        layout, sizes = self.way.layout, list(zip(network.n[1:], network.n, strict=False))
        alone = network.L == 1
        inside = []
        for l, (n, before) in enumerate(sizes, 1):
            W, b = (layout.shape(kind, n, before, alone) for kind in "Wb")
            names = ("w", "b") if self.takes == PAIR and alone else (f"W{l}", f"b{l}")
            inside.append(f"{names[0]} {W}{',' if b == () else ''} {names[1]} {b if b != () else 'a number'}")
        X, Y = (network.n[0], m), (network.n[-1], m)
        shown = (X[::-1], Y[::-1]) if layout.rows else (X, Y)
        flat = (m,) if layout.flat and network.n[-1] == 1 else shown[1]
        return ", ".join([f"X {shown[0]}", *inside, f"Y {flat}"])

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the functions."""
        return [step.function for step in self.steps]

    def parts(self) -> Sequence[str]:
        """Return the names of the functions that are called."""
        return [step.name for step in self.steps]


def _told_with(step: Step, returned: Any) -> list[Leaf]:
    """Return the cost that a forward pass returns beside what it computes, if it does."""
    found = leaves_of(step.function, returned)
    named = [leaf for leaf in found if len(leaf.keys) == 1 and len(leaf.name) > 1 and NAMED_COST.match(leaf.name)]
    return [leaf for leaf in named if np.size(leaf.value) == 1][:1]


class Opaque:
    """Something whose inside is not looked at."""

    def __init__(self, inside: Any) -> None:
        self.inside = inside


def _shape(value: Any) -> tuple[int, ...] | None:
    shape = getattr(value, "shape", None)
    return None if shape is None else tuple(shape)


def _in_unit(value: Any) -> bool:
    try:
        array = to_numpy(value, "")
    except Trouble:
        return False
    return bool(((array >= 0) & (array <= 1)).all())
