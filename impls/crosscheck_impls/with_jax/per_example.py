"""The gradient of one example, mapped over the examples by the framework, and averaged (notes: N9, N14).

The gradient of the mean is the mean of the gradients: 1/m Σᵢ ∇J(x⁽ⁱ⁾, y⁽ⁱ⁾).
"""

import jax
from jax import Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_jax import l_layer


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams, the means over the examples."""

    def cost_of_one(params: Params, x: Array, y: Array) -> Array:
        # x⁽ⁱ⁾ (n[0],), y⁽ⁱ⁾ (n[L],)
        Z, _ = l_layer.forward(network, params, x[:, None])
        return l_layer.cost(network, Z, y[:, None])

    # J⁽ⁱ⁾, ∇J⁽ⁱ⁾                                                              (m,), (m, n[l], n[l−1])
    each = jax.vmap(jax.value_and_grad(cost_of_one), in_axes=(None, 1, 1))
    J, dParams = each(params, X, Y)
    return J.mean(), tuple(Layer(dW.mean(axis=0), db.mean(axis=0)) for dW, db in dParams)
