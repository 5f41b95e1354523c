"""The rows of a comparison while they come: what a journal holds, in which order they stand, and what goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from crosscheck_impls.interface import EVERY_DTYPE

from crosscheck.comparison import again
from crosscheck.comparison.asked import Request
from crosscheck.core import interrupts
from crosscheck.core.failures import Failure, Kind
from crosscheck.judge.evidence import Background
from crosscheck.judge.verdict import Key, Row, twins


class Ran(NamedTuple):
    """What a framework says that it ran on; of a fleet `framework on host`."""

    framework: str
    environment: Mapping[str, Any]


class Again(NamedTuple):
    """The row of what was asked once more, with all processors."""

    row: Row


@dataclass
class Results:
    """What has been judged so far, and what each framework says that it ran on; what is in it is not run again.

    again: what was asked once more. backgrounds: what the rows of a problem in a dtype are seen against.
    """

    rows: list[Row] = field(default_factory=list)
    again: dict[Key, Row] = field(default_factory=dict)
    backgrounds: dict[tuple[str, str], Background] = field(default_factory=dict)
    environments: dict[str, Mapping[str, Any]] = field(default_factory=dict)


Recorded: TypeAlias = Row | Again | Ran | Background  # what a journal holds


def in_order(request: Request, rows: Iterable[Row]) -> list[Row]:
    """Return the rows by problem, implementation, dtype and host, as they were asked for."""
    names = [*(p.name for p in request.problems), *map(str, request.chosen), *EVERY_DTYPE]
    order = {name: k for k, name in enumerate(names)}
    hosts = {host: k for k, host in enumerate(request.hosts)}
    return sorted(rows, key=lambda r: (order[r.problem], order[r.implementation], order[r.dtype], hosts[r.host]))


def keys(request: Request) -> set[Key]:
    """Return the keys of all rows of a request."""
    return {
        Key(problem.name, str(each), dtype, request.device, host)
        for problem, dtype in request.asked() for each in request.chosen for host in request.hosts
    }  # fmt: skip


def restored(request: Request, records: Iterable[Recorded]) -> Results:
    """Return the results of records of the same request; a row that only an interrupt made is left out."""
    wanted = keys(request)
    return _gathered(records, lambda row: row.key in wanted and not interrupted(row))


def finished(records: Iterable[Recorded]) -> Results:
    """Return the results of the records of a run that has ended, as `compare` has left them."""
    results = _gathered(records, lambda _: True)
    again.hold(results.rows, results.again)
    twins(results.rows)
    return results


def _gathered(records: Iterable[Recorded], wanted: Callable[[Row], bool]) -> Results:
    rows: dict[Key, Row] = {}
    results = Results()
    for record in records:
        if isinstance(record, Ran):
            results.environments[record.framework] = record.environment
        elif isinstance(record, Background):
            results.backgrounds[record.problem, record.dtype] = record
        else:
            row, known = (record.row, results.again) if isinstance(record, Again) else (record, rows)
            if wanted(row):
                known[row.key] = row
    results.rows += rows.values()
    return results


def interrupted(row: Row) -> bool:
    """Return whether somebody ended the process, and this one with it, perhaps a moment later; or a fleet's worker."""
    if not isinstance(row.cause, Failure):
        return False
    kind, number = row.cause.kind, row.cause.number
    return kind is Kind.WORKER_LOST or (kind is Kind.KILLED and number in interrupts.WORDS)
