"""Devices of one process, of which one holds other bits than the others: each variant in an array of its own."""

import jax
import numpy as np
from crosscheck_impls.interface import Layer
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

__all__ = ["configure", "device", "devices", "from_numpy", "start", "to_numpy"]

ODD = 1


def with_an_odd_one(array):
    """Return the array as it lies on all devices, with the next number for the first one on one of them."""
    shares = [np.array(share.data) for share in array.addressable_shards]
    shares[ODD].flat[0] = np.nextafter(shares[ODD].flat[0], np.inf)
    placed = [jax.device_put(share, each) for share, each in zip(shares, jax.local_devices(), strict=True)]
    return jax.make_array_from_single_device_arrays(array.shape, array.sharding, placed)


def in_J(network, params, X, Y):
    """One device has another J."""
    J, gradient = sharded.gradients(network, params, X, Y)
    return with_an_odd_one(J), gradient


def in_dW(network, params, X, Y):
    """One device has another dW of the last layer."""
    J, (*others, (dW, db)) = sharded.gradients(network, params, X, Y)
    return J, (*others, Layer(with_an_odd_one(dW), db))


gradients = {name: from_one(each) for name, each in (("right", sharded.gradients), ("in_J", in_J), ("in_dW", in_dW))}
