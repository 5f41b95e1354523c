"""The first process of a worker. It forks the one that computes, and ends all that was started there, whatever happens.

The keeper computes nothing, so that it can always act: when the harness closes the control pipe, or is gone, be it by
`kill -9`, and when the process that computes ends; if the harness is gone, it also removes the folder that the harness
would have removed (`scratch`). On Linux it is the subreaper of what that process starts: a
grandchild in a session of its own becomes the keeper's child when its parent ends, and is ended with the rest. What
computes dies with its keeper. The keeper ends as the other did, with the same exit code or signal.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import select
import shutil
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from crosscheck.runner import limits, namespaces
from crosscheck.runner.limits import Limits
from crosscheck.runner.namespaces import View

PARENT_DEATH_SIGNAL, CHILD_SUBREAPER = 1, 36  # of prctl(2)
LOOK = 1.0  # seconds between two looks at whether the harness is there, where the system does not tell
GOES = 0.05  # seconds from when a process that is killed has closed its pipes to when it is nobody's parent
PATIENCE = 5.0  # seconds to end what was started here
HANDLED = (signal.SIGCHLD, signal.SIGCONT, signal.SIGTERM, signal.SIGHUP)


class Descriptors(NamedTuple):
    """Ends of pipes: what is asked, what is answered, and one that is closed when all is to end."""

    requests: int
    answers: int
    control: int


class Confined(NamedTuple):
    """What a stranger's program may take, and the user that it becomes, 0 if it stays who it is.

    alone: whether nothing else is in its namespace of processes, so that all of it ends with this one.
    """

    limits: Limits
    user: int = 0
    alone: bool = False


def begin(
    serves: str, descriptors: Descriptors, parent: int, processors: Iterable[int],
    confined: Confined | None = None, scratch: str = "",
) -> None:  # fmt: skip
    """Fork; the new process calls `serves`, `module:function`, with a Line; this one keeps it. Never returns.

    parent: the harness; 0 in a sandbox, where its number is another one. scratch: a folder to remove if it is gone.
    """
    keeper, parent = os.getpid(), parent or os.getppid()
    _leave_the_terminal()
    _prctl(CHILD_SUBREAPER, 1)
    _prctl(PARENT_DEATH_SIGNAL, signal.SIGCONT)  # wakes this process if somebody has stopped it
    woken, wake = _wakeups()
    child = os.fork()  # nothing else runs in this process yet
    if child == 0:
        signal.set_wakeup_fd(-1)
        for descriptor in (descriptors.control, woken, wake):
            os.close(descriptor)
        _compute(serves, descriptors, keeper, processors, confined)
    for descriptor in (descriptors.requests, descriptors.answers, 0, 1, 2):
        os.close(descriptor)
    status, number, code = _watch(child, descriptors.control, woken, parent, confined)
    if code and confined is not None:
        if not confined.alone:
            limits.stop()
            _end_everything(child, status)
        os._exit(code)
    status = _end_everything(child, status)
    if scratch and _outlives(parent):  # other keepers remove it too: the last one finds all that was written
        shutil.rmtree(scratch, ignore_errors=True)
    _leave(status, number)


def _leave_the_terminal() -> None:
    """Give the controlling terminal up, so that nothing that is started here can draw on it."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl
        import termios

        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(terminal, termios.TIOCNOTTY)
        os.close(terminal)


def _wakeups() -> tuple[int, int]:
    """Return a pipe: out of it come the numbers of the signals that have come."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    for number in HANDLED:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    return woken, wake


def _watch(child: int, control: int, woken: int, parent: int, confined: Confined | None) -> tuple[int | None, int, int]:
    """Wait until the child has ended, or all is to end.

    Returns the status with which it has, if it has, the signal that says so, 0 for none, and the exit code that says
    that it took more than it may.
    """
    tick = LOOK if confined is None else limits.LOOK
    while os.getppid() == parent:
        ready, _, _ = select.select([control, woken], [], [], tick)
        came = os.read(woken, 512) if woken in ready else b""
        number = next((each.value for each in (signal.SIGTERM, signal.SIGHUP) if each in came), 0)
        status = _status_of(child)
        if status is not None or number or control in ready:
            return status, number, 0
        if confined is not None and (code := limits.over(confined.limits)):
            return None, 0, code
    return None, 0, 0


def _status_of(child: int) -> int | None:
    """Return the status of the child if it has ended; whoever else has come to us and ended is waited for too."""
    status = None
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == child:
                status = found[1]
    return status


def _end_everything(child: int, status: int | None) -> int:
    """Kill all children, and theirs as they come to us; return the status with which `child` has ended."""
    if status is None:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    until = time.monotonic() + PATIENCE
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                for each in _children():
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(each, signal.SIGKILL)
                time.sleep(0.002)
    return status


def _children() -> list[int]:
    """Return this process's children, by /proc; none where there is no such thing."""
    me, found = str(os.getpid()).encode(), []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            if (entry / "stat").read_bytes().rpartition(b")")[2].split()[1] == me:
                found.append(int(entry.name))
    return found


def _outlives(parent: int) -> bool:
    """Return whether the parent is gone, or on its way."""
    until = time.monotonic() + GOES
    while os.getppid() == parent and time.monotonic() < until:
        time.sleep(GOES / 10)
    return os.getppid() != parent


def _leave(status: int, number: int) -> None:
    """End as the child did, or by the signal that has come."""
    if os.WIFEXITED(status) and not number:
        code = os.WEXITSTATUS(status)
        os._exit(1 if code in (limits.TOO_MUCH_MEMORY, limits.TOO_MANY_TASKS) else code)  # these are the keeper's own
    number = number or os.WTERMSIG(status)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the other one has left its core, if any
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)


def _compute(
    serves: str, descriptors: Descriptors, keeper: int, processors: Iterable[int], confined: Confined | None
) -> None:
    """Run the function in the new process, and leave."""
    for number in HANDLED:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the harness decides
    if confined is not None:
        limits.confine(confined.limits, confined.user)
        namespaces.drop()
    if not _prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL):
        threading.Thread(target=_orphan, args=(keeper,), daemon=True).start()
    if os.getppid() != keeper:
        os._exit(1)
    if mine := list(processors):  # before a framework counts them: two that use all of them hold each other up
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(0, mine)
    for descriptor in descriptors[:2]:
        os.set_inheritable(descriptor, False)
    warnings.simplefilter("ignore")
    from crosscheck.runner.line import Line

    module, _, function = serves.partition(":")
    with contextlib.suppress(EOFError, OSError):  # the harness is gone, or the pipes are
        getattr(importlib.import_module(module), function)(Line(descriptors.requests, descriptors.answers))
    sys.exit(0)


def _orphan(keeper: int) -> None:
    """End this process when its keeper is gone, where the system does not do so."""
    while os.getppid() == keeper:
        time.sleep(LOOK)
    os.killpg(0, signal.SIGKILL)


def _prctl(option: int, value: int) -> bool:
    """Call prctl(2); return whether that has worked."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None, use_errno=True).prctl(option, int(value), 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def main(arguments: Any) -> None:
    """Begin, as the command line says; see `children.Child`."""
    confined = None
    if arguments.get("limits"):
        confined = Confined(Limits(*arguments["limits"]), arguments["user"], arguments["alone"])
    if view := arguments.get("view"):
        namespaces.enter(View(*view))
    begin(
        arguments["serves"],
        Descriptors(*arguments["descriptors"]),
        arguments["parent"],
        arguments["processors"],
        confined,
        arguments["scratch"],
    )
