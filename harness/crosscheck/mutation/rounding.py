"""Fewer bits: what a framework, a processor or a careless cast makes of numbers."""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Array


def single(A: Array) -> Array:
    """Round to float32, and stay there."""
    return A.astype(np.float32)


def through_single(A: Array) -> Array:
    """Round to float32 and come back."""
    return np.asarray(A).astype(np.float32).astype(np.asarray(A).dtype)


def through_half(A: Array) -> Array:
    """Round to float16 and come back."""
    return np.asarray(A).astype(np.float16).astype(np.asarray(A).dtype)


def tf32(A: Array) -> Array:
    """Round to TF32's ten bits after the point, to the nearest even, as an H100 was measured to do."""
    return _cut(A, 13, 0xFFF)


def bfloat16(A: Array) -> Array:
    """Round to bfloat16's seven bits after the point, to the nearest even."""
    return _cut(A, 16, 0x7FFF)


def _cut(A: Array, bits: int, half: int) -> Array:
    raw = np.asarray(A).astype(np.float32).view(np.uint32)
    even = (raw >> np.uint32(bits)) & np.uint32(1)
    return ((raw + np.uint32(half) + even) & ~np.uint32((1 << bits) - 1)).view(np.float32).astype(A.dtype)


def flushed(A: Array) -> Array:
    """Replace subnormal numbers by 0."""
    return np.where(np.abs(A) < np.finfo(A.dtype).tiny, 0, A).astype(A.dtype)


def shaken(A: Array) -> Array:
    """Move every number by one ulp towards 1/2."""
    return np.nextafter(A, np.asarray(0.5, dtype=A.dtype))
