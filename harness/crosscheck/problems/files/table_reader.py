"""A program, run by process.py: table_reader.py FILE NUMBERS BYTES SECONDS writes a line of JSON and a table as text.

The line is {"wrong": text, "told": [...], "header": true}. The text is UTF-8, commas between, a line for each row.
It reads Parquet, Feather and Excel, imports reading_aside.py alone of Crosscheck, and opens nothing but the file.
"""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from crosscheck.problems.files.reading_aside import Kind, Refused, answer
else:
    try:  # it lies beside this program
        from reading_aside import Kind, Refused, answer
    except ModuleNotFoundError:
        from crosscheck.problems.files.reading_aside import Kind, Refused, answer

MAX_UNPACKED = 2**29  # bytes of all that is in an Excel file
MAX_NAMES = 2**16
SHOWN = 5


def bounded(rows: int, columns: int, at_most: int) -> None:
    """Raise Refused for too large a table."""
    if columns > MAX_NAMES:
        raise Refused(f"{columns:,} columns, expected at most {MAX_NAMES:,}; examples are rows")
    if rows * columns > at_most:
        raise Refused(f"{rows:,} rows of {columns:,} columns, expected at most {at_most:,} numbers")


def arrow(file: BinaryIO, kind: str, at_most: int) -> tuple[bytes, list[str]]:
    """Return a Parquet or Feather file as text."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.feather
    import pyarrow.parquet

    pa.set_cpu_count(1)
    if kind == ".parquet":
        parquet = pyarrow.parquet.ParquetFile(file)
        bounded(parquet.metadata.num_rows, parquet.metadata.num_columns, at_most)
        table = parquet.read(use_threads=False)
    else:
        table = pyarrow.feather.read_table(file, use_threads=False)
    bounded(table.num_rows, table.num_columns, at_most)
    for k, field in enumerate(table.schema):
        table = table.set_column(k, field.name, plain(table.column(k), field.name))
    text = io.BytesIO()
    pyarrow.csv.write_csv(table, text)
    return text.getvalue(), []


def plain(column: Any, name: str) -> Any:
    """Return a column of numbers, booleans, text or dates as what is written without a loss."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.string())
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return column
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    raise Refused(f"column {name[:50]!r} holds {str(kind)[:50]}, expected numbers or text; leave it out")


def excel(file: BinaryIO, at_most: int) -> tuple[bytes, list[str]]:
    """Return the first sheet of an Excel file as text, and what is told of it."""
    import openpyxl

    with zipfile.ZipFile(file) as archive:
        if (size := sum(member.file_size for member in archive.infolist())) > MAX_UNPACKED:
            raise Refused(f"{size:,} bytes when unpacked, expected at most {MAX_UNPACKED:,}; leave out examples")
    file.seek(0)
    book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    if not book.worksheets:
        raise Refused("no sheet in it, expected a table")
    rows: list[list[str]] = []
    numbers = width = 0
    for row in book.worksheets[0].iter_rows(values_only=True):
        fields = [written(value) for value in row]
        while fields and not fields[-1]:
            fields.pop()
        width, numbers = max(width, len(fields)), numbers + len(fields)
        bounded(1, numbers if len(fields) > MAX_NAMES else 1, at_most)
        if numbers > at_most:
            raise Refused(f"more than {at_most:,} cells, expected at most so many; leave out examples")
        rows.append(fields)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for fields in rows:
        writer.writerow(fields + [""] * (width - len(fields)))
    names = book.sheetnames
    told = [f"read as: the sheet {names[0][:30]}, the first of {len(names)}"] if len(names) > 1 else []
    return text.getvalue().encode(errors="replace"), told


def written(value: Any) -> str:
    """Return a cell as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return " ".join(str(value).replace("\0", " ").split())


def answered(path: str, at_most: int) -> tuple[dict[str, Any], Callable[[BinaryIO], None]]:
    """Return what is told of the table, and what writes its text."""
    kind = Path(path).suffix.lower()
    with Path(path).open("rb") as file:
        text, told = excel(file, at_most) if kind == ".xlsx" else arrow(file, kind, at_most)

    def write(out: BinaryIO) -> None:
        out.write(text)

    return {"told": told}, write


def kind_of(path: str) -> Kind:
    """Return what a file is expected to be."""
    return Kind(f"a table in the format {Path(path).suffix.lower()}", "a table of examples", "save it again")


if __name__ == "__main__":
    answer(answered, kind_of)
