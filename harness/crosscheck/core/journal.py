"""The journal of a run: a line for each result, on the disk before the next result is taken.

The file is JSON Lines. A line is `{"crc": "9ae0daaf", "record": ...}`: a record as `plain` writes it, and the CRC-32 of
its text, which tells a line that a power cut has torn; only the last one can be. The first record is the Header. A
journal is a file that anybody may have written: it is read within bounds, and holds nothing but what the hints say.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.core.plain import from_plain, to_plain

FORMAT = 4
LONGEST, LARGEST = 2**26, 2**30  # bytes of a line and of a journal
SHOWN = 60  # characters of a difference


class Header(NamedTuple):
    """What a run is. asked: what was asked for, ran_with: what its results depend on besides; both by name.

    begun: which run it is, by its id, when it began and where; nothing of it decides whether a run may go on.
    """

    format: int
    command: str
    asked: Mapping[str, str]
    ran_with: Mapping[str, str]
    begun: Mapping[str, str] = {}

    def differences(self, now: Header) -> list[str]:
        """Return in words what another run has otherwise; nothing if it would give the same results.

        >>> Header(1, "compare", {"dtypes": "float64"}, {}).differences(Header(1, "compare", {"dtypes": "float32"}, {}))
        ['dtypes float64, now float32']
        """
        before, after = ({"command": each.command, **each.asked, **each.ran_with} for each in (self, now))
        return [
            f"{name} {_short(before.get(name, 'not there'))}, now {_short(after.get(name, 'not there'))}"
            for name in {**before, **after}
            if before.get(name) != after.get(name)
        ]


class Finished(NamedTuple):
    """The last record of a run that has ended: the SHA-256 of each file of its set, by name."""

    files: Mapping[str, str]


class Contents(NamedTuple):
    """What a journal holds. lines: as they are in the file, the header's too, whole ones only."""

    header: Header
    items: list[Any]
    finished: Finished | None
    lines: list[bytes]


def line(record: Any) -> bytes:
    """Return a record's line.

    >>> line(None)
    b'{"crc": "25cbfc4f", "record": null}\\n'
    """
    text = json.dumps(to_plain(record), allow_nan=False).encode()
    return b'{"crc": "%08x", "record": ' % zlib.crc32(text) + text + b"}\n"


def read(path: Path, item: Any, check: Callable[[Any], object] = lambda _: None) -> Contents | None:
    """Return what a journal holds; None where there is none, or none with a whole header.

    item: the hint of its records. check: raises anything for one that is not sound. What is torn at the end is left
    out. Raises BadInput, with the number of the line, for what is not a journal.
    """
    lines, header, items, finished = list[bytes](), None, list[Any](), None
    for number, (each, last) in enumerate(_lines(path), start=1):
        text = text_of(each)
        if text is None:
            if last:
                break
            raise BadInput(f"{path}: line {number} is broken, expected the checksum of its text; start afresh")
        try:
            said = json.loads(text, object_hook=_printable, parse_constant=_no_constant)
            record = from_plain(Header if header is None else item | Finished, said)
            if header is not None and not isinstance(record, Finished):
                check(record)
        except Exception as error:  # whoever wrote it may have written anything
            what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise BadInput(f"{path}: line {number} is not what a journal holds: {what}; start afresh") from None
        lines.append(each)
        finished = record if isinstance(record, Finished) else None
        if header is None:
            header = _of_this_format(path, record)
        elif finished is None:
            items.append(record)
    return None if header is None else Contents(header, items, finished, lines)


def check_free(path: Path) -> None:
    """Raise BadInput if a run that goes on is writing this journal."""
    with contextlib.suppress(OSError):
        os.close(_open(path, os.O_RDWR))


def has_begun(path: Path) -> bool:
    """Return whether a journal holds anything after its header; it need not be whole."""
    with contextlib.suppress(BadInput):
        return len(list(islice(_lines(path), 2))) == 2
    return True


