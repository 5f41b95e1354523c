"""One loop, over the examples; inside it each example is a column (notes: N9, N14).

The gradient of the mean is the mean of the gradients: 1/m Σᵢ ∇J(x⁽ⁱ⁾, y⁽ⁱ⁾).
"""

from numpy import ndarray as Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_numpy import l_layer


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams, the means over the examples."""
    m = X.shape[1]
    J = X.dtype.type(0)
    total = [Layer(0 * W, 0 * b) for W, b in params]
    for i in range(m):
        # x⁽ⁱ⁾ (n[0], 1), y⁽ⁱ⁾ (n[L], 1)
        J_i, gradient = l_layer.backward(network, params, X[:, i : i + 1], Y[:, i : i + 1])
        J += J_i
        for (dW, db), (dW_i, db_i) in zip(total, gradient, strict=True):
            dW += dW_i
            db += db_i
    return J / m, tuple(Layer(dW / m, db / m) for dW, db in total)
