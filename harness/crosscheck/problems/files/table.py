"""A table from text: its lines split into columns, chunk by chunk, with the number of the line of each example."""

from __future__ import annotations

import array
import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
import numpy.typing as npt
from crosscheck_impls.interface import BadInput

from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.files import blocks
from crosscheck.problems.files import dialect as dialects
from crosscheck.problems.files.columns import Column, Gathered, with_points
from crosscheck.problems.files.dialect import Dialect, Row
from crosscheck.problems.files.how import How
from crosscheck.problems.files.text import MAX_COLUMNS, Lines, no_table, spoken
from crosscheck.problems.limits import MAX_NUMBERS

CHUNK = 2**18  # fields that are held as text
SHOWN = 40  # characters of a field or a name, in a message


class Table(NamedTuple):
    """The columns of a table, and the number of the line of each example (m,). told: how it was read."""

    columns: tuple[Column, ...]
    lines: npt.NDArray[np.int64]
    told: tuple[str, ...] = ()
    line: str = "line"  # what an example's number counts


def read(path: Path, text: TextIO, encoding: str, how: How, given: Dialect | None = None) -> Table:
    """Return the table that a text holds, from its beginning.

    given: how it is written, where that is known. Raises BadInput.
    """
    try:
        if given is None:
            sample = Lines(path, text, how.skip_lines)
            given = dialects.found(path, sample, how.decimal, how.header)
            text.seek(0)
        lines = Lines(path, text, given.skip, given.comments)
        return _Reader(path, lines, encoding, given, how.na or ()).table()
    except csv.Error as error:
        no_table(path, str(error))


