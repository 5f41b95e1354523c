"""The forward pass by hand, the derivative by torch.autograd.grad."""

import torch
from torch import Tensor as Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_torch import l_layer


@torch.enable_grad()
def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    leaves = tuple(Layer(W.detach().requires_grad_(), b.detach().requires_grad_()) for W, b in params)
    Z, _ = l_layer.forward(network, leaves, X)
    J = l_layer.cost(network, Z, Y)
    flat = torch.autograd.grad(J, [array for layer in leaves for array in layer])
    return J.detach(), tuple(Layer(dW, db) for dW, db in zip(flat[::2], flat[1::2], strict=True))
