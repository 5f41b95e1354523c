"""What stands in for a module that is not there: the course's own helpers, or a name that says what is missing."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array

COURSE = ("dnn", "planar", "lr_utils", "utils", "testcases", "public_tests", "test_utils", "opt_utils", "init_utils")
TESTS = ("test", "public_tests", "autograder", "grader", "otter")


class Absent:
    """What was imported from a module that is not there; whoever uses it is told so."""

    def __init__(self, name: str, module: str) -> None:
        self.__dict__.update(_name=name, _module=module)

    def _raise(self, *_: Any, **__: Any) -> Any:
        raise ModuleNotFoundError(f"{self._name} comes from {self._module}, which is not here", name=self._module)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._raise()

    __call__ = __getitem__ = _raise


def sigmoid(Z: Array) -> tuple[Array, Array]:
    """Return A = σ(Z) and Z for the way back, as the course's dnn_utils has it."""
    return 1 / (1 + np.exp(-Z)), Z


def relu(Z: Array) -> tuple[Array, Array]:
    """Return A = max(0, Z) and Z for the way back."""
    return np.maximum(0, Z), Z


def sigmoid_backward(dA: Array, cache: Array) -> Array:
    """Return dZ = dA σ′(Z)."""
    A = 1 / (1 + np.exp(-cache))
    return dA * A * (1 - A)


def relu_backward(dA: Array, cache: Array) -> Array:
    """Return dZ = dA where Z > 0."""
    dZ = np.array(dA, copy=True)
    dZ[cache <= 0] = 0
    return dZ


def plain_sigmoid(Z: Array) -> Array:
    """Return σ(Z), as the course's planar_utils has it."""
    return 1 / (1 + np.exp(-Z))


WITH_CACHE: dict[str, Callable[..., Any]] = {
    "sigmoid": sigmoid, "relu": relu, "sigmoid_backward": sigmoid_backward, "relu_backward": relu_backward,
}  # fmt: skip
ALONE: dict[str, Callable[..., Any]] = {"sigmoid": plain_sigmoid}


def stand_in(statement: ast.Import | ast.ImportFrom, source: str) -> tuple[dict[str, Any], list[str]]:
    """Return the names that an import of what is not there gets, and which of them are our own functions.

    source: the program, which shows whether its sigmoid comes with a cache.
    """
    if isinstance(statement, ast.Import):
        names = [(alias.asname or alias.name.split(".")[0], alias.name) for alias in statement.names]
        return {name: Absent(name, module) for name, module in names}, []
    module = statement.module or "."
    if not module.lower().split(".")[-1].startswith(COURSE):
        return {alias.asname or alias.name: Absent(alias.name, module) for alias in statement.names}, []
    everything = statement.names[0].name == "*"
    cached = "dnn" in module or "sigmoid_backward" in source or "cache = sigmoid(" in source
    ours = {} if module.lower().startswith(TESTS) else WITH_CACHE if cached else ALONE
    if everything:
        used = {name: function for name, function in ours.items() if f"{name}(" in source}
        return dict(used), list(used)
    given = {
        alias.asname or alias.name: ours.get(alias.name) or Absent(alias.name, module) for alias in statement.names
    }
    return given, [alias.name for alias in statement.names if alias.name in ours]
