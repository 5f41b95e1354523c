"""Fully sharded: each process keeps a part of every W and b, gathers a layer when it is needed, and scatters gradients.

The mean of gradients that it takes is that of `ddp`, and so are its roundings.
"""

import torch
from torch import Tensor as Array
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_torch.distributed.all_reduce import share
from crosscheck_impls.with_torch.distributed.ddp import descend, local_cost, total
from crosscheck_impls.with_torch.native import build, linears


def wrap(network: Network, params: Params) -> nn.Sequential:
    """Return the network, every linear layer sharded over the processes."""
    model = build(network, params)
    for layer in linears(model):
        fully_shard(layer)
    fully_shard(model)
    return model


def whole(array: Array | None) -> Array:
    """Return all of an array that may be sharded."""
    assert array is not None
    return (array.full_tensor() if isinstance(array, DTensor) else array).detach()


@torch.enable_grad()
def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    model = wrap(network, params)
    m, mine = X.shape[1], share(X.shape[1])
    local = local_cost(network, model(X[:, mine].T), Y[:, mine].T, m)
    local.backward()
    return total(local), tuple(Layer(whole(e.weight.grad), whole(e.bias.grad)[:, None]) for e in linears(model))


@torch.enable_grad()
def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    model = wrap(network, params)
    costs = descend(network, model, torch.optim.SGD(model.parameters(), lr=alpha), X, Y, iterations)
    return tuple(Layer(whole(each.weight), whole(each.bias)[:, None]) for each in linears(model)), costs
