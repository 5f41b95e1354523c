"""Ctrl-C and SIGTERM: every command ends with 130 or 143 and one line on standard error, whatever it is doing.

At first, and while modules are imported, a signal ends the process at once: an exception in the middle of an import
may be turned into another one, or be swallowed. Where there are processes to stop and results to keep, `orderly` makes
a signal raise Stopped instead. A second signal always ends the process at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
PATIENCE = 30.0  # seconds for the orderly end, in case a library has swallowed the exception
SHOW_CURSOR = b"\r\x1b[K\x1b[?25h"  # a progress bar hides it


class Stopped(KeyboardInterrupt):
    """A signal has come. number: which; the first argument, if any, says what is kept."""

    number: int = signal.SIGINT


class _State:
    """What a signal does now: at first it ends the process. watch: ends it where the orderly end takes too long."""

    raises = False
    watch: threading.Timer | None = None


def listen() -> dict[signal.Signals, Any]:
    """Handle both signals, and return the former handlers. SIGINT stays ignored where it was, as under `nohup`."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        return {}
    former = {number: signal.getsignal(number) for number in WORDS}
    for number, handler in former.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _received)
    return former


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Handle both signals in this block, and put the former handlers back; the process may go on after it."""
    former = listen()
    try:
        yield
    finally:
        if _State.watch is not None:
            _State.watch.cancel()
            _State.watch = None
        for number, handler in former.items():
            signal.signal(number, handler)


def _received(number: int, _: FrameType | None) -> None:
    if not _State.raises:
        _leave(number)
    _State.raises = False
    _State.watch = threading.Timer(PATIENCE, _leave, (number,))
    _State.watch.daemon = True
    _State.watch.start()
    stopped = Stopped()
    stopped.number = number
    raise stopped


def _leave(number: int) -> None:
    """End this process now, whatever state it is in: half of a module may be imported. Its workers end with it."""
    try:
        os.write(2, (SHOW_CURSOR if os.isatty(2) else b"") + f"{WORDS[signal.Signals(number)]}\n".encode())
    finally:
        os._exit(128 + number)


@contextlib.contextmanager
def orderly() -> Iterator[None]:
    """Let a signal raise Stopped in this block."""
    before, _State.raises = _State.raises, True
    try:
        yield
    except BaseException:
        _State.raises = False
        raise
    else:
        _State.raises = before


@contextlib.contextmanager
def reported(kept: Callable[[], str] | None = None) -> Iterator[None]:
    """Turn Stopped into one line on standard error and the exit code.

    kept: saves what is there, and returns in words what and where; nothing where there is nothing.
    """
    try:
        yield
    except KeyboardInterrupt as stopped:
        number = signal.Signals(getattr(stopped, "number", signal.SIGINT))
        words = kept() if kept is not None else str(stopped)
        print("; ".join(filter(None, (WORDS[number], words))), file=sys.stderr, flush=True)
        raise SystemExit(128 + number) from None
