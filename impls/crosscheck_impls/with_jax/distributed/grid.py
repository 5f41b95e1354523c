"""Devices in a grid: the examples are shared along one side of it, the units of each hidden layer along the other.

Of W[l] each device has some rows, of the next layer's W the columns that belong to them; XLA adds up what they come to.
Units need not divide evenly: where they do not, a layer lies on all devices of its side.
"""

import jax
from jax import Array
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_jax.distributed.sharded import computed, padded


def mesh() -> Mesh:
    """Return all devices in two rows for the examples, if their number is even; else in one."""
    devices = jax.device_count()
    sides = (devices // 2, 2) if devices % 2 == 0 else (1, devices)
    return jax.make_mesh(sides, ("data", "model"), (AxisType.Auto, AxisType.Auto))


def placed(network: Network, params: Params, devices: Mesh) -> Params:
    """Return the layers, each by its rows, or by its columns where the layer before it is by rows."""
    sides, layers, split = devices.shape["model"], [], False
    for l, (W, b) in enumerate(params, start=1):
        rows = not split and l < network.L and network.n[l] % sides == 0
        of_W = P("model", None) if rows else P(None, "model") if split else P()
        of_b = P("model", None) if rows else P()
        layers.append(
            Layer(jax.device_put(W, NamedSharding(devices, of_W)), jax.device_put(b, NamedSharding(devices, of_b)))
        )
        split = rows
    return tuple(layers)


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams, on every device."""
    devices = mesh()
    shares = devices.shape["data"]
    X_all, Y_all = jax.device_put((padded(X, shares), padded(Y, shares)), NamedSharding(devices, P(None, "data")))
    return computed(network, placed(network, params, devices), X_all, Y_all, X.shape[1], devices)
