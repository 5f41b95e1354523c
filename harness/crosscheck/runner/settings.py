"""What a worker inherits: environment variables, but for those that the user has set, and a share of the processors."""

from __future__ import annotations

import contextlib
import os
import platform
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from crosscheck.runner.threads import THREADS

FOLDERS = {"jax": "JAX_COMPILATION_CACHE_DIR", "torch": "TORCHINDUCTOR_CACHE_DIR"}  # of what a framework compiles
COMPILED = {  # what one of JAX's processes has compiled the others need not, nor the next run
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
OF_A_GPU = 8 * 2**20  # kilobytes of the host's memory that a process with CUDA's libraries may take
SHARED = {
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # else the first of JAX's processes takes 3/4 of a GPU's memory
    "TORCHINDUCTOR_COMPILE_THREADS": "1",  # else torch compiles in more processes, which import it first
}


def environment(
    at_once: int, threads: Mapping[str, str] | None = None, compilers: Iterable[str] = tuple(FOLDERS)
) -> dict[str, str]:
    """Return the variables of a worker, one of so many at once: a share of the threads, and the compilers' folders.

    Our own variables stay as they are. threads: instead of the share, for the libraries that are named. compilers: the
    frameworks whose kept programs it may use.
    """
    wanted = dict.fromkeys(THREADS, str(max(1, (os.cpu_count() or 1) // at_once))) | SHARED | dict(threads or {})
    for name in compilers:
        if (folder := cache_dir(name)) is not None:
            wanted |= {FOLDERS[name]: str(folder)} | (COMPILED if name == "jax" else {})
    return {**wanted, **os.environ}


def caches(environment: Mapping[str, str]) -> list[Path]:
    """Return the folders of kept programs that a worker's variables name and that are ours, not the user's own."""
    folders = {name: cache_dir(name) for name in FOLDERS}
    return [folder for name, folder in folders.items() if folder and environment.get(FOLDERS[name]) == str(folder)]


def fit_in_memory() -> int:
    """Return how many processes that use a GPU fit into the memory that is left; as many as processors if unknown."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        left = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
        return max(1, left // OF_A_GPU)
    return os.cpu_count() or 1


def shares(at_once: int) -> list[list[int]]:
    """Return the processors of each worker: a share each, or no word about them where that cannot be said."""
    if at_once == 1 or not hasattr(os, "sched_getaffinity"):
        return [[]] * at_once
    mine = sorted(os.sched_getaffinity(0))
    each = len(mine) // at_once
    return [mine[k * each : (k + 1) * each] for k in range(at_once)]


def user_cache() -> Path:
    """Return our folder in the user's cache, which need not be there. Raises RuntimeError where there is no home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crosscheck"


def cache_dir(of: str) -> Path | None:
    """Return a folder in the user's cache for what a framework compiles; None if there can be none.

    Each kind of processor has one: JAX's key for a program holds the program, the options and the versions, but not
    what the processor can do.
    """
    with contextlib.suppress(OSError, RuntimeError):  # no home, or none that can be written to
        processor = Path("/proc/cpuinfo")
        lines = processor.read_text().splitlines() if processor.exists() else [platform.processor()]
        can = next((line for line in lines if line.startswith(("flags", "Features"))), lines[0])
        kind = f"{platform.machine()}-{zlib.crc32(can.encode()):08x}"
        folder = user_cache() / of / kind
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    return None
