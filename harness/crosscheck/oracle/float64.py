"""The oracle: J and its gradient in float64, the mathematics of the notes written once more, for the harness alone.

It shares no code with the implementations. Its own rounding error is bounded by `error_bound.error_bound` with the
unit roundoff of float64; a comparison allows for that error in addition to the implementation's own.

Every function takes a stack of params as well, W (T, n[l], n[l-1]) and b (T, n[l], 1), such as those of the steps of a
run; its results have the same axis in front, and J is (T,).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from crosscheck_impls.interface import KINKED, Layer, Network, Params, Side, check, check_differentiable

Matrix: TypeAlias = npt.NDArray[np.float64]
GradsAtZero: TypeAlias = Mapping[str, Side]
ALL = (-2, -1)  # the axes of a matrix, be it one of a stack or not


class Evaluation(NamedTuple):
    """J, its gradient, and the intermediate results that the error bound needs; of a stack, J is (T,).

    A[l] (n[l], m) for l = 0 ... L; Z, slopes = g′(Z) and dZ (n[l], m) at index l - 1; dA at index l - 1, except
    that dA[L] is A[L] - Y. losses (n[L], m): each example's share of m J.
    """

    J: float
    gradient: Params
    A: list[Matrix]
    Z: list[Matrix]
    slopes: list[Matrix]
    dA: list[Matrix]
    dZ: list[Matrix]
    losses: Matrix


def grads_at_zero(network: Network, own: tuple[tuple[str, Side], ...] = ()) -> dict[str, Side]:
    """Return the derivative at 0 of each activation with a kink: the network's, or a variant's own convention."""
    return dict.fromkeys(KINKED, network.relu_grad_at_zero) | dict(own)


def activate(name: str, Z: Matrix, slope: float) -> Matrix:
    """Return g(Z)."""
    match name:
        case "sigmoid":
            small = np.exp(-np.abs(Z))
            return np.where(Z >= 0, 1.0, small) / (1.0 + small)
        case "tanh":
            return np.tanh(Z)
        case "relu":
            return np.maximum(Z, 0.0)
        case "leaky_relu":
            return np.maximum(Z, slope * Z)
        case "linear":
            return Z
        case _:
            return np.asarray(Z > 0, dtype=np.float64)


def slope_at(name: str, Z: Matrix, A: Matrix, slope: float, at_zero: GradsAtZero) -> Matrix:
    """Return g′(Z)."""
    match name:
        case "sigmoid":
            small = np.exp(-np.abs(Z))
            return small / (1.0 + small) ** 2
        case "tanh":
            return (1.0 - A) * (1.0 + A)
        case "relu" | "leaky_relu":
            right = (Z > 0) | ((Z == 0) & (at_zero[name] == "right"))
            return np.where(right, 1.0, slope if name == "leaky_relu" else 0.0)
        case _:
            return np.ones_like(Z)


def forward(network: Network, params: Params, X: Matrix) -> tuple[list[Matrix], list[Matrix]]:
    """Return A[0 ... L] and Z[1 ... L]."""
    A, Z = [X], []
    for name, (W, b) in zip(network.g, params, strict=True):
        Z.append(W @ A[-1] + b)
        A.append(activate(name, Z[-1], network.leaky_slope))
    return A, Z


class Propagation(NamedTuple):
    """The forward pass of an Evaluation."""

    A: list[Matrix]
    Z: list[Matrix]
    slopes: list[Matrix]


def propagate(network: Network, params: Params, X: Matrix, at_zero: GradsAtZero) -> Propagation:
    """Return A, Z and g′(Z), as in an Evaluation."""
    A, Z = forward(network, params, X)
    slopes = [slope_at(name, Z[l], A[l + 1], network.leaky_slope, at_zero) for l, name in enumerate(network.g)]
    return Propagation(A, Z, slopes)


def evaluate(network: Network, params: Params, X: Matrix, Y: Matrix, at_zero: GradsAtZero | None = None) -> Evaluation:
    """Return J and dParams with all intermediates; float64 arrays. Raises BadInput where shapes do not fit."""
    check(network, first(params), X, Y)
    check_differentiable(network)
    A, Z, slopes = propagate(network, params, X, at_zero or grads_at_zero(network))
    m = X.shape[1]
    difference = A[-1] - Y
    if network.loss == "cross_entropy":
        losses = _losses(Z[-1], Y)
        dZ = difference
    else:
        losses = difference * difference / 2.0
        dZ = difference * slopes[-1]
    dAs, dZs, gradient = [difference], [dZ], []
    for l in range(network.L, 0, -1):
        gradient.append(Layer(dZ @ A[l - 1].mT / m, dZ.sum(axis=-1, keepdims=True) / m))
        if l > 1:
            dA = params[l - 1].W.mT @ dZ
            dZ = dA * slopes[l - 2]
            dAs.append(dA)
            dZs.append(dZ)
    return Evaluation(losses.sum(axis=ALL) / m, tuple(gradient[::-1]), A, Z, slopes, dAs[::-1], dZs[::-1], losses)


def _losses(Z: Matrix, Y: Matrix) -> Matrix:
    """Return softplus(−Z) where the label is 1 and softplus(Z) where it is 0: nothing cancels."""
    if np.isfinite(Z).all() and ((Y == 0) | (Y == 1)).all():  # one of the two would be multiplied by 0
        return np.logaddexp(0.0, np.where(Y == 1, -Z, Z))
    return Y * np.logaddexp(0.0, -Z) + (1.0 - Y) * np.logaddexp(0.0, Z)


def descend(network: Network, params: Params, X: Matrix, Y: Matrix, alpha: float) -> Iterator[tuple[Params, float]]:
    """Yield params[t] and J(params[t]) for t = 0, 1, ...; without end."""
    while True:
        J, gradient, *_ = evaluate(network, params, X, Y)
        yield params, J
        params = tuple(Layer(W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in zip(params, gradient, strict=True))


def stacked(several: Sequence[Params]) -> Params:
    """Return params of the same shapes as one stack."""
    return tuple(Layer(*map(np.stack, zip(*layers, strict=True))) for layers in zip(*several, strict=True))


def unstacked(params: Params) -> list[Params]:
    """Return a stack of params one by one."""
    return [tuple(Layer(W[t], b[t]) for W, b in params) for t in range(len(params[0].W))]


def first(params: Params) -> Params:
    """Return the first params of a stack, or those that are given if they are none."""
    return tuple(Layer(*(array[0] if np.ndim(array) == 3 else array for array in layer)) for layer in params)


def exact(array: Any) -> Matrix:
    """Return the array in float64, which holds every float32 number exactly."""
    return np.asarray(array, dtype=np.float64)
