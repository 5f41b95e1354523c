"""What an engine has to do for a fleet: name its workers, and carry one task to one of them, as bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple


class Worker(NamedTuple):
    """A place for one task at a time. key: what its engine calls it. Workers of one host share that host's tasks."""

    key: str
    name: str
    host: str


class Lost(Exception):
    """A task comes to no end where it was started: its worker is gone, or something else ended it."""


class Task(ABC):
    """A task that has been started."""

    @abstractmethod
    def result(self) -> bytes | None:
        """Return what came of it; None as long as it runs. Raises Lost."""

    @abstractmethod
    def drop(self) -> None:
        """End it, and all that it has started, within seconds."""


class Engine(ABC):
    """Somebody else's program that reaches other machines. questions: how many cases one task may have."""

    questions: int

    @abstractmethod
    def workers(self) -> Sequence[Worker]:
        """Return the workers that are there now. Raises BadInput where the engine itself is gone."""

    @abstractmethod
    def start(self, worker: Worker, asked: bytes, seconds: float) -> Task:
        """Let a worker call `task.answer`, which takes so many seconds at most."""

    @abstractmethod
    def close(self) -> None:
        """Leave; no task is running."""
