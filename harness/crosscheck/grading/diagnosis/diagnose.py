"""The diagnosis of all answers: what is wrong with those of each depth, the simplest problems first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from crosscheck.core.records import Answer
from crosscheck.grading.diagnosis.findings import Diagnosis, Finding, found
from crosscheck.grading.diagnosis.moves import costs_of, moves_of, one_later
from crosscheck.grading.diagnosis.points import Point, in_order, names, points_of
from crosscheck.grading.diagnosis.search import Search
from crosscheck.grading.diagnosis.updates import LEAST, one_too_few, updates
from crosscheck.judge.elementwise import Judge


class Theirs(NamedTuple):
    """What of an answer is the program's own: J, the gradient, its training, and the costs that this reports."""

    J: bool = True
    gradient: bool = True
    fit: bool = False
    costs: bool = False


EVERYTHING = Theirs()


def diagnoses(answers: Iterable[tuple[Judge, Answer]], theirs: Theirs = EVERYTHING) -> list[Diagnosis]:
    """Return what is wrong with the answers of each depth at which anything is, the lowest first."""
    by_depth: dict[int, list[tuple[Judge, Answer]]] = {}
    for judging, answer in answers:
        by_depth.setdefault(judging.case.network.L, []).append((judging, answer))
    each = (_of_depth(pairs, theirs) for _, pairs in sorted(by_depth.items()))
    return [
        diagnosis for diagnosis in each if diagnosis.wrong or diagnosis.findings or diagnosis.astray or diagnosis.costs
    ]


def _of_depth(pairs: Sequence[tuple[Judge, Answer]], theirs: Theirs) -> Diagnosis:
    """Return the diagnosis of the gradient, and beside it that of the training."""
    depth = pairs[0][0].case.network.L
    moves = [point for pair in pairs for point in moves_of(*pair, own=theirs.gradient)] if theirs.fit else []
    if moves and not any(_moves(point) for point in moves):
        later = [point for judging, answer in pairs for point in moves_of(judging, one_later(answer), theirs.gradient)]
        right = [point for point in later if _moves(point) and not _astray([point])]
        if len(right) >= LEAST or any(_moves(point) for point in later):  # else no step moves anything
            points = in_order([point for pair in pairs for point in points_of(*pair)]) if theirs.gradient else []
            diagnosis = _of_gradients(points, theirs) if points else Diagnosis(depth)
            few = len(right) >= LEAST
            return diagnosis._replace(
                steps=(one_too_few(moves),) if few else (),
                astray=tuple(names(moves[0].network)[1:]),
                untold=_astray(later) if few else tuple(names(moves[0].network)[1:]),
                implied=not theirs.gradient,
            )
    if not theirs.gradient:
        implied = _of_gradients(in_order(moves), theirs) if moves else Diagnosis(depth)
        return Diagnosis(depth, (), (), (), (), implied.findings, implied.wrong, implied.unexplained, implied=True)
    points = in_order([point for pair in pairs for point in points_of(*pair)])
    diagnosis = _of_gradients(points, theirs) if points else Diagnosis(depth)
    steps, astray, untold = updates(moves)
    costs = () if "J" in diagnosis.wrong or not (theirs.fit and theirs.costs) else _of_costs(pairs)
    return diagnosis._replace(steps=steps, astray=astray, untold=untold, costs=costs)


def _moves(point: Point) -> bool:
    """Return whether a step changes any parameter."""
    return any(point.got[name].any() for name in names(point.network)[1:])


def _astray(points: Sequence[Point]) -> tuple[str, ...]:
    """Return what is not moved as it should be."""
    tensors = names(points[0].network)[1:] if points else ()
    return tuple(name for name in tensors if any(point.wrong(name) for point in points))


def _of_costs(pairs: Sequence[tuple[Judge, Answer]]) -> tuple[Finding, ...]:
    """Return what is wrong with the costs of the training, if one thing explains it."""
    points = in_order([point for pair in pairs for point in costs_of(*pair)])
    if len(points) < LEAST or not any(point.wrong("J") for point in points):
        return ()
    account = Search(points).cost()
    return () if account.unexplained else found(account, points).findings


def _of_gradients(points: list[Point], theirs: Theirs) -> Diagnosis:
    """Return the diagnosis of the answers at these points; of those with one output, if that explains more."""
    network, problems = points[0].network, tuple(dict.fromkeys(point.problem for point in points))
    wrong = tuple(name for name in names(network) if any(point.wrong(name) for point in points))
    telling = [point for point in points if not point.degenerate]
    if not telling or (wrong and not any(point.wrong(name) for point in telling for name in wrong)):
        return Diagnosis(network.L, (), wrong, wrong, problems)  # one degenerate problem proves nothing
    diagnosis = found(Search(points, theirs.J).best(), points)
    single = [point for point in points if point.network.n[-1] == 1]
    if diagnosis.unexplained and single and len(single) < len(points):
        simpler = found(Search(single, theirs.J).best(), single)
        if simpler.wrong and len(simpler.unexplained) < len(diagnosis.unexplained):
            return simpler
    return diagnosis
