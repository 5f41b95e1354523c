"""Data parallel with MPI: each process has a share of the examples, and one Allreduce adds the gradients up.

The roundings are those of torch's `all_reduce`: m_r + P + 2 in each sum, at most m + 3, and none for an empty share.
"""

import numpy as np
from mpi4py import MPI
from numpy import ndarray as Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_numpy import l_layer


def share(m: int) -> slice:
    """Return the examples of this process: a stretch of m, as long as the others' but for one."""
    rank, P = MPI.COMM_WORLD.rank, MPI.COMM_WORLD.size
    return slice(m * rank // P, m * (rank + 1) // P)


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    m, mine = X.shape[1], share(X.shape[1])
    m_r = mine.stop - mine.start
    shapes = [(), *(array.shape for layer in params for array in layer)]
    sizes = [int(np.prod(shape)) for shape in shapes]
    sums = np.zeros(sum(sizes), X.dtype)
    if m_r:
        J, dParams = l_layer.backward(network, params, X[:, mine], Y[:, mine])
        # mᵣ Jᵣ and mᵣ dWᵣ, mᵣ dbᵣ, in a row
        sums = m_r * np.concatenate([np.ravel(array) for array in (J, *(a for layer in dParams for a in layer))])
    # J = 1/m Σᵣ mᵣ Jᵣ,  dW[l] = 1/m Σᵣ mᵣ dWᵣ[l],  db[l] = 1/m Σᵣ mᵣ dbᵣ[l]
    MPI.COMM_WORLD.Allreduce(MPI.IN_PLACE, sums)
    flat = np.split(sums / X.dtype.type(m), np.cumsum(sizes)[:-1])
    J, *arrays = (array.reshape(shape) for array, shape in zip(flat, shapes, strict=True))
    return J[()], tuple(Layer(dW, db) for dW, db in zip(arrays[::2], arrays[1::2], strict=True))
