"""Where a run's tables go: a partial or private run must not replace tables that cover more."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosscheck_impls.interface import BadInput

from crosscheck.core import files

if TYPE_CHECKING:
    from crosscheck.problems.catalogue import Options

LATEST = Path("results/latest")  # of the current folder; here the last run always replaces the one before
Cover = Mapping[str, Iterable[str]]  # what a table covers: problems, implementations, dtypes ...


def prepare(out: Path, table: str, columns: Mapping[str, str], covers: Cover, force: bool) -> None:
    """Make the folder, and refuse before the run if the table there would lose something. Raises BadInput.

    table: the file's name. columns: its column for each kind of thing that it covers, {"problem": "problem"}.
    covers: what the run will cover, by the same kinds.
    """
    stands(out / table)
    if replaces_freely(out, force):
        files.writable(out)
        return
    standing = read(out / table, columns)
    lost = {kind: [name for name in names if name not in set(covers[kind])] for kind, names in standing.items()}
    refuse_if_lost(out / table, [listed(kind, names) for kind, names in lost.items() if names])
    files.writable(out)


def stands(path: Path) -> bool:
    """Return whether there is such a file. Raises BadInput for what neither is one nor can become one."""
    wrong = files.wrong_with(path)
    if wrong and wrong != files.MISSING:
        raise BadInput(f"{path}: {wrong}, expected a place to write to; name another", parameter="out")
    return not wrong


def replaces_freely(out: Path, force: bool) -> bool:
    """Return whether whatever stands in the folder may be replaced."""
    return force or os.path.realpath(out) == os.path.realpath(LATEST)


def refuse_if_lost(table: Path, lost: list[str]) -> None:
    """Raise BadInput if there is anything in the list, which says in words what would be lost."""
    if lost:
        raise BadInput(
            f"{table}: covers more than this run, and would lose {', '.join(lost)}; --out another, or --force"
        )


def listed(kind: str, names: list[str]) -> str:
    """Return names in words, the first three of many.

    >>> listed("problem", ["kink", "flower"])
    '2 problems (kink, flower)'
    """
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} {kind}{'s' if len(names) > 1 else ''} ({shown})"


def read(path: Path, columns: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what a table covers, each thing once; nothing where there is no table.

    Raises BadInput for a file that is not such a table, since that would be lost too.
    """
    if not stands(path):
        return {}
    lines = _lines(path, columns.values())
    return {kind: list(dict.fromkeys(line[column] or "" for line in lines)) for kind, column in columns.items()}


def _lines(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """Return the lines of a table by column. Raises BadInput for a file that is not a table with these columns."""
    try:
        with files.opened(path) as file:
            reader = csv.DictReader(io.TextIOWrapper(file, "utf-8", newline=""))
            lines, names = list(reader), set(reader.fieldnames or ())
    except (OSError, UnicodeError, csv.Error):
        lines, names = [], set()
    if not set(columns) <= names:
        raise BadInput(f"{path}: not a table of Crosscheck's, and would be lost; --out another, or --force")
    return lines


def changed(options: Options) -> dict[str, bool | str | list[str]]:
    """Return which options are not the problem's own settings: a switch as it is, all else as text, or a list of it."""
    given = options._asdict() | options.how._asdict()
    defaults = {**options.how._field_defaults, **options._field_defaults, "how": options.how}
    return {name: _plain(value) for name, value in given.items() if value != defaults[name]}


def _plain(value: Any) -> bool | str | list[str]:
    if isinstance(value, bool):
        return value
    return [str(each) for each in value] if isinstance(value, list) else str(value)


def same_settings(out: Path, options: Options, force: bool) -> None:
    """Raise BadInput if the table that stands in the folder was made with other settings of the problems."""
    path = out / "environment.json"
    if replaces_freely(out, force) or not stands(path):
        return
    try:
        with files.opened(path) as file:
            settings: Any = json.load(file)["settings"]
        before, now = dict(settings.get("options", {})), changed(options)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadInput(f"{path}: cannot be read, and would be lost; --out another, or --force") from None
    if before != now:
        words = ", ".join(f"{name} {value}" for name, value in before.items()) or "each problem's own settings"
        raise BadInput(f"{out / 'agreement.csv'}: was made with {words}, this run is not; --out another, or --force")


def draws(path: Path) -> int:
    """Return how many random problems each network had in a false_alarms.csv, from their names; 0 without one."""
    problems = read(path, {"problem": "problem"}).get("problem", [])
    numbers = [int(match[1]) for name in problems if (match := re.match(r"random-\d+-(\d+)-", name))]
    return max(numbers, default=-1) + 1


def runs(path: Path) -> int:
    """Return how many runs a honest.csv counts; 0 without one. Raises BadInput for a file that is none."""
    if not stands(path):
        return 0
    numbers = [line["runs"] or "" for line in _lines(path, ["runs"])]
    return sum(int(number) for number in numbers if number.isdecimal())
