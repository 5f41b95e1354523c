"""Reading the user's data, whatever of the three kinds of files it is in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from crosscheck_impls.interface import BadInput

from crosscheck.core import files
from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.datasets import Data, flatten, validate
from crosscheck.problems.files import csv_table, h5, npy, npz

SHOWN = 5  # names of arrays, in a message


def read(path: Path, label: str | None = None, test: Path | None = None) -> Data:
    """Read the user's data: `.npz`, `.csv` or the course's `.h5`; and a test set from a second file of the same kind.

    .npz: X (n_x, m) and Y (n_y, m), examples are columns; X_test, Y_test if there are any; images (m, w, h, ...)
        are flattened. .csv: a header, an example a line; the column `label`, or the last one, is Y.
    .h5: train_set_x (m, w, h, 3) and train_set_y (m,), or test_set_x and test_set_y; flattened, divided by 255.

    Raises BadInput: where, what was got, what is expected, the remedy.
    """
    data = _read_one(path, label)
    if test is not None:
        other = _read_one(test, label)
        data = data._replace(X_test=other.X, Y_test=other.Y)
        if other.X.shape[0] != data.X.shape[0]:
            raise BadInput(f"{test}: {other.X.shape[0]} features, expected {data.X.shape[0]} as in {path}")
    return data


def _read_one(path: Path, label: str | None) -> Data:
    readers: dict[str, Callable[[Path, str | None], Data]] = {".npz": _npz, ".csv": _csv, ".h5": _h5}
    if path.suffix not in readers:
        raise BadInput(f"{path}: cannot read {path.suffix or 'a file without an ending'}, expected .npz, .csv or .h5")
    if wrong := files.wrong_with(path):
        raise BadInput(f"{path}: {wrong}, expected data; check the path")
    if label is not None and path.suffix != ".csv":
        raise BadInput(f"{label}: {path} has no columns to name, expected a .csv; leave it out", parameter="label")
    try:
        data = readers[path.suffix](path, label)
    except MemoryError as error:
        raise BadInput(f"{path}: no memory for what is in it; use fewer examples") from error
    validate(data, str(path))
    return data


def _npz(path: Path, label: str | None) -> Data:
    with npz.opened(path) as archive:
        if not {"X", "Y"} <= set(archive.names):
            raise BadInput(f"{path}: has {listed(archive.names)}, expected X and Y (X_test, Y_test if you like)")
        if ("X_test" in archive.names) != ("Y_test" in archive.names):
            raise BadInput(f"{path}: has one of X_test and Y_test, expected both or neither")
        arrays = {name: archive.array(name) for name in Data._fields if name in archive.names}
    X, X_test = arrays["X"], arrays.get("X_test")
    if X_test is not None and X.ndim != X_test.ndim:
        raise BadInput(f"{path}: X has rank {X.ndim}, X_test rank {X_test.ndim}, expected the same; save both alike")
    if X.ndim > 2:
        with np.errstate(all="ignore"):
            arrays |= {name: flatten(arrays[name]) for name in ("X", "X_test") if name in arrays}
    return Data(**{name: _float64(array) for name, array in arrays.items()})


def _csv(path: Path, label: str | None) -> Data:
    return Data(*csv_table.read(path, label))


def _h5(path: Path, label: str | None) -> Data:
    images, labels = h5.read(path)
    return Data(flatten(images), _float64(labels).reshape(1, -1))


def _float64(array: npy.Numbers) -> Matrix:
    with np.errstate(all="ignore"):  # what does not fit is infinite, which is told with its place
        return np.asarray(array, dtype=np.float64)


def listed(names: list[str]) -> str:
    """Return names in words, the first few of many.

    >>> listed(list("abcdefg")), listed([])
    ('a, b, c, d, e, ...', 'nothing')
    """
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "") or "nothing"
