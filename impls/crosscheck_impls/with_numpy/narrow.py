"""Arrays of bfloat16 and float16 that add up as every other framework adds them up: in float32.

NumPy has no bfloat16; that of ml_dtypes adds up in bfloat16, in which 256 + 1 is 256, and multiplies matrices into
float32. NumPy's float16 adds up in float32 or in float16, as the array lies in memory.
"""

from typing import Any

import ml_dtypes
import numpy as np

DTYPES = (np.dtype(ml_dtypes.bfloat16), np.dtype(np.float16))


class Narrow(np.ndarray[Any, Any]):
    """An array whose operations, products and sums are computed in float32, each result being rounded once.

    >>> ones = narrow(np.ones((1, 400), "bfloat16"))
    >>> ones.sum(), ones @ ones.T, (ones + 1 / 3)[0, 0]
    (Narrow(400, dtype=bfloat16), Narrow([[400]], dtype=bfloat16), 1.33594)
    """

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **rest: Any) -> Any:
        """Compute a function of arrays."""
        made = getattr(ufunc, method)(*map(_wide, inputs), **rest)
        return self._stored(made, *out)

    def __array_function__(self, function: Any, types: Any, inputs: Any, rest: Any) -> Any:
        """Compute `np.dot`, the one product that is no function of `__array_ufunc__`; `np.where` and its like move."""
        if function is not np.dot:
            moved = super().__array_function__(function, types, inputs, rest)
            return narrow(moved) if isinstance(moved, np.ndarray) else moved
        return self._stored(np.dot(*map(_wide, inputs[:2])), *inputs[2:], *rest.values())

    def _stored(self, made: Any, out: Any = None) -> Any:
        """Return a result in the array's dtype, in `out` if there is one; what is no float, a mask, as it is."""
        if out is not None:
            np.asarray(out)[...] = made
            return out
        return np.asarray(made).astype(self.dtype).view(Narrow) if made.dtype == np.float32 else made


def narrow(array: Any) -> Any:
    """Return a view of a narrow array that adds up in float32; any other array as it is."""
    return array.view(Narrow) if array.dtype in DTYPES else array


def _wide(array: Any) -> Any:
    """Return what is narrow in float32."""
    return np.asarray(array).astype(np.float32) if getattr(array, "dtype", None) in DTYPES else array
