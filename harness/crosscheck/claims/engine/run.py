"""Running the claims: each in a process of its own on one core, some at once; one that crashes fails its own row."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from crosscheck_impls.interface import VARIANTS

from crosscheck.claims import Claim
from crosscheck.core.extras import need
from crosscheck.core.failures import Failure as Lost
from crosscheck.core.failures import Kind

if TYPE_CHECKING:
    from crosscheck.claims.engine.lab import Findings

TIME_LIMIT = 600.0  # seconds for one claim
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class Failure(NamedTuple):
    """Why a claim has no findings."""

    reason: str


def installed() -> list[str]:
    """Return the frameworks that are there."""
    return [name for name in VARIANTS if importlib.util.find_spec(name) is not None]


def run(
    claims: Sequence[Claim],
    report: Callable[[str, int, int], None],
    done: Callable[[Claim, Findings | Failure], None],
    at_once: int | None = None,
    time_limit: float = TIME_LIMIT,
) -> None:
    """Run the claims and call `done` for each, in the order in which they end; those that measure time at the end."""
    need("matplotlib", "plots", "the pictures of the claims")
    at_once = at_once or max(1, min(2, os.cpu_count() or 1))
    report("claims", 0, len(claims))
    finished = 0
    longest_first = sorted(claims, key=lambda claim: -claim.seconds)
    for together, number in (
        ([claim for claim in longest_first if not claim.measures_time], at_once),
        ([claim for claim in claims if claim.measures_time], 1),
    ):
        for claim, outcome in _batch(together, number, time_limit):
            finished += 1
            done(claim, outcome)
            report(claim.name, finished, len(claims))


def _batch(claims: Sequence[Claim], at_once: int, time_limit: float) -> Iterator[tuple[Claim, Findings | Failure]]:
    """Yield the findings of each. One core and one thread for each: sums are then in the same order on every run."""
    from crosscheck.claims.engine.perform import perform  # brings NumPy along
    from crosscheck.report.words import of_failure
    from crosscheck.runner import tasks

    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    processors = [[cores[k % len(cores)]] if cores else [] for k in range(at_once)]
    by_module = {_module(claim): claim for claim in claims}
    environment = {**os.environ, **ONE_THREAD}
    for module, outcome in tasks.each(perform, list(by_module), processors, environment, time_limit, fresh=True):
        if not isinstance(outcome, Lost):
            yield by_module[module], outcome
        elif outcome.kind is Kind.TIMED_OUT:
            yield by_module[module], Failure(f"not finished within {time_limit:g} s; stopped")
        else:
            yield by_module[module], Failure(of_failure(outcome))


def _module(claim: Claim) -> str:
    return claim.name if "." in claim.name else f"crosscheck.claims.experiments.{claim.name}"
