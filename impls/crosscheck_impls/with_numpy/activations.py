"""The activations and their derivatives, side by side (notes: N15).

Every function is elementwise: Z, A and the result are (n[l], m). A derivative takes Z and A = g(Z).
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy import ndarray as Array

from crosscheck_impls.interface import Network, Side


def sigmoid(Z: Array) -> Array:
    """The sigmoid, from exp(−|Z|), which cannot overflow.

    >>> round(float(sigmoid(np.array(9.2))), 12)
    0.999898970806
    """
    # σ(Z) = 1 / (1 + e⁻ᶻ) = eᶻ / (1 + eᶻ)
    e = np.exp(-np.abs(Z))
    return np.where(Z < 0, e, np.ones_like(e)) / (1 + e)


def sigmoid_derivative(Z: Array, A: Array) -> Array:
    """σ′(Z) = σ(Z) (1 − σ(Z))."""
    return A * (1 - A)


def tanh(Z: Array) -> Array:
    """Return tanh(Z), the library's."""
    return np.tanh(Z)


def tanh_derivative(Z: Array, A: Array) -> Array:
    """tanh′(Z) = 1 − tanh(Z)²."""
    return 1 - A * A


def left_of_kink(Z: Array, side: Side) -> Array:
    """Return where the derivative takes its left value: Z < 0, and Z = 0 as well if the side says `left`."""
    return Z < 0 if side == "right" else Z <= 0


def relu(Z: Array, side: Side = "right") -> Array:
    """max(Z, 0); NaN stays NaN."""
    return np.where(left_of_kink(Z, side), np.zeros_like(Z), Z)


def relu_derivative(Z: Array, A: Array, side: Side = "right") -> Array:
    """1 right of 0, 0 left of it, and at 0 as the side says."""
    return np.where(left_of_kink(Z, side), np.zeros_like(Z), np.ones_like(Z))


def leaky_relu(Z: Array, slope: float = 0.01, side: Side = "right") -> Array:
    """max(slope Z, Z) for 0 <= slope < 1."""
    return np.where(left_of_kink(Z, side), slope * Z, Z)


def leaky_relu_derivative(Z: Array, A: Array, slope: float = 0.01, side: Side = "right") -> Array:
    """1 right of 0, slope left of it, and at 0 as the side says."""
    return np.where(left_of_kink(Z, side), np.full_like(Z, slope), np.ones_like(Z))


def linear(Z: Array) -> Array:
    """Z itself: a neuron without activation is linear regression (notes: N1, N20, N21)."""
    return Z


def linear_derivative(Z: Array, A: Array) -> Array:
    """1."""
    return np.ones_like(Z)


def step(Z: Array) -> Array:
    """The perceptron: 1 where Z > 0, else 0, so 0 at exactly 0 (notes: N1); it only predicts."""
    return np.where(Z > 0, np.ones_like(Z), np.zeros_like(Z))


def step_derivative(Z: Array, A: Array) -> Array:
    """0 wherever it exists, which is why `step` cannot be trained."""
    return np.zeros_like(Z)


class Activation(NamedTuple):
    """g: Z -> A, and derivative: Z, A -> g′(Z)."""

    g: Callable[[Array], Array]
    derivative: Callable[[Array, Array], Array]


@lru_cache(maxsize=256)
def activation(network: Network, l: int) -> Activation:
    """Return g[l] and g[l]′ with the network's slope and kink."""
    slope, side = network.leaky_slope, network.relu_grad_at_zero
    return {
        "sigmoid": Activation(sigmoid, sigmoid_derivative),
        "tanh": Activation(tanh, tanh_derivative),
        "relu": Activation(partial(relu, side=side), partial(relu_derivative, side=side)),
        "leaky_relu": Activation(
            partial(leaky_relu, slope=slope, side=side),
            partial(leaky_relu_derivative, slope=slope, side=side),
        ),
        "linear": Activation(linear, linear_derivative),
        "step": Activation(step, step_derivative),
    }[network.g[l - 1]]
