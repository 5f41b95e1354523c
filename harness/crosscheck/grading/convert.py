"""Anybody's arrays as NumPy's, shapes in words, and why a program did not answer, in its author's own names."""

from __future__ import annotations

from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Network

from crosscheck.core.failures import Kind, Refusal

PAIR = "w, b"  # how logistic regression takes its parameters; the other ways are in forms/packing.py
CUT = "None: nothing was computed for it. In torch that is the .grad of what autograd does not reach from J: look for "
CUT += "detach(), .data, .item(), NumPy or a new tensor on the way from it to J, and for requires_grad"


class Trouble(Refusal):
    """A function that did not answer as agreed: the kind, and words for the one who wrote it.

    Kinds: RAISES, RETURNS (something else), SHAPE, MISSING (gradients), DEPTH (not for such a network),
    NOT_BUILT (its class raises an error when we make an object of it).
    """


def layers(depth: int) -> str:
    """Say a depth.

    >>> layers(1), layers(3)
    ('1 layer', '3 layers')
    """
    return f"{depth} layer{'s' if depth > 1 else ''}"


def shapes(network: Network, m: int, form: str, with_labels: bool = True) -> str:
    """Return the shapes of what a function is given, in the names of its own form.

    >>> shapes(Network.of((2, 1)), 400, PAIR)
    'X (2, 400), w (2, 1), b a number, Y (1, 400)'
    """
    if form == PAIR:
        inside = [f"w ({network.n[0]}, 1), b a number"]
    else:
        pairs = enumerate(zip(network.n[1:], network.n, strict=False), start=1)
        inside = [f"W{l} ({n}, {before}) b{l} ({n}, 1)" for l, (n, before) in pairs]
    return ", ".join([f"X ({network.n[0]}, {m})", *inside, *([f"Y ({network.n[-1]}, {m})"] if with_labels else [])])


def what(returned: Any) -> str:
    """Return what somebody returned, in words.

    >>> what((1.0, 2.0, 3.0))
    '3 things'
    """
    if isinstance(returned, tuple | list):
        return f"{len(returned)} things"
    return "nothing (None): a return is missing" if returned is None else f"a {type(returned).__name__}"


def to_numpy(array: Any, name: str) -> Array:
    """Return anybody's array as NumPy's. Raises Trouble."""
    if array is None:
        raise Trouble(Kind.RETURNS, f"{name} is {CUT}")
    try:
        converted = np.array(array.detach().cpu().numpy() if hasattr(array, "detach") else array)
    except Exception as error:
        raise Trouble(Kind.RETURNS, f"{name} is a {type(array).__name__}, expected an array of numbers") from error
    if converted.dtype.kind not in "biuf":
        raise Trouble(Kind.RETURNS, f"{name} is an array of {converted.dtype}, expected one of numbers")
    return converted
