"""What real code does: half a cost, another base, a derivative of something else, dA for dZ."""

from __future__ import annotations

import math

import numpy as np
from crosscheck_impls.interface import Array, Network, Params

from crosscheck.mutation.mutant import Kind, mutant
from crosscheck.oracle.reference import Reference


@mutant(
    "J without its second term",
    Kind.CLASSIC,
    "the cost has only its first term, Y log A; (1 - Y) log(1 - A) is missing",
    Reference.cross_entropy,
)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return Y * (self.softplus(Z) - Z)


@mutant(
    "J without its first term",
    Kind.CLASSIC,
    "the cost has only its second term, (1 - Y) log(1 - A); Y log A is missing",
    Reference.cross_entropy,
)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return (1 - Y) * self.softplus(Z)


@mutant(
    "J with a minus between its terms",
    Kind.CLASSIC,
    "the two terms of the cost are subtracted, where they must be added: Y log A + (1 - Y) log(1 - A)",
    Reference.cross_entropy,
)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return Y * (self.softplus(Z) - Z) - (1 - Y) * self.softplus(Z)


@mutant(
    "J with logarithms to base 2",
    Kind.CLASSIC,
    "the logarithms of the cost are to base 2; they must be natural, np.log",
    Reference.cross_entropy,
)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return (self.softplus(Z) - Y * Z) / math.log(2)


@mutant(
    "J with logarithms to base 10",
    Kind.CLASSIC,
    "the logarithms of the cost are to base 10; they must be natural, np.log",
    Reference.cross_entropy,
)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return (self.softplus(Z) - Y * Z) / math.log(10)


@mutant(
    "J of squared errors",
    Kind.CLASSIC,
    "the cost is the squared error, (A - Y)^2, where the cross-entropy is asked for",
    Reference.cross_entropy,
)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return (A - Y) ** 2


@mutant("dZ[L] squared", Kind.CLASSIC, "dZ[L] is squared: it is A - Y, not (A - Y)^2", Reference.output_dZ)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) ** 2 * self.derivative(network, network.L, Z, A)
    return (A - Y) ** 2


@mutant(
    "dZ[L] is dA[L]",
    Kind.CLASSIC,
    "dA[L] = -Y/A + (1 - Y)/(1 - A) stands for dZ[L]; it must be multiplied by A (1 - A), which gives A - Y",
    Reference.output_dZ,
)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return -Y / A + (1 - Y) / (1 - A)


@mutant(
    "dZ[L] times tanh'",
    Kind.CLASSIC,
    "dZ[L] is multiplied by 1 - A^2, the derivative of tanh; with a sigmoid and cross-entropy it is just A - Y",
    Reference.output_dZ,
)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return (A - Y) * (1 - A * A)


@mutant("tanh' = 1 + A^2", Kind.CLASSIC, "a sign in the derivative of tanh: 1 - A^2", Reference.tanh_derivative)
def _(self: Reference, A: Array) -> Array:
    return 1 + A * A


@mutant(
    "g' as of ReLU",
    Kind.CLASSIC,
    "the derivative of a hidden layer is that of ReLU, 1 where Z > 0, whatever its activation is",
    Reference.dZ,
)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    return dA * (Z[l - 2] > 0).astype(Z[l - 2].dtype)


@mutant(
    "g' as of the sigmoid",
    Kind.CLASSIC,
    "the derivative of a hidden layer is that of the sigmoid, A (1 - A), whatever its activation is",
    Reference.dZ,
)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    return dA * A[l - 1] * (1 - A[l - 1])


@mutant(
    "g' as of tanh",
    Kind.CLASSIC,
    "the derivative of a hidden layer is that of tanh, 1 - A^2, whatever its activation is",
    Reference.dZ,
)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    return dA * (1 - A[l - 1] * A[l - 1])


@mutant(
    "g' of sigmoid(Z) for another activation",
    Kind.CLASSIC,
    "the derivative of a hidden layer is s (1 - s) with s = sigmoid(Z), whatever its activation is",
    Reference.dZ,
)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    s = self.sigmoid(Z[l - 2])
    return dA * s * (1 - s)


@mutant("dA squared", Kind.CLASSIC, "dA is squared on its way back", Reference.dA)
def _(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
    return (params[l - 1].W.T @ dZ) ** 2


@mutant("dA through dW instead of W", Kind.CLASSIC, "dA is dW^T dZ; it must be W^T dZ", Reference.dA)
def _(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
    return dW.T @ dZ


@mutant(
    "dW with A[L]",
    Kind.CLASSIC,
    "dW[l] multiplies dZ[l] with the output A[L]; it must be the layer's input A[l-1]",
    Reference.dW,
)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return dZ @ A[-1].T / m + 0 * (dZ @ A[l - 1].T)


@mutant(
    "db is the mean over everything",
    Kind.CLASSIC,
    "db is the mean over the units as well: np.mean without axis=1, keepdims=True",
    Reference.db,
)
def _(self: Reference, dZ: Array, m: int) -> Array:
    return np.sum(dZ) / dZ.size + np.zeros((len(dZ), 1), dZ.dtype)
