"""Processes that MPI joins, of which one goes wrong, each variant in its own way."""

import numpy as np
from crosscheck_impls.with_numpy import device, devices, from_numpy, to_numpy
from crosscheck_impls.with_numpy.distributed import mpi, start
from mpi4py import MPI

from tests.harness.outsiders import planted

__all__ = ["device", "devices", "from_numpy", "start", "to_numpy"]

launcher = "mpiexec"
here = MPI.COMM_WORLD


def other_size(network, params, X, Y):
    sums = np.zeros(1000 if here.rank == planted.ODD else 10)
    here.Allreduce(MPI.IN_PLACE, sums)
    return mpi.gradients(network, params, X, Y)


gradients = {**planted.variants(mpi.gradients, lambda: here.rank), "other_size": other_size}
