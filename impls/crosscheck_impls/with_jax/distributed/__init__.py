"""The network on several devices: of one process, or of several, which jax.distributed joins.

Whoever calls gives whole arrays on one device of its own, and gets such back.
"""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax import Array

from crosscheck_impls.interface import BadInput, Declaration, Gradients, Network, Params, Variant
from crosscheck_impls.with_jax import configure as configure
from crosscheck_impls.with_jax import device as device
from crosscheck_impls.with_jax import devices as devices
from crosscheck_impls.with_jax import environment as environment_of_one
from crosscheck_impls.with_jax import predict as predict
from crosscheck_impls.with_jax import to_numpy as to_numpy
from crosscheck_impls.with_jax.distributed import grid, shard_map, sharded
from crosscheck_impls.with_jax.training import update

name = "jax"
AUTODIFF = Declaration(formulation="autodiff", flushes=True)


def replica(array: Array) -> Array:
    """Return what the first device of this process holds of an array that lies whole on all of them.

    Raises RuntimeError where another one holds other bits.
    """
    first, *others = (shard.data for shard in array.addressable_shards)
    for each in others:
        if np.asarray(each).tobytes() != np.asarray(first).tobytes():
            raise RuntimeError(f"{each.device} holds other bits than {first.device} of an array {array.shape}")
    return first


def from_one(gradients: Gradients) -> Gradients:
    """Return the gradients, whose J and dParams lie on every device, as arrays on the device where X lies."""

    def on_one(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        given = jax.tree.map(np.asarray, (params, X, Y))
        on_all = gradients(network, *given)
        one: tuple[Array, Params] = jax.tree.map(lambda array: jax.device_put(replica(array)), on_all)
        return one

    return on_one


variants: Mapping[str, Variant] = {
    "sharded": Variant(from_one(sharded.gradients), declaration=AUTODIFF),
    "grid": Variant(from_one(grid.gradients), declaration=AUTODIFF),
    "shard_map": Variant(from_one(shard_map.gradients), declaration=AUTODIFF),
    "processes": Variant(from_one(sharded.gradients), declaration=AUTODIFF),
}


def start(rank: int, of: int, address: str) -> None:
    """Join the other processes, if there are any: this is the one with number `rank`; address: that of the first."""
    if of > 1:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(address, of, rank)


def from_numpy(array: Any, device: str = "cpu") -> Array:
    """Copy a NumPy array to the first device of this process; the dtype stays. Raises BadInput for another device."""
    if device not in devices():
        raise BadInput(f"device: jax has no {device!r} here, expected {' or '.join(devices())}")
    return jax.device_put(np.array(array), jax.local_devices()[0])


def gradient_descent(
    gradients: Gradients, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    costs = []
    for _ in range(iterations):
        J, dParams = gradients(network, params, X, Y)
        costs.append(np.asarray(J))
        params = update(params, dParams, X.dtype.type(alpha))
    return params, from_numpy(np.stack(costs), device(X))


def environment() -> Mapping[str, Any]:
    """Return what one process says of itself, and how many devices and processes there are."""
    return {**environment_of_one(), "devices in all": jax.device_count(), "of processes": jax.process_count()}
