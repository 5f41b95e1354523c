"""Misprints: what the course notes say, letter by letter."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Network

from crosscheck.mutation.mutant import Kind, also, mutant
from crosscheck.oracle.reference import Reference


@mutant("A = 1 / 1 + exp(-Z)", Kind.MISPRINT, "the sigmoid lacks its parentheses: 1 / (1 + exp(-Z))", Reference.sigmoid)
def _without_parentheses(self: Reference, Z: Array) -> Array:
    return 1 / 1 + np.exp(-Z)


mutant(
    "A = 1 / 1 + exp(-Z), J by log(A)",
    Kind.MISPRINT,
    "the sigmoid lacks its parentheses: 1 / (1 + exp(-Z)); A is above 1 then, and log(1 - A) is NaN",
    Reference.sigmoid,
)(_without_parentheses)


@also("A = 1 / 1 + exp(-Z), J by log(A)", Reference.cross_entropy)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A))


@mutant(
    "J without its minus",
    Kind.MISPRINT,
    "the cross-entropy lacks its minus: -(Y log A + (1 - Y) log(1 - A))",
    Reference.cross_entropy,
)
def _without_minus(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return -(self.softplus(Z) - Y * Z)


mutant(
    "J and its gradient without their minus",
    Kind.MISPRINT,
    "the cross-entropy lacks its minus, and the gradient is taken of that: -(Y log A + (1 - Y) log(1 - A))",
    Reference.cross_entropy,
)(_without_minus)


@also("J and its gradient without their minus", Reference.output_dZ)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return Y - A


@mutant("A[l] = g(A[l])", Kind.MISPRINT, "the activation is applied twice: A[l] = g(Z[l])", Reference.A)
def _(self: Reference, network: Network, l: int, Z: Array, A_prev: Array) -> Array:
    return self.g(network, l, self.g(network, l, Z))


@mutant("A[l] = g(A[l-1])", Kind.MISPRINT, "the activation is applied to the layer's input, not to Z[l]", Reference.A)
def _(self: Reference, network: Network, l: int, Z: Array, A_prev: Array) -> Array:
    return self.g(network, l, A_prev)


@mutant(
    "dZ[l-1] with g'[l]",
    Kind.MISPRINT,
    "dZ of a layer uses the next layer's activation: it must be g'[l-1] at Z[l-1]",
    Reference.dZ,
)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    return dA * self.derivative(network, l, Z[l - 2], A[l - 1])


@mutant(
    "Z = X W + b",
    Kind.MISPRINT,
    "the product is the wrong way round: Z = W X + b with examples as columns",
    Reference.Z,
)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return A_prev @ W + b


@mutant(
    "square root error", Kind.MISPRINT, "the loss is the root of the error, not its square", Reference.squared_error
)
def _(self: Reference, A: Array, Y: Array) -> Array:
    return np.sqrt(np.abs(A - Y)) / 2


@mutant(
    "reshape for transpose",
    Kind.MISPRINT,
    "A is reshaped where it must be transposed: reshape keeps the numbers in their order and mixes examples",
    Reference.dW,
)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return dZ @ A[l - 1].reshape(A[l - 1].T.shape) / m
