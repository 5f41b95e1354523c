"""Files that are larger than memory, read in parts: `.npy` mapped into memory, HDF5, Parquet.

Whoever reads opens the file itself: what travels is a `Source`, a path. Every part is an array of its own, so that no
page of the file stays in memory for it.
"""

from __future__ import annotations

import bisect
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from crosscheck_impls.interface import Array, BadInput, Chunks

from crosscheck.core import files
from crosscheck.core.extras import need
from crosscheck.core.records import Case, Source
from crosscheck.problems.files import npy, process
from crosscheck.problems.files.arrays import listed

ENDINGS = (".npy", ".h5", ".hdf5", ".parquet")
MOST = 2**24  # examples in a chunk
Read: TypeAlias = Callable[[int, int], Array]  # (start, stop) -> the columns between, in the file's dtype


class Matrix(NamedTuple):
    """One matrix in a file: (n, m), and how its columns are read."""

    shape: tuple[int, int]
    read: Read


def opened(source: Source, dtype: str) -> tuple[Chunks, Chunks]:
    """Return X and Y in a dtype. Raises BadInput: where, what was got, what is expected, the remedy."""
    path = Path(source.path)
    if not 1 <= source.chunk <= MOST:
        raise BadInput(f"{source.chunk}: expected 1 to {MOST:,} examples", parameter="chunk")
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise BadInput(
            f"{path}: cannot be read in chunks, expected {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}; "
            "save it as one of them, or leave --chunk out"
        )
    if wrong := files.wrong_with(path):
        raise BadInput(f"{path}: {wrong}, expected data; check the path")
    X, Y = {".npy": _npy, ".parquet": _parquet}.get(ending, _hdf5)(path, source)
    if X.shape[1] != Y.shape[1]:
        raise BadInput(
            f"{path}: X has {X.shape[1]:,} examples, Y has {Y.shape[1]:,}, expected the same"
            + ("" if source.rows else "; if examples are rows: --rows")
        )
    if 0 in (*X.shape, *Y.shape):
        raise BadInput(f"{path}: X has shape {X.shape}, expected at least one feature and one example")
    return _chunks(source.path, X, dtype), _chunks(source.path, Y, dtype)


