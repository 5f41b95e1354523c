"""A program, run by h5.py: h5_reader.py FILE NUMBERS BYTES SECONDS writes a line of JSON and two arrays to its output.

The line is {"wrong": text, "names": [...]}; the arrays are in NumPy's format. It imports nothing of Crosscheck, and
reads nothing but what lies in the file itself: no link, no external storage, no virtual data set.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import sys
from typing import Any

import h5py
import numpy as np

EXPECTED = "expected train_set_x and train_set_y, test_set_x and test_set_y, or X and Y"
PAIRS = (("train_set_x", "train_set_y"), ("test_set_x", "test_set_y"), ("X", "Y"))
SHOWN = 5  # names, in a message


class Refused(Exception):
    """What is wrong, in words."""


def limit(memory: int, seconds: float) -> None:
    """Bound this process's memory and time, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    if hasattr(signal, "alarm"):
        signal.alarm(int(seconds) + 1)


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


def main(path: str, at_most: int, memory: int, seconds: float) -> None:
    """Write the answer."""
    limit(memory, seconds)
    arrays: dict[str, Any] = {}
    wrong = ""
    try:
        arrays = read(path, at_most)
    except Refused as refused:
        wrong = str(refused)
    except MemoryError:
        wrong = "takes too much memory, expected images and labels of a course; use fewer"
    except Exception as error:  # h5py raises nearly everything
        said = " ".join(str(error).split())[:300]
        wrong = f"not the course's HDF5 file, or not a whole one ({said or type(error).__name__}); fetch it again"
    sys.stdout.buffer.write(json.dumps({"wrong": wrong, "names": list(arrays)}).encode() + b"\n")
    for array in arrays.values():
        np.lib.format.write_array(sys.stdout.buffer, np.ascontiguousarray(array), allow_pickle=False)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
