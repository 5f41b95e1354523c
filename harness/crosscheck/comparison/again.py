"""Some questions once more, in a fresh process that has all processors.

The workers share the processors out, so that a fault for more than one thread is seen in none of them; and each has
answered much before it comes to float64. So one more process for each framework asks its variants again, in float64 and
in short: the first case and the largest one. Problems that are about threads are asked there alone. One import is what
this costs, and so the variants of a framework share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crosscheck.core.failures import BAD
from crosscheck.core.records import Case
from crosscheck.judge.causes import WithAllProcessors
from crosscheck.judge.verdict import Key, Row
from crosscheck.problems.cases import brief
from crosscheck.runner.subprocesses import Job
from crosscheck.runner.threads import most

COST = {"torch": 0.2, "jax": 0.1}  # after everything else, the longest first


def questions(cases: Iterable[Case]) -> list[Case]:
    """Return the first and the largest of the float64 cases, in short."""
    wide = [case for case in cases if case.dtype == "float64"]
    chosen = [*wide[:1], *sorted(wide[1:], key=_multiplications)[-1:]]
    return [brief(case) for case in chosen]


def _multiplications(case: Case) -> int:
    return int(case.X.shape[1] * sum(layer.W.size for layer in case.checkpoints[0]))


def job(
    framework: str, device: str, asked: Sequence[tuple[Case, str]], cost: float | None = None,
    all_processors: bool = True,
) -> Job:  # fmt: skip
    """Return what one process of a framework is asked: cases, each of a variant. It starts last, unless it costs more.

    A variant that ends the process costs the others nothing: there is a new one for each case if need be.
    """
    cost = COST.get(framework, 0.0) if cost is None else cost
    return Job(
        framework, asked[0][1], device, [case for case, _ in asked], cost, len(asked) + 1,
        variants=[variant for _, variant in asked], all_processors=all_processors,
    )  # fmt: skip


def hold(rows: Iterable[Row], again: Mapping[Key, Row]) -> None:
    """Let a row that does not agree with all processors not agree."""
    for row in rows:
        other = again.get(row.key)
        if other is not None and other.verdict in BAD and row.verdict not in BAD:
            row.verdict, row.cause = other.verdict, WithAllProcessors(0 if row.host else most(), other.cause)
            row.comparisons = [*row.comparisons, *other.comparisons]
            row.heat = other.heat
