"""The course's `.h5`, read in a process of its own: the HDF5 library crashes on some files that were made for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, cast

from crosscheck_impls.interface import BadInput

from crosscheck.core import files
from crosscheck.core.extras import need
from crosscheck.problems.files import npy
from crosscheck.problems.limits import MAX_NUMBERS

READER = Path(__file__).with_name("h5_reader.py")
TIME_LIMIT = 30.0  # seconds for one file
MEMORY = 2**31  # bytes of addresses that the process may have
MAX_ANSWER = 100_000  # bytes of its first line
ALONE = {  # one thread, and no filter that is loaded from a folder
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::",
}  # fmt: skip


def read(path: Path) -> tuple[npy.Numbers, npy.Numbers]:
    """Return the images (m, width, height, 3) and the labels (m,) as they are in the file. Raises BadInput."""
    need("h5py", "h5", str(path))
    files.opened(path).close()  # a plain file
    # -P: what stands beside the reader hides no module of the library's
    command = [sys.executable, "-P", str(READER), str(path.absolute()), *map(str, (MAX_NUMBERS, MEMORY, TIME_LIMIT))]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | ALONE
    ) as process:
        timer = threading.Timer(TIME_LIMIT, process.kill)
        timer.daemon = True
        timer.start()
        try:
            return _received(path, cast("IO[bytes]", process.stdout))
        except _Ended:
            said = _end(process.wait())
            raise BadInput(f"{path}: not the course's HDF5 file ({said}), expected one; fetch it again") from None
        finally:
            timer.cancel()
            process.kill()


class _Ended(Exception):
    """The process ended without a word."""


def _received(path: Path, pipe: IO[bytes]) -> tuple[npy.Numbers, npy.Numbers]:
    """Return the two arrays that the process sends after one line of JSON. Raises BadInput, and _Ended."""
    if not (line := pipe.readline(MAX_ANSWER)):
        raise _Ended
    try:
        answer: Any = json.loads(line)
        wrong, names = answer["wrong"], answer["names"]
        images, labels = (f"{path}: {name}" for name in names or ("", ""))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput(f"{path}: the process that read it answered in no known form, expected two arrays") from None
    if wrong:
        raise BadInput(f"{path}: {wrong}")
    X = npy.read(pipe, images)
    return X, npy.read(pipe, labels, MAX_NUMBERS - X.size)


def _end(code: int) -> str:
    """Return in words how the process ended."""
    if code in (-signal.SIGKILL, -getattr(signal, "SIGALRM", 0), -getattr(signal, "SIGXCPU", 0)):
        return f"the HDF5 library took more than {TIME_LIMIT:g} seconds, or too much memory"
    if code < 0:
        return f"the HDF5 library crashed on it, {signal.Signals(-code).name}"
    return f"the HDF5 library ended with {code}"
