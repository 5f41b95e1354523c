"""The course's `.h5`, read in a process of its own: the HDF5 library crashes on some files that were made for it."""

from __future__ import annotations

from pathlib import Path

from crosscheck_impls.interface import BadInput

from crosscheck.core.extras import need
from crosscheck.problems.files import npy, process
from crosscheck.problems.limits import MAX_NUMBERS

READER = Path(__file__).with_name("h5_reader.py")


def read(path: Path) -> tuple[str, npy.Numbers, npy.Numbers]:
    """Return the name of the first array, and both as they are in the file. Raises BadInput.

    They are images (m, width, height, 3) and labels (m,), or X and Y.
    """
    need("h5py", "h5", str(path))
    with process.reading(path, READER, "the course's HDF5 file") as (said, pipe):
        names = said.get("names")
        if not isinstance(names, list) or [type(name) for name in names] != [str, str]:
            raise BadInput(f"{path}: the process that read it answered in no known form, expected two arrays")
        X = npy.read(pipe, f"{path}: {names[0]}")
        return names[0], X, npy.read(pipe, f"{path}: {names[1]}", MAX_NUMBERS - X.size)
