"""The network with L layers, out of building blocks: linear → activation, forward and backward (notes: N18).

X = A[0] (n[0], m), Y (n[L], m); layer l is params[l - 1] = Layer(W (n[l], n[l-1]), b (n[l], 1)).
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from numpy import ndarray as Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_numpy import losses
from crosscheck_impls.with_numpy.activations import activation

Activate: TypeAlias = Callable[[Network, int, Array], Array]
OfOutput: TypeAlias = Callable[[Network, Array, Array], Array]


class Cache(NamedTuple):
    """What backward needs again of layer l: A[l-1] (n[l-1], m) and Z[l] (n[l], m)."""

    A_prev: Array
    Z: Array


def linear_forward(layer: Layer, A: Array) -> Array:
    """Z[l] = W[l] A[l−1] + b[l], (n[l], m)."""
    return layer.W @ A + layer.b


def activation_forward(network: Network, l: int, Z: Array) -> Array:
    """A[l] = g[l](Z[l]), (n[l], m)."""
    return activation(network, l).g(Z)


def activation_backward(network: Network, l: int, dA: Array, Z: Array, A: Array) -> Array:
    """dZ[l] = dA[l] ∘ g[l]′(Z[l]), (n[l], m)."""
    return dA * activation(network, l).derivative(Z, A)


def linear_backward(dZ: Array, A: Array) -> Layer:
    """Return Layer(dW[l] (n[l], n[l-1]), db[l] (n[l], 1)) from dZ[l] (n[l], m) and A[l-1] (n[l-1], m)."""
    m = A.shape[1]
    # dW[l] = 1/m dZ[l] A[l−1]ᵀ                                               (n[l], n[l−1])
    dW = dZ @ A.T / m
    # db[l] = 1/m Σ dZ[l]                                                     (n[l], 1)
    db = dZ.sum(axis=1, keepdims=True) / m
    return Layer(dW, db)


def input_backward(layer: Layer, dZ: Array) -> Array:
    """dA[l−1] = W[l]ᵀ dZ[l], (n[l−1], m); nobody needs dA[0]."""
    return layer.W.T @ dZ


def forward(
    network: Network, params: Params, X: Array, activate: Activate = activation_forward
) -> tuple[Array, list[Cache]]:
    """Return Z[L] (n[L], m) and the cache of every layer; activate: (network, l, Z[l]) -> A[l]."""
    A = X
    caches = []
    for l, layer in enumerate(params, start=1):
        Z = linear_forward(layer, A)
        caches.append(Cache(A, Z))
        if l < network.L:
            A = activate(network, l, Z)
    return Z, caches


def cost(network: Network, Z: Array, Y: Array) -> Array:
    """Return J from Z[L] (n[L], m), for either loss."""
    return losses.cost(network, Z, Y)


def layers_backward(network: Network, params: Params, caches: list[Cache], dZ: Array) -> Params:
    """Return dParams from dZ[L] (n[L], m), from the last layer to the first; dA[0] is not computed."""
    gradients = []
    for l in range(network.L, 0, -1):
        A = caches[l - 1].A_prev
        gradients.append(linear_backward(dZ, A))
        if l > 1:
            dA = input_backward(params[l - 1], dZ)
            dZ = activation_backward(network, l - 1, dA, caches[l - 2].Z, A)
    return tuple(reversed(gradients))


class Formulas(NamedTuple):
    """What a variant may write in another form: (network, l, Z[l]) -> A[l]; (network, Z[L], Y) -> J and -> dZ[L]."""

    activate: Activate = activation_forward
    cost: OfOutput = losses.cost
    output_gradient: OfOutput = losses.output_gradient


STABLE = Formulas()


def backward(network: Network, params: Params, X: Array, Y: Array, formulas: Formulas = STABLE) -> tuple[Array, Params]:
    """Return J and dParams."""
    Z, caches = forward(network, params, X, formulas.activate)
    dZ = formulas.output_gradient(network, Z, Y)
    return formulas.cost(network, Z, Y), layers_backward(network, params, caches, dZ)


def predict(network: Network, params: Params, X: Array) -> Array:
    """Return 1 where A[L] > 0.5, else 0 (notes: N27); A[L] itself for a linear or ReLU output (N21)."""
    Z, _ = forward(network, params, X)
    A = activation_forward(network, network.L, Z)
    if network.g[-1] in ("linear", "relu"):
        return A
    return (A > 0.5).astype("int64")
