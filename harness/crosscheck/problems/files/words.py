"""What one field of a table says: a number in one of the ways that people write them, nothing, a date, or text."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

MISSING = frozenset(
    [
        "",
        "na",
        "n/a",
        "n.a.",
        "nan",
        "-nan",
        "null",
        "none",
        "nil",
        ".",
        "-",
        "--",
        "?",
        "missing",
        "unknown",
        "#n/a",
        "#na",
        "#div/0!",
        "#num!",
        "#value!",
        "#ref!",
        "#name?",
        "#null!",
        "<na>",
        "nat",
    ]
)  # fmt: skip; in lower case; UCI's is ?, R's NA, SAS's and Stata's ., Excel's begin with #
BOOLEANS = {"true": 1.0, "false": 0.0}
SIGNS = "%$€£¥₹"
GROUPS = " \u00a0\u202f'’"  # what some write between thousands
DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.](\d{2}|\d{4})( .*)?|"
    r"\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}|\d{1,2}:\d\d(:\d\d(\.\d+)?)?"
)
CODE = re.compile(r"0\d+")
EXPONENT = r"([eE][+-]?\d{1,4})?"


def _pattern(decimal: str, grouping: str) -> re.Pattern[str]:
    point, groups = re.escape(decimal), f"[{re.escape(grouping)}]" if grouping else "(?!)"
    fraction = rf"({point}\d*)?"
    whole = rf"(\d+{fraction}|{point}\d+|(?P<grouped>\d{{1,3}}({groups}\d{{3}})+{fraction}))"
    return re.compile(rf"[+\-−]?{whole}{EXPONENT}", re.ASCII)


# by the sign before decimals; with none known, a comma is no part of a number
NUMBERS = {
    ".": _pattern(".", "," + GROUPS), ",": _pattern(",", "." + GROUPS), "": _pattern(".", GROUPS),
}  # fmt: skip


class Number(NamedTuple):
    """A field that is a number. sign: of a percentage or a currency. grouped: thousands are set apart.

    code: it is written with zeros in front.
    """

    value: float
    sign: str = ""
    grouped: bool = False
    code: bool = False


def number(text: str, decimal: str) -> Number | None:
    """Return the number that a field is, None if it is none. decimal: the sign before decimals; "" if none is known.

    >>> number("1.234,5 €", ","), number("12.5%", "."), number("1,234", ""), number("0x10", ".")
    (Number(value=1234.5, sign='€', grouped=True, code=False), Number(value=0.125, sign='%', grouped=False, code=False), None, None)
    """  # noqa: E501
    bare, sign = text, ""
    if text[0] in SIGNS or text[-1] in SIGNS or text[:2] in ("-$", "-€", "-£"):
        sign = next(c for c in text if c in SIGNS)
        bare = text.replace(sign, "", 1).replace("- ", "-").strip()
        if sign == "%" and text[-1] != "%":
            return None
    match = NUMBERS[decimal].fullmatch(bare)
    if match is None:
        infinite = bare.lower().lstrip("+-") in ("inf", "infinity")
        return Number(math.copysign(math.inf, -1 if bare[0] == "-" else 1)) if infinite and not sign else None
    grouped = match["grouped"] is not None
    plain = bare.replace("−", "-")
    if decimal == ",":
        plain = plain.replace(".", "").replace(",", ".")
    elif grouped:
        plain = plain.replace(",", "")
    if grouped:
        plain = re.sub(f"[{re.escape(GROUPS)}]", "", plain)
    value = float(plain)
    return Number(value / 100 if sign == "%" else value, sign, grouped, CODE.fullmatch(plain) is not None)


class Decimals(NamedTuple):
    """What the fields of a table say of the sign before decimals: an example of each kind, "" if there is none.

    comma, point: it must be that. comma_or_thousand, point_or_thousand: 1,234 and 1.234 may be one or one thousand.
    """

    comma: str = ""
    point: str = ""
    comma_or_thousand: str = ""
    point_or_thousand: str = ""


SURE = (  # how a number looks, and which sign is before its decimals
    (re.compile(r"\d{1,3}(\.\d{3})+,\d*|\d{1,3}(\.\d{3}){2,}|\d*,\d+[eE][+-]?\d+"), "comma"),
    (re.compile(r"\d{1,3}(,\d{3})+\.\d*|\d{1,3}(,\d{3}){2,}|\d*\.\d+[eE][+-]?\d+"), "point"),
    (re.compile(r"[1-9]\d{0,2},\d{3}"), "comma_or_thousand"),
    (re.compile(r"[1-9]\d{0,2}\.\d{3}"), "point_or_thousand"),
    (re.compile(r"\d*,\d+"), "comma"),
    (re.compile(r"\d*\.\d+"), "point"),
)
AROUND = re.compile(rf"^[-+−{SIGNS}\s]+|[{SIGNS}\s]+$|[{re.escape(GROUPS)}](?=\d{{3}}(\D|$))")


def decimals(fields: list[str]) -> Decimals:
    """Return what fields say of the sign before decimals.

    >>> decimals(["1,5", "x", "1.234"])
    Decimals(comma='1,5', point='', comma_or_thousand='', point_or_thousand='1.234')
    """
    found: dict[str, str] = {}
    for field in fields:
        bare = AROUND.sub("", field)
        kind = next((kind for pattern, kind in SURE if pattern.fullmatch(bare)), "")
        if kind:
            found.setdefault(kind, field)
    return Decimals(**found)
