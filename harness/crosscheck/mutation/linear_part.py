"""Mutants of one layer's Z = W A + b, as ports of layers come by them: a bias that nothing hangs on, so that its
gradient is 0, or a square W transposed, in the gradient too as automatic differentiation has it, or in Z alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.mutation.mutant import Change, Kind, Mutant
from crosscheck.oracle.reference import Reference

UNUSED, TRANSPOSED, IN_Z = "b unused", "W transposed", "W transposed in Z alone"
NAME = re.compile(rf"layer (\d{{1,4}}): ({UNUSED}|{TRANSPOSED}|{IN_Z})")


def in_linear_part(network: Network) -> Iterator[str]:
    """Yield the names of what can be wrong with some layer's Z.

    >>> list(in_linear_part(Network((2, 2, 1), ("tanh", "sigmoid"))))
    ['layer 1: b unused', 'layer 1: W transposed', 'layer 1: W transposed in Z alone', 'layer 2: b unused']
    """
    for l in range(1, network.L + 1):
        square = network.n[l] == network.n[l - 1] > 1
        yield from (f"layer {l}: {what}" for what in ((UNUSED, TRANSPOSED, IN_Z) if square else (UNUSED,)))


def by_name(name: str) -> Mutant | None:
    """Return the mutant of this name, or None for a name that is none of these."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    l, what = int(match[1]), match[2]
    A = f"A{l - 1}" if l > 1 else "X"
    hooks, words, Z = {
        UNUSED: (_unused(l), f"b{l} is not added, and its gradient is 0", f"W{l} {A}"),
        TRANSPOSED: (_transposed(l), f"W{l} is transposed, as its shape allows", f"W{l}ᵀ {A} + b{l}"),
        IN_Z: (_in_Z(l), f"W{l} is transposed, as its shape allows, but not in the gradient", f"W{l}ᵀ {A} + b{l}"),
    }[what]
    made = Mutant(name, Kind.CLASSIC, words, hooks)
    vars(made)["changes"] = (Change((f"Z{l} = W{l} {A} + b{l}",), (f"Z{l} = {Z}",)),)
    return made


def _unused(layer: int) -> Mapping[str, Callable[..., Any]]:
    def Z(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
        return W @ A_prev + 0 * b if l == layer else Reference.Z(self, l, W, b, A_prev)

    def cost_and_gradients(
        self: Reference, network: Network, params: Params, X: Array, Y: Array
    ) -> tuple[Array, Params]:
        J, gradient = Reference.cost_and_gradients(self, network, params, X, Y)
        dW, db = gradient[layer - 1]
        return J, (*gradient[: layer - 1], Layer(dW, 0 * db), *gradient[layer:])

    return {"Z": Z, "cost_and_gradients": cost_and_gradients}


def _in_Z(layer: int) -> Mapping[str, Callable[..., Any]]:
    def Z(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
        return Reference.Z(self, l, W.T if l == layer else W, b, A_prev)

    return {"Z": Z}


def _transposed(layer: int) -> Mapping[str, Callable[..., Any]]:
    def dW(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
        right = Reference.dW(self, l, A, Z, dZ, m)
        return right.T if l == layer else right

    def dA(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
        return params[l - 1].W @ dZ if l == layer else Reference.dA(self, l, params, dZ, dW)

    return {**_in_Z(layer), "dW": dW, "dA": dA}
