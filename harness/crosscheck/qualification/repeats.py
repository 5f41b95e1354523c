"""A suspicious trial once more: in other processes, with other threads, on each processor or GPU; and what it is.

The rules, from the repeats alone, the first that holds:

    noise        no answer, neither the first nor a repeated one, lies outside its bound; bits or sizes of errors vary
    transient    the first one is wrong and none of the repeats is
    persistent   on some processors, or GPUs, every repeat is wrong, and on others none
    systematic   every repeat under the first one's conditions, each in a process of its own, is wrong; other numbers of
                 threads may all be right, or all wrong
    transient    what is left: under equal conditions some are wrong and some are not; it comes back

A transient or persistent fault is of the hardware, or of what a library does with memory that it does not own; a
systematic one is of a library, a compiler or a design, and any other machine of that kind will show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from crosscheck.qualification.judged import Result

REPEATS = 3  # under equal conditions
ON_EACH = 2  # on each processor
PROCESSORS = 8  # that are tried


class Nature(StrEnum):
    """What a suspicious result is."""

    NOISE = "noise"
    TRANSIENT = "transient"
    PERSISTENT = "persistent"
    SYSTEMATIC = "systematic"


class Conditions(NamedTuple):
    """Of a repeat. threads: as in the question, or others. processor: the one, or the GPU, it ran on; -1 for any."""

    threads: int
    processor: int = -1


class Repeat(NamedTuple):
    """What came of one: whether it was outside its bound."""

    under: Conditions
    wrong: bool


class Finding(NamedTuple):
    """What a suspicious trial is, and the repeats that say so.

    wrong_on: of a persistent fault, the processors. right_with: of a systematic one, the numbers of threads with which
    no repeat is wrong.
    """

    number: int
    implementation: str
    device: str
    nature: Nature
    repeats: tuple[Repeat, ...]
    wrong_on: tuple[int, ...] = ()
    right_with: tuple[int, ...] = ()

    @property
    def unit(self) -> str:
        """What a persistent fault is one of."""
        return "processor" if self.device == "cpu" else "GPU"

    @property
    def wrong(self) -> int:
        """How many repeats were wrong."""
        return sum(each.wrong for each in self.repeats)


def planned(threads: int, others: Iterable[int], processors: Iterable[int]) -> list[Conditions]:
    """Return under what to repeat: as it was, with the other numbers of threads, on each processor."""
    chosen = list(processors)[:PROCESSORS]
    on_each = [Conditions(threads, each) for each in chosen] if len(chosen) > 1 else []
    return (
        [Conditions(threads)] * REPEATS
        + [Conditions(each) for each in others if each != threads] * ON_EACH
        + (on_each * ON_EACH)
    )


def finding(first: Result, repeats: Sequence[Repeat]) -> Finding:
    """Return what a suspicious result is, by the rules above."""

    def said(nature: Nature, **more: tuple[int, ...]) -> Finding:
        return Finding(first.number, first.implementation, first.device, nature, tuple(repeats), **more)

    if not any(each.wrong for each in repeats):
        return said(Nature.TRANSIENT if first.wrong else Nature.NOISE)
    always, never = _split([each for each in repeats if each.under.processor >= 0], lambda each: each.under.processor)
    if always and never:
        return said(Nature.PERSISTENT, wrong_on=always)
    anywhere = [each for each in repeats if each.under.processor < 0]
    with_all, with_none = _split(anywhere, lambda each: each.under.threads)
    if first.question.threads in with_all:
        return said(Nature.SYSTEMATIC, right_with=with_none)
    return said(Nature.TRANSIENT)


def _split(repeats: Sequence[Repeat], by: Callable[[Repeat], int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return under which conditions every repeat is wrong, and under which none is."""
    values = dict.fromkeys(map(by, repeats))
    shares = {value: [each.wrong for each in repeats if by(each) == value] for value in values}
    return (
        tuple(value for value, wrong in shares.items() if all(wrong)),
        tuple(value for value, wrong in shares.items() if not any(wrong)),
    )
