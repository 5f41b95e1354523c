"""What the programs that read files in a process of their own have in common; it is run beside them, by its path.

A program is started with FILE NUMBERS BYTES SECONDS, and writes one line of JSON, {"wrong": text, ...}, and then what
the file holds. It imports nothing else of Crosscheck.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple


class Refused(Exception):
    """What is wrong, in words."""


class Kind(NamedTuple):
    """What a file is expected to be, in words: for one that is none, and for one that takes too much memory."""

    other: str
    large: str
    remedy: str


Read = Callable[[str, int], tuple[dict[str, Any], Callable[[BinaryIO], None]]]


def limit(memory: int, seconds: float) -> None:
    """Bound this process's memory and time, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    if hasattr(signal, "alarm"):
        signal.alarm(int(seconds) + 1)


def answer(read: Read, kind: Callable[[str], Kind]) -> None:
    """Read the file that this program was started with, and write the answer.

    read: returns what goes into the line, and what writes the rest; raises Refused, and what its library raises.
    """
    path, at_most, memory, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    limit(memory, seconds)
    said: dict[str, Any] = {}
    wrong = ""
    write: Callable[[BinaryIO], None] = nothing
    try:
        said, write = read(path, at_most)
    except Refused as refused:
        wrong = str(refused)
    except MemoryError:
        wrong = f"takes too much memory, expected {kind(path).large}; use fewer"
    except Exception as error:  # the libraries raise nearly everything
        why = " ".join(str(error).split())[:300] or type(error).__name__
        wrong = f"not {kind(path).other}, or not a whole one ({why}); {kind(path).remedy}"
    out = sys.stdout.buffer
    out.write(json.dumps({"wrong": wrong, **said}).encode() + b"\n")
    write(out)
    out.flush()


def nothing(out: BinaryIO) -> None:
    """Write nothing."""
