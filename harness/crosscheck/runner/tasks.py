"""Our own work on several processors: one function on many items, in processes that may die without costing more.

Items and results are data (`core.plain`), by the function's type hints, and cross by the same format as answers.
"""

from __future__ import annotations

import faulthandler
import importlib
import typing
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.plain import Malformed, from_plain
from crosscheck.core.text import one_line, words_of
from crosscheck.runner import compiled, settings
from crosscheck.runner.children import Child, Clock, Member, attend
from crosscheck.runner.line import Line
from crosscheck.runner.wire import Frame

SERVES = "crosscheck.runner.tasks:serve"
FOREVER = 1e9  # seconds

Item = TypeVar("Item")
Result = TypeVar("Result")


class Outcome(NamedTuple, Generic[Item, Result]):
    """An item, and what came of it."""

    item: Item
    result: Result | Failure


class Said(NamedTuple):
    """What a worker says: a result, plain, or why there is none."""

    result: Any = None
    failure: Failure | None = None


def each(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    processors: Sequence[Sequence[int]],
    environment: Mapping[str, str] | None = None,
    time_limit: float = FOREVER,
    fresh: bool = False,
) -> Iterator[Outcome[Item, Result]]:
    """Yield what a function of a module returns for each item, as it comes; in as many processes as `processors` has.

    processors: those of each process, all of them where there is nothing. environment: the variables of a process.
    time_limit: seconds for one item. fresh: a process of its own for each item. An item whose process dies is tried
    once more; one that raises, takes too long or kills two processes is a Failure.
    """
    waiting = deque(_Task(item) for item in items)
    results: deque[Outcome[Item, Result]] = deque()
    variables = dict(environment or settings.environment(len(processors)))
    everyone = [_Worker(function, waiting, results, variables, mine, time_limit, fresh) for mine in processors]
    clock = Clock()
    with compiled.checked(settings.caches(variables)):
        try:
            while waiting or results or any(worker.child is not None for worker in everyone):
                for worker in everyone:
                    worker.go_on()
                if not results:
                    attend(everyone, clock)
                while results:
                    yield results.popleft()
        finally:
            for worker in everyone:
                worker.end()


@dataclass(eq=False)
class _Task:
    """An item, and how many processes have died of it."""

    item: Any
    deaths: int = 0


@dataclass(eq=False)
class _Worker(Member):
    """A process that takes one item after another from those that wait."""

    function: Callable[[Any], Any]
    waiting: deque[_Task]
    results: deque[Any]
    environment: dict[str, str]
    processors: Sequence[int]
    time_limit: float
    fresh: bool
    current: _Task | None = field(default=None)

    def go_on(self) -> None:
        """Take the next item, in a new process where there is none; end the process when there are no more."""
        if self.current is not None:
            return
        if not self.waiting or (self.fresh and self.child is not None):
            self.end()
        if not self.waiting:
            return
        self.current = self.waiting.popleft()
        if self.child is None:
            self.child = Child(SERVES, self.environment, self.processors)
            self.child.send(f"{self.function.__module__}:{self.function.__qualname__}")
        self.child.send(self.current.item)
        self.allow(self.time_limit)

    def received(self, frame: Frame) -> None:
        """Take a result."""
        said = from_plain(Said, *frame)
        if self.current is None:
            raise Malformed("a result that was not asked for")
        _, returned = hints(self.function)
        result = said.failure if said.failure is not None else from_plain(returned, frame.said["result"], frame.arrays)
        self.results.append(Outcome(self.current.item, result))
        self.current = None

    def lost(self, failure: Failure) -> None:
        """Put the item back, once."""
        task, self.current = self.current, None
        if task is None:
            return
        task.deaths += 1
        if failure.kind in (Kind.KILLED, Kind.EXITED) and task.deaths < 2:
            self.waiting.appendleft(task)
        else:
            self.results.append(Outcome(task.item, failure))


def hints(function: Callable[..., Any]) -> tuple[Any, Any]:
    """Return the types of a function's one argument and of what it returns."""
    *arguments, returned = typing.get_type_hints(function).values()
    return arguments[0], returned


def serve(line: Line) -> None:
    """Answer items with what the function makes of them; runs in the worker."""
    faulthandler.enable()
    module, _, name = str(line.receive().said).partition(":")
    function = getattr(importlib.import_module(module), name)
    taken, _ = hints(function)
    for frame in line.requests():
        try:
            said = Said(function(from_plain(taken, *frame)))
        except BaseException as error:  # SystemExit too: it fails this item alone
            said = Said(None, Failure(Stage.CASE, Kind.RAISED, f"{type(error).__name__}: {words_of(error)}"))
        try:
            line.send(said)
        except (TypeError, ValueError) as error:
            line.send(Said(None, Failure(Stage.CASE, Kind.UNREADABLE, one_line(str(error)))))
