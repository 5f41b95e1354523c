"""The stages of a computation, and what is known to go wrong in each: the table of mistakes, one function at a time."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Network, Params

from crosscheck.grading.diagnosis.closeness import ALIKE
from crosscheck.grading.diagnosis.habits import HABITS
from crosscheck.grading.diagnosis.points import Point
from crosscheck.mutation.build import mutated
from crosscheck.mutation.mutants import MUTANTS, Kind, Mutant
from crosscheck.oracle.reference import RIGHT, Reference


class Stage(StrEnum):
    """A line or two of everybody's program, in the order of computation."""

    FORWARD = "forward"
    COST = "cost"
    OUTPUT = "dZ[L]"
    DW = "dW"
    DB = "db"
    DA = "dA"
    DZ = "dZ"
    UPDATE = "update"


HOOKS = {
    Stage.FORWARD: {"sigmoid", "tanh", "relu", "leaky_relu", "inputs", "features", "Z", "A"},
    Stage.COST: {"cross_entropy", "squared_error", "mean"},
    Stage.OUTPUT: {"output_dZ"},
    Stage.DW: {"dW"},
    Stage.DB: {"db"},
    Stage.DA: {"dA"},
    Stage.DZ: {"dZ", "sigmoid_derivative", "tanh_derivative", "relu_derivative", "leaky_relu_derivative"},
}


# known mistakes of one size each, which epsilon.py and linear.py look for in every size
SIZED = {"log(A + 1e-8)", "A clipped to [1e-7, 1 - 1e-7]", "dZ through a division with epsilon", "weight decay"}


class Option(NamedTuple):
    """What a stage may do: the right thing, or a known mistake; layer: in the pass through this one alone, if any."""

    reference: Reference
    mutant: Mutant | None = None
    layer: int = 0

    @property
    def cost(self) -> int:
        """One for a mistake."""
        return self.mutant is not None


def by_logarithms(self: Reference, A: Array, Z: Array, Y: Array) -> Array:
    """−Y log A − (1 − Y) log(1 − A), as everybody writes it; where A is right it is what the logits give."""
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A))


LOGARITHMS = Option(RIGHT.replaced(cross_entropy=by_logarithms))


@cache
def options(stage: Stage) -> tuple[Option, ...]:
    """Return what a stage may do, the right thing first."""
    known = [
        Option(mutated(mutant), mutant)
        for mutant in (*MUTANTS, *HABITS)
        if mutant.hooks.keys() <= HOOKS[stage]
        and not mutant.only_rounds
        and mutant.kind is not Kind.SWITCH
        and mutant.name not in SIZED
    ]
    known.sort(key=lambda option: option.mutant is not None and option.mutant.kind is Kind.MISPRINT)  # said last
    right = [Option(RIGHT), LOGARITHMS] if stage is Stage.COST else [Option(RIGHT)]
    return (*right, *known)


@cache
def passes(L: int) -> tuple[Option, ...]:
    """Return what the forward pass through L layers may do: a mistake in all of them, or in one."""
    every = options(Stage.FORWARD)
    single = [
        Option(_in_layer(option.mutant, l), option.mutant, l)
        for option in every
        if option.mutant is not None and option.mutant.hooks.keys() <= {"Z", "A"}
        for l in range(1, L + 1)
    ]
    return (*every, *(single if L > 1 else ()))


def _in_layer(mutant: Mutant, layer: int) -> Reference:
    """Return the reference with the mutant's functions in one layer only."""

    def hook(name: str) -> Callable[..., Any]:
        right, wrong = getattr(Reference, name), mutant.hooks[name]

        def Z(self: Reference, l: int, *rest: Any) -> Any:
            return (wrong if l == layer else right)(self, l, *rest)

        def A(self: Reference, network: Network, l: int, *rest: Any) -> Any:
            return (wrong if l == layer else right)(self, network, l, *rest)

        return Z if name == "Z" else A

    return RIGHT.replaced(**{name: hook(name) for name in mutant.hooks})


class Pass(NamedTuple):
    """A forward pass: what goes in, as it is taken, and A[0 ... L] and Z[1 ... L]."""

    params: Params
    X: Array
    Y: Array
    A: list[Array]
    Z: list[Array]
    kinked: bool


def forward(option: Option, point: Point) -> Pass:
    """Return a forward pass at a point."""
    params, X, Y = option.reference.inputs(point.params, point.X, point.Y)
    A, Z = option.reference.forward(point.network, params, X)
    hidden = zip(point.network.g[:-1], Z, strict=False)
    kinked = any("relu" in name and bool((np.abs(z) <= ALIKE * np.abs(z).max()).any()) for name, z in hidden)
    return Pass(params, X, Y, A, Z, kinked)


class Lazy:
    """An array at each point, computed once, when it is asked for; None where it cannot be computed."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        self._make = make
        self._made: dict[int, Any] = {}

    def __call__(self, k: int) -> Any:
        """Return it at point k."""
        if k not in self._made:
            try:
                with np.errstate(all="ignore"):
                    self._made[k] = self._make(k)
            except Exception:  # a mistake may break anything
                self._made[k] = None
        return self._made[k]
