"""Every implementation in a process of its own, with a time limit: a crash, a hang or running out of memory fails
only its own case.

The processes are spawned, two or more side by side; each holds one implementation and gets one case after
another. An error is that case's failure. A crash, a kill or a hang is that case's failure too, and a new process
goes on with the next. What an implementation prints goes into a file, and its last words into the reason.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib.util
import multiprocessing
import multiprocessing.connection
import os
import platform
import signal
import sys
import tempfile
import threading
import time
import warnings
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from crosscheck_impls.interface import VARIANTS, BadInput, Declaration, Incomplete, declaration

from crosscheck.core import interrupts
from crosscheck.core.failures import Failure, Kind, Refusal, Stage
from crosscheck.core.records import Answer, Case
from crosscheck.runner.collect import TooSlow, configure, measure
from crosscheck.runner.compiled import checked
from crosscheck.runner.loading import load_implementation, loader_of
from crosscheck.runner.threads import THREADS, env_defaults

TIME_LIMIT = 120.0  # seconds for one case, or for an import
MESSAGE = 300  # characters of somebody's error message that are kept
LOG_TAIL_BYTES = 65_536  # bytes of what an implementation printed, searched for the reason of its end
MAX_LOST_PROCESSES = 3  # as a rule, see Job
COMPILED = {  # what one of JAX's processes has compiled the others need not, nor the next run
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}


class About(NamedTuple):
    """What a worker says of its framework once it is loaded."""

    variants: tuple[str, ...]
    devices: tuple[str, ...]
    declarations: Mapping[str, Declaration]


@dataclass
class Job:
    """An implementation and the cases it is to run."""

    framework: str
    variant: str
    device: str
    cases: Sequence[Case]
    cost: float = 1.0  # a guess at how long it takes; the longest starts first
    max_lost: int = MAX_LOST_PROCESSES  # processes that it may lose before it is given up

    @property
    def name(self) -> str:
        """The implementation's name, framework/variant."""
        return f"{self.framework}/{self.variant}"


def describe(framework: str, loader: str = "") -> About:
    """Return what a framework is; runs in a worker."""
    module = load_implementation(framework, loader)
    return About(
        tuple(module.gradients),
        module.devices(),
        {variant: declaration(module, variant) for variant in module.gradients},
    )


def missing(framework: str) -> str:
    """Return the name of the package that one of our frameworks needs and that is not installed, or nothing."""
    return framework if framework in VARIANTS and importlib.util.find_spec(framework) is None else ""


class Start(NamedTuple):
    """What a worker is told when it starts. log: the file for what it prints. processors: its share; none is all."""

    framework: str
    variant: str
    device: str
    loader: str
    log: str
    processors: Sequence[int] = ()


def serve(connection: Any, start: Start) -> None:
    """Load one implementation and answer cases until the connection closes; runs in the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the harness decides
    if hasattr(os, "setsid"):
        os.setsid()  # what it starts ends with it
    threading.Thread(target=_orphan, args=(os.getppid(),), daemon=True).start()
    _redirect(start.log)
    if start.processors:  # before the framework counts them: two that use all of them hold each other up
        os.sched_setaffinity(0, start.processors)
    sys.path.insert(0, str(Path.cwd()))
    warnings.simplefilter("ignore")
    try:
        about = describe(start.framework, start.loader)
        connection.send(about)
    except BaseException as error:  # an import may raise anything, SystemExit too
        with contextlib.suppress(Exception):
            connection.send(failure_of(Stage.LOAD, error))
        return
    configured = set[str]()
    with contextlib.suppress(EOFError, BrokenPipeError):
        while start.variant:
            connection.send(_answer(start, about, connection.recv(), configured))


def _answer(start: Start, about: About, case: Case, configured: set[str]) -> Answer | Failure:
    """Return what an implementation answers, or why it does not. configured: the dtypes that it is ready for."""
    try:
        framework = load_implementation(start.framework, start.loader)
        if case.dtype not in configured:
            configure(framework, case.dtype)
            configured.add(case.dtype)
        return measure(framework, start.variant, about.declarations[start.variant], case, start.device)
    except BaseException as error:  # somebody's code may raise anything
        return failure_of(Stage.CASE, error)


def failure_of(stage: Stage, error: BaseException) -> Failure:
    """Return an error as data, its message in one line."""
    if isinstance(error, TooSlow):
        return Failure(stage, Kind.TOO_SLOW, number=error.steps)
    message = " ".join(str(error).split())
    if isinstance(error, Refusal):
        return Failure(stage, error.kind, message, line=error.line)
    if stage is Stage.LOAD and isinstance(error, BadInput):
        return Failure(stage, Kind.INCOMPLETE if isinstance(error, Incomplete) else Kind.NOT_FOUND, message)
    memory = isinstance(error, MemoryError) or "out of memory" in message.lower() or "RESOURCE_EXHAUSTED" in message
    name = "out of memory" if memory else type(error).__name__
    kind = Kind.OUT_OF_MEMORY if memory else Kind.RAISED
    return Failure(stage, kind, f"{name}: {message[:MESSAGE]}" if message else name)


def _orphan(parent: int) -> None:
    """End this process, and what it started, when the harness is gone."""
    while os.getppid() == parent:
        time.sleep(1)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _redirect(log: str) -> None:
    """Send what the implementation prints, and a crash's last words, to a file."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    faulthandler.enable()


