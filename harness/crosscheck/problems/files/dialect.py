"""How a table is written: separator, decimals, header, a line of units. Found in its first lines; what could be two
things is asked for, never guessed.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.problems.files.text import MAX_COLUMNS, Lines
from crosscheck.problems.files.words import MISSING, decimals, number

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
SAMPLE = 500  # lines
SAMPLE_SIZE = 2**22  # characters
TITLES = 6  # lines above a header that are looked through
SHOWN = 30  # characters of a field, in a message
TELLS = re.compile(r"sep=([,;|\t])\s*")  # Excel's own first line


class Dialect(NamedTuple):
    """How a table is written. separator: a space stands for any white space. decimal: "" where nothing is known.

    skip: lines before the table. units: whether the line below the header is one of units.
    header: whether there is one; named: the names in a comment above, where there is none.
    quoted: whether every line below the first begins with a quote, as R's row names do.
    """

    separator: str = ","
    decimal: str = "."
    skip: int = 0
    header: bool = True
    units: bool = False
    named: tuple[str, ...] = ()
    comments: bool = True
    quoted: bool = False


class Row(NamedTuple):
    """A line's fields, and its number from 1."""

    number: int
    fields: list[str]


def rows(lines: Lines, separator: str) -> Iterator[Row]:
    """Yield the lines with something in them, as fields without the space around them. Raises csv.Error."""
    text: Iterable[str] = (line.strip(" \t\r\n") for line in lines) if separator == " " else lines
    for fields in csv.reader(text, delimiter=separator, skipinitialspace=True, strict=True):
        bare = list(map(str.strip, fields))
        if any(bare):
            yield Row(lines.number, bare)


def found(path: Path, lines: Lines, decimal: str | None, header: bool | None, separator: str | None = None) -> Dialect:
    """Return how a table is written, from its first lines.

    lines: of it, after those that are skipped, whose number is the count of those. decimal, header: as the user says.
    separator: where it is known.
    Raises BadInput where something could be two things, with the options that decide it; and csv.Error.
    """
    skip, raw = lines.number, _sample(lines)
    if raw and (columns := 1 + max(raw[0].count(each) for each in separator or SEPARATORS)) > MAX_COLUMNS:
        raise BadInput(f"{path}: {columns:,} columns, expected at most {MAX_COLUMNS:,}; examples are lines")
    told = TELLS.fullmatch(raw[0]) if raw and separator is None else None
    if told:
        raw, skip = raw[1:], skip + 1
    separator = separator or (told[1] if told else _separator(raw))
    numbered = Numbered(raw)
    with_fields = [
        Row(skip + row.number, row.fields)
        for row in _complete(csv.reader(numbered, delimiter=separator, skipinitialspace=True), numbered)
    ]
    if separator == " ":
        with_fields = [Row(row.number, " ".join(row.fields).split()) for row in with_fields]
    if not with_fields:
        return Dialect(separator, decimal or ".", skip)
    width = max(len(row.fields) for row in with_fields)
    point = _decimal(path, with_fields, separator) if decimal is None else decimal
    table = Sampled([row.fields + [""] * (width - len(row.fields)) for row in with_fields], point)
    _no_titles(path, with_fields, table, header)
    dialect = Dialect(separator, point, skip, table.has_header() if header is None else header)
    if header is None and table.either():
        raise BadInput(
            f"{path}: line {with_fields[0].number} may be names or an example "
            f"({shown(with_fields[0].fields)}); say which: --header or --no-header"
        )
    named = [word.strip() for word in lines.comment.split(separator if separator != " " else None)]
    if not dialect.header and header is None and len(named) == width and not any(number(w, point) for w in named if w):
        dialect = dialect._replace(named=tuple(named))
    quoted = all(line.startswith('"') for line in raw[1:] if line.strip())
    return dialect._replace(units=dialect.header and table.has_units(), quoted=quoted)


