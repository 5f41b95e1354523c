"""Means and sums: m is missing, there twice, or another number."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Network

from crosscheck.mutation.mutant import Kind, also, mutant
from crosscheck.oracle.reference import Reference


@mutant(
    "dW without 1/m",
    Kind.CLASSIC,
    "dW is a sum over the examples where it must be their mean: divide by m",
    Reference.dW,
)
def _dW_as_sum(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return dZ @ A[l - 1].T


@mutant(
    "db without 1/m",
    Kind.CLASSIC,
    "db is a sum over the examples where it must be their mean: divide by m",
    Reference.db,
)
def _db_as_sum(self: Reference, dZ: Array, m: int) -> Array:
    return np.sum(dZ, axis=1, keepdims=True)


mutant(
    "dW and db without 1/m",
    Kind.CLASSIC,
    "the gradient is a sum over the examples where it must be their mean: divide by m",
    Reference.dW,
)(_dW_as_sum)
also("dW and db without 1/m", Reference.db)(_db_as_sum)


@mutant(
    "J without 1/m",
    Kind.CLASSIC,
    "the cost is a sum over the examples where it must be their mean: divide by m",
    Reference.mean,
)
def _J_as_sum(self: Reference, losses: Array, m: int) -> Array:
    return np.sum(losses)


@mutant("divided by m twice", Kind.CLASSIC, "the gradient is divided by m twice", Reference.dW)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return dZ @ A[l - 1].T / m / m


@also("divided by m twice", Reference.db)
def _(self: Reference, dZ: Array, m: int) -> Array:
    return np.sum(dZ, axis=1, keepdims=True) / m / m


@mutant(
    "dW divided by m - 1", Kind.CLASSIC, "dW is divided by m - 1; the mean of m examples divides by m", Reference.dW
)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return dZ @ A[l - 1].T / (m - 1)


@mutant(
    "db divided by m - 1", Kind.CLASSIC, "db is divided by m - 1; the mean of m examples divides by m", Reference.db
)
def _(self: Reference, dZ: Array, m: int) -> Array:
    return np.sum(dZ, axis=1, keepdims=True) / (m - 1)


@mutant(
    "J divided by m - 1",
    Kind.CLASSIC,
    "the cost is divided by m - 1; the mean of m examples divides by m",
    Reference.mean,
)
def _(self: Reference, losses: Array, m: int) -> Array:
    return np.sum(losses) / (m - 1)


mutant(
    "J and its gradient without 1/m",
    Kind.CLASSIC,
    "the cost is a sum over the examples where it must be their mean, and the gradient is taken of that: divide by m",
    Reference.mean,
)(_J_as_sum)
also("J and its gradient without 1/m", Reference.dW)(_dW_as_sum)
also("J and its gradient without 1/m", Reference.db)(_db_as_sum)


@mutant(
    "J and its gradient are means over outputs too",
    Kind.CLASSIC,
    "the cost is the mean over the outputs as well, and the gradient is taken of that; the examples alone are averaged",
    Reference.mean,
)
def _J_over_outputs(self: Reference, losses: Array, m: int) -> Array:
    return np.mean(losses)


@also("J and its gradient are means over outputs too", Reference.output_dZ)
def _dZ_over_outputs(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A) / Y.shape[0]
    return (A - Y) / Y.shape[0]


mutant(
    "J is a mean over outputs too",
    Kind.CLASSIC,
    "the cost is the mean over the outputs as well; it must be their sum, and the mean over the examples only",
    Reference.mean,
)(_J_over_outputs)


mutant(
    "gradient of a mean over outputs",
    Kind.CLASSIC,
    "the gradient is divided by the number of outputs as well; only the examples are averaged",
    Reference.output_dZ,
)(_dZ_over_outputs)


@mutant(
    "divided by n instead of m",
    Kind.CLASSIC,
    "the gradient is divided by the number of features, X.shape[0]; the examples are the columns, m = X.shape[1]",
    Reference.count,
)
def _n_for_m(self: Reference, X: Array) -> int:
    return int(X.shape[0])


mutant(
    "J and its gradient over n",
    Kind.CLASSIC,
    "everything is divided by the number of features, X.shape[0]; the examples are the columns, m = X.shape[1]",
    Reference.count,
)(_n_for_m)


@also("J and its gradient over n", Reference.J)
def _(self: Reference, network: Network, A: list[Array], Z: list[Array], Y: Array) -> Array:
    return self.mean(self.losses(network, A[-1], Z[-1], Y), Y.shape[1]) * Y.shape[1] / A[0].shape[0]


@mutant(
    "J and its gradient over 2 m",
    Kind.CLASSIC,
    "everything is divided by 2 m, as some write the squared error's cost",
    Reference.count,
)
def _twice_m(self: Reference, X: Array) -> int:
    return 2 * int(X.shape[1])


@also("J and its gradient over 2 m", Reference.J)
def _(self: Reference, network: Network, A: list[Array], Z: list[Array], Y: Array) -> Array:
    return self.mean(self.losses(network, A[-1], Z[-1], Y), Y.shape[1]) / 2


mutant(
    "divided by twice m",
    Kind.CLASSIC,
    "the gradient is divided by 2 m, as some write the squared error's cost",
    Reference.count,
)(_twice_m)
