"""The results of all problems, diagnosed together: each mistake is held against every answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.core.failures import BAD
from crosscheck.core.records import Answer, Case, cast, flat
from crosscheck.grading.diagnosis.account import Special
from crosscheck.grading.diagnosis.closeness import TWICE
from crosscheck.grading.diagnosis.diagnose import Theirs, diagnoses
from crosscheck.grading.diagnosis.findings import Diagnosis, Finding
from crosscheck.grading.diagnosis.kinks import at_kinks
from crosscheck.grading.diagnosis.labels import labels_of
from crosscheck.grading.diagnosis.points import Point, points_of
from crosscheck.grading.diagnosis.stages import Stage
from crosscheck.grading.judging import PLAIN, Judged, attributed, judged, known
from crosscheck.grading.notes import noted
from crosscheck.judge.elementwise import Judge
from crosscheck.mutation.mutants import Kind, Mutant

OUTPUTS = ("sigmoid", "linear")  # with squared error
SEARCHES = 2  # answers that are compared with every known mistake of everything at once
LARGEST = 1e-4  # of an epsilon that counts as one against log(0): it costs none of the first four digits of J


def diagnosed(every: Sequence[Judged]) -> tuple[list[Judged], list[Diagnosis]]:
    """Return the results with what is known of each, and the diagnoses of each depth.

    Held against cross-entropy; or where squared error explains more, against that, with the output that it has.
    """
    best = _diagnosed(every)
    for output in OUTPUTS:
        if _unexplained(*best) and _is_squared(every, output):
            other = _diagnosed([under_squared_error(one, output) for one in every])
            best = min(best, other, key=lambda each: _unexplained(*each))
    return best


def _unexplained(every: Sequence[Judged], found: Sequence[Diagnosis]) -> float:
    """Return how much is wrong that nothing explains, and then how many mistakes there are."""
    wrong = [one for one in every if one.wrong_gradient and one.result.row.verdict in BAD]
    if not wrong:
        return 0
    left = sum(len(diagnosis.unexplained) for diagnosis in found)
    return 1 + 100 * left + sum(len(diagnosis.findings) for diagnosis in found)


def _is_squared(every: Sequence[Judged], output: str) -> bool:
    """Return whether J is the mean squared error, or twice it, or half of it, on every problem that tells."""
    sizes, asked = {0.5, 1.0, 2.0}, 0
    for one in every:
        case, answer = one.result.case, one.answer
        if answer is None or one.judging is None or not one.wrong_gradient or case.network.loss != "cross_entropy":
            continue
        judging = type(one.judging)(_squared(case, output))
        for checkpoint, (J, _) in zip(answer.checkpoints, answer.gradients, strict=True):
            _, oracle, theirs, own = judging.at_checkpoint(checkpoint, PLAIN)
            got, E = float(np.asarray(J)), theirs.J + own.J
            if np.isfinite(got) and np.isfinite(E):
                sizes = {size for size in sizes if abs(got - size * oracle.J) <= size * E}
                asked += 1
    return asked > 1 and bool(sizes)


def _squared(case: Case, output: str) -> Case:
    """Return a case with the squared error for the cross-entropy."""
    network = case.network
    return case._replace(network=replace(network, g=(*network.g[:-1], output), loss="squared_error"))


def under_squared_error(one: Judged, output: str) -> Judged:
    """Return an answer judged by the squared error, if there is one to be judged."""
    result = one.result
    case = _squared(result.case, output)
    if one.given is None:
        return one._replace(result=result._replace(case=case))
    given = one.given
    if "predict" not in one.own and output != "sigmoid":  # its labels are ours, of classes, and are to be outputs
        judging, trained = Judge(case), cast(given.run.trained, "float64")
        start, _ = judging.output_at_start(PLAIN)
        labels, _ = judging.output_of(trained, judging.X, PLAIN)
        given = given._replace(labels_start=start, labels=labels, labels_test=None)
    again = judged(case, given, result.row.key, one.own)
    return again._replace(result=again.result._replace(why=result.why, pair=result.pair))


def _diagnosed(every: Sequence[Judged]) -> tuple[list[Judged], list[Diagnosis]]:
    """Return the results with what is known of each, and the diagnoses of each depth."""
    dtypes = {one.result.case.dtype for one in every}
    compared = [one for one in every if one.answer is not None and one.result.case.dtype == max(dtypes)]
    pairs = [(one.judging, one.answer) for one in compared if one.judging is not None and one.answer is not None]
    if not any(one.result.row.verdict in BAD or _is_a_number(one) for one in compared):
        return list(every), []
    if any(_differs(one) for one in compared):  # from itself: no formula is to be found in it
        return [one._replace(result=one.result._replace(differs=_differs(one))) for one in every], []
    found = [_everything(diagnosis, compared) for diagnosis in diagnoses(pairs, _theirs(compared))]
    kinked = [] if any(diagnosis.wrong for diagnosis in found) else _at_kinks(pairs)
    conventions = {each.depth: each.findings[0].key for each in kinked if _is_convention(each)}
    found += [each for each in kinked if each.depth not in conventions]
    every = [_at_kink(one, conventions) for one in every]
    if not any(diagnosis.wrong for diagnosis in found):
        every = [attributed(one) if one.wrong_gradient and not one.result.kink else one for one in every]
    return [_excused(one, found) for one in _labelled(every)], found


def _at_kinks(pairs: Sequence[tuple[Judge, Answer]]) -> list[Diagnosis]:
    """Return the diagnosis of each depth at which what is wrong is so at kinks alone, where one value explains it."""
    by_depth: dict[int, list[Point]] = {}
    for judging, answer in pairs:
        by_depth.setdefault(judging.case.network.L, []).extend(points_of(judging, answer, kinks=True))
    every = [at_kinks(points) for _, points in sorted(by_depth.items())]
    return [diagnosis for diagnosis in every if diagnosis is not None]


def _is_convention(diagnosis: Diagnosis) -> bool:
    mutant = diagnosis.findings[0].mutant
    return mutant is not None and mutant.kind is Kind.SWITCH


def _at_kink(one: Judged, conventions: Mapping[int, str]) -> Judged:
    """Return the result, with the convention at a kink where that is all that differs at this depth."""
    kink = conventions.get(one.result.case.network.L, "") if one.wrong_gradient else ""
    return one._replace(result=one.result._replace(kink=kink))


def _theirs(compared: Sequence[Judged]) -> Theirs:
    """Return what of the answers is the program's own."""
    unjudged = {name for one in compared if one.answer is not None for name in noted(one.answer).unjudged}
    fit = any("fit" in one.own for one in compared)
    gradient = "gradients" not in unjudged
    return Theirs(gradient and "J" not in unjudged, gradient, fit, not unjudged & {"J", "costs"})


