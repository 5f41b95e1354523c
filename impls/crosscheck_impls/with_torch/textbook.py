"""The notes' formulas to the letter: J through log(A), tanh by its definition, dA[L] by division (notes: N3, N8, N18).

They overflow, or divide 0 by 0, where an output saturates; the harness reports that as `undefined`.
"""

import torch

from crosscheck_impls.interface import Array, Layer, Network, Params, check, check_differentiable
from crosscheck_impls.with_torch.activations import activation


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


def cost(network: Network, A: Array, Y: Array) -> Array:
    """Return J from A[L] (n[L], m) (notes: N3)."""
    m = A.shape[1]
    if network.loss == "cross_entropy":
        # J = −1/m Σ Y log A + (1 − Y) log(1 − A)
        return -(Y * torch.log(A) + (1 - Y) * torch.log(1 - A)).sum() / m
    # J = 1/m Σ ½ (A − Y)²
    return (0.5 * (A - Y) ** 2).sum() / m


def output_backward(network: Network, A: Array, Y: Array) -> Array:
    """Return dA[L] (n[L], m) (notes: N8, N18)."""
    if network.loss == "cross_entropy":
        # dA[L] = −Y/A + (1 − Y)/(1 − A)
        return -(Y / A) + (1 - Y) / (1 - A)
    # dA[L] = A − Y
    return A - Y


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams, layer by layer, from dA[L]."""
    check(network, params, X, Y)
    check_differentiable(network)
    m = X.shape[1]
    A, Z = [X], [X]  # A[l] and Z[l] at index l; A[0] = X, Z[0] is not used
    for l, (W, b) in enumerate(params, start=1):
        # Z[l] = W[l] A[l−1] + b[l]                                           (n[l], m)
        Z.append(W @ A[l - 1] + b)
        # A[l] = g[l](Z[l])                                                   (n[l], m)
        A.append(activate(network, l, Z[l]))
    dA = output_backward(network, A[-1], Y)
    dParams = []
    for l in range(network.L, 0, -1):
        # dZ[l] = dA[l] ∘ g[l]′(Z[l])                                         (n[l], m)
        dZ = dA * activation(network, l).derivative(Z[l], A[l])
        # dW[l] = 1/m dZ[l] A[l−1]ᵀ                                           (n[l], n[l−1])
        dW = dZ @ A[l - 1].T / m
        # db[l] = 1/m Σ dZ[l]                                                 (n[l], 1)
        db = dZ.sum(dim=1, keepdim=True) / m
        dParams.append(Layer(dW, db))
        if l > 1:
            # dA[l−1] = W[l]ᵀ dZ[l]                                           (n[l−1], m)
            dA = params[l - 1].W.T @ dZ
    return cost(network, A[-1], Y), tuple(reversed(dParams))
