"""Many runs: one table of them, the hosts that stand out first, and their history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from crosscheck_impls.interface import BadInput

from crosscheck.core.failures import Verdict
from crosscheck.runs.difference import ORDER
from crosscheck.runs.table import TABLE, Key, Line, Run, read

RUNS, ROWS = 400, 400_000  # that are put together
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Place:
    """One row of the table of many: whose it is, and whether its verdict or its bits are not those of most.

    A row stands out too where there is no majority, since then nobody can say which is the odd one. A row that failed
    has no bits, and no vote where another has an answer: a lost host says nothing of what the others came to.
    """

    name: str
    line: Line
    verdict: bool
    bits: bool


@dataclass(frozen=True)
class Host:
    """A run among many: how many rows it has, and how many of them stand out."""

    name: str
    run: Run
    rows: int
    verdicts: int
    bits: int


@dataclass(frozen=True)
class Merged:
    """Many runs as one table, what stands out first. usual: the verdict and the bits of most, None without a majority.

    with_bits: how many rows have a digest.
    """

    hosts: Sequence[Host]
    places: Sequence[Place]
    usual: Mapping[Key, tuple[Verdict | None, str | None]]
    with_bits: int

    @property
    def odd(self) -> list[Place]:
        """The rows that stand out."""
        return [place for place in self.places if place.verdict or place.bits]


def merge(runs: Sequence[Run]) -> Merged:
    """Return the runs as one table. Raises BadInput for too many."""
    if len(runs) > RUNS:
        raise BadInput(f"got {len(runs):,} runs, expected at most {RUNS}")
    if (rows := sum(len(run.lines) for run in runs)) > ROWS:
        raise BadInput(f"got {rows:,} rows, expected at most {ROWS:,}; merge fewer runs")
    names = labels(runs)
    of_key: dict[Key, list[tuple[str, Line]]] = {}
    for name, run in zip(names, runs, strict=True):
        for key, line in run.lines.items():
            of_key.setdefault(key, []).append((name, line))
    usual: dict[Key, tuple[Verdict | None, str | None]] = {}
    places = []
    for key, those in of_key.items():
        answered = [line for _, line in those if line.verdict is not Verdict.FAILED]
        verdict = majority(line.verdict for line in answered or [line for _, line in those])
        bits = majority(line.bits for line in answered if line.bits)
        usual[key] = verdict, bits
        for name, line in those:
            other_bits = line.verdict is not Verdict.FAILED and line.bits not in ("", bits)
            places.append(Place(name, line, line.verdict != verdict, other_bits))
    verdicts, bits_of = Counter(p.name for p in places if p.verdict), Counter(p.name for p in places if p.bits)
    hosts = [Host(name, run, len(run.lines), verdicts[name], bits_of[name])
             for name, run in zip(names, runs, strict=True)]  # fmt: skip
    hosts.sort(key=lambda host: (-host.verdicts, -host.bits))
    rank = {host.name: k for k, host in enumerate(hosts)}
    places.sort(key=lambda p: (not p.verdict, not p.bits, rank[p.name], -ORDER.index(p.line.verdict)))
    return Merged(hosts, places, usual, sum(bool(place.line.bits) for place in places))


def majority(said: Iterable[T]) -> T | None:
    """Return what more than half of them say; None if there is no such thing.

    >>> majority("aab"), majority("ab"), majority("")
    ('a', None, None)
    """
    counts = Counter(said)
    return next((each for each, number in counts.most_common(1) if 2 * number > sum(counts.values())), None)


def labels(runs: Sequence[Run]) -> list[str]:
    """Return a name for each run: its host if no other run has the same, else where it lies."""
    hosts = Counter(run.host for run in runs)
    names = [run.host if run.host and hosts[run.host] == 1 else run.place for run in runs]
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise BadInput(f"{twice[0]}: given twice, expected each run once")
    return names


@dataclass(frozen=True)
class Point:
    """One implementation in one run: the largest ratio by dtype, how many rows have each verdict, and the worst."""

    run: Run
    ratios: Mapping[str, float]
    verdicts: Mapping[Verdict, int]

    @property
    def worst(self) -> Verdict:
        """The worst verdict of all rows."""
        return max(self.verdicts, key=ORDER.index)


@dataclass(frozen=True)
class Series:
    """An implementation over time; None where a run does not have it."""

    implementation: str
    points: Sequence[Point | None]


@dataclass(frozen=True)
class History:
    """All implementations over all runs of a folder, the oldest first."""

    runs: Sequence[Run]
    series: Sequence[Series]


def history(folder: Path) -> History:
    """Return the history of a folder of runs, each a folder in it. Raises BadInput if there is none, or a bad one."""
    try:
        places = sorted(path for path in folder.iterdir() if (path / TABLE).exists())
    except OSError as error:
        raise BadInput(f"{folder}: {error.strerror or 'not readable'}, expected a folder of runs") from error
    if not places:
        raise BadInput(f"{folder}: no folder in it has {TABLE}, expected a folder of runs: compare --out {folder}/NAME")
    if len(places) > RUNS:
        raise BadInput(f"{folder}: {len(places):,} runs, expected at most {RUNS}")
    runs = sorted(map(read, places), key=lambda run: (run.date, run.place))
    names = dict.fromkeys(key.implementation for run in runs for key in run.lines)
    return History(runs, [Series(name, [_point(run, name) for run in runs]) for name in names])


def _point(run: Run, name: str) -> Point | None:
    lines = [line for key, line in run.lines.items() if key.implementation == name]
    ratios: dict[str, float] = {}
    for line in lines:
        if line.ratio is not None:
            ratios[line.key.dtype] = max(line.ratio, ratios.get(line.key.dtype, 0.0))
    return Point(run, ratios, Counter(line.verdict for line in lines)) if lines else None
