"""Which activation the hidden layers have: that of which J is the answer's, or with which a mistake explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from crosscheck.core.records import Answer
from crosscheck.grading.diagnosis.account import Account
from crosscheck.grading.diagnosis.closeness import NEARER
from crosscheck.grading.diagnosis.points import points_of
from crosscheck.grading.diagnosis.search import Search
from crosscheck.grading.judging import converted
from crosscheck.grading.probe import FORMULATIONS, How, Shown, declared, outside
from crosscheck.judge.elementwise import Judge


def activation(shown: Shown) -> tuple[str, How]:
    """Return the activation and how it was found, given an answer for each."""
    answers = {name: (judging, _whole(judging, answer)) for name, (judging, answer) in shown.items()}
    wrong = {name: _wrong(judging, answer) for name, (judging, answer) in answers.items()}
    for name, tensors in wrong.items():
        if "J" not in tensors:
            return name, How.J
    if (squared := _by_squared_error(answers)) is not None:
        return squared
    distances = {name: _distance(judging, answer) for name, (judging, answer) in answers.items()}
    near, second, *_ = sorted(distances, key=lambda name: distances[name])
    if distances[near] < NEARER * distances[second]:
        return near, How.NEAREST
    accounts = {name: account for name, each in answers.items() if (account := _account(*each)) is not None}
    ranked = sorted(accounts, key=lambda name: (accounts[name].cost, distances[name]))
    if ranked and "J" not in accounts[ranked[0]].unexplained:
        same = [name for name in ranked if accounts[name].cost == accounts[ranked[0]].cost]
        return ranked[0], How.MISTAKE if len(same) == 1 else How.USUAL
    right = {name: len(tensors) for name, tensors in wrong.items()}
    best, other, *_ = sorted(right, key=lambda name: right[name])
    if right[best] < right[other]:
        return best, How.GRADIENTS
    return near, How.USUAL


def _by_squared_error(answers: Mapping[str, tuple[Judge, Answer]]) -> tuple[str, How] | None:
    """Return the activation with which J is the squared error, or all gradients are its; None if there is none."""
    for output in ("linear", "sigmoid"):
        for name, (judging, answer) in answers.items():
            network = judging.case.network
            if network.loss == "squared_error":
                return None
            changed = replace(network, g=(*network.g[:-1], output), loss="squared_error")
            wrong = _wrong(Judge(judging.case._replace(network=changed)), answer)
            if "J" not in wrong or wrong == {"J"}:
                return name, How.J if "J" not in wrong else How.SLOPES
    return None


def _whole(judging: Judge, answer: object) -> Answer:
    assert isinstance(answer, Answer)  # the same call has answered for another activation
    return converted(answer, judging.case.dtype)


def _wrong(judging: Judge, answer: Answer) -> set[str]:
    """Return what lies outside the bound, in the formulation that fits best."""
    each = [{str(c.tensor) for c in outside(judging, answer, declared(f, judging.case))} for f in FORMULATIONS]
    return min(each, key=len)


def _distance(judging: Judge, answer: Answer) -> float:
    """Return how far J is from that of an activation."""
    true = judging.at_checkpoint(answer.checkpoints[0], declared("logits", judging.case)).oracle.J
    distance = abs(float(np.asarray(answer.gradients[0][0])) - float(true))
    return distance if np.isfinite(distance) else np.inf


def _account(judging: Judge, answer: Answer) -> Account | None:
    points = list(points_of(judging, answer))
    return Search(points).best() if points else None
