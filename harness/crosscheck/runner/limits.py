"""What a stranger's program may take at most: set in its process before its code is read, and watched by its keeper.

The system's own limits hold for one process; its memory and the number of its processes hold for all of them together,
so the keeper counts them, several times a second, and ends everything where it is too much.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import NamedTuple

MEBIBYTE = 2**20
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
LOOK = 0.05  # seconds between two looks of the keeper
NICE = 10  # so that the keeper of a thousand busy processes still has its turn
MARGIN = 64  # tasks between the limit at which the keeper ends everything and the one at which the system refuses
TOO_MUCH_MEMORY, TOO_MANY_TASKS = 241, 242  # the keeper's exit codes; nobody else's process leaves with them


class Limits(NamedTuple):
    """memory: bytes, of all processes together. tasks: processes and their threads. file: bytes of one file.

    temporary: bytes of the private temporary folder, where there is one. descriptors: open files of one process.
    """

    memory: int = 2048 * MEBIBYTE
    tasks: int = 128
    file: int = 64 * MEBIBYTE
    temporary: int = 256 * MEBIBYTE
    descriptors: int = 256


def confine(limits: Limits, user: int) -> None:
    """Bound this process and all that it starts, for good; become another user, if one is given."""
    import resource

    os.nice(NICE)
    if user:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    wanted = {
        "RLIMIT_DATA": limits.memory,
        "RLIMIT_FSIZE": limits.file,
        "RLIMIT_NOFILE": limits.descriptors,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    for name, most in wanted.items():
        number = getattr(resource, name, None)
        if number is not None:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(number, (most, most))
    _bound_tasks(limits.tasks + MARGIN)


def _bound_tasks(most: int) -> None:
    """Bound the processes of this user; where others of the same user's count too, as many as are here, leave it."""
    import resource

    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
        resource.setrlimit(resource.RLIMIT_NPROC, (most, hard))
        try:
            child = os.fork()
        except OSError:
            resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))
            return
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def over(limits: Limits) -> int:
    """Return the keeper's exit code if what it keeps takes more than it may, else 0. Without /proc it cannot see."""
    ours = descendants()
    if sum(each.threads for each in ours) > limits.tasks:
        return TOO_MANY_TASKS
    if sum(each.pages for each in ours) * PAGE > limits.memory:  # counts what they share several times
        return TOO_MUCH_MEMORY if sum(_proportional(each.pid) for each in ours) > limits.memory else 0
    return 0


def stop(most: int = 20) -> None:
    """Stop all descendants, so that none of them starts another while they are killed. most: rounds."""
    stopped = set[int]()
    for _ in range(most):
        fresh = [each.pid for each in descendants() if each.pid not in stopped]
        for pid in fresh:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGSTOP)
        stopped |= set(fresh)
        if not fresh:
            return


class Seen(NamedTuple):
    """A process: its number and its parent's, its threads, and the pages of memory that it has."""

    pid: int
    parent: int
    threads: int
    pages: int


def descendants() -> list[Seen]:
    """Return what this process has started, and what that has started, parents first; nothing without /proc."""
    children: dict[int, list[Seen]] = {}
    entries: list[str] = []
    with contextlib.suppress(OSError):
        entries = os.listdir("/proc")  # noqa: PTH208
    for entry in entries:
        if entry.isdecimal():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = Path(f"/proc/{entry}/stat").read_bytes().rpartition(b")")[2].split()
                each = Seen(int(entry), int(fields[1]), int(fields[17]), int(fields[21]))
                children.setdefault(each.parent, []).append(each)
    found = list(children.get(os.getpid(), ()))
    for each in found:
        found += children.get(each.pid, ())
    return found


def _proportional(pid: int) -> int:
    """Return the bytes of memory that a process has, of what it shares its share; all of it where that is secret."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * PAGE
    return 0
