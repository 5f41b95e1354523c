"""One correct implementation in plain NumPy, in functions of one line, so that each can be replaced.

A mutant replaces one of them, or a few (`mutation`); `oracle.noise` runs the right ones in other orders of summation;
`judge.attribution` asks which mutant explains an answer. The reference follows the dtype of its arrays, also that of
ball arithmetic (dtype object), and shares no line with the oracle or with the implementations that are judged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params


class Moment(NamedTuple):
    """Where gradient descent stands: before step t of so many, at params, with J and the gradients there.

    direction: what the step follows. before: the moment one step earlier, or None; that one's `before` is left out.
    """

    network: Network
    X: Array
    Y: Array
    t: int
    iterations: int
    params: Params
    J: Array
    gradients: Params
    direction: Params
    before: Moment | None


class Reference:
    """The right functions, and what is made of them: `forward`, `cost_and_gradients`, `fit`, `predict`.

    A and Z are single layers where l is not given beside them, else the lists A[0 ... L] and Z[1 ... L], whose Z[l]
    has index l - 1.
    """

    # ---------------------------------------------------------------- activations, each beside its derivative

    def sigmoid(self, Z: Array) -> Array:
        """σ(Z), from exp(−|Z|), which cannot overflow."""
        e = np.exp(-np.abs(Z))
        return np.where(Z < 0, e, 1) / (1 + e)

    def sigmoid_derivative(self, A: Array) -> Array:
        """σ′(Z) = A (1 − A)."""
        return A * (1 - A)

    def tanh(self, Z: Array) -> Array:
        """tanh(Z)."""
        return np.tanh(Z)

    def tanh_derivative(self, A: Array) -> Array:
        """tanh′(Z) = 1 − A²."""
        return 1 - A * A

    def relu(self, Z: Array) -> Array:
        """max(Z, 0)."""
        return np.where(Z < 0, 0 * Z, Z)

    def relu_derivative(self, network: Network, Z: Array, A: Array) -> Array:
        """0 left of 0, 1 right of it."""
        return self.right_of_kink(network, "relu", Z).astype(Z.dtype)

    def leaky_relu(self, network: Network, Z: Array) -> Array:
        """slope Z left of 0, Z right of it."""
        return np.where(Z < 0, network.leaky_slope * Z, Z)

    def leaky_relu_derivative(self, network: Network, Z: Array) -> Array:
        """slope left of 0, 1 right of it."""
        right = self.right_of_kink(network, "leaky_relu", Z).astype(Z.dtype)
        return right + network.leaky_slope * (1 - right)

    def right_of_kink(self, network: Network, name: str, Z: Array) -> Array:
        """Return where the derivative of the activation `name` takes its right value."""
        return Z >= 0 if network.relu_grad_at_zero == "right" else Z > 0

    def g(self, network: Network, l: int, Z: Array) -> Array:
        """g[l](Z)."""
        if network.g[l - 1] == "sigmoid":
            return self.sigmoid(Z)
        if network.g[l - 1] == "tanh":
            return self.tanh(Z)
        if network.g[l - 1] == "relu":
            return self.relu(Z)
        if network.g[l - 1] == "leaky_relu":
            return self.leaky_relu(network, Z)
        return Z

    def derivative(self, network: Network, l: int, Z: Array, A: Array) -> Array:
        """g[l]′(Z), with A = g[l](Z)."""
        if network.g[l - 1] == "sigmoid":
            return self.sigmoid_derivative(A)
        if network.g[l - 1] == "tanh":
            return self.tanh_derivative(A)
        if network.g[l - 1] == "relu":
            return self.relu_derivative(network, Z, A)
        if network.g[l - 1] == "leaky_relu":
            return self.leaky_relu_derivative(network, Z)
        return np.ones_like(Z)

    # ---------------------------------------------------------------- forward

    def inputs(self, params: Params, X: Array, Y: Array) -> tuple[Params, Array, Array]:
        """Return the params and the data as the cost and the gradient take them in."""
        return params, X, Y

    def features(self, X: Array) -> Array:
        """A[0] = X."""
        return X

    def count(self, X: Array) -> int:
        """Return m, the number of examples, which are the columns."""
        return int(X.shape[1])

    def Z(self, l: int, W: Array, b: Array, A_prev: Array) -> Array:
        """Z[l] = W[l] A[l-1] + b[l], (n[l], m); A_prev is A[l-1]."""
        return W @ A_prev + b

    def A(self, network: Network, l: int, Z: Array, A_prev: Array) -> Array:
        """A[l] = g[l](Z[l]), (n[l], m); A_prev is A[l-1]."""
        return self.g(network, l, Z)

    def forward(self, network: Network, params: Params, X: Array) -> tuple[list[Array], list[Array]]:
        """Return A[0 ... L] and Z[1 ... L]."""
        A, Z = [self.features(X)], []
        for l, (W, b) in enumerate(params, start=1):
            Z.append(self.Z(l, W, b, A[l - 1]))
            A.append(self.A(network, l, Z[l - 1], A[l - 1]))
        return A, Z

    # ---------------------------------------------------------------- the cost

    def softplus(self, Z: Array) -> Array:
        """log(1 + eᶻ) = max(Z, 0) + log(1 + e^−|Z|)."""
        return np.where(Z < 0, 0 * Z, Z) + np.log1p(np.exp(-np.abs(Z)))

    def cross_entropy(self, A: Array, Z: Array, Y: Array) -> Array:
        """−Y log A − (1 − Y) log(1 − A) = softplus(Z) − Y Z, from the logits."""
        return self.softplus(Z) - Y * Z

    def squared_error(self, A: Array, Y: Array) -> Array:
        """½ (A − Y)²."""
        return (A - Y) ** 2 / 2

    def losses(self, network: Network, A: Array, Z: Array, Y: Array) -> Array:
        """Return the loss of each example and output, (n[L], m)."""
        return self.squared_error(A, Y) if network.loss == "squared_error" else self.cross_entropy(A, Z, Y)

    def mean(self, losses: Array, m: int) -> Array:
        """1/m Σ losses."""
        return np.sum(losses) / m

    def J(self, network: Network, A: list[Array], Z: list[Array], Y: Array) -> Array:
        """J, the mean over the examples."""
        return self.mean(self.losses(network, A[-1], Z[-1], Y), Y.shape[1])

    # ---------------------------------------------------------------- backward

    def output_dZ(self, network: Network, A: Array, Z: Array, Y: Array) -> Array:
        """dZ[L] = A − Y, or (A − Y) ∘ g[L]′(Z) with squared error."""
        if network.loss == "squared_error":
            return (A - Y) * self.derivative(network, network.L, Z, A)
        return A - Y

    def dW(self, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
        """dW[l] = 1/m dZ[l] A[l-1]ᵀ, (n[l], n[l-1])."""
        return dZ @ A[l - 1].T / m

    def db(self, dZ: Array, m: int) -> Array:
        """db[l] = 1/m Σ dZ[l], (n[l], 1)."""
        return np.sum(dZ, axis=1, keepdims=True) / m

    def dA(self, l: int, params: Params, dZ: Array, dW: Array) -> Array:
        """dA[l-1] = W[l]ᵀ dZ[l], (n[l-1], m)."""
        return params[l - 1].W.T @ dZ

    def dZ(self, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
        """dZ[l-1] = dA[l-1] ∘ g[l-1]′(Z[l-1]), (n[l-1], m)."""
        return dA * self.derivative(network, l - 1, Z[l - 2], A[l - 1])

    def collect(self, gradients: Params, W: Array, dW: Array, db: Array) -> Params:
        """Put the gradient of layer l before those of the layers after it."""
        return (Layer(dW, db), *gradients)

    def cost_and_gradients(self, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        """Return J and dParams."""
        params, X, Y = self.inputs(params, X, Y)
        A, Z = self.forward(network, params, X)
        m = self.count(X)
        J = self.J(network, A, Z, Y)
        dZ = self.output_dZ(network, A[-1], Z[-1], Y)
        gradients: Params = ()
        for l in range(network.L, 0, -1):
            dW = self.dW(l, A, Z, dZ, m)
            db = self.db(dZ, m)
            gradients = self.collect(gradients, params[l - 1].W, dW, db)
            if l > 1:
                dA = self.dA(l, params, dZ, dW)
                dZ = self.dZ(network, l, dA, A, Z)
        return J, gradients

    # ---------------------------------------------------------------- gradient descent

    def ask(self, network: Network, params: Params, X: Array, Y: Array, t: int, alpha: float) -> tuple[Array, Params]:
        """Return J and dParams for step t."""
        return self.cost_and_gradients(network, params, X, Y)

    def direction(self, now: Moment) -> Params:
        """Return what the step follows: the gradient."""
        return now.gradients

    def update_layer(self, W: Array, b: Array, dW: Array, db: Array, alpha: float) -> Layer:
        """W := W − α dW, b := b − α db."""
        return Layer(W - alpha * dW, b - alpha * db)

    def update(self, params: Params, gradients: Params, alpha: float) -> Params:
        """Return the params after one step."""
        layers = zip(params, gradients, strict=True)
        return tuple(self.update_layer(W, b, dW, db, alpha) for (W, b), (dW, db) in layers)

    def step(self, now: Moment, alpha: float) -> Params:
        """Return the params after step t."""
        return self.update(now.params, now.direction, alpha)

    def record(self, now: Moment, after: Params) -> Array:
        """Return the cost that is reported for step t, that of the params before it."""
        return now.J

    def fit(
        self, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, list[Array]]:
        """Return the params after gradient descent, and J before each step."""
        costs: list[Array] = []
        before: Moment | None = None
        for t in range(iterations):
            J, gradients = self.ask(network, params, X, Y, t, alpha)
            now = Moment(network, X, Y, t, iterations, params, J, gradients, gradients, before)
            now = now._replace(direction=self.direction(now))
            params = self.step(now, alpha)
            costs.append(self.record(now, params))
            before = now._replace(before=None)
        return params, costs

    # ---------------------------------------------------------------- predictions

    def classes(self, A: Array, Z: Array) -> Array:
        """Return 1 where A > 0.5, else 0."""
        return (A > 0.5).astype("int64")

    def predict(self, network: Network, params: Params, X: Array) -> Array:
        """Return the classes from A[L] and Z[L]; A[L] itself for a linear or ReLU output."""
        A, Z = self.forward(network, params, X)
        if network.g[-1] in ("linear", "relu"):
            return A[-1]
        return self.classes(A[-1], Z[-1])

    # ----------------------------------------------------------------

    def replaced(self, **hooks: Callable[..., Any]) -> Reference:
        """Return this reference with other functions in the place of its own; each takes `self` first.

        >>> right = Reference()
        >>> float(right.mean(np.array([1.0, 3.0]), 2))
        2.0
        >>> float(right.replaced(mean=lambda self, losses, m: np.sum(losses)).mean(np.array([1.0, 3.0]), 2))
        4.0
        """
        changed: type[Reference] = type("Mutated", (type(self),), hooks)
        return changed()


RIGHT = Reference()
