"""What differs between two runs, as records, and which of it is worse."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crosscheck.core.failures import BAD, Verdict
from crosscheck.runs.table import GROUPS, Line, Run

# from best to worst: a row that is not run says nothing, which is worse than a warning and better than a mistake
ORDER = (
    Verdict.AGREES, Verdict.CONVENTION, Verdict.UNDEFINED, Verdict.SUSPECT, Verdict.NOT_RUN, Verdict.DISAGREES,
    Verdict.FAILED,
)  # fmt: skip
NOISES, FACTOR = 1.0, 2.0  # an error has moved if it is so many noises from the other one, and so many times as large
ALWAYS = ("date", "time", "run", "settings.asked.words")  # not of an environment, or said of it elsewhere


class Moved(NamedTuple):
    """The error of a group of tensors, in units of the usual rounding noise, before and after."""

    group: str
    old: float
    new: float


@dataclass(frozen=True)
class Pair:
    """One row of both runs, and what changed in it. bits: whether both have a digest, and the two differ.

    data: likewise of the examples; then bits and errors are of different questions, and are not compared.
    """

    old: Line
    new: Line
    verdict: bool
    cause: bool
    bits: bool
    moved: Sequence[Moved]
    data: bool = False

    @property
    def worse(self) -> bool:
        """Whether the verdict is a worse one."""
        return ORDER.index(self.new.verdict) > ORDER.index(self.old.verdict)

    @property
    def changed(self) -> bool:
        """Whether anything is to be told."""
        return self.verdict or self.cause or self.bits or bool(self.moved) or self.data


@dataclass(frozen=True)
class Fact:
    """A part of the environment that changed; None where a run does not say it."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Difference:
    """All that differs. pairs: every row that both have. came, went: those that only one has.

    both_bits: how many rows have a digest in both runs, without which nothing is known of the bits.
    """

    old: Run
    new: Run
    pairs: Sequence[Pair]
    came: Sequence[Line]
    went: Sequence[Line]
    facts: Sequence[Fact]
    both_bits: int

    @property
    def worse(self) -> int:
        """How many rows got worse: a worse verdict, or a row that came and is wrong."""
        return sum(pair.worse for pair in self.pairs) + sum(line.verdict in BAD for line in self.came)

    @property
    def better(self) -> int:
        """How many rows have a better verdict."""
        return sum(pair.verdict and not pair.worse for pair in self.pairs)


def difference(old: Run, new: Run) -> Difference:
    """Return what differs between two runs; the gravest rows come first, else the order of the table stands."""
    pairs = [pair(line, new.lines[key]) for key, line in old.lines.items() if key in new.lines]
    pairs.sort(key=lambda each: (-ORDER.index(each.new.verdict) if each.verdict else 0, not each.worse))
    came, went = _only(new, old), _only(old, new)
    both = sum(bool(each.old.bits and each.new.bits) and not each.data for each in pairs)
    return Difference(old, new, pairs, came, went, facts(old.environment, new.environment), both)


def pair(old: Line, new: Line) -> Pair:
    """Return what changed in a row; where the verdict did, its cause is told with it."""
    verdict, data = old.verdict != new.verdict, bool(old.data and new.data and old.data != new.data)
    groups = [group for group in GROUPS if group in old.noise and group in new.noise]
    moved = [Moved(group, old.noise[group], new.noise[group]) for group in groups]
    return Pair(
        old, new, verdict, not verdict and old.cause != new.cause,
        bool(old.bits and new.bits and old.bits != new.bits and not data),
        [] if verdict or data else [each for each in moved if moves(each.old, each.new)], data,
    )  # fmt: skip


def moves(old: float, new: float) -> bool:
    """Return whether an error moved by more than the noise; both are in units of it.

    Two right answers may lie anywhere within the noise, so less than one noise of difference says nothing. Where both
    lie far outside it, one noise is little, and the factor counts.

    >>> moves(0.1, 0.9), moves(0.2, 3.0), moves(1e9, 1.1e9), moves(3.0, 0.2)
    (False, True, False, True)
    """
    low, high = sorted((old, new))
    return low != high and (math.isinf(high) or (high - low > NOISES and high >= FACTOR * low))


def _only(one: Run, other: Run) -> list[Line]:
    """Return the rows that one run has and the other has not, what is wrong first."""
    lines = [line for key, line in one.lines.items() if key not in other.lines]
    return sorted(lines, key=lambda line: line.verdict not in BAD)


def facts(old: Mapping[str, str], new: Mapping[str, str]) -> list[Fact]:
    """Return what changed in the environment, in the order of the newer one; without its date and its name.

    >>> facts({"date": "1", "cores": "2", "gpu": "x"}, {"date": "2", "cores": "4"})
    [Fact(name='cores', old='2', new='4'), Fact(name='gpu', old='x', new=None)]
    """
    names = [name for name in dict.fromkeys([*new, *old]) if name not in ALWAYS]
    return [Fact(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]
