"""A program, run by h5.py: h5_reader.py FILE NUMBERS BYTES SECONDS writes a line of JSON and two arrays to its output.

The line is {"wrong": text, "names": [...]}; the arrays are in NumPy's format. Of Crosscheck it imports reading_aside.py
alone, and reads nothing but what lies in the file itself: no link, no external storage, no virtual data set.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

import h5py
import numpy as np

if TYPE_CHECKING:
    from crosscheck.problems.files.reading_aside import Kind, Refused, answer
else:
    try:  # it lies beside this program
        from reading_aside import Kind, Refused, answer
    except ModuleNotFoundError:  # this is a module, of which chunks.py uses `dataset`
        from crosscheck.problems.files.reading_aside import Kind, Refused, answer

EXPECTED = "expected train_set_x and train_set_y, test_set_x and test_set_y, or X and Y"
PAIRS = (("train_set_x", "train_set_y"), ("test_set_x", "test_set_y"), ("X", "Y"))
SHOWN = 5  # names, in a message


def read(path: str, at_most: int) -> dict[str, Any]:
    """Return images and labels by their names. Raises Refused, and what h5py raises."""
    with h5py.File(path, "r") as file:
        for pair in PAIRS:
            if all(file.id.links.exists(name.encode()) for name in pair):
                sets = {name: dataset(file, name) for name in pair}
                if (size := sum(each.size for each in sets.values())) > at_most:
                    raise Refused(f"{' and '.join(pair)} have {size:,} numbers, expected at most {at_most:,}")
                return {name: plain(each[()]) for name, each in sets.items()}
        names = [str(name)[:50] for name in itertools.islice(file, SHOWN + 1)]
    listed = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    raise Refused(f"has {listed or 'nothing'}, {EXPECTED}")


def dataset(file: Any, name: str) -> Any:
    """Return a data set that lies in the file itself, and holds numbers."""
    if file.id.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
        raise Refused(f"{name} is a link, expected a data set in the file itself; copy it there")
    found = file[name]
    if not isinstance(found, h5py.Dataset):
        raise Refused(f"not the course's HDF5 file: {name} is a {type(found).__name__.lower()}, expected a data set")
    if found.is_virtual:
        raise Refused(f"{name} is a virtual data set, expected one that lies in the file itself; copy it")
    if found.external:
        raise Refused(f"{name} is stored in another file, expected a data set in the file itself; copy it")
    if found.dtype.kind not in "biuf":
        raise Refused(f"{name} holds {found.dtype}, expected numbers")
    if found.shape is None or not found.shape:
        raise Refused(f"not the course's HDF5 file: {name} is a single value or none, expected an array")
    return found


def plain(array: Any) -> Any:
    """Return the bytes of images as they are, and everything else in float64."""
    with np.errstate(all="ignore"):  # an infinity is told later, with its place
        return array if array.dtype == np.uint8 else np.asarray(array, dtype=np.float64)


def answered(path: str, at_most: int) -> tuple[dict[str, Any], Callable[[BinaryIO], None]]:
    """Return the names, and what writes the arrays in NumPy's format."""
    arrays = read(path, at_most)

    def write(out: BinaryIO) -> None:
        for array in arrays.values():
            np.lib.format.write_array(out, np.ascontiguousarray(array), allow_pickle=False)

    return {"names": list(arrays)}, write


if __name__ == "__main__":
    answer(answered, lambda path: Kind("the course's HDF5 file", "images and labels of a course", "fetch it again"))
