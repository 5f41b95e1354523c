"""Processes that run a function of ours, seen from the harness: started, asked, read without waiting, and ended.

Nothing here waits for a worker but `wait`, which waits for all of them. A worker has two pipes for frames (`wire`),
one for what it prints, of which the last is kept, and one that is closed when it is to end (`keeper`).
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import selectors
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.plain import Malformed
from crosscheck.core.text import one_line
from crosscheck.runner import limits
from crosscheck.runner.sandbox import Protection, Sandbox
from crosscheck.runner.wire import Frame, Reader, pack

BEGIN = """\
import sys
sys.path[:] = {path!r}
import json
from crosscheck.runner.keeper import main
main(json.loads(sys.argv.pop()))
"""
PORTION = 2**18  # bytes read at once
PORTIONS = 32  # read from one worker before the others have their turn
LOG = 2**16  # bytes of what it printed that are kept, searched for the reason of its end
REASON = 200  # characters
TICK, OFTEN = 1.0, 0.05  # seconds: the longest sleep; and where the system does not tell that a process has ended
TAKES_TOO_MUCH = {limits.TOO_MUCH_MEMORY: Kind.OVER_MEMORY, limits.TOO_MANY_TASKS: Kind.OVER_TASKS}
OF = {limits.TOO_MUCH_MEMORY: "memory", limits.TOO_MANY_TASKS: "tasks"}
GRACE = 10.0  # seconds that a keeper may take to end everything; and that a silent process may take to end


_around: ContextVar[Sandbox | None] = ContextVar("sandbox", default=None)


@contextlib.contextmanager
def inside(sandbox: Sandbox | None) -> Iterator[None]:
    """Start every worker in this block in a sandbox; None: as outside the block."""
    token = _around.set(sandbox or _around.get())
    try:
        yield
    finally:
        _around.reset(token)


class Child:
    """A worker: a keeper and the process that it keeps. It runs `serves`, `module:function`, which gets a Line.

    environment: all of its variables. processors: those that it may use, all if none. limit: of a frame's arrays.
    scratch: a folder that is to go with this process, should it be killed.
    """

    def __init__(
        self,
        serves: str,
        environment: Mapping[str, str],
        processors: Sequence[int] = (),
        limit: float = math.inf,
        scratch: str = "",
    ) -> None:
        self._reader, self._out, self._log = Reader(limit), bytearray(), bytearray()
        self.silent = self._ended = False
        self._sandbox = _around.get()
        with contextlib.ExitStack() as theirs:
            requests, self._requests = pipe(theirs, ours=1)
            self._answers, answers = pipe(theirs, ours=0)
            self._prints, prints = pipe(theirs, ours=0)
            control, self._control = pipe(theirs, ours=1)
            said = {
                "serves": serves,
                "descriptors": [requests, answers, control],
                "parent": os.getpid(),
                "processors": list(processors),
                "scratch": scratch,
            }
            if sandbox := self._sandbox:
                alone = Protection.PROCESSES in sandbox.on
                said |= {"limits": sandbox.limits, "user": sandbox.user(), "alone": alone}
                said |= {"parent": 0, "view": sandbox.view()} if alone else {}
            # A group of its own in our session: if we end while it is stopped, even before it has begun, the system
            # ends it. What it says is ASCII, whatever a path may hold.
            path = sandbox.path if sandbox else [str(each) for each in sys.path]
            begin = BEGIN.format(path=path).encode("ascii", "backslashreplace").decode()
            command = [sys.executable, "-P", "-c", begin, json.dumps(said)]
            self._process = subprocess.Popen(
                sandbox.around(command) if sandbox else command,
                stdin=subprocess.DEVNULL, stdout=prints, stderr=prints, pass_fds=(requests, answers, control),
                env=sandbox.environment if sandbox else dict(environment), process_group=0,
            )  # fmt: skip
        self._death = death_of(self._process.pid)

    @property
    def pid(self) -> int:
        """The keeper's process number, and its group's."""
        return self._process.pid

    def joined(self, pid: int) -> None:
        """Take note of the number of the process that computes, where it is not ours that says when it ends."""

    def limit(self, size: float) -> None:
        """Take frames whose arrays have at most so many bytes from now on."""
        self._reader.limit = size

    def send(self, message: Any) -> None:
        """Send a message as far as the pipe takes it now, the rest whenever `wait` finds room."""
        for part in pack(message):
            self._out += part
        self._flush()

    def _flush(self) -> None:
        try:
            while self._out:
                del self._out[: os.write(self._requests, self._out[:PORTION])]
        except BlockingIOError:
            pass
        except OSError:  # nobody reads any more: seen when it ends
            self._out.clear()

    def frames(self) -> Iterator[Frame]:
        """Yield what it has said up to now. Raises Malformed."""
        ended = self.ended()  # before the pipe is read to its end
        self._flush()
        self._read_prints()
        for _ in range(10**9 if ended else PORTIONS):
            data = _read(self._answers)
            if data is None:
                return
            if not data:
                self.silent = True
                return
            yield from self._reader.feed(data)

    def ended(self) -> bool:
        """Return whether it has ended."""
        if not self._ended:
            if self._death is not None:
                self._ended = bool(select.select([self._death], [], [], 0)[0])
            else:
                self._ended = self._process.poll() is not None
        return self._ended

    def _read_prints(self) -> None:
        for _ in range(PORTIONS if self._prints >= 0 else 0):
            data = _read(self._prints)
            if data is None:
                return
            if not data:
                close(self, "_prints")
                return
            self._log += data
            del self._log[:-LOG]

    def register(self, selector: selectors.BaseSelector) -> None:
        """Say what is worth waking up for."""
        if not self.silent:
            selector.register(self._answers, selectors.EVENT_READ)
        if self._out:
            selector.register(self._requests, selectors.EVENT_WRITE)
        if self._death is not None:
            selector.register(self._death, selectors.EVENT_READ)
        if self._prints >= 0:
            selector.register(self._prints, selectors.EVENT_READ)

    @property
    def told_when_it_ends(self) -> bool:
        """Whether the system says when the process ends."""
        return self._death is not None

    def stop(self) -> int:
        """End it and all that it has started; return its exit code, negative for a signal's number."""
        if self._control < 0:  # that was done
            return self._process.wait()
        for name in ("_control", "_requests", "_answers"):
            close(self, name)
        if self._death is not None:
            select.select([self._death], [], [], GRACE)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
        with contextlib.suppress(ProcessLookupError, PermissionError):  # before its number can be another's
            os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self._read_prints()
        for name in ("_prints", "_death"):
            close(self, name)
        return code

    def printed(self) -> str:
        """Return the last of what it has printed up to now."""
        self._read_prints()
        return self._log.decode(errors="replace")

    def last_words(self) -> str:
        """Return the line of what it printed that says most about its end; nothing if none does."""
        lines = self._log.decode(errors="replace").splitlines()
        thrown = [
            line.partition("what():")[2].strip() for line in lines if line.lstrip().startswith("what():")
        ]  # by C++
        return next((one_line(line, REASON) for line in [*thrown, *filter(_tells, lines)]), "")

    def death(self, stage: Stage) -> Failure:
        """End it, and return how it ended."""
        code = self.stop()
        if self._sandbox is not None:
            if code in TAKES_TOO_MUCH:
                return Failure(stage, TAKES_TOO_MUCH[code], number=getattr(self._sandbox.limits, OF[code]))
            code = 128 - code if code > 128 else code  # as bubblewrap says that of a signal
        kind = Kind.KILLED if code < 0 else Kind.EXITED
        return Failure(stage, kind, self.last_words(), abs(code))


