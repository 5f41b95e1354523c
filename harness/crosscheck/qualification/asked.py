"""A question as a case: the data, the weights and the network, which depend on the seed and the question alone."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Declaration, Layer, Loss, Network, Params

from crosscheck.core.failures import Failure, Stage
from crosscheck.core.records import Case, flat
from crosscheck.judge.elementwise import Judge, Known, as_stack
from crosscheck.judge.equality import true_at_start
from crosscheck.oracle.float64 import Evaluation
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import Problem
from crosscheck.problems.datasets import Data
from crosscheck.problems.exact import SLOPE, exact_problem
from crosscheck.qualification.design import Question
from crosscheck.runner.collect import same
from crosscheck.runner.serve import failure_of
from crosscheck.runner.trials import Trial, Tried, try_once

# of drawn data: no kink, so that no bound is wider for it
DRAWN = (("tanh", "sigmoid"), ("sigmoid", "linear"), ("tanh", "linear"), ("sigmoid", "sigmoid"))
EXACT = (("relu", "linear"), ("linear", "linear"), ("leaky_relu", "relu"))
ALPHA = 0.1


class OneStep(Judge):
    """A judge of one step, which begins where the gradients are asked for, so that all is evaluated once."""

    def at_checkpoint(self, checkpoint: int, declared: Declaration) -> Known:
        """Return what is known there; of many examples without intermediate results."""
        key = (checkpoint, declared)
        if key not in self._known:
            self._known[key] = super().bounded_at(self.case.checkpoints[checkpoint], declared)
        return self._known[key]

    def bounded_at(self, params: Params, declared: Declaration) -> Known:
        """Return the same at any parameters, or at a stack of them."""
        start = flat(self.case.checkpoints[0])
        if params[0].W.shape[:-2] == (1,) and all(same(got[0], W) for got, W in zip(flat(params), start, strict=True)):
            return as_stack([self.at_checkpoint(0, declared)])
        return super().bounded_at(params, declared)


@dataclass(frozen=True)
class Asked:
    """A question with its number, the case that it is, and what judges it."""

    number: int
    question: Question
    case: Case
    judge: Judge

    @cached_property
    def true(self) -> Evaluation:
        """The oracle at the start, which on exact data has no error."""
        return true_at_start(self.case)


class Item(NamedTuple):
    """What a worker is told of a trial: it draws the data itself. name: of the implementation, as the user has it."""

    number: int
    question: Question
    seed: int
    name: str
    framework: str
    variant: str
    device: str
    loader: str
    calls: int


def try_item(item: Item) -> Tried | Failure:
    """Ask an implementation, in its worker; return why there is no answer if there is none."""
    case = case_of(item.question, item.seed)
    asking = item.number, item.framework, item.variant, item.device, item.loader, item.question.layout, item.calls
    try:
        return try_once(Trial(*asking, case))
    except BaseException as error:  # somebody's code may raise anything
        return failure_of(Stage.CASE, error)


@lru_cache(maxsize=4)
def asked(number: int, question: Question, seed: int) -> Asked:
    """Return a question as the harness has it. Raises BadInput where exact data leaves no headroom in the dtype."""
    case = case_of(question, seed)
    return Asked(number, question, case, OneStep(case))


@lru_cache(maxsize=2)
def case_of(question: Question, seed: int) -> Case:
    """Return the case of a question. Raises BadInput where exact data of these sizes leaves no headroom."""
    return make_case(_problem(question, seed), question.dtype, later=False)


def _problem(question: Question, seed: int) -> Problem:
    sizes = (question.n0, question.n1, question.n2)
    name = "-".join(map(str, ("qualify", seed, *sizes, question.m, question.kind)))
    draw = zlib.crc32(name.encode())
    if question.kind == "exact":
        g = EXACT[draw % len(EXACT)]
        network = Network(sizes, g, "squared_error", SLOPE)
        return exact_problem(name, network, question.m, question.dtype)
    g = DRAWN[draw % len(DRAWN)]
    loss: Loss = "cross_entropy" if g[-1] == "sigmoid" and draw % 8 < 4 else "squared_error"
    network = Network(sizes, g, loss)
    random = np.random.default_rng(draw)
    params = tuple(
        Layer(random.standard_normal((n, before)) / np.sqrt(before), 0.3 * random.standard_normal((n, 1)))
        for n, before in zip(sizes[1:], sizes, strict=False)
    )
    X = random.standard_normal((question.n0, question.m))
    Y = (random.random((question.n2, question.m)) < 0.5).astype(np.float64)
    return Problem(name, Data(X, Y), network, params, ALPHA, 1)
