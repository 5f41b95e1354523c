"""The squared error of a sigmoid is not convex, cross-entropy is (notes: N3, N4).

Measured: J at two weights and at the middle between them, which for a convex J lies below the mean of the two; a
small data set on which the squared error has two minima; and the smallest eigenvalue of the second derivatives at
many weights, by each framework's autodiff (NumPy: by hand), on breast cancer.

To try it yourself: other `ends` for the midpoint, or more `points`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from crosscheck_impls.interface import Layer, Network, Params

from crosscheck.claims.engine.autodiff import has, hessian
from crosscheck.claims.engine.lab import Agreement, Findings, Frameworks, P, Row, cost, larger, lockstep, row, worst
from crosscheck.claims.engine.pictures import BLACK, BLUE, ORANGE, below, panels, svg
from crosscheck.judge.elementwise import held
from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.datasets import breast_cancer

CROSS = Network((1, 1), ("sigmoid",))
SQUARED = Network((1, 1), ("sigmoid",), "squared_error")
# one weight, no bias, all of label 1: the first example wants w > 0, the last w < 0
X, Y = np.array([[10.0, 0.1, -0.5]]), np.array([[1.0, 1.0, 1.0]])
LEFT, RIGHT = -6.0, 3.0  # the weights to look at


def weight(w: float) -> Params:
    """Return W = w, b = 0."""
    return (Layer(np.array([[w]]), np.zeros((1, 1))),)


def run(frameworks: Frameworks, ends: tuple[float, float] = (-6.0, 0.0), points: int = 40) -> Findings:
    """Return the rows and the pictures."""
    rows = [*midpoint(frameworks, ends), minima(frameworks), *curvature(frameworks, points)]
    return Findings(rows, {"": picture(ends)})


def midpoint(frameworks: Frameworks, ends: tuple[float, float]) -> list[Row]:
    """J((w₁ + w₂)/2) > (J(w₁) + J(w₂))/2 for one pair is proof that J is not convex. One example, x = 1, y = 1."""
    one = np.ones((1, 1))
    rows = []
    for network, statement, notes in (
        (SQUARED, "The squared error after a sigmoid is not convex.", "N4"),
        (CROSS, "Cross-entropy keeps to the line between the same two weights.", "N3"),
    ):
        w = [ends[0], sum(ends) / 2, ends[1]]
        J = {name: [cost(f, network, weight(each), one, one) for each in w] for name, f in frameworks.items()}
        above = {name: middle - (first + last) / 2 for name, (first, middle, last) in J.items()}
        agreement = lockstep(frameworks, network, [weight(each) for each in w], one, one)
        holds = all((gap > 0) == (network is SQUARED) for gap in above.values())
        measured = f"J in the middle of w = {ends[0]:g} and {ends[1]:g}, less the mean of J there"
        rows.append(row(statement, notes, measured, {f: f"{above[f]:+.4f}" for f in frameworks}, agreement, holds))
    return rows


def minima(frameworks: Frameworks) -> Row:
    """Three examples with label 1, and J on a grid of weights: a minimum lies lower than both its neighbours."""
    grid = np.linspace(LEFT, RIGHT, 361)
    counts_of = {}
    for name, framework in frameworks.items():
        counts = []
        for network in (SQUARED, CROSS):
            J = np.array([cost(framework, network, weight(w), X, Y) for w in grid])
            counts.append(int(((J[1:-1] < J[:-2]) & (J[1:-1] < J[2:])).sum()))
        counts_of[name] = counts
    ratios = [lockstep(frameworks, network, [weight(w) for w in grid[::50]], X, Y) for network in (SQUARED, CROSS)]
    return row(
        "The squared error after a sigmoid has local optima, cross-entropy one.",
        "N3, N4",
        f"local minima of J, {LEFT:g} <= w <= {RIGHT:g}, x = 10, 0.1, −0.5 of label 1: squared error and cross-entropy",
        {f: f"{counts_of[f][0]} and {counts_of[f][1]}" for f in frameworks},
        larger(ratios),
        all(counts[0] > 1 and counts[1] == 1 for counts in counts_of.values()),
    )


def by_hand(network: Network, w: Matrix, inputs: Matrix, Y: Matrix) -> tuple[Matrix, Matrix]:
    """Return the second derivatives H (k, k) of J by w (k,), inputs (k, m), and how far rounding may take them.

    Cross-entropy: c = s(1 − s). Squared error: c = (s(1 − s))² + (s − y) s(1 − s)(1 − 2s).
    """
    z = w @ inputs
    s = 1 / (1 + np.exp(-z))
    slope = s * (1 - s)
    c = slope if network.loss == "cross_entropy" else slope**2 + (s - Y[0]) * slope * (1 - 2 * s)
    m = inputs.shape[1]
    # H = 1/m Σ cᵢ x̃ᵢ x̃ᵢᵀ                                                    (k, k)
    H = (inputs * c) @ inputs.T / m
    # z errs by γ(k) |w||x̃|, |c′| <= 1, and c by 24 roundings of numbers <= 1, of the exponent also by |z| u
    E_c = P.gamma(len(w) + 1) * (np.abs(w) @ np.abs(inputs)) + 24 * P.u * (1 + np.abs(z))
    size = np.abs(inputs)
    E = ((size * E_c) @ size.T + P.gamma(m + 4) * (size * (np.abs(c) + E_c)) @ size.T) / m
    return H, E


def curvature(frameworks: Frameworks, points: int) -> list[Row]:
    """J is convex where the smallest eigenvalue of H is not negative; by Weyl's theorem it errs by at most ‖E‖."""
    data = breast_cancer()
    inputs = np.vstack([data.X[:4], np.ones((1, data.X.shape[1]))])  # (5, m): four features and the bias
    weights = np.random.default_rng(0).standard_normal((points, 5)) * 2
    rows = []
    for loss, statement, notes in (
        ("squared_error", "The squared error's second derivatives have negative eigenvalues.", "N4"),
        ("cross_entropy", "Cross-entropy's second derivatives have none.", "N3"),
    ):
        network = Network((4, 1), ("sigmoid",), loss)  # type: ignore[arg-type]
        least: dict[str, float] = dict.fromkeys(frameworks, np.inf)
        bound, comparisons = 0.0, []
        for w in weights:
            H, E = by_hand(network, w, inputs, data.Y)
            bound = max(bound, float(np.linalg.norm(E)))
            for name, framework in frameworks.items():
                there = second_derivatives(name, framework, network, w, inputs, data.Y) if has(name) else H
                least[name] = min(least[name], float(np.linalg.eigvalsh((there + there.T) / 2)[0]))
                comparisons.append((name, held("H", 0, there, H, 2 * E, "float64")))
        negative = {name: value < -bound for name, value in least.items()}
        rows.append(
            row(
                statement,
                notes,
                f"the smallest eigenvalue at {points} weights, breast cancer with 4 features and a bias",
                {f: f"{least[f]:.3g}" for f in frameworks},
                _agreement(frameworks, comparisons),
                all(negative.values()) if loss == "squared_error" else not any(negative.values()),
            )
        )
    return rows


