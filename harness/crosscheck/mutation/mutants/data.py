"""Not the data that were given."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Params

from crosscheck.mutation.mutant import Kind, mutant
from crosscheck.mutation.rounding import through_half, through_single
from crosscheck.oracle.reference import Reference


@mutant("the first example left out", Kind.DATA, "the first example is left out", Reference.inputs)
def _(self: Reference, params: Params, X: Array, Y: Array) -> tuple[Params, Array, Array]:
    return params, X[:, 1:], Y[:, 1:]


@mutant("the last example left out of dW", Kind.DATA, "the last example is left out of dW's product", Reference.dW)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    return dZ[:, :-1] @ A[l - 1][:, :-1].T / m


@mutant("the first feature left out", Kind.DATA, "the first feature is taken as 0", Reference.features)
def _(self: Reference, X: Array) -> Array:
    return np.concatenate([0 * X[:1], X[1:]])


@mutant("two features swapped", Kind.DATA, "the first and the last feature are swapped", Reference.features)
def _(self: Reference, X: Array) -> Array:
    return np.concatenate([X[-1:], X[1:-1], X[:1]]) if len(X) > 1 else X


@mutant("labels smoothed by 1e-7", Kind.DATA, "the labels are smoothed by 1e-7: Y (1 - 2e-7) + 1e-7", Reference.inputs)
def _(self: Reference, params: Params, X: Array, Y: Array) -> tuple[Params, Array, Array]:
    return params, X, Y * (1 - 2e-7) + 1e-7


@mutant("one label flipped", Kind.DATA, "the label of the first example is the other one", Reference.inputs)
def _(self: Reference, params: Params, X: Array, Y: Array) -> tuple[Params, Array, Array]:
    return params, X, np.concatenate([1 - Y[:, :1], Y[:, 1:]], axis=1)


@mutant("labels in reverse", Kind.DATA, "the labels belong to the examples in reverse order", Reference.inputs)
def _(self: Reference, params: Params, X: Array, Y: Array) -> tuple[Params, Array, Array]:
    return params, X, Y[:, ::-1]


@mutant("X through float16", Kind.DATA, "the features pass through float16", Reference.features, only_rounds=True)
def _(self: Reference, X: Array) -> Array:
    return through_half(X)


@mutant("X through float32", Kind.DATA, "the features pass through float32", Reference.features, only_rounds=True)
def _(self: Reference, X: Array) -> Array:
    return through_single(X)


@mutant("X scaled once more", Kind.DATA, "the features are divided by 255 once more", Reference.features)
def _(self: Reference, X: Array) -> Array:
    return X / 255


@mutant(
    "labels -1 and 1", Kind.DATA, "the labels are taken as -1 and 1: the notes' formulas want 0 and 1", Reference.inputs
)
def _(self: Reference, params: Params, X: Array, Y: Array) -> tuple[Params, Array, Array]:
    return params, X, 2 * Y - 1
