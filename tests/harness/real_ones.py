"""Small networks written with the libraries' own functions, each with one of their real conventions or precisions."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
from crosscheck.mutation.rounding import tf32
from crosscheck_impls.interface import Layer, Network, Params

Forward = Callable[[Network, Params, Any], Any]


def gradient_descent(gradient: Callable[..., Any], stack: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """Return plain gradient descent with this gradient."""

    def fit(variant: str, network: Network, params: Params, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        costs = []
        for _ in range(iterations):
            J, slopes = gradient(network, params, X, Y)
            costs.append(J)
            params = tuple(
                Layer(*(p - alpha * d for p, d in zip(*pair, strict=True))) for pair in zip(params, slopes, strict=True)
            )
        return params, stack(costs)

    return fit


def made(name: str, gradient: Any, put: Any, get: Any, stack: Any, output: Callable[..., Any]) -> Any:
    """Return a framework."""
    return SimpleNamespace(
        name=name,
        gradients={"real": gradient},
        declarations={},
        devices=lambda: ("cpu",),
        device=lambda array: "cpu",
        from_numpy=lambda array, device="cpu": put(array),
        to_numpy=get,
        fit=gradient_descent(gradient, stack),
        predict=output,
    )


def with_torch(cost: Callable[[Any, Any], Any], hidden: Callable[[Any], Any] | None = None) -> Any:
    """A network in torch, differentiated by autograd; cost takes Z[L] and Y, summed and divided by m."""
    torch = importlib.import_module("torch")

    def forward(network: Network, params: Params, X: Any) -> Any:
        for l, (W, b) in enumerate(params, start=1):
            X = W @ X + b
            if l < network.L and hidden is not None:
                X = hidden(X)
        return X

    def gradient(network: Network, params: Params, X: Any, Y: Any) -> Any:
        leaves = [array.detach().clone().requires_grad_() for layer in params for array in layer]
        layers = tuple(Layer(*leaves[k : k + 2]) for k in range(0, len(leaves), 2))
        J = cost(forward(network, layers, X), Y) / X.shape[1]
        slopes = torch.autograd.grad(J, leaves)
        return J.detach(), tuple(Layer(*slopes[k : k + 2]) for k in range(0, len(slopes), 2))

    return made(
        "torch", gradient, lambda array: torch.tensor(array), lambda t: t.numpy().copy(), torch.stack,
        lambda network, params, X: (torch.sigmoid(forward(network, params, X)) > 0.5).long(),
    )  # fmt: skip


def with_jax(hidden: Callable[[Any], Any] | None = None, x64: bool = True) -> Any:
    """A network in JAX, differentiated by jax.grad, J from the logits."""
    jax = importlib.import_module("jax")
    jnp = jax.numpy
    if x64:
        jax.config.update("jax_enable_x64", True)
    within = nullcontext if x64 else lambda: jax.enable_x64(False)

    def forward(network: Network, params: Params, X: Any) -> Any:
        for l, (W, b) in enumerate(params, start=1):
            X = W @ X + b
            if l < network.L and hidden is not None:
                X = hidden(X)
        return X

    def J(params: Params, network: Network, X: Any, Y: Any) -> Any:
        Z = forward(network, params, X)
        return (jnp.logaddexp(Z, 0) - Y * Z).sum() / X.shape[1]

    def gradient(network: Network, params: Params, X: Any, Y: Any) -> Any:
        with within():
            return jax.value_and_grad(J)(params, network, X, Y)

    def put(array: Any) -> Any:
        with within():
            return jnp.array(array)

    def labels(network: Network, params: Params, X: Any) -> Any:
        return np.asarray(forward(network, params, X) > 0).astype("int64")

    return made("jax", gradient, put, np.asarray, lambda costs: np.array(costs), labels)


def truncating() -> Any:
    """NumPy with the operands of every product cut to TF32's ten bits, from the logits."""

    def forward(network: Network, params: Params, X: Any) -> Any:
        A = [X]
        for W, b in params:
            Z = tf32(W) @ tf32(A[-1]) + b
            A.append(np.tanh(Z))
        return A, Z

    def gradient(network: Network, params: Params, X: Any, Y: Any) -> Any:
        A, Z = forward(network, params, X)
        m = X.shape[1]
        J = (np.logaddexp(0, Z) - Y * Z).sum(dtype=X.dtype) / m
        dZ, slopes = 1 / (1 + np.exp(-Z)) - Y, []
        for l in range(network.L, 0, -1):
            slopes.append(Layer(tf32(dZ) @ tf32(A[l - 1]).T / m, dZ.sum(axis=1, keepdims=True) / m))
            dZ = (tf32(params[l - 1].W).T @ tf32(dZ)) * (1 - A[l - 1] ** 2)
        return J.astype(X.dtype), tuple(slopes[::-1])

    return made(
        "numpy", gradient, np.array, np.array, np.array,
        lambda network, params, X: (forward(network, params, X)[1] > 0).astype("int64"),
    )  # fmt: skip
