"""Gradient descent, full batch (notes: N5, N24)."""

import torch
from torch import Tensor as Array

from crosscheck_impls.interface import Gradients, Layer, Network, Params


def update(params: Params, gradients: Params, alpha: float | Array) -> Params:
    """One step downhill; torch rounds alpha to the dtype of the params (notes: N5)."""
    # W := W − α dW,  b := b − α db
    return tuple(Layer(W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in zip(params, gradients, strict=True))


@torch.no_grad()
def gradient_descent(
    gradients: Gradients, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,) (notes: N5, N24)."""
    costs = torch.empty(iterations, dtype=X.dtype, device=X.device)
    for t in range(iterations):
        costs[t], dParams = gradients(network, params, X, Y)
        params = update(params, dParams, alpha)
    return params, costs
