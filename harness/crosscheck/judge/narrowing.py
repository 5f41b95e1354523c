"""Undeclared narrowing: whether an answer in float32 errs everywhere as a narrow mode does, and nowhere by more.

A mode is possible where the answer would agree if the variant had declared it, and typical where, besides, the errors
of every tensor are of the size of that mode's noise and of either sign: a wrong kernel's lie in some entries, a wrong
factor's have one sign, and those of float32 are at least a thousand times as small. What is said needs two rows and
most of what the implementation was asked (`concluded`): the float64 twins have to agree, so that the formulas are
right, and the mode has to be possible wherever the implementation errs. It is the size of the errors that is named, no
cause: an approximate tanh may err by as much. That the gradient itself has few bits is seen in its numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Declaration

from crosscheck.core.records import Answer, flat
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.labels import predictions
from crosscheck.judge.steps import certify
from crosscheck.oracle.float64 import exact
from crosscheck.oracle.formats import MODES
from crosscheck.oracle.noise import FACTOR

TYPICAL = 1 / 16  # of the noise: at least so large is the median of the tensors' median errors
SIGNS, ENTRIES = 0.1, 16  # the share of either sign that errors have at least; numbers in which that can be seen
ROWS = 2  # that a mode is typical of, at least
FEW = (4, 8, 11)  # significant bits of the narrow formats
LEAST = 1 / 256  # of the noise: at least so large is the largest error of each tensor; float32's is 2^-13 of TF32's


class Conclusion(NamedTuple):
    """The significant bits of operands that make such errors, and the modes of so many that all rows may be in.

    rows: on how many, out of `of`, the errors are of the size of one of these modes, more than of any other. Without
    modes they are the most bits that any number of the gradients has.
    """

    bits: int = 0
    modes: tuple[str, ...] = ()
    rows: int = 0
    of: int = 0


class Narrowing(NamedTuple):
    """Modes that an answer may be in: those that are possible, and those that are typical of its errors.

    own: the most significant bits that a number of its gradients has, where that is few; else 0.
    found: what all rows of the implementation say together.
    """

    possible: tuple[str, ...] = ()
    typical: tuple[str, ...] = ()
    own: int = 0
    found: Conclusion = Conclusion()


def narrowing(judge: Judge, answer: Answer, declared: Declaration) -> Narrowing:
    """Return the modes that an answer in float32, which does not agree in its own, can be in."""
    if judge.case.dtype != "float32" or judge.case.source is not None:
        return Narrowing()
    with np.errstate(all="ignore"):
        others = [name for name in MODES if name != declared.precision]
        possible = tuple(name for name in others if _possible(judge, answer, _in(name, declared)))
        typical = tuple(name for name in possible if _typical(judge, answer, _in(name, declared)))
        return Narrowing(possible, typical, _own_bits(answer))


def concluded(several: Sequence[Narrowing]) -> Conclusion:
    """Return what the rows of an implementation that do not agree say together; no bits where they say nothing."""
    if len(several) < ROWS:
        return Conclusion()
    if all(each.own for each in several):
        return Conclusion(max(each.own for each in several), rows=len(several), of=len(several))
    possible = set(MODES).intersection(*(each.possible for each in several))
    counts = Counter(bits for each in several for bits in {MODES[name].W.bits for name in possible & {*each.typical}})
    most = max(counts.values(), default=0)
    if most < ROWS or [*counts.values()].count(most) > 1:
        return Conclusion()
    bits = max(counts, key=counts.__getitem__)
    modes = tuple(name for name in MODES if name in possible and MODES[name].W.bits == bits)
    return Conclusion(bits, modes, most, len(several))


def _own_bits(answer: Answer) -> int:
    """Return the most significant bits of any number of the gradients, 0 where no narrow format has so many."""
    numbers = np.concatenate([exact(array).ravel() for _, gradient in answer.gradients for array in flat(gradient)])
    numbers = numbers[np.isfinite(numbers) & (numbers != 0)]
    mantissas = np.frexp(numbers)[0]
    few = (bits for bits in FEW if np.array_equal(mantissas, np.rint(mantissas * 2.0**bits) / 2.0**bits))
    return next(few, 0) if numbers.size >= ENTRIES else 0


def _in(name: str, declared: Declaration) -> Declaration:
    return declared._replace(precision=name)  # type: ignore[arg-type]


def _possible(judge: Judge, answer: Answer, under: Declaration) -> bool:
    compared = judge.compare(answer, under)
    if any(c.outside or (c.noise or 0.0) > FACTOR for c in compared):
        return False
    return not any(c.outside for c in certify(judge, answer, under)) and predictions(judge, answer, under).first is None


def _typical(judge: Judge, answer: Answer, under: Declaration) -> bool:
    """Return whether the errors of the gradients are of the size of the mode's noise, and of both signs."""
    medians, larger, differing = [], 0, 0
    for checkpoint, (_, gradient) in zip(answer.checkpoints, answer.gradients, strict=True):
        known = judge.at_checkpoint(checkpoint, under)
        if known.theirs.straddles_zero:  # either derivative is right, and the noise says nothing
            continue
        noise = judge.noise(checkpoint, under)
        for got, true, S in zip(*map(flat, (gradient, known.oracle.gradient, noise.gradient)), strict=True):
            there = true != 0
            if not there.any():
                continue
            error = (exact(got) - true)[there]
            ratios = np.abs(error) / S[there]
            if not ratios.max() >= LEAST:
                return False
            medians.append(float(np.median(ratios)))
            larger += int((error * true[there] > 0).sum())
            differing += int((error != 0).sum())
    if differing < ENTRIES or not SIGNS * differing <= larger <= (1 - SIGNS) * differing:
        return False
    return float(np.median(medians)) >= TYPICAL
