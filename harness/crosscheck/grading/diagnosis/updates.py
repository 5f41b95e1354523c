"""The update of the parameters, held against the program's own gradient, right or wrong: W := W - alpha dW.

A step is the parameters' own gradient times alpha, or a factor of it, or nothing; or the gradient at parameters of
which some have been updated already, which is seen where the own gradient is the right one or a factor of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from crosscheck_impls.interface import Array, Layer, Params

from crosscheck.core.records import flat
from crosscheck.grading.diagnosis.account import Special
from crosscheck.grading.diagnosis.factors import NOTHING, Factor, factors
from crosscheck.grading.diagnosis.findings import Finding
from crosscheck.grading.diagnosis.moves import sharpest_first
from crosscheck.grading.diagnosis.points import Point, fits, names
from crosscheck.grading.diagnosis.stages import Lazy, Stage
from crosscheck.oracle.reference import RIGHT

LEAST = 2  # problems: what holds on one may hold there by chance


def updates(moves: Sequence[Point]) -> tuple[tuple[Finding, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the update's mistakes, the tensors that are not moved by alpha times their own gradient, and those of
    them that nothing explains.
    """
    points = sharpest_first(moves)
    if not points:
        return (), (), ()
    tensors = names(points[0].network)[1:]
    wrong = tuple(name for name in tensors if not all(fits(point, name, point.true[name]) for point in points))
    groups: dict[Factor | Special, list[str]] = {}
    for name in wrong if len(points) >= LEAST else ():
        why = _why(points, name)
        if why is not None:
            groups.setdefault(why, []).append(name)
    findings = tuple(_finding(why, of, points) for why, of in groups.items())
    told = [name for finding in findings for name in finding.tensors]
    return findings, wrong, tuple(name for name in wrong if name not in told)


def _why(points: Sequence[Point], name: str) -> Factor | Special | None:
    if all(not point.got[name].any() for point in points):
        return NOTHING
    layer = int(name[2:])
    found = sorted(factors(points, name, layer, lambda k: points[k].true[name]), key=lambda factor: factor.cost)
    if found:
        return found[0]
    return Special.LATE if _late(points, name, layer) else None


def _late(points: Sequence[Point], name: str, layer: int) -> bool:
    """Return whether a step follows the gradient at params of which those of the other kind have been updated."""
    right, later = _gradient(points, name, _before), _gradient(points, name, _mixed)
    own = [point._replace(got=point.true) for point in points]
    if any(right(k) is None or later(k) is None for k in range(len(points))):
        return False
    for factor in factors(own, name, layer, right):
        if all(fits(p, name, factor.at(p, layer) * later(k)) for k, p in enumerate(points)):
            return True
    return False


def _gradient(points: Sequence[Point], name: str, at: Callable[[Point, str], Params]) -> Lazy:
    def made(k: int) -> Array:
        point = points[k]
        _, gradient = RIGHT.cost_and_gradients(point.network, at(point, name), point.X, point.Y)
        return np.asarray(flat(gradient)[names(point.network).index(name) - 1])

    return Lazy(made)


def _before(point: Point, name: str) -> Params:
    return point.params


def _mixed(point: Point, name: str) -> Params:
    """Return the params before the step for the tensor's own kind, W or b, and those after it for the other."""
    assert point.after is not None
    if "W" in name:
        return tuple(Layer(W, b) for (W, _), (_, b) in zip(point.params, point.after, strict=True))
    return tuple(Layer(W, b) for (W, _), (_, b) in zip(point.after, point.params, strict=True))


def one_too_few(points: Sequence[Point]) -> Finding:
    """Return the mistake of a run of n iterations that makes n - 1 steps."""
    return _finding(Special.FEW, names(points[0].network)[1:], points)


def _finding(why: Factor | Special, tensors: list[str], points: Sequence[Point]) -> Finding:
    layers = tuple(sorted({int(name[2:]) for name in tensors}))
    problems = tuple(dict.fromkeys(point.problem for point in points))
    found = Finding(Stage.UPDATE, layers, tuple(tensors), problems=problems, depth=points[0].network.L)
    return found._replace(special=why) if isinstance(why, Special) else found._replace(factor=why)
