"""Narrow modes over float32 arrays: TF32, autocast to bfloat16 and float16, products of float8. float64 stays full."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor as Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_torch import autograd, l_layer, native

SCALE = 1024.0  # of the loss in float16, so that less of the gradient is lost below 2^-24
CUDA = torch.backends.cuda.matmul
NARROW_SUMS = ("allow_bf16_reduced_precision_reduction", "allow_fp16_reduced_precision_reduction")
FITS = {torch.float8_e4m3fn: 8, torch.float8_e5m2: 15}  # the largest power of two in each


@contextmanager
def switched(names: tuple[str, ...], to: bool) -> Iterator[None]:
    """Set switches of CUDA's products for a moment, and put them back as they were; the CPU has none."""
    before = {name: getattr(CUDA, name) for name in names}
    try:
        for name in names:
            setattr(CUDA, name, to)
        yield
    finally:
        for name, was in before.items():
            setattr(CUDA, name, was)


def tf32(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams with products in TF32 on a GPU that has it; on the CPU they are full float32."""
    with switched(("allow_tf32",), True):
        return autograd.gradients(network, params, X, Y)


def autocast_bf16(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams of torch.nn's layers under autocast to bfloat16."""
    return autocast(torch.bfloat16, 1.0, network, params, X, Y)


def autocast_fp16(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams of torch.nn's layers under autocast to float16, from a loss times SCALE."""
    return autocast(torch.float16, SCALE if X.dtype == torch.float32 else 1.0, network, params, X, Y)


@torch.enable_grad()
def autocast(
    dtype: torch.dtype, scale: float, network: Network, params: Params, X: Array, Y: Array
) -> tuple[Array, Params]:
    """Return J, from a float32 output as under autocast on CUDA, and dParams."""
    model = native.build(network, params)
    with switched(NARROW_SUMS, False):
        with torch.autocast(X.device.type, dtype):
            output = model(X.T)
        J = native.criterion(network, output.to(X.dtype), Y.T)
        (scale * J).backward()
    slopes: list[Any] = [each.grad for each in model.parameters()]
    return J.detach(), tuple(
        Layer(dW / scale, db[:, None] / scale) for dW, db in zip(slopes[::2], slopes[1::2], strict=True)
    )


def rounded(M: Array, dtype: torch.dtype) -> Array:
    """Return a float32 matrix as products of float8 take it, scaled by a power of two that its largest number fits."""
    exponent = torch.frexp(M.abs().max()).exponent - FITS[dtype]
    scale = torch.ldexp(torch.ones_like(M[0, 0]), exponent.clamp(min=-126))
    return (M / scale).to(dtype).to(M.dtype) * scale


class Product(torch.autograd.Function):
    """W A of operands in e4m3, summed in float32; backward dZ is in e5m2."""

    @staticmethod
    def forward(context: Any, W: Array, A: Array) -> Array:
        """Return W A (n[l], m)."""
        W, A = rounded(W, torch.float8_e4m3fn), rounded(A, torch.float8_e4m3fn)
        context.save_for_backward(W, A)
        return W @ A

    @staticmethod
    def backward(context: Any, dZ: Array) -> tuple[Array, Array]:
        """Return dW (n[l], n[l-1]) and dA (n[l-1], m)."""
        W, A = context.saved_tensors
        dZ = rounded(dZ, torch.float8_e5m2)
        return dZ @ A.T, W.T @ dZ


@torch.enable_grad()
def float8(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams with the operands of all products in float8."""
    product = Product.apply if X.dtype == torch.float32 else torch.matmul
    leaves = [array.detach().requires_grad_() for layer in params for array in layer]
    A = X
    for l, (W, b) in enumerate(zip(leaves[::2], leaves[1::2], strict=True), start=1):
        Z = product(W, A) + b
        A = l_layer.activation_forward(network, l, Z) if l < network.L else Z
    J = l_layer.cost(network, Z, Y)
    flat = torch.autograd.grad(J, leaves)
    return J.detach(), tuple(Layer(dW, db) for dW, db in zip(flat[::2], flat[1::2], strict=True))