def tried(source: Source) -> None:
    """Read the ends of an HDF5 or Parquet file in a process of its own: such libraries crash on some files.

    Raises BadInput where that process is ended by a signal or takes too long; what else is wrong `opened` says.
    """
    if Path(source.path).suffix.lower() == ".npy":
        return
    command = [sys.executable, "-m", __name__, source.path, source.label, str(source.rows), str(source.chunk)]
    variables = {**os.environ, **process.ALONE, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        ended = subprocess.run(command, env=variables, capture_output=True, timeout=process.TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise BadInput(f"{source.path}: takes more than {process.TIME_LIMIT:g} s to begin; save it again") from error
    if ended.returncode < 0:
        name = signal.Signals(-ended.returncode).name
        raise BadInput(f"{source.path}: reading it ended the process by {name}; save it again")


def _try(path: str, label: str, rows: str, chunk: str) -> None:
    for chunks in opened(Source(path, label, rows == "True", int(chunk)), "float64"):
        m = chunks.shape[1]
        chunks.read(0, min(m, int(chunk)))
        chunks.read(max(0, m - int(chunk)), m)


def with_data(case: Case) -> Case:
    """Return a case that travelled without its examples, with X and Y as Chunks. Raises BadInput."""
    if case.source is None:
        return case
    X, Y = opened(case.source, case.dtype)
    return case._replace(X=X, Y=Y)


def without_data(case: Case) -> Case:
    """Return a case as it travels: one that has a source without its examples."""
    return case if case.source is None else case._replace(X=None, Y=None)


def _chunks(path: str, matrix: Matrix, dtype: str) -> Chunks:
    def read(start: int, stop: int) -> Array:
        with np.errstate(all="ignore"):  # what does not fit was told when the file was first read
            return np.array(matrix.read(start, stop), dtype, order="C")

    return Chunks(path, matrix.shape, dtype, read)


# ---------------------------------------------------------------- .npy


def _npy(path: Path, source: Source) -> tuple[Matrix, Matrix]:
    """X in one file and Y in the one that `label` names."""
    if not source.label.lower().endswith(".npy"):
        raise BadInput(f"{path}: one array, expected the labels beside it: --label y.npy")
    return _mapped(path, source), _mapped(Path(source.label), source)


def _mapped(path: Path, source: Source) -> Matrix:
    """Return the matrix of an `.npy`, or a row of labels, of which a part is mapped while it is read."""
    with files.opened(path) as file:
        header, offset = npy.read_header(file, str(path))
    missing = offset + header.size * header.dtype.itemsize - path.stat().st_size
    if missing > 0:
        raise BadInput(f"{path}: ends {missing:,} bytes before its array does; save it again")
    if len(header.shape) not in (1, 2):
        raise BadInput(
            f"{path}: shape {header.shape} (rank {len(header.shape)}), expected a matrix, or a row of labels"
        )
    order: Any = "F" if header.fortran else "C"

    def columns(start: int, stop: int) -> Array:
        mapped = np.memmap(path, header.dtype, "r", offset, header.shape, order)
        if mapped.ndim == 1:
            return np.array(mapped[None, start:stop])
        return np.array(mapped[start:stop].T if source.rows else mapped[:, start:stop])

    shape = header.shape if len(header.shape) == 2 else (header.shape[0], 1) if source.rows else (1, header.shape[0])
    n, m = reversed(shape) if source.rows else shape
    return Matrix((n, m), _ahead(columns, m, source.chunk))


# ---------------------------------------------------------------- HDF5


def _hdf5(path: Path, source: Source) -> tuple[Matrix, Matrix]:
    """X and Y, or Y by the name that `label` says."""
    need("h5py", "h5", str(path))
    import h5py

    from crosscheck.problems.files import h5_reader
    from crosscheck.problems.files.reading_aside import Refused

    label = source.label or "Y"
    try:
        file = h5py.File(path, "r")
        there = [name for name in ("X", label) if file.id.links.exists(name.encode())]
        if len(there) < 2:
            raise BadInput(f"{path}: has {listed(list(file))}, expected X and {label}")
        return tuple(_dataset(path, h5_reader.dataset(file, name), name, source) for name in there)  # type: ignore[return-value]
    except Refused as refused:
        raise BadInput(f"{path}: {refused}") from refused
    except OSError as error:
        raise BadInput(f"{path}: not an HDF5 file, or not a whole one; save it again") from error


def _dataset(path: Path, found: Any, name: str, source: Source) -> Matrix:
    if found.ndim not in (1, 2):
        raise BadInput(
            f"{path}: {name} has shape {found.shape} (rank {found.ndim}), expected a matrix, or a row of labels"
        )

    def columns(start: int, stop: int) -> Array:
        if found.ndim == 1:
            return np.asarray(found[start:stop])[None, :]
        return np.asarray(found[start:stop]).T if source.rows else np.asarray(found[:, start:stop])

    if found.ndim == 1:
        return Matrix((1, found.shape[0]), _ahead(columns, found.shape[0], source.chunk))
    n, m = reversed(found.shape) if source.rows else found.shape
    return Matrix((int(n), int(m)), _ahead(columns, int(m), source.chunk))


def _ahead(read: Read, m: int, size: int) -> Read:
    """Return a reader that keeps the last `size` columns it has read: to open and unpack takes longer than to read."""
    kept: dict[int, Array] = {}

    def columns(start: int, stop: int) -> Array:
        parts = []
        for k in range(start // size, -(-stop // size)):
            if k not in kept:
                kept.clear()
                kept[k] = read(k * size, min((k + 1) * size, m))
            parts.append(kept[k][:, max(start - k * size, 0) : stop - k * size])
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    return columns


# ---------------------------------------------------------------- Parquet


def _parquet(path: Path, source: Source) -> tuple[Matrix, Matrix]:
    """Every column is a feature, but for the label's, which is the last one by default; a row group stays in memory."""
    need("pyarrow", "data", str(path))
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"{path}: not a Parquet file, or not a whole one; save it again") from error
    schema = file.schema_arrow
    label = source.label or (schema.names[-1] if schema.names else "")
    if label not in schema.names:
        raise BadInput(f"{label}: no such column in {path}, it has {listed(schema.names)}", parameter="label")
    for name in schema.names:
        kind = schema.field(name).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
            raise BadInput(f"{path}: column {name} holds {kind}, expected numbers; leave it out of the file")
    features = [name for name in schema.names if name != label]
    lengths = [file.metadata.row_group(k).num_rows for k in range(file.metadata.num_row_groups)]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(int).tolist()
    kept: dict[int, Array] = {}

    def group(k: int) -> Array:
        if k not in kept:
            kept.clear()
            table = file.read_row_group(k, [*features, label], use_threads=False)
            arrays = [table[name].to_numpy().astype(np.float64, copy=False) for name in (*features, label)]
            kept[k] = np.stack(arrays)
        return kept[k]

    def rows_of(those: slice) -> Read:
        def columns(start: int, stop: int) -> Array:
            first, last = bisect.bisect_right(starts, start) - 1, bisect.bisect_left(starts, stop)
            parts = [group(k)[those, max(start - starts[k], 0) : stop - starts[k]] for k in range(first, last)]
            return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

        return columns

    m = starts[-1]
    return Matrix((len(features), m), rows_of(slice(-1))), Matrix((1, m), rows_of(slice(-1, None)))


if __name__ == "__main__":
    with contextlib.suppress(BadInput):
        _try(*sys.argv[1:])
