"""A run as it lies on a disk: agreement.csv and environment.json, read as others' files: bounded and checked.

A table is agreement.csv of a folder, or a CSV file of any name with the same columns. Older tables have no `bits`, the
digest of an answer, and none says how it was made unless environment.json lies beside it.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.core import files
from crosscheck.core.failures import Verdict
from crosscheck.core.text import printable

TABLE, ENVIRONMENT = "agreement.csv", "environment.json"
LARGEST, LARGEST_ENVIRONMENT = 2**26, 2**22  # bytes
ROWS, COLUMNS, FACTS = 200_000, 500, 20_000  # of a table, of a table, of an environment
LONGEST = 1000  # characters of a cause, or of a fact
GROUPS = ("J", "dW", "db")  # what has a measure of the rounding noise
NEEDED = ("problem", "implementation", "dtype", "device", "verdict", "largest_ratio", "tensor", "cause")


class Key(NamedTuple):
    """What is compared with the same of another run."""

    problem: str
    implementation: str
    dtype: str
    device: str


@dataclass(frozen=True)
class Line:
    """One row. ratio: the largest error in units of the bound, of `tensor`; noise: of J, dW, db, each where measured.

    bits, data: the digests of the answer and of what was asked, empty where the table has none.
    """

    key: Key
    verdict: Verdict
    ratio: float | None
    tensor: str
    noise: Mapping[str, float]
    cause: str
    bits: str
    data: str = ""


@dataclass(frozen=True)
class Run:
    """A table and what lies beside it. place: the folder or file. header, texts: the table as it is, by key.

    environment: by dotted name, empty where there is none. host, date: as the run says, empty where it does not.
    """

    place: str
    lines: Mapping[Key, Line]
    environment: Mapping[str, str]
    header: Sequence[str]
    texts: Mapping[Key, Sequence[str]]

    @property
    def host(self) -> str:
        """The machine, if the run names it."""
        return self._column("host") or self.environment.get("host", "")

    @property
    def date(self) -> str:
        """When it was, if the run says so: a date, or a date and a time that sorts."""
        return self._column("time") or self.environment.get("time", "") or self.environment.get("date", "")

    def _column(self, name: str) -> str:
        if name not in self.header or not self.texts:
            return ""
        return next(iter(self.texts.values()))[list(self.header).index(name)]


def read(place: Path) -> Run:
    """Return a run. place: a folder that `compare` has written, or a table. Raises BadInput, with the line."""
    first, *others = read_hosts(place)
    if others:
        raise BadInput(
            f"{place}: the table of {len(others) + 1} hosts, expected that of one; crosscheck merge {place} shows them"
        )
    return first


def read_hosts(place: Path) -> list[Run]:
    """Return a run, or that of each host of a fleet, in their order. Raises BadInput, with the line."""
    path = place / TABLE if place.is_dir() else place
    header, rows = _rows(path)
    hosts: dict[str, tuple[dict[Key, Line], dict[Key, Sequence[str]]]] = {}
    for number, row in rows:
        named = dict(zip(header, row, strict=True))
        line = _line(named, f"{path}: line {number}")
        lines, texts = hosts.setdefault(named.get("host", ""), ({}, {}))
        if line.key in lines:
            raise BadInput(
                f"{path}: line {number} repeats {', '.join(line.key)}, expected one row of each; give the tables of "
                "the runs, not one that holds several"
            )
        lines[line.key], texts[line.key] = line, row
    environment = _environment(path.parent / ENVIRONMENT)
    return [
        Run(str(place) if len(hosts) == 1 else f"{place}: {host}", lines, environment, header, texts)
        for host, (lines, texts) in hosts.items()
    ]


def _rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header and the rows of a CSV file, each with the number of its line. Raises BadInput."""
    with files.opened(path, "a folder that compare has written, or its agreement.csv") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadInput(f"{path}: more than {LARGEST:,} bytes, expected the table of a comparison")
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
        header = [printable(name) for name in next(reader, [])]
        if len(header) > COLUMNS or len(set(header)) < len(header) or not set(NEEDED) <= set(header):
            raise BadInput(f"{path}: not the table of a comparison, expected the columns {', '.join(NEEDED)}")
        rows = []
        for row in reader:
            if len(row) != len(header):
                words = f"line {reader.line_num} has {len(row):,} fields, expected {len(header)}"
                raise BadInput(f"{path}: {words}; compare again")
            rows.append((reader.line_num, [printable(text, LONGEST) for text in row]))
            if len(rows) > ROWS:
                raise BadInput(f"{path}: more than {ROWS:,} rows, expected the table of a comparison")
    except (UnicodeError, csv.Error) as error:
        raise BadInput(f"{path}: {error}, expected the table of a comparison; compare again") from error
    if not rows:
        raise BadInput(f"{path}: no row, expected the table of a comparison; compare again")
    return header, rows


def _line(text: Mapping[str, str], where: str) -> Line:
    if text["verdict"] not in list(Verdict):
        raise BadInput(f"{where} has the verdict {text['verdict']!r}, expected one of {', '.join(Verdict)}")
    noise = {group: _number(text, f"{group}_noise", where) for group in GROUPS}
    return Line(
        Key(*(text[name] for name in Key._fields)), Verdict(text["verdict"]), _number(text, "largest_ratio", where),
        text["tensor"], {group: value for group, value in noise.items() if value is not None}, text["cause"],
        text.get("bits", ""), text.get("data", ""),
    )  # fmt: skip


def _number(text: Mapping[str, str], name: str, where: str) -> float | None:
    """Return an error, which is not negative; None where there is none."""
    said = text.get(name, "")
    if not said:
        return None
    try:
        number = float(said)
    except ValueError:
        number = math.nan
    if not number >= 0:
        raise BadInput(f"{where} has {said!r} as {name}, expected a number from 0 on; compare again")
    return number


def _environment(path: Path) -> dict[str, str]:
    """Return what a run says that it ran on, by dotted name; nothing where there is no file. Raises BadInput."""
    if files.wrong_with(path) == files.MISSING:
        return {}
    try:
        with files.opened(path, "what a run ran on") as file:
            data = file.read(LARGEST_ENVIRONMENT + 1)
        said = json.loads(data) if len(data) <= LARGEST_ENVIRONMENT else None
        facts = dict(flat("", said))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{path}: cannot be read ({error}), expected what a run ran on; compare again") from error
    if not isinstance(said, dict) or len(facts) > FACTS:
        raise BadInput(f"{path}: not what a run ran on, expected a JSON object of at most {FACTS:,} facts")
    return facts


def flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the facts of nested data: those of an object by name, a list as one."""
    if isinstance(value, dict):
        for inner, each in value.items():
            yield from flat(f"{name}.{inner}" if name else str(inner), each)
    else:
        words = ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
        yield printable(name), printable(words, LONGEST)
