"""Contestants in processes of their own that take turns: prepare, warm up, and time when told to go."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from crosscheck_impls.interface import load

from crosscheck.bench.sizes import Size, draw
from crosscheck.core.failures import Failure
from crosscheck.core.plain import Malformed, from_plain
from crosscheck.core.text import words_of
from crosscheck.report.words import of_failure
from crosscheck.runner.children import Child, ask
from crosscheck.runner.collect import environment
from crosscheck.runner.line import Line
from crosscheck.runner.settings import SHARED
from crosscheck.runner.threads import THREADS

ALPHA = 1e-3  # small: nothing saturates, whatever the number of iterations
LEAST, LONGEST = 3, 100_000  # iterations in one repetition: a first one touches memory that the others find there
ANSWER = 300.0  # seconds that a contestant may take for one answer
PAUSE = 0.1  # seconds between two turns: idle threads of OpenBLAS and OpenMP turn for a while before they sleep


class Ready(NamedTuple):
    """What a contestant says when it is warm.

    first: seconds of the first call, of one iteration, compilation included. iterations: in one repetition.
    memory: bytes at the peak of `fit` beyond what lay there before, or None where the system does not tell.
    environment: versions, threads and precision switches of the framework, or the versions of a peer's packages.
    """

    first: float
    iterations: int
    memory: int | None
    environment: dict[str, Any]


class Entry(NamedTuple):
    """What a contestant's process is told first."""

    name: str
    device: str


class Prepare(NamedTuple):
    """What a contestant gets ready for; seconds: of one repetition."""

    size: Size
    dtype: str
    seconds: float


Message: TypeAlias = Prepare | None  # None is: go
Told: TypeAlias = Ready | float | str  # it is ready; it took so many seconds an iteration; it failed, and why


@dataclass
class Contestant:
    """One process, and what came back: seconds an iteration, a number each round."""

    name: str
    child: Child | None = None
    ready: Ready | None = None
    seconds: list[float] = field(default_factory=list)
    reason: str = ""  # why there is no answer

    def ask(self, message: Message) -> Ready | float | None:
        """Send a message and wait for the answer; a failure is its reason, and the contestant is out."""
        if self.child is None:
            return None
        frame = ask(self.child, message, ANSWER)
        try:
            answer: Any = frame if isinstance(frame, Failure) else from_plain(Told, *frame)
        except Malformed as error:
            answer = str(error)
        if isinstance(answer, Ready | float):
            return answer
        self.reason = answer
        if isinstance(answer, Failure):
            self.reason = of_failure(answer._replace(number=answer.number or ANSWER))
            self.end()
        return None

    def end(self) -> None:
        """End the process, if there is one."""
        child, self.child = self.child, None
        if child is not None:
            child.stop()


class Peer(NamedTuple):
    """Where a peer's `start` is, imported in its own process alone, and the packages that it needs."""

    module: str
    function: str
    packages: tuple[str, ...]


MODULE = "crosscheck_impls.peers"
PEERS = {
    "scikit-learn": Peer(MODULE, "scikit_learn", ("sklearn",)),
    "optax loop": Peer(MODULE, "optax_loop", ("jax", "optax")),
    "keras on jax": Peer(MODULE, "keras_on_jax", ("jax", "keras")),
    "keras on torch": Peer(MODULE, "keras_on_torch", ("torch", "keras")),
    "products numpy": Peer(MODULE, "products_numpy", ("numpy",)),
    "products torch": Peer(MODULE, "products_torch", ("torch",)),
    "products jax": Peer(MODULE, "products_jax", ("jax",)),
    "copy": Peer(__name__, "copy", ("numpy",)),
}
CPU_ONLY = ("numpy", "sklearn")  # and so the floor on another device is that of the products
COPIED = 256 * 1024 * 1024  # bytes


def copy(*_: Any) -> Callable[[int], None]:
    """Return what copies `COPIED` bytes, outside every cache, from a thread a processor."""
    parts = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    arrays = [(np.ones(COPIED // 8 // parts), np.empty(COPIED // 8 // parts)) for _ in range(parts)]
    pool = ThreadPoolExecutor(parts)

    def run(iterations: int) -> None:
        for _ in range(iterations):
            list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), arrays))

    return run


def needs(name: str) -> tuple[str, ...]:
    """Return the packages that a contestant needs."""
    return PEERS[name].packages if name in PEERS else (name.partition("/")[0],)


