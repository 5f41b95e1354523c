"""Mutants of one layer: another activation or derivative than was asked for, or a mistake of the table there alone.

They are made for a network, and are no part of the table that is scored. Their names say all that they are, so that a
name is enough to have one again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from crosscheck_impls.interface import Array, Network, Params

from crosscheck.mutation import linear_part
from crosscheck.mutation.mutant import Change, Kind, Mutant, mutants
from crosscheck.oracle.reference import RIGHT, Reference

SLOPES = (0.01, 0.1, 0.2, 0.3)  # of leaky ReLU in Keras, XGBoost and GANs, and before Keras 3, beside the network's
OTHERS = ("sigmoid", "tanh", "relu", "linear")
ALONE, AT_A = " forward alone", " forward alone, and the derivative asked for at its A"
BOTH, OF_G = "", "g' of "
NAME = re.compile(
    rf"(?:layer (\d{{1,4}})|every hidden layer): ({OF_G})?"
    rf"(sigmoid|tanh|relu|linear|leaky_relu with slope (0\.\d+))({ALONE}|{AT_A})?"
)
OF_TABLE = re.compile(r"layer (\d{1,4}): (.+)")
FORWARD = frozenset({"Z", "A", "g", "sigmoid", "tanh", "relu", "leaky_relu"})
DERIVATIVES = frozenset({"sigmoid_derivative", "tanh_derivative", "relu_derivative", "leaky_relu_derivative"})
BACKWARD = frozenset({"dA", "dZ", "derivative", *DERIVATIVES})
GRADIENTS = frozenset({"dW", "db"})  # of their own layer alone: nothing is made of them in another one


def in_a_layer(network: Network, wrong: int) -> Iterator[Mutant]:
    """Yield what can be wrong in one layer, or with the activation of every hidden one.

    wrong: the last layer whose gradient is wrong while J is right; 0 where J is wrong, by any layer's forward pass.

    >>> [mutant.name for mutant in in_a_layer(Network((2, 4, 4, 1), ("relu", "relu", "sigmoid")), 2)][:3]
    ["layer 2: g' of sigmoid", "layer 2: g' of tanh", "layer 2: g' of linear"]
    """
    hidden = range(1, network.L)
    layers = [l for l in hidden if wrong in (0, l)]
    everywhere = [0] if len(hidden) > 1 and wrong in (0, network.L - 1) else []
    for l in (*layers, *everywhere):
        there = {network.g[l - 1]} if l else set(network.g[:-1])
        where = f"layer {l}" if l else "every hidden layer"
        for other in _others(network, there):
            if wrong:
                yield by_name(f"{where}: {OF_G}{other}")
                continue
            yield from (by_name(f"{where}: {other}{how}") for how in (BOTH, ALONE))
            if there & {"sigmoid", "tanh"}:
                yield by_name(f"{where}: {other}{AT_A}")
    if not wrong:
        yield from map(by_name, linear_part.in_linear_part(network))
    if network.L > 1:
        for l in [wrong] if wrong else range(1, network.L + 1):
            yield from (by_name(f"layer {l}: {mutant.name}") for mutant in _of_table(network, l, bool(wrong)))


def _others(network: Network, there: set[str]) -> Iterator[str]:
    """Yield the activations that are not those that are there already, with the slopes of leaky ReLU."""
    only = next(iter(there)) if len(there) == 1 else ""
    yield from (name for name in OTHERS if name != only)
    for slope in sorted({network.leaky_slope, *SLOPES} - {0.0}):
        written = f"{slope:.12f}".rstrip("0")
        if (only != "leaky_relu" or slope != network.leaky_slope) and re.fullmatch(r"0\.\d+", written):
            yield f"leaky_relu with slope {written}"


def _of_table(network: Network, l: int, backward: bool) -> Iterator[Mutant]:
    """Yield the mistakes of the table that can be made in layer l alone, and are others there than everywhere."""
    for mutant in mutants():
        if mutant.kind not in (Kind.CLASSIC, Kind.MISPRINT) or mutant.only_rounds:
            continue
        hooks = mutant.hooks.keys()
        some_hidden = l < network.L and network.L > 2
        if (backward and (hooks <= GRADIENTS or (hooks <= BACKWARD and some_hidden))) or (
            not backward and hooks & FORWARD and hooks <= FORWARD | BACKWARD
        ):
            yield mutant


@cache
def by_name(name: str) -> Mutant:
    """Return the mutant of this name. Raises KeyError for a name that is none's."""
    if match := NAME.fullmatch(name):
        layer, derivative, activation, slope, how = match.groups()
        return _other(name, int(layer or 0), activation, float(slope or 0.01), derivative or how or BOTH)
    if (of_Z := linear_part.by_name(name)) is not None:
        return of_Z
    match = OF_TABLE.fullmatch(name)
    found = [mutant for mutant in mutants() if match and mutant.name == match[2]]
    if match is None or not found:
        raise KeyError(name)
    layer, mutant = int(match[1]), found[0]
    made = Mutant(name, mutant.kind, f"in layer {layer} alone, {mutant.words}", _at(layer, mutant.hooks))
    vars(made)["changes"] = mutant.changes
    return made


