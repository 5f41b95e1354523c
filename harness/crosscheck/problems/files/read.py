"""Reading the user's data, whatever kind of file it is in, and saying in words what was read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from crosscheck_impls.interface import BadInput

from crosscheck.core import files
from crosscheck.problems.datasets import SEED, Data, validate
from crosscheck.problems.files import arrays, features, packed, table, text
from crosscheck.problems.files.how import TABLE_ONLY, TEXT_ONLY, Found, How, check, refuse_given
from crosscheck.problems.files.labels import counted
from crosscheck.problems.files.table import Table

TEXTS = (".csv", ".tsv", ".txt")
PACKED = (".parquet", ".feather", ".xlsx")
ARRAYS: dict[str, Callable[[Path, How], Found]] = {
    ".npz": arrays.read_npz, ".npy": arrays.read_npy, ".h5": arrays.read_h5,
}  # fmt: skip
ENDINGS = (*TEXTS, ".csv.gz", *PACKED, *ARRAYS)
SCALES = 100  # the largest deviation of a feature over the smallest, from which standardising is hinted at
OWN = How()


def read(path: Path, how: How = OWN) -> Found:
    """Read the user's data, and a test set from a second file or from a share of the examples.

    .npz: X (n_x, m) and Y (n_y, m), examples are columns, or rows if `how` says so; X_test, Y_test if there are any;
        images (m, w, h, ...) are flattened. .npy: X, and Y in a second file.
    .csv, .tsv, .txt, also .gz, .parquet, .feather, .xlsx: an example a line; the column `label`, or the last one, is
        Y. .h5: train_set_x (m, w, h, 3) and train_set_y (m,), or test_set_x and test_set_y; flattened, divided by 255.

    Labels of two kinds become 0 and 1. Raises BadInput: where, what was got, what is expected, the remedy.
    """
    check(how)
    try:
        found = _of_arrays(path, how) if _kind(path) in ARRAYS else _of_tables(path, how)
    except MemoryError as error:
        raise BadInput(f"{path}: no memory for what is in it; use fewer examples") from error
    validate(found.data, str(path))
    return found if how.split is None else _split(path, found, how.split)


def _kind(path: Path) -> str:
    """Return the ending of a file that can be read, without .gz. Raises BadInput."""
    name = path.name.lower()
    ending = Path(name.removesuffix(".gz")).suffix
    if ending not in (*TEXTS, *PACKED, *ARRAYS) or (name.endswith(".gz") and ending not in TEXTS):
        raise BadInput(
            f"{path}: cannot read {path.suffix or 'a file without an ending'}, expected {', '.join(ENDINGS[:-1])} "
            f"or {ENDINGS[-1]}"
        )
    if wrong := files.wrong_with(path):
        raise BadInput(f"{path}: {wrong}, expected data; check the path")
    return ending


def _of_arrays(path: Path, how: How) -> Found:
    """Return what files of arrays hold."""
    kind = _kind(path)
    refuse_given(how, (*TABLE_ONLY, *TEXT_ONLY), f"{path} has no columns with names; leave it out")
    if how.label is not None and kind != ".npy":
        raise BadInput(f"{how.label}: {path} has no columns to name, expected a .csv; leave it out", parameter="label")
    found = ARRAYS[kind](path, how)
    if how.test is None:
        return found
    other = read(how.test, how._replace(test=None, label=None))
    if found.data.X_test is not None:
        raise BadInput(f"{how.test}: {path} has a test set already; leave one of them out", parameter="test")
    _as_many(path, found.data, how.test, other.data)
    told = (*found.told, *(f"test set: {line}" for line in other.told))
    return found._replace(data=found.data._replace(X_test=other.data.X, Y_test=other.data.Y), told=told)


def _of_tables(path: Path, how: How) -> Found:
    """Return what a table holds, and a second one of the same columns."""
    plan, whole = features.planned(path, _table(path, how), how)
    data, told = Data(*features.arrays(path, whole, plan)), plan.told
    if how.test is not None:
        if _kind(how.test) in ARRAYS:
            other = read(how.test, How(rows=how.rows, regression=how.regression)).data
            _as_many(path, data, how.test, other)
            data = data._replace(X_test=other.X, Y_test=other.Y)
        else:
            second = features.followed(how.test, _table(how.test, how), plan, how)
            X_test, Y_test = features.arrays(how.test, second, plan)
            data = data._replace(X_test=X_test, Y_test=Y_test)
            told += tuple(f"test set: {line}" for line in second.told)
            validate(data, str(how.test))
    return Found(data, plan.names, plan.label, told)


def _table(path: Path, how: How) -> Table:
    """Return the table in a file."""
    kind = _kind(path)
    if how.rows is not None:
        raise BadInput(f"{path}: a table's examples are its lines; leave --rows and --columns out")
    if kind in (".parquet", ".feather"):
        refuse_given(how, TEXT_ONLY, f"{path} says itself how it is written; leave it out")
    if kind == ".xlsx":
        refuse_given(how, ("encoding",), f"{path} says itself how it is written; leave it out")
    if kind in PACKED:
        return packed.read(path, how)
    with text.opened(path, how.encoding) as (opened, encoding):
        return table.read(path, opened, encoding, how)


def _as_many(path: Path, data: Data, test: Path, other: Data) -> None:
    if other.X.shape[0] != data.X.shape[0]:
        raise BadInput(f"{test}: {other.X.shape[0]} features, expected {data.X.shape[0]} as in {path}")


def _split(path: Path, found: Found, share: float) -> Found:
    """Return a share of the examples as the test set, drawn by a fixed seed."""
    data = found.data
    m = data.X.shape[1]
    count = round(share * m)
    if data.X_test is not None:
        raise BadInput(f"{share:g}: {path} has a test set already; leave it out", parameter="split")
    if not 0 < count < m:
        raise BadInput(
            f"{share:g}: {count} of {m} examples, expected some in the test set and some left", parameter="split"
        )
    order = np.random.default_rng(SEED).permutation(m)
    test, train = np.sort(order[:count]), np.sort(order[count:])
    told = f"test set: {count} of {m} examples, drawn by the seed {SEED}"
    return found._replace(
        data=Data(data.X[:, train], data.Y[:, train], data.X[:, test], data.Y[:, test]), told=(*found.told, told)
    )


def summary(found: Found, regression: bool, standardised: bool) -> tuple[str, ...]:
    """Return lines of words: examples, features and label, and below that what was done to come to them."""
    data = found.data
    n, m = data.X.shape
    names = f" ({features.listed(found.names)})" if found.names else ""
    Y = data.Y
    kinds = f"{Y.min():.4g} to {Y.max():.4g}" if regression else counted(Y)
    label = f"label {found.label}: {kinds}" if len(Y) == 1 else f"{len(Y)} labels: {kinds}"
    test = "" if data.X_test is None else f"; {_many(data.X_test.shape[1], 'test example')}"
    lines = [f"{_many(m, 'example')}, {_many(n, 'feature')}{names}, {label}{test}"]
    lines += [f"  {line}" for line in found.told]
    if len(Y) == 1 and not regression and len(np.unique(Y)) == 1:
        lines.append("  every label is the same, so any network can learn it")
    if not standardised and (hint := _scales(found)):
        lines.append(f"  {hint}")
    return tuple(lines)


def _scales(found: Found) -> str:
    """Return a hint at standardising, where the deviations of features differ much."""
    with np.errstate(all="ignore"):
        deviations = found.data.X.std(axis=1)
    varying = np.flatnonzero((deviations > 0) & np.isfinite(deviations))
    if len(varying) < 1:
        return ""
    small, large = varying[deviations[varying].argmin()], varying[deviations[varying].argmax()]
    if deviations[large] < SCALES * deviations[small] and deviations[large] < SCALES:
        return ""
    names = found.names or [f"row {k}" for k in range(len(deviations))]
    one = f"{names[large]} by {deviations[large]:.2g}"
    other = f", {names[small]} by {deviations[small]:.2g}" if small != large else ""
    return f"features vary by different scales, {one}{other}: --standardise" if other else f"{one}: --standardise"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}"
