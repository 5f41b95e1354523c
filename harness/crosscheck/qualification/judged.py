"""What is said of one trial: the verdict, which calls were wrong, and where in which tensor."""

from __future__ import annotations

from typing import NamedTuple

from crosscheck_impls.interface import Declaration

from crosscheck.core.failures import Failure, Verdict
from crosscheck.core.records import Answer, Comparison
from crosscheck.core.text import one_line
from crosscheck.judge.causes import BrokenPromises, Cause, NoBound, Noisy, Overflow, Unreadable
from crosscheck.judge.elementwise import against
from crosscheck.judge.equality import Unequal, unequal
from crosscheck.judge.evidence import Heat, bits, heat
from crosscheck.judge.steps import certify
from crosscheck.judge.verdict import conventions, too_long
from crosscheck.oracle.formats import ARRAYS, FULL, mode
from crosscheck.oracle.noise import FACTOR
from crosscheck.qualification.asked import Asked
from crosscheck.qualification.design import Question
from crosscheck.runner.trials import Tried

NOISE = 2**14  # numbers in an array above which the noise is not measured: it reruns the reference


class Place(NamedTuple):
    """Where a wrong tensor is wrong. rows, columns: runs (first, last); empty where there are many, or for J.

    element: of the largest error, where equality was asked of the first one. shape: () for J. ratio: in units of the
    bound, 0 where equality was asked; ulps: there, else 0.
    """

    tensor: str
    element: tuple[int, ...]
    shape: tuple[int, ...]
    got: float
    expected: float
    ratio: float
    ulps: float
    wrong: int
    rows: tuple[tuple[int, int], ...]
    columns: tuple[tuple[int, int], ...]


class Result(NamedTuple):
    """One trial, judged: a line of qualify.csv, and a record of the journal.

    number: of the question. ratio, noise: the largest errors in units of the bound and of the noise; None where there
    is no measure. calls: how many gradients were asked for in a row; wrong_calls: which of them, from 1 on, are wrong.
    differs: whether these calls gave different bits. wrong_step: whether the step of `fit` is wrong. first: whether it
    was the first trial of its process. at: seconds of the run until then.
    """

    number: int
    implementation: str
    question: Question
    device: str
    verdict: Verdict
    cause: Cause | None = None
    ratio: float | None = None
    noise: float | None = None
    tensor: str = ""
    calls: int = 0
    wrong_calls: tuple[int, ...] = ()
    differs: bool = False
    wrong_step: bool = False
    place: Place | None = None
    heat: Heat | None = None
    bits: str = ""
    first: bool = False
    at: float = 0.0

    @property
    def wrong(self) -> bool:
        """Whether it disagrees, or has failed."""
        return self.verdict in (Verdict.DISAGREES, Verdict.FAILED)

    @property
    def suspicious(self) -> bool:
        """Whether it is worth repeating."""
        return self.wrong or self.verdict is Verdict.SUSPECT


class _Said(NamedTuple):
    """The comparisons of each different gradient, and of the step."""

    gradients: list[list[Comparison]]
    step: list[Comparison]

    @property
    def everything(self) -> list[Comparison]:
        return [*(c for each in self.gradients for c in each), *self.step]


def failed(it: Asked, implementation: str, device: str, failure: Failure) -> Result:
    """Return the result of a trial without an answer."""
    return Result(it.number, implementation, it.question, device, failure.verdict, failure)


def judged(it: Asked, implementation: str, device: str, tried: Tried) -> Result:
    """Return the result of an answer, whatever form it has."""
    start = Result(it.number, implementation, it.question, device, Verdict.AGREES, calls=len(tried.calls))
    start = start._replace(first=tried.first, differs=len(tried.answer.gradients) > 1)
    try:
        return _judged(it, start, tried)._replace(bits=bits(tried.answer))
    except Exception as error:  # an outsider's answer may have any form
        return start._replace(verdict=Verdict.FAILED, cause=Unreadable(type(error).__name__, one_line(str(error))))


def _judged(it: Asked, start: Result, tried: Tried) -> Result:
    if promises := tuple(it.judge.broken(tried.answer, start.device)):
        every = tuple(range(1, start.calls + 1))
        return start._replace(verdict=Verdict.DISAGREES, cause=BrokenPromises(promises), wrong_calls=every)
    return _by_equality(it, start, tried) if _exact(it, tried.declared) else _by_bound(it, start, tried)


def _exact(it: Asked, declared: Declaration) -> bool:
    """Return whether equality is asked: exact data have more bits than the operands of a declared narrow mode keep."""
    full = it.question.dtype in ARRAYS or mode(declared.precision, it.question.dtype) == FULL
    return it.question.kind == "exact" and full


