"""Logistic regression: one neuron, all examples at once (notes: N2, N10).

X (n_x, m), Y (1, m), params = (Layer(W (1, n_x), b (1, 1)),). The notes' w, an (n_x, 1) column, is Wᵀ.
"""

from numpy import ndarray as Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_numpy import losses
from crosscheck_impls.with_numpy.activations import sigmoid


def forward(network: Network, params: Params, X: Array) -> tuple[Array, tuple[Array]]:
    """Return Z (1, m) and (A,) (notes: N2)."""
    ((W, b),) = params
    # Z = W X + b                                                             (1, m)
    Z = W @ X + b
    # A = σ(Z)                                                                (1, m)
    A = sigmoid(Z)
    return Z, (A,)


def cost(network: Network, Z: Array, Y: Array) -> Array:
    """J = −1/m Σ Y log A + (1 − Y) log(1 − A), from Z (1, m) (notes: N3)."""
    return losses.cross_entropy(Z, Y)


def backward(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and (Layer(dW (1, n_x), db (1, 1)),) (notes: N2, N10)."""
    Z, (A,) = forward(network, params, X)
    m = X.shape[1]
    # dZ = A − Y                                                              (1, m)
    dZ = A - Y
    # dW = 1/m dZ Xᵀ                                                          (1, n_x)
    dW = dZ @ X.T / m
    # db = 1/m Σ dZ                                                           (1, 1)
    db = dZ.sum(axis=1, keepdims=True) / m
    return cost(network, Z, Y), (Layer(dW, db),)


def predict(network: Network, params: Params, X: Array) -> Array:
    """Return 1 where A > 0.5, else 0 (notes: N27)."""
    _, (A,) = forward(network, params, X)
    return (A > 0.5).astype("int64")
