"""The other tables that lie in the folder, as sections of the page: mutation score, claims, speed."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosscheck_impls.interface import BadInput

from crosscheck.core import files

LARGEST = 2**25  # bytes of a table or a picture
ROWS = 400  # of a table in the page; the CSV has all
FIRST_CRITERION = 9  # of mutation.csv's columns, those after it are the baselines' answers
Line = Mapping[str, str]


@dataclass(frozen=True)
class Bar:
    """A cell with a bar: its length in [0, 1], and the number that it stands for."""

    length: float
    text: str


@dataclass(frozen=True)
class Table:
    """A table: what it is of, its header, its rows. folded: whether it is opened on demand."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | Bar]]
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page. source: the file that has all of it. pictures: a name and a data URL each."""

    name: str
    title: str
    source: str
    words: str
    tables: Sequence[Table]
    pictures: Sequence[tuple[str, str]] = ()


def sections(folder: Path) -> list[Section]:
    """Return what lies in a folder of results; a file that is no such table is left out."""
    made = []
    for name, columns, make in SECTIONS:
        lines = table(folder / f"{name}.csv", columns)
        if lines:
            made.append(make(lines, folder))
    return made


def table(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """Return the lines of a table; none where there is no file, or not one with these columns."""
    try:
        with files.opened(path) as file:
            data = file.read(LARGEST + 1)
        reader = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""))
        lines = [{name: value or "" for name, value in line.items() if name} for line in reader]
    except (BadInput, OSError, UnicodeError, csv.Error):
        return []
    return lines if len(data) <= LARGEST and set(columns) <= set(reader.fieldnames or ()) else []


def _mutation(lines: Sequence[Line], folder: Path) -> Section:
    """Return how many mutants are caught, beside what other criteria catch."""
    alive = [line for line in lines if line["caught"] != "equivalent"]
    seen = [line for line in alive if line["caught"] not in ("missed", "undecided")]
    runs = table(folder / "false_alarms.csv", ("dtype", "verdict"))
    dtypes = sorted({line["dtype"] for line in alive}, reverse=True)

    def row(name: str, caught: Callable[[Line], bool | None], alarm: Callable[[Line], bool | None]) -> list[str | Bar]:
        return [
            name,
            *(_share(caught, of, dtype) for of, caught in ((alive, caught), (runs, alarm)) for dtype in dtypes),
        ]

    rows = [
        row("Crosscheck", lambda line: line["caught"] not in ("missed", "undecided"),
            lambda line: line["verdict"] != "agrees"),
        *(row(name, _said(name), _said(name)) for name in list(lines[0])[FIRST_CRITERION:]),
    ]  # fmt: skip
    header = ["criterion", *(f"{what}, {dtype}" for what in ("caught", "false alarms") for dtype in dtypes)]
    how = [
        [by, *(f"{sum(l['caught'] == by and l['dtype'] == dtype for l in lines):,}" for dtype in dtypes)]
        for by, _ in Counter(line["caught"] for line in lines).most_common()
    ]
    missed = [
        [line["mutant"], line["problem"], line["dtype"], line.get("effect", ""), line.get("ratio", "")]
        for line in alive if line["caught"] in ("missed", "undecided")
    ]  # fmt: skip
    words = f"{len(seen):,} of {len(alive):,} planted mistakes that change a result are seen."
    return Section("mutation", "What would have been seen", "mutation.csv", words, [
        Table("Planted mistakes caught, and right implementations called wrong", header, rows),
        Table("Mutants by what catches them; an equivalent one computes the same", ["by", *dtypes], how, folded=True),
        Table("Missed; effect: in units of the rounding noise", ["mutant", "problem", "dtype", "effect", "largest"],
              missed[:ROWS], folded=True),
    ])  # fmt: skip


def _said(criterion: str) -> Callable[[Line], bool | None]:
    return lambda line: {"True": True, "False": False}.get(line.get(criterion, ""))


def _share(of: Callable[[Line], bool | None], lines: Iterable[Line], dtype: str) -> str | Bar:
    """Return the share of the lines of which something is so, among those of which it is known."""
    said = [answer for line in lines if line["dtype"] == dtype and (answer := of(line)) is not None]
    return Bar(sum(said) / len(said), f"{100 * sum(said) / len(said):.1f} %") if said else ""


def _claims(lines: Sequence[Line], folder: Path) -> Section:
    """Return what the notes claim beside what was measured, what does not hold first."""
    holds = sum(line["verdict"] == "holds" for line in lines)
    columns = ["notes", "statement", "measured", "verdict"]
    parts = [
        ("What does not simply hold", [line for line in lines if line["verdict"] != "holds"], False),
        ("What holds", [line for line in lines if line["verdict"] == "holds"], True),
    ]
    words = f"{len(lines)} statements of the notes, measured in each framework: {holds} simply hold."
    tables = [
        Table(caption, columns, [[line[c] for c in columns] for line in those[:ROWS]], folded=folded)
        for caption, those, folded in parts if those
    ]  # fmt: skip
    return Section("claims", "The notes' claims", "claims.csv", words, tables, list(_pictures(folder / "claims")))


def _pictures(folder: Path) -> Iterable[tuple[str, str]]:
    for path in sorted(folder.glob("*.svg")):
        try:
            with files.opened(path) as file:
                data = file.read(LARGEST)
        except (BadInput, OSError):
            continue
        yield path.stem.replace("_", " "), f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"


def _speed(lines: Sequence[Line], folder: Path) -> Section:
    """Return how long an iteration takes, over the floor of the machine, one table a size."""
    most = max((_positive(line["floor"]) or 1.0 for line in lines), default=1.0)
    dtypes = sorted({line["dtype"] for line in lines}, reverse=True)
    tables = list[Table]()
    for size in dict.fromkeys(line["size"] for line in lines):
        by = {(line["contestant"], line["dtype"]): line for line in lines if line["size"] == size}
        names = dict.fromkeys(name for name, _ in by if not name.startswith("products") and name != "copy")
        ordered = sorted(names, key=lambda name: _positive(by.get((name, dtypes[0]), {}).get("floor")) or math.inf)
        rows = [
            [name, *(each for dtype in dtypes for each in _timed(by.get((name, dtype), {}), most))] for name in ordered
        ]
        header = ["contestant", *(f"{what}, {dtype}" for dtype in dtypes for what in ("µs", "x floor"))]
        tables.append(Table(size, header, rows, folded=bool(tables)))
    words = "The time of an iteration of gradient descent; bars: over the floor of this machine, logarithmic."
    return Section("speed", "Speed", "speed.csv", words, tables)


def _timed(line: Line, most: float) -> list[str | Bar]:
    median, floor = _positive(line.get("median")), _positive(line.get("floor"))
    if median is None:
        return [line.get("reason") or "", ""]
    bar = Bar(max(0.0, math.log(floor) / math.log(most)) if most > 1 else 1.0, f"{floor:.3g}") if floor else ""
    return [f"{median:.3g}" if median < 1000 else f"{median:,.0f}", bar]


def _positive(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


SECTIONS: tuple[tuple[str, tuple[str, ...], Callable[[Sequence[Line], Path], Section]], ...] = (
    ("mutation", ("mutant", "problem", "dtype", "caught"), _mutation),
    ("claims", ("notes", "statement", "measured", "verdict"), _claims),
    ("speed", ("size", "dtype", "contestant", "median", "floor"), _speed),
)
