"""Dask distributed as the engine. It pickles between its own parts; what we send and get through it are bytes."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from typing import Any

from crosscheck_impls.interface import BadInput

from crosscheck.core.extras import need
from crosscheck.core.text import one_line
from crosscheck.fleet.engine import Engine, Lost, Task, Worker
from crosscheck.fleet.task import answer

CONNECT = 10.0  # seconds for the scheduler to answer
FETCH = 60.0  # seconds for an answer that is there to come over


class Dropped(Exception):
    """Nobody waits for this task any more."""


def on_worker(asked: bytes) -> bytes:
    """Answer in a worker of Dask's, until the scheduler says that nobody waits for it: the head may be gone too."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def go_on() -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise Dropped

    return answer(asked, go_on)


class Dask(Engine):
    """The workers of a scheduler, by address. A task is for one of them and is never moved by Dask."""

    questions = 12

    def __init__(self, address: str) -> None:
        """Connect. Raises BadInput for what is no address, and where no scheduler answers."""
        check_address(address)
        need("distributed", "cluster", "--cluster")
        import dask
        from distributed import Client

        for name in logging.root.manager.loggerDict:
            if name.startswith("distributed"):
                logging.getLogger(name).setLevel(logging.CRITICAL)  # what is lost is told in the table
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"})
        self._address = address
        try:
            self._client = Client(address, timeout=CONNECT, set_as_default=False, name="crosscheck")
        except OSError as error:
            words = one_line(str(error), 120)
            raise BadInput(
                f"{address}: no scheduler of Dask's answers ({words}), expected HOST:PORT; start one: dask scheduler",
                parameter="cluster",
            ) from error

    def workers(self) -> Sequence[Worker]:
        """Return the workers that the scheduler knows."""
        try:
            there = self._client.scheduler_info()["workers"]
        except (OSError, RuntimeError, ValueError, KeyError) as error:  # a client without it says nothing of workers
            raise BadInput(
                f"{self._address}: the scheduler is gone; start it again, and --resume goes on", parameter="cluster"
            ) from error
        return [worker_of(address, said) for address, said in there.items()]

    def start(self, worker: Worker, asked: bytes, seconds: float) -> Task:
        """Let a worker answer; the time is kept by whoever waits."""
        future = self._client.submit(
            on_worker, asked, workers=[worker.key], allow_other_workers=False, pure=False, retries=0
        )
        return _Future(future)

    def close(self) -> None:
        """Leave; what still runs for this client ends."""
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):
            self._client.close(timeout=CONNECT)


class _Future(Task):
    def __init__(self, future: Any) -> None:
        self._future = future

    def result(self) -> bytes | None:
        """Return what came of it; what an error says is not asked, since it is a pickle."""
        status = self._future.status
        if status == "pending":
            return None
        if status != "finished":
            raise Lost(status)
        try:
            said = self._future.result(timeout=FETCH)
        except Exception as error:  # the worker went away with its answer
            raise Lost(type(error).__name__) from error
        if not isinstance(said, bytes):
            raise Lost("no bytes")
        return said

    def drop(self) -> None:
        """Let the scheduler forget it; the worker sees that within a second, and ends what it has started."""
        with contextlib.suppress(OSError, TimeoutError, RuntimeError):
            self._future.cancel()


def check_address(address: str) -> None:
    """Raise BadInput unless it is HOST:PORT, with tcp:// or tls:// before it or nothing."""
    scheme, _, place = address.rpartition("://")
    host, _, port = place.rpartition(":")
    if scheme not in ("", "tcp", "tls") or not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise BadInput(f"{one_line(address, 60)!r}: no address, expected HOST:PORT or tls://HOST:PORT",
                       parameter="cluster")  # fmt: skip


def worker_of(address: str, said: Any) -> Worker:
    """Return a worker; its host is its name up to a /, or where it has none its machine's address.

    >>> worker_of("tcp://10.0.0.7:4141", {"name": "alpha/1", "host": "10.0.0.7"})
    Worker(key='tcp://10.0.0.7:4141', name='alpha/1', host='alpha')
    >>> worker_of("tcp://10.0.0.7:4141", {"name": "tcp://10.0.0.7:4141", "host": "10.0.0.7"}).host
    '10.0.0.7'
    """
    name = said.get("name")
    if isinstance(name, str) and name and name != address:
        plain = one_line(name, 60)
        return Worker(address, plain, plain.partition("/")[0] or plain)
    host = one_line(str(said.get("host") or address), 60)
    return Worker(address, one_line(address, 60), host)
