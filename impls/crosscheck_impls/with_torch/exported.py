"""The forward pass and J as torch.export writes them to a file and reads them again, the derivative by autograd.

An ExportedProgram is a graph of ATen's operations without any Python, for one network and one set of shapes.
"""

import io
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor as Array
from torch import nn

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_torch import l_layer


class Cost(nn.Module):
    """J of a network; its parameters are arguments."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, flat: list[Array], X: Array, Y: Array) -> Array:
        """Return J from [W1, b1, W2, b2, ...]."""
        params = tuple(Layer(W, b) for W, b in zip(flat[::2], flat[1::2], strict=True))
        Z, _ = l_layer.forward(self.network, params, X)
        return l_layer.cost(self.network, Z, Y)


@lru_cache(maxsize=16)
@torch.enable_grad()
def program(network: Network, m: int, dtype: torch.dtype, device: torch.device) -> Any:
    """Return the exported program for m examples as a module, once it has been a file."""

    def empty(rows: int, columns: int, needs_grad: bool = False) -> Array:
        return torch.empty(rows, columns, dtype=dtype, device=device, requires_grad=needs_grad)

    n = network.n
    flat = [empty(n[l], size, True) for l in range(1, network.L + 1) for size in (n[l - 1], 1)]
    exported = torch.export.export(Cost(network), (flat, empty(n[0], m), empty(n[-1], m)), strict=False)
    file = io.BytesIO()
    torch.export.save(exported, file)
    file.seek(0)
    return torch.export.load(file).module()


@torch.enable_grad()
def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    leaves = [array.detach().requires_grad_() for layer in params for array in layer]
    J = program(network, X.shape[1], X.dtype, X.device)(leaves, X, Y)
    flat = torch.autograd.grad(J, leaves)
    return J.detach(), tuple(Layer(dW, db) for dW, db in zip(flat[::2], flat[1::2], strict=True))