@dataclass
class _Worker:
    """A running process, and what is left for it to do."""

    job: Job
    left: deque[int]
    log: Path
    processors: Sequence[int] = ()
    lost: int = 0
    process: Any = None
    connection: Any = None
    about: About | None = None
    current: int | None = None
    allowed: float = 0.0
    deadline: float = 0.0
    timer: threading.Timer | None = None


def run(
    jobs: Sequence[Job],
    done: Callable[[Job, Case, About | None, Answer | Failure], None],
    time_limit: float = TIME_LIMIT,
    at_once: int | None = None,
    import_limit: float | None = None,
) -> None:
    """Run all jobs, some processes at once, and call `done` for every case of every job, in any order.

    time_limit: seconds for one case, and for an import unless that has a limit of its own. On KeyboardInterrupt
    all processes are stopped.
    """
    at_once = at_once or max(1, min(len(jobs), os.cpu_count() or 1))
    free: deque[Sequence[int]] = deque(_shares(at_once))
    waiting = deque(sorted(jobs, key=lambda job: -job.cost))
    active: list[_Worker] = []
    cache = checked(jax_cache_dir())
    with tempfile.TemporaryDirectory(prefix="crosscheck-") as folder, settings(at_once, folder), cache:
        try:
            while waiting or active:
                while waiting and len(active) < at_once:
                    job = waiting.popleft()
                    log = Path(folder) / f"{len(waiting)}.log"
                    worker = _Worker(job, deque(range(len(job.cases))), log, free.popleft())
                    active.append(_start(worker, import_limit or time_limit))
                _wait(active)
                for worker in list(active):
                    _attend(worker, done, time_limit)
                    if worker.process is None:
                        active.remove(worker)
                        free.append(worker.processors)
        finally:
            for worker in active:
                _stop(worker)


def _shares(at_once: int) -> list[list[int]]:
    """Return the processors of each process: a share each, or no word about them where that cannot be said."""
    if at_once == 1 or not hasattr(os, "sched_getaffinity"):
        return [[]] * at_once
    mine = sorted(os.sched_getaffinity(0))
    each = len(mine) // at_once
    return [mine[k * each : (k + 1) * each] for k in range(at_once)]


