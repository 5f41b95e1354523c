"""Arrays of bfloat16 and float16 that add up as every other framework adds them up: in float32.

NumPy has no bfloat16; that of ml_dtypes adds up in bfloat16, in which 256 + 1 is 256, multiplies matrices into float32,
and is widened by a Python number. NumPy's float16 adds up in float32 or in float16, as the array lies in memory.
"""

from typing import Any

import ml_dtypes
import numpy as np

DTYPES = (np.dtype(ml_dtypes.bfloat16), np.dtype(np.float16))
# functions of arrays that no ufunc computes, or that a number would widen; the others only move what is there
COMPUTED = (np.dot, np.vdot, np.inner, np.tensordot, np.einsum, np.where, np.select)


class Narrow(np.ndarray[Any, Any]):
    """An array whose operations, products and sums are computed in float32, each result being rounded once.

    Numbers, Python's or NumPy's, widen nothing; an array of a wider dtype does, and so does a `dtype` that is asked
    for. What it is cast to and comes back from is of the class too.

    >>> ones = narrow(np.ones((1, 400), "bfloat16"))
    >>> ones.sum(), ones @ ones.T, (ones + 1 / 3)[0, 0]
    (Narrow(400, dtype=bfloat16), Narrow([[400]], dtype=bfloat16), 1.33594)
    """

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **rest: Any) -> Any:
        """Compute a function of arrays."""
        into = inputs[:1] if method == "at" else out
        if into is None:
            made = getattr(ufunc, method)(*_numbers(inputs), **_numbers(rest))
            dtype = None if rest.get("dtype") is not None else _dtype(inputs)
            return tuple(_stored(each, dtype) for each in made) if isinstance(made, tuple) else _stored(made, dtype)
        there = tuple(map(_wide, into))  # with what stands in it, which `where` may leave
        if method == "at":
            ufunc.at(*there, *_numbers(inputs[1:]))
        else:
            getattr(ufunc, method)(*_numbers(inputs), out=there, **_numbers(rest))
        for each, made in zip(into, there, strict=True):
            np.asarray(each)[...] = made
        return None if method == "at" else into[0] if len(into) == 1 else into

    def __array_function__(self, function: Any, types: Any, inputs: Any, rest: Any) -> Any:
        """Compute a function that is none of `__array_ufunc__`, or let it move the numbers."""
        if function not in COMPUTED:
            moved = super().__array_function__(function, types, inputs, rest)
            return narrow(moved) if isinstance(moved, np.ndarray) else moved
        rest = dict(rest)
        out = inputs[2] if function is np.dot and len(inputs) > 2 else rest.pop("out", None)
        made = function(*_numbers(inputs[:2] if function is np.dot else inputs), **_numbers(rest))
        if out is None:
            return _stored(made, _dtype((inputs, list(rest.values()))))
        np.asarray(out)[...] = made
        return out

    def mean(self, *axis: Any, **rest: Any) -> Any:
        """Return the mean, rounded once."""
        made = np.asarray(_wide(self)).mean(*axis, **rest)
        return _stored(made, None if len(axis) > 1 or rest.get("dtype") is not None else _dtype((self,)))


def narrow(array: Any) -> Any:
    """Return a view of a narrow array that adds up in float32; any other array as it is."""
    return array.view(Narrow) if array.dtype in DTYPES else array


def _wide(array: Any) -> Any:
    """Return an array as NumPy's own, and what is narrow in float32."""
    array = np.asarray(array)
    return array.astype(np.float32) if array.dtype in DTYPES else array


def _numbers(given: Any) -> Any:
    """Return arguments for NumPy itself: what is narrow in float32, numbers as Python's, which widen nothing."""
    if isinstance(given, dict):
        return {name: _numbers(each) for name, each in given.items()}
    if isinstance(given, tuple | list):
        return type(given)(map(_numbers, given))
    if not isinstance(given, np.ndarray | np.generic):
        return given
    array = _wide(given)
    return array.item() if array.ndim == 0 and array.dtype.kind in "iuf" and array.dtype != np.float32 else array


def _dtype(given: Any) -> Any:
    """Return the narrow dtype of what is computed from these; None where an array of float32 is among them."""
    arrays = list(_arrays(given))
    if any(array.dtype == np.float32 and array.ndim for array in arrays):
        return None
    return next((array.dtype for array in arrays if array.dtype in DTYPES), None)


def _arrays(given: Any) -> Any:
    for each in given:
        if isinstance(each, tuple | list):
            yield from _arrays(each)
        elif isinstance(each, np.ndarray | np.generic):
            yield each


def _stored(made: Any, dtype: Any) -> Any:
    """Return a result in the narrow dtype; what is no float32, a mask, or has no such dtype, in its own."""
    if dtype is not None and getattr(made, "dtype", None) == np.float32:
        return np.asarray(made).astype(dtype).view(Narrow)
    return made.view(Narrow) if isinstance(made, np.ndarray) else made
