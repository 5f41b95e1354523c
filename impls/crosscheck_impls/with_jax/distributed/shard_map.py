"""Data parallel, by hand: each device has a share of the examples, and psum adds the gradients up.

`check_vma=False` leaves a derivative alone. With the check, which is the default, the derivative by params that lie on
every device is summed over them already, and a psum of it would be N times too large.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from crosscheck_impls.interface import Network, Params
from crosscheck_impls.with_jax import l_layer
from crosscheck_impls.with_jax.distributed.sharded import costs, mesh, padded


@partial(jax.jit, static_argnums=(0, 4))
def computed(network: Network, params: Params, X: Array, Y: Array, m: int) -> tuple[Array, Params]:
    """Return J and dParams of the first m examples."""

    @partial(
        jax.shard_map, mesh=mesh(), in_specs=(P(), P(None, "data"), P(None, "data")), out_specs=P(), check_vma=False
    )
    def of_all(params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        first = jax.lax.axis_index("data") * X.shape[1]

        def cost(params: Params) -> Array:
            Z, _ = l_layer.forward(network, params, X)
            counts = first + jnp.arange(X.shape[1]) < m
            return jnp.where(counts, costs(network, Z, Y), 0).sum() / m

        # J = Σᵣ Jᵣ,  dW[l] = Σᵣ dWᵣ[l],  db[l] = Σᵣ dbᵣ[l], each of them over m already
        whole: tuple[Array, Params] = jax.lax.psum(jax.value_and_grad(cost)(params), "data")
        return whole

    whole: tuple[Array, Params] = of_all(params, X, Y)
    return whole


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams, on every device."""
    devices = mesh()
    shares = devices.devices.size
    X_all, Y_all = jax.device_put((padded(X, shares), padded(Y, shares)), NamedSharding(devices, P(None, "data")))
    return computed(network, jax.device_put(params, NamedSharding(devices, P())), X_all, Y_all, X.shape[1])