class Journal:
    """A journal that is being written. What a disk does raises nothing: what cannot be written waits, and is tried
    again with the next record; `trouble` says why. Where the file or its folder is gone, it is written anew.
    """

    def __init__(self, path: Path, lines: Sequence[bytes], there: bool = False) -> None:
        """Begin a journal with these lines, or go on with one in which they are. Raises BadInput if it cannot."""
        self.path, self.lines, self.trouble = path, list(lines), ""
        self._written = len(self.lines) if there else 0
        self._size = sum(map(len, self.lines[: self._written]))  # of what is written
        try:
            self._file = _open(path, os.O_RDWR | (0 if there else os.O_CREAT | os.O_EXCL))
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}, expected a place to write to; name another") from error
        self._flush()

    def append(self, record: Any) -> None:
        """Write a record. Raises TypeError for what is no data."""
        self.lines.append(line(record))
        self._flush()

    def close(self) -> None:
        """Close the file, which lets another run write."""
        os.close(self._file)

    def _flush(self) -> None:
        """Write the lines that are not on the disk, and wait until they are."""
        try:
            if not self._in_place():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                again = _open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
                os.close(self._file)
                self._file, self._written, self._size = again, 0, 0
            if os.fstat(self._file).st_size != self._size:  # half of a line
                os.ftruncate(self._file, self._size)
            new = self.lines[self._written :]
            for each in new:
                if os.write(self._file, each) != len(each):
                    raise OSError(0, "the disk is full, or files may not grow so large")
            os.fsync(self._file)
            if not self._written:
                sync(self.path.parent)
        except (OSError, BadInput) as error:
            self.trouble = getattr(error, "strerror", "") or str(error)
        else:
            self._written, self.trouble = len(self.lines), ""
            self._size += sum(map(len, new))

    def _in_place(self) -> bool:
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._file))
        except FileNotFoundError:
            return False


def sync(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _open(path: Path, flags: int) -> int:
    """Open a journal for this run alone. Raises BadInput if another run has it, OSError."""
    descriptor = os.open(path, flags | os.O_APPEND | getattr(os, "O_NONBLOCK", 0), 0o666)
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise BadInput(f"{path}: another run is writing it; wait for it, or write elsewhere") from None
    except (ImportError, OSError):  # a system or a disk that has no locks
        pass
    return descriptor


def _lines(path: Path) -> Iterator[tuple[bytes, bool]]:
    """Yield each line of a file, and whether it is the last. Raises BadInput for one that is no journal."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe is not waited for
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}, expected a journal; start afresh") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
        os.close(descriptor)
        raise BadInput(f"{path}: expected a file of at most {LARGEST >> 20} MiB; start afresh")
    with os.fdopen(descriptor, "rb") as file:
        each = file.readline(LONGEST)
        while each:
            following = file.readline(LONGEST)
            yield each, not following
            each = following


def text_of(each: bytes) -> bytes | None:
    """Return the text of a line's record; None if it is torn."""
    start, text, end = each[:30], each[30:-2], each[-2:]
    return text if end == b"}\n" and start == b'{"crc": "%08x", "record": ' % zlib.crc32(text) else None


def _printable(record: dict[str, Any]) -> dict[str, Any]:
    """Escape what a terminal or a table would not show as it is."""
    return {_clean(name): _clean(each) for name, each in record.items()}


def _clean(said: Any) -> Any:
    if isinstance(said, list):
        return [_clean(each) for each in said]
    if not isinstance(said, str) or said.isprintable():
        return said
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in said)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name}, expected a number")


def _of_this_format(path: Path, header: Header) -> Header:
    if header.format != FORMAT:
        raise BadInput(f"{path}: has format {header.format}, expected {FORMAT}, of this version; start afresh")
    return header


def _short(value: str) -> str:
    return value if len(value) <= SHOWN else f"{value[: SHOWN - 4]} ..."