def _tells(line: str) -> bool:
    """Return whether a line tells of an error; a C++ library's fatal one begins with F and the date, F1126 17:00:00."""
    return "Fatal" in line or "rror" in line or (line.startswith("F") and line[1:5].isdecimal())


def wait(children: Iterable[Child], seconds: float) -> None:
    """Sleep until one of them says something or ends, but not longer than asked, and not longer than a tick."""
    with selectors.DefaultSelector() as selector:
        tick = TICK
        for child in children:
            child.register(selector)
            tick = tick if child.told_when_it_ends else OFTEN
        selector.select(max(0.0, min(seconds, tick)))


class Clock:
    """The time that counts as the workers': where this process was stopped, or busy itself, at most two ticks do."""

    def __init__(self) -> None:
        self._before = time.monotonic()

    def lap(self) -> float:
        """Return the seconds since the last lap that count."""
        before, self._before = self._before, time.monotonic()
        return min(self._before - before, 2 * TICK)


def ask(child: Child, message: Any, seconds: float) -> Frame | Failure:
    """Send one message and wait for the one that comes back; a worker that has ended has been waited for."""
    child.send(message)
    clock = Clock()
    while seconds > 0:
        ended = child.ended()
        try:
            for frame in child.frames():
                return frame
        except Malformed as error:
            return Failure(Stage.CASE, Kind.UNREADABLE, one_line(str(error)))
        if ended:
            return child.death(Stage.CASE)
        wait([child], seconds)
        seconds -= clock.lap()
    return Failure(Stage.CASE, Kind.TIMED_OUT)


