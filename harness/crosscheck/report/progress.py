"""How far a long task is, on standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

RUNNING, BESIDE = 54, 36  # characters of what is running, in a line, and beside a bar
FIRST, QUIET = 2.0, 10.0  # seconds to the first line of progress, and between two, where there is no terminal

Report = Callable[[str, int, int], None]


@contextmanager
def progress(what: str = "comparing", quiet: bool = False) -> Iterator[Report]:
    """Yield report(what, done, total): a bar on a terminal, a line now and then elsewhere; standard error."""
    console = Console(stderr=True)
    if quiet:
        yield lambda what, done, total: None
    elif console.is_terminal:
        columns = (
            TextColumn("{task.description}"), BarColumn(bar_width=12), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(),
        )  # fmt: skip
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda what, done, total: bar.update(
                task, description=escape(f"{shortened(what, BESIDE):{BESIDE}}"), completed=done, total=total
            )
    else:
        with _lines(Pace(what)) as report:
            yield report


def shortened(what: str, width: int) -> str:
    """Return what is running, in so few characters that how far it is can stand beside it.

    >>> shortened("torch/by_hand on breast_cancer-3layer-leaky_relu, jax/native on flower-logistic", 36)
    'torch/by_hand on breast_cancer-3lay…'
    """
    return what if len(what) <= width else what[: width - 1] + "…"


class Pace:
    """How far a task is, and how long it will take at the pace of so far."""

    def __init__(self, what: str, now: float | None = None) -> None:
        self.what, self.done, self.total = what, 0, 0
        self.first, self.start = 0, time.monotonic() if now is None else now

    def update(self, what: str, done: int, total: int, now: float | None = None) -> None:
        """Take how far it is. Another total, or fewer that are done, is another task, with a pace of its own."""
        if total != self.total or done < self.done:
            self.first, self.start = done, time.monotonic() if now is None else now
        self.what, self.done, self.total = what, done, total

    def line(self, now: float) -> str:
        """Return it in one line.

        >>> pace = Pace("comparing", now=0.0)
        >>> pace.update("numpy/fast", 0, 100, now=0.0)
        >>> pace.update("numpy/fast", 25, 100, now=30.0)
        >>> pace.line(30.0)
        '25 of 100, numpy/fast, 1:30 left'
        """
        parts = [f"{self.done} of {self.total}", shortened(self.what, RUNNING)] if self.total else [self.what]
        if self.done > self.first:
            left = round((now - self.start) / (self.done - self.first) * (self.total - self.done))
            parts.append(f"{left // 60}:{left % 60:02} left")
        return ", ".join(parts)


@contextmanager
def _lines(pace: Pace) -> Iterator[Report]:
    """Print a line now and then, also while nothing is reported."""
    over = threading.Event()

    def tell() -> None:
        wait = FIRST
        while not over.wait(wait):
            print(pace.line(time.monotonic()), file=sys.stderr, flush=True)
            wait = QUIET

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield pace.update
    finally:
        over.set()
        teller.join()