def _agreement(frameworks: Frameworks, comparisons: list[tuple[str, Any]]) -> Agreement | str:
    return worst(comparisons) if any(has(name) for name in frameworks) else "NumPy alone, by hand"


def second_derivatives(name: str, framework: Any, network: Network, w: Matrix, inputs: Matrix, Y: Matrix) -> Matrix:
    """Return H (k, k) by the framework's autodiff of its own J."""
    X, labels = framework.from_numpy(inputs), framework.from_numpy(Y)

    def J(w: Any) -> Any:
        return framework.losses.cost(network, w.reshape(1, -1) @ X, labels)

    curvatures: Matrix = framework.to_numpy(hessian(name, J, framework.from_numpy(w)))
    return curvatures


def picture(ends: tuple[float, float]) -> str:
    """Return J against w for both losses: one example with a chord, and the three examples with two minima."""
    figure, (left, right) = panels(2)
    for axis, x, w in ((left, np.ones((1, 1)), np.linspace(-8, 4, 400)), (right, X, np.linspace(LEFT, RIGHT, 400))):
        z = x.T * w
        squared, cross = (0.5 * (1 / (1 + np.exp(-z)) - 1) ** 2).mean(axis=0), np.logaddexp(0, -z).mean(axis=0)
        axis.plot(w, squared / squared.max(), color=ORANGE, label="squared error after a sigmoid")
        axis.plot(w, cross / cross.max(), color=BLUE, linestyle="--", label="cross-entropy")
        axis.set(xlabel="weight w", ylabel="J / largest J shown", ylim=(-0.03, 1.03))
        if axis is left:
            chord = 0.5 * (1 / (1 + np.exp(-np.array(ends))) - 1) ** 2 / squared.max()
            axis.plot(ends, chord, color=BLACK, marker="o", linewidth=1, label="between two of its points")
    left.set_title("one example, x = 1, label 1", fontsize=10)
    right.set_title("x = 10, 0.1 and −0.5, all of label 1", fontsize=10)
    below(figure, left)
    return svg(figure)
