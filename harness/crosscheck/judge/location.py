"""Where an answer first leaves the oracle: what is right, what is wrong first, and hence where the mistake is."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from crosscheck.core.records import Comparison, Tensor


class Part(StrEnum):
    """The part of the computation that a mistake must be in, given what is right.

    COST: J alone is wrong. FORWARD: J and all gradients are. COST_AND_DZ: J and the gradients from one layer down.
    DW, DB: J and the gradients of later layers are right, and of this layer only dW, or only db, is wrong. DZ: both
    are. FIRST: one of them is wrong first, and others elsewhere. FIT_COSTS, FIT_WEIGHTS, FIT_BIASES, FIT: the gradients
    are right, and the costs, the weights, the biases, or several of these that `fit` returns are not.
    """

    COST = "cost"
    FORWARD = "forward"
    COST_AND_DZ = "cost and dZ"
    DW = "dW"
    DB = "db"
    DZ = "dZ"
    FIRST = "first"
    FIT_COSTS = "costs of fit"
    FIT_WEIGHTS = "weights of fit"
    FIT_BIASES = "biases of fit"
    FIT = "fit"


class Location(NamedTuple):
    """A part, of layer `layer` out of L; kind: `W` or `b`, for FIRST; step: the first wrong step of `fit`."""

    part: Part
    L: int
    layer: int = 0
    kind: str = ""
    step: int = 0


class Place(Protocol):
    """A tensor at an iteration, as a Comparison is."""

    @property
    def tensor(self) -> Tensor:
        """J, a gradient, or what a step of `fit` returns."""

    @property
    def iteration(self) -> int:
        """Of a checkpoint, or the number of the step."""


def first(outside: Sequence[Comparison], L: int) -> Comparison:
    """Return the first divergence in the order of computation: J, then dW[L], db[L], down to layer 1, then the step."""

    def order(c: Comparison) -> tuple[bool, int, bool, int]:
        stage = 0 if c.tensor.kind == "J" else 1 + L - c.tensor.layer
        return c.tensor.of_fit, c.iteration, stage > 0, stage

    return min(outside, key=order)


def locate(outside: Sequence[Place], L: int) -> Location:
    """Return where the mistake must be, given all that is outside."""
    lockstep = [c for c in outside if not c.tensor.of_fit]
    if not lockstep:
        return _in_fit(outside, L)
    t = min(c.iteration for c in lockstep)
    wrong = [c.tensor for c in lockstep if c.iteration == t]
    layers = sorted({tensor.layer for tensor in wrong if tensor.kind != "J"}, reverse=True)
    if not layers:
        return Location(Part.COST, L)
    l = layers[0]
    if any(tensor.kind == "J" for tensor in wrong):
        return Location(Part.FORWARD if layers == list(range(L, 0, -1)) else Part.COST_AND_DZ, L, l)
    if len(kinds := {tensor.kind for tensor in wrong}) == 1:
        return Location(Part.DW if kinds == {"W"} else Part.DB, L, l)
    here = {tensor.kind for tensor in wrong if tensor.layer == l}
    if len(here) == 2:
        return Location(Part.DZ, L, l)
    return Location(Part.FIRST, L, l, "W" if "W" in here else "b")


def _in_fit(outside: Sequence[Place], L: int) -> Location:
    step = min(c.iteration for c in outside)
    kinds = {c.tensor.kind for c in outside}
    if kinds == {"J"}:
        return Location(Part.FIT_COSTS, L, step=step)
    moved = "".join(kinds - {"J"})
    return Location({"W": Part.FIT_WEIGHTS, "b": Part.FIT_BIASES}.get(moved, Part.FIT), L, step=step)
