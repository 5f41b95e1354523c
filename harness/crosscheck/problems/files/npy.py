"""One array in NumPy's own format, from a stream: never an object, and never more than is allowed.

The format: magic, version, the length of the header, a header that is a literal of Python, and the bytes. Source: NumPy
Enhancement Proposal 1.
"""

from __future__ import annotations

import ast
import math
import re
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from crosscheck_impls.interface import BadInput

from crosscheck.problems.limits import MAX_NUMBERS, MAX_RANK

Numbers: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000  # bytes, as NumPy has it
CHUNK = 2**20  # bytes that are read at once
NUMBERS = re.compile(r"[<>|=]?[biuf]\d{1,2}")  # dtypes: whole numbers, floats, booleans


class Stream(Protocol):
    """What can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes."""


class Header(NamedTuple):
    """What an array says of itself. size: how many numbers; fortran: column after column."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool

    @property
    def size(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)


def read(stream: Stream, where: str, at_most: int = MAX_NUMBERS, available: int | None = None) -> Numbers:
    """Return the array that a stream holds.

    where: what it is, for messages. at_most: numbers. available: bytes of the whole, where that is known. Raises
    BadInput, and what the stream itself raises.
    """
    header, length = read_header(stream, where)
    size = header.size
    if size > at_most:
        raise BadInput(f"{where} has shape {header.shape}, {size:.3g} numbers, expected at most {at_most:,} in a file")
    needed = size * header.dtype.itemsize
    if available is not None and available != length + needed:
        raise BadInput(
            f"{where} has shape {header.shape} of {header.dtype}, {needed:,} bytes, expected as many; "
            f"there are {available - length:,}, save it again"
        )
    raw = np.empty(needed, np.uint8)  # takes memory only as far as it is filled
    filled = 0
    while filled < needed:
        some = stream.read(min(CHUNK, needed - filled))
        if not some:
            raise BadInput(f"{where} ends after {filled:,} of {needed:,} bytes; save it again")
        raw[filled : filled + len(some)] = np.frombuffer(some, np.uint8)
        filled += len(some)
    return raw.view(header.dtype).reshape(header.shape, order="F" if header.fortran else "C")


def read_header(stream: Stream, where: str) -> tuple[Header, int]:
    """Return what an array says of itself, and how many bytes that takes. Raises BadInput."""
    magic = stream.read(8)
    if magic[:6] != MAGIC or magic[6:7] not in (b"\x01", b"\x02", b"\x03"):
        raise BadInput(f"{where} is not an array, expected an archive by np.savez; save it again")
    width = 2 if magic[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    text = stream.read(length) if length <= MAX_HEADER else b""
    if not 0 < length == len(text):
        raise BadInput(
            f"{where} has a header of {length:,} bytes, expected one of at most {MAX_HEADER:,}; save it again"
        )
    return _header(text, where), 8 + width + length


def _header(text: bytes, where: str) -> Header:
    """Return what the literal says. Raises BadInput for anything but one dtype of numbers, one order and one shape."""
    try:
        # Python 2 wrote 3L for 3
        said = ast.literal_eval(re.sub(r"(?<=\d)L\b", "", text.decode("utf-8")).strip())
        descr, fortran, shape = said["descr"], said["fortran_order"], said["shape"]
    except (SyntaxError, ValueError, TypeError, KeyError, IndexError, MemoryError, RecursionError) as error:
        raise BadInput(f"{where} has a header that cannot be read ({type(error).__name__}); save it again") from error
    if not isinstance(descr, str):
        raise BadInput(f"{where} holds records, expected numbers; save an array for each field")
    if descr.lstrip("<>|=").startswith("O"):
        raise BadInput(f"{where} holds pickled objects, expected plain numbers; save float arrays")
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError, SyntaxError) as error:
        raise BadInput(f"{where} holds {descr!r}, expected numbers") from error
    if not NUMBERS.fullmatch(descr):
        raise BadInput(f"{where} holds {dtype}, expected numbers")
    whole = isinstance(shape, tuple) and all(type(n) is int and 0 <= n < 2**62 for n in shape)
    if type(fortran) is not bool or not whole or len(shape) > MAX_RANK:
        raise BadInput(f"{where} has a header without a shape that makes sense, expected whole numbers; save it again")
    return Header(dtype, shape, fortran)
