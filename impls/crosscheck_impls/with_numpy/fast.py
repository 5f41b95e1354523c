"""The fast path: the equations of `l_layer` in place, in memory that is allocated once for all iterations.

Z[l], A[l] and dZ[l] (n[l], m) lie in one buffer: A[l] replaces Z[l] on the way forward and dZ[l] replaces A[l] on
the way back, when nobody needs the old one any more. All parameters are one vector and so is their gradient, and
one subtraction takes the step. No product makes a copy: BLAS reads the transposed operands as they lie, X included.
"""

from typing import NamedTuple

import numpy as np
from numpy import ndarray as Array

from crosscheck_impls.interface import Layer, Network, Params

BATCH = 16_384  # logits of so many outputs are kept, and their costs computed together: few calls for small problems


class Slot(NamedTuple):
    """What one layer reads and writes. W, dW (n[l], n[l-1]); b, db (n[l],) are views of the two vectors.

    A (n[l], m): Z[l], then A[l], then dZ[l]. right (n[l], m): where Z[l] lies right of a kink, if there is one.
    """

    W: Array
    b: Array
    dW: Array
    db: Array
    A: Array
    right: Array


class Workspace(NamedTuple):
    """All that an iteration writes: the parameters and m times their gradient, vectors; a slot a layer; dA[l]."""

    parameters: Array
    gradient: Array
    slots: list[Slot]
    dA: Array
    ones: Array  # (m,)


def allocate(network: Network, params: Params, X: Array) -> Workspace:
    """Return the workspace with the params in it."""
    m = X.shape[1]
    parameters = np.concatenate([array.ravel() for layer in params for array in layer])
    gradient = np.empty_like(parameters)
    slots, start = [], 0
    for n, before, name in zip(network.n[1:], network.n[:-1], network.g, strict=True):
        middle, end = start + n * before, start + n * before + n
        kinked = name in ("relu", "leaky_relu")
        slots.append(
            Slot(
                parameters[start:middle].reshape(n, before), parameters[middle:end],
                gradient[start:middle].reshape(n, before), gradient[middle:end],
                np.empty_like(X, order="C", shape=(n, m)), np.empty((n, m) if kinked else (0, 0), bool),
            )
        )  # fmt: skip
        start = end
    widest = max(network.n[1:])
    dA, ones = np.empty_like(X, shape=widest * m), np.ones_like(X, shape=m)
    return Workspace(parameters, gradient, slots, dA, ones)


def activate(network: Network, l: int, Z: Array, right: Array, scratch: Array) -> None:
    """Put A[l] = g[l](Z[l]) in the place of Z[l], and where Z[l] lies right of the kink into `right`.

    scratch has the shape of Z.
    """
    name = network.g[l - 1]
    if name == "sigmoid":
        # σ(Z) = 1 / (1 + e⁻ᶻ); where e⁻ᶻ overflows, 1/∞ = 0 is the right value
        np.negative(Z, out=Z)
        np.exp(Z, out=Z)
        Z += 1
        np.reciprocal(Z, out=Z)
    elif name == "tanh":
        np.tanh(Z, out=Z)
    elif name != "linear":
        (np.greater_equal if network.relu_grad_at_zero == "right" else np.greater)(Z, 0, out=right)
        if name == "relu":
            # NumPy's maximum of two arrays is three times as fast as that of an array and a number
            scratch[0] = 0
            np.maximum(Z, scratch[0], out=Z)
        else:
            # max(slope Z, Z), since slope < 1
            np.multiply(Z, network.leaky_slope, out=scratch)
            np.maximum(Z, scratch, out=Z)


def differentiate(network: Network, l: int, dA: Array, A: Array, right: Array) -> None:
    """Put dZ[l] = dA[l] ∘ g[l]′(Z[l]) in the place of A[l]; dA[l] is used up."""
    name = network.g[l - 1]
    if name == "sigmoid":
        # dA ∘ A ∘ (1 − A)
        dA *= A
        np.subtract(1, A, out=A)
        A *= dA
    elif name == "tanh":
        # dA ∘ (1 − A²)
        A *= A
        np.subtract(1, A, out=A)
        A *= dA
    elif name == "relu":
        np.multiply(dA, right, out=A)
    elif name == "leaky_relu":
        # 1 or the slope
        np.maximum(right, A.dtype.type(network.leaky_slope), out=A)
        A *= dA
    else:
        A[:] = dA


