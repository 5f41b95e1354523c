"""Each process has a part of every layer, and all examples: columns of the first, rows of the second, and so on.

Z[l] of a layer by rows of W is whole where its columns are not, and the next one adds the processes' products up:
sums of n[l-1] products, in another order.
"""

import torch
import torch.distributed as dist
from torch import Tensor as Array
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate
from torch.distributed.tensor.parallel import ColwiseParallel, ParallelStyle, RowwiseParallel, parallelize_module

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_torch.distributed.fsdp import whole
from crosscheck_impls.with_torch.native import build, criterion, linears


def wrap(network: Network, params: Params) -> nn.Sequential:
    """Return the network, its layers split by turns, if there is more than one unit to split.

    A layer by rows that has no partner before it takes whole inputs.
    """
    model = build(network, params)
    named = [(name, layer) for name, layer in model.named_children() if isinstance(layer, nn.Linear)]
    plan: dict[str, ParallelStyle] = {}
    split = False
    for name, layer in named:
        if split:
            plan[name], split = RowwiseParallel(), False
        elif layer.out_features > 1 and layer is not named[-1][1]:
            plan[name], split = ColwiseParallel(use_local_output=False), True  # P need not divide n[l]
        elif layer.in_features > 1:
            plan[name] = RowwiseParallel(input_layouts=Replicate())
    device = linears(model)[0].weight.device.type
    parallelize_module(model, init_device_mesh(device, (dist.get_world_size(),)), plan)
    return model


def place_gradients(model: nn.Module) -> None:
    """Split each gradient as its parameter is: torch leaves it whole where there are more processes than columns."""
    for each in model.parameters():
        if isinstance(each, DTensor) and isinstance(each.grad, DTensor):
            each.grad = each.grad.redistribute(placements=each.placements)


@torch.enable_grad()
def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    model = wrap(network, params)
    J = criterion(network, model(X.T), Y.T)
    J.backward()
    return J.detach(), tuple(Layer(whole(e.weight.grad), whole(e.bias.grad)[:, None]) for e in linears(model))


@torch.enable_grad()
def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    model = wrap(network, params)
    optimizer = torch.optim.SGD(model.parameters(), lr=alpha)
    costs = torch.empty(iterations, dtype=X.dtype, device=X.device)
    for t in range(iterations):
        optimizer.zero_grad()
        J = criterion(network, model(X.T), Y.T)
        J.backward()
        costs[t] = J.detach()
        place_gradients(model)
        optimizer.step()
    return tuple(Layer(whole(each.weight), whole(each.bias)[:, None]) for each in linears(model)), costs
