"""Each framework's own derivative: the one file of the harness that knows torch and JAX by name, and imports them late.

Everything else reaches them through `crosscheck_impls.interface.load`. NumPy has no derivative, so that the claims
differentiate by hand there.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from crosscheck_impls.interface import Array

NAMESPACES = {"numpy": "numpy", "torch": "torch", "jax": "jax.numpy"}


def namespace(name: str) -> Any:
    """Return the module whose functions work on a framework's arrays: numpy, torch or jax.numpy."""
    return importlib.import_module(NAMESPACES[name])


def _module(name: str) -> Any:
    return importlib.import_module({"torch": "torch.func", "jax": "jax"}[name])


def has(name: str) -> bool:
    """Return whether the framework differentiates by itself."""
    return name != "numpy"


def gradient(name: str, f: Callable[..., Array], *arguments: Array) -> tuple[Array, ...]:
    """Return the derivatives of a scalar f by each of its arguments."""
    derivatives: tuple[Array, ...] = _module(name).grad(f, argnums=tuple(range(len(arguments))))(*arguments)
    return derivatives


def slopes(name: str, g: Callable[[Array], Array], Z: Array) -> Array:
    """Return g′(Z), of the shape of Z, for an elementwise g: the derivative of the sum."""
    (slope,) = gradient(name, lambda Z: g(Z).sum(), Z)
    return slope


def hessian(name: str, f: Callable[[Array], Array], w: Array) -> Array:
    """Return the second derivatives (k, k) of a scalar f at w (k,)."""
    reverse = _module(name).jacrev
    return reverse(reverse(f))(w)