def settings(at_once: int, folder: str = "") -> contextlib.AbstractContextManager[None]:
    """Set what the processes inherit, but for what the user has set: threads, a share each; JAX's cache."""
    share = str(max(1, (os.cpu_count() or 1) // at_once))
    wanted = dict.fromkeys(THREADS, share)
    if folder:
        wanted |= COMPILED | {"JAX_COMPILATION_CACHE_DIR": str(jax_cache_dir() or Path(folder) / "jax")}
    return env_defaults(wanted)


def jax_cache_dir() -> Path | None:
    """Return the folder where JAX keeps what it compiles from run to run, in the user's cache; None if it cannot.

    JAX's key for a program holds the program itself, the options and the versions, but not what the processor can
    do, so that each kind of processor has a folder.
    """
    with contextlib.suppress(OSError, RuntimeError):  # no home, or none that can be written to
        processor = Path("/proc/cpuinfo")
        lines = processor.read_text().splitlines() if processor.exists() else [platform.processor()]
        can = next((line for line in lines if line.startswith(("flags", "Features"))), lines[0])
        kind = f"{platform.machine()}-{zlib.crc32(can.encode()):08x}"
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(home) / "crosscheck" / "jax" / kind
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    return None


def _start(worker: _Worker, time_limit: float) -> _Worker:
    context = multiprocessing.get_context("spawn")
    worker.connection, theirs = context.Pipe()
    job = worker.job
    with contextlib.suppress(OSError):  # a new process begins a new log
        worker.log.unlink()
    loader = loader_of(job.framework)
    start = Start(job.framework, job.variant, job.device, loader, str(worker.log), worker.processors)
    worker.process = context.Process(target=serve, args=(theirs, start), daemon=True, name=f"crosscheck {job.name}")
    interrupts.start(worker.process)
    theirs.close()
    worker.about, worker.current = None, None
    _allow(worker, time_limit)
    return worker


def _allow(worker: _Worker, time_limit: float) -> None:
    """Give it so much time. If it stops in the middle of a message, which we then wait for, a timer ends it."""
    if worker.timer is not None:
        worker.timer.cancel()
    worker.allowed, worker.deadline = time_limit, time.monotonic() + time_limit
    worker.timer = threading.Timer(time_limit + 1, worker.process.kill)
    worker.timer.daemon = True
    worker.timer.start()


def _wait(active: list[_Worker]) -> None:
    """Sleep until somebody answers, ends, or runs out of time."""
    soonest = min(worker.deadline for worker in active)
    events = [w.connection for w in active] + [w.process.sentinel for w in active]
    multiprocessing.connection.wait(events, timeout=max(0.0, soonest - time.monotonic()))


def _attend(worker: _Worker, done: Callable[..., None], time_limit: float) -> None:
    """Take what the worker says, give it the next case, and end it when it is finished, dead or too slow."""
    try:
        while worker.process is not None and worker.connection.poll():
            _receive(worker, worker.connection.recv(), done, time_limit)
    except (EOFError, ConnectionResetError, BrokenPipeError):
        worker.process.join(5)
    except Exception as error:  # an outsider's worker may send anything
        stage = Stage.LOAD if worker.about is None else Stage.CASE
        message = f"{type(error).__name__}: {' '.join(str(error).split())[:MESSAGE]}"
        _lost(worker, Failure(stage, Kind.UNREADABLE, message), done, time_limit)
        return
    if worker.process is None:
        return
    if time.monotonic() > worker.deadline:
        stage = Stage.LOAD if worker.about is None else Stage.CASE
        _lost(worker, Failure(stage, Kind.TIMED_OUT, number=worker.allowed), done, time_limit)
    elif not worker.process.is_alive():
        _lost(worker, _death(worker), done, time_limit)


def _receive(worker: _Worker, message: Any, done: Callable[..., None], time_limit: float) -> None:
    """Take one message; the worker gets its next case before its answer is judged, so that it need not wait."""
    job, answered = worker.job, worker.current
    if worker.about is None:
        problem = message if isinstance(message, Failure) else _unfit(job, message)
        if problem is not None:
            _stop(worker)
            for index in worker.left:
                done(job, job.cases[index], None, problem)
            worker.left.clear()
            return
        worker.about = message
    about = worker.about
    worker.current = None
    try:
        _next(worker, time_limit)
    finally:  # the process may be gone by now; what it said before counts
        if answered is not None:
            done(job, job.cases[answered], about, message)


def _unfit(job: Job, about: About) -> Failure | None:
    if job.variant not in about.variants:
        return Failure(Stage.LOAD, Kind.NO_VARIANT, f"no variant {job.variant!r}; it has {', '.join(about.variants)}")
    if job.device not in about.devices:
        return Failure(Stage.LOAD, Kind.NO_DEVICE, f"{job.framework} has no {job.device} here")
    return None


def _next(worker: _Worker, time_limit: float) -> None:
    if not worker.left:
        _stop(worker)
        return
    worker.current = worker.left.popleft()
    _allow(worker, time_limit)
    worker.connection.send(worker.job.cases[worker.current])


def _lost(worker: _Worker, failure: Failure, done: Callable[..., None], time_limit: float) -> None:
    """A process is gone: its case has failed; a new process takes the rest, unless too many have gone."""
    _stop(worker)
    worker.lost += 1
    job, started = worker.job, worker.about is not None
    failed = [worker.current] if worker.current is not None else []
    if not started or worker.lost >= job.max_lost:
        failed += list(worker.left)
        worker.left.clear()
    for position, index in enumerate(failed):
        given_up = started and (position > 0 or worker.current is None)
        done(job, job.cases[index], worker.about, failure._replace(lost=worker.lost if given_up else 0))
    if worker.left:
        _start(worker, time_limit)


def _death(worker: _Worker) -> Failure:
    """Return how a process ended, with the line of its log that says most."""
    code, said = worker.process.exitcode or 0, ""
    with contextlib.suppress(OSError):
        with worker.log.open("rb") as file:
            file.seek(max(0, worker.log.stat().st_size - LOG_TAIL_BYTES))
            lines = file.read().decode(errors="replace").strip().splitlines()
        said = next((line.strip()[:200] for line in lines if "Fatal" in line or "rror" in line), "")
    stage = Stage.LOAD if worker.about is None else Stage.CASE
    if code < 0:
        return Failure(stage, Kind.KILLED, said, -code)
    return Failure(stage, Kind.EXITED, said, code)


def _stop(worker: _Worker) -> None:
    """End a process and what it started, at once; whatever it had to say has been taken."""
    if worker.timer is not None:
        worker.timer.cancel()
    if worker.process is not None:
        worker.connection.close()
        with contextlib.suppress(AttributeError, ProcessLookupError, PermissionError):
            if os.getpgid(worker.process.pid) == worker.process.pid:
                os.killpg(worker.process.pid, signal.SIGKILL)
        worker.process.kill()
        worker.process.join()
        worker.process = None


def probe(framework: str, time_limit: float = TIME_LIMIT) -> About | Failure:
    """Return what a framework or an outsider's module is, asked in a process of its own."""
    said: About | Failure = Failure(Stage.LOAD, Kind.TIMED_OUT, number=time_limit)
    with tempfile.TemporaryDirectory(prefix="crosscheck-") as folder, settings(1):
        worker = _Worker(Job(framework, "", "cpu", ()), deque(), Path(folder) / "log")
        _start(worker, time_limit)
        try:
            if worker.connection.poll(time_limit):
                said = worker.connection.recv()
        except EOFError:
            worker.process.join(5)
            said = _death(worker)
        _stop(worker)
    return said
