"""DistributedDataParallel as it is used: each process has a share of the examples, the wrapper averages gradients.

It takes the mean of the processes' gradients, which is the gradient of the mean over all examples only if each has as
many. So each takes the sum over its own, times P / m: a rounding of P / m, a product with it, m_r products added, P
terms added, 1/P: m_r + P + 2 roundings, at most m + 3. An empty share is a sum of nothing, 0, with a gradient.
"""

import torch
import torch.distributed as dist
from torch import Tensor as Array
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_torch.distributed.all_reduce import share
from crosscheck_impls.with_torch.native import build, linears


def local_cost(network: Network, output: Array, target: Array, m: int) -> Array:
    """Return this process's part of J, times P: of its own rows of output and target (m_r, n[L])."""
    P = dist.get_world_size()
    if network.loss == "cross_entropy":
        return nn.functional.binary_cross_entropy_with_logits(output, target, reduction="sum") * (P / m)
    return nn.functional.mse_loss(output, target, reduction="sum") * (P / (2 * m))


def total(local: Array) -> Array:
    """J = 1/P Σᵣ of the processes' parts."""
    J = local.detach().clone()
    dist.all_reduce(J)
    return J / dist.get_world_size()


def wrap(network: Network, params: Params) -> tuple[nn.Sequential, DistributedDataParallel]:
    """Return the network, and the same as data parallel."""
    model = build(network, params)
    return model, DistributedDataParallel(model)


def layers(model: nn.Sequential, of: str) -> Params:
    """Return the parameters, or with `grad` their gradients."""
    arrays = [(each.weight, each.bias) for each in linears(model)]
    if of == "grad":
        return tuple(Layer(W.grad, b.grad[:, None]) for W, b in arrays)  # type: ignore[index]
    return tuple(Layer(W.detach(), b.detach()[:, None]) for W, b in arrays)


@torch.enable_grad()
def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    model, parallel = wrap(network, params)
    m, mine = X.shape[1], share(X.shape[1])
    local = local_cost(network, parallel(X[:, mine].T), Y[:, mine].T, m)
    local.backward()
    return total(local), layers(model, "grad")


def descend(
    network: Network, model: nn.Module, optimizer: torch.optim.Optimizer, X: Array, Y: Array, iterations: int
) -> Array:
    """Take the optimizer's steps on this process's share, and return J before each of them (iterations,)."""
    m, mine = X.shape[1], share(X.shape[1])
    costs = torch.empty(iterations, dtype=X.dtype, device=X.device)
    for t in range(iterations):
        optimizer.zero_grad()
        local = local_cost(network, model(X[:, mine].T), Y[:, mine].T, m)
        local.backward()
        costs[t] = total(local)
        optimizer.step()
    return costs


@torch.enable_grad()
def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    model, parallel = wrap(network, params)
    costs = descend(network, parallel, torch.optim.SGD(parallel.parameters(), lr=alpha), X, Y, iterations)
    return layers(model, "params"), costs
