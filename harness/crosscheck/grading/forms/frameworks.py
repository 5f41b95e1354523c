"""PyTorch and JAX as a program uses them. Neither is imported here: who uses one has imported it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble

NAMES = {"torch": "PyTorch", "jax": "JAX"}


def loaded(name: str) -> Any:
    """Return a framework that the user has imported, or None."""
    return sys.modules.get(name)


def precise(name: str) -> contextlib.AbstractContextManager[Any]:
    """Let JAX compute in float64 within, and nowhere else: it gets float64, and its precision is not the question."""
    return loaded("jax").enable_x64(True) if name == "jax" else contextlib.nullcontext()


def converter(name: str) -> Callable[[Any], Any]:
    """Return what makes a framework's array of NumPy's, in the same precision."""
    module = loaded(name)
    if name == "torch":
        return lambda array: module.tensor(np.asarray(array))
    return lambda array: module.numpy.asarray(array)


def in_layers(names: Sequence[str], L: int) -> dict[tuple[int, str], int]:
    """Return which parameter is W or b of which layer, in the order in which they stand."""
    weights = [k for k, name in enumerate(names) if name.lower().startswith("w")]
    biases = [k for k, name in enumerate(names) if name.lower().startswith("b")]
    if len(weights) != L or len(biases) != L:
        raise Trouble(Kind.DEPTH, f"it has {len(weights)} weights and {len(biases)} biases, expected {L} of each")
    return {(l, kind): ks[l - 1] for kind, ks in (("W", weights), ("b", biases)) for l in range(1, L + 1)}


def paired(ranks: Sequence[int], L: int) -> list[tuple[int, str]]:
    """Return layer and kind of each array of a tree, by rank where both are there."""
    if sorted(ranks) == [1] * L + [2] * L:
        counts = {"W": iter(range(L)), "b": iter(range(L))}
        kinds = ["W" if rank == 2 else "b" for rank in ranks]
        return [(next(counts[kind]), kind) for kind in kinds]
    return [(k // 2, "Wb"[k % 2]) for k in range(2 * L)]
