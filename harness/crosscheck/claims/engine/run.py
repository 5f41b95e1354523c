"""Running the claims: each in a process of its own on one core, some at once; one that crashes fails its own row."""

from __future__ import annotations

import importlib
import importlib.util
import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, NamedTuple

from crosscheck_impls.interface import VARIANTS, load

from crosscheck.claims import Claim
from crosscheck.core import interrupts
from crosscheck.core.extras import need

if TYPE_CHECKING:
    from crosscheck.claims.engine.lab import Findings

TIME_LIMIT = 600.0  # seconds for one claim
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class Failure(NamedTuple):
    """Why a claim has no findings."""

    reason: str


class _Running(NamedTuple):
    claim: Claim
    process: Any
    core: int
    deadline: float


def installed() -> list[str]:
    """Return the frameworks that are there."""
    return [name for name in VARIANTS if importlib.util.find_spec(name) is not None]


def perform(connection: Any, module: str, core: int) -> None:
    """Run one claim and send its findings; runs in its own process.

    One core and one thread for everybody: sums are then added in the same order on every run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process handles it
    os.environ.update(ONE_THREAD)
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})
    warnings.simplefilter("ignore")
    try:
        frameworks = {name: load(name) for name in installed()}
        for framework in frameworks.values():
            framework.configure("float64")
        findings = importlib.import_module(module).run(frameworks)
    except BaseException as error:  # SystemExit too: it fails this claim alone
        connection.send(Failure(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"))
    else:
        connection.send(findings)


def run(
    claims: Sequence[Claim],
    report: Callable[[str, int, int], None],
    done: Callable[[Claim, Findings | Failure], None],
    at_once: int | None = None,
    time_limit: float = TIME_LIMIT,
) -> None:
    """Run the claims and call `done` for each, in the order in which they end; those that measure time at the end."""
    need("matplotlib", "plots", "the pictures of the claims")
    at_once = at_once or max(1, min(2, os.cpu_count() or 1))
    finished = 0

    def count(claim: Claim, outcome: Findings | Failure) -> None:
        nonlocal finished
        finished += 1
        done(claim, outcome)
        report(claim.name, finished, len(claims))

    report("claims", 0, len(claims))
    longest_first = sorted(claims, key=lambda claim: -claim.seconds)
    _batch([claim for claim in longest_first if not claim.measures_time], count, at_once, time_limit)
    _batch([claim for claim in claims if claim.measures_time], count, 1, time_limit)


def _batch(claims: list[Claim], done: Callable[..., None], at_once: int, time_limit: float) -> None:
    waiting, running = claims[::-1], dict[Any, _Running]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                core = min(set(range(at_once)) - {each.core for each in running.values()})
                connection, started = _start(waiting.pop(), core, time_limit)
                running[connection] = started
            soonest = min(each.deadline for each in running.values())
            for connection in wait(list(running), max(0.0, soonest - time.monotonic())):
                each = running[connection]
                outcome = _outcome(connection, each.process)
                del running[connection]
                done(each.claim, outcome)
            for connection, each in list(running.items()):
                if time.monotonic() > each.deadline:
                    _stop(running.pop(connection))
                    done(each.claim, Failure(f"not finished within {time_limit:g} s; stopped"))
    finally:
        for each in running.values():
            _stop(each)


def _start(claim: Claim, core: int, time_limit: float) -> tuple[Any, _Running]:
    """Start the claim's process, and return the connection that its findings will come through."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    module = claim.name if "." in claim.name else f"crosscheck.claims.experiments.{claim.name}"
    process = context.Process(target=perform, args=(theirs, module, core), daemon=True)
    interrupts.start(process)
    theirs.close()
    return ours, _Running(claim, process, core, time.monotonic() + time_limit)


def _outcome(connection: Any, process: Any) -> Findings | Failure:
    """Return what the process sent; a process that ends without sending anything has crashed."""
    try:
        outcome: Findings | Failure = connection.recv()
    except (EOFError, OSError):
        process.join()
        code = process.exitcode
        return Failure(
            f"the process was ended by {signal.Signals(-code).name}" if code < 0 else f"it exited with {code}"
        )
    process.join()
    return outcome


def _stop(running: _Running) -> None:
    running.process.kill()
    running.process.join()
