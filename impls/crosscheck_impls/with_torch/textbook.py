"""The notes' formulas to the letter: J through log(A), tanh by its definition, dA[L] by division (notes: N3, N8, N18).

They overflow, or divide 0 by 0, where an output saturates; the harness reports that as `undefined`.
"""

import torch
from torch import Tensor as Array

from crosscheck_impls.interface import Network, Params
from crosscheck_impls.with_torch import l_layer
from crosscheck_impls.with_torch.activations import activation
from crosscheck_impls.with_torch.losses import squared_error


def sigmoid_by_definition(Z: Array) -> Array:
    """g(Z) = 1 / (1 + exp(−Z)) (notes: N15)."""
    return 1 / (1 + torch.exp(-Z))


def tanh_by_definition(Z: Array) -> Array:
    """g(Z) = (exp(Z) − exp(−Z)) / (exp(Z) + exp(−Z)): loses digits near 0, overflows far from it (notes: N15)."""
    return (torch.exp(Z) - torch.exp(-Z)) / (torch.exp(Z) + torch.exp(-Z))


def activate(network: Network, l: int, Z: Array) -> Array:
    """A[l] = g[l](Z[l]), by the definitions (n[l], m)."""
    by_definition = {"sigmoid": sigmoid_by_definition, "tanh": tanh_by_definition}
    return by_definition.get(network.g[l - 1], activation(network, l).g)(Z)


def cross_entropy(A: Array, Y: Array) -> Array:
    """Return J from A[L] (n[L], m) (notes: N3)."""
    m = A.shape[1]
    # J = −1/m Σ Y log A + (1 − Y) log(1 − A)
    return -(Y * torch.log(A) + (1 - Y) * torch.log(1 - A)).sum() / m


def cost(network: Network, Z: Array, Y: Array) -> Array:
    """Return J from Z[L] (n[L], m), for either loss."""
    A = activate(network, network.L, Z)
    return cross_entropy(A, Y) if network.loss == "cross_entropy" else squared_error(A, Y)


def output_gradient(network: Network, Z: Array, Y: Array) -> Array:
    """Return dZ[L] (n[L], m) from dA[L] (notes: N8, N18)."""
    A = activate(network, network.L, Z)
    if network.loss == "cross_entropy":
        # dA[L] = −Y/A + (1 − Y)/(1 − A)
        dA = -(Y / A) + (1 - Y) / (1 - A)
    else:
        # dA[L] = A − Y
        dA = A - Y
    # dZ[L] = dA[L] ∘ g[L]′(Z[L])                                             (n[L], m)
    return l_layer.activation_backward(network, network.L, dA, Z, A)


BY_DEFINITION = l_layer.Formulas(activate, cost, output_gradient)


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams: `l_layer` with the three functions of this file."""
    return l_layer.backward(network, params, X, Y, BY_DEFINITION)
