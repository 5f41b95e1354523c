"""What came back, in any order and nesting, as a cost and the gradients of each layer; named as its author does."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble, to_numpy, what
from crosscheck.grading.forms.layout import Layout
from crosscheck.grading.forms.source import returned_by

GRADIENT = re.compile(
    r"^(?P<d>d(?:j|l|c|e|cost|loss)_?d|d|grad(?:ient)?s?_?(?:of_)?|g|delta_?|nabla_?)?_*"
    r"(?P<kind>ws?|weights?|theta|kernels?|bs?|bias|biases|intercepts?|coefs?)_?(?P<layer>\d+)?_?(?P<after>grads?|gradients?)?$",
    re.IGNORECASE,
)
COST = re.compile(
    r"^(j|cost.*|loss.*|.*_cost|.*_loss|error|.*entropy|l|c|e|obj.*|nll|bce|val|value|f|err)$", re.IGNORECASE
)
OF_A_LAYER = re.compile(r"^_*d?_?[AZ]_?(prev|\d+|L)$|^d[AZ]$", re.IGNORECASE)  # which for one example may be a number
ORDERS = ("forward", "backward", "apart", "apart backward")  # of what bears no names, see `in_order`
DEEPEST = 5


class Leaf(NamedTuple):
    """A thing that came back. label: how its author would write it. keys: names and indices on the way to it."""

    label: str
    keys: tuple[str | int, ...]
    value: Any

    @property
    def name(self) -> str:
        """The last key that is a name."""
        return next((key for key in reversed(self.keys) if isinstance(key, str)), "")


class Reading(NamedTuple):
    """J and the gradients, as Params. names: what their author calls them. conversions: what was of another shape.

    breaks: which of those no step can be made with. unjudged: what did not come back and was not asked for, `J` say.
    """

    J: Any
    gradient: Params
    names: dict[str, str]
    conversions: dict[str, str]
    breaks: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()


def leaves_of(function: Callable[..., Any], returned: Any) -> list[Leaf]:
    """Return all that a function has returned, one by one, with the names that stand in its return."""
    hint, values = returned_by(function)
    return list(_walk(returned, hint, values, "", ()))


def _walk(
    value: Any, hint: ast.expr | None, values: dict[str, ast.expr], label: str, keys: tuple[str | int, ...]
) -> Iterator[Leaf]:
    if isinstance(hint, ast.Name | ast.Attribute):
        text = ast.unparse(hint)
        label, keys = text, (*keys, text.rpartition(".")[2])
        hint = values.get(text)
    elif isinstance(hint, ast.BinOp | ast.Call | ast.Subscript | ast.UnaryOp) and (name := _said(hint)):
        label, keys = name, (*keys, name)
    if isinstance(value, Mapping) and value and len(keys) < DEEPEST:
        inner = dict(zip(map(_constant, hint.keys), hint.values, strict=True)) if isinstance(hint, ast.Dict) else {}
        for key, each in value.items():
            said = inner.get(key)
            own = ast.unparse(said) if isinstance(said, ast.Name) else f'{label}["{key}"]' if label else str(key)
            said = said if isinstance(said, ast.Dict | ast.List | ast.Tuple) else None
            yield from _walk(each, said, values, own, (*keys, str(key)))
        return
    if isinstance(value, tuple | list) and value and len(keys) < DEEPEST and not _numbers(value):
        fields = getattr(value, "_fields", range(len(value)))
        known = hint.elts if isinstance(hint, ast.Tuple | ast.List) and len(hint.elts) == len(value) else None
        for k, (field, each) in enumerate(zip(fields, value, strict=True)):
            more = f".{field}" if isinstance(field, str) else f"[{k}]"
            inside = f"{label}{more}" if label else field if isinstance(field, str) else ""
            yield from _walk(each, known[k] if known else None, values, inside, (*keys, field))
        return
    yield Leaf(label, keys, value)


def _said(hint: ast.expr) -> str:
    """Return the one gradient or cost that an expression such as `dw / m` is about, or nothing."""
    names = {each.id for each in ast.walk(hint) if isinstance(each, ast.Name)}
    about = [name for name in names if (COST.match(name) and len(name) > 1) or (GRADIENT.match(name) or ["", ""])[1]]
    return about[0] if len(about) == 1 else ""


def _constant(key: ast.expr | None) -> object:
    return key.value if isinstance(key, ast.Constant) else None


def _numbers(value: Sequence[Any]) -> bool:
    """Return whether a list is one of plain numbers: a vector, or the costs of a run."""
    return len(value) > 3 and all(isinstance(each, int | float | np.floating) for each in value)


def read(leaves: Sequence[Leaf], network: Network, layout: Layout, order: str, returned: Any, whole: bool) -> Reading:
    """Return what came back as J and dParams. order: of gradients without names. returned: by the last function.

    whole: whether there must be a J. Raises Trouble, in the author's own names.
    """
    named = named_by(leaves, network.L, order)
    rest = [leaf for leaf in _others(leaves, named) if not _is_gradient(leaf)]
    cost = _cost(rest)
    if len(named) < 2 * network.L:
        positional = in_order([leaf for leaf in leaves if leaf is not cost], network, layout, order)
        if len(positional) == 2 * network.L:
            named = positional
            cost = _cost(_others(leaves, named))
    if not named:
        _none_at_all(returned)
    if cost is not None:
        cost_of(cost.value, np.empty(1))
    _complete(leaves, named, cost, network.L, whole)
    names, conversions, breaks, layers = {}, {}, [], []
    for l, (n, before) in enumerate(zip(network.n[1:], network.n, strict=False), 1):
        pair = []
        for kind in "Wb":
            leaf, tensor = named[kind, l], f"d{kind}{l}"
            name = leaf.name if GRADIENT.match(leaf.name) and re.search(r"\d|^d[wb]$", leaf.name) else tensor
            taken = layout.taken(to_numpy(leaf.value, name), kind, name, n, before, network.L == 1)
            names[tensor] = leaf.label or name
            if taken.other:
                conversions[tensor] = taken.other
            breaks += [tensor] if taken.breaks else []
            pair.append(taken.array)
        layers.append(Layer(*pair))
    J, unjudged = (None, ("J",)) if cost is None else (cost.value, ())
    names |= {} if cost is None else {"J": cost.label or "J"}
    return Reading(J, tuple(layers), names, conversions, tuple(breaks), unjudged)


def _others(leaves: Sequence[Leaf], named: Mapping[tuple[str, int], Leaf]) -> list[Leaf]:
    return [leaf for leaf in leaves if not any(leaf is each for each in named.values())]


def _is_gradient(leaf: Leaf) -> bool:
    return bool(GRADIENT.match(leaf.name)) and not COST.match(leaf.name)


def named_by(leaves: Sequence[Leaf], L: int, order: str) -> dict[tuple[str, int], Leaf]:
    """Return the gradients that bear names; those with a d before those without."""
    found: list[tuple[bool, str, int, bool, Leaf]] = []
    for leaf in leaves:
        match = GRADIENT.match(leaf.name)
        if match is None:
            continue
        kind = "W" if match["kind"].lower()[0] in "wtkc" else "b"
        number, counted = _layer(leaf, match["layer"])
        derived = bool(match["d"] or match["after"]) or any(
            isinstance(key, str) and key.lower().startswith(("grad", "d_", "dparam")) for key in leaf.keys[:-1]
        )
        found.append((derived, kind, number, counted, leaf))
    for derived in (True, False):
        chosen = [each for each in found if each[0] is derived]
        places = sorted({number for _, _, number, counted, _ in chosen if not counted})
        shift = 1 if any(number == 0 and counted for _, _, number, counted, _ in chosen) else 0
        named: dict[tuple[str, int], Leaf] = {}
        for _, kind, number, counted, leaf in chosen:
            layer = number + shift if counted else places.index(number) + 1  # of layers, some have no weights
            if not counted and "backward" in order and L > 1:
                layer = L + 1 - layer
            if L == 1 and not counted:
                layer = 1
            named.setdefault((kind, layer), leaf)
        named = {key: leaf for key, leaf in named.items() if 1 <= key[1] <= L}
        if named:
            return named
    return {}


def numbered(leaves: Sequence[Leaf], L: int) -> bool:
    """Return whether every gradient bears the number of its layer, so that no order can make a difference."""
    return len(named_by(leaves, L, "forward")) == 2 * L and all(
        _layer(leaf, match["layer"])[1] for leaf in leaves if (match := GRADIENT.match(leaf.name))
    )


def _layer(leaf: Leaf, digits: str | None) -> tuple[int, bool]:
    """Return the number of a gradient's layer, and whether its names say it; else its place in a list, from 1."""
    if digits:
        return int(digits), True
    for key in reversed(leaf.keys):
        if isinstance(key, str) and (found := re.search(r"(\d+)$", key)):
            return int(found.group(1)), True
    indices = [key for key in leaf.keys if isinstance(key, int)]
    return (indices[-1] + 1 if indices else 1), False


