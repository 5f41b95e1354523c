"""Columns that are no features: text, dates, codes, and what only counts or names the examples."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crosscheck.problems.files.columns import Column, written
from crosscheck.problems.files.table import counts, short

FEW_KINDS = 20  # of a column that one-hot makes sense for
RARE = 0.05  # share of texts in a column of numbers that may stand for something missing
MANY = 10  # examples from which a column that counts them does not do so by chance
KEY_CAMEL = re.compile(r".*[a-z](ID|Id)")
KEY_WORD = re.compile(r"(.*[_ .-])?(id|uid|uuid|idx|index|rowid|rownames?|row|nr|no|#)\.?", re.IGNORECASE)
CODE = re.compile(r"(.*[_ .-])?(zip|zip_?code|post_?code|postal_?code|plz|phone|telephone|ssn|isbn)", re.IGNORECASE)
SENTINELS = (-9, -99, -999, -9999, -99999, 999, 9999, 99999)
FAR = 5  # times as far from 0 as all else is, for a number that may stand for something missing
LISTED = 8  # columns, in a message


class Suspect(NamedTuple):
    """A column that is no feature as it is. why: in words; remedy: the option for it; keep: whether it can be kept."""

    name: str
    why: str
    remedy: str
    keep: bool = False


def suspect(column: Column, lines: npt.NDArray[np.int64], line: str) -> Suspect | None:
    """Return why a column cannot be trained on as it is, None if it can. line: what the lines' numbers count."""
    if column.text.any() and not column.boolean:
        return _text(column, lines, line)
    signs = [f"{n:,} with {sign}" if sign else f"{n:,} without" for sign, n in column.signs if n]
    if len(signs) > 1:
        return Suspect(column.name, f"numbers with and without a sign: {', '.join(signs)}", "drop")
    return _number(column)


def _text(column: Column, lines: npt.NDArray[np.int64], line: str) -> Suspect:
    """Return what is wrong with a column that holds text."""
    place = int(np.argmax(column.text))
    example = column.texts[column.codes[place]]
    where = f"{short(example)} at {line} {lines[place]}"
    if column.dates:
        return Suspect(column.name, f"dates, {where}", "drop")
    if column.has_numbers and len(column.texts) == 1 and column.text.mean() <= max(RARE, 1.5 / len(lines)):
        return Suspect(column.name, f"{where} is not a number", f"na {shlex.quote(example)}")
    few = len(set(column.texts)) <= min(FEW_KINDS, max(2, len(lines) // 2)) and not column.has_numbers
    return Suspect(column.name, f"text, {where}", "one-hot" if few else "drop")


def _number(column: Column) -> Suspect | None:
    """Return what is wrong with a column of numbers."""
    numbers = column.numbers[~np.isnan(column.numbers)]
    if column.rounded:
        return Suspect(column.name, f"{column.rounded} is rounded in float64, an identifier it seems", "drop", True)
    if column.code:
        return Suspect(column.name, f"{column.code!r} begins with 0, a code it seems", "drop", True)
    if not len(numbers) or not np.isfinite(numbers).all() or not np.array_equal(numbers, np.floor(numbers)):
        return None
    named = KEY_WORD.fullmatch(column.name) or KEY_CAMEL.fullmatch(column.name)
    if counts(column.numbers) and (named or len(column.numbers) >= MANY):
        return Suspect(column.name, "it counts the examples", "drop", True)
    if CODE.fullmatch(column.name):
        return Suspect(column.name, "a code, by its name", "drop", True)
    if named and len(np.unique(numbers)) == len(numbers) > 1:
        return Suspect(column.name, "every example has another, an identifier it seems", "drop", True)
    if _dates(numbers):
        return Suspect(column.name, f"{written(numbers[0])} and all others are dates, it seems", "drop", True)
    return None


def _dates(numbers: npt.NDArray[np.float64]) -> bool:
    """Return whether all whole numbers are dates such as 20200131."""
    year, month, day = numbers // 10_000, numbers // 100 % 100, numbers % 100
    return bool(((abs(year - 2000) <= 100) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def sentinel(column: Column) -> str:
    """Return a number that seems to stand for something missing, with how often; nothing if there is none."""
    numbers = column.numbers[np.isfinite(column.numbers)]
    for value in SENTINELS:
        rest = np.abs(numbers[numbers != value])
        if len(rest) and (count := len(numbers) - len(rest)) and rest.max() < abs(value) / FAR:
            return f"{column.name} is {value} {count} time{'s' * (count > 1)}"
        if value < 0 and len(rest) and count and numbers[numbers != value].min() >= 0:
            return f"{column.name} is {value} {count} time{'s' * (count > 1)}, and never below 0 else"
    return ""


def refusal(suspects: Sequence[Suspect]) -> str:
    """Return in one sentence what is wrong with columns, and the options that put it right."""
    listed = "; ".join(f"{each.name} ({each.why})" for each in suspects[:LISTED])
    more = f"; and {len(suspects) - LISTED} more" if len(suspects) > LISTED else ""
    columns = {kind: [s.name for s in suspects if s.remedy == kind] for kind in ("drop", "one-hot")}
    options = [option(kind, names) for kind, names in columns.items() if names]
    options += sorted({f"--{each.remedy}" for each in suspects if each.remedy.startswith("na ")})
    options += ["--dropna"] * any(each.remedy.startswith("na ") for each in suspects)
    keep = [each.name for each in suspects if each.keep]
    kept = f"; or {option('keep', keep)}, if it is a number after all" if keep else ""
    return f"no features: {listed}{more}; {' '.join(options)}{kept}"


def option(kind: str, names: Sequence[str]) -> str:
    """Return an option with the names of columns, as a shell takes it.

    >>> option("drop", ["a", "b c"]), option("drop", ["a,b", "c"])
    ("--drop 'a,b c'", '--drop a,b --drop c')
    """
    if any("," in name for name in names):
        return " ".join(f"--{kind} {shlex.quote(name)}" for name in names)
    return f"--{kind} {shlex.quote(','.join(names))}"
