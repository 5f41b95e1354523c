"""Somebody's function called quietly: what it prints is counted, what it raises is told with the line it stands on."""

from __future__ import annotations

import contextlib
import io
import linecache
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble

MESSAGE = 140  # characters of somebody else's error message


class Printed(io.StringIO):
    """A standard output that counts lines and keeps none."""

    lines = 0

    def write(self, text: str) -> int:
        """Count."""
        self.lines += text.count("\n")
        return len(text)


class Caller:
    """Calls the functions of one program. files: the names of its own files. printed: lines, of one call at most."""

    def __init__(self, files: set[str]) -> None:
        self.files = files
        self.printed = 0

    def __call__(self, function: Callable[..., Any], arguments: Sequence[Any], **keywords: Any) -> Any:
        """Call, quietly. Raises Trouble for all that it raises."""
        printed = Printed()
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a learner's overflow is judged by what comes back
                return function(*arguments, **keywords)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too
            deeper = isinstance(error, KeyError) and bool(error.args) and _is_a_parameter(error.args[0])
            line, words = self._raised(error)
            raise Trouble(Kind.DEPTH if deeper else Kind.RAISES, words, line) from error
        finally:
            self.printed = max(self.printed, printed.lines)

    def _raised(self, error: BaseException) -> tuple[int, str]:
        """Return the last line of the user's own file on the way to an error, and that with what it says in words."""
        line, where = last_line(error, lambda frame: frame.f_code.co_filename in self.files)
        if isinstance(error, SystemExit):
            return line, f"{where}it calls sys.exit, expected a function to return"
        return line, f"{where}{said_by(error)}"


def last_line(error: BaseException, theirs: Callable[[FrameType], bool]) -> tuple[int, str]:
    """Return the number of the user's own last line on the way to an error, and where that is in words; 0 if none."""
    line, where, trace = 0, "", error.__traceback__
    while trace is not None:
        if theirs(trace.tb_frame):
            line, file = trace.tb_lineno, trace.tb_frame.f_code.co_filename
            text = linecache.getline(file, line).strip()
            inside = f" of {Path(file).name}" if Path(file).is_file() or file.startswith("cell ") else ""
            where = f"line {line}{inside}{f', `{text}`' if text else ''}: "
        trace = trace.tb_next
    return line, where


def said_by(error: BaseException) -> str:
    """Return an error's type and its message, cut.

    >>> said_by(ValueError("boom"))
    'ValueError: boom'
    """
    said = " ".join(str(error).split())[:MESSAGE]
    return f"{type(error).__name__}{': ' if said else ''}{said}"


def _is_a_parameter(key: object) -> bool:
    """Return whether a key is W1, b1, W2, ...; one that is missing means a deeper network than was given."""
    return isinstance(key, str) and key[:1] in ("W", "b") and key[1:].isdecimal()
