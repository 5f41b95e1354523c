"""The same matrix in other places of memory, on the framework's own side: what a kernel may read wrongly.

`from_numpy` copies, and what it makes lies row by row from a good address on. So the copy is of a larger or a turned
array, and the matrix is a view of it, by the indices that NumPy, PyTorch and JAX have in common. Where a framework has
no views, as JAX has none, the view is a copy, and the layout is told only of the operation that makes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Framework, Layer, Params

LAYOUTS = ("plain", "transposed", "strided", "misaligned")


def laid_out(framework: Framework, array: Array, layout: str, device: str) -> Array:
    """Return a NumPy matrix (rows, columns) on the device.

    plain: row by row. transposed: column by column. strided: every second row and column of a larger matrix, NaN
    between. misaligned: row by row, one element behind an address at which vectors of numbers begin.
    """
    rows, columns = array.shape
    whole: Any
    if layout == "transposed":
        whole = framework.from_numpy(np.ascontiguousarray(array.T), device)
        return whole.T
    if layout == "strided":
        around = np.full((2 * rows, 2 * columns), np.nan, array.dtype)
        around[::2, ::2] = array
        whole = framework.from_numpy(around, device)
        return whole[::2, ::2]
    if layout == "misaligned":
        whole = framework.from_numpy(np.concatenate([np.zeros(1, array.dtype), array.ravel()]), device)
        return whole[1:].reshape(rows, columns)
    return framework.from_numpy(array, device)


def all_laid_out(framework: Framework, params: Params, layout: str, device: str) -> Params:
    """Return params so laid out."""
    return tuple(Layer(*(laid_out(framework, array, layout, device) for array in layer)) for layer in params)
