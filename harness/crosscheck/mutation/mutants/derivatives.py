"""Signs and derivatives."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Network

from crosscheck.mutation.mutant import Kind, also, mutant
from crosscheck.oracle.reference import Reference


@mutant("dZ = Y - A", Kind.CLASSIC, "the sign of dZ[L] is wrong: it is A - Y", Reference.output_dZ)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return Y - A


@mutant(
    "dZ[L] times g'",
    Kind.CLASSIC,
    "dZ[L] is multiplied by the sigmoid's derivative once too often: with cross-entropy it is just A - Y",
    Reference.output_dZ,
)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return (A - Y) * self.derivative(network, network.L, Z, A)


@mutant(
    "dZ[L] without g'",
    Kind.CLASSIC,
    "dZ[L] lacks the derivative of the output's activation: with squared error it is (A - Y) g'(Z)",
    Reference.output_dZ,
)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    return A - Y


@mutant(
    "twice the squared error's gradient",
    Kind.CLASSIC,
    "the gradient is that of (A - Y)^2 without the 1/2",
    Reference.output_dZ,
)
def _twice_dZ(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return 2 * (A - Y) * self.derivative(network, network.L, Z, A)
    return A - Y


@mutant("squared error without its 1/2", Kind.CLASSIC, "the loss is (A - Y)^2 without the 1/2", Reference.squared_error)
def _without_half(self: Reference, A: Array, Y: Array) -> Array:
    return (A - Y) ** 2


mutant(
    "squared error and its gradient without 1/2",
    Kind.CLASSIC,
    "the loss is (A - Y)^2 without the 1/2, and the gradient is taken of that",
    Reference.squared_error,
)(_without_half)
also("squared error and its gradient without 1/2", Reference.output_dZ)(_twice_dZ)


@mutant("dZ without g'", Kind.CLASSIC, "dZ of a hidden layer lacks the derivative of its activation", Reference.dZ)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    return dA


@mutant("g' at A instead of Z", Kind.CLASSIC, "the derivative is taken at A[l]; it belongs at Z[l]", Reference.dZ)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    return dA * self.derivative(network, l - 1, A[l - 1], self.g(network, l - 1, A[l - 1]))


@mutant(
    "g'(Z) written with Z for A",
    Kind.CLASSIC,
    "the derivative is written with A, such as A (1 - A) or 1 - A^2, but was given Z",
    Reference.dZ,
)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    return dA * self.derivative(network, l - 1, Z[l - 2], Z[l - 2])


@mutant("g' of the layer before", Kind.CLASSIC, "dZ uses the Z of another layer", Reference.dZ)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    return dA * self.derivative(network, l - 1, Z[l - 1], A[l])


@mutant(
    "g(Z) for g'(Z)", Kind.CLASSIC, "dA is multiplied by the activation itself, not by its derivative", Reference.dZ
)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    return dA * A[l - 1]


@mutant("tanh' = 1 - A", Kind.CLASSIC, "the derivative of tanh lacks its square: 1 - A^2", Reference.tanh_derivative)
def _(self: Reference, A: Array) -> Array:
    return 1 - A


@mutant(
    "tanh' = A (1 - A)", Kind.CLASSIC, "the derivative of tanh is taken as the sigmoid's", Reference.tanh_derivative
)
def _(self: Reference, A: Array) -> Array:
    return A * (1 - A)


@mutant(
    "sigmoid' = A (1 + A)", Kind.CLASSIC, "a sign in the sigmoid's derivative: A (1 - A)", Reference.sigmoid_derivative
)
def _(self: Reference, A: Array) -> Array:
    return A * (1 + A)


@mutant(
    "sigmoid' = 1 - A^2",
    Kind.CLASSIC,
    "the derivative of the sigmoid is taken as that of tanh",
    Reference.sigmoid_derivative,
)
def _(self: Reference, A: Array) -> Array:
    return 1 - A * A


@mutant(
    "sigmoid(2 z)",
    Kind.CLASSIC,
    "the sigmoid is that of 2 z, as 0.5 (tanh(z) + 1) is; half of z belongs into that tanh",
    Reference.sigmoid,
)
def _(self: Reference, Z: Array) -> Array:
    e = np.exp(-2 * np.abs(Z))
    return np.where(Z < 0, e, 1) / (1 + e)


@mutant(
    "ReLU' = 0 to the left of 1",
    Kind.CLASSIC,
    "the derivative of ReLU is 1 where Z > 1 only",
    Reference.relu_derivative,
)
def _(self: Reference, network: Network, Z: Array, A: Array) -> Array:
    return (Z > 1).astype(Z.dtype)


@mutant(
    "ReLU' of the wrong side",
    Kind.CLASSIC,
    "the derivative of ReLU is 1 where Z is negative",
    Reference.relu_derivative,
)
def _(self: Reference, network: Network, Z: Array, A: Array) -> Array:
    return (Z < 0).astype(Z.dtype)


@mutant("ReLU' = Z", Kind.CLASSIC, "the derivative of ReLU is taken as ReLU itself", Reference.relu_derivative)
def _(self: Reference, network: Network, Z: Array, A: Array) -> Array:
    return A


@mutant(
    "leaky ReLU' = 0 on the left",
    Kind.CLASSIC,
    "the derivative of leaky ReLU left of 0 is its slope, not 0",
    Reference.leaky_relu_derivative,
)
def _(self: Reference, network: Network, Z: Array) -> Array:
    return self.right_of_kink(network, "leaky_relu", Z).astype(Z.dtype)


@mutant(
    "leaky ReLU without its slope",
    Kind.CLASSIC,
    "leaky ReLU is computed as ReLU, its derivative with the slope",
    Reference.leaky_relu,
)
def _(self: Reference, network: Network, Z: Array) -> Array:
    return np.where(Z < 0, 0 * Z, Z)


@mutant(
    "leaky slope 0.01 whatever was asked",
    Kind.CLASSIC,
    "the derivative's slope is written as 0.01, whatever the network asks for",
    Reference.leaky_relu_derivative,
)
def _(self: Reference, network: Network, Z: Array) -> Array:
    right = self.right_of_kink(network, "leaky_relu", Z).astype(Z.dtype)
    return right + 0.01 * (1 - right)


@mutant(
    "ReLU for leaky ReLU's forward",
    Kind.CLASSIC,
    "the slope of leaky ReLU is rounded: 0.01 with an error of 1e-6",
    Reference.leaky_relu,
)
def _(self: Reference, network: Network, Z: Array) -> Array:
    return np.where(Z < 0, (network.leaky_slope + 1e-6) * Z, Z)