class Numbered:
    """Lines that are counted as they are taken."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines, self.number = lines, 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.number += 1
            yield line


def _complete(reader: Iterator[list[str]], lines: Numbered) -> Iterator[Row]:
    for fields in reader:
        bare = [field.strip() for field in fields]
        while bare and not bare[-1]:  # a separator at the end of a line
            bare.pop()
        if bare:
            yield Row(lines.number, bare)


def _sample(lines: Lines) -> list[str]:
    """Return the first lines."""
    taken, size = [], 0
    for line in itertools.islice(lines, SAMPLE):
        taken.append(line)
        if (size := size + len(line)) > SAMPLE_SIZE:
            break
    return taken


def _separator(raw: Sequence[str]) -> str:
    """Return the separator by which most lines have as many fields, and no field holds another separator."""
    best, most = ",", 0.0
    for separator in ",;\t|":
        try:
            split = list(csv.reader(raw, delimiter=separator, skipinitialspace=True))
        except csv.Error:  # a field too long, since it is no separator
            continue
        split = [fields[: -1 if len(fields) > 1 and not fields[-1].strip() else None] for fields in split if fields]
        widths = Counter(len(fields) for fields in split)
        width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(0, 0))
        fields = [field for fields in split if len(fields) == width for field in fields]
        plain = sum(not _holds_another(field, separator) for field in fields)
        share = count / len(split) * plain / len(fields) if width > 1 else 0.0
        if share > most:
            best, most = separator, share
    if not most:
        widths = Counter(len(line.split()) for line in raw if line.strip())
        if len(widths) == 1 and next(iter(widths)) > 1:
            return " "
    return best


def _holds_another(field: str, separator: str) -> bool:
    others = {";", "\t", "|", ","} - {separator}
    if separator != "," and (number(field.strip(), ",") if field.strip() else None):
        return False
    return any(other in field for other in others)


def _decimal(path: Path, sample: Sequence[Row], separator: str) -> str:
    """Return the sign before decimals, "" where no field has one. Raises BadInput where it could be either."""
    said = decimals([field for row in sample for field in row.fields if field])
    if said.comma and said.point:
        raise BadInput(
            f"{path}: both {said.comma!r} and {said.point!r} look like numbers with decimals; say which sign is "
            "before decimals: --decimal , or --decimal ."
        )
    alone = said.comma_or_thousand or (said.point_or_thousand if separator == ";" else "")
    if alone and not said.comma and not said.point:
        raise BadInput(
            f"{path}: {alone!r} may be one with decimals or one thousand; say which sign is before decimals: "
            "--decimal , or --decimal ."
        )
    if said.comma:
        return ","
    return "." if said.point or said.point_or_thousand else ""


class Sampled:
    """The first lines of a table as fields, the first line perhaps a header."""

    def __init__(self, fields: Sequence[Sequence[str]], decimal: str) -> None:
        self.first = fields[0]
        kinds = ["".join(self._kind(field, decimal) for field in line) for line in fields]
        self.columns = list(zip(*kinds, strict=True))

    @staticmethod
    def _kind(field: str, decimal: str) -> str:
        """Return n for a number, m for nothing, t for text."""
        if field.lower() in MISSING:
            return "m"
        return "n" if number(field, decimal) or number(field, ".") else "t"

    def numeric(self, below: int) -> list[int]:
        """Return the columns that hold numbers from a line on, and no text."""
        kinds = [set(column[below:]) for column in self.columns]
        return [k for k, kind in enumerate(kinds) if "n" in kind and "t" not in kind]

    def names(self, line: int = 0) -> int:
        """Return how many columns of numbers have text at a line above them."""
        return sum(self.columns[k][line] == "t" for k in self.numeric(line + 1))

    def complete(self, line: int) -> bool:
        """Return whether a line has text in every column."""
        return all(column[line] == "t" for column in self.columns)

    def has_units(self) -> bool:
        """Return whether the second line is one of units: no number where all others, in two columns at least, are."""
        numeric = self.numeric(2)
        named = all(column[0] == "t" for column in self.columns)
        said = [self.columns[k][1] for k in numeric]
        return named and len(numeric) > 1 and "n" not in said and "t" in said

    def has_header(self) -> bool:
        """Return whether the first line is one of names: it holds text above numbers, or no number at all."""
        return bool(self.names()) or self.has_units() or not any(column[0] == "n" for column in self.columns)

    def either(self) -> bool:
        """Return whether the first line may be names and may be an example."""
        above = [k for k in self.numeric(1) if self.columns[k][0] == "n"]
        if not above or len(self.columns[0]) == 1:
            return False
        numbers = [self.first[k] for k in above]
        counted = [str(k) for k in range(len(self.first) + 1)]
        counts = numbers in (counted[: len(numbers)], counted[1 : len(numbers) + 1])
        years = len(numbers) > 1 and all(re.fullmatch("(19|20)[0-9]{2}", each) for each in numbers)
        return bool(self.names()) or (len(above) > 1 and counts) or (years and len(set(numbers)) == len(numbers))


def _no_titles(path: Path, sample: Sequence[Row], table: Sampled, header: bool | None) -> None:
    """Raise BadInput if the names seem to stand below lines of something else."""
    if header is not None or table.names() or table.has_units():
        return
    for k in range(1, min(TITLES, len(sample) - 1)):
        if table.names(k) and table.complete(k) and not any(table.complete(before) for before in range(k)):
            before = sample[k].number - 1
            raise BadInput(
                f"{path}: line {sample[0].number} ({shown(sample[0].fields)}) is no header, line {sample[k].number} "
                f"({shown(sample[k].fields)}) looks like one: --skip-lines {before}"
            )


def shown(fields: Sequence[str]) -> str:
    """Return the first fields of a line, cut where they are long.

    >>> shown(["a", "b" * 50, "c", "d", "e"])
    'a, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb..., c, d, ...'
    """
    cut = [field if len(field) <= SHOWN else f"{field[:SHOWN]}..." for field in fields[:4]]
    return ", ".join(cut) + (", ..." if len(fields) > 4 else "")
