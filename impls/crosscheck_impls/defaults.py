"""What stands in for the parts that an implementation does not have: NumPy on the CPU, plain gradient descent.

A whole implementation is thus one function, `gradients(network, params, X, Y) -> J, dParams`. One that computes with
arrays of another kind adds `from_numpy` and `to_numpy`, and the rest follows: W - alpha dW is written alike everywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from crosscheck_impls.contract import Declaration, Fit, Framework, FromNumpy, Gradients, Variant
from crosscheck_impls.network import (
    NARROW,
    Array,
    BadInput,
    Incomplete,
    Layer,
    Network,
    Params,
    check,
    check_descent,
    check_differentiable,
    nearest,
)

ONLY = "gradients"  # the variant's name where the module has one function


def complete(module: ModuleType, asked: str) -> Framework:
    """Return the module as a framework. Raises BadInput where it has no gradients, or none that can be called.

    asked: the name by which it was asked for, for the message.
    """
    variants = variants_of(module, asked)
    name = getattr(module, "name", module.__name__)
    parts: dict[str, Any] = {
        "devices": devices,
        "device": device,
        "from_numpy": from_numpy,
        "to_numpy": to_numpy,
        "environment": environment,
        "configure": configure,
    }
    parts = {part: getattr(module, part, default) for part, default in parts.items()}
    entrances: tuple[FromNumpy, Callable[[Array], Any]] = parts["from_numpy"], parts["to_numpy"]
    descent = getattr(module, "gradient_descent", None) or descent_over(*entrances, parts["device"])
    fit = getattr(module, "fit", partial(fit_by_variant, variants, descent))
    return Framework(
        name=name,
        module=module,
        variants=variants,
        gradients={each: checked(variant.gradients) for each, variant in variants.items()},
        declarations={each: variant.declaration for each, variant in variants.items()},
        fit=checked_fit(name, tuple(variants), fit),
        predict=checked_predict(getattr(module, "predict", partial(predict, *entrances))),
        **parts,
    )


def variants_of(module: ModuleType, asked: str) -> dict[str, Variant]:
    """Return a module's variants: its own table, or its function or functions with what it declares of them."""
    declarations: Mapping[str, Declaration] = getattr(module, "declarations", {})
    table: Mapping[str, Variant] | None = getattr(module, "variants", None)
    if table is None:
        given = getattr(module, "gradients", None)
        if given is None:
            raise Incomplete(
                f"implementation {asked!r}: the module lacks gradients; `crosscheck init numpy` writes one"
            )
        functions = given if isinstance(given, Mapping) else {ONLY: given}
        table = {name: Variant(function) for name, function in functions.items()}
    for part, value in (("variants", table), ("declarations", declarations)):
        if not isinstance(value, Mapping):
            raise BadInput(
                f"implementation {asked!r}: {part} is a {type(value).__name__}, expected a dictionary by name"
            )
    if not table:
        raise BadInput(f"implementation {asked!r}: it has no variant, expected at least one function in gradients")
    for name, variant in table.items():
        if not callable(variant.gradients):
            raise BadInput(
                f"implementation {asked!r}: gradients of {name!r} is a {type(variant.gradients).__name__}, "
                "expected a function (network, params, X, Y) -> J, dParams"
            )
    return {
        name: variant._replace(declaration=declarations.get(name, variant.declaration))
        for name, variant in table.items()
    }


# ---------------------------------------------------------------- the doors


