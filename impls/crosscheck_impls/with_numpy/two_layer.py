"""The network with one hidden layer, and the six equations of its gradient (notes: N14, N16).

X (n[0], m), Y (n[2], m), params = (Layer(W1 (n[1], n[0]), b1 (n[1], 1)), Layer(W2 (n[2], n[1]), b2 (n[2], 1))).
"""

from numpy import ndarray as Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_numpy import losses
from crosscheck_impls.with_numpy.activations import activation, sigmoid


def forward(network: Network, params: Params, X: Array) -> tuple[Array, tuple[Array, Array, Array]]:
    """Return Z2 (n[2], m) and (Z1, A1, A2) (notes: N14)."""
    (W1, b1), (W2, b2) = params
    g1, _ = activation(network, 1)
    # Z1 = W1 X + b1                                                          (n[1], m)
    Z1 = W1 @ X + b1
    # A1 = g1(Z1)                                                             (n[1], m)
    A1 = g1(Z1)
    # Z2 = W2 A1 + b2                                                         (n[2], m)
    Z2 = W2 @ A1 + b2
    # A2 = σ(Z2)                                                              (n[2], m)
    A2 = sigmoid(Z2)
    return Z2, (Z1, A1, A2)


def cost(network: Network, Z: Array, Y: Array) -> Array:
    """J = −1/m Σ Y log A2 + (1 − Y) log(1 − A2), from Z2 (n[2], m) (notes: N3)."""
    return losses.cross_entropy(Z, Y)


def backward(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and (Layer(dW1, db1), Layer(dW2, db2)) (notes: N16)."""
    Z2, (Z1, A1, A2) = forward(network, params, X)
    W2 = params[1].W
    _, derivative = activation(network, 1)
    m = X.shape[1]
    # dZ2 = A2 − Y                                                            (n[2], m)
    dZ2 = A2 - Y
    # dW2 = 1/m dZ2 A1ᵀ                                                       (n[2], n[1])
    dW2 = dZ2 @ A1.T / m
    # db2 = 1/m Σ dZ2                                                         (n[2], 1)
    db2 = dZ2.sum(axis=1, keepdims=True) / m
    # dZ1 = W2ᵀ dZ2 ∘ g1′(Z1)                                                 (n[1], m)
    dZ1 = (W2.T @ dZ2) * derivative(Z1, A1)
    # dW1 = 1/m dZ1 Xᵀ                                                        (n[1], n[0])
    dW1 = dZ1 @ X.T / m
    # db1 = 1/m Σ dZ1                                                         (n[1], 1)
    db1 = dZ1.sum(axis=1, keepdims=True) / m
    return cost(network, Z2, Y), (Layer(dW1, db1), Layer(dW2, db2))


def predict(network: Network, params: Params, X: Array) -> Array:
    """Return 1 where A2 > 0.5, else 0 (notes: N27)."""
    _, (_, _, A2) = forward(network, params, X)
    return (A2 > 0.5).astype("int64")
