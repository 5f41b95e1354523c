"""What the journal of `power` holds: the pairs of a problem in one dtype, and runs of right implementations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from crosscheck.comparison.asked import Request
from crosscheck.comparison.results import keys, restored
from crosscheck.evaluation.false_alarms import HonestRun
from crosscheck.evaluation.score import Scored, in_order
from crosscheck.report.tables import cells

RECORD = Scored | HonestRun


def checked(names: Sequence[str], request: Request) -> Callable[[Any], None]:
    """Return what raises for a record that is not of these problems, or of no known mutant."""
    wanted = keys(request)

    def check(record: Scored | HonestRun) -> None:
        if isinstance(record, Scored):
            in_order(names, record.pairs)
            if any((pair.problem, pair.dtype) != (record.problem, record.dtype) for pair in record.pairs):
                raise ValueError(f"pairs of another problem than {record.problem}")
        else:
            cells(record.row)
            if record.row.key not in wanted:
                raise ValueError(f"a run of {record.row.problem}, which was not asked for")

    return check


def sorted_out(records: Iterable[Scored | HonestRun], request: Request) -> tuple[list[Scored], list[HonestRun]]:
    """Return the pairs and the runs, each once; a run that only an interrupt made is left out."""
    scored: dict[tuple[str, str], Scored] = {}
    runs: dict[Any, HonestRun] = {}
    for record in records:
        if isinstance(record, Scored):
            scored[record.problem, record.dtype] = record
        else:
            runs[record.row.key] = record
    rows = restored(request, [each.row for each in runs.values()]).rows
    return list(scored.values()), [runs[row.key] for row in rows]
