"""`.csv`: a header, an example a line. The lines are counted and measured first, then pandas reads the numbers."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import numpy as np
from crosscheck_impls.interface import BadInput, nearest

from crosscheck.core import files
from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.limits import MAX_NUMBERS

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 2**30
MAX_LINE = 2**22  # characters; 65,536 columns of 64
MAX_COLUMNS = 2**16
NEAR = 200  # names that a wrong one is compared with
SHOWN = 40  # characters of a field or a name, in a message


def read(path: Path, label: str | None) -> tuple[Matrix, Matrix]:
    """Return X (n_x, m) and Y (1, m); Y is the column `label`, or the last one. Raises BadInput."""
    import pandas as pd

    with files.opened(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_BYTES:
            raise BadInput(f"{path}: larger than {MAX_BYTES:,} bytes, expected less; leave out examples")
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            names = _measured(path, text)
            text.seek(0)
            table = pd.read_csv(text, skipinitialspace=True, index_col=False, low_memory=False)
        except BadInput:
            raise
        except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, OSError) as error:
            _no_table(path, str(error).strip())
        except UnicodeDecodeError as error:
            _no_table(path, f"not UTF-8 text: {error.reason}")
        except (ValueError, OverflowError, MemoryError) as error:
            _no_table(path, f"{type(error).__name__}: {error}")
    y = _column(path, label, names)
    numbers = _numbers(path, table, names)
    return np.delete(numbers, y, axis=0), numbers[y : y + 1]


def _no_table(path: Path, why: str) -> NoReturn:
    raise BadInput(f"{path}: not a table ({why}), expected a header and an example a line")


def _measured(path: Path, text: TextIO) -> list[str]:
    """Return the names of the columns. Raises BadInput for a line of another length, and for too much of anything."""
    lines = csv.reader(_lines(path, text), skipinitialspace=True)
    names = next((line for line in lines if line), [])
    if not names:
        _no_table(path, "nothing in it")
    if len(names) > MAX_COLUMNS:
        raise BadInput(f"{path}: {len(names):,} columns, expected at most {MAX_COLUMNS:,}; examples are lines")
    if len(names) < 2:
        raise BadInput(f"{path}: one column, expected features and a label, separated by commas")
    numbers = 0
    for line in lines:
        if line not in ([], [""]) and len(line) != len(names):
            raise BadInput(
                f"{path}: line {lines.line_num} has {len(line):,} field{'s' * (len(line) > 1)}, the header "
                f"{len(names):,} names, expected as many; complete the header or the line"
            )
        if (numbers := numbers + len(line)) > MAX_NUMBERS:
            raise BadInput(f"{path}: more than {MAX_NUMBERS:,} numbers, expected at most so many; leave out examples")
    return names


def _lines(path: Path, text: TextIO) -> Iterator[str]:
    """Yield the lines of a file. Raises BadInput for one that is too long, or holds a null byte."""
    number = 0
    while line := text.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise BadInput(f"{path}: line {number} is longer than {MAX_LINE:,} characters, expected an example a line")
        if "\0" in line:
            raise BadInput(f"{path}: line {number} holds a null byte, expected text; save it as UTF-8")
        yield line


def _column(path: Path, label: str | None, names: list[str]) -> int:
    """Return which column is the label."""
    if label is None:
        return len(names) - 1
    if label not in names:
        near = nearest(label[:SHOWN], [name[:SHOWN] for name in names[:NEAR]])
        raise BadInput(f"{path}: no column {_short(label)}; {near}")
    return names.index(label)


def _numbers(path: Path, table: pd.DataFrame, names: list[str]) -> Matrix:
    """Return the table's columns as rows (n, m). Raises BadInput for the first field that is no number."""
    import pandas as pd

    if len(table.columns) != len(names):
        _no_table(path, f"{len(table.columns)} columns, and {len(names)} names")
    numbers = np.empty((len(names), len(table)))
    for k, (name, (_, column)) in enumerate(zip(names, table.items(), strict=True)):
        if column.dtype.kind in "biuf":
            numbers[k] = column.to_numpy(dtype=np.float64)
            continue
        try:
            parsed = pd.to_numeric(column, errors="coerce")
        except OverflowError:
            message = f"{path}: column {_short(name)} has a number beyond float64's range; scale it down"
            raise BadInput(message) from None
        wrong = np.flatnonzero(parsed.isna() & column.notna())
        if len(wrong):
            raise BadInput(
                f"{path}: column {_short(name)}, line {wrong[0] + 2}: {_short(str(column.iloc[wrong[0]]))} is not a "
                "number; encode the column or leave it out"
            )
        numbers[k] = parsed.to_numpy(dtype=np.float64)
    return numbers


def _short(text: str) -> str:
    """Return a text in quotes, cut where it is long."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")
