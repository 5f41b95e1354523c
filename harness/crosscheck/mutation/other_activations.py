"""Mutants of one network: a hidden layer, or each of them, has another activation than was asked for.

They are made for a network, and are no part of the table that is scored: a wrong activation is always seen. Their names
say all that they are, so that a name is enough to have one again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from crosscheck_impls.interface import Array, Network

from crosscheck.mutation.mutant import Change, Kind, Mutant
from crosscheck.oracle.reference import Reference

SLOPES = (0.01, 0.1, 0.2, 0.3)  # of leaky ReLU in Keras, XGBoost and GANs, and before Keras 3, beside the network's
OTHERS = ("sigmoid", "tanh", "relu", "linear")
NAME = re.compile(r"(?:layer (\d{1,4})|every hidden layer): (sigmoid|tanh|relu|linear|leaky_relu with slope (0\.\d+))")


def other_activations(network: Network) -> Iterator[Mutant]:
    """Yield a mutant for each other activation of each hidden layer, and of all of them where there are several.

    >>> [mutant.name for mutant in other_activations(Network((2, 4, 1), ("relu", "sigmoid")))][:4]
    ['layer 1: sigmoid', 'layer 1: tanh', 'layer 1: linear', 'layer 1: leaky_relu with slope 0.01']
    """
    hidden = network.g[:-1]
    for l in (*range(1, len(hidden) + 1), *([0] if len(hidden) > 1 else [])):
        where = f"layer {l}" if l else "every hidden layer"
        there = {hidden[l - 1]} if l else set(hidden) if len(set(hidden)) == 1 else set()
        yield from (by_name(f"{where}: {name}") for name in OTHERS if name not in there)
        slopes = sorted({network.leaky_slope, *SLOPES} - {0.0})
        for slope in slopes:
            if "leaky_relu" not in there or slope != network.leaky_slope:
                name = f"{where}: leaky_relu with slope {slope:.12f}".rstrip("0")
                if NAME.fullmatch(name):
                    yield by_name(name)


@cache
def by_name(name: str) -> Mutant:
    """Return the mutant of this name. Raises KeyError for a name that is none's."""
    match = NAME.fullmatch(name)
    if match is None:
        raise KeyError(name)
    layer, activation, slope = int(match[1] or 0), match[2].partition(" ")[0], float(match[3] or 0.01)

    def asked(network: Network, l: int) -> Network:
        """Return the network as this mutant computes layer l."""
        if l == network.L or layer not in (0, l):
            return network
        return replace(network, g=(*network.g[: l - 1], activation, *network.g[l:]), leaky_slope=slope)

    def g(self: Reference, network: Network, l: int, Z: Array) -> Array:
        return Reference.g(self, asked(network, l), l, Z)

    def derivative(self: Reference, network: Network, l: int, Z: Array, A: Array) -> Array:
        return Reference.derivative(self, asked(network, l), l, Z, A)

    where = f"layer {layer} has" if layer else "every hidden layer has"
    words = f"{where} the activation {match[2]}, not the one that was asked for"
    made = Mutant(name, Kind.CLASSIC, words, {"g": g, "derivative": derivative})
    at = layer or "l"
    vars(made)["changes"] = (Change((f"A{at} = g{at}(Z{at}), as asked for",), (f"A{at} = {activation}(Z{at})",)),)
    return made
