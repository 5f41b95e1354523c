"""The training loop and the predictions that stand beside a function: found, called by names, and read by shapes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import PAIR, Trouble, to_numpy, what
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.functions import BACKWARDS, COSTS
from crosscheck.grading.forms.packing import Way
from crosscheck.grading.forms.pipeline import Pipeline
from crosscheck.grading.forms.returned import leaves_of
from crosscheck.grading.forms.roles import Argument, arguments, value_of
from crosscheck.grading.forms.training import filled
from crosscheck.grading.forms.training_functions import Function
from crosscheck.grading.forms.updating import MORE, updating_beside

ORDERS = {"fit": ("parameters", "X", "Y", "alpha", "iterations"), "predict": ("parameters", "X")}
OF_A_PAIR = ("w", "b")
PARAMETERS = {"parameters", "w", "W1", "weights"}
FUNCTION = re.compile(r"func|_fn$|_f$|^f_|^get_", re.IGNORECASE)


def order_of(name: str, pair: bool) -> tuple[str, ...]:
    """Return what `fit` or `predict` takes where its arguments' names do not say it."""
    return (*OF_A_PAIR, *ORDERS[name][1:]) if pair else ORDERS[name]


def functions_of(form: Pipeline) -> dict[str, Callable[..., Any]]:
    """Return what a training loop may ask for as functions: the cost's, and the gradient's."""
    found: dict[str, Callable[..., Any]] = {}
    for step in form.steps:
        if COSTS.search(step.name) and not BACKWARDS.search(step.name):
            found["cost"] = step.function
        if BACKWARDS.search(step.name):
            found["gradient"] = step.function
    return found


def callables(every: Sequence[Argument], form: Pipeline) -> dict[str, Callable[..., Any]]:
    """Return the functions that are arguments, by the names of these."""
    own, found = functions_of(form), dict[str, Callable[..., Any]]()
    for argument in every:
        if not argument.role and FUNCTION.search(argument.name):
            kind = "gradient" if BACKWARDS.search(argument.name) else "cost"
            found |= {argument.name: own[kind]} if kind in own else {}
    return found


def training_beside(things: Mapping[str, Any], form: Pipeline, call: Caller) -> Function | None:
    """Return the training beside a form: its `fit`, what takes what a loop takes, or an update of its parameters."""
    taken = {step.name for step in form.steps}
    others = [each for name, each in things.items() if inspect.isfunction(each) and name not in {"fit", *taken}]
    functions: list[Any] = [each for each in (things.get("fit"), *others) if callable(each)]
    for function in functions:
        every = arguments(function) or []
        roles = {argument.role for argument in every}
        extra = callables(every, form)
        unknown = [a for a in every if a.required and not a.role and a.name not in extra]
        order = order_of("fit", form.takes == PAIR and form.way.packing != PAIR)
        called_fit = function is things.get("fit")
        if called_fit and len(every) == len(order) and len(roles - {""}) < len(every):
            return Function(function, "", form.way, call, order)
        plain = {"X", "Y", "alpha"} <= roles and roles & PARAMETERS and not unknown
        if plain and not any(MORE.search(argument.name) for argument in every):
            return Function(function, "", form.way, call, extra=extra)
    return updating_beside(things, form, call)


class Predicting:
    """A `predict` beside a form. faults: the kinds of trouble with it that are the program's, and not ours."""

    faults = frozenset({Kind.RAISES})

    def __init__(self, function: Callable[..., Any], way: Way, order: Sequence[str], call: Caller) -> None:
        self.function, self.way, self.order, self.call = function, way, order, call
        self.changed: list[str] = []
        self.refilled = ""  # see Way

    def labels(self, network: Network, params: Params, X: Array) -> Array:
        """Return the labels, as (n_y, m). Raises Trouble."""
        environment = self.way.environment(network, params, X, None)
        given = filled(arguments(self.function) or [], environment, self.order)
        returned = self.call(self.function, [], **given)
        self.changed = self.way.changed(environment, params, X, None)
        self.refilled = self.way.refilled(environment, params, X, None)
        m, size = X.shape[1], network.n[-1] * X.shape[1]
        for array in self._arrays(returned):
            if array.size == size:
                predicted = self.way.layout.outputs(array, m)
                whole = network.loss != "cross_entropy" or bool(np.isin(predicted, (0, 1)).all())
                if whole and predicted.shape == (network.n[-1], m):
                    return predicted.astype(np.int64) if network.loss == "cross_entropy" else predicted
        raise Trouble(Kind.RETURNS, f"it returns {what(returned)}, expected labels 0 and 1: {(network.n[-1], m)}")

    def _arrays(self, returned: Any) -> Iterator[Array]:
        for leaf in leaves_of(self.function, returned):
            try:
                yield to_numpy(leaf.value, leaf.name)
            except Trouble:
                continue


def predicting_beside(things: Mapping[str, Any], form: Pipeline, call: Caller) -> Predicting | None:
    """Return the `predict` beside a form, if it takes parameters and X."""
    function = things.get("predict")
    every = (arguments(function) if inspect.isfunction(function) else None) or []
    order = order_of("predict", form.takes == PAIR and form.way.packing != PAIR)
    try:
        probe = dict.fromkeys((*order, "W1", "b1", "weights", "biases", "w", "b"))
        required = [a for a in every if a.required]
        known = [a for a in required if value_of(a, probe)[0] or re.fullmatch(r"[Wb]\d+", a.role)]
        named = {a.role for a in every} & PARAMETERS and any(a.role == "X" for a in every)
    except TypeError:
        return None
    if inspect.isfunction(function) and (
        (named and len(known) == len(required)) or (len(required) == len(order) and len(known) < len(required))
    ):
        return Predicting(function, form.way, () if named and len(known) == len(required) else order, call)
    return None
