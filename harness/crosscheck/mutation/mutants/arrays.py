"""The wrong array, the wrong way round."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.mutation.mutant import Kind, mutant
from crosscheck.oracle.reference import Reference


@mutant("W not transposed", Kind.CLASSIC, "dA is W dZ; it must be W^T dZ", Reference.dA)
def _(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
    return params[l - 1].W @ dZ


@mutant("dA through the layer before", Kind.CLASSIC, "dA is taken back through another layer's W", Reference.dA)
def _(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
    return params[l - 2].W.T @ dZ


@mutant("dW with Z instead of A", Kind.CLASSIC, "dW[l] multiplies dZ[l] with Z[l-1]; it must be A[l-1]", Reference.dW)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return dZ @ (Z[l - 2] if l > 1 else A[0]).T / m


@mutant(
    "dW with A[l] instead of A[l-1]",
    Kind.CLASSIC,
    "dW[l] multiplies dZ[l] with the layer's own A[l]; it must be its input A[l-1]",
    Reference.dW,
)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return dZ @ A[l].T / m


@mutant(
    "layers in the wrong order",
    Kind.CLASSIC,
    "the gradients come back from the last layer to the first",
    Reference.collect,
)
def _(self: Reference, gradients: Params, W: Array, dW: Array, db: Array) -> Params:
    return (*gradients, Layer(dW, db))


@mutant(
    "db summed over everything",
    Kind.CLASSIC,
    "db sums over the units as well; axis=1 keeps one sum for each unit",
    Reference.db,
)
def _(self: Reference, dZ: Array, m: int) -> Array:
    return np.sum(dZ) / m + np.zeros((len(dZ), 1), dZ.dtype)


@mutant("db of rank 1", Kind.CLASSIC, "db has lost an axis: keepdims=True keeps it a column", Reference.db)
def _(self: Reference, dZ: Array, m: int) -> Array:
    return np.sum(dZ, axis=1) / m


@mutant(
    "db from one example", Kind.CLASSIC, "db is the first example's dZ, not the mean over all of them", Reference.db
)
def _(self: Reference, dZ: Array, m: int) -> Array:
    return dZ[:, :1]


@mutant("Z without b", Kind.CLASSIC, "the bias is left out of Z = W A + b", Reference.Z)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return W @ A_prev


@mutant("Z minus b", Kind.CLASSIC, "the bias is subtracted: Z = W A + b", Reference.Z)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return W @ A_prev - b


@mutant("bias only in the first layer", Kind.CLASSIC, "only the first layer's bias is used", Reference.Z)
def _(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
    return W @ A_prev + (b if l == 1 else 0 * b)


@mutant(
    "no activation in the last hidden layer",
    Kind.CLASSIC,
    "the last hidden layer is left without its activation",
    Reference.A,
)
def _(self: Reference, network: Network, l: int, Z: Array, A_prev: Array) -> Array:
    return Z if l == network.L - 1 else self.g(network, l, Z)


@mutant(
    "dZ of a hidden layer divided by m",
    Kind.CLASSIC,
    "dZ is divided by m on its way back, and dW and db again",
    Reference.dZ,
)
def _(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    m = dA.shape[1]
    return dA * self.derivative(network, l - 1, Z[l - 2], A[l - 1]) / m
