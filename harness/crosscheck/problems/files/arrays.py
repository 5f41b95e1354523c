"""X and Y as arrays, from `.npz`, `.npy` and `.h5`: whether examples are columns or rows, and labels as 0 and 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from crosscheck_impls.interface import BadInput

from crosscheck.core import files
from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.datasets import Data, flatten
from crosscheck.problems.files import h5, npy, npz
from crosscheck.problems.files.how import Found, How
from crosscheck.problems.files.labels import of_array

SHOWN = 5  # names of arrays, in a message
NAMES = {  # in small letters, as people save them
    "x": "X", "y": "Y", "x_train": "X", "y_train": "Y", "x_test": "X_test", "y_test": "Y_test",
}  # fmt: skip


def read_npz(path: Path, how: How) -> Found:
    """Read X and Y, and X_test and Y_test if there are any; also x_train, y_train. Raises BadInput."""
    with npz.opened(path) as archive:
        names = {name: NAMES.get(name.lower(), name) for name in archive.names}
        exact = {name: name for name in archive.names if name in Data._fields}
        chosen = {**{field: name for name, field in names.items() if field in Data._fields}, **exact}
        if not {"X", "Y"} <= set(chosen):
            raise BadInput(f"{path}: has {listed(archive.names)}, expected X and Y (X_test, Y_test if you like)")
        if ("X_test" in chosen) != ("Y_test" in chosen):
            raise BadInput(f"{path}: has one of X_test and Y_test, expected both or neither")
        arrays = {field: archive.array(chosen[field]) for field in Data._fields if field in chosen}
    renamed = [f"{name} is {field}" for field, name in chosen.items() if field != name]
    X, X_test = arrays["X"], arrays.get("X_test")
    if X_test is not None and X.ndim != X_test.ndim:
        raise BadInput(f"{path}: X has rank {X.ndim}, X_test rank {X_test.ndim}, expected the same; save both alike")
    found = _pairs(path, arrays, how)
    return found._replace(told=(*([", ".join(renamed)] if renamed else []), *found.told))


def read_npy(path: Path, how: How) -> Found:
    """Read X from one file and Y from the one that `label` names. Raises BadInput."""
    if how.label is None or not how.label.lower().endswith(".npy"):
        raise BadInput(
            f"{path}: one array, expected the labels beside it: --label y.npy; or save X and Y in one file by np.savez"
        )
    arrays = {"X": _one(path), "Y": _one(Path(how.label))}
    return _pairs(path, arrays, how)


def read_h5(path: Path, how: How) -> Found:
    """Read the course's images and labels, or X and Y. Raises BadInput."""
    name, X, Y = h5.read(path)
    return _pairs(path, {"X": X, "Y": Y if name == "X" else Y.reshape(-1)}, how)


def _one(path: Path) -> npy.Numbers:
    """Return the array of an `.npy`."""
    with files.opened(path) as file:
        return npy.read(file, str(path))


def _pairs(path: Path, arrays: dict[str, npy.Numbers], how: How) -> Found:
    """Return X and Y, and the test set if there is one, examples as columns and labels as 0 and 1."""
    told: list[str] = []
    made: dict[str, Matrix] = {}
    for X_name, Y_name in (("X", "Y"), ("X_test", "Y_test")):
        if X_name not in arrays:
            continue
        made[X_name], made[Y_name] = _columns(path, (X_name, Y_name), arrays[X_name], arrays[Y_name], how)
        if not how.regression:
            made[Y_name], said = of_array(f"{path}: {Y_name}", made[Y_name], how.positive)
            told += [f"{Y_name}: {said}"] if said else []
    if how.positive is not None and len(made["Y"]) > 1:
        raise BadInput(f"{how.positive}: {path} has {len(made['Y'])} labels for each example; leave it out",
                       parameter="positive")  # fmt: skip
    return Found(Data(**made), (), "Y", tuple(told))


def _columns(path: Path, names: tuple[str, str], X: npy.Numbers, Y: npy.Numbers, how: How) -> tuple[Matrix, Matrix]:
    """Return X (n_x, m) and Y (n_y, m). Raises BadInput where examples seem to be rows, and that was not said."""
    with np.errstate(all="ignore"):  # what does not fit is infinite, which is told with its place
        if X.ndim > 2:
            X = flatten(X)
            Y = _labels_of_images(np.asarray(Y, np.float64), X.shape[1])
            return X, Y
        X, Y = np.asarray(X, np.float64), np.asarray(Y, np.float64)
    if X.ndim != 2 or Y.ndim not in (1, 2):
        return X, Y  # which is refused by validate
    if how.rows:
        return X.T, Y[None, :] if Y.ndim == 1 else Y.T
    if how.rows is None and _rows(X.shape, Y.shape):
        raise BadInput(
            f"{path}: {names[0]} has shape {X.shape}, {names[1]} {Y.shape}: examples are rows, it seems, expected "
            "columns; transpose both: --rows" + (", or --columns if not" if X.shape[0] == Y.shape[0] > 1 else "")
        )
    return X, Y[None, :] if Y.ndim == 1 else Y


def _rows(X: tuple[int, ...], Y: tuple[int, ...]) -> bool:
    """Return whether examples seem to be the rows of X and of Y.

    >>> _rows((100, 3), (100,)), _rows((100, 3), (100, 3)), _rows((3, 100), (3, 100)), _rows((30, 1), (30, 1))
    (True, True, False, True)
    """
    if len(Y) == 1:
        return X[0] == Y[0] != X[1]
    if X[1] == Y[1]:
        return X[0] == Y[0] > X[1]
    return X[0] == Y[0]


def _labels_of_images(Y: Matrix, m: int) -> Matrix:
    """Return the labels of images (m, ...) as a row, if they are a row or a column."""
    return Y.reshape(1, -1) if Y.shape in ((m,), (m, 1)) else Y


def listed(names: list[str]) -> str:
    """Return names in words, the first few of many.

    >>> listed(list("abcdefg")), listed([])
    ('a, b, c, d, e, ...', 'nothing')
    """
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "") or "nothing"
