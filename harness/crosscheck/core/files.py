"""Others' files, opened only if they are plain ones; and small files of ours, each written in one piece."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from crosscheck_impls.interface import BadInput

MISSING = "no such file"
PART = ".part"  # the ending of a file that is being written


def wrong_with(path: Path) -> str:
    """Return in words why a path is no file that can be read, or nothing if it is one. Never raises, never waits.

    >>> wrong_with(Path("/")), wrong_with(Path("/nowhere")), wrong_with(Path("x" * 5000))
    ('a folder, not a file', 'no such file', 'File name too long')
    """
    try:
        return _kind(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return MISSING
    except OSError as error:
        return error.strerror or "not readable"
    except ValueError as error:  # a null byte in it
        return str(error)


def _kind(mode: int) -> str:
    """Return what something is that is no plain file; nothing for a plain file."""
    if stat.S_ISREG(mode):
        return ""
    return "a folder, not a file" if stat.S_ISDIR(mode) else "a pipe, a socket or a device, not a file"


def opened(path: Path, expected: str = "data") -> BinaryIO:
    """Open a plain file for reading. A pipe or a device, which may block or never end, is refused.

    expected: what it should be, for the message. Raises BadInput.
    """
    wrong = wrong_with(path)
    if not wrong:
        try:
            # without waiting for a writer, in case a pipe has taken the file's place
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except OSError as error:
            wrong = error.strerror or "not readable"
        else:
            if not (wrong := _kind(os.fstat(descriptor).st_mode)):
                return os.fdopen(descriptor, "rb")
            os.close(descriptor)
    raise BadInput(f"{path}: {wrong}, expected {expected}; check the path")


def writable(folder: Path, parameter: str = "out", make: bool = True) -> None:
    """Make the folder. Raises BadInput unless files can be written into it; nothing in it is touched.

    parameter: what the folder is, for the message. make: False where the folder must be there already.
    """
    try:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        remedy = "name another" if make else "make it first, or name another"
        message = f"{folder}: {getattr(error, 'strerror', error)}, expected a folder to write into; {remedy}"
        raise BadInput(message, parameter=parameter) from error


def write(path: Path, content: str | bytes) -> None:
    """Write a file in one piece: either the old one stands or the new one. Raises BadInput if it cannot.

    A symbolic link stays one, and what it points to is replaced. A new file gets the permissions that the umask leaves,
    one that is replaced keeps its own. Whatever fails or interrupts, no half of a file is left.
    """
    try:
        target = Path(os.path.realpath(path))
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and (kind := _kind(mode)):
            raise BadInput(f"{path}: {kind}, expected a place to write to; name another")
        part = target.parent / f"crosscheck-{secrets.token_hex(8)}{PART}"
        try:
            with part.open("xb") as file:
                if mode is not None:
                    part.chmod(stat.S_IMODE(mode))
                # an outsider's words may hold what is no Unicode
                file.write(content.encode(errors="backslashreplace") if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        words = getattr(error, "strerror", error)
        raise BadInput(f"{path}: {words}, expected a place to write to; name another") from error
