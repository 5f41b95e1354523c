"""`.parquet`, `.feather` and `.xlsx`: tables that a process of its own turns into text, which is read as any other."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from crosscheck_impls.interface import BadInput

from crosscheck.core.extras import need
from crosscheck.core.text import one_line
from crosscheck.problems.files import dialect as dialects
from crosscheck.problems.files import process, table
from crosscheck.problems.files.dialect import Dialect
from crosscheck.problems.files.how import How
from crosscheck.problems.files.table import Table
from crosscheck.problems.files.text import Lines

READER = Path(__file__).with_name("table_reader.py")
MAX_BYTES = 2**29  # of the text
CHUNK = 2**20
MEMORY = 2**32  # bytes of addresses; Arrow's libraries alone take one of them


def read(path: Path, how: How) -> Table:
    """Return the table that a file holds. Raises BadInput."""
    excel = path.suffix.lower() == ".xlsx"
    need(*(("openpyxl", "excel") if excel else ("pyarrow", "data")), str(path))
    told, text = _text(path)
    given = Dialect(comments=False)
    if excel:
        lines = Lines(path, text, how.skip_lines, comments=False)
        given = dialects.found(path, lines, how.decimal, how.header, ",")._replace(comments=False)
        text.seek(0)
    read = table.read(path, text, "utf-8", how, given)
    read = read._replace(told=(*told, *read.told), line="row")
    return read if excel else read._replace(lines=np.arange(1, len(read.lines) + 1))


def _text(path: Path) -> tuple[tuple[str, ...], io.StringIO]:
    """Return what is told of a file, and it as text."""
    text = io.StringIO(newline="")
    with process.reading(path, READER, f"a whole {path.suffix} file", MEMORY) as (said, pipe):
        told = said.get("told")
        size = 0
        decoder = io.TextIOWrapper(pipe, encoding="utf-8", newline="")
        while some := decoder.read(CHUNK):
            if (size := size + len(some)) > MAX_BYTES:
                raise BadInput(f"{path}: larger than {MAX_BYTES:,} bytes as text, expected less; leave out examples")
            text.write(some)
    text.seek(0)
    return tuple(one_line(str(line)) for line in told[:1]) if isinstance(told, list) else (), text
