"""What a practitioner writes: torch.nn, a loss on the logits, optim.SGD.

torch's layers fix the derivative at the kink themselves, relu′(0) = 0 and leaky_relu′(0) = slope, whatever
`Network.relu_grad_at_zero` says. Inside, examples are rows, as torch has it.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor as Array
from torch import nn

from crosscheck_impls.interface import Layer, Network, Params


def build(network: Network, params: Params) -> nn.Sequential:
    """Return the network as nn.Linear layers and activations; with cross-entropy its output is the logits."""
    modules: dict[str, Callable[[], nn.Module]] = {
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "relu": nn.ReLU,
        "leaky_relu": lambda: nn.LeakyReLU(network.leaky_slope),
        "linear": nn.Identity,
    }
    layers: list[nn.Module] = []
    for l, (W, b) in enumerate(params, start=1):
        linear = nn.Linear(network.n[l - 1], network.n[l], device="meta")  # its own initial weights take no memory
        linear.weight, linear.bias = parameter(W), parameter(b[:, 0])
        layers.append(linear)
        if l < network.L or network.loss == "squared_error":
            layers.append(modules[network.g[l - 1]]())
    return nn.Sequential(*layers)


def parameter(array: Array) -> nn.Parameter:
    """Return a copy that the optimizer may change."""
    return nn.Parameter(array.detach().clone(memory_format=torch.contiguous_format))


def criterion(network: Network, output: Array, target: Array) -> Array:
    """Return J from the model's output and the labels, both (m, n[L])."""
    if network.loss == "cross_entropy":
        return nn.functional.binary_cross_entropy_with_logits(output, target, reduction="sum") / len(target)
    return nn.functional.mse_loss(output, target, reduction="sum") / (2 * len(target))


def linears(model: nn.Sequential) -> list[nn.Linear]:
    """Return the layers that have parameters, first to last."""
    return [layer for layer in model if isinstance(layer, nn.Linear)]


@torch.enable_grad()
def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    model = build(network, params)
    J = criterion(network, model(X.T), Y.T)
    J.backward()
    return J.detach(), tuple(Layer(layer.weight.grad, _column(layer.bias.grad)) for layer in linears(model))


def _column(b: Any) -> Array:
    """Return a bias (n[l],) of torch's as ours (n[l], 1)."""
    return b[:, None]


@torch.enable_grad()
def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    model = build(network, params)
    optimizer = torch.optim.SGD(model.parameters(), lr=alpha)
    costs = torch.empty(iterations, dtype=X.dtype, device=X.device)
    for t in range(iterations):
        optimizer.zero_grad()
        J = criterion(network, model(X.T), Y.T)
        J.backward()
        costs[t] = J.detach()
        optimizer.step()
    return tuple(Layer(layer.weight.detach(), _column(layer.bias.detach())) for layer in linears(model)), costs