def starter(name: str) -> Any:
    """Return (network, params, X, Y, alpha, device) -> run(iterations) of a contestant."""
    if name in PEERS:
        return getattr(importlib.import_module(PEERS[name].module), PEERS[name].function)
    return importlib.import_module(MODULE).implementation(name)


@contextlib.contextmanager
def contestants(names: Sequence[str], threads: int, device: str) -> Iterator[list[Contestant]]:
    """Start a process each, one after another, and end them all. What is not installed has a reason and no process."""
    everyone = [Contestant(name) for name in names]
    settings = dict.fromkeys(THREADS, str(threads)) | SHARED | {"KERAS_BACKEND": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    # XLA takes as many threads as it finds processors
    processors = sorted(os.sched_getaffinity(0))[:threads] if hasattr(os, "sched_getaffinity") else []
    try:
        for each in everyone:
            if absent := [package for package in needs(each.name) if importlib.util.find_spec(package) is None]:
                each.reason = f"not run: {absent[0]} is not installed"
            elif device != "cpu" and needs(each.name)[0] in CPU_ONLY:
                each.reason = f"not run: computes on the CPU, {device} was asked for"
            else:
                each.child = Child("crosscheck.bench.turns:serve", {**os.environ, **settings}, processors)
                each.child.send(Entry(each.name, device))
        yield everyone
    finally:
        for each in everyone:
            each.end()


def serve(line: Line) -> None:
    """Answer Prepare with Ready, and None, which is go, with seconds an iteration; runs in the process."""
    name, device = from_plain(Entry, *line.receive())
    sys.path.insert(0, str(Path.cwd()))
    run: Any = None
    iterations = 1
    for frame in line.requests():
        message = from_plain(Message, *frame)
        try:
            if message is None:
                line.send(timed(run, iterations) / iterations)
                continue
            run = None
            gc.collect()
            size, dtype, seconds = message
            run = starter(name)(size.network, *draw(size, dtype), ALPHA, device)
            first = timed(run, 1)
            memory = peak(run) if device == "cpu" else None  # of the host's memory
            iterations = repetitions(run, seconds)
            line.send(Ready(first, iterations, memory, about(name)))
        except Exception as error:
            line.send(f"failed: {type(error).__name__}: {words_of(error, 200)}")


def about(name: str) -> dict[str, Any]:
    """Return what a contestant runs on, once it has run."""
    if "/" in name:
        return environment(load(name.partition("/")[0]))
    return {package: version({"sklearn": "scikit-learn"}.get(package, package)) for package in needs(name)}


def timed(run: Any, iterations: int) -> float:
    """Return the seconds of so many iterations."""
    before = time.perf_counter()
    run(iterations)
    return time.perf_counter() - before


def repetitions(run: Any, seconds: float) -> int:
    """Return how many iterations take about so many seconds, at least three; warms up on the way."""
    iterations, took = 1, timed(run, 1)
    while took < seconds / 4 and iterations < LONGEST:
        iterations = min(LONGEST, max(2 * iterations, math.ceil(iterations * seconds / 2 / max(took, 1e-7))))
        took = timed(run, iterations)
    iterations = max(LEAST, min(LONGEST, round(iterations * seconds / took)))
    timed(run, iterations)
    return iterations


def peak(run: Any) -> int | None:
    """Return by how many bytes this process grows at the most during two iterations; Linux only."""
    status, clear = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    try:
        gc.collect()
        _give_back()
        clear.write_text("5")  # the high-water mark begins again at what lies there now
        before = _kilobytes(status.read_text(), "VmRSS")
        run(2)
        return 1024 * (_kilobytes(status.read_text(), "VmHWM") - before)
    except (OSError, KeyError):
        return None


def _give_back() -> None:
    """Let glibc return what was freed to the system, so that it counts when it is taken again."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _kilobytes(status: str, name: str) -> int:
    """Return a line of /proc/self/status.

    >>> _kilobytes("VmHWM:      2048 kB", "VmHWM")
    2048
    """
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(lines[name].split()[0])


def contest(everyone: Sequence[Contestant], size: Size, dtype: str, rounds: int, seconds: float) -> None:
    """Let everyone prepare, one after another, then go in turns: A B C A B C ..."""
    for each in everyone:
        each.ready, each.seconds = None, []
        if each.child is not None:
            each.reason = ""
            answer = each.ask(Prepare(size, dtype, seconds))
            each.ready = answer if isinstance(answer, Ready) else None
    for _ in range(rounds):
        for each in everyone:
            if each.ready is not None and not each.reason:
                time.sleep(PAUSE)
                answer = each.ask(None)
                if isinstance(answer, float):
                    each.seconds.append(answer)
