"""The three models in JAX."""

from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

import jax
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
from crosscheck_impls.with_jax import (
    autograd,
    fast,
    l_layer,
    logistic_regression,
    native,
    per_example,
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


compiled = partial(jax.jit, static_argnums=0)  # once for each network, shape and dtype
formulas: Mapping[str, Gradients] = {
    "per_example": per_example.gradients,
    "textbook": textbook.gradients,
    "by_hand": by_hand,
    "fast": fast.gradients,
    "autograd": autograd.gradients,
}
gradients: Mapping[str, Gradients] = {
    **{variant: training.alone(formula) for variant, formula in formulas.items()},
    "native": compiled(native.gradients),
}
declarations: Mapping[str, Declaration] = {
    "per_example": Declaration(formulation="autodiff", flushes=True),
    "by_hand": Declaration(flushes=True),
    "fast": Declaration(flushes=True),
    "autograd": Declaration(formulation="autodiff", flushes=True),
    "textbook": Declaration(formulation="textbook", flushes=True),
    "native": Declaration(
        formulation="autodiff",
        flushes=True,
        relu_grad_at_zero=(("relu", "left"), ("leaky_relu", "right")),
        convention="jax.nn: relu'(0) = 0, leaky_relu'(0) = 1",
    ),
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

    The one place where JAX's global switches are set: x64 with the first float64 array, without which JAX
    makes it float32 in silence; and float32 products in full float32, unless the user has set them already.
    """
    if device not in devices():
        raise BadInput(f"device: jax has no {device!r} here, expected {' or '.join(devices())}")
    array = np.asarray(array)
    if array.dtype == np.float64 and not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
        jax.config.update("jax_enable_x64", True)
    if jax.config.jax_default_matmul_precision is None:  # type: ignore[attr-defined]
        jax.config.update("jax_default_matmul_precision", "highest")
    # a copy first: on the CPU device_put may share the memory of the array that it is given
    return jax.device_put(array.copy(), jax.devices({"cuda": "gpu"}.get(device, device))[0])


def to_numpy(array: Array) -> Any:
    """Copy an array back to NumPy."""
    return np.array(array)


def fit(
    variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Gradient descent: the last params, and J before each step (iterations,). Raises BadInput."""
    if variant not in gradients:
        raise BadInput(f"jax: no variant {variant!r}; {nearest(variant, list(gradients))}")
    check(network, params, X, Y)
    check_differentiable(network)
    check_descent(alpha, iterations)
    if variant == "fast":
        return fast.gradient_descent(network, params, X, Y, alpha, iterations)
    if variant == "native":
        return native.gradient_descent(network, params, X, Y, alpha, iterations)
    return training.gradient_descent(formulas[variant], network, params, X, Y, alpha, iterations)


@compiled
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
