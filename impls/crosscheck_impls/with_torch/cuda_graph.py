"""A step recorded once as a CUDA graph, and replayed on a stream of its own.

The mathematics is that of `by_hand`. A graph reads and writes the same memory at each replay: what is given is copied
in, what is asked for is copied out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor as Array

from crosscheck_impls.interface import Layer, Network, Params, Unavailable
from crosscheck_impls.with_torch import l_layer
from crosscheck_impls.with_torch.training import update

WARM = 3  # steps before recording, in which libraries allocate what they need


class Recorded:
    """A step for one network and one set of shapes: (params, X, Y, alpha) in, (params, J, dParams) out."""

    def __init__(self, network: Network, m: int, dtype: torch.dtype, device: torch.device) -> None:
        def zeros(*shape: int) -> Array:
            return torch.zeros(shape, dtype=dtype, device=device)

        n = network.n
        self.network, self.X, self.Y, self.alpha = network, zeros(n[0], m), zeros(n[-1], m), zeros()
        self.params = tuple(Layer(zeros(n[l], n[l - 1]), zeros(n[l], 1)) for l in range(1, network.L + 1))
        self.stream = torch.cuda.Stream(device)
        with self.beside():
            for _ in range(WARM):
                self.step()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=self.stream):
            self.J, self.dParams = self.step()

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Work on our stream, after what was begun before, and before what comes after."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            yield
        torch.cuda.current_stream().wait_stream(self.stream)

    def step(self) -> tuple[Array, Params]:
        """Take a step in place; return J before it and dParams."""
        J, dParams = l_layer.backward(self.network, self.params, self.X, self.Y)
        copy(update(self.params, dParams, self.alpha), self.params)
        return J, dParams

    def give(self, params: Params, X: Array, Y: Array, alpha: float) -> None:
        """Copy in what the next replays are to work on."""
        copy(params, self.params)
        self.X.copy_(X)
        self.Y.copy_(Y)
        self.alpha.fill_(alpha)


def copy(params: Params, into: Params) -> None:
    """Copy params into others, in place."""
    for layer, there in zip(params, into, strict=True):
        for array, other in zip(layer, there, strict=True):
            other.copy_(array)


def cloned(params: Params) -> Params:
    """Return a copy of params."""
    return tuple(Layer(W.clone(), b.clone()) for W, b in params)


@lru_cache(maxsize=2)
@torch.no_grad()
def recorded(network: Network, m: int, dtype: torch.dtype, device: torch.device) -> Recorded:
    """Return the step as a graph. Raises Unavailable where there is no GPU."""
    if device.type != "cuda":
        raise Unavailable("a CUDA graph needs a GPU; ask with --device cuda where there is one")
    return Recorded(network, m, dtype, device)


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    it = recorded(network, X.shape[1], X.dtype, X.device)
    with it.beside():
        it.give(params, X, Y, 0.0)
        it.graph.replay()
    return it.J.clone(), cloned(it.dParams)


def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    it = recorded(network, X.shape[1], X.dtype, X.device)
    costs = torch.empty(iterations, dtype=X.dtype, device=X.device)
    with it.beside():
        it.give(params, X, Y, alpha)
        for t in range(iterations):
            it.graph.replay()
            costs[t] = it.J
    return cloned(it.params), costs
