"""The forward pass by hand, the derivative by torch.autograd."""

import torch

from crosscheck_impls.interface import Array, Layer, Network, Params, check, check_differentiable
from crosscheck_impls.with_torch import l_layer


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    check(network, params, X, Y)
    check_differentiable(network)
    with torch.enable_grad():
        leaves = tuple(Layer(W.detach().requires_grad_(), b.detach().requires_grad_()) for W, b in params)
        Z, _ = l_layer.forward(network, leaves, X)
        J = l_layer.cost(network, Z, Y)
        flat = torch.autograd.grad(J, [array for layer in leaves for array in layer])
    return J.detach(), tuple(Layer(dW, db) for dW, db in zip(flat[::2], flat[1::2], strict=True))
