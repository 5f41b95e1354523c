"""`.npz`: an archive of arrays, of which only those that are asked for are read, without unpickling."""

from __future__ import annotations

import contextlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from crosscheck_impls.interface import BadInput

from crosscheck.core import files
from crosscheck.problems.files import npy
from crosscheck.problems.limits import MAX_NUMBERS

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what np.savez and np.savez_compressed write
PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
# what zipfile raises for archives that are damaged, encrypted, of a later version, ...
DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError,
    OverflowError, KeyError, IndexError, MemoryError,
)  # fmt: skip
AGAIN = "expected an archive by np.savez; save it again"


class _Bounded:
    """A file of which no more than a chunk is read at once: the list of an archive's members is not read if longer."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > npy.CHUNK:
            raise zipfile.BadZipFile(f"a piece of {size:,} bytes, expected at most {npy.CHUNK:,}")
        some = self._file.read(npy.CHUNK + 1 if size < 0 else size)
        if len(some) > npy.CHUNK:
            raise zipfile.BadZipFile(f"a piece of more than {npy.CHUNK:,} bytes")
        return some


class Archive:
    """An open `.npz`. names: of its arrays, none of which is read yet."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path, self._archive = path, archive
        self._members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        self.names = list(self._members)
        self._left = MAX_NUMBERS

    def array(self, name: str) -> npy.Numbers:
        """Return one of the arrays. Raises BadInput: for what is no array of numbers, damaged, or too large."""
        member, where = self._members[name], f"{self.path}: {name}"
        if member.compress_type not in METHODS:
            raise BadInput(f"{where} is compressed by method {member.compress_type}, {AGAIN}")
        try:
            with self._archive.open(member) as stream:
                array = npy.read(stream, where, self._left, member.file_size)
                stream.read(1)  # its end, where the checksum is compared
        except BadInput:
            raise
        except DAMAGED as error:
            raise BadInput(f"{where} cannot be read ({_words(error)}), {AGAIN}") from error
        self._left -= array.size
        return array


@contextlib.contextmanager
def opened(path: Path, expected: str = "data") -> Iterator[Archive]:
    """Open an `.npz`. expected: what it should be, for messages. Raises BadInput for what is no archive."""
    with files.opened(path, expected) as file:
        begins = file.read(6)
        try:
            archive = zipfile.ZipFile(cast("IO[bytes]", _Bounded(file)))
        except DAMAGED as error:
            raise BadInput(f"{path}: {_what(begins, error)}, {AGAIN}") from error
        with archive:
            yield Archive(path, archive)


def _what(begins: bytes, error: Exception) -> str:
    """Return what a file is that is no archive, from how it begins."""
    if begins[:2] in PICKLES:
        return "a pickle"
    return "a single array (.npy)" if begins == npy.MAGIC else f"not a whole .npz ({_words(error)})"


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
