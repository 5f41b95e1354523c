"""ZeroRedundancyOptimizer: as `ddp`, but each process updates a part of the parameters, and sends it to the others."""

import torch
from torch import Tensor as Array
from torch.distributed.optim import ZeroRedundancyOptimizer

from crosscheck_impls.interface import Network, Params
from crosscheck_impls.with_torch.distributed.all_reduce import share
from crosscheck_impls.with_torch.distributed.ddp import gradients as gradients
from crosscheck_impls.with_torch.distributed.ddp import layers, local_cost, total, wrap


@torch.enable_grad()
def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    model, parallel = wrap(network, params)
    optimizer = ZeroRedundancyOptimizer(parallel.parameters(), torch.optim.SGD, lr=alpha)
    m, mine = X.shape[1], share(X.shape[1])
    costs = torch.empty(iterations, dtype=X.dtype, device=X.device)
    for t in range(iterations):
        optimizer.zero_grad()
        local = local_cost(network, parallel(X[:, mine].T), Y[:, mine].T, m)
        local.backward()
        costs[t] = total(local)
        optimizer.step()
    return layers(model, "params"), costs
