"""The forward pass by hand, the derivative by jax.value_and_grad."""

import jax
from jax import Array

from crosscheck_impls.interface import Network, Params
from crosscheck_impls.with_jax import l_layer


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""

    def cost(params: Params) -> Array:
        Z, _ = l_layer.forward(network, params, X)
        return l_layer.cost(network, Z, Y)

    J, dParams = jax.value_and_grad(cost)(params)
    return J, dParams
