"""Fewer bits than the arrays have."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Network

from crosscheck.mutation.mutant import Kind, mutant
from crosscheck.mutation.rounding import bfloat16, tf32, through_half, through_single
from crosscheck.oracle.reference import Reference


@mutant("Z through float32", Kind.PRECISION, "Z passes through float32", Reference.Z, only_rounds=True)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return through_single(W @ A_prev + b)


@mutant("Z through float16", Kind.PRECISION, "Z passes through float16", Reference.Z, only_rounds=True)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return through_half(W @ A_prev + b)


@mutant("dZ through float32", Kind.PRECISION, "dZ[L] passes through float32", Reference.output_dZ, only_rounds=True)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return through_single(A - Y)


@mutant("dW through float16", Kind.PRECISION, "dW passes through float16", Reference.dW, only_rounds=True)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return through_half(dZ @ A[l - 1].T / m)


@mutant("J through float32", Kind.PRECISION, "the cost is summed in float32", Reference.mean, only_rounds=True)
def _(self: Reference, losses: Array, m: int) -> Array:
    return np.sum(through_single(losses)) / m


@mutant(
    "TF32 in dW only",
    Kind.PRECISION,
    "the operands of dW's product are rounded to 10 bits",
    Reference.dW,
    only_rounds=True,
)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return tf32(dZ) @ tf32(A[l - 1]).T / m


@mutant(
    "TF32 in Z only",
    Kind.PRECISION,
    "the operands of Z's product are rounded to 10 bits",
    Reference.Z,
    only_rounds=True,
)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return tf32(W) @ tf32(A_prev) + b


@mutant(
    "bfloat16 in Z only",
    Kind.PRECISION,
    "the operands of Z's product are rounded to 8 bits",
    Reference.Z,
    only_rounds=True,
)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return bfloat16(W) @ bfloat16(A_prev) + b


@mutant(
    "tanh by an approximation",
    Kind.PRECISION,
    "tanh is the fraction z (27 + z^2) / (27 + 9 z^2), cut off at 1",
    Reference.tanh,
)
def _(self: Reference, Z: Array) -> Array:
    return np.minimum(np.maximum(Z * (27 + Z * Z) / (27 + 9 * Z * Z), -1), 1)


@mutant("hard sigmoid", Kind.PRECISION, "the sigmoid is the line z / 4 + 1/2, cut off at 0 and 1", Reference.sigmoid)
def _(self: Reference, Z: Array) -> Array:
    return np.minimum(np.maximum(Z / 4 + 0.5, 0), 1)
