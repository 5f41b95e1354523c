"""The network on several processes, which torch.distributed joins: the variants, and how a process begins.

Every process calls the same function with the same arguments, and returns the whole answer.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.distributed as dist

from crosscheck_impls.interface import Declaration, Variant
from crosscheck_impls.with_torch import device as device
from crosscheck_impls.with_torch import devices as devices
from crosscheck_impls.with_torch import environment as environment_of_one
from crosscheck_impls.with_torch import from_numpy as from_numpy
from crosscheck_impls.with_torch import gradient_descent as gradient_descent
from crosscheck_impls.with_torch import predict as predict
from crosscheck_impls.with_torch import to_numpy as to_numpy
from crosscheck_impls.with_torch import variants as of_one
from crosscheck_impls.with_torch.distributed import all_reduce, ddp, fsdp, tensor_parallel, zero

name = "torch"
AS_NATIVE: Declaration = of_one["native"].declaration  # torch.nn fixes the derivative at the kink
variants: Mapping[str, Variant] = {
    "all_reduce": Variant(all_reduce.gradients),
    "ddp": Variant(ddp.gradients, ddp.gradient_descent, AS_NATIVE),
    "fsdp": Variant(fsdp.gradients, fsdp.gradient_descent, AS_NATIVE),
    "tensor_parallel": Variant(tensor_parallel.gradients, tensor_parallel.gradient_descent, AS_NATIVE),
    "zero": Variant(zero.gradients, zero.gradient_descent, AS_NATIVE),
}


def start(rank: int, of: int, address: str) -> None:
    """Join the other processes: this is the one with number `rank`; address: `host:port` of the first.

    A GPU each, in turn: NCCL joins no two processes on one.
    """
    backend = "cpu:gloo,cuda:nccl" if "cuda" in devices() else "gloo"
    if "cuda" in devices():
        torch.cuda.set_device(rank % torch.cuda.device_count())
    dist.init_process_group(backend, init_method=f"tcp://{address}", rank=rank, world_size=of)


def environment() -> Mapping[str, Any]:
    """Return what one process says of itself, and the backend that joins them."""
    return {**environment_of_one(), "backend": dist.get_backend()}


def blames(error: BaseException) -> int | None:
    """Return the rank that called another collective than this one, where torch tells: TORCH_DISTRIBUTED_DEBUG=DETAIL.

    >>> blames(RuntimeError("Rank 0 is running collective: ..., but Rank 1 is running collective: ..."))
    1
    """
    _, found, rest = str(error).rpartition(", but Rank ")
    number = rest.split(maxsplit=1)[0] if found else ""
    return int(number) if number.isdecimal() else None
