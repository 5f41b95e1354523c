"""Narrow modes over float32 arrays: TF32, bfloat16 products, mixed precision, float8. float64 stays full."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jax import Array

from crosscheck_impls.interface import Network, Params
from crosscheck_impls.with_jax import autograd, l_layer

Rounding: TypeAlias = Callable[[Array], Array]


def tf32(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams with products in TF32 on a GPU that has it; on the CPU they are full float32."""
    with jax.default_matmul_precision("tensorfloat32"):
        return autograd.gradients(network, params, X, Y)


def bf16_products(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams with the operands of all products in bfloat16, and sums in float32."""
    if X.dtype != jnp.float32:
        return autograd.gradients(network, params, X, Y)
    return value_and_grad(network, params, X, Y, product_of(to_bf16, to_bf16))


def mixed(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams by a policy: products in bfloat16, all else and the params in float32.

    What lies between two layers, Z and A, is stored in bfloat16, and so is what comes back.
    """
    narrow = jnp.bfloat16 if X.dtype == jnp.float32 else X.dtype

    def product(W: Array, A: Array) -> Array:
        return (W.astype(narrow) @ A.astype(narrow)).astype(X.dtype)

    return value_and_grad(network, params, X, Y, product, lambda array: array.astype(narrow).astype(X.dtype))


def float8(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams with the operands of all products in float8: e4m3, and e5m2 for dZ."""
    if X.dtype != jnp.float32:
        return autograd.gradients(network, params, X, Y)
    return value_and_grad(network, params, X, Y, product_of(to_e4m3, to_e5m2))


def value_and_grad(
    network: Network, params: Params, X: Array, Y: Array, product: Callable[[Array, Array], Array],
    stored: Callable[[Array], Array] = lambda array: array,
) -> tuple[Array, Params]:  # fmt: skip
    """Return J and dParams; product: (W, A) -> W A. stored: Z or A -> what the next function takes."""

    def cost(params: Params) -> Array:
        A = X
        for l, (W, b) in enumerate(params, start=1):
            Z = stored(product(W, A) + b)
            A = stored(l_layer.activation_forward(network, l, Z)) if l < network.L else Z
        return l_layer.cost(network, Z, Y)

    J, dParams = jax.value_and_grad(cost)(params)
    return J, dParams


def to_bf16(M: Array) -> Array:
    """Return a float32 matrix in bfloat16; `astype` alone may be left out by XLA, as excess precision."""
    return jax.lax.reduce_precision(M, exponent_bits=8, mantissa_bits=7).astype(jnp.bfloat16)


def to_e4m3(M: Array) -> Array:
    """Return a float32 matrix rounded to e4m3, scaled by a power of two that its largest number fits."""
    return scaled(M, jnp.float8_e4m3fn, 8)


def to_e5m2(M: Array) -> Array:
    """Return a float32 matrix rounded to e5m2, scaled likewise."""
    return scaled(M, jnp.float8_e5m2, 15)


def scaled(M: Array, dtype: type, top: int) -> Array:
    """Return the matrix rounded to a format whose largest power of two is 2^top."""
    _, exponent = jnp.frexp(jnp.abs(M).max())
    scale = jnp.ldexp(jnp.ones_like(M[0, 0]), jnp.maximum(exponent - top, -126))
    return (M / scale).astype(dtype).astype(M.dtype) * scale


def product_of(rounded: Rounding, rounded_back: Rounding) -> Callable[[Array, Array], Array]:
    """Return (W, A) -> W A of rounded operands, whose derivatives are products of rounded operands too."""

    times = partial(jnp.matmul, preferred_element_type=jnp.float32)

    @jax.custom_vjp
    def product(W: Array, A: Array) -> Array:
        return times(rounded(W), rounded(A))

    def forward(W: Array, A: Array) -> tuple[Array, tuple[Array, Array]]:
        W, A = rounded(W), rounded(A)
        return times(W, A), (W, A)

    def backward(operands: tuple[Array, Array], dZ: Array) -> tuple[Array, Array]:
        W, A = operands
        dZ = rounded_back(dZ)
        return times(dZ, A.T), times(W.T, dZ)

    product.defvjp(forward, backward)
    return product
