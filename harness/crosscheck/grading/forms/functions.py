"""Which functions of a program may be the one, or the two or three, that compute the cost and its gradient."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from crosscheck.grading.forms.pipeline import BACKWARD, COST, DEFAULT, FORWARD, WHOLE, Step
from crosscheck.grading.forms.roles import Argument, arguments, takes_anything

Functions = Mapping[str, Callable[..., Any]]

FORWARDS = re.compile(
    r"forward|fwd|vorw|avant|adelante|adiante|avanti|feed|propagat|predict_prob|^f$|^model$|^net|hypothesis|activation_?output|^h$|compute_output",
    re.I,
)
COSTS = re.compile(
    r"cost|cout|coût|kosten|custo|perte|perdida|verlust|loss|entropy|^j$|objective|error|nll|bce|xent", re.I
)
BACKWARDS = re.compile(r"back|bwd|r(ue|ü)ckw|retro|arriere|atras|grad|bprop", re.I)
OTHERS = re.compile(
    r"^init|update|predict$|^predict|load|plot|test|deriv|^d?(sigmoid|relu|tanh|softmax)|accura|_check|check_|to_vector|numerical",
    re.I,
)
TRAINING = {"alpha", "iterations", "grads"}
PARAMETERS = re.compile(r"^(parameters|weights|w|[Wb]\d+)$")
MOST = 40  # combinations of three functions that are tried
ORDERS = {  # what stands where, where the names of arguments do not say it
    WHOLE: (("parameters", "X", "Y"), ("w", "b", "X", "Y"), ("X", "Y", "parameters"), ("X", "Y", "w", "b"),
            ("weights", "biases", "X", "Y")),
    FORWARD: (("X", "parameters"), ("parameters", "X"), ("X", "w", "b"), ("w", "b", "X")),
    COST: (("AL", "Y"), ("Y", "AL"), ("parameters", "X", "Y")),
    BACKWARD: (("parameters", "cache", "X", "Y"), ("AL", "Y", "cache"), ("X", "Y", "cache"), ("cache", "X", "Y"),
               ("X", "Y", "cache", "parameters"), ("X", "Y", "parameters", "cache")),
}  # fmt: skip


def steps_of(function: Callable[..., Any], part: str) -> Iterator[Step]:
    """Yield the ways in which a function's arguments can be what its part asks for."""
    every = arguments(function)
    if every is None or (takes_anything(function) and not every):
        yield Step(function, part)
        return
    unknown = [argument for argument in every if argument.required and not _known(argument, part)]
    if not unknown:
        yield Step(function, part)
        return
    known = {argument.role for argument in every} - {""}
    for order in ORDERS[part]:
        left = [role for role in order if role not in known]
        if len(left) == len(unknown) and known & set(order) == {r for r in known if PARAMETERS.match(r) or r in order}:
            yield Step(function, part, dict(zip((each.name for each in unknown), left, strict=True)))


def whole(step: Step) -> bool:
    """Return whether a function is given parameters, X and Y."""
    every = arguments(step.function)
    roles = {argument.role for argument in every or ()} | set(step.assigned.values())
    return not every or ({"X", "Y"} <= roles and any(PARAMETERS.match(role) for role in roles))


def _known(argument: Argument, part: str) -> bool:
    if argument.role in ("alpha", "iterations", "grads"):
        return True  # it is none, see `wholes`
    if part in (BACKWARD, COST, FORWARD) and argument.role[:1] in ("A", "Z", "c") and argument.role:
        return True
    return bool(argument.role)


def wholes(functions: Functions) -> Iterator[list[Step]]:
    """Yield the functions that may compute everything: of the parameters, X and Y. The contract's name comes first."""
    found = []
    for name, function in functions.items():
        every = arguments(function)
        if every is None:
            found.append((name != DEFAULT, 1, name, function))
            continue
        roles = {argument.role for argument in every}
        if (
            roles & TRAINING
            or OTHERS.search(name)
            or any(role[:1] in ("A", "Z", "c") for role in roles)
            or _is_of_one_layer(function)
        ):
            continue
        required = [argument for argument in every if argument.required]
        clear = {"X", "Y"} <= roles and any(PARAMETERS.match(role) for role in roles)
        if clear or (
            len(required) in (3, 4) and (name == DEFAULT or not any(a.role[:1] in ("A", "Z") for a in required))
        ):
            found.append((name != DEFAULT, not clear, name, function))
    for *_, function in sorted(found, key=lambda each: each[:2]):
        for step in steps_of(function, WHOLE):
            yield [step]


