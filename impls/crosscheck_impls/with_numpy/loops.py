"""The notes' pseudocode: a loop over the examples, and inside it over the features and units (notes: N8, N9, N14).

Scalars only: every sum is written out. Slow on purpose; `crosscheck` shows how slow.
"""

import numpy as np
from numpy import ndarray as Array

from crosscheck_impls.interface import Layer, Network, Params
from crosscheck_impls.with_numpy import losses
from crosscheck_impls.with_numpy.activations import left_of_kink


def activate(network: Network, l: int, z: Array) -> Array:
    """Return a = g[l](z), of one number."""
    name = network.g[l - 1]
    if name == "sigmoid":
        # σ(z) = 1 / (1 + e⁻ᶻ) = eᶻ / (1 + eᶻ)
        e = np.exp(-abs(z))
        return (e if z < 0 else 1) / (1 + e)
    if name == "tanh":
        return np.tanh(z)
    if name == "linear" or not left_of_kink(z, network.relu_grad_at_zero):
        return z
    return z.dtype.type(0 if name == "relu" else network.leaky_slope) * z


def derivative(network: Network, l: int, z: Array, a: Array) -> Array:
    """Return g[l]′(z), of one number and its a."""
    name = network.g[l - 1]
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "linear" or not left_of_kink(z, network.relu_grad_at_zero):
        return z.dtype.type(1)
    return z.dtype.type(0 if name == "relu" else network.leaky_slope)


def cross_entropy(z: Array, y: Array) -> Array:
    """Return L(a, y) of one example, from the logit (notes: N3)."""
    # softplus(z) = log(1 + eᶻ) = max(z, 0) + log(1 + e^−|z|)
    softplus = max(z, 0) + np.log1p(np.exp(-abs(z)))
    # L = −y log a − (1 − y) log(1 − a) = softplus(z) − y z
    return softplus - y * z


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams; logistic regression as the notes write it, every other network unit by unit."""
    if network.model == "logistic_regression" and network.n[1] == 1:
        return logistic_regression(network, params, X, Y)
    return l_layer(network, params, X, Y)


def logistic_regression(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Two loops, examples and features (notes: N8, N9). X (n_x, m), Y (1, m); J, (Layer(dW (1, n_x), db (1, 1)),)."""
    ((W, b),) = params
    n_x, m = X.shape
    w = list(W[0])
    J = X.dtype.type(0)
    dw = [X.dtype.type(0)] * n_x
    db = X.dtype.type(0)
    for i in range(m):
        # z⁽ⁱ⁾ = Σⱼ wⱼ xⱼ⁽ⁱ⁾ + b
        x, z = list(X[:, i]), b[0, 0]
        for j in range(n_x):
            z += w[j] * x[j]
        # a⁽ⁱ⁾ = σ(z⁽ⁱ⁾)
        a = activate(network, 1, z)
        # J += L(a⁽ⁱ⁾, y⁽ⁱ⁾)
        J += cross_entropy(z, Y[0, i])
        # dz⁽ⁱ⁾ = a⁽ⁱ⁾ − y⁽ⁱ⁾
        dz = a - Y[0, i]
        # dwⱼ += xⱼ⁽ⁱ⁾ dz⁽ⁱ⁾
        for j in range(n_x):
            dw[j] += x[j] * dz
        # db += dz⁽ⁱ⁾
        db += dz
    return J / m, (Layer(np.array([dw]) / m, np.array([[db]]) / m),)


def l_layer(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Loops over examples, layers, units and inputs. X (n[0], m), Y (n[L], m) (notes: N9, N14)."""
    L, n, m = network.L, network.n, X.shape[1]
    zero = X.dtype.type(0)
    J = zero
    weights = [[list(row) for row in W] for W, _ in params]  # lists of numbers: an array is slow to take one from
    dW = [[[zero] * n[l - 1] for _ in range(n[l])] for l in range(1, L + 1)]
    db = [[zero] * n[l] for l in range(1, L + 1)]
    for i in range(m):
        a: list[list[Array]] = [list(X[:, i])]  # a[l][k], and z[l][k] beside it; z[0] is not used
        z: list[list[Array]] = [[]]
        for l, W in enumerate(weights, start=1):
            z.append([])
            for k in range(n[l]):
                # z[l]ₖ = Σⱼ W[l]ₖⱼ a[l−1]ⱼ + b[l]ₖ
                z_k = params[l - 1].b[k, 0]
                for j in range(n[l - 1]):
                    z_k += W[k][j] * a[l - 1][j]
                z[l].append(z_k)
            # a[l]ₖ = g[l](z[l]ₖ)
            a.append([activate(network, l, z_k) for z_k in z[l]])
        z_L = np.array(z[L])[:, None]
        # J += L(a⁽ⁱ⁾, y⁽ⁱ⁾)
        J += losses.cost(network, z_L, Y[:, i : i + 1])
        # dz[L]ₖ = a[L]ₖ − yₖ, times g′ for the squared error
        dz = list(losses.output_gradient(network, z_L, Y[:, i : i + 1])[:, 0])
        for l in range(L, 0, -1):
            for k in range(n[l]):
                # dW[l]ₖⱼ += dz[l]ₖ a[l−1]ⱼ,  db[l]ₖ += dz[l]ₖ
                row = dW[l - 1][k]
                for j in range(n[l - 1]):
                    row[j] += dz[k] * a[l - 1][j]
                db[l - 1][k] += dz[k]
            if l > 1:
                W = weights[l - 1]
                da = [zero] * n[l - 1]
                for j in range(n[l - 1]):
                    # da[l−1]ⱼ = Σₖ W[l]ₖⱼ dz[l]ₖ
                    for k in range(n[l]):
                        da[j] += W[k][j] * dz[k]
                # dz[l−1]ⱼ = da[l−1]ⱼ g[l−1]′(z[l−1]ⱼ)
                dz = [da[j] * derivative(network, l - 1, z[l - 1][j], a[l - 1][j]) for j in range(n[l - 1])]
    return J / m, tuple(Layer(np.array(W) / m, np.array([b]).T / m) for W, b in zip(dW, db, strict=True))
