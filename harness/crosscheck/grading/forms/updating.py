"""`update_parameters(parameters, grads, learning_rate)`: a step of training, in a loop of ours over their gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crosscheck_impls.interface import Array, Network, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble
from crosscheck.grading.forms.calling import Caller
from crosscheck.grading.forms.pipeline import Pipeline
from crosscheck.grading.forms.returned import leaves_of
from crosscheck.grading.forms.roles import arguments
from crosscheck.grading.forms.training import Trained, filled
from crosscheck.grading.forms.training_functions import Function


class Updating(Function):
    """A function over parameters, their gradients and a learning rate."""

    def __init__(self, function: Callable[..., Any], form: Pipeline, call: Caller) -> None:
        super().__init__(function, "", form.way, call)
        self.form = form

    def train(self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Trained:
        """Return the params after so many steps, each along the program's own gradient. Raises Trouble."""
        every = arguments(self.function) or []
        for _ in range(iterations):
            given = self.way.environment(network, params, X, Y)
            _, returned = self.form.run(dict(given), network, X.shape[1])
            environment = self.way.environment(network, params, X, Y) | {"alpha": alpha, "grads": gradients(returned)}
            left = self.call(self.function, [], **filled(every, environment, ()))
            params = self._left(leaves_of(self.function, left), environment, network, params, X, Y)
        return Trained(params, None)


def gradients(returned: Any) -> Any:
    """Return the gradients out of what a function returns: the dictionary that stands beside a cost, or all of it."""
    if isinstance(returned, tuple | list):
        return next((each for each in returned if isinstance(each, Mapping)), None) or _missing()
    return returned if isinstance(returned, Mapping) else _missing()


def _missing() -> Any:
    raise Trouble(Kind.MISSING, "the gradients that it takes are no dictionary")
