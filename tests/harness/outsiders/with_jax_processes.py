"""Processes that jax.distributed joins, of which one goes wrong, each variant in its own way."""

import jax
from crosscheck_impls.with_jax.distributed import (
    configure,
    device,
    devices,
    from_numpy,
    from_one,
    sharded,
    start,
    to_numpy,
)

from tests.harness.outsiders import planted

__all__ = ["configure", "device", "devices", "from_numpy", "start", "to_numpy"]

right = from_one(sharded.gradients)


def other_size(network, params, X, Y):
    """One process has an example less."""
    mine = slice(None, -4 if jax.process_index() == planted.ODD else None)
    return right(network, params, X[:, mine], Y[:, mine])


gradients = {**planted.variants(right, jax.process_index), "other_size": other_size}
