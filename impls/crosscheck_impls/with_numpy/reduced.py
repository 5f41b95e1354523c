"""Matrix products of bfloat16, summed in float32, over float32 arrays. float64 stays full."""

import numpy as np
from numpy import ndarray as Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_numpy import l_layer, losses


def rounded(M: Array) -> Array:
    """Return a float32 matrix rounded to bfloat16, the upper 16 bits, to the nearest even; float64 as it is.

    >>> rounded(np.array([1 / 3, 1 + 2**-8], np.float32)).tolist()
    [0.333984375, 1.0]
    """
    if M.dtype != np.float32:
        return M
    bits = M.view(np.uint32)
    nearest = bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1)) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(M), M, nearest.view(np.float32))


def product(left: Array, right: Array) -> Array:
    """Return the product of two matrices, each rounded to bfloat16."""
    return rounded(left) @ rounded(right)


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    A, Z = [X], []
    for l, (W, b) in enumerate(params, start=1):
        Z.append(product(W, A[-1]) + b)
        A.append(l_layer.activation_forward(network, l, Z[-1]) if l < network.L else Z[-1])
    dZ = losses.output_gradient(network, Z[-1], Y)
    gradient = []
    for l in range(network.L, 0, -1):
        gradient.append(Layer(product(dZ, A[l - 1].T) / X.shape[1], dZ.sum(axis=1, keepdims=True) / X.shape[1]))
        if l > 1:
            dA = product(params[l - 1].W.T, dZ)
            dZ = l_layer.activation_backward(network, l - 1, dA, Z[l - 2], A[l - 1])
    return l_layer.cost(network, Z[-1], Y), tuple(reversed(gradient))
