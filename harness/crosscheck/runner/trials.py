"""One trial of an implementation, in a worker: the same gradient several times in a row, and one step of `fit`.

A trial says how the arrays lie in memory and how often the question is asked; the process that it runs in says how many
threads there are, and what has been asked there before.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Declaration, Framework, Params, declaration

from crosscheck.core.failures import Broken, Promise
from crosscheck.core.plain import Malformed
from crosscheck.core.records import Answer, Case, flat, named
from crosscheck.runner import steering
from crosscheck.runner.collect import (
    SLOW,
    TooSlow,
    borrows_fit,
    configure,
    environment,
    python_steps,
    record,
    same,
)
from crosscheck.runner.evidence import checked
from crosscheck.runner.layouts import all_laid_out, laid_out
from crosscheck.runner.loading import load_implementation
from crosscheck.runner.serve import of_plain_numbers

_configured = set[tuple[str, str]]()  # of this process: (framework, dtype)


class Trial(NamedTuple):
    """What is asked. loader: as in serve.Start. case: one checkpoint, one iteration. calls: gradients in a row.

    number: of the question.
    """

    number: int
    framework: str
    variant: str
    device: str
    loader: str
    layout: str
    calls: int
    case: Case


class Tried(NamedTuple):
    """What came of it. answer: its gradients are the different ones, in the order in which they came first.

    calls: for each call, which of them it gave. first: whether nothing had been asked in that process before.
    """

    number: int
    answer: Answer
    calls: list[int]
    declared: Declaration
    first: bool


def try_once(trial: Trial) -> Tried:
    """Ask one implementation. Raises whatever that raises, and TooSlow."""
    framework = load_implementation(trial.framework, trial.loader)
    steering.check(trial.framework)
    first = not _configured
    if (trial.framework, trial.case.dtype) not in _configured:
        configure(framework, trial.case.dtype)
        _configured.add((trial.framework, trial.case.dtype))
    declared = declaration(framework, trial.variant)
    case, device = trial.case, trial.device
    if (steps := python_steps(case, declared)) > SLOW:
        raise TooSlow(steps)
    X, Y = (laid_out(framework, array, trial.layout, device) for array in (case.X, case.Y))
    params = all_laid_out(framework, case.checkpoints[0], trial.layout, device)
    gradients: list[tuple[Array, Params]] = []
    calls, where = [], ""
    for _ in range(trial.calls):
        J, gradient = framework.gradients[trial.variant](case.network, params, X, Y)
        where = framework.device(gradient[0].W)
        calls.append(_place(gradients, (np.asarray(framework.to_numpy(J)), _numbers(framework, gradient))))
    run, _, broken = record(framework, trial.variant, case, params, X, Y, 1)
    run = run._replace(borrowed=borrows_fit(framework, trial.variant))
    given = [("X", X, case.X), ("Y", Y, case.Y)]
    given += [
        (name, array, there)
        for (name, array, _), there in zip(named(case.network, params, ""), flat(case.checkpoints[0]), strict=True)
    ]
    for name, array, original in given:
        if not same(np.asarray(framework.to_numpy(array)), original):
            broken.append(Broken(Promise.INPUT_LEFT_ALONE, name))
    labels = np.zeros((case.network.n[-1], case.X.shape[1]), np.int64)  # not asked for
    answer = Answer(
        [0] * len(gradients), gradients, run, labels, labels, None, where, broken, environment(framework)
    )  # fmt: skip
    return Tried(trial.number, of_plain_numbers(answer, case.dtype), calls, declared, first)


def sound(number: int, calls: int, tried: Tried) -> Tried:
    """Return what a worker has said of a trial, with so many calls. Raises Malformed where it is no answer to it."""
    count = len(tried.answer.gradients)
    whole = tried.number == number and len(tried.calls) == calls
    if not whole or tried.answer.checkpoints != [0] * count or not count or len(tried.answer.run.steps) > 1:
        raise Malformed("an answer to what was not asked")
    if sorted(set(tried.calls)) != list(range(count)):
        raise Malformed("calls without an answer")
    return tried._replace(answer=checked(tried.answer))


def _numbers(framework: Framework, params: Params) -> Params:
    return tuple(type(layer)(*(np.asarray(framework.to_numpy(array)) for array in layer)) for layer in params)


def _place(gradients: list[tuple[Array, Params]], answer: tuple[Array, Params]) -> int:
    """Return the place of an answer among those that came before, to the last bit; put it there if it is another."""
    J, gradient = answer
    for k, (K, other) in enumerate(gradients):
        if same(J, K) and len(gradient) == len(other) and all(map(same, flat(gradient), flat(other))):
            return k
    gradients.append(answer)
    return len(gradients) - 1
