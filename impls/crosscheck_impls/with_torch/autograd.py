"""The forward pass by hand, the derivative by torch.func.grad_and_value.

The first call in a process takes as long as importing torch: torch.func imports torch's compiler.
"""

import torch
from torch import Tensor as Array

from crosscheck_impls.interface import Network, Params
from crosscheck_impls.with_torch import l_layer


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""

    def cost(params: Params) -> Array:
        Z, _ = l_layer.forward(network, params, X)
        return l_layer.cost(network, Z, Y)

    dParams, J = torch.func.grad_and_value(cost)(params)
    return J, dParams