def chains(functions: Functions) -> Iterator[list[Step]]:
    """Yield forward, cost and backward; where there is no cost, two of them; and a cost and a gradient of their own."""
    ordinary = {name: each for name, each in functions.items() if not OTHERS.search(name) and not trains(each)}
    backwards = [each for name, each in ordinary.items() if BACKWARDS.search(name) and not _is_of_one_layer(each)]
    forwards = [
        each for name, each in ordinary.items()
        if each not in backwards and FORWARDS.search(name) and not COSTS.search(name) and not _is_of_one_layer(each)
    ]  # fmt: skip
    forwards.sort(key=lambda each: "model" not in each.__name__.lower())
    costs = [each for name, each in ordinary.items() if COSTS.search(name) and each not in backwards]
    costs.sort(key=lambda each: "regular" in each.__name__.lower())
    backwards.sort(key=lambda each: ("regular" in each.__name__.lower(), "model" not in each.__name__.lower()))
    seen = 0
    for backward, forward, cost in product(backwards, [*forwards, None], [*costs, None]):
        if forward is None and cost is None:
            continue
        named = [(forward, FORWARD), (cost, COST), (backward, BACKWARD)]
        every = [list(steps_of(each, part)) for each, part in named if each is not None]
        for steps in product(*every):
            seen += 1
            if seen > MOST:
                return
            yield list(steps)


def closed_over(functions: Functions) -> dict[str, Callable[..., Any]]:
    """Return functions of X and Y that have a function in them, make_loss(X, Y), as functions of parameters too."""
    found: dict[str, Callable[..., Any]] = {}
    for name, maker in functions.items():
        needed = [argument.role for argument in arguments(maker) or () if argument.required]
        inner = getattr(getattr(maker, "__code__", None), "co_consts", ())
        if sorted(needed) == ["X", "Y"] and any(inspect.iscode(each) for each in inner):
            found[name] = _closed(maker, needed)
    return found


def _closed(maker: Callable[..., Any], order: Sequence[str]) -> Callable[..., Any]:
    def closed(parameters: Any, X: Any, Y: Any) -> Any:
        made = maker(*(X if role == "X" else Y for role in order))
        return made(parameters) if callable(made) else made

    closed.__name__ = getattr(maker, "__name__", "function")
    return closed


def trains(function: Callable[..., Any]) -> bool:
    """Return whether a function takes a learning rate or a number of iterations: model(X, Y, num_iterations=15000)."""
    return bool({argument.role for argument in arguments(function) or ()} & {"alpha", "iterations"})


def _is_of_one_layer(function: Callable[..., Any]) -> bool:
    """Return whether a function is one layer's: linear_forward(A_prev, W, b), relu_backward(dA, cache)."""
    names = [argument.name for argument in arguments(function) or () if argument.required]
    return any(re.match(r"^(d[AZ]|A_?prev|activation|linear_cache|dA_prev)", name) for name in names) or (
        {"A", "W", "b"} <= set(names)
    )


def fits(function: Callable[..., Any]) -> bool:
    """Return whether a function's arguments are parameters, X and Y by their names.

    >>> fits(lambda w, b, X, Y: None), fits(lambda Z: None), fits(lambda parameters, grads, alpha: None)
    (True, False, False)
    """
    roles = {argument.role for argument in arguments(function) or ()}
    return {"X", "Y"} <= roles and not roles & TRAINING and any(PARAMETERS.match(role) for role in roles)


def scalars(functions: Functions) -> Iterator[Step]:
    """Yield the functions that may be a loss over parameters, X and Y alone, whose gradient a framework takes."""
    for name, function in functions.items():
        roles = {argument.role for argument in arguments(function) or ()}
        if {"X", "Y"} <= roles and not roles & TRAINING and not OTHERS.search(name):
            yield from steps_of(function, WHOLE)