class _Reader:
    def __init__(self, path: Path, lines: Lines, encoding: str, dialect: Dialect, na: Sequence[str]) -> None:
        self.path, self.lines, self.encoding, self.dialect = path, lines, encoding, dialect
        self.na = frozenset(na)
        self.told: list[str] = []
        self.trailing = 0
        self.row_names: Row | None = None
        self.numbers = array.array("q")

    def table(self) -> Table:
        """Return the whole table."""
        rows = dialects.rows(self.lines, self.dialect.separator)
        first = next(rows, None)
        if first is None:
            no_table(self.path, "nothing in it")
        names, rest, unnamed = self._names(first, rows)
        if len(names) < 2:
            raise BadInput(
                f"{self.path}: one column, expected features and a label, with commas, semicolons or tabs between"
            )
        gathered = [Gathered(self.dialect.decimal) for _ in names]
        for chunk in self._chunks(rest, rows, len(names)):
            if isinstance(chunk, np.ndarray):
                for each, numbers in zip(gathered, chunk.T, strict=True):
                    each.add_numbers(np.ascontiguousarray(numbers))
                continue
            for each, fields in zip(gathered, zip(*chunk, strict=True), strict=True):
                each.add(fields if not self.na else tuple("" if field in self.na else field for field in fields))
        columns = [each.column(name) for each, name in zip(gathered, names, strict=True)]
        self._tell(first, names)
        columns = self._without_empty(columns, unnamed)
        return Table(tuple(columns), np.array(self.numbers, np.int64), tuple(self.told))

    def _names(self, first: Row, rows: Iterator[Row]) -> tuple[list[str], list[Row], set[str]]:
        """Return the names of the columns, the examples that were read, and which columns have no name of their own."""
        second = next(rows, None)
        if self.dialect.units and second is not None:
            self.told.append(f"left out: line {second.number} ({dialects.shown(second.fields)}), units it seems")
            second = next(rows, None)
        found = [*first.fields]
        if self.dialect.header and second is not None and len(second.fields) == len(found) + 1 and second.fields[-1]:
            found = self._with_row_names(found, second)
        rest = [row for row in ([] if self.dialect.header else [first]) + [second] if row is not None]
        if not self.dialect.header:
            found = [*self.dialect.named] or [""] * len(found)
        if len(found) > MAX_COLUMNS:
            raise BadInput(f"{self.path}: {len(found):,} columns, expected at most {MAX_COLUMNS:,}; examples are lines")
        if len(found) > 2 and not found[-1] and self.dialect.header and second and len(second.fields) < len(found):
            found.pop()  # a separator at the end of the header alone
        unnamed = {f"column{k}" for k, name in enumerate(found, 1) if _nameless(name)}
        names = [f"column{k}" if _nameless(name) else name for k, name in enumerate(found, 1)]
        twice = {name for name, count in Counter(names).items() if count > 1}
        count: Counter[str] = Counter()
        for k, name in enumerate(names):
            if name in twice:
                count[name] += 1
                names[k] = f"{name}.{count[name]}"
        for name in sorted(twice):
            self.told.append(f"{count[name]} columns are named {short(name)}, here {name}.1 to {name}.{count[name]}")
        return names, rest, unnamed

    def _with_row_names(self, found: list[str], second: Row) -> list[str]:
        """Return the names with one for row names, which R writes without. Raises BadInput if it is none."""
        if not self.dialect.quoted:
            self._other_length(second, len(found))
        self.row_names = second
        return ["", *found]

    def _chunks(self, begun: list[Row], rows: Iterator[Row], width: int) -> Iterator[list[list[str]] | Matrix]:
        """Yield the examples in pieces, as fields or as numbers. Raises BadInput for a line of another length, and for
        too many.

        begun: those that were read before. rows: reads what is not plain.
        """
        separator, comma = self.dialect.separator, self.dialect.decimal == ","
        yield from self._one_by_one(iter(begun), width)
        while block := self.lines.block():
            plain: list[list[str]] | Matrix | None = None
            if not self.na:
                plain = blocks.numbers(with_points(block) if comma else block, separator, width)
            if plain is None:
                plain = blocks.fields(block, separator, width)
            if plain is not None:
                self._count(range(self.lines.number + 1, self.lines.number + 1 + len(plain)), width)
                self.lines.number += len(plain)
                yield plain
                continue
            self.lines.give_back(block)
            yield from self._one_by_one(self._given_back(rows), width)

    def _given_back(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield the lines of a block that was given back."""
        while self.lines.given_back and (row := next(rows, None)) is not None:
            yield row

    def _count(self, numbers: Iterable[int], width: int) -> None:
        """Keep the numbers of examples' lines. Raises BadInput for too many."""
        self.numbers.extend(numbers)
        if len(self.numbers) * width > MAX_NUMBERS:
            raise BadInput(
                f"{self.path}: more than {MAX_NUMBERS:,} numbers, expected at most so many; leave out examples"
            )

    def _one_by_one(self, rows: Iterator[Row], width: int) -> Iterator[list[list[str]]]:
        chunk: list[list[str]] = []
        most = max(1, CHUNK // width)
        for number, fields in rows:
            if len(fields) == width + 1 and not fields[-1]:
                self.trailing += 1
                fields.pop()
            if len(fields) != width:
                self._other_length(Row(number, fields), width)
            self._count((number,), width)
            chunk.append(fields)
            if len(chunk) == most:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _other_length(self, row: Row, width: int) -> None:
        got = len(row.fields)
        raise BadInput(
            f"{self.path}: line {row.number} has {got:,} field{'s' * (got != 1)}, the "
            f"{'header ' if self.dialect.header else 'first line '}{width:,}"
            f"{' names' if self.dialect.header else ''}, expected as many; complete the header or the line"
        )

    def _tell(self, first: Row, names: Sequence[str]) -> None:
        """Say how the text was read, where that is not the plainest way."""
        between = dialects.SEPARATORS[self.dialect.separator]
        written = [] if self.dialect.separator == "," else [f"{between} between"]
        written += ["a comma before decimals"] if self.dialect.decimal == "," else []
        written += [] if self.encoding.startswith("utf-8") else [spoken(self.encoding)]
        if self.dialect.named:
            written.append("the header is a comment above")
        elif not self.dialect.header:
            written.append(f"no header, so the columns are {names[0]} to {names[-1]}")
        elif first.number > 1:
            written.append(f"header on line {first.number}")
        if self.lines.commented and not (self.dialect.named and self.lines.commented == 1):
            count = self.lines.commented
            written.append(f"{count} line{'s' * (count > 1)} of comments left out")
        if self.trailing:
            written.append("the separator at the end of lines left out")
        if written:
            self.told.insert(0, "read as: " + ", ".join(written))

    def _without_empty(self, columns: list[Column], unnamed: set[str]) -> list[Column]:
        """Leave out the columns without a name that hold nothing, or that count the examples."""
        kept = []
        for column in columns:
            if column.name in unnamed and self.dialect.header and column.gaps.all():
                continue
            if column.name in unnamed and self.dialect.header and counts(column.numbers):
                self.told.append(f"left out: {column.name}, which has no name and counts the examples")
                continue
            if self.row_names and column is columns[0]:
                self._other_length(self.row_names, len(columns) - 1)
            kept.append(column)
        if len(kept) < 2:
            raise BadInput(f"{self.path}: one column, expected features and a label, separated by commas")
        return kept


def _nameless(name: str) -> bool:
    return not name or name.startswith(("Unnamed: ", "__index_level_"))


def counts(numbers: npt.NDArray[np.float64]) -> bool:
    """Return whether numbers count the examples, from 0 or 1.

    >>> counts(np.array([1.0, 2, 3])), counts(np.array([1.0, 3, 2]))
    (True, False)
    """
    start = numbers[0] if len(numbers) else np.nan
    return start in (0, 1) and np.array_equal(numbers, start + np.arange(len(numbers)))


def short(text: str) -> str:
    """Return a text in quotes, cut where it is long."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")
