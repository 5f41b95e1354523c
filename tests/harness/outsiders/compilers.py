"""Compilers that are wrong, each in one thing: backends of torch.compile that change the graph and run it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from crosscheck_impls.with_torch import compiled, device, devices, environment, from_numpy, predict, to_numpy
from torch import fx
from torch._dynamo.backends.common import aot_autograd

__all__ = ["device", "devices", "environment", "from_numpy", "predict", "to_numpy", "variants"]

ATEN = torch.ops.aten


def backend(change: Callable[[fx.Graph], None]) -> Callable[..., Any]:
    """Return a compiler that changes the graph of ATen's operations."""

    def compile(module: fx.GraphModule, inputs: list[Any]) -> Any:
        change(module.graph)
        module.graph.lint()
        module.recompile()
        return module.forward

    return aot_autograd(fw_compiler=compile)


def nothing(graph: fx.Graph) -> None:
    """Leave the graph as it is."""


def drops_a_term(graph: fx.Graph) -> None:
    """Leave out the derivative of the tanh: dZ[1] = dA[1]."""
    backwards = [node for node in graph.nodes if node.target is ATEN.tanh_backward.default]
    for node in backwards:
        node.replace_all_uses_with(node.args[0])
        graph.erase_node(node)
    if backwards:
        return
    for node in graph.nodes:  # taken apart: dA (1 - A A)
        if node.target in (ATEN.rsub.Scalar, ATEN.sub.Tensor):
            (product,) = node.users
            (other,) = (each for each in product.args if each is not node)
            product.replace_all_uses_with(other)
            return
    raise AssertionError(f"no tanh in {graph}")


variants = {
    "right": compiled.by(backend(nothing)),
    "faulty": compiled.by(backend(drops_a_term)),
}
