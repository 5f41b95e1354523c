"""How many threads the linear algebra libraries may take: an environment variable each, read when they are loaded."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def most() -> int:
    """Return how many threads a process has that has all processors, or what the user has set."""
    said = os.environ.get(THREADS[0], "")
    return int(said) if said.isdecimal() else os.cpu_count() or 1


@contextlib.contextmanager
def env_defaults(settings: Mapping[str, str]) -> Iterator[None]:
    """Set these environment variables, but for those that the user has set, and take them back."""
    ours = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name)


def load_numpy() -> None:
    """Import NumPy with one thread: the judge's products are small, and the workers need the other processors.

    A second thread would take its turn from a worker, and the first would wait for it.
    """
    with env_defaults(dict.fromkeys(THREADS, "1")):
        import numpy as np  # noqa: F401
