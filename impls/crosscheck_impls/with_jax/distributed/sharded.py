"""Data parallel as JAX has it: the examples lie on all devices, a share each, and XLA adds up what belongs together.

Shares are of the same length, so that examples of zeros are put at the end, which count for nothing: their terms of J
are 0 and so are their gradients, exactly. The sum over m terms is in another order; nothing else rounds.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from crosscheck_impls.interface import Network, Params
from crosscheck_impls.with_jax import l_layer
from crosscheck_impls.with_jax.activations import activation


def mesh() -> Mesh:
    """Return all devices, of every process, in a row."""
    return jax.make_mesh((jax.device_count(),), ("data",), (AxisType.Auto,))


def padded(array: Any, shares: int) -> Any:
    """Return the array (n, m) with columns of zeros at its end, so that its length is a multiple."""
    return np.pad(array, ((0, 0), (0, -array.shape[1] % shares)))


def costs(network: Network, Z: Array, Y: Array) -> Array:
    """Return each example's term of J for each output (n[L], m)."""
    if network.loss == "cross_entropy":
        # softplus(Z) − Y Z; logaddexp has the derivative ½ at 0, which max and |Z| have not
        return jnp.logaddexp(Z, 0) - Y * Z
    # ½ (A − Y)²
    return 0.5 * (activation(network, network.L).g(Z) - Y) ** 2


@partial(jax.jit, static_argnums=(0, 4, 5))
def computed(network: Network, params: Params, X: Array, Y: Array, m: int, devices: Mesh) -> tuple[Array, Params]:
    """Return J and dParams of the first m examples, on every device."""

    def cost(params: Params) -> Array:
        Z, _ = l_layer.forward(network, params, X)
        counts = jnp.arange(X.shape[1]) < m
        # J = 1/m Σ of the terms of those that count
        return jnp.where(counts, costs(network, Z, Y), 0).sum() / m

    J, dParams = jax.value_and_grad(cost)(params)
    everywhere = NamedSharding(devices, P())
    whole: tuple[Array, Params] = jax.lax.with_sharding_constraint((J, dParams), everywhere)
    return whole


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams, on every device."""
    devices = mesh()
    by_example, everywhere = NamedSharding(devices, P(None, "data")), NamedSharding(devices, P())
    shares = devices.devices.size
    X_all, Y_all = jax.device_put((padded(X, shares), padded(Y, shares)), by_example)
    return computed(network, jax.device_put(params, everywhere), X_all, Y_all, X.shape[1], devices)