def _other(name: str, layer: int, activation: str, slope: float, how: str) -> Mutant:
    """Return the mutant with another activation. layer: 0 is every hidden one; how: BOTH, OF_G, ALONE or AT_A."""
    plain = activation.partition(" ")[0]

    def asked(network: Network, l: int) -> Network:
        """Return the network as this mutant computes layer l."""
        if l == network.L or layer not in (0, l):
            return network
        return replace(network, g=(*network.g[: l - 1], plain, *network.g[l:]), leaky_slope=slope)

    def g(self: Reference, network: Network, l: int, Z: Array) -> Array:
        return Reference.g(self, asked(network, l), l, Z)

    def derivative(self: Reference, network: Network, l: int, Z: Array, A: Array) -> Array:
        return Reference.derivative(self, asked(network, l), l, Z, A)

    def from_Z(self: Reference, network: Network, l: int, Z: Array, A: Array) -> Array:
        wanted = asked(network, l) if how == OF_G else network
        return Reference.derivative(self, wanted, l, Z, Reference.g(self, wanted, l, Z))

    has, at = (f"layer {layer} has", layer) if layer else ("every hidden layer has", "l")
    if how == OF_G:
        words = f"{has} the derivative of {activation}, not that of its activation"
        return _made(name, words, {"derivative": from_Z}, Change((f"g{at}'(Z{at})",), (f"{plain}'(Z{at})",)))
    forward = Change((f"A{at} = g{at}(Z{at}), as asked for",), (f"A{at} = {plain}(Z{at})",))
    if how == BOTH:
        words = f"{has} the activation {activation}, not the one that was asked for"
        return _made(name, words, {"g": g, "derivative": derivative}, forward)
    words = f"{has} the activation {activation}, and the derivative of the one that was asked for"
    return _made(name, words, {"g": g} if how == AT_A else {"g": g, "derivative": from_Z}, forward)


def _made(name: str, words: str, hooks: Mapping[str, Callable[..., Any]], change: Change) -> Mutant:
    made = Mutant(name, Kind.CLASSIC, words, hooks)
    vars(made)["changes"] = (change,)
    return made


def _at(layer: int, hooks: Mapping[str, Callable[..., Any]]) -> Mapping[str, Callable[..., Any]]:
    """Return hooks that do in one layer what these do in each."""
    if hooks.keys() <= GRADIENTS:
        return {"cost_and_gradients": _spliced(layer, hooks)}
    changed = RIGHT.replaced(**hooks)

    def Z(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
        return changed.Z(l, W, b, A_prev) if l == layer else Reference.Z(self, l, W, b, A_prev)

    def A(self: Reference, network: Network, l: int, Z: Array, A_prev: Array) -> Array:
        return changed.A(network, l, Z, A_prev) if l == layer else Reference.A(self, network, l, Z, A_prev)

    def dA(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
        return changed.dA(l, params, dZ, dW) if l - 1 == layer else Reference.dA(self, l, params, dZ, dW)

    def dZ(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
        there = changed.dZ(network, l, dA, A, Z) if l - 1 == layer else None
        return Reference.dZ(self, network, l, dA, A, Z) if there is None else there

    return {"Z": Z, "A": A, "dA": dA, "dZ": dZ}


def _spliced(layer: int, hooks: Mapping[str, Callable[..., Any]]) -> Callable[..., tuple[Array, Params]]:
    """Return a gradient that is right but in one layer."""

    def cost_and_gradients(
        self: Reference, network: Network, params: Params, X: Array, Y: Array
    ) -> tuple[Array, Params]:
        wrong = self.replaced(**hooks, cost_and_gradients=Reference.cost_and_gradients)
        J, right = Reference.cost_and_gradients(self, network, params, X, Y)
        _, other = wrong.cost_and_gradients(network, params, X, Y)
        return J, (*right[: layer - 1], other[layer - 1], *right[layer:])

    return cost_and_gradients
