"""Mutants whose logarithms have an epsilon against log(0), of any usual size: in the cost alone, or in dZ[L] too.

They are no part of the table that is scored, which has one of them. A name is enough to have one again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Network

from crosscheck.mutation.mutant import Change, Kind, Mutant
from crosscheck.oracle.reference import Reference

SIZES = ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12")
DERIVED = ", dZ as its derivative"
NAME = re.compile(rf"log\(A \+ (1e-\d\d?)\)({DERIVED})?")
OF_TABLE = "log(A + 1e-8)"


def epsilons(network: Network) -> Iterator[str]:
    """Yield the names of those that a network can have, but for that of the table."""
    if network.loss == "cross_entropy":
        names = (f"log(A + {size}){how}" for size in SIZES for how in ("", DERIVED))
        yield from (name for name in names if name != OF_TABLE)


@cache
def by_name(name: str) -> Mutant | None:
    """Return the mutant of this name, or None for a name that is none of these.

    >>> by_name("log(A + 1e-7)").words
    '1e-7 is added inside the logarithms against log(0); compute the cost from the logits'
    """
    match = NAME.fullmatch(name)
    if match is None:
        return None
    e = float(match[1])

    def cross_entropy(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
        return -(Y * np.log(A + e) + (1 - Y) * np.log(1 - A + e))

    def output_dZ(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
        return (-(Y / (A + e)) + (1 - Y) / (1 - A + e)) * (A * (1 - A))

    hooks: dict[str, Callable[..., Any]] = {"cross_entropy": cross_entropy}
    if match[2]:
        hooks["output_dZ"] = output_dZ
    words = f"{match[1]} is added inside the logarithms against log(0); compute the cost from the logits"
    made = Mutant(name, Kind.CLASSIC, words, hooks)
    right, wrong = "Y log(A) + (1 - Y) log(1 - A)", f"Y log(A + {match[1]}) + (1 - Y) log(1 - A + {match[1]})"
    vars(made)["changes"] = (Change((right,), (wrong,)),)
    return made