def _by_equality(it: Asked, start: Result, tried: Tried) -> Result:
    answer = tried.answer
    alone = answer._replace(gradients=[], checkpoints=[])
    each = [unequal(it.case, _only(answer, k), it.true) for k in range(len(answer.gradients))]
    step = unequal(it.case, alone, it.true)
    wrong_calls = tuple(number for number, k in enumerate(tried.calls, start=1) if each[k])
    found = [one for those in each for one in those] + step
    if not found:
        return start._replace(ratio=0.0)
    those = each[tried.calls[wrong_calls[0] - 1]] if wrong_calls else step
    worst = max(those, key=lambda one: (bool(one.element), one.tensor.layer))  # backpropagation begins at the last one
    return start._replace(
        verdict=Verdict.DISAGREES, wrong_calls=wrong_calls, wrong_step=bool(step), tensor=str(worst.tensor),
        place=_of_unequal(it, worst),
    )  # fmt: skip


def _only(answer: Answer, k: int) -> Answer:
    """Return an answer with one of its gradients, and without a step."""
    return answer._replace(checkpoints=[0], gradients=[answer.gradients[k]], run=answer.run._replace(steps=[]))


def _of_unequal(it: Asked, one: Unequal) -> Place:
    tensor = str(one.tensor)
    where = one.element, _shape(it, tensor), one.got, one.exact, 0.0, one.ulps, one.wrong, one.rows, one.columns
    return Place(tensor, *where)


def _shape(it: Asked, tensor: str) -> tuple[int, ...]:
    plain = tensor.rpartition(" ")[2]
    if plain == "J":
        return ()
    n, l = it.case.network.n, int(plain.lstrip("dWb"))
    return (n[l], n[l - 1] if "W" in plain else 1)


def _by_bound(it: Asked, start: Result, tried: Tried) -> Result:
    under, said = _best(it, tried)
    comparisons = said.everything
    bounded = [c for c in comparisons if c.bounded]
    noisy = max((c for c in comparisons if c.noise is not None), key=lambda c: c.noise or 0.0, default=None)
    worst = max(bounded, key=lambda c: c.ratio, default=None)
    outside = [any(c.outside for c in each) for each in said.gradients]
    got = start._replace(
        ratio=worst.ratio if worst else None, tensor=str(worst.tensor) if worst else "",
        noise=noisy.noise if noisy else None, wrong_step=any(c.outside for c in said.step),
        wrong_calls=tuple(number for number, k in enumerate(tried.calls, start=1) if outside[k]),
    )  # fmt: skip
    if any(outside) or got.wrong_step:
        k = outside.index(True) if any(outside) else 0
        return _outside(it, got, tried._replace(answer=_one(tried.answer, k, got.wrong_calls)), under, said, k)
    if any(c.undefined for c in comparisons):
        c = next(c for c in comparisons if c.undefined)
        why = Overflow.SUMS if too_long(it.judge, under) else Overflow.DTYPE
        return got._replace(verdict=Verdict.UNDEFINED, cause=NoBound(c.tensor, 0, why, it.question.dtype))
    if got.differs:
        return got._replace(verdict=Verdict.SUSPECT)
    if noisy is not None and (noisy.noise or 0.0) > FACTOR:
        return got._replace(verdict=Verdict.SUSPECT, cause=Noisy(noisy, None))
    return got


def _one(answer: Answer, k: int, wrong_calls: tuple[int, ...]) -> Answer:
    """Return the answer with the wrong gradient alone, or with the step alone where that is what is wrong."""
    return _only(answer, k) if wrong_calls else answer._replace(checkpoints=[0], gradients=answer.gradients[:1])


def _outside(it: Asked, got: Result, tried: Tried, under: Declaration, said: _Said, k: int) -> Result:
    """Return the result with the place: of the first tensor that is wrong and has elements, else of J."""
    outside = [c for c in (said.gradients[k] if got.wrong_calls else said.step) if c.outside]
    seen = heat(it.judge, tried.answer, under, outside)
    c = next((each for each in outside if seen is not None and each.tensor == seen.tensor), outside[0])
    runs = (seen.outside, seen.rows, seen.columns) if seen else (1, (), ())
    shape = _shape(it, str(c.tensor))
    place = Place(str(c.tensor), c.element, shape, c.got, c.oracle, c.ratio, 0.0, *runs)
    return got._replace(verdict=Verdict.DISAGREES, tensor=str(c.tensor), place=place, heat=seen)


def _best(it: Asked, tried: Tried) -> tuple[Declaration, _Said]:
    """Return the comparisons under the first convention that leaves nothing outside, else under none."""
    said: list[tuple[Declaration, _Said]] = []
    for under, _ in conventions(tried.declared):
        known = it.judge.at_checkpoint(0, under)
        measured = it.question.elements <= NOISE and not known.theirs.straddles_zero
        rounding = it.judge.noise(0, under) if measured else None
        gradients = [list(against(known, each, 0, it.case, rounding)) for each in tried.answer.gradients]
        said.append((under, _Said(gradients, certify(it.judge, tried.answer, under))))
        if not any(c.outside for c in said[-1][1].everything):
            return said[-1]
    return said[0]
