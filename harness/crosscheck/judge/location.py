"""Where an answer first leaves the oracle: what is right, what is wrong first, and hence where the mistake is."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np

from crosscheck.core.records import Answer, Comparison, Tensor, flat


class Part(StrEnum):
    """The part of the computation that a mistake must be in, given what is right.

    COST: J alone is wrong. FORWARD: J and a gradient of every layer are. COST_AND_DZ: J and some gradients, the first
    of them of this layer. DW, DB: J and the gradients of later layers are right, and only dW, or only db, is wrong. DZ:
    both are. KEPT: dW is and db is not, and some gradient of the layer before, which has A[l-1] in common with it.
    FIRST: one of them is wrong first, and others elsewhere. FIT_COSTS, FIT_WEIGHTS, FIT_BIASES, FIT: the gradients are
    right, and the costs, the weights, the biases, or several of these that `fit` returns are not. LATER, ONCE: the same
    question was asked twice, and only the second answer, or only the first, is wrong. STALE: the answer at one point is
    that at an earlier one.
    """

    COST = "cost"
    FORWARD = "forward"
    COST_AND_DZ = "cost and dZ"
    DW = "dW"
    DB = "db"
    DZ = "dZ"
    KEPT = "kept"
    FIRST = "first"
    FIT_COSTS = "costs of fit"
    FIT_WEIGHTS = "weights of fit"
    FIT_BIASES = "biases of fit"
    FIT = "fit"
    LATER = "later"
    ONCE = "once"
    STALE = "stale"


class Location(NamedTuple):
    """A part, of layer `layer` out of L; kind: `W` or `b`, for FIRST; step: the first wrong step of `fit`, or the
    iteration of the point; earlier: that of the point whose answer came again, for STALE.
    """

    part: Part
    L: int
    layer: int = 0
    kind: str = ""
    step: int = 0
    earlier: int = 0


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


def located(answer: Answer, comparisons: Sequence[Comparison], L: int, steps: Sequence[int]) -> Location:
    """Return where the mistake must be, given all comparisons; steps: the iterations of the case's checkpoints.

    An answer that hangs on what was asked before says nothing of a line of the formulas.
    """
    outside = [c for c in comparisons if c.outside]
    size = 1 + 2 * L  # J, dW and db: the comparisons of one point
    wrong = [any(c.outside for c in comparisons[k * size : (k + 1) * size]) for k in range(len(answer.checkpoints))]
    asked = answer.checkpoints
    once = asked.index(asked[-1])  # the last one was asked for before
    if once < len(asked) - 1 and wrong[once] != wrong[-1]:
        return Location(Part.ONCE if wrong[once] else Part.LATER, L, step=steps[asked[once]])
    if any(wrong):
        k = wrong.index(True)
        stale = next((j for j in range(k) if asked[j] != asked[k] and _same(answer, j, k)), None)
        if stale is not None:
            return Location(Part.STALE, L, step=steps[asked[k]], earlier=steps[asked[stale]])
    return locate(outside, L)


def _same(answer: Answer, first: int, second: int) -> bool:
    """Return whether two gradients are the same to the last bit, and not all 0."""
    (J, one), (K, other) = answer.gradients[first], answer.gradients[second]
    pairs = [(J, K), *zip(flat(one), flat(other), strict=True)]
    return all(np.array_equal(a, b) for a, b in pairs) and any(np.any(a) for a, _ in pairs[1:])


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
    if "W" in here and l - 1 in layers:
        return Location(Part.KEPT, L, l, "W")
    return Location(Part.FIRST, L, l, "W" if "W" in here else "b")


def _in_fit(outside: Sequence[Place], L: int) -> Location:
    step = min(c.iteration for c in outside)
    kinds = {c.tensor.kind for c in outside}
    if kinds == {"J"}:
        return Location(Part.FIT_COSTS, L, step=step)
    moved = "".join(kinds - {"J"})
    return Location({"W": Part.FIT_WEIGHTS, "b": Part.FIT_BIASES}.get(moved, Part.FIT), L, step=step)
