"""The three models in NumPy."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from crosscheck_impls.interface import (
    Array,
    BadInput,
    Declaration,
    Gradients,
    Model,
    Network,
    Params,
    check,
    check_descent,
    check_differentiable,
    nearest,
)
from crosscheck_impls.with_numpy import (
    fast,
    l_layer,
    logistic_regression,
    loops,
    per_example,
    textbook,
    training,
    two_layer,
)

name = "numpy"
models: Mapping[str, Model] = {
    "logistic_regression": logistic_regression,
    "two_layer": two_layer,
    "l_layer": l_layer,
}


def by_hand(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams by the equations of the model that the network is."""
    return models[network.model].backward(network, params, X, Y)


gradients: Mapping[str, Gradients] = {
    "loops": loops.gradients,
    "per_example": per_example.gradients,
    "textbook": textbook.gradients,
    "by_hand": by_hand,
    "fast": fast.gradients,
}
declarations: Mapping[str, Declaration] = {
    "loops": Declaration(loops_over="numbers"),
    "per_example": Declaration(loops_over="examples"),
    "textbook": Declaration(formulation="textbook"),
}


def devices() -> tuple[str, ...]:
    """NumPy computes on the CPU."""
    return ("cpu",)


def device(array: Array) -> str:
    """`cpu`."""
    return "cpu"


def from_numpy(array: Any, device: str = "cpu") -> Array:
    """Copy a NumPy array; the dtype stays. Raises BadInput for another device."""
    if device != "cpu":
        raise BadInput(f"device: numpy has no {device!r}, expected 'cpu'")
    return np.array(array)


def to_numpy(array: Array) -> Any:
    """Copy the array."""
    return np.array(array)


def fit(
    variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Gradient descent: the last params, and J before each step (iterations,). Raises BadInput."""
    if variant not in gradients:
        raise BadInput(f"numpy: no variant {variant!r}; {nearest(variant, list(gradients))}")
    check(network, params, X, Y)
    check_differentiable(network)
    check_descent(alpha, iterations)
    if variant == "fast":
        return fast.gradient_descent(network, params, X, Y, alpha, iterations)
    return training.gradient_descent(gradients[variant], network, params, X, Y, alpha, iterations)


def predict(network: Network, params: Params, X: Array) -> Array:
    """Return the classes, whole numbers (n[L], m); A[L] for a regression (notes: N27)."""
    return models[network.model].predict(network, params, X)


def environment() -> Mapping[str, Any]:
    """Return NumPy's version and its BLAS."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {"numpy": np.__version__, "blas": f"{blas.get('name')} {blas.get('version')}"}
