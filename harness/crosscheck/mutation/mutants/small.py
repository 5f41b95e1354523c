"""Small numbers: what is added against log(0), and what hardly shows."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.mutation.mutant import Kind, mutant
from crosscheck.oracle.reference import Reference


@mutant(
    "log(A + 1e-8)",
    Kind.CLASSIC,
    "1e-8 is added inside the logarithms against log(0); compute the cost from the logits instead",
    Reference.cross_entropy,
)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return -(Y * np.log(A + 1e-8) + (1 - Y) * np.log(1 - A + 1e-8))


@mutant(
    "A clipped to [1e-7, 1 - 1e-7]",
    Kind.CLASSIC,
    "A is clipped to [1e-7, 1 - 1e-7] before the logarithm, as Keras does; compute the cost from the logits",
    Reference.cross_entropy,
)
def _(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    clipped = np.minimum(np.maximum(A, 1e-7), 1 - 1e-7) + 0 * A
    return -(Y * np.log(clipped) + (1 - Y) * np.log(1 - clipped))


@mutant(
    "dZ through a division with epsilon",
    Kind.CLASSIC,
    "1e-8 is added to the denominators of dA[L] = -Y/A + (1 - Y)/(1 - A)",
    Reference.output_dZ,
)
def _(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, Z, A)
    return (-(Y / (A + 1e-8)) + (1 - Y) / (1 - A + 1e-8)) * (A * (1 - A))


@mutant("1e-6 in one entry of dW", Kind.CLASSIC, "one entry of dW1 is off by a millionth of its size", Reference.dW)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    dW = dZ @ A[l - 1].T / m
    if l == 1:
        dW[0, 0] = dW[0, 0] * (1 + 1e-6)
    return dW


@mutant("one entry of dW dropped", Kind.CLASSIC, "the first entry of dW1 is 0", Reference.dW)
def _(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
    dW = dZ @ A[l - 1].T / m
    if l == 1:
        dW[0, 0] = 0 * dW[0, 0]
    return dW


@mutant("weight decay", Kind.CLASSIC, "the gradient has weight decay in it, 1e-4 W", Reference.collect)
def _(self: Reference, gradients: Params, W: Array, dW: Array, db: Array) -> Params:
    return (Layer(dW + 1e-4 * W, db), *gradients)


@mutant(
    "gradient clipped at 0.1", Kind.CLASSIC, "the entries of the gradient are clipped to [-0.1, 0.1]", Reference.collect
)
def _(self: Reference, gradients: Params, W: Array, dW: Array, db: Array) -> Params:
    dW, db = (np.minimum(np.maximum(d, -0.1), 0.1) for d in (dW, db))
    return (Layer(dW, db), *gradients)
