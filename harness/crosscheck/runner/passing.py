"""What a process of a team passes at the line where it is: told before every line, so that an abort cannot hide it.

For a team that has lost a process to arrays of different sizes, and is asked once more. Only lines of the
implementation count, and the arrays among the names of a line.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FrameType
from typing import Any

from crosscheck.runner.blame import Frame, Passing

LOADS = ("LOAD_FAST", "LOAD_DEREF", "LOAD_NAME")


def tell_each_line(tell: Callable[[Passing], None]) -> None:
    """Call `tell` before each line of the implementation, and again for a line that a function has come back to.

    Where an error goes through, the line is the one that has raised it.
    """
    raising = False

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal raising
        there: FrameType | None = frame
        if event == "return":
            there = None if raising else _first_of_ours(frame.f_back)
        if event in ("line", "exception"):
            raising = event == "exception"
        if there is not None and event in ("line", "return"):
            tell(passing(there))
        return trace if is_ours(frame.f_code) else None

    sys.settrace(trace)


def _first_of_ours(frame: FrameType | None) -> FrameType | None:
    while frame is not None and not is_ours(frame.f_code):
        frame = frame.f_back
    return frame


def passing(frame: FrameType) -> Passing:
    """Return what the line passes that a frame is at."""
    code, line, there = frame.f_code, frame.f_lineno, frame.f_locals
    found = {name: shape for name in names(code, line) if (shape := _shape(there.get(name))) is not None}
    return Passing(str(Frame(code.co_filename, line, code.co_name)), tuple(found), tuple(found.values()))


@cache
def is_ours(code: CodeType) -> bool:
    """Return whether it is the implementation's: no library's, and not the harness's."""
    return Frame(code.co_filename, 0, code.co_name).ours


@cache
def names(code: CodeType, line: int) -> tuple[str, ...]:
    """Return the local names that a line reads, with those of a call that begins in it and goes on."""
    last = max((end for first, end, _ in _read(code) if first == line), default=line)
    return tuple(dict.fromkeys(name for first, _, name in _read(code) if name and line <= first <= last))


def _read(code: CodeType) -> Iterator[tuple[int, int, str]]:
    """Yield the first and last line of each instruction, and the name that it reads, if it does."""
    for each in dis.get_instructions(code):
        where = each.positions
        if where is not None and where.lineno is not None:
            name = str(each.argval) if each.opname.startswith(LOADS) and isinstance(each.argval, str) else ""
            yield where.lineno, where.end_lineno or where.lineno, name


def _shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of an array, nothing of anything else."""
    try:
        return tuple(int(n) for n in value.shape)
    except Exception:  # somebody's object may raise anything
        return None
