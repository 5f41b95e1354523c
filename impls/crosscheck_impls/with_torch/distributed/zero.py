"""ZeroRedundancyOptimizer: as `ddp`, but each process updates a part of the parameters, and sends it to the others."""

import torch
from torch import Tensor as Array
from torch.distributed.optim import ZeroRedundancyOptimizer

from crosscheck_impls.interface import Network, Params
from crosscheck_impls.with_torch.distributed.ddp import descend, layers, wrap
from crosscheck_impls.with_torch.distributed.ddp import gradients as gradients


@torch.enable_grad()
def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    model, parallel = wrap(network, params)
    optimizer = ZeroRedundancyOptimizer(parallel.parameters(), torch.optim.SGD, lr=alpha)
    costs = descend(network, parallel, optimizer, X, Y, iterations)
    return layers(model, "params"), costs
