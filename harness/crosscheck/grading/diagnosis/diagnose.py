"""The diagnosis of all answers: what is wrong with those of each depth, the simplest problems first."""

from __future__ import annotations

from collections.abc import Iterable

from crosscheck.core.records import Answer
from crosscheck.grading.diagnosis.findings import Diagnosis, found
from crosscheck.grading.diagnosis.points import Point, in_order, names, points_of
from crosscheck.grading.diagnosis.search import Search
from crosscheck.judge.elementwise import Judge


def diagnoses(answers: Iterable[tuple[Judge, Answer]]) -> list[Diagnosis]:
    """Return what is wrong with the answers of each depth at which anything is, the lowest first."""
    by_depth: dict[int, list[Point]] = {}
    for judging, answer in answers:
        by_depth.setdefault(judging.case.network.L, []).extend(points_of(judging, answer))
    each = (_of_depth(in_order(points)) for _, points in sorted(by_depth.items()) if points)
    return [diagnosis for diagnosis in each if diagnosis.wrong or diagnosis.findings]


def _of_depth(points: list[Point]) -> Diagnosis:
    """Return the diagnosis of the answers at these points; of those with one output, if that explains more."""
    network, problems = points[0].network, tuple(dict.fromkeys(point.problem for point in points))
    wrong = tuple(name for name in names(network) if any(point.wrong(name) for point in points))
    telling = [point for point in points if not point.degenerate]
    if not telling or (wrong and not any(point.wrong(name) for point in telling for name in wrong)):
        return Diagnosis(network.L, (), wrong, wrong, problems)  # one degenerate problem proves nothing
    diagnosis = found(Search(points).best(), points)
    single = [point for point in points if point.network.n[-1] == 1]
    if diagnosis.unexplained and single and len(single) < len(points):
        simpler = found(Search(single).best(), single)
        if simpler.wrong and len(simpler.unexplained) < len(diagnosis.unexplained):
            return simpler
    return diagnosis
