"""The three models in NumPy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy import ndarray as Array

from crosscheck_impls.interface import BadInput, Declaration, Model, Network, Params, Variant
from crosscheck_impls.with_numpy import (
    chunked,
    fast,
    l_layer,
    logistic_regression,
    loops,
    onnx,
    per_example,
    reduced,
    textbook,
    two_layer,
)
from crosscheck_impls.with_numpy.narrow import narrow
from crosscheck_impls.with_numpy.training import gradient_descent as gradient_descent

name = "numpy"
models: Mapping[str, Model] = {
    "logistic_regression": logistic_regression,
    "two_layer": two_layer,
    "l_layer": l_layer,
}


def by_hand(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams by the equations of the model that the network is."""
    return models[network.model].backward(network, params, X, Y)


variants: Mapping[str, Variant] = {
    "loops": Variant(loops.gradients, declaration=Declaration(loops_over="numbers")),
    "per_example": Variant(per_example.gradients, declaration=Declaration(loops_over="examples")),
    "textbook": Variant(textbook.gradients, declaration=Declaration(formulation="textbook")),
    "by_hand": Variant(by_hand),
    "fast": Variant(fast.gradients, fast.gradient_descent),
    "chunked": Variant(
        chunked.gradients,
        chunked.gradient_descent,
        Declaration(sums=("blocks", chunked.BLOCK)),
    ),
    "onnx": Variant(onnx.gradients, declaration=Declaration(compiles=True)),
    "bf16_products": Variant(reduced.gradients, declaration=Declaration(precision="bfloat16_products")),
}


def devices() -> tuple[str, ...]:
    """NumPy computes on the CPU."""
    return ("cpu",)


def device(array: Array) -> str:
    """`cpu`."""
    return "cpu"


def from_numpy(array: Any, device: str = "cpu") -> Array:
    """Copy a NumPy array; the dtype stays, and a narrow one sums in float32. Raises BadInput for another device."""
    if device != "cpu":
        raise BadInput(f"device: numpy has no {device!r}, expected 'cpu'")
    return narrow(np.array(array))


def to_numpy(array: Array) -> Any:
    """Copy the array."""
    return np.array(array)


def predict(network: Network, params: Params, X: Array) -> Array:
    """Return the classes, whole numbers (n[L], m); A[L] for a regression (notes: N27)."""
    return models[network.model].predict(network, params, X)


def environment() -> Mapping[str, Any]:
    """Return NumPy's version and its BLAS."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {"numpy": np.__version__, "blas": f"{blas.get('name')} {blas.get('version')}"}
