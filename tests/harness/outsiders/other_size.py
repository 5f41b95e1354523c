"""Three processes of torch, of which one gives a sum of another size."""

import torch
import torch.distributed as dist
from crosscheck_impls.with_torch import device, devices, from_numpy, to_numpy
from crosscheck_impls.with_torch.distributed import blames, start
from crosscheck_impls.with_torch.distributed.all_reduce import gradients as right

__all__ = ["blames", "device", "devices", "from_numpy", "start", "to_numpy"]


def gradients(network, params, X, Y):
    dist.all_reduce(torch.zeros(1000 if dist.get_rank() == 1 else 10, dtype=X.dtype))
    return right(network, params, X, Y)
