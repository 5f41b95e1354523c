"""The only format that crosses between the harness and its workers, in both directions: data, never code.

A frame is

    magic                 4 bytes, b"xck1"
    length of the header  4 bytes, little-endian
    header                JSON in ASCII: {"said": ..., "arrays": [[dtype, shape, order], ...]}
    arrays                the bytes of each, little-endian, one after another

`said` is what `core.plain.to_plain` makes of a record, and is read by type hints. The dtypes are bool, plain integers
and floats, and bfloat16 by that name; order is "C" or "F". Whoever reads bounds the header, the number of arrays and
their size before any memory is taken, and reads as much as there is, so that one who stops in the middle of a frame
stops nobody.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from crosscheck.core.dtypes import BFLOAT16
from crosscheck.core.plain import DEPTH, Malformed, to_plain
from crosscheck.core.text import one_line, printable

MAGIC = b"xck1"
PREFIX = struct.Struct("<4sI")
MEBIBYTE = 2**20
HEADER = 16 * MEBIBYTE  # bytes of a header
ARRAYS = 200_000  # in one frame
DIMENSIONS = 8
STRING = 10_000  # characters of one string from a worker
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
DIGITS = 30  # of one whole number
DTYPES = frozenset(f"|b1 |i1 |u1 bfloat16 {' '.join(f'<i{n} <u{n} <f{n}' for n in (2, 4, 8))}".split())


class TooLarge(Malformed):
    """More bytes than an answer to what was asked can have."""


class Frame(NamedTuple):
    """What was said, as plain data, and its arrays; `core.plain.from_plain` makes a record of the two."""

    said: Any
    arrays: Sequence[np.ndarray]


def crosses(array: np.ndarray) -> bool:
    """Return whether an array is of a dtype that can be sent."""
    return _code(array.dtype) in DTYPES


def _code(dtype: np.dtype) -> str:
    """Return what a dtype is called; NumPy itself says of bfloat16 that it is two bytes."""
    return "bfloat16" if dtype == BFLOAT16 else dtype.str


def pack(message: Any, limit: float = math.inf) -> list[bytes | memoryview]:
    """Return a frame in parts. Raises TooLarge for arrays of more than `limit` bytes, TypeError for what is no data."""
    arrays: list[np.ndarray] = []
    said = to_plain(message, arrays)
    if (size := sum(array.nbytes for array in arrays)) > limit:
        raise TooLarge(_too_large(size, limit))
    specifications, parts = [], []
    for array in arrays:
        if not crosses(array):
            raise TypeError(f"an array of dtype {one_line(str(array.dtype), 60)} cannot be sent")
        fortran = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
        specifications.append([_code(array.dtype), list(array.shape), "F" if fortran else "C"])
        parts.append((np.ascontiguousarray(array.T if fortran else array)).tobytes())
    header = json.dumps({"said": said, "arrays": specifications}, allow_nan=False, separators=(",", ":")).encode()
    if len(header) > HEADER:
        raise TooLarge(_too_large(len(header), HEADER))
    return [PREFIX.pack(MAGIC, len(header)), header, *(part for part in parts if part)]


class Reader:
    """Frames out of bytes that come in any portions.

    limit: bytes that the arrays of one frame may have. trusted: words are taken as they are; else they are made safe.
    """

    def __init__(self, limit: float = math.inf, trusted: bool = False) -> None:
        self.limit, self.trusted = limit, trusted
        self._bytes = bytearray()
        self._header: tuple[Any, list[tuple[str, tuple[int, ...], str]], int] | None = None

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield each frame that is complete now. Raises Malformed for bytes that are none."""
        self._bytes += data
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> Frame | None:
        if self._header is None:
            begins = bytes(self._bytes[: len(MAGIC)])
            if begins != MAGIC[: len(begins)]:
                raise Malformed("message: bytes that begin no message")
            if len(self._bytes) < PREFIX.size:
                return None
            _, length = PREFIX.unpack_from(self._bytes)
            if length > HEADER:
                raise TooLarge(_too_large(length, HEADER))
            if len(self._bytes) < PREFIX.size + length:
                return None
            self._header = self._read_header(bytes(self._bytes[PREFIX.size : PREFIX.size + length]))
            del self._bytes[: PREFIX.size + length]
        said, specifications, size = self._header
        if len(self._bytes) < size:
            return None
        arrays, place = [], 0
        for dtype, shape, order in specifications:
            count = math.prod(shape)
            flat = np.frombuffer(self._bytes, dtype, count, place).copy()  # its own memory, writable and aligned
            arrays.append(flat.reshape(shape, order="F" if order == "F" else "C"))
            place += flat.nbytes
        del self._bytes[:size]
        self._header = None
        return Frame(said, arrays)

    def _read_header(self, header: bytes) -> tuple[Any, list[tuple[str, tuple[int, ...], str]], int]:
        try:
            read = json.loads(
                header.decode("ascii"), object_pairs_hook=_no_duplicates, parse_int=_int, parse_constant=_no_constant
            )
        except (ValueError, RecursionError) as error:
            raise Malformed(f"message: no JSON as we write it: {one_line(str(error), 80)}") from error
        if not isinstance(read, dict) or set(read) != {"said", "arrays"} or not isinstance(read["arrays"], list):
            raise Malformed("message: expected `said` and `arrays`")
        if len(read["arrays"]) > ARRAYS:
            raise TooLarge(f"{len(read['arrays'])} arrays, expected at most {ARRAYS}")
        specifications = [_specification(each) for each in read["arrays"]]
        size = sum(np.dtype(dtype).itemsize * math.prod(shape) for dtype, shape, _ in specifications)
        if size > self.limit:
            raise TooLarge(_too_large(size, self.limit))
        safe = self.trusted or _is_safe(header)
        return read["said"] if safe else _safe(read["said"]), specifications, size


def _specification(said: Any) -> tuple[str, tuple[int, ...], str]:
    """Return an array's dtype, shape and order. Raises Malformed."""
    if isinstance(said, list) and len(said) == 3 and isinstance(said[1], list) and len(said[1]) <= DIMENSIONS:
        dtype, shape, order = said
        whole = all(type(n) is int and 0 <= n < 2**40 for n in shape)
        if isinstance(dtype, str) and dtype in DTYPES and whole and order in ("C", "F"):
            return dtype, tuple(shape), order
    raise Malformed(f"message: {one_line(repr(said), 60)} is no array")


def _is_safe(header: bytes) -> bool:
    """Return whether a header, JSON in ASCII, is nested and worded as it may be, so that it is safe as it stands.

    Each pass takes the innermost brackets away; one within a word stays, and then every word is looked at.
    """
    brackets = header.translate(None, NO_BRACKETS)
    for _ in range(DEPTH):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    bounded = max(map(len, header.split(b'"'))) <= STRING
    return not brackets and bounded and b"\\" not in header and b"\x7f" not in header


def _safe(said: Any, depth: int = DEPTH) -> Any:
    """Return what a worker says with every word printable and bounded."""
    if depth == 0:
        raise Malformed(f"message: more than {DEPTH} levels")
    if isinstance(said, str):
        return printable(said, STRING)
    if isinstance(said, list):
        return [_safe(each, depth - 1) for each in said]
    if isinstance(said, dict):
        return {printable(key, STRING): _safe(each, depth - 1) for key, each in said.items()}
    return said


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _int(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON's")


def _too_large(size: float, limit: float) -> str:
    return f"{size / MEBIBYTE:,.0f} MiB, expected at most {limit / MEBIBYTE:,.0f}"
