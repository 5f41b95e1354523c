"""The derivative at exactly 0, where ReLU and leaky ReLU have none: which value somebody's numbers are made with.

Any value between the slopes on both sides is a convention. Another one is a mistake that shows nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Network

from crosscheck.core.records import flat
from crosscheck.grading.diagnosis.findings import Diagnosis, Finding
from crosscheck.grading.diagnosis.points import Point, fits, names
from crosscheck.grading.diagnosis.stages import Stage
from crosscheck.mutation.mutants import Kind, Mutant
from crosscheck.oracle.reference import RIGHT, Reference

HOOKS = {"relu": "relu_derivative", "leaky_relu": "leaky_relu_derivative"}
WORDS = "at exactly 0 the derivative of {} is taken as {:g}; it is to be one of the slopes beside it, {:g} or 1"


def at_kinks(points: Sequence[Point]) -> Diagnosis | None:
    """Return the diagnosis of what is wrong at kinks alone, if one value of the derivative there explains it.

    Its mistake is a Kind.SWITCH where that value is a convention.
    """
    wrong = [point for point in points if any(point.wrong(name) for name in names(point.network))]
    if not wrong:
        return None
    network = wrong[0].network
    name = next((g for g in network.g if g in HOOKS), "")
    value = _value(wrong[0], name) if name else None
    least = network.leaky_slope if name == "leaky_relu" else 0.0
    if value is None or not all(_explains(point, name, value) for point in wrong):
        return None
    kind = Kind.SWITCH if least <= value <= 1 else Kind.CLASSIC
    hooks, words = {HOOKS[name]: _at(name, value)}, WORDS.format(name, value, least)
    known = Mutant(f"{name}'(0) = {value:g}", kind, words, hooks)
    tensors = tuple(each for each in names(network) if any(point.wrong(each) for point in wrong))
    problems = tuple(dict.fromkeys(point.problem for point in wrong))
    layers = tuple(l for l, g in enumerate(network.g, start=1) if g == name)
    finding = Finding(Stage.DZ, layers, tensors, known, problems=problems, depth=network.L)
    return Diagnosis(network.L, (finding,), tensors, (), problems)


def _at(name: str, value: float) -> Callable[..., Any]:
    """Return the derivative of an activation with this value at 0."""

    def relu_derivative(self: Reference, network: Network, Z: Array, A: Array) -> Array:
        return np.where(Z == 0, value, Z > 0)

    def leaky_relu_derivative(self: Reference, network: Network, Z: Array) -> Array:
        return np.where(Z == 0, value, np.where(Z > 0, 1, network.leaky_slope))

    return relu_derivative if name == "relu" else leaky_relu_derivative


def _gradient(point: Point, name: str, value: float) -> dict[str, Array]:
    reference: Reference = RIGHT.replaced(**{HOOKS[name]: _at(name, value)})
    _, gradient = reference.cost_and_gradients(point.network, point.params, point.X, point.Y)
    return dict(zip(names(point.network)[1:], flat(gradient), strict=True))


def _value(point: Point, name: str) -> float | None:
    """Return the value that moves the gradient to the answer's, to six digits: it is linear in that of one layer."""
    zero, one = _gradient(point, name, 0.0), _gradient(point, name, 1.0)
    moved = np.concatenate([(one[each] - zero[each]).ravel() for each in zero])
    missing = np.concatenate([(point.got[each] - zero[each]).ravel() for each in zero])
    size = float(moved @ moved)
    return float(f"{float(missing @ moved) / size + 0.0:.6g}") if size > 0 and np.isfinite(missing).all() else None


def _explains(point: Point, name: str, value: float) -> bool:
    made = _gradient(point, name, value)
    return not point.wrong("J") and all(fits(point, each, array) for each, array in made.items())
