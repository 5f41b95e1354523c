"""False alarms: random networks, data and weights, after random numbers of iterations, in all implementations.

All of them are right, so every alarm is a false one: of the harness, and of the baselines, each of which looks at an
implementation beside the reference in the same dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from crosscheck_impls.interface import DTYPES, Declaration, Layer, Network

from crosscheck.comparison.asked import Implementation, Request
from crosscheck.comparison.results import Recorded, Results
from crosscheck.comparison.session import compare
from crosscheck.core.records import Answer, Case
from crosscheck.evaluation.baselines import alarms, seen
from crosscheck.judge.verdict import Key, Row
from crosscheck.mutation.build import VARIANT, framework
from crosscheck.oracle.float64 import descend
from crosscheck.problems.catalogue import Problem
from crosscheck.problems.datasets import Data
from crosscheck.runner.collect import measure

ITERATIONS = 12  # of the run that is judged
AGES = (0, 1, 5, 25, 100, 400)  # iterations before it, so that both initial and trained weights occur
ALPHA = 0.1

# Few shapes, since JAX compiles for each; the data, the weights and their age are drawn.
NETWORKS: tuple[tuple[Network, int], ...] = (
    (Network((3, 1), ("sigmoid",)), 50),
    (Network((5, 2), ("sigmoid",), "squared_error"), 40),
    (Network((4, 1), ("linear",), "squared_error"), 30),
    (Network((2, 4, 1), ("tanh", "sigmoid")), 60),
    (Network((6, 5, 1), ("relu", "sigmoid"), relu_grad_at_zero="left"), 40),
    (Network((3, 4, 2), ("sigmoid", "sigmoid")), 33),
    (Network((4, 6, 3, 1), ("leaky_relu", "relu", "sigmoid"), leaky_slope=0.1), 25),
    (Network((5, 4, 4, 3, 1), ("tanh", "linear", "leaky_relu", "relu"), "squared_error"), 20),
)


@dataclass
class HonestRun:
    """One run of a right implementation: the harness's verdict and ratios, and the baselines' alarms."""

    row: Row
    baselines: dict[str, bool | None] = field(default_factory=dict)


def problems(draws: int, seed: int = 0) -> Iterator[Problem]:
    """Yield so many random problems for each network."""
    random = np.random.default_rng(seed)
    for number, (network, m) in enumerate(NETWORKS):
        for draw in range(draws):
            X = random.standard_normal((network.n[0], m)) * random.choice([0.1, 1.0, 3.0], (network.n[0], 1))
            Y = (random.random((network.n[-1], m)) < random.choice([0.1, 0.5])).astype(float)
            if network.loss == "squared_error":
                Y = Y + random.standard_normal(Y.shape)
            scale = random.choice([0.3, 1.0, 2.0])
            params: Any = tuple(
                (scale * random.standard_normal((n, before)) / np.sqrt(before), 0.1 * random.standard_normal((n, 1)))
                for n, before in zip(network.n[1:], network.n[:-1], strict=True)
            )
            age = int(random.choice(AGES))
            params = aged(network, params, X, Y, age)
            yield Problem(f"random-{number}-{draw}-age{age}", Data(X, Y), network, params, ALPHA, ITERATIONS)


def aged(network: Network, params: Any, X: Any, Y: Any, age: int, alpha: float = ALPHA) -> Any:
    """Return the oracle's params after so many iterations, or before they overflow."""
    layers = tuple(Layer(*layer) for layer in params)
    with np.errstate(all="ignore"):
        for t, (reached, J) in enumerate(descend(network, layers, X, Y, alpha)):
            if not np.isfinite(J) or J > 1e6:
                return layers
            layers = reached
            if t == age:
                break
    return layers


def request(draws: int, chosen: list[Implementation]) -> Request:
    """Return what is compared: so many draws of each network, in both dtypes."""
    return Request(list(problems(draws)), chosen, DTYPES)


def run(
    asked: Request,
    report: Callable[[str, int, int], None],
    runs: list[HonestRun] | None = None,
    record: Callable[[HonestRun], None] = lambda _: None,
) -> list[HonestRun]:
    """Return the runs of the request. runs: those that are there already. record: called with each new one."""
    results = Results([each.row for each in runs or ()])
    baselines = {each.row.key: each.baselines for each in runs or ()}
    references: dict[tuple[str, str], Answer] = {}

    def keep(case: Case, name: str, answer: Answer, _: Declaration) -> None:
        key = case.problem, case.dtype
        if key not in references:
            references[key] = measure(framework(), VARIANT, Declaration(), case, "cpu")
        right = references[key]
        if answer.run.iterations == case.iterations and len(answer.gradients) == len(right.gradients):
            differ = alarms(case, answer.checkpoints, seen(case, answer), seen(case, right))
            baselines[Key(case.problem, name, case.dtype, asked.device)] = differ

    def judged(said: Recorded) -> None:
        if isinstance(said, Row):
            record(HonestRun(said, baselines.get(said.key, {})))

    rows = compare(asked, report, results, keep, judged).rows
    return [HonestRun(row, baselines.get(row.key, {})) for row in rows]
