"""Honest runs: right implementations on drawn networks, judged as `compare` judges; any alarm is a false one.

A batch of problems is asked of a few implementations, dealt in turn, in every dtype asked for; JAX's only where the
shapes are from the pool (`honest_draws`). In every other batch the processes do not share the processors out, so that
the libraries have more threads. An implementation is any: ours, those of `varied`, and anybody's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import DTYPES, VARIANTS

from crosscheck.comparison.asked import Implementation, Request
from crosscheck.comparison.results import Recorded, Results, interrupted
from crosscheck.comparison.session import Report, compare
from crosscheck.evaluation.honest_draws import BATCH, name, number_of, pooled, problem
from crosscheck.judge.verdict import Key, Row, twins
from crosscheck.report.tables import cells
from crosscheck.runner.subprocesses import missing

OURS = tuple(VARIANTS)
ASKED = 5  # implementations of each problem


def varied() -> list[str]:
    """Return the modules of those that round otherwise, where their framework is installed."""
    return [f"crosscheck.evaluation.varied.with_{each}" for each in ("numpy", "torch") if not missing(each)]


class Batch(NamedTuple):
    """Problems, by their numbers, and who is asked. all_processors: of each process, instead of a share."""

    numbers: range
    chosen: tuple[Implementation, ...]
    all_processors: bool
    device: str = "cpu"
    dtypes: Sequence[str] = DTYPES

    @property
    def runs(self) -> int:
        """How many runs it is."""
        return len(self.numbers) * len(self.chosen) * len(self.dtypes)

    def request(self, seed: int) -> Request:
        """Return what is asked, with the networks drawn."""
        drawn = [problem(seed, number) for number in self.numbers]
        return Request(drawn, self.chosen, self.dtypes, self.device, together=True, all_processors=self.all_processors)


def batches(
    count: int, seed: int, chosen: Sequence[Implementation], device: str = "cpu", dtypes: Sequence[str] = DTYPES,
    evenly: bool = False,
) -> Iterator[Batch]:  # fmt: skip
    """Yield batches with at least `count` runs in all, less than one problem's more for each deck.

    evenly: JAX's implementations get as many runs as the others, and not every fifth batch.
    """
    compiled = [each for each in chosen if each.framework == "jax"]
    others = [each for each in chosen if each.framework != "jax"]
    dealers = {True: _dealt(compiled or others, seed), False: _dealt(others, seed)}
    apart = evenly and compiled and others
    left = {True: count * len(compiled) / len(chosen) if apart else count}
    left[False] = count - left[True]
    first = 0
    while max(left.values()) > 0:
        deck = pooled(first) or not apart
        hand = next(dealers[pooled(first)], ()) if left[deck] > 0 else ()
        if hand:
            size = min(BATCH, math.ceil(left[deck] / (len(hand) * len(dtypes))))
            yield Batch(range(first, first + size), hand, first // BATCH % 2 == 1, device, dtypes)
            left[deck] -= size * len(hand) * len(dtypes)
        first += BATCH


def _dealt(deck: Sequence[Implementation], seed: int) -> Iterator[tuple[Implementation, ...]]:
    """Yield hands of the deck for ever, each implementation as often as the others; none of an empty deck."""
    order = np.random.default_rng(seed).permutation(len(deck))
    at, size = 0, min(ASKED, len(deck))
    while deck:
        yield tuple(deck[order[(at + k) % len(deck)]] for k in range(size))
        at += size


def checked(plan: Sequence[Batch], seed: int) -> Callable[[Row], None]:
    """Return what raises for a record that is none of these runs."""
    by_start = {batch.numbers.start: batch for batch in plan}

    def check(row: Row) -> None:
        cells(row)
        number = number_of(row.problem)
        batch = by_start.get(number // BATCH * BATCH)
        if batch is None or number not in batch.numbers or row.implementation not in map(str, batch.chosen):
            raise ValueError(f"a run of {row.problem}, which was not asked for")
        if row.key != Key(name(seed, number), row.implementation, row.dtype, batch.device):
            raise ValueError(f"a run of {row.problem}, which was not asked for")
        if row.dtype not in batch.dtypes:
            raise ValueError(f"a run in {row.dtype}, expected {' or '.join(batch.dtypes)}")

    return check


def run(
    plan: Sequence[Batch],
    seed: int,
    report: Report,
    there: Iterable[Row],
    record: Callable[[Row], None],
    rows: list[Row],
) -> None:
    """Run what is not there yet. record: called with each new run. rows: gets them all, in order at the end."""
    rows += {row.key: row for row in there if not interrupted(row)}.values()
    known: dict[int, list[Row]] = {}
    for row in rows:
        known.setdefault(number_of(row.problem) // BATCH, []).append(row)
    total = sum(batch.runs for batch in plan)

    def add(said: Recorded) -> None:
        if isinstance(said, Row):
            rows.append(in_short(said))
            record(rows[-1])
            report(said.implementation, len(rows), total)

    for batch in plan:
        had = known.get(batch.numbers.start // BATCH, [])
        if len(had) < batch.runs:
            report("drawing networks", len(rows), total)
            compare(batch.request(seed), lambda *_: None, Results(list(had)), record=add)
    twins(rows)
    rows.sort(key=lambda row: (number_of(row.problem), row.implementation, row.dtype))


def in_short(row: Row) -> Row:
    """Return a row with the comparisons that say most: the largest error in units of the bound, and of the noise."""
    most = (row.worst(), row.noisiest())
    told = [c for k, c in enumerate(most) if c is not None and c not in most[:k]]
    return replace(row, comparisons=told, costs=(), heat=None)
