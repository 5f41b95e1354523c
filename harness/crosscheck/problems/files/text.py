"""A table's text, whatever it is packed in: plain or `.gz`, in which encoding. What is read is bounded as it comes."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, NoReturn, TextIO, cast

from crosscheck_impls.interface import BadInput

from crosscheck.core import files

MAX_BYTES = 2**30  # of text, unpacked
MAX_COLUMNS = 2**16
MAX_LINE = 64 * MAX_COLUMNS  # characters
HEAD = 4096  # bytes in which an encoding with null bytes shows
CHUNK = 2**20
MARKS = (  # a longer one first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF8, "utf-8-sig"),
)  # fmt: skip
SPOKEN = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a mark", "utf-16": "UTF-16", "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16", "utf-32": "UTF-32", "cp1252": "Windows-1252 as it is no UTF-8",
    "latin-1": "Latin-1 as it is no UTF-8",
}  # fmt: skip
EXCEL = re.compile(r"#(N/?A|DIV/0!|NUM!|VALUE!|REF!|NAME\?|NULL!)", re.IGNORECASE)
UNREADABLE = (gzip.BadGzipFile, zlib.error, EOFError, OSError)


@contextlib.contextmanager
def opened(path: Path, encoding: str | None = None) -> Iterator[tuple[TextIO, str]]:
    """Open a text, at its beginning, with the name of its encoding, found where it is not said. Raises BadInput."""
    with files.opened(path) as file:
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if path.suffix.lower() == ".gz" else file
        try:
            name = encoding or _encoding(path, stream)
            stream.seek(0)
            yield io.TextIOWrapper(cast("IO[bytes]", stream), encoding=name, newline=""), name
        except UnicodeError as error:
            no_table(path, f"not {spoken(name)} text: {getattr(error, 'reason', error)}")
        except UNREADABLE as error:
            no_table(path, str(error) or type(error).__name__)


def spoken(encoding: str) -> str:
    """Return what an encoding is called, as found, or as it was said."""
    return SPOKEN.get(encoding, encoding)


def _encoding(path: Path, stream: BinaryIO) -> str:
    """Return the encoding by the mark at the beginning, by the null bytes of UTF-16, or by whether it is UTF-8."""
    head = stream.read(HEAD)
    named = next((name for mark, name in MARKS if head.startswith(mark)), "")
    if not named and len(head) > 3 and 3 * head.count(0) > len(head):
        named = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    if _reads(path, stream, "utf-8") or named:
        return named or "utf-8"
    return "cp1252" if _reads(path, stream, "cp1252") else "latin-1"


def _reads(path: Path, stream: BinaryIO, encoding: str) -> bool:
    """Return whether all of a stream can be read in an encoding. Raises BadInput if it is too large."""
    stream.seek(0)
    decoder, size, fits = codecs.getincrementaldecoder(encoding)(), 0, True
    while some := stream.read(CHUNK):
        if (size := size + len(some)) > MAX_BYTES:
            raise BadInput(f"{path}: larger than {MAX_BYTES:,} bytes, expected less; leave out examples")
        fits = fits and _decodes(decoder, some)
    return fits and _decodes(decoder, b"", final=True)


def _decodes(decoder: codecs.IncrementalDecoder, some: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(some, final)
    except UnicodeDecodeError:
        return False
    return True


class Lines:
    """The lines of a text, bounded. number: of the last one, from 1. Comments are left out, and counted."""

    def __init__(self, path: Path, text: TextIO, skip: int = 0, comments: bool = True) -> None:
        self.path, self._text, self._comments = path, text, comments
        self.number = self.commented = 0
        self.comment = ""  # the last one before anything else
        self._left = 0  # characters that were put back
        while self.number < skip and self._next():
            pass
        self._begun = False
        self._back: TextIO = io.StringIO()

    def block(self) -> str:
        """Return many lines at once, as they are, without counting them; nothing at the end."""
        text = self._text.read(CHUNK)
        if text and not text.endswith("\n"):
            text += (rest := self._text.readline(MAX_LINE + 1))
            if len(rest) > MAX_LINE:
                self.number += text.count("\n") + 1
                self._too_long()
        return text

    def give_back(self, block: str) -> None:
        """Put lines back, to be taken one by one."""
        self._back = io.StringIO(block, newline="")
        self._left = len(block)

    @property
    def given_back(self) -> bool:
        """Whether there are lines that were put back."""
        return self._left > 0

    def __iter__(self) -> Iterator[str]:
        while line := self._next():
            if self._comments and is_comment(line, self._begun):
                self.commented += 1
                self.comment = self.comment if self._begun else line[1:].strip()
                continue
            self._begun = True
            yield line

    def _next(self) -> str:
        if self._left:
            line = self._back.readline(MAX_LINE + 1)
            self._left -= len(line)
        else:
            line = self._text.readline(MAX_LINE + 1)
        self.number += bool(line)
        if len(line) > MAX_LINE:
            self._too_long()
        if "\0" in line:
            raise BadInput(f"{self.path}: line {self.number} holds a null byte, expected text; save it as UTF-8")
        return line

    def _too_long(self) -> NoReturn:
        where = f"{self.path}: line {self.number}"
        raise BadInput(f"{where} is longer than {MAX_LINE:,} characters, expected an example a line")


def is_comment(line: str, begun: bool = False) -> bool:
    """Return whether a line is a comment; the name of a first column may be # too, and Excel's #N/A stands in it.

    begun: whether a line of the table stands before it; then white space must follow, as #ff0000 may be a colour.

    >>> is_comment("# from the clinic"), is_comment("#,age,ill"), is_comment("#ff0000,1", begun=True)
    (True, False, False)
    """
    if not line.startswith("#") or line[1:2] in (",", ";", "\t", "|", ""):
        return False
    return line[1:2] in (" ", "#") if begun else EXCEL.match(line) is None


def no_table(path: Path, why: str) -> NoReturn:
    """Raise BadInput: a file that is no table."""
    raise BadInput(f"{path}: not a table ({why}), expected a header and an example a line")