def in_order(
    leaves: Sequence[Leaf], network: Network, layout: Layout, order: str
) -> dict[tuple[str, int], Leaf]:  # fmt: skip
    """Return gradients by their places: W1 b1 W2 b2, or W2 b2 W1 b1, or all W before all b, and that backwards."""
    numbers = [leaf for leaf in leaves if not COST.match(leaf.name) or _size(leaf.value) > 1]
    layers = range(network.L, 0, -1) if "backward" in order else range(1, network.L + 1)
    if order.startswith("apart"):
        keys = [*(("W", l) for l in layers), *(("b", l) for l in layers)]
    else:
        keys = [(kind, l) for l in layers for kind in "Wb"]
    sized = [leaf for leaf in numbers if _size(leaf.value) > 0]
    for start in range(len(sized) - len(keys) + 1):  # a cost may stand before or after
        chosen = dict(zip(keys, sized[start : start + len(keys)], strict=True))
        if all(_fits(leaf.value, kind, l, network, layout) for (kind, l), leaf in chosen.items()):
            return chosen
    return {}


def _size(value: Any) -> int:
    try:
        array = to_numpy(value, "")
    except Trouble:
        return -1
    return int(array.size)


def _fits(value: Any, kind: str, l: int, network: Network, layout: Layout) -> bool:
    try:
        layout.taken(to_numpy(value, ""), kind, "", network.n[l], network.n[l - 1], network.L == 1)
    except Trouble:
        return False
    return kind == "W" or _size(value) == network.n[l]


