"""What NumPy does not know of the dtypes: bfloat16 is ml_dtypes', whose import lets `np.dtype` find it by name."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
from crosscheck_impls.interface import NARROW

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def finfo(dtype: Any) -> Any:
    """Return the limits of any dtype of ours, as `np.finfo` does; of a narrow one as numbers of that dtype.

    >>> float(finfo("bfloat16").eps), float(finfo("float64").eps)
    (0.0078125, 2.220446049250313e-16)
    """
    of_any: Any = ml_dtypes.finfo
    return of_any(dtype) if np.dtype(dtype).name in NARROW else np.finfo(dtype)


def is_float(dtype: np.dtype) -> bool:
    """Return whether a dtype holds floating-point numbers; the kind of bfloat16 is that of raw bytes."""
    return dtype.kind == "f" or dtype == BFLOAT16
