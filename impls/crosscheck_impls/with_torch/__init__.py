"""The three models in PyTorch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

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
from crosscheck_impls.with_torch import (
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

name = "torch"
models: Mapping[str, Model] = {
    "logistic_regression": logistic_regression,
    "two_layer": two_layer,
    "l_layer": l_layer,
}


def by_hand(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams by the equations of the model that the network is."""
    return models[network.model].backward(network, params, X, Y)


gradients: Mapping[str, Gradients] = {
    "per_example": per_example.gradients,
    "textbook": textbook.gradients,
    "by_hand": by_hand,
    "fast": fast.gradients,
    "autograd": autograd.gradients,
    "native": native.gradients,
}
declarations: Mapping[str, Declaration] = {
    "per_example": Declaration(formulation="autodiff"),
    "autograd": Declaration(formulation="autodiff"),
    "textbook": Declaration(formulation="textbook"),
    "native": Declaration(
        relu_grad_at_zero=(("relu", "left"), ("leaky_relu", "left")),
        convention="torch.nn: relu'(0) = 0, leaky_relu'(0) = slope",
    ),
}


def devices() -> tuple[str, ...]:
    """Return `cpu`, and `cuda` where torch sees a GPU."""
    return ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def device(array: Array) -> str:
    """Return the device on which the tensor lies."""
    return str(array.device.type)


def from_numpy(array: Any, device: str = "cpu") -> Array:
    """Copy a NumPy array to the device; the dtype stays. Raises BadInput for a device that is not there.

    float32 products stay float32: torch's TF32 switches are off by default and are left as they are found.
    """
    if device not in devices():
        raise BadInput(f"device: torch has no {device!r} here, expected {' or '.join(devices())}")
    return torch.tensor(np.asarray(array), device=device)


def to_numpy(array: Array) -> Any:
    """Copy a tensor back to NumPy."""
    return array.detach().cpu().numpy().copy()


def fit(
    variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Gradient descent: the last params, and J before each step (iterations,). Raises BadInput."""
    if variant not in gradients:
        raise BadInput(f"torch: no variant {variant!r}; {nearest(variant, list(gradients))}")
    check(network, params, X, Y)
    check_differentiable(network)
    check_descent(alpha, iterations)
    if variant == "fast":
        return fast.gradient_descent(network, params, X, Y, alpha, iterations)
    if variant == "native":
        return native.gradient_descent(network, params, X, Y, alpha, iterations)
    return training.gradient_descent(gradients[variant], network, params, X, Y, alpha, iterations)


def predict(network: Network, params: Params, X: Array) -> Array:
    """Return the classes, whole numbers (n[L], m); A[L] for a regression (notes: N27)."""
    return models[network.model].predict(network, params, X)


def environment() -> Mapping[str, Any]:
    """Return torch's version, BLAS, GPU, threads and precision switches."""
    return {
        "torch": torch.__version__,
        "blas": "MKL" if torch.backends.mkl.is_available() else "other",
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
        "float32 products": torch.get_float32_matmul_precision(),
    }
