"""PyTorch's variants with everything in another order, and with arrays that lie column by column in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosscheck_impls.interface import Array, Gradients, Layer, Network, Params, Variant, load

from crosscheck.evaluation.varied import reordered

torch: Any = load("torch")
name = "torch, varied"
from_numpy, to_numpy, devices, device = torch.from_numpy, torch.to_numpy, torch.devices, torch.device
configure, environment, predict = torch.configure, torch.environment, torch.predict


def column_major(gradients: Gradients) -> Gradients:
    """Return the same gradients of matrices that lie column by column."""

    def columns(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        turned = tuple(Layer(*(array.t().contiguous().t() for array in layer)) for layer in params)
        return gradients(network, turned, X.t().contiguous().t(), Y.t().contiguous().t())

    return columns


variants: Mapping[str, Variant] = {
    f"{how.__name__}_{each}": Variant(how(torch.variants[each].gradients), None, torch.variants[each].declaration)
    for how in (reordered, column_major)
    for each in ("by_hand", "textbook", "autograd", "native")
}
