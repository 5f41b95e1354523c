"""Mistakes that programs in the wild have beside those of the table: each is looked for in the lines of its stage.

They are held against somebody's own J and gradient alone; those of `mutation.mutants` are planted everywhere, too.
"""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array, Network

from crosscheck.mutation.mutants import Kind, Mutant
from crosscheck.oracle.reference import RIGHT, Reference


def _second_sum_alone(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return Y * self.softplus(-Z) - Y.shape[1] * (1 - Y) * self.softplus(Z)


def _second_sum_without_m(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return Y * self.softplus(-Z) + Y.shape[1] * (1 - Y) * self.softplus(Z)


def _every_pair(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return self.softplus(Z) - np.mean(Y) * Z


def _softplus_of_the_sign(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    return np.maximum(Z, 0) - Y * Z + np.log(1 + np.exp(-Z))


def _its_gradient(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    return np.heaviside(Z, 0.5) - Y - self.sigmoid(-Z)


def _derivative_at_A(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    if network.loss == "squared_error":
        return (A - Y) * self.derivative(network, network.L, A, self.g(network, network.L, A))
    return A - Y


def _sign_of_dA(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
    if network.g[l - 2] != "relu":
        return RIGHT.dZ(network, l, dA, A, Z)
    return dA * (dA > 0)


def _sigmoid_twice(self: Reference, network: Network, l: int, Z: Array, A_prev: Array) -> Array:
    A = self.g(network, l, Z)
    return self.sigmoid(A) if l == network.L and network.g[-1] == "sigmoid" else A


def _through_both_sigmoids(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    return (A - Y) * self.sigmoid_derivative(self.sigmoid(Z))


def _relu_as_sigmoid_of_A(self: Reference, network: Network, Z: Array, A: Array) -> Array:
    return A * (1 - A)


def _relu_as_tanh(self: Reference, network: Network, Z: Array, A: Array) -> Array:
    return 1 - np.tanh(Z) ** 2


def _relu_as_tanh_of_A(self: Reference, network: Network, Z: Array, A: Array) -> Array:
    return 1 - A**2


HABITS = tuple(
    Mutant(name, Kind.CLASSIC, words, hooks)
    for name, words, hooks in (
        (
            "J: -1/m before its first sum only",
            "-1/m stands before the sum of Y log A alone, not before that of (1 - Y) log(1 - A): brackets are missing",
            {"cross_entropy": _second_sum_alone},
        ),
        (
            "J: 1/m before its first sum only",
            "the sum of (1 - Y) log(1 - A) is not divided by m, as that of Y log A is",
            {"cross_entropy": _second_sum_without_m},
        ),
        (
            "J over every pair of an output and a label",
            "the output of every example meets the label of every other: shapes (m, 1) and (m,) broadcast to (m, m)",
            {"cross_entropy": _every_pair},
        ),
        (
            "log(1 + exp(-Z)) without |Z|",
            "max(Z, 0) - Y Z goes with log(1 + exp(-|Z|)); the absolute value is missing",
            {"cross_entropy": _softplus_of_the_sign},
        ),
        (
            "gradient of log(1 + exp(-Z)) without |Z|",
            "the gradient is that of max(Z, 0) - Y Z + log(1 + exp(-Z)), where |Z| is missing",
            {"output_dZ": _its_gradient},
        ),
        (
            "the output's sigmoid twice",
            "the sigmoid of the output is applied to what a sigmoid has made: A[L] = sigmoid(sigmoid(Z[L]))",
            {"A": _sigmoid_twice},
        ),
        (
            "gradient through two sigmoids",
            "the gradient goes through a second sigmoid of the output: dZ[L] = (A - Y) s (1 - s), s = sigmoid(Z[L])",
            {"output_dZ": _through_both_sigmoids},
        ),
        (
            "dZ[L] times g' at A[L]",
            "the derivative of the output's activation is taken at A[L]; it belongs at Z[L]",
            {"output_dZ": _derivative_at_A},
        ),
        (
            "ReLU' by the sign of dA",
            "dA is set to 0 where dA is negative; it is to be 0 where Z is",
            {"dZ": _sign_of_dA},
        ),
        (
            "ReLU' = A (1 - A)",
            "the derivative of ReLU is written as A (1 - A), which is the sigmoid's",
            {"relu_derivative": _relu_as_sigmoid_of_A},
        ),
        (
            "ReLU' as that of tanh",
            "the derivative of ReLU is taken as that of tanh at Z",
            {"relu_derivative": _relu_as_tanh},
        ),
        (
            "ReLU' = 1 - A^2",
            "the derivative of ReLU is written as 1 - A^2, which is that of tanh",
            {"relu_derivative": _relu_as_tanh_of_A},
        ),
    )
)
JOINT_HABITS = {
    ("the output's sigmoid twice", "gradient through two sigmoids"): Mutant(
        "the output's sigmoid twice",
        Kind.CLASSIC,
        "the sigmoid of the output is applied twice, as where a network ends in one and its loss, such as "
        "BCEWithLogitsLoss, applies another",
        {"A": _sigmoid_twice},
    ),
    ("log(1 + exp(-Z)) without |Z|", "gradient of log(1 + exp(-Z)) without |Z|"): Mutant(
        "log(1 + exp(-Z)) without |Z|",
        Kind.CLASSIC,
        "max(Z, 0) - Y Z goes with log(1 + exp(-|Z|)); the absolute value is missing, in J, and so in its gradient",
        {"cross_entropy": _softplus_of_the_sign},
    ),
}
