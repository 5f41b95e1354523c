"""The columns of a table, gathered piece by piece: numbers where a field is one, kinds where it is text."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.files.words import BOOLEANS, DATE, MISSING, number

MAX_KINDS = 10_000  # different texts of a column that are told apart; the rest are one
PLAIN = re.compile("[0-9eE+.\\-\n]*")
CODES = re.compile(r"^[+-]?0\d|[eE][+-]?\d{5}", re.MULTILINE)  # and exponents that no number has
WHOLE = 2.0**53  # from here on float64 has not every whole number


class Column(NamedTuple):
    """A column: what is a number, and what is not. name: in the header, or column3.

    numbers (m,): NaN where there is none. codes (m,): which of `texts` it is, -1 for a number or nothing.
    dates: how many. signs: how many numbers have which sign ("" for none). grouped: thousands set apart.
    code: an example with zeros in front; rounded: one that float64 has not; both "" if there is none.
    """

    name: str
    numbers: Matrix
    codes: npt.NDArray[np.int32]
    texts: tuple[str, ...]
    dates: int = 0
    signs: tuple[tuple[str, int], ...] = ()
    grouped: bool = False
    code: str = ""
    rounded: str = ""

    @property
    def text(self) -> npt.NDArray[np.bool_]:
        """Where it is text (m,)."""
        return np.asarray(self.codes >= 0)

    @property
    def gaps(self) -> npt.NDArray[np.bool_]:
        """Where it is nothing (m,)."""
        return np.asarray(np.isnan(self.numbers) & (self.codes < 0))

    @property
    def boolean(self) -> bool:
        """Whether it is true and false, and no number."""
        return bool(self.texts) and all(text.lower() in BOOLEANS for text in self.texts) and not self.has_numbers

    @property
    def has_numbers(self) -> bool:
        """Whether any of it is a number."""
        return bool(np.isfinite(self.numbers).any() or np.isinf(self.numbers).any())

    def as_numbers(self) -> Matrix:
        """Return a column of numbers or booleans as numbers (m,)."""
        if not self.boolean:
            return self.numbers
        values = np.array([*(BOOLEANS[text.lower()] for text in self.texts), np.nan])
        return np.asarray(values[self.codes])

    def kinds(self) -> tuple[npt.NDArray[np.int64], list[str]]:
        """Return which kind each example is (m,), -1 where it is nothing, and the kinds by their names, in order."""
        values = [float(v) for v in np.unique(self.numbers[~np.isnan(self.numbers)])]
        texts = {text: len(values) + k for k, text in enumerate(sorted(self.texts))}
        names = [written(v) for v in values] + list(texts)
        places = np.array([*(texts[text] for text in self.texts), -1])
        which = np.where(np.isnan(self.numbers), places[self.codes], np.searchsorted(values, self.numbers))
        return which, names

    def taken(self, rows: Any) -> Column:
        """Return some of the examples."""
        there, codes = np.unique(self.codes[rows], return_inverse=True)
        texts = tuple(self.texts[code] for code in there if code >= 0)
        shifted = np.asarray(codes - (len(there) - len(texts)), np.int32)
        return self._replace(numbers=self.numbers[rows], codes=shifted, texts=texts)


def with_points(text: str) -> str:
    """Return a text with points before decimals, where commas stand; nothing that is a number where it has points.

    >>> with_points("1,5"), with_points("1.234,5")
    ('1.5', '?')
    """
    return "?" if "." in text else text.replace(",", ".")


def written(value: float) -> str:
    """Return a number as people write it.

    >>> written(2.0), written(0.5)
    ('2', '0.5')
    """
    return f"{value:.15g}"


class Gathered:
    """A column that is being read. decimal: the sign before decimals."""

    def __init__(self, decimal: str) -> None:
        self._decimal = decimal
        self._numbers: list[Matrix] = []
        self._codes: list[npt.NDArray[np.int32]] = []
        self._texts: dict[str, int] = {}
        self._known: dict[str, tuple[float, int]] = {}
        self._signs: Counter[str] = Counter()
        self._dates = 0
        self._grouped, self._code, self._rounded = False, "", ""

    def add(self, fields: tuple[str, ...]) -> None:
        """Take the next fields."""
        numbers = self._fast(fields)
        if numbers is None:
            said = [self._field(field) for field in fields]
            numbers = np.array([value for value, _ in said])
            self._codes.append(np.array([code for _, code in said], np.int32))
        else:
            self._codes.append(np.full(len(fields), -1, np.int32))
            self._signs[""] += len(fields)
        if not self._rounded and (np.abs(numbers) >= WHOLE).any():
            large = (f for f, v in zip(fields, numbers, strict=True) if abs(v) >= WHOLE and f.lstrip("+-").isdigit())
            self._rounded = next((f for f in large if len(f) < 300 and int(f) != float(f)), "")
        self._numbers.append(numbers)

    def add_numbers(self, numbers: Matrix) -> None:
        """Take the next fields, plain numbers of which none is rounded."""
        self._numbers.append(numbers)
        self._codes.append(np.full(len(numbers), -1, np.int32))
        self._signs[""] += len(numbers)

    def _fast(self, fields: tuple[str, ...]) -> Matrix | None:
        """Return plain numbers, None where there is anything else."""
        joined = "\n".join(fields)
        if self._decimal == ",":
            joined = with_points(joined)
            fields = tuple(joined.split("\n"))
        if not PLAIN.fullmatch(joined) or CODES.search(joined):
            return None
        try:
            return np.fromiter(map(float, fields), np.float64, len(fields))
        except ValueError:
            return None

    def _field(self, field: str) -> tuple[float, int]:
        """Return a field's number, NaN if it is none, and its kind, -1 if it is no text."""
        if field in self._known:
            value, code = self._known[field]
        else:
            value, code = self._value(field)
            if len(self._known) < MAX_KINDS:
                self._known[field] = value, code
        if code >= 0:
            self._dates += DATE.fullmatch(field) is not None
        elif not np.isnan(value):
            said = number(field, self._decimal)
            self._signs[said.sign if said else ""] += 1
        return value, code

    def _value(self, field: str) -> tuple[float, int]:
        if field.lower() in MISSING:
            return np.nan, -1
        said = number(field, self._decimal)
        if said is None:
            if len(self._texts) < MAX_KINDS:
                return np.nan, self._texts.setdefault(field, len(self._texts))
            return np.nan, self._texts.get(field, MAX_KINDS - 1)
        self._grouped |= said.grouped
        self._code = self._code or (field if said.code else "")
        return said.value, -1

    def column(self, name: str) -> Column:
        """Return all that was taken."""
        return Column(
            name,
            np.concatenate(self._numbers) if self._numbers else np.empty(0),
            np.concatenate(self._codes) if self._codes else np.empty(0, np.int32),
            tuple(self._texts),
            self._dates,
            tuple(sorted(self._signs.items())),
            self._grouped,
            self._code,
            self._rounded,
        )
