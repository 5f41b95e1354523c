"""A function that takes gradients and updates the parameters: judged by the steps it makes of the program's own."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from crosscheck_impls.interface import Array, Network, Params

from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.pipeline import Pipeline
from crosscheck.grading.forms.roles import arguments
from crosscheck.grading.forms.training_functions import Function

MORE = re.compile(
    r"beta|optim|batch|decay|momentum|keep_prob|dropout|lamb|reg|shuffle|adam|patience|tol", re.IGNORECASE
)
DERIVED = re.compile(r"^(d|grad_?|g)_?[Wb]s?_?\d*$|^[Wb]\d*_grad$", re.IGNORECASE)


class Updating(Function):
    """A step of training: the gradients of a form, and what `update_parameters(parameters, grads, alpha)` does."""

    def __init__(self, function: Callable[..., Any], form: Pipeline, call: Caller) -> None:
        super().__init__(function, "", form.way, call)
        self.form = form

    def given_each_time(self, network: Network, params: Params, X: Array, Y: Array) -> dict[str, Any]:
        """Return the gradients, as the form returns them and by their names. Raises Trouble."""
        environment = self.way.environment(network, params, X, Y)
        _, returned = self.form.run(dict(environment), network, X.shape[1])
        found = self.form.computed(self.form.steps[-1], returned, network, X.shape[1])
        parts = list(returned) if isinstance(returned, tuple) else [returned]
        whole = [each for each in parts if isinstance(each, Mapping | list | tuple)]
        return {name: each for name, each in found.items() if name and name not in environment} | {
            "grads": whole[0] if whole else returned
        }


def updating_beside(things: Mapping[str, Any], form: Pipeline, call: Caller) -> Updating | None:
    """Return the function beside a form that updates parameters by gradients and a learning rate."""
    taken = {step.name for step in form.steps}
    for name, function in things.items():
        every = (arguments(function) if inspect.isfunction(function) and name not in taken else None) or []
        roles = {argument.role for argument in every}
        derived = [argument for argument in every if DERIVED.match(argument.name)]
        unknown = [a for a in every if a.required and not a.role and a not in derived]
        if (
            "alpha" in roles
            and ("grads" in roles or derived)
            and roles & {"parameters", "w", "W1", "weights"}
            and not unknown
            and not any(MORE.search(argument.name) for argument in every)
        ):
            return Updating(function, form, call)
    return None
