"""A network in PyTorch: the forward pass by hand, the gradient by torch.autograd.

crosscheck compare --impl mine
"""

import torch
from crosscheck_impls.interface import Array, Declaration, Layer, Network, Params
from crosscheck_impls.with_torch import device, devices, from_numpy, to_numpy

__all__ = ["device", "devices", "from_numpy", "gradients", "to_numpy"]  # how arrays come and go is not yours to write
# dZ[L] is the derivative of softplus here, not A − Y: its rounding error grows with |Z|, and is granted as much
declarations = {"gradients": Declaration(formulation="autodiff")}


def activation(name: str, network: Network, Z: Array) -> Array:
    """Return A = g(Z) (n[l], m)."""
    if name in ("sigmoid", "tanh"):
        return getattr(torch, name)(Z)
    slope = {"relu": 0.0, "leaky_relu": network.leaky_slope, "linear": 1.0}[name]
    right = Z > 0 if network.relu_grad_at_zero == "left" else Z >= 0
    return torch.where(right, Z, slope * Z)  # torch.relu has the derivative 0 at 0, whatever the network says


def cost(network: Network, params: Params, X: Array, Y: Array) -> Array:
    """Return J. X (n[0], m), Y (n[L], m)."""
    A = X
    for name, (W, b) in zip(network.g, params, strict=True):
        # Z[l] = W[l] A[l−1] + b[l],  A[l] = g[l](Z[l])                       (n[l], m)
        Z = W @ A + b
        A = activation(name, network, Z)
    # J = 1/m Σ log(1 + eᶻ) − Y Z, or 1/m Σ ½ (A − Y)²; torch's softplus cuts e⁻ᶻ off above 20
    crossed = network.loss == "cross_entropy"
    loss = torch.logaddexp(Z, torch.zeros_like(Z)) - Y * Z if crossed else 0.5 * (A - Y) ** 2
    return loss.sum() / X.shape[1]


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and its gradient, Layer(dW, db) of every layer."""
    leaves = tuple(Layer(W.detach().requires_grad_(), b.detach().requires_grad_()) for W, b in params)
    J = cost(network, leaves, X, Y)
    flat = torch.autograd.grad(J, [array for layer in leaves for array in layer])
    return J.detach(), tuple(Layer(dW, db) for dW, db in zip(flat[::2], flat[1::2], strict=True))
