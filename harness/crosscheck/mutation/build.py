"""The reference with a mutant mutated, as a framework like any other; the arrays are NumPy's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from crosscheck_impls.interface import Array, Framework, Network, Params

from crosscheck.mutation.mutants import A_LINE, Mutant
from crosscheck.oracle import reference

SOURCE = Path(reference.__file__).read_text(encoding="utf-8")


def single(A: Array) -> Array:
    """Round to float32, and stay there."""
    return A.astype(np.float32)


def through(dtype: type) -> Callable[[Array], Array]:
    """Return the function that rounds to the dtype and comes back."""
    return lambda A: np.asarray(A).astype(dtype).astype(np.asarray(A).dtype)


def tf32(A: Array) -> Array:
    """Cut to TF32's ten bits after the point, by truncation."""
    return _cut(A, 13, 0)


def bfloat16(A: Array) -> Array:
    """Round to bfloat16's seven bits after the point, to the nearest even."""
    return _cut(A, 16, 0x7FFF)


def _cut(A: Array, bits: int, half: int) -> Array:
    raw = np.asarray(A).astype(np.float32).view(np.uint32)
    even = (raw >> np.uint32(bits)) & np.uint32(1) if half else np.uint32(0)
    return ((raw + np.uint32(half) + even) & ~np.uint32((1 << bits) - 1)).view(np.float32).astype(A.dtype)


def flushed(A: Array) -> Array:
    """Replace subnormal numbers by 0."""
    return np.where(np.abs(A) < np.finfo(A.dtype).tiny, 0, A).astype(A.dtype)


def shaken(A: Array) -> Array:
    """Move every number by one ulp towards 1/2."""
    return np.nextafter(A, np.asarray(0.5, dtype=A.dtype))


HELPERS = {
    "single": single, "through_single": through(np.float32), "half": through(np.float16), "tf32": tf32,
    "bfloat16": bfloat16, "flushed": flushed, "shaken": shaken, "rate": 0.0,
}  # fmt: skip


def mutated(mutant: Mutant | None, shake: bool = False) -> str:
    """Return the reference's text with the mutant in it. Raises ValueError where its line is not there any more.

    shake: every A[l] is moved by one ulp, to see how much the formulas after it make of that.
    """
    text = SOURCE
    for old, new in mutant.changes if mutant else ():
        if SOURCE.count(old) != 1:
            raise ValueError(f"{mutant and mutant.name}: {old!r} stands {SOURCE.count(old)} times in the reference")
        text = text.replace(old, new)
    return text.replace(A_LINE, f"A.append(shaken({A_LINE.removeprefix('A.append(')})") if shake else text


@cache
def framework(mutant: Mutant | None = None, shake: bool = False) -> Framework:
    """Return the reference with a mutant, or the right one, with the contract of a framework."""
    namespace: dict[str, Any] = dict(HELPERS)
    name = mutant.name if mutant else "reference"
    module = f"crosscheck.mutated.{name}"
    namespace["__name__"] = module
    sys.modules.setdefault(module, sys.modules[__name__])
    exec(compile(mutated(mutant, shake), f"<{name}>", "exec"), namespace)

    def fit(
        variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        trained, costs = namespace["fit"](network, params, X, Y, alpha, iterations)
        return trained, np.array(costs, dtype=X.dtype)

    def copied(array: Any, device: str = "cpu") -> Array:
        return np.array(array)

    made = SimpleNamespace(
        name=name,
        gradients={"mutated": namespace["cost_and_gradients"]},
        declarations={},
        devices=lambda: ("cpu",),
        device=lambda array: "cpu",
        from_numpy=copied,
        to_numpy=copied,
        fit=fit,
        predict=namespace["predict"],
        forward=namespace["forward"],
    )
    return cast("Framework", made)
