"""Ctrl-C, SIGTERM, SIGHUP: every command ends with 130, 143 or 129 and one line on standard error, whatever it does.

At first, and while modules are imported, a signal ends the process at once: an exception in the middle of an import
may be turned into another one, or be swallowed. Where there are processes to stop and results to keep, `orderly` makes
a signal raise Stopped instead, and `held` puts it off. A second signal always ends the process at once, but for SIGHUP,
which a terminal that is closed sends twice or more.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
HANGUP = getattr(signal, "SIGHUP", None)  # not on every system
if HANGUP is not None:
    WORDS[HANGUP] = "hung up"
PATIENCE = 30.0  # seconds for the orderly end, in case a library has swallowed the exception
SHOW_CURSOR = b"\r\x1b[K\x1b[?25h"  # a progress bar hides it


class Stopped(KeyboardInterrupt):
    """A signal has come. number: which; the first argument, if any, says what is kept."""

    number: int = signal.SIGINT


class _State:
    """What a signal does now: at first it ends the process. watch: ends it where the orderly end takes too long.

    holds: it waits; waiting: which one does.
    """

    raises = False
    holds = False
    waiting: int | None = None
    watch: threading.Timer | None = None


def listen() -> dict[signal.Signals, Any]:
    """Handle these signals, and return the former handlers. One stays ignored where it was, as SIGHUP under `nohup`."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        return {}
    former = {number: signal.getsignal(number) for number in WORDS}
    for number, handler in former.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _received)
    return former


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Handle these signals in this block, and put the former handlers back; the process may go on after it."""
    former = listen()
    try:
        yield
    finally:
        hung_up = _State.watch is not None and _State.watch.args == (HANGUP,)
        if hung_up and HANGUP is not None:  # the interpreter's own end takes our handler away
            atexit.register(signal.signal, HANGUP, signal.SIG_IGN)
        if _State.watch is not None:
            _State.watch.cancel()
            _State.watch = None
        for number, handler in former.items():
            if not (hung_up and number == HANGUP):  # it comes twice, of a terminal and of its shell, and is 129 still
                signal.signal(number, handler)


def _received(number: int, _: FrameType | None) -> None:
    if number == HANGUP:
        _without_terminal()
        if _State.watch is not None:  # the end is under way
            return
    if _State.holds and _State.waiting is None:
        _State.waiting = number
        return
    if not _State.raises:
        _leave(number)
    _State.raises = False
    _State.watch = threading.Timer(PATIENCE, _leave, (number,))
    _State.watch.daemon = True
    _State.watch.start()
    stopped = Stopped()
    stopped.number = number
    raise stopped


def _without_terminal() -> None:
    """Let what is still said go nowhere, where it went to the terminal, which is gone: to write there is an error."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


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
def held() -> Iterator[None]:
    """Put a signal off until the end of this block, which is short: files are written and put into their places."""
    if threading.current_thread() is not threading.main_thread():  # signals are not handled there
        yield
        return
    _State.holds = True
    try:
        yield
    finally:
        number, _State.holds, _State.waiting = _State.waiting, False, None
        if number is not None:
            _received(number, None)


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
