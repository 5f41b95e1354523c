"""Contestants in processes of their own that take turns: prepare, warm up, and time when told to go."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import math
import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import load

from crosscheck.bench.sizes import Size, draw
from crosscheck.core import interrupts
from crosscheck.runner.collect import environment
from crosscheck.runner.threads import THREADS, during

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


@dataclass
class Contestant:
    """One process, and what came back: seconds an iteration, a number each round."""

    name: str
    process: Any = None
    connection: Any = None
    ready: Ready | None = None
    seconds: list[float] = field(default_factory=list)
    reason: str = ""  # why there is no answer

    def ask(self, message: Any) -> Any:
        """Send a message and wait for the answer; a failure is its reason, and the contestant is out."""
        try:
            self.connection.send(message)
            if not self.connection.poll(ANSWER):
                raise TimeoutError(f"no answer within {ANSWER:g} s")
            answer = self.connection.recv()
        except (EOFError, OSError) as error:
            self.reason = f"{type(error).__name__}: {error}".rstrip(": ")
            self.process.kill()
            return None
        if isinstance(answer, str):
            self.reason = answer
            return None
        return answer


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
    settings = dict.fromkeys(THREADS, str(threads)) | {"KERAS_BACKEND": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    context = multiprocessing.get_context("spawn")
    try:
        with during(settings):  # they inherit it
            for each in everyone:
                if absent := [package for package in needs(each.name) if importlib.util.find_spec(package) is None]:
                    each.reason = f"not run: {absent[0]} is not installed"
                    continue
                if device != "cpu" and needs(each.name)[0] in CPU_ONLY:
                    each.reason = f"not run: computes on the CPU, {device} was asked for"
                    continue
                each.connection, theirs = context.Pipe()
                each.process = context.Process(target=serve, args=(theirs, each.name, threads, device), daemon=True)
                interrupts.start(each.process)
                theirs.close()
        yield everyone
    finally:
        for each in everyone:
            if each.process is not None:
                each.connection.close()
                each.process.kill()
                each.process.join()


def serve(connection: Any, name: str, threads: int, device: str) -> None:
    """Answer (size, dtype, seconds) with Ready and `go` with seconds an iteration; runs in the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "sched_setaffinity"):  # XLA takes as many threads as it finds processors
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    sys.path.insert(0, str(Path.cwd()))
    warnings.simplefilter("ignore")
    start = starter(name)
    run: Any = None
    iterations = 1
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            message = connection.recv()
            try:
                if message == "go":
                    before = time.perf_counter()
                    run(iterations)
                    connection.send((time.perf_counter() - before) / iterations)
                    continue
                size, dtype, seconds = message
                run = None
                gc.collect()
                run = start(size.network, *draw(size, dtype), ALPHA, device)
                first = timed(run, 1)
                memory = peak(run)
                iterations = repetitions(run, seconds)
                connection.send(Ready(first, iterations, memory, about(name)))
            except Exception as error:
                connection.send(f"failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}")


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
        if each.process is not None and each.process.is_alive():
            each.reason = ""
            each.ready = each.ask((size, dtype, seconds))
    for _ in range(rounds):
        for each in everyone:
            if each.ready is not None and not each.reason:
                time.sleep(PAUSE)
                answer = each.ask("go")
                if answer is not None:
                    each.seconds.append(answer)
