"""Predictions: labels must be the oracle's, but where its own output lies within its error bound of 0.5."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Declaration, Params

from crosscheck.core.records import Answer, cast, flat
from crosscheck.judge.elementwise import Judge
from crosscheck.oracle.float64 import exact

When = Literal["start", "train", "test"]


class WrongLabel(NamedTuple):
    """The first label that differs outside the bound: of which set, example and output; oracle: its A[L] there.

    among: instead of one example, so many from there on: predicted is the sum of what is predicted, oracle that of its.
    """

    when: When
    example: int
    output: int
    predicted: float
    oracle: float
    among: int = 1


class Predictions(NamedTuple):
    """Accuracies on train and test, the implementation's and the oracle's at the same parameters, in [0, 1].

    None for a regression or where there is no test set. near_threshold: labels that differ within the bound.
    wrong: how many differ outside it. first: the first of those. finite: whether the free run stays so; where it
    does not, nothing was compared.
    """

    train: float | None = None
    oracle_train: float | None = None
    test: float | None = None
    oracle_test: float | None = None
    near_threshold: int = 0
    wrong: int = 0
    first: WrongLabel | None = None
    finite: bool = True


class Labels(NamedTuple):
    """The labels of one set: the accuracy, the oracle's, and as in Predictions."""

    accuracy: float | None = None
    oracle: float | None = None
    near_threshold: int = 0
    wrong: int = 0
    first: WrongLabel | None = None


def predictions(judge: Judge, answer: Answer, declared: Declaration) -> Predictions:
    """Hold the labels at the start and after the free run against the oracle's at the same parameters."""
    case, run = judge.case, answer.run
    if not all(np.isfinite(a).all() for a in (run.costs, *flat(run.trained))):
        return Predictions(finite=False)
    initial, last = (cast(params, "float64") for params in (case.checkpoints[0], run.trained))
    start = _labels(judge, initial, answer.labels_start, "start", declared)
    train = _labels(judge, last, answer.labels, "train", declared)
    test = Labels() if answer.labels_test is None else _labels(judge, last, answer.labels_test, "test", declared)
    parts = (start, train, test)
    return Predictions(
        train.accuracy, train.oracle, test.accuracy, test.oracle,
        sum(part.near_threshold for part in parts), sum(part.wrong for part in parts),
        next((part.first for part in parts if part.first is not None), None),
    )  # fmt: skip


def _counted(judge: Judge, params: Params, labels: Array, when: When, declared: Declaration) -> Labels:
    """Hold the sums over chunks, and how many labels are right in each, against the oracle's.

    A sum of labels may differ by as many as lie within their bound of 0.5, and so may the number of right ones. Of
    those that differ within it, the sums show no more than their difference.
    """
    network, n, m = judge.case.network, judge.case.network.n[-1], judge.parts.m
    counts = network.g[-1] == "sigmoid"
    right = accurate = near_threshold = wrong = 0
    first = None
    for k, (X, Y) in enumerate(judge.parts):
        output, E = judge.output_of(params, X, declared)
        if counts:
            true = output > 0.5
            near = (np.abs(output - 0.5) <= E) & (E > 0)
            oracle = np.concatenate([true.sum(axis=1), (true == Y).sum(axis=1)])
            allowed = np.tile(near.sum(axis=1), 2)
            right, accurate = right + int(labels[n:, k].sum()), accurate + int(oracle[n:].sum())
        else:  # a sum in float64 on either side, whose own roundings are far below what the parts may err by
            oracle = output.sum(axis=1)
            allowed = E.sum(axis=1) + 2 * X.shape[1] * np.finfo(float).eps * np.abs(output).sum(axis=1)
        far = np.abs(labels[:, k] - oracle)
        outside = ~(far <= allowed) & np.isfinite(allowed)
        near_threshold += int(far[:n][~outside[:n]].sum()) if counts else 0
        wrong += int(outside.any())
        if first is None and outside.any():
            row = int(np.argmax(outside)) % n
            at = row if outside[row] else row + n
            first = WrongLabel(when, k * judge.parts.size, row, float(labels[at, k]), float(oracle[at]), X.shape[1])
    return Labels(
        right / (n * m) if counts else None, accurate / (n * m) if counts else None, near_threshold, wrong, first
    )


def _labels(judge: Judge, params: Params, labels: Array, when: When, declared: Declaration) -> Labels:
    if judge.case.source is not None:
        return _counted(judge, params, labels, when, declared)
    case, network = judge.case, judge.case.network
    given = (case.X_test, case.Y_test) if when == "test" else (case.X, case.Y)
    X, Y = (exact(array) for array in given)
    output, E = judge.output_at_start(declared) if when == "start" else judge.output_of(params, X, declared)
    accuracy = accurate = None
    if network.g[-1] == "sigmoid":
        # a label may differ only where the oracle's own output lies within its bound of 0.5
        true, near = output > 0.5, (np.abs(output - 0.5) <= E) & (E > 0)
        differs = labels != true
        outside, near_threshold = differs & ~near, int((differs & near).sum())
        accuracy, accurate = float((labels == Y).mean()), float((true == Y).mean())
    else:
        with np.errstate(invalid="ignore"):  # inf - inf, where there is no bound either
            outside, near_threshold = ~(np.abs(labels - output) <= E) & np.isfinite(E), 0
    if not outside.any():
        return Labels(accuracy, accurate, near_threshold)
    k, i = (int(index) for index in np.argwhere(outside)[0])
    wrong = WrongLabel(when, i, k, float(labels[k, i]), float(output[k, i]))
    return Labels(accuracy, accurate, near_threshold, int(outside.sum()), wrong)