def _labelled(every: Sequence[Judged]) -> list[Judged]:
    """Return the results, those with a wrong label with the known mistake that gives all labels, on every problem."""
    asked = [(one.result.case, one.answer) for one in every if one.answer is not None and "predict" in one.own]
    if not any(one.result.mislabelled for one in every) or (known := labels_of(asked)) is None:
        return list(every)
    return [one._replace(result=one.result._replace(labels=known)) if one.result.mislabelled else one for one in every]


def _differs(one: Judged) -> bool:
    """Return whether the same question, asked again, had another answer, by more than rounding."""
    if one.answer is None or one.judging is None:
        return False
    first: dict[int, list[Array]] = {}
    for checkpoint, (J, gradient) in zip(one.answer.checkpoints, one.answer.gradients, strict=True):
        arrays = [np.asarray(J), *flat(gradient)]
        before = first.setdefault(checkpoint, arrays)
        if any(not np.allclose(a, b, rtol=TWICE, atol=0, equal_nan=True) for a, b in zip(before, arrays, strict=True)):
            return bool(one.wrong_gradient)
    return False


def _is_a_number(one: Judged) -> bool:
    """Return whether there is a number where a logarithm has none."""
    c = one.result.unstable
    return c is not None and np.isfinite(c.got)


def _everything(diagnosis: Diagnosis, compared: Sequence[Judged]) -> Diagnosis:
    """Return the diagnosis; or the one known mistake of everything that explains all of it, where parts do not."""
    if not diagnosis.unexplained:
        return diagnosis
    at = [one for one in compared if diagnosis.depth == one.result.case.network.L and one.wrong_gradient]
    at = [one for one in at if one.result.case.problem in diagnosis.problems]
    at.sort(key=lambda one: (one.result.case.network.n[-1] > 1, one.result.case.X.shape[1] == 1))
    if not any(_tells(one) for one in at):
        return diagnosis
    for one in at[:SEARCHES]:
        mutant = known(one)
        if mutant is not None and all(known(other, mutant) is mutant for other in at):
            return diagnosis._replace(findings=(_of(mutant, diagnosis),), unexplained=())
    return diagnosis


def _tells(one: Judged) -> bool:
    """Return whether a problem proves something by itself: several examples, of both classes."""
    Y = one.result.case.Y
    return Y.shape[1] > 1 and not bool((Y.flat[0] == Y).all())


def _of(mutant: Mutant, diagnosis: Diagnosis) -> Finding:
    return Finding(Stage.FORWARD, (), diagnosis.wrong, mutant, problems=diagnosis.problems, depth=diagnosis.depth)


def _excused(one: Judged, found: Sequence[Diagnosis]) -> Judged:
    """Return the result, excused where a small epsilon is all that is wrong with what is computed."""
    of_depth = [diagnosis for diagnosis in found if diagnosis.depth == one.result.case.network.L]
    if not of_depth or not one.wrong_gradient or one.result.row.verdict not in BAD:
        return one
    findings = of_depth[0].findings
    small = all(finding.special is Special.EPSILON and finding.size <= LARGEST for finding in findings)
    if not findings or not small or of_depth[0].unexplained:
        return one
    return one._replace(result=one.result._replace(excused=True))
