"""Many lines of a table at once, where nothing in them is out of the ordinary: what the slow reader would say, sooner.

Each function returns None for what it does not know to be plain, so that the slow reader is asked.
"""

from __future__ import annotations

import re
import warnings

import numpy as np
import numpy.typing as npt

from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.files.columns import WHOLE

NUMBER = b"0123456789+-.eE"
LONG = re.compile(rb"[eE][+-]?\d{5}")  # an exponent that no number has
ZERO, NINE, NEWLINE = ord("0"), ord("9"), ord("\n")


def fields(block: str, separator: str, width: int) -> list[list[str]] | None:
    """Return the fields of each line, bare; None where there is a quote, a comment, or a line of another length.

    >>> fields("1, a\\n2,b\\n", ",", 2), fields('1,"a"\\n', ",", 2)
    ([['1', 'a'], ['2', 'b']], None)
    """
    if '"' in block or "\0" in block or block.startswith("#") or "\n#" in block:
        return None
    text = _unix(block)
    if text is None or not separator.strip(" "):
        return None
    split = [line.split(separator) for line in text.removesuffix("\n").split("\n")]
    if " " in text or (separator != "\t" and "\t" in text) or not text.isascii():
        split = [list(map(str.strip, line)) for line in split]
    if set(map(len, split)) != {width} or not all(map(any, split)):
        return None
    return split


def numbers(block: str, separator: str, width: int) -> Matrix | None:
    """Return the numbers of each line (lines, width), each as float() reads it; None where a field is anything else,
    or a number so large that float64 has not every one.

    >>> numbers("1,-2.5\\n3,4e1\\n", ",", 2), numbers("1,\\n", ",", 2), numbers("1,02\\n", ",", 2)
    (array([[ 1. , -2.5],
           [ 3. , 40. ]]), None, None)
    """
    text = _unix(block)
    if text is None or not block.isascii() or len(separator.strip(" ")) != 1:
        return None
    data = text.removesuffix("\n").encode() + b"\n"
    mark = separator.encode()
    if data.translate(None, NUMBER + mark + b"\n") or LONG.search(data):
        return None
    sign = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero((sign == NEWLINE) | (sign == ord(separator)))
    between = sign[ends] != NEWLINE
    if len(ends) % width or not _as_many(between.reshape(-1, width)) or _codes(sign, ends):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what cannot be read to its end is one
        try:
            found = np.fromstring(data.replace(b"\n", mark)[:-1].decode(), np.float64, sep=separator)
        except (ValueError, DeprecationWarning):
            return None
    plain = len(found) == len(ends) and bool((np.abs(found) < WHOLE).all())
    return found.reshape(-1, width) if plain else None


def _unix(block: str) -> str | None:
    """Return a text with the line ends of Unix; None where there are others than its own and Windows'."""
    text = block.replace("\r\n", "\n") if "\r" in block else block
    return None if "\r" in text else text


def _as_many(between: npt.NDArray[np.bool_]) -> bool:
    """Return whether every line, of so many marks, has one end, its last."""
    return bool(between[:, :-1].all() and not between[:, -1].any())


def _codes(sign: npt.NDArray[np.uint8], ends: npt.NDArray[np.intp]) -> bool:
    """Return whether a field is empty, or begins with 0 before another digit, as a code may."""
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (starts == ends).any():
        return True
    signed = (sign[starts] == ord("+")) | (sign[starts] == ord("-"))
    first = np.minimum(starts + signed, len(sign) - 2)
    after = sign[first + 1]
    return bool(((sign[first] == ZERO) & (after >= ZERO) & (after <= NINE)).any())
