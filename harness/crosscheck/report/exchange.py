"""What other programs read of a comparison: one JSON document, JUnit's XML, the annotations of GitHub."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from crosscheck.core.failures import Verdict
from crosscheck.judge.verdict import Row
from crosscheck.report.tables import NO_STAMP, Stamp, frame, summary
from crosscheck.report.words import MEANING, and_more, of_cause

SKIPPED = (Verdict.NOT_RUN, Verdict.UNDEFINED)
MOST = 10  # annotations of a kind, which is what GitHub shows of one step
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(rows: Sequence[Row], environment: Mapping[str, Any], stamp: Stamp = NO_STAMP) -> str:
    """Return one document: {"summary", "environment", "rows"}; a row has the columns of agreement.csv by name.

    What a row has not is null; inf and nan, which JSON lacks, are words.
    """
    records = frame(rows, stamp).astype(object).to_dict("records")
    plain = [{str(name): _plain(value) for name, value in record.items()} for record in records]
    return json.dumps({"summary": summary(rows), "environment": environment, "rows": plain}, indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    """Return a cell for JSON; an empty cell of numbers is None or NaN in the table."""
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else str(value)
    return value


def junit(rows: Sequence[Row], fails: Collection[str], stamp: Stamp = NO_STAMP) -> str:
    """Return JUnit's XML: a suite for each implementation, a case for each row.

    fails: the verdicts that are wrong; such a row is a failure with its cause, or an error where the implementation
    has `failed`. Else `not run` and `undefined` are skipped, and what is left has passed.
    """
    suites = Element("testsuites", name="crosscheck")
    for name in dict.fromkeys(row.whose for row in rows):
        those = [row for row in rows if row.whose == name]
        suite = SubElement(
            suites, "testsuite", name=_text(name), hostname=_text(stamp.of(those[0])["host"]), timestamp=stamp.time[:19]
        )
        properties = SubElement(suite, "properties")
        for what, value in (("run", stamp.run), ("versions", stamp.of(those[0])["versions"])):
            SubElement(properties, "property", name=what, value=_text(value))
        for row in those:
            _case(suite, row, fails)
        for kind in ("failure", "error", "skipped"):
            suite.set(f"{kind}s" if kind != "skipped" else kind, str(len(suite.findall(f"testcase/{kind}"))))
        suite.set("tests", str(len(those)))
    indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _case(suite: Element, row: Row, fails: Collection[str]) -> None:
    case = SubElement(
        suite, "testcase", classname=_text(row.whose), name=_text(f"{row.problem} {row.dtype} {row.device}")
    )
    cause = _text(of_cause(row.cause) or MEANING[row.verdict])
    if row.verdict in fails:
        kind = "error" if row.verdict is Verdict.FAILED else "failure"
        SubElement(case, kind, type=row.verdict, message=cause).text = cause
    elif row.verdict in SKIPPED:
        SubElement(case, "skipped", message=f"{row.verdict}: {cause}")


def _text(words: str) -> str:
    """Return words without what XML cannot hold."""
    return NO_XML.sub("\N{REPLACEMENT CHARACTER}", words)


def of_github(rows: Iterable[Row], fails: Collection[str]) -> list[str]:
    """Return GitHub's workflow commands: an error for what is wrong, a warning for what else is suspect.

    One for the rows of an implementation with one cause; at most MOST of each kind.
    """
    alike: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        if row.verdict in fails or row.verdict is Verdict.SUSPECT:
            kind = "error" if row.verdict in fails else "warning"
            alike.setdefault((kind, row.verdict, row.whose, of_cause(row.cause)), []).append(row)
    lines: dict[str, list[str]] = {"error": [], "warning": []}
    for (kind, verdict, implementation, cause), those in alike.items():
        where = f"on {those[0].problem}, {those[0].dtype}" + and_more(len(those) - 1)
        title = f"{implementation}: {verdict}"
        lines[kind].append(f"::{kind} title={_property(title)}::{_data(f'{where}: {cause}' if cause else where)}")
    return [line for each in lines.values() for line in each[:MOST]]


def _data(text: str) -> str:
    r"""Escape the message of a workflow command.

    >>> _data("100 %\nof it")
    '100 %25%0Aof it'
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property of a workflow command, whose value also ends at a colon or a comma.

    >>> _property("a, b: c")
    'a%2C b%3A c'
    """
    return _data(text).replace(":", "%3A").replace(",", "%2C")
