"""The results of all problems, diagnosed together: each mistake is held against every answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.core.failures import BAD
from crosscheck.core.records import flat
from crosscheck.grading.diagnosis.account import Special
from crosscheck.grading.diagnosis.diagnose import diagnoses
from crosscheck.grading.diagnosis.findings import Diagnosis, Finding
from crosscheck.grading.diagnosis.stages import Stage
from crosscheck.grading.judging import Judged, attributed, known
from crosscheck.mutation.mutants import Mutant

SEARCHES = 2  # answers that are compared with every known mistake of everything at once
APART = 1e-3  # of a number, when it is asked for twice
LARGEST = 1e-3  # of an epsilon that is against log(0), and nothing else


def diagnosed(every: Sequence[Judged]) -> tuple[list[Judged], list[Diagnosis]]:
    """Return the results with what is known of each, and the diagnoses of each depth."""
    dtypes = {one.result.case.dtype for one in every}
    compared = [one for one in every if one.answer is not None and one.result.case.dtype == max(dtypes)]
    pairs = [(one.judging, one.answer) for one in compared if one.judging is not None and one.answer is not None]
    if not any(one.result.row.verdict in BAD or _is_a_number(one) for one in compared):
        return list(every), []
    if any(_differs(one) for one in compared):  # from itself: no formula is to be found in it
        return [one._replace(result=one.result._replace(differs=_differs(one))) for one in every], []
    found = [_everything(diagnosis, compared) for diagnosis in diagnoses(pairs)]
    if not any(diagnosis.wrong for diagnosis in found):  # what is wrong is so at kinks alone
        every = [attributed(one) if one.wrong_gradient else one for one in every]
    return [_excused(one, found) for one in every], found


def _differs(one: Judged) -> bool:
    """Return whether the same question, asked again, had another answer, by more than rounding."""
    if one.answer is None or one.judging is None:
        return False
    first: dict[int, list[Array]] = {}
    for checkpoint, (J, gradient) in zip(one.answer.checkpoints, one.answer.gradients, strict=True):
        arrays = [np.asarray(J), *flat(gradient)]
        before = first.setdefault(checkpoint, arrays)
        if any(not np.allclose(a, b, rtol=APART, atol=0, equal_nan=True) for a, b in zip(before, arrays, strict=True)):
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