def forward(network: Network, work: Workspace, X: Array) -> None:
    """Fill the slots with A[1], ..., A[L-1] and Z[L]."""
    A = X
    for l, slot in enumerate(work.slots, start=1):
        # Z[l] = W[l] A[l−1] + b[l]                                           (n[l], m)
        Z = np.dot(slot.W, A, out=slot.A)
        Z += slot.b[:, None]
        if l < network.L:
            activate(network, l, Z, slot.right, scratch(work, Z))
        A = Z


def backward(network: Network, work: Workspace, X: Array, Y: Array) -> None:
    """Turn the slots from A[l] and Z[L] to dZ[l], and fill the gradient, m times that of J."""
    output = work.slots[-1]
    A = output.A
    activate(network, network.L, A, output.right, scratch(work, A))
    if network.loss == "cross_entropy":
        # dZ[L] = A[L] − Y
        A -= Y
    else:
        # dZ[L] = (A[L] − Y) ∘ g[L]′(Z[L])
        dA = np.subtract(A, Y, out=scratch(work, A))
        differentiate(network, network.L, dA, A, output.right)
    for l in range(network.L, 0, -1):
        layer, before = work.slots[l - 1], work.slots[l - 2]
        dZ = layer.A
        # m dW[l] = dZ[l] A[l−1]ᵀ                                             (n[l], n[l−1])
        np.dot(dZ, (before.A if l > 1 else X).T, out=layer.dW)
        # m db[l] = Σ dZ[l] = dZ[l] 1                                         (n[l],)
        np.dot(dZ, work.ones, out=layer.db)
        if l > 1:
            # dA[l−1] = W[l]ᵀ dZ[l]                                           (n[l−1], m)
            dA = scratch(work, before.A)
            # BLAS is slow where the sum has one term
            (np.multiply if len(layer.W) == 1 else np.dot)(layer.W.T, dZ, out=dA)
            differentiate(network, l - 1, dA, before.A, before.right)


def scratch(work: Workspace, like: Array) -> Array:
    """Return the buffer for dA, in the shape of another array."""
    return work.dA[: like.size].reshape(like.shape)


def costs(network: Network, Z: Array, Y: Array) -> Array:
    """Return J (k,) of the logits of k iterations, Z[L] (k, n[L], m); they are used up."""
    if network.loss == "cross_entropy":
        # softplus(Z) − Y Z = log(1 + e^−|Z|) + (max(Z, 0) − Y Z)
        each = np.copysign(Z, -1)
        np.exp(each, out=each)
        np.log1p(each, out=each)
        each += np.maximum(Z, 0)
        Z *= Y
        each -= Z
    else:
        # ½ (A − Y)²
        activate(network, network.L, Z, np.empty(Z.shape, bool), np.empty_like(Z))
        each = np.subtract(Z, Y, out=Z)
        each *= each
        each *= 0.5
    # J = 1/m Σ
    return each.reshape(len(Z), -1).sum(axis=1) / Z.shape[-1]


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams, by the same code as the loop below."""
    work = allocate(network, params, X)
    with np.errstate(over="ignore"):
        forward(network, work, X)
        (J,) = costs(network, work.slots[-1].A[None].copy(), Y)
        backward(network, work, X, Y)
    np.divide(work.gradient, X.shape[1], out=work.gradient)
    return J, tuple(Layer(slot.dW, slot.db[:, None]) for slot in work.slots)


def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    work = allocate(network, params, X)
    rate = alpha / X.shape[1]
    J = np.empty(iterations, X.dtype)
    output = work.slots[-1].A
    batch = min(iterations, max(1, BATCH // output.size))
    logits = np.empty_like(X, order="C", shape=(batch, *output.shape))
    with np.errstate(over="ignore"):
        for t in range(iterations):
            forward(network, work, X)
            logits[t % batch] = output
            backward(network, work, X, Y)
            # W := W − α dW,  b := b − α db
            np.multiply(work.gradient, rate, out=work.gradient)
            np.subtract(work.parameters, work.gradient, out=work.parameters)
            if t % batch == batch - 1 or t == iterations - 1:
                count = t % batch + 1
                J[t + 1 - count : t + 1] = costs(network, logits[:count], Y)
    return tuple(Layer(slot.W, slot.b[:, None]) for slot in work.slots), J
