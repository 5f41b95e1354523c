"""Processes of torch, of which one goes wrong, each variant in its own way."""

import torch
import torch.distributed as dist
from crosscheck_impls.with_torch import device, devices, from_numpy, to_numpy
from crosscheck_impls.with_torch.distributed import all_reduce, blames, start

from tests.harness.outsiders import planted

__all__ = ["blames", "device", "devices", "from_numpy", "start", "to_numpy"]


def other_size(network, params, X, Y):
    dist.all_reduce(torch.zeros(1000 if dist.get_rank() == planted.ODD else 10, dtype=X.dtype))
    return all_reduce.gradients(network, params, X, Y)


gradients = {**planted.variants(all_reduce.gradients, dist.get_rank), "other_size": other_size}