class Member(ABC):
    """A worker with an allowance of time. Whoever derives from it says what is done with a frame, and with a loss."""

    child: Child | None = None
    allowed = left = 0.0

    @property
    def stage(self) -> Stage:
        """What it is doing."""
        return Stage.CASE

    @abstractmethod
    def received(self, frame: Frame) -> None:
        """Take what it said. Raises Malformed."""

    @abstractmethod
    def lost(self, failure: Failure) -> None:
        """Go on without it: it has ended, or must end."""

    def allow(self, seconds: float) -> None:
        """Give it so much time from now on."""
        self.allowed = self.left = seconds

    def attend(self, passed: float) -> None:
        """Take what it says; end it if it is dead, too slow or talks nonsense. passed: seconds since the last time."""
        child = self.child
        if child is None:
            return
        self.left -= passed
        try:
            ended = child.ended()
            for frame in child.frames():
                self.received(frame)
                if self.child is not child:
                    return
        except Malformed as error:
            self.end()
            self.lost(Failure(self.stage, Kind.UNREADABLE, one_line(str(error))))
            return
        if ended:
            self.child = None
            self.lost(child.death(self.stage))
        elif self.left <= 0:
            self.end()
            self.lost(Failure(self.stage, Kind.SILENT if child.silent else Kind.TIMED_OUT, number=self.allowed))
        elif child.silent:  # it has closed the pipe; in a moment it will have ended
            self.left = min(self.left, GRACE)

    def end(self) -> None:
        """End the process, if there is one."""
        child, self.child = self.child, None
        if child is not None:
            child.stop()


def attend(members: Sequence[Member], clock: Clock) -> None:
    """Wait for any of them, and attend to all."""
    running = [(each, each.child) for each in members if each.child is not None]
    wait([child for _, child in running], min((each.left for each, _ in running), default=0.0))
    passed = clock.lap()
    for each, _ in running:
        each.attend(passed)


def pipe(theirs: contextlib.ExitStack, ours: int) -> tuple[int, int]:
    """Return a pipe; our end does not block, the other one is closed here once the process has it."""
    ends = os.pipe()
    os.set_blocking(ends[ours], False)
    theirs.callback(os.close, ends[1 - ours])
    return ends


def _read(descriptor: int) -> bytes | None:
    """Return what can be read now, nothing at the end, None if there is nothing yet."""
    try:
        return os.read(descriptor, PORTION)
    except BlockingIOError:
        return None


def death_of(pid: int) -> int | None:
    """Return a descriptor that can be read when the process has ended, where there is such a thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def close(child: Child, name: str) -> None:
    """Close one of its descriptors, if it is open."""
    descriptor = getattr(child, name)
    if descriptor is not None and descriptor >= 0:
        os.close(descriptor)
    setattr(child, name, None if name == "_death" else -1)
