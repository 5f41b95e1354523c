"""The three models in JAX."""

from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

import jax
import numpy as np
from jax import Array

from crosscheck_impls.interface import BadInput, Declaration, Gradients, Model, Network, Params, Variant
from crosscheck_impls.with_jax import (
    autograd,
    chunked,
    fast,
    l_layer,
    logistic_regression,
    native,
    per_example,
    reduced,
    textbook,
    training,
    two_layer,
)

name = "jax"
models: Mapping[str, Model] = {
    "logistic_regression": logistic_regression,
    "two_layer": two_layer,
    "l_layer": l_layer,
}


def by_hand(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams by the equations of the model that the network is."""
    return models[network.model].backward(network, params, X, Y)


def compiled(gradients: Gradients, declaration: Declaration) -> Variant:
    """Return the variant whose gradients and gradient descent are one program, compiled once (see `training`)."""
    return Variant(training.value_and_grad(gradients), partial(training.gradient_descent, gradients), declaration)


variants: Mapping[str, Variant] = {
    "per_example": compiled(per_example.gradients, Declaration(formulation="autodiff", flushes=True)),
    "textbook": compiled(textbook.gradients, Declaration(formulation="textbook", flushes=True)),
    "by_hand": compiled(by_hand, Declaration(flushes=True)),
    "fast": Variant(training.value_and_grad(fast.gradients), fast.gradient_descent, Declaration(flushes=True)),
    "autograd": compiled(autograd.gradients, Declaration(formulation="autodiff", flushes=True)),
    "native": Variant(
        native.gradients,
        native.gradient_descent,
        Declaration(
            formulation="autodiff",
            flushes=True,
            relu_grad_at_zero=(("relu", "left"), ("leaky_relu", "right")),
            convention="jax.nn: relu'(0) = 0, leaky_relu'(0) = 1",
        ),
    ),
    "chunked": Variant(
        chunked.gradients,
        chunked.gradient_descent,
        Declaration(formulation="autodiff", flushes=True, sums=("blocks", chunked.BLOCK)),
    ),
    "tf32": compiled(reduced.tf32, Declaration("autodiff", "tf32", flushes=True)),
    "bf16_products": compiled(reduced.bf16_products, Declaration("autodiff", "bfloat16_products", flushes=True)),
    "mixed": compiled(reduced.mixed, Declaration("autodiff", "bfloat16", flushes=True)),
    "float8": compiled(reduced.float8, Declaration("autodiff", "float8", flushes=True)),
}


def devices() -> tuple[str, ...]:
    """Return `cpu`, and `cuda` where JAX sees a GPU."""
    return ("cpu", "cuda") if any(each.platform == "gpu" for each in jax.devices()) else ("cpu",)


def device(array: Array) -> str:
    """Return the device on which the array lies."""
    (where,) = array.devices()
    return "cuda" if where.platform == "gpu" else str(where.platform)


def from_numpy(array: Any, device: str = "cpu") -> Array:
    """Copy a NumPy array to the device; the dtype stays. Raises BadInput for a device that is not there.

    JAX would make it float32 in silence unless `configure("float64")` was called first: BadInput says so.
    """
    if device not in devices():
        raise BadInput(f"device: jax has no {device!r} here, expected {' or '.join(devices())}")
    array = np.asarray(array)
    if array.dtype == np.float64 and not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
        raise BadInput('from_numpy: float64, but x64 is off in this process: call configure("float64") first')
    # a copy first: on the CPU device_put may share the memory of the array that it is given
    return jax.device_put(array.copy(), jax.devices({"cuda": "gpu"}.get(device, device))[0])


def to_numpy(array: Array) -> Any:
    """Copy an array back to NumPy."""
    return np.array(array)


@partial(jax.jit, static_argnums=0)
def predict(network: Network, params: Params, X: Array) -> Array:
    """Return the classes, whole numbers (n[L], m); A[L] for a regression (notes: N27)."""
    return models[network.model].predict(network, params, X)


def environment() -> Mapping[str, Any]:
    """Return JAX's versions, GPU and precision switches."""
    return {
        "jax": jax.__version__,
        "jaxlib": version("jaxlib"),
        "gpu": next((each.device_kind for each in jax.devices() if each.platform == "gpu"), None),
        "x64": jax.config.jax_enable_x64,  # type: ignore[attr-defined]
        "float32 products": jax.config.jax_default_matmul_precision or "JAX's default",  # type: ignore[attr-defined]
    }


def configure(dtype: str) -> None:
    """Set JAX's global switches for arrays of a dtype: call it once in a process for each dtype, before the arrays.

    x64 for float64, without which JAX makes it float32 in silence; and float32 products in full float32, unless the
    user has set their precision.
    """
    if dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    if jax.config.jax_default_matmul_precision is None:  # type: ignore[attr-defined]
        jax.config.update("jax_default_matmul_precision", "highest")
