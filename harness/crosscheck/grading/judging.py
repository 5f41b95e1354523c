"""One answer judged: by the formulation that fits it best, and in the precision that it came back in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Declaration

from crosscheck.core.failures import BAD, Failure, Promise, Verdict
from crosscheck.core.records import Answer, Case, Comparison, cast, flat
from crosscheck.grading.hints import Result
from crosscheck.grading.notes import noted
from crosscheck.grading.probe import FORMULATIONS, declared, outside, without_a_run
from crosscheck.judge.attribution import attribute
from crosscheck.judge.causes import BrokenPromises, OutsideBound
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.grounds import grounds
from crosscheck.judge.labels import predictions
from crosscheck.judge.location import first, locate
from crosscheck.judge.steps import certify
from crosscheck.judge.verdict import Key, Row, conventions, judge
from crosscheck.mutation.mutants import Mutant
from crosscheck.mutation.rounding import through_single
from crosscheck.oracle.error_bound import Precision, precision
from crosscheck.oracle.formats import SINGLE, Mode

PLAIN = Declaration()
DTYPES = (Promise.DTYPE, Promise.DTYPE_KEPT)
SEVERAL = 12  # numbers that are not 0, each of which is one of float32 by a chance of 2^-29
FLOATS = ("float32", "float64", "float96", "float128", "longdouble")
ROUNDED = Mode(SINGLE, SINGLE, SINGLE, SINGLE)  # operands of products have been rounded to float32


class InSingle(Judge):
    """Judges what was computed in float32 from float64: what goes in is rounded first."""

    def precision(self, declared: Declaration) -> Precision:
        """Return the constants of float32, with operands that have been rounded."""
        return precision("float32", flushes=True)._replace(mode=ROUNDED)


class Search(NamedTuple):
    """How many more answers are compared with every known mistake, and the mistake that has explained one already."""

    left: int = 2
    guess: Mutant | None = None

    def after(self, one: Judged) -> Search:
        """Return what is left of it after an answer has been judged."""
        explained = one.result.row.explained
        if explained is not None and explained.exactly:
            return self._replace(guess=explained.mutant)
        return self._replace(left=max(0, self.left - (one.result.row.verdict in BAD and not one.wrong_gradient)))


class Judged(NamedTuple):
    """An answer with its verdict, and with what it was judged by; nothing where there is no answer to compare.

    given: the answer as it came, and own: what of fit and predict is the user's, to judge it once more.
    """

    result: Result
    judging: Judge | None = None
    answer: Answer | None = None
    declared: Declaration = PLAIN
    given: Answer | None = None
    own: tuple[str, ...] = ()

    @property
    def wrong_gradient(self) -> bool:
        """Whether J or a gradient lies outside the bound."""
        return any(not c.tensor.of_fit for c in self.result.wrong)


SEARCH = Search()


def judged(
    case: Case, answer: Answer | Failure, key: Key, own: Sequence[str], only_steps: bool = False,
    search: Search = SEARCH,
) -> Judged:  # fmt: skip
    """Judge one answer; nobody has said in which formulation it is written. Why a gradient is wrong is not asked.

    only_steps: there is no gradient of its own that could tell the formulation, so that its steps have to.
    search: for a known mistake, where a gradient is right and training is not.
    """
    if isinstance(answer, Failure):
        return Judged(Result(case, key.row(Verdict.FAILED, answer)))
    judging = Judge(case)
    given, answer = answer, without_a_run(answer, case, own)
    broken = judging.broken(answer, key.device)
    came = ""
    if broken and all(each.promise in DTYPES and each.got.startswith(FLOATS) for each in broken):
        came = next(each.got for each in broken) if case.dtype == "float64" else ""
        judging = InSingle(case) if came == "float32" else judging
        answer, broken = converted(answer, case.dtype), []
    elif not broken and case.dtype == "float64" and _single(answer) and not _is_right(judging, answer):
        came, judging = "float32", InSingle(case)
    if broken:
        row = key.row(Verdict.DISAGREES, BrokenPromises(tuple(broken)))
        return Judged(Result(case, row))
    if only_steps:
        answer, best = _by_its_steps(judging, answer)
        row = _row(judging, answer, best, key, search)
        return Judged(Result(case, row, came=came), judging, answer, best, None, tuple(own))
    numbers: dict[str, int] = {}
    for formulation in FORMULATIONS:
        if not numbers or min(numbers.values()):
            numbers[formulation] = _outside(judging, answer, declared(formulation, case))
    best = declared(min(numbers, key=lambda each: numbers[each]), case)
    if min(numbers.values()):
        comparisons = judging.compare(answer, best)
        cause = _of_bound(judging, answer, best, comparisons)
        row = key.row(Verdict.DISAGREES, cause, comparisons)
        row.predictions = predictions(judging, answer, best) if "predict" in own else None
    else:
        row = _row(judging, answer, best, key, search)
    unstable = _first(judging, answer) if row.verdict is Verdict.UNDEFINED else None
    return Judged(Result(case, row, unstable, came=came), judging, answer, best, given, tuple(own))


def _by_its_steps(judging: Judge, answer: Answer) -> tuple[Answer, Declaration]:
    """Return the formulation that fits its steps best, and the answer with the gradients of the right one beside them,
    by the convention at a kink that its steps have.
    """
    granted = [declared(each, judging.case) for each in FORMULATIONS]
    pairs = [(each, under) for each in granted for under, _ in conventions(each)]
    best, under = min(pairs, key=lambda pair: sum(c.outside for c in certify(judging, answer, pair[1])))
    oracles = [judging.at_checkpoint(checkpoint, under).oracle for checkpoint in answer.checkpoints]
    return answer._replace(gradients=[(np.asarray(each.J), each.gradient) for each in oracles]), best


def _row(judging: Judge, answer: Answer, under: Declaration, key: Key, search: Search) -> Row:
    """Return the row of a right gradient; what is wrong in training is compared with known mistakes while it pays."""
    comparisons = [] if search.left else judging.compare(answer, under) + certify(judging, answer, under)
    if not any(c.outside for c in comparisons):
        return judge(judging, answer, under, key, search.guess, guessed=True)
    cause = _of_bound(judging, answer, under, comparisons)
    return key.row(Verdict.DISAGREES, cause, comparisons)


def _of_bound(
    judging: Judge, answer: Answer, under: Declaration, comparisons: Sequence[Comparison]
) -> OutsideBound | None:  # fmt: skip
    """Return where an answer leaves its bound first, with what holds beside that place; None if nowhere."""
    outside, L = [c for c in comparisons if c.outside], judging.case.network.L
    if not outside:
        return None
    where = locate(outside, L)
    return OutsideBound(first(outside, L), where, grounds=grounds(judging, answer, under, comparisons, where))


def _single(answer: Answer) -> bool:
    """Return whether all numbers of the gradients are those of float32, by more than chance.

    Where they are a few numbers over and over, as of weights of 0, their J has to be one too.
    """
    arrays = [np.asarray(array) for _, gradient in answer.gradients for array in flat(gradient)]
    numbers = [array[array != 0] for array in arrays]
    distinct = np.unique(np.abs(np.frexp(np.concatenate(numbers))[0])) if numbers else np.empty(0)
    if len(distinct) < SEVERAL and "J" not in noted(answer).unjudged:
        arrays += [np.asarray(J) for J, _ in answer.gradients]
    return sum(map(len, numbers)) >= SEVERAL and all(
        np.isfinite(array).all() and np.array_equal(array, through_single(array)) for array in arrays
    )


def _is_right(judging: Judge, answer: Answer) -> bool:
    """Return whether J, the gradients and every step are right as float64, so that no digit was lost."""
    granted = [declared(formulation, judging.case) for formulation in FORMULATIONS]
    return any(
        not outside(judging, answer, under) and not any(c.outside for c in certify(judging, answer, under))
        for each in granted
        for under, _ in conventions(each)
    )


def attributed(one: Judged) -> Judged:
    """Judge it once more, and look for a known mistake of everything at once: a convention or a precision, say."""
    if one.judging is None or one.answer is None:
        return one
    row = judge(one.judging, one.answer, one.declared, one.result.row.key, guessed=True)
    if row.explained is not None and not row.explained.exactly and isinstance(row.cause, OutsideBound):
        row.cause = row.cause._replace(explanation=None)
    return one._replace(result=one.result._replace(row=row))


def known(one: Judged, guess: Mutant | None = None) -> Mutant | None:
    """Return the known mistake that explains an answer exactly, `guess` if it does."""
    if one.judging is None or one.answer is None:
        return None
    explanation = attribute(one.judging, one.answer, one.declared, False, guess)
    return explanation.mutant if explanation is not None and explanation.exactly else None


def converted(answer: Answer, dtype: str) -> Answer:
    """Return an answer in the dtype that was asked for."""
    run = answer.run
    return answer._replace(
        gradients=[(np.asarray(J).astype(dtype), cast(gradient, dtype)) for J, gradient in answer.gradients],
        run=run._replace(
            trained=cast(run.trained, dtype),
            costs=run.costs.astype(dtype),
            steps=[
                step._replace(before=cast(step.before, dtype), J=np.asarray(step.J).astype(dtype),
                              after=cast(step.after, dtype))
                for step in run.steps
            ],
        ),
    )  # fmt: skip


def _outside(judging: Judge, answer: Answer, declared: Declaration) -> int:
    """Return how many tensors lie outside the bound under the convention that suits best."""
    return min(len(outside(judging, answer, under)) for under, _ in conventions(declared))


def _first(judging: Judge, answer: Answer) -> Comparison | None:
    """Return where a function first differs that has no stable form, if it does: at a saturated output, say."""
    plain = [c for c in judging.compare(answer, Declaration()) if c.outside]
    return first(plain, judging.case.network.L) if plain else None
