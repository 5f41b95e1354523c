"""What the claims share: a row of the table, training in each framework, and how their figures are compared.

Frameworks that compute the same thing are held against the truth and its proved budget, as in `crosscheck compare`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from harness.budget import PLAIN, forward_budget, precision
from harness.lockstep import Case, Comparison, Judge, held
from harness.measure import measure
from harness.trajectory import certify
from harness.truth import Evaluation, Matrix, forward, kinks_of, slope_at
from impls.interface import BadInput, Layer, Network, Params, declaration

Frameworks: TypeAlias = Mapping[str, Any]  # name -> the package impls.with_<name>, of those that are installed
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
    """What a claim found: rows, and pictures (what the picture shows -> SVG)."""

    rows: list[Row]
    pictures: dict[str, str]


class Agreement(NamedTuple):
    """The largest error among the frameworks in units of the proved budget, and where it is."""

    ratio: float
    where: str

    def __str__(self) -> str:
        return f"{self.ratio:.2g} of the budget ({self.where})" if self.ratio else "0 of the budget"


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


def worst(found: Iterable[tuple[str, Comparison]]) -> Agreement:
    """Return the largest of the comparisons that have a bound."""
    ratio, where = max((c.ratio, f"{c.tensor} in {name}") for name, c in found if c.ratio == c.ratio)
    return Agreement(ratio, where)


def larger(agreements: Iterable[Agreement]) -> Agreement:
    """Return the one with the largest ratio."""
    return max(agreements, key=lambda each: each.ratio)


def lockstep(
    frameworks: Frameworks, network: Network, points: Sequence[Params], X: Matrix, Y: Matrix, source: str = "by_hand"
) -> Agreement:
    """Hold J, every dW and db, and one step of gradient descent at each of the points against truth and budget."""
    case = Case("claim", network, "float64", X, Y, None, None, tuple(points), tuple(range(len(points))), 0.1, 1)
    judge = Judge(case)
    found = []
    for name, framework in frameworks.items():
        if source not in framework.gradients:
            continue
        declared = declaration(framework, source)
        answer = measure(framework, source, declared, case, "cpu")
        comparisons = judge.compare(answer, declared) + certify(judge, answer, declared)
        found += [(name, comparison) for comparison in comparisons]
    return worst(found)


def outputs(
    frameworks: Frameworks, network: Network, params: Params, X: Matrix
) -> tuple[dict[str, Matrix], Agreement | str]:
    """Return every framework's A[L] (n[L], m), and how they compare: with the truth's, or bit by bit after a step."""
    answers = {}
    for name, framework in frameworks.items():
        Z, _ = framework.l_layer.forward(network, put(framework, params), framework.put(X))
        answers[name] = framework.get(framework.l_layer.activation_forward(network, network.L, Z))
    if "step" in network.g:
        return answers, same(answers)
    truth = forward_truth(network, params, X)
    E = 2 * forward_budget(network, params, truth, P, PLAIN)[0][-1]  # theirs and the truth's own
    return answers, worst((name, held("A[L]", 0, A, truth.A[-1], E, "float64")) for name, A in answers.items())


def same(answers: Mapping[str, Any]) -> str:
    """Return whether all have the same bits, in words."""
    return EXACT if len({np.asarray(answer).tobytes() for answer in answers.values()}) == 1 else DIFFER


def forward_truth(network: Network, params: Params, X: Matrix) -> Evaluation:
    """Return the truth's A, Z and slopes, without a loss."""
    A, Z = forward(network, params, X)
    kinks = kinks_of(network)
    slopes = [slope_at(g, z, a, network.leaky_slope, kinks) for g, z, a in zip(network.g, Z, A[1:], strict=True)]
    return Evaluation(np.nan, (), A, Z, slopes, [], [], A[-1])


def put(framework: Any, params: Params) -> Params:
    """Return NumPy params on the framework's side."""
    return tuple(Layer(framework.put(W), framework.put(b)) for W, b in params)


def get(framework: Any, params: Params) -> Params:
    """Return a framework's params or gradient as NumPy arrays."""
    return tuple(Layer(framework.get(W), framework.get(b)) for W, b in params)


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
    source: str = "by_hand",
) -> Trained:
    """Gradient descent in one framework, from NumPy arrays to NumPy arrays."""
    arguments = put(framework, start), framework.put(X), framework.put(Y)
    with np.errstate(all="ignore"):  # a learning rate too large is a finding
        params, costs = framework.fit(source, network, *arguments, float(alpha), iterations)
    return Trained(get(framework, params), framework.get(costs))


def cost(framework: Any, network: Network, params: Params, X: Matrix, Y: Matrix) -> float:
    """Return J in one framework."""
    Z, _ = framework.l_layer.forward(network, put(framework, params), framework.put(X))
    return float(framework.l_layer.cost(network, Z, framework.put(Y)))


def accuracy(framework: Any, network: Network, params: Params, X: Matrix, Y: Matrix) -> float:
    """Return the share of labels that the framework predicts right, in per cent."""
    labels = framework.get(framework.predict(network, put(framework, params), framework.put(X)))
    return float(100 * (labels == Y).mean())


def arrow(*numbers: float, digits: int = 4) -> str:
    """Return numbers as one figure: 0.6931 → 0.4213."""
    return " → ".join(f"{number:.{digits}g}" for number in numbers)
