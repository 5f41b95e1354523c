"""The network on several processes, which MPI joins."""

from collections.abc import Mapping
from typing import Any

from mpi4py import MPI

from crosscheck_impls.interface import Variant
from crosscheck_impls.with_numpy import device as device
from crosscheck_impls.with_numpy import devices as devices
from crosscheck_impls.with_numpy import environment as environment_of_one
from crosscheck_impls.with_numpy import from_numpy as from_numpy
from crosscheck_impls.with_numpy import gradient_descent as gradient_descent
from crosscheck_impls.with_numpy import predict as predict
from crosscheck_impls.with_numpy import to_numpy as to_numpy
from crosscheck_impls.with_numpy.distributed import mpi

name = "numpy"
variants: Mapping[str, Variant] = {"mpi": Variant(mpi.gradients)}


def start(rank: int, of: int, address: str) -> None:
    """See that mpiexec has started what is asked for. Raises RuntimeError."""
    here = MPI.COMM_WORLD
    if (here.rank, here.size) != (rank, of):
        raise RuntimeError(f"MPI has started rank {here.rank} of {here.size}, expected {rank} of {of}")


def environment() -> Mapping[str, Any]:
    """Return what one process says of itself, and the library that joins them."""
    return {**environment_of_one(), "mpi": MPI.Get_library_version().partition(",")[0]}
