"""A file that is read in a process of its own: the libraries for HDF5, Parquet and Excel are large, and some files
crash them or make them take memory without end.

The program writes one line of JSON, {"wrong": text, ...}, and then whatever the file holds.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from crosscheck_impls.interface import BadInput

from crosscheck.core import files
from crosscheck.problems.limits import MAX_NUMBERS

TIME_LIMIT = 30.0  # seconds for one file
MEMORY = 2**31  # bytes of addresses that the process may have
MAX_ANSWER = 100_000  # bytes of its first line
BEGIN = """
import os, runpy, sys
del sys.argv[0]
sys.path.append(os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
ALONE = {  # one thread, and no filter that is loaded from a folder
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::",
    "ARROW_DEFAULT_MEMORY_POOL": "system", "ARROW_NUM_THREADS": "1", "ARROW_IO_THREADS": "1",
}  # fmt: skip


@contextlib.contextmanager
def reading(
    path: Path, program: Path, expected: str, memory: int | None = None
) -> Iterator[tuple[dict[str, Any], IO[bytes]]]:
    """Run a program on a file; yield its line and the pipe that holds the rest.

    expected: what the file should be, for messages. Raises BadInput: for what the program finds wrong, and its end.
    """
    files.opened(path).close()  # a plain file
    # -P, and last on the path: what stands beside the program hides no module of the library's
    command = [
        sys.executable,
        "-P",
        "-c",
        BEGIN,
        str(program),
        str(path.absolute()),
        *map(str, (MAX_NUMBERS, memory or MEMORY, TIME_LIMIT)),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | ALONE
    ) as process:
        timer = threading.Timer(TIME_LIMIT, process.kill)
        timer.daemon = True
        timer.start()
        pipe = cast("IO[bytes]", process.stdout)
        try:
            if not (line := pipe.readline(MAX_ANSWER)):
                raise BadInput(f"{path}: not {expected} ({_end(process.wait())}), expected one; fetch it again")
            yield _said(path, line), pipe
        finally:
            timer.cancel()
            process.kill()


def _said(path: Path, line: bytes) -> dict[str, Any]:
    """Return the program's line. Raises BadInput: for what it says is wrong, or says in another form."""
    try:
        said: Any = json.loads(line)
        wrong = said["wrong"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput(f"{path}: the process that read it answered in no known form; fetch the file again") from None
    if wrong:
        raise BadInput(f"{path}: {wrong}")
    return dict(said)


def _end(code: int) -> str:
    """Return in words how the process ended."""
    if code in (-signal.SIGKILL, -getattr(signal, "SIGALRM", 0), -getattr(signal, "SIGXCPU", 0)):
        return f"the library that reads it took more than {TIME_LIMIT:g} seconds, or too much memory"
    if code < 0:
        return f"the library that reads it crashed on it, {signal.Signals(-code).name}"
    return f"the library that reads it ended with {code}"
