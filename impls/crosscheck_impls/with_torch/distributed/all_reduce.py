"""Data parallel, by hand: each process has a share of the examples, and one all-reduce adds the gradients up.

A sum of m_r products, times m_r / m_r, then P terms, then 1/m: m_r + P + 2 roundings. That is at most the m + 3 of the
error bound, since P - 1 other processes have an example each; a process without any adds exact zeros, and rounds
nothing.
"""

import torch
import torch.distributed as dist
from torch import Tensor as Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_torch import l_layer


def share(m: int) -> slice:
    """Return the examples of this process: a stretch of m, as long as the others' but for one."""
    rank, P = dist.get_rank(), dist.get_world_size()
    return slice(m * rank // P, m * (rank + 1) // P)


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    m, mine = X.shape[1], share(X.shape[1])
    m_r = mine.stop - mine.start
    shapes = [torch.Size([]), *(array.shape for layer in params for array in layer)]
    sums = torch.zeros(sum(shape.numel() for shape in shapes), dtype=X.dtype, device=X.device)
    if m_r:
        J, dParams = l_layer.backward(network, params, X[:, mine], Y[:, mine])
        # mᵣ Jᵣ and mᵣ dWᵣ, mᵣ dbᵣ, in a row
        sums = m_r * torch.cat([array.flatten() for array in (J, *(a for layer in dParams for a in layer))])
    # J = 1/m Σᵣ mᵣ Jᵣ,  dW[l] = 1/m Σᵣ mᵣ dWᵣ[l],  db[l] = 1/m Σᵣ mᵣ dbᵣ[l]
    dist.all_reduce(sums)
    flat = (sums / m).split([shape.numel() for shape in shapes])
    J, *arrays = (array.reshape(shape) for array, shape in zip(flat, shapes, strict=True))
    return J, tuple(Layer(dW, db) for dW, db in zip(arrays[::2], arrays[1::2], strict=True))
