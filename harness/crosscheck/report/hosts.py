"""A fleet's rows side by side: which host has another verdict, or other bits, than most have on the same question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from crosscheck.judge.verdict import Row
from crosscheck.report.html.entries import Entry
from crosscheck.report.words import of_cause
from crosscheck.runs.difference import ORDER
from crosscheck.runs.many import Merged, merge
from crosscheck.runs.table import Key, Line, Run

Judged = TypeVar("Judged", Row, Entry)


def of_hosts(rows: Sequence[Row]) -> Merged | None:
    """Return the hosts of a fleet as the runs of many; None where the rows are of one machine."""
    lines: dict[str, dict[Key, Line]] = {}
    for row in rows:
        worst = row.worst()
        key = Key(row.problem, row.implementation, row.dtype, row.device)
        lines.setdefault(row.host, {})[key] = Line(
            key, row.verdict, worst and worst.ratio, worst.tensor if worst else "", {}, of_cause(row.cause), row.bits
        )
    if not any(lines):
        return None
    return merge([Run(host, those, {"host": host}, (), {}) for host, those in lines.items()])


def worst(rows: Iterable[Judged]) -> list[Judged]:
    """Return of each question the row of the host with the gravest verdict, the first of these, in the rows' order."""
    chosen: dict[tuple[str, ...], Judged] = {}
    for row in rows:
        key = row.problem, row.implementation, row.dtype, row.device
        if key not in chosen or ORDER.index(row.verdict) > ORDER.index(chosen[key].verdict):
            chosen[key] = row
    return list(chosen.values())