def _cost(leaves: Sequence[Leaf]) -> Leaf | None:
    """Return the cost: what bears its name, or the first number; else whatever stands alone in its place."""
    costs = [leaf for leaf in leaves if COST.match(leaf.name)]
    single = [leaf for leaf in leaves if _size(leaf.value) == 1]
    named = [leaf for leaf in costs if any(leaf is each for each in single)] or costs
    unnamed = [leaf for leaf in single if not leaf.name]
    unnamed = unnamed or [leaf for leaf in single if not OF_A_LAYER.match(leaf.name)]
    unnamed.sort(key=lambda leaf: (len(leaf.keys), np.ndim(leaf.value)))  # cost, [[dW1, db1], ...]
    alone = [leaf for leaf in leaves if len(leaf.keys) <= 2 and not isinstance(leaf.value, Mapping | tuple | list)]
    return next(iter([*named, *unnamed, *(alone if len(alone) == 1 else [])]), None)


def _none_at_all(returned: Any) -> None:
    """Raise Trouble for what can be no cost and gradients."""
    if not isinstance(returned, Mapping | tuple | list) and _size(returned) <= 1:
        raise Trouble(Kind.RETURNS, f"it returns {what(returned)}, expected two: the cost and the gradients")
    if isinstance(returned, tuple | list) and len(returned) == 2 and {_size(each) for each in returned} == {1}:
        kinds = " and ".join(f"a {type(each).__name__}" for each in returned)
        raise Trouble(
            Kind.RETURNS, f'it returns {kinds}, expected a number and the gradients: cost, {{"dW1": dW1, "db1": db1}}'
        )


def _complete(
    leaves: Sequence[Leaf], named: Mapping[tuple[str, int], Leaf], cost: Leaf | None, L: int, whole: bool
) -> None:
    """Raise Trouble for what did not come back."""
    came = [leaf.name or leaf.label for leaf in leaves if leaf is not cost and (leaf.name or _size(leaf.value) > 0)]
    lacking = [f"d{kind}{l}" for l in range(1, L + 1) for kind in "Wb" if (kind, l) not in named]
    if L == 1 and {"dw", "db"} & set(came):
        lacking = [name.lower().rstrip("1") for name in lacking]
    if lacking:
        only = ", ".join(came[:9]) or "nothing"
        raise Trouble(Kind.MISSING, f"{', '.join(lacking)} did not come back; only {only}")
    if cost is None and whole:
        raise Trouble(Kind.MISSING, "the cost did not come back, only gradients")


def cost_of(cost: Any, X: Array) -> tuple[Array, tuple[int, ...]]:
    """Return J as an array without shape, of X's dtype where it was a plain number, and its shape. Raises Trouble."""
    number = cost if isinstance(cost, bool | int | float) else to_numpy(cost, "J")
    if isinstance(number, bool | int | float):  # float(np.squeeze(cost)), as the course does
        return np.asarray(number, dtype=X.dtype), ()
    if number.size != 1:
        raise Trouble(Kind.SHAPE, f"J has shape {number.shape}, expected one number: the sum over everything, over m")
    return number.reshape(()), number.shape
