"""Conventions and precisions that a library chooses for you."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.mutation.mutant import Kind, also, mutant
from crosscheck.mutation.rounding import bfloat16, flushed, single, tf32
from crosscheck.oracle.reference import Reference


@mutant(
    "relu'(0) = 0",
    Kind.SWITCH,
    "the derivative of ReLU at exactly 0 is taken as 0, as torch.relu and jax.nn.relu do (relu_grad_at_zero left)",
    Reference.right_of_kink,
)
def _(self: Reference, network: Network, name: str, Z: Array) -> Array:
    return Z > 0 if name == "relu" or network.relu_grad_at_zero == "left" else Z >= 0


@mutant(
    "relu'(0) = 1",
    Kind.SWITCH,
    "the derivative of ReLU at exactly 0 is taken as 1, as the notes' z >= 0 says (relu_grad_at_zero right)",
    Reference.right_of_kink,
)
def _(self: Reference, network: Network, name: str, Z: Array) -> Array:
    return Z >= 0 if name == "relu" or network.relu_grad_at_zero == "right" else Z > 0


@mutant(
    "relu'(0) = 1/2",
    Kind.SWITCH,
    "the derivative of ReLU at exactly 0 is taken as 1/2, as autodiff of maximum(z, 0) does",
    Reference.relu_derivative,
)
def _(self: Reference, network: Network, Z: Array, A: Array) -> Array:
    return ((Z > 0).astype(Z.dtype) + (Z >= 0)) / 2


@mutant(
    "leaky_relu'(0) = slope",
    Kind.SWITCH,
    "the derivative of leaky ReLU at exactly 0 is the left one, the slope, as torch's leaky_relu says "
    "(relu_grad_at_zero left)",
    Reference.right_of_kink,
)
def _(self: Reference, network: Network, name: str, Z: Array) -> Array:
    return Z > 0 if name == "leaky_relu" or network.relu_grad_at_zero == "left" else Z >= 0


@mutant(
    "leaky_relu'(0) = 1",
    Kind.SWITCH,
    "the derivative of leaky ReLU at exactly 0 is the right one, 1, as jax.nn.leaky_relu says (relu_grad_at_zero "
    "right)",
    Reference.right_of_kink,
)
def _(self: Reference, network: Network, name: str, Z: Array) -> Array:
    return Z >= 0 if name == "leaky_relu" or network.relu_grad_at_zero == "right" else Z > 0


@mutant(
    "leaky_relu'(0) = (1 + slope) / 2",
    Kind.SWITCH,
    "the derivative of leaky ReLU at exactly 0 is halfway between slope and 1, as autodiff of maximum(z, slope z) says",
    Reference.leaky_relu_derivative,
)
def _(self: Reference, network: Network, Z: Array) -> Array:
    right = ((Z > 0).astype(Z.dtype) + (Z >= 0)) / 2
    return right + network.leaky_slope * (1 - right)


@mutant(
    "logarithms clamped at -100",
    Kind.SWITCH,
    "the logarithms in the cost are cut off at -100 and the gradient divides by at least 1e-12, as torch.nn.BCELoss "
    "does; compute the cost from the logits",
    Reference.cross_entropy,
)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return -(Y * np.maximum(np.log(A), -100) + (1 - Y) * np.maximum(np.log1p(-A), -100))


@also("logarithms clamped at -100", Reference.output_dZ)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return (A - Y) / np.maximum(A * (1 - A), 1e-12) * (A * (1 - A))


@mutant(
    "log(sigmoid(z)) saturates",
    Kind.SWITCH,
    "the cost is the logarithm of a sigmoid already rounded to 0 or 1, and the gradient divides by it: inf or NaN "
    "where |Z| is large; compute the cost from the logits",
    Reference.cross_entropy,
)
def _by_logarithms(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A))


@also("log(sigmoid(z)) saturates", Reference.output_dZ)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return (-(Y / A) + (1 - Y) / (1 - A)) * (A * (1 - A))


mutant(
    "log(sigmoid(z)) saturates, dZ right",
    Kind.SWITCH,
    "the cost is the logarithm of a sigmoid already rounded to 0 or 1: inf or NaN where |Z| is large; the gradient A "
    "- Y is right; compute the cost from the logits",
    Reference.cross_entropy,
)(_by_logarithms)


@mutant(
    "softplus threshold 20",
    Kind.SWITCH,
    "softplus(z) is taken as z above 20, and its derivative as 1, as torch.nn.functional.softplus does by default; "
    "write it with log1p, or raise the threshold",
    Reference.softplus,
)
def _(self: Reference, Z: Array) -> Array:
    return np.where(Z > 20, Z, np.where(Z < 0, 0 * Z, Z) + np.log1p(np.exp(-np.abs(Z))))


@also("softplus threshold 20", Reference.output_dZ)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return np.where(Z > 20, 1, A) - Y


@mutant(
    "softplus threshold 20, both signs",
    Kind.SWITCH,
    "softplus(z) and softplus(-z) are cut off above 20, as torch.nn.functional.softplus does by default; write them "
    "with log1p, or raise the threshold",
    Reference.cross_entropy,
)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    above = np.where(Z > 20, Z, self.softplus(Z))
    below = np.where(Z < -20, -Z, self.softplus(-Z))
    return (1 - Y) * above + Y * below


@also("softplus threshold 20, both signs", Reference.output_dZ)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return (1 - Y) * np.where(Z > 20, 1, A) + Y * (np.where(Z < -20, 0, A) - 1)


@mutant(
    "computed in float32",
    Kind.SWITCH,
    "everything is computed in float32, though the arrays are float64, as JAX does unless jax_enable_x64 is on",
    Reference.inputs,
    only_rounds=True,
)
def _(self: Reference, params: Params, X: Array, Y: Array) -> tuple[Params, Array, Array]:
    return tuple(Layer(single(W), single(b)) for W, b in params), single(X), single(Y)


@mutant(
    "TF32 products",
    Kind.SWITCH,
    "the operands of matrix products are rounded to 10 bits, as TF32 does on a GPU; "
    "torch.set_float32_matmul_precision('highest'), or jax_default_matmul_precision",
    Reference.Z,
    only_rounds=True,
)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return tf32(W) @ tf32(A_prev) + b


@also("TF32 products", Reference.dW)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return tf32(dZ) @ tf32(A[l - 1]).T / m


@also("TF32 products", Reference.dA)
def _(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
    return tf32(params[l - 1].W).T @ tf32(dZ)


@mutant(
    "bfloat16 products",
    Kind.SWITCH,
    "the operands of matrix products are rounded to bfloat16, as autocast and TPUs do",
    Reference.Z,
    only_rounds=True,
)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return bfloat16(W) @ bfloat16(A_prev) + b


@also("bfloat16 products", Reference.dW)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return bfloat16(dZ) @ bfloat16(A[l - 1]).T / m


@also("bfloat16 products", Reference.dA)
def _(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
    return bfloat16(params[l - 1].W).T @ bfloat16(dZ)


@mutant(
    "tanh as 2 sigmoid(2 z) - 1",
    Kind.SWITCH,
    "tanh is computed as 2 sigmoid(2 z) - 1, which loses the digits of small values: use the library's tanh",
    Reference.tanh,
)
def _(self: Reference, Z: Array) -> Array:
    return 2 * self.sigmoid(2 * Z) - 1


@mutant(
    "sigmoid as (1 + tanh(z / 2)) / 2",
    Kind.SWITCH,
    "the sigmoid is computed as (1 + tanh(z / 2)) / 2, which loses the digits of values near 0: use 1 / (1 + exp(-z))",
    Reference.sigmoid,
)
def _(self: Reference, Z: Array) -> Array:
    return (1 + np.tanh(Z / 2)) / 2


@mutant(
    "subnormal numbers flushed to 0",
    Kind.SWITCH,
    "numbers below the normal range are taken as 0, as XLA on the CPU and many GPUs do: scale the features",
    Reference.features,
    only_rounds=True,
)
def _(self: Reference, X: Array) -> Array:
    return flushed(X)


@also("subnormal numbers flushed to 0", Reference.Z)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return flushed(flushed(W) @ A_prev + flushed(b))


@also("subnormal numbers flushed to 0", Reference.dW)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return flushed(flushed(dZ) @ A[l - 1].T / m)
