"""What the claims share: a row of the table, training in each framework, and how their figures are compared.

Frameworks that compute the same thing are compared with the oracle within the error bound, as in `crosscheck compare`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from crosscheck_impls.interface import BadInput, Layer, Network, Params, declaration

from crosscheck.claims.engine.run import Failure
from crosscheck.core.records import Case, Comparison
from crosscheck.judge.elementwise import Judge, held
from crosscheck.judge.steps import certify
from crosscheck.oracle.error_bound import PLAIN, forward_bound, precision
from crosscheck.oracle.float64 import Evaluation, Matrix, forward, grads_at_zero, slope_at
from crosscheck.runner.collect import measure

Frameworks: TypeAlias = Mapping[str, Any]  # name -> the package crosscheck_impls.with_<name>, if it is installed
HOLDS, FAILS = "holds", "does not hold"
EXACT, DIFFER = "exact: the same bits", "they differ"
P = precision("float64")


class Row(NamedTuple):
    """One line of the table.

    figures: the measured figure in words, by framework. agreement: how the frameworks' figures compare, or why they
    cannot. verdict: `holds`, `does not hold`, `holds when ...`, or `failed: ...`.
    """

    statement: str
    notes: str
    measured: str
    figures: Mapping[str, str]
    agreement: str
    verdict: str


class Findings(NamedTuple):
    """The findings of a claim: rows, and pictures (what the picture shows -> SVG)."""

    rows: list[Row]
    pictures: dict[str, str]


class Measured(NamedTuple):
    """What came of a claim, by its name; a journal keeps it."""

    claim: str
    outcome: Findings | Failure


class Agreement(NamedTuple):
    """The largest error among the frameworks in units of the error bound, and where it is."""

    ratio: float
    where: str

    def __str__(self) -> str:
        return f"{self.ratio:.2g} of the bound ({self.where})" if self.ratio else "0 of the bound"


def row(
    statement: str,
    notes: str,
    measured: str,
    figures: Mapping[str, str],
    agreement: Agreement | str,
    verdict: str | bool,
) -> Row:
    """Return a row; a disagreement among the frameworks is a failure, whatever the claim's verdict."""
    if isinstance(verdict, (bool, np.bool_)):
        verdict = HOLDS if verdict else FAILS
    if not verdict.startswith((HOLDS, FAILS)):
        raise BadInput(f"verdict {verdict!r}: expected '{HOLDS}', '{FAILS}' or '{HOLDS} when ...'")
    if agreement == DIFFER or (isinstance(agreement, Agreement) and not agreement.ratio <= 1):
        verdict = f"failed: the frameworks disagree, {agreement}"
    return Row(statement, notes, measured, figures, str(agreement), verdict)


def worst(comparisons: Iterable[tuple[str, Comparison]]) -> Agreement:
    """Return the largest of the comparisons that have a bound."""
    ratio, where = max((c.ratio, f"{c.tensor} in {name}") for name, c in comparisons if c.ratio == c.ratio)
    return Agreement(ratio, where)


def larger(agreements: Iterable[Agreement]) -> Agreement:
    """Return the one with the largest ratio."""
    return max(agreements, key=lambda each: each.ratio)


def lockstep(
    frameworks: Frameworks,
    network: Network,
    checkpoints: Sequence[Params],
    X: Matrix,
    Y: Matrix,
    variant: str = "by_hand",
) -> Agreement:
    """Compare J, every dW and db, and one step of gradient descent with the oracle at each of the checkpoints."""
    steps = tuple(range(len(checkpoints)))
    case = Case("claim", network, "float64", X, Y, None, None, tuple(checkpoints), steps, 0.1, 1)
    judge = Judge(case)
    by_framework = []
    for name, framework in frameworks.items():
        if variant not in framework.gradients:
            continue
        declared = declaration(framework, variant)
        answer = measure(framework, variant, declared, case, "cpu")
        comparisons = judge.compare(answer, declared) + certify(judge, answer, declared)
        by_framework += [(name, comparison) for comparison in comparisons]
    return worst(by_framework)


def outputs(
    frameworks: Frameworks, network: Network, params: Params, X: Matrix
) -> tuple[dict[str, Matrix], Agreement | str]:
    """Return every framework's A[L] (n[L], m), and how they compare: with the oracle's, or bit by bit after a step."""
    answers = {}
    for name, framework in frameworks.items():
        Z, _ = framework.l_layer.forward(network, from_numpy(framework, params), framework.from_numpy(X))
        answers[name] = framework.to_numpy(framework.l_layer.activation_forward(network, network.L, Z))
    if "step" in network.g:
        return answers, same(answers)
    oracle = forward_oracle(network, params, X)
    E = 2 * forward_bound(network, params, oracle, P, PLAIN)[0][-1]  # theirs and the oracle's own
    return answers, worst((name, held("A[L]", 0, A, oracle.A[-1], E, "float64")) for name, A in answers.items())


def same(answers: Mapping[str, Any]) -> str:
    """Return whether all have the same bits, in words."""
    return EXACT if len({np.asarray(answer).tobytes() for answer in answers.values()}) == 1 else DIFFER


def forward_oracle(network: Network, params: Params, X: Matrix) -> Evaluation:
    """Return the oracle's A, Z and slopes, without a loss."""
    A, Z = forward(network, params, X)
    at_zero = grads_at_zero(network)
    slopes = [slope_at(g, z, a, network.leaky_slope, at_zero) for g, z, a in zip(network.g, Z, A[1:], strict=True)]
    return Evaluation(np.nan, (), A, Z, slopes, [], [], A[-1])


def from_numpy(framework: Any, params: Params) -> Params:
    """Return NumPy params on the framework's side."""
    return tuple(Layer(framework.from_numpy(W), framework.from_numpy(b)) for W, b in params)


def to_numpy(framework: Any, params: Params) -> Params:
    """Return a framework's params or gradient as NumPy arrays."""
    return tuple(Layer(framework.to_numpy(W), framework.to_numpy(b)) for W, b in params)


class Trained(NamedTuple):
    """Params after training and J before each step (iterations,), as NumPy arrays."""

    params: Params
    costs: Matrix


def train(
    framework: Any,
    network: Network,
    start: Params,
    X: Matrix,
    Y: Matrix,
    alpha: float,
    iterations: int,
    variant: str = "by_hand",
) -> Trained:
    """Gradient descent in one framework, from NumPy arrays to NumPy arrays."""
    arguments = from_numpy(framework, start), framework.from_numpy(X), framework.from_numpy(Y)
    with np.errstate(all="ignore"):  # a learning rate too large is a finding
        params, costs = framework.fit(variant, network, *arguments, float(alpha), iterations)
    return Trained(to_numpy(framework, params), framework.to_numpy(costs))


def cost(framework: Any, network: Network, params: Params, X: Matrix, Y: Matrix) -> float:
    """Return J in one framework."""
    Z, _ = framework.l_layer.forward(network, from_numpy(framework, params), framework.from_numpy(X))
    return float(framework.l_layer.cost(network, Z, framework.from_numpy(Y)))


def accuracy(framework: Any, network: Network, params: Params, X: Matrix, Y: Matrix) -> float:
    """Return the share of labels that the framework predicts right, in per cent."""
    labels = framework.to_numpy(framework.predict(network, from_numpy(framework, params), framework.from_numpy(X)))
    return float(100 * (labels == Y).mean())


def arrow(*numbers: float, digits: int = 4) -> str:
    """Return numbers as one figure: 0.6931 → 0.4213."""
    return " → ".join(f"{number:.{digits}g}" for number in numbers)
