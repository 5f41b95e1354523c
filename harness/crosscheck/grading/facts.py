"""What a check has found, as data: the parts that are right and wrong, the largest error of each, the proved causes.

The report in words is for the one who wrote the function; these are for whoever counts: a table, a grade, a file.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np

from crosscheck.core.failures import Failure, Verdict
from crosscheck.core.records import Answer, Comparison, Tensor
from crosscheck.grading.diagnosis.findings import Diagnosis
from crosscheck.grading.hints import Result
from crosscheck.grading.notes import Notes
from crosscheck.grading.penalty import told
from crosscheck.judge.causes import BrokenPromises, WrongLabels
from crosscheck.judge.location import first
from crosscheck.report.words import of_entry, of_name

TRAINING, PREDICTIONS = "training", "predictions"  # the parts that are no tensors
PENALTY = "a penalty in J that is not that of its gradient"
DIGITS = 16  # of a digest


class Part(NamedTuple):
    """J, a gradient, the training or the predictions: on how many problems it was right, and on how many asked."""

    right: int
    asked: int

    @property
    def whole(self) -> bool:
        """Whether it was asked, and right everywhere."""
        return 0 < self.asked == self.right


class Error(NamedTuple):
    """The largest error of a tensor over all problems, in units of what rounding can do, and in ulps where finite.

    name: in the function's own names. got, expected: of that entry.
    """

    name: str
    ratio: float
    ulps: float | None
    problem: str
    dtype: str
    got: float
    expected: float


class Facts(NamedTuple):
    """parts: by name, J first. first: the entry that is wrong first, where there is one. causes: the known mistakes
    whose numbers these are. saturated: what J does there, `undefined` or `cut off`, if it is not right. answers: a
    digest of the bits of J and of all gradients. trouble: why nothing could be compared, or what is wrong beside the
    numbers, in a few words.
    """

    parts: Mapping[str, Part] = {}
    errors: tuple[Error, ...] = ()
    first: str = ""
    causes: tuple[str, ...] = ()
    saturated: str = ""
    answers: str = ""
    trouble: str = ""


def facts(
    results: Sequence[Result],
    counted: Sequence[Result],
    own: Sequence[str],
    said: Notes,
    answers: Sequence[object],
    diagnoses: Sequence[Diagnosis] = (),
) -> Facts:
    """Return what was found. counted: those of the results that make it wrong. own: what of fit and predict it has."""
    parts: dict[str, Part] = {}
    astray = {diagnosis.depth for diagnosis in diagnoses if diagnosis.astray}  # of the program's own gradient
    for result in results:
        for name, right in _parts(result, result in counted, own, astray).items():
            if _is_theirs(name, said.unjudged):
                continue
            part = parts.get(name, Part(0, 0))
            parts[name] = Part(part.right + right, part.asked + 1)
    for name, function in ((TRAINING, "fit"), (PREDICTIONS, "predict")):
        if function in said.trouble:
            parts[name] = Part(0, 1)
        elif function in said.unchecked:
            parts.pop(name, None)
    lopsided, _ = told(said.penalties)
    if lopsided and "J" in parts:
        parts["J"] = Part(0, parts["J"].asked)
    wrong = next((result for result in counted if result.wrong), None)
    single = {result.case.problem for result in results if result.case.network.n[-1] == 1}
    every = [finding for diagnosis in diagnoses for finding in (*diagnosis.findings, *diagnosis.steps)]
    found = [finding.key for finding in every if single & {*finding.problems}] or [finding.key for finding in every]
    found += [result.labels.name for result in counted if result.labels is not None]
    found += [PENALTY] if lopsided else []
    return Facts(
        {name: parts[name] for name in sorted(parts, key=_in_order)},
        tuple(_errors(results)),
        "" if wrong is None else of_entry(first(wrong.wrong, wrong.case.network.L), wrong.pair),
        tuple(dict.fromkeys((*found, *(result.exactly for result in counted if result.exactly)))),
        "" if said.cost_is_ours else ends([each for each in results if each.row.verdict is Verdict.UNDEFINED]),
        digest(answers),
        "it changes what it is given" if said.changed else "",
    )


def ends(undefined: Sequence[Result]) -> str:
    """Return what becomes of J at saturated outputs: no number, or one that was cut off; nothing where it is right."""
    if not undefined:
        return ""
    finite = all(each.unstable is not None and math.isfinite(each.unstable.got) for each in undefined)
    return "cut off" if finite else "undefined"


def _is_theirs(name: str, unjudged: Sequence[str]) -> bool:
    """Return whether a part stands for something that did not come back, so that it was not judged."""
    return (name == "J" and "J" in unjudged) or ("gradients" in unjudged and name not in (TRAINING, PREDICTIONS))


def _parts(result: Result, bad: bool, own: Sequence[str], astray: Set[int]) -> dict[str, bool]:
    """Return which parts of one answer are right. Where there is none that could be compared, none is.

    astray: the depths at which training is wrong beside a wrong gradient.
    """
    layers = range(1, result.case.network.L + 1)
    whole = ["J", *(f"d{kind}{l}" for l in layers for kind in "Wb")]
    compared = {c.tensor for c in result.row.comparisons}
    names = [name for name in whole if name in compared] if compared else whole  # what it has not is not compared
    outside = {c.tensor for c in result.wrong} if bad else set()
    cause = result.row.cause
    lost = bad and (isinstance(cause, Failure) or not result.row.comparisons)
    if bad and isinstance(cause, BrokenPromises):
        broken = {promise.name for promise in cause.promises}
        lost = not broken & set(whole)  # of something else, which nobody's part is
        outside |= {Tensor(name) for name in broken if name in whole}
    parts = {of_name(name, result.pair): not lost and name not in outside for name in names}
    if "fit" in own:
        follows = result.case.network.L not in astray or not any(not tensor.of_fit for tensor in outside)
        parts[TRAINING] = not lost and follows and not any(tensor.of_fit for tensor in outside)
    if "predict" in own:
        labels = result.row.predictions
        wrong = isinstance(cause, WrongLabels) or (bad and labels is not None and labels.first is not None)
        parts[PREDICTIONS] = not lost and not wrong
    return parts


def _errors(results: Sequence[Result]) -> list[Error]:
    worst: dict[str, tuple[Comparison, Result]] = {}
    for result in results:
        for c in result.row.comparisons:
            name = of_name(c.tensor, result.pair)
            if c.bounded and (name not in worst or c.ratio > worst[name][0].ratio):
                worst[name] = c, result
    rows = sorted(worst.values(), key=lambda each: (each[0].tensor.of_fit, each[0].tensor.layer, each[0].tensor))
    return [
        Error(of_name(c.tensor, r.pair), c.ratio, c.ulps, r.case.problem, r.case.dtype, c.got, c.oracle)
        for c, r in rows
    ]


def _in_order(name: str) -> tuple[int, str, bool]:
    """J first, then the layers, W before b, then what is no tensor."""
    if name in (TRAINING, PREDICTIONS):
        return 2, name, False
    return int(name != "J"), name.lstrip("dWbw").zfill(4), "b" in name


def digest(answers: Sequence[object]) -> str:
    """Return a digest of the bits of J and of every gradient; nothing where there is no answer."""
    given = [answer for answer in answers if isinstance(answer, Answer)]
    said = hashlib.sha256()
    for answer in given:
        for J, gradient in answer.gradients:
            for array in (J, *(a for layer in gradient for a in layer)):
                plain = np.ascontiguousarray(array)
                said.update(f"{plain.dtype.str}{plain.shape}".encode())
                said.update(plain.tobytes())
    return said.hexdigest()[:DIGITS] if given else ""
