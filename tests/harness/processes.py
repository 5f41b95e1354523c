"""What processes there are, by /proc: so that a test can say that none is left."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path


def parents() -> dict[int, int]:
    """Return the parent of every process that has not ended."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            state, parent = (entry / "stat").read_bytes().rpartition(b")")[2].split()[:2]
            if state not in (b"Z", b"X"):
                found[int(entry.name)] = int(parent)
    return found


def descendants(pid: int | None = None) -> list[int]:
    """Return what a process, by default this one, has started, and what that has started: parents first."""
    by_pid, found = parents(), [os.getpid() if pid is None else pid]
    for each in found:
        found += [child for child, parent in by_pid.items() if parent == each]
    return found[1:]


def marked(mark: str) -> list[int]:
    """Return the processes whose environment holds these words: inherited by whatever a process starts."""
    found = []
    for pid in parents():
        with contextlib.suppress(OSError):
            if mark.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
    return [pid for pid in found if pid != os.getpid()]


def gone(mark: str, seconds: float = 20.0) -> bool:
    """Wait until no process with the mark is left; return whether that was so in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not marked(mark):
            return True
        time.sleep(0.05)
    return False
