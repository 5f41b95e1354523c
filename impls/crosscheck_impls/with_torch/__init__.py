"""The three models in PyTorch."""

from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np
import torch
from torch import Tensor as Array

from crosscheck_impls.interface import NARROW, BadInput, Declaration, Model, Network, Params, Side, Variant
from crosscheck_impls.with_torch import (
    autograd,
    chunked,
    compiled,
    cuda_graph,
    exported,
    fast,
    l_layer,
    logistic_regression,
    native,
    per_example,
    reduced,
    textbook,
    two_layer,
)
from crosscheck_impls.with_torch.training import gradient_descent as gradient_descent

name = "torch"
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
models: Mapping[str, Model] = {
    "logistic_regression": logistic_regression,
    "two_layer": two_layer,
    "l_layer": l_layer,
}
LEFT: tuple[tuple[str, Side], ...] = (("relu", "left"), ("leaky_relu", "left"))
CONVENTION = "torch.nn: relu'(0) = 0, leaky_relu'(0) = slope"


def by_hand(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams by the equations of the model that the network is."""
    return models[network.model].backward(network, params, X, Y)


variants: Mapping[str, Variant] = {
    "per_example": Variant(per_example.gradients, declaration=Declaration(formulation="autodiff")),
    "textbook": Variant(textbook.gradients, declaration=Declaration(formulation="textbook")),
    "by_hand": Variant(by_hand),
    "fast": Variant(fast.gradients, fast.gradient_descent),
    "autograd": Variant(autograd.gradients, declaration=Declaration(formulation="autodiff")),
    "native": Variant(
        native.gradients,
        native.gradient_descent,
        Declaration(relu_grad_at_zero=LEFT, convention=CONVENTION),
    ),
    "chunked": Variant(
        chunked.gradients,
        chunked.gradient_descent,
        Declaration(formulation="autodiff", sums=("blocks", chunked.BLOCK)),
    ),
    "compiled": compiled.by("inductor"),
    "exported": Variant(exported.gradients, declaration=Declaration(formulation="autodiff", compiles=True)),
    "cuda_graph": Variant(cuda_graph.gradients, cuda_graph.gradient_descent, Declaration(compiles=True)),
    "tf32": Variant(reduced.tf32, declaration=Declaration("autodiff", "tf32")),
    "autocast_bf16": Variant(
        reduced.autocast_bf16, declaration=Declaration("logits", "bfloat16", LEFT, convention=CONVENTION)
    ),
    "autocast_fp16": Variant(
        reduced.autocast_fp16, declaration=Declaration("logits", "float16", LEFT, convention=CONVENTION)
    ),
    "float8": Variant(reduced.float8, declaration=Declaration("autodiff", "float8")),
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
    array = np.asarray(array)
    if array.dtype == BFLOAT16:  # torch does not know NumPy's, but the bits are the same
        return torch.tensor(array.view(np.int16), device=device).view(torch.bfloat16)
    return torch.tensor(array, device=device)


def to_numpy(array: Array) -> Any:
    """Copy a tensor back to NumPy."""
    array = array.detach().cpu()
    if array.dtype == torch.bfloat16:
        return array.view(torch.int16).numpy().view(BFLOAT16).copy()
    return array.numpy().copy()


def predict(network: Network, params: Params, X: Array) -> Array:
    """Return the classes, whole numbers (n[L], m); A[L] for a regression (notes: N27)."""
    return models[network.model].predict(network, params, X)


def environment() -> Mapping[str, Any]:
    """Return torch's version, BLAS, CUDA and cuDNN, GPU, threads and precision switches."""
    mkl = [line.strip("- ") for line in torch.__config__.show().splitlines() if "Math Kernel Library" in line]
    return {
        "torch": torch.__version__,
        "blas": (mkl or ["MKL"])[0] if torch.backends.mkl.is_available() else "other",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
        "float32 products": torch.get_float32_matmul_precision(),
    }


def configure(dtype: str) -> None:
    """Let CUDA's products of bfloat16 and float16 add up in float32, as they do on the CPU: torch's default does not.

    It is for the whole process, and for these dtypes alone.
    """
    if dtype in NARROW:
        for name in reduced.NARROW_SUMS:
            setattr(reduced.CUDA, name, False)
