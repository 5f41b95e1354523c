"""Whose labels these are: of a rule that is known, on every problem, before training and after it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from crosscheck_impls.interface import Array, Params

from crosscheck.core.records import Answer, Case, flat
from crosscheck.grading.diagnosis.stages import Stage, options
from crosscheck.mutation.build import mutated
from crosscheck.mutation.mutants import MUTANTS, Kind, Mutant
from crosscheck.oracle.reference import RIGHT, Reference


def _never(self: Reference, A: Array, Z: Array) -> Array:
    return np.zeros(Z.shape, "int64")


SHARP = 0.05  # of a border between classes that is told: a digit and a half
RULES = (
    *(mutant for mutant in MUTANTS if mutant.affects_prediction),
    Mutant(
        "class 0 everywhere",
        Kind.CLASSIC,
        "every example is given class 0, as the argmax of a single output gives",
        {"classes": _never},
    ),
)


def labels_of(asked: Sequence[tuple[Case, Answer]]) -> Mutant | None:
    """Return the known mistake whose labels all of these are, if they are those of one alone."""
    passes = [option.mutant for option in options(Stage.FORWARD) if option.mutant is not None]
    seen = [each for case, answer in asked for each in _seen(case, answer)]
    found = [mutant for mutant in (*RULES, *passes) if seen and all(_are(mutant, *each) for each in seen)]
    if not found and seen:
        return _border([(RIGHT.forward(case.network, params, case.X)[0][-1], labels) for case, params, labels in seen])
    return found[0] if len(found) == 1 else None


def _border(seen: Sequence[tuple[Array, Array]]) -> Mutant | None:
    """Return the other border than 0.5 that all labels have, given A[L] and the labels of each problem."""
    below = max((float(A[labels == 0].max(initial=0.0)) for A, labels in seen), default=0.0)
    above = min((float(A[labels == 1].min(initial=1.0)) for A, labels in seen), default=1.0)
    if not below < above or below <= 0.5 <= above or above - below > SHARP:
        return None
    at = f"between {below:.4g} and {above:.4g}" if f"{below:.4g}" != f"{above:.4g}" else f"about {above:.4g}"
    words = f"class 1 begins where A[L] is {at}; it is to begin at 0.5"
    return Mutant(f"a border of about {(below + above) / 2:.2g}", Kind.CLASSIC, words, {})


def _seen(case: Case, answer: Answer) -> list[tuple[Case, Params, Array]]:
    """Return the parameters at which the labels of a problem were asked for, with these."""
    at = [(case.checkpoints[0], answer.labels_start), (answer.run.trained, answer.labels)]
    return [(case, params, labels) for params, labels in at if all(np.isfinite(array).all() for array in flat(params))]


def _are(mutant: Mutant, case: Case, params: Params, labels: Array) -> bool:
    try:
        with np.errstate(all="ignore"):
            return np.array_equal(mutated(mutant).predict(case.network, params, case.X), labels)
    except Exception:  # a mistake may break anything
        return False