def checked(gradients: Gradients) -> Gradients:
    """Return the gradients behind a check of their arguments."""

    def door(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        check(network, params, X, Y)
        check_differentiable(network)
        return gradients(network, params, X, Y)

    return door


def checked_fit(name: str, variants: tuple[str, ...], fit: Fit) -> Fit:
    """Return the fit behind a check of its arguments; name: the framework's, for the message."""

    def door(
        variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        if variant not in variants:
            raise BadInput(f"{name}: no variant {variant!r}; {nearest(variant, variants)}")
        check(network, params, X, Y)
        check_differentiable(network)
        check_descent(alpha, iterations)
        return fit(variant, network, params, X, Y, alpha, iterations)

    return door


def checked_predict(predict: Callable[[Network, Params, Array], Array]) -> Callable[[Network, Params, Array], Array]:
    """Return the prediction behind a check of its arguments."""

    def door(network: Network, params: Params, X: Array) -> Array:
        check(network, params, X)
        return predict(network, params, X)

    return door


# ---------------------------------------------------------------- what an implementation need not have


def devices() -> tuple[str, ...]:
    """The CPU and nothing else."""
    return ("cpu",)


def device(array: Array) -> str:
    """`cpu`."""
    return "cpu"


def from_numpy(array: Any, device: str = "cpu") -> Array:
    """Copy a NumPy array; the dtype stays, and a narrow one sums in float32. Raises BadInput for another device."""
    if device != "cpu":
        raise BadInput(f"device: no {device!r} here, expected 'cpu'")
    if array.dtype.name not in NARROW:
        return np.array(array)
    from crosscheck_impls.with_numpy.narrow import narrow  # here, since most arrays are wide

    return narrow(np.array(array))


def to_numpy(array: Array) -> Any:
    """Copy an array to NumPy."""
    return np.array(array)


def environment() -> Mapping[str, Any]:
    """Return the versions of the frameworks that this process has loaded."""
    return {each: sys.modules[each].__version__ for each in ("numpy", "torch", "jax") if each in sys.modules}


def configure(dtype: str) -> None:
    """Nothing to set."""


def fit_by_variant(
    variants: Mapping[str, Variant],
    descent: Callable[..., tuple[Params, Array]],
    variant: str,
    *arguments: Any,
) -> tuple[Params, Array]:
    """Train by the variant's own gradient descent, or by the framework's over the variant's gradients."""
    gradients, own, _ = variants[variant]
    return own(*arguments) if own is not None else descent(gradients, *arguments)


def descent_over(
    from_numpy: FromNumpy, to_numpy: Callable[[Array], Any], device: Callable[[Array], str]
) -> Callable[..., tuple[Params, Array]]:
    """Return plain gradient descent for arrays of any kind."""

    def gradient_descent(
        gradients: Gradients, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        costs = []
        for _ in range(iterations):
            J, dParams = gradients(network, params, X, Y)
            check_dtype(params, dParams)
            costs.append(to_numpy(J))
            # W := W − α dW,  b := b − α db; Python's own number takes the dtype of the array
            params = tuple(
                Layer(W - alpha * dW, b - alpha * db) for (W, b), (dW, db) in zip(params, dParams, strict=True)
            )
        return params, from_numpy(np.stack(costs), device(X))

    return gradient_descent


def check_dtype(params: Params, dParams: Params) -> None:
    """Raise BadInput where a gradient has another dtype than its parameters: they would take it with the first step."""
    for l, (layer, gradient) in enumerate(zip(params, dParams, strict=True), start=1):
        for kind, array, derivative in zip("Wb", layer, gradient, strict=True):
            if derivative.dtype != array.dtype:
                remedy = "convert what has another dtype inside, a mask or a constant array"
                if array.dtype in NARROW and type(array) is np.ndarray:
                    remedy = "NumPy's own arrays widen it; the default from_numpy returns arrays that do not"
                if type(derivative).__module__.startswith("jax"):
                    remedy = 'JAX computes in float32 until jax.config.update("jax_enable_x64", True)'
                raise BadInput(
                    f"gradients: d{kind}{l} is {derivative.dtype}, expected {array.dtype} as {kind}{l}: {remedy}"
                )


def predict(
    from_numpy: FromNumpy, to_numpy: Callable[[Array], Any], network: Network, params: Params, X: Array
) -> Array:
    """Return what NumPy's `l_layer` predicts."""
    from crosscheck_impls.with_numpy import l_layer  # here, since most have their own
    from crosscheck_impls.with_numpy.narrow import narrow

    there = tuple(Layer(narrow(to_numpy(W)), narrow(to_numpy(b))) for W, b in params)
    return from_numpy(np.array(l_layer.predict(network, there, narrow(to_numpy(X)))))
