"""Gradient descent converges faster after normalisation of the inputs (notes: N13).

Measured: the iterations of logistic regression, from zero weights, to a given cost, on the same data raw, divided by
the largest value (images: 255) and standardised. Each with its own best safe learning rate alpha = 1 / L, where L, the
largest eigenvalue of 1/4m X̃ X̃ᵀ, is the most that J can curve; and once more with one alpha for all three.

To try it yourself: another `alpha` for all, another target cost, or data of your own, in `DATA`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from crosscheck_impls.interface import Network

from crosscheck.claims.engine.lab import Findings, Frameworks, Row, larger, lockstep, row, same, train
from crosscheck.claims.engine.pictures import BLACK, BLUE, DASHES, GREEN, ORANGE, below, panels, svg
from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.datasets import Data, flatten, split, standardise
from crosscheck.problems.initial_weights import initial

PORTION = 500  # iterations between two looks at the cost


def images() -> Data:
    """Digits as bytes, 0 to 255; 1 is the digit 8."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    levels = np.round(bunch.images * (255 / 16))
    return split(flatten(levels), (bunch.target == 8)[None, :].astype(np.float64))


def tumours() -> Data:
    """Breast cancer as measured: features from 0.001 to 4000."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    return split(bunch.data.T, bunch.target[None, :].astype(np.float64))


DATA = {"digits": (images, 0.12), "breast cancer": (tumours, 0.15)}  # and the cost to reach


def run(frameworks: Frameworks, iterations: int = 5000, alpha: float = 0.1) -> Findings:
    """Return the rows and the pictures."""
    rows = [column(frameworks)]
    curves: dict[str, dict[str, Matrix]] = {}
    for name, (load, target) in DATA.items():
        data = load()
        inputs = {"raw": data.X, "/ largest": data.X / data.X.max(), "standardised": standardise(data).X}
        for rates in ({way: step_size(X) for way, X in inputs.items()}, dict.fromkeys(inputs, alpha)):
            costs_by_way = {
                way: {
                    f: descend(framework, X, data.Y, rates[way], target, iterations)
                    for f, framework in frameworks.items()
                }
                for way, X in inputs.items()
            }
            own = len(set(rates.values())) > 1
            rows.append(
                compare(frameworks, name if own else f"{name}, one alpha", target, rates, inputs, data.Y, costs_by_way)
            )
            if own:
                curves[name] = {way: next(iter(costs.values())) for way, costs in costs_by_way.items()}
    return Findings(rows, {"": picture(curves)})


def column(frameworks: Frameworks) -> Row:
    """The notes: v = image.reshape(image.shape[0] * image.shape[1] * image.shape[2], 1); the harness flattens all."""
    pixels = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    together = flatten(pixels)  # (48, 2)
    columns = {}
    for name, framework in frameworks.items():
        v = framework.from_numpy(pixels[1] / 255).reshape(4 * 4 * 3, 1)
        columns[name] = framework.to_numpy(v)
    return row(
        "An image (width, height, depth) becomes a column vector.",
        "N13",
        "shape of (4, 4, 3) as a column; equal to flatten's",
        {f: f"{columns[f].shape}" for f in frameworks},
        same(columns),
        all(np.array_equal(v, together[:, 1:]) for v in columns.values()),
    )


def step_size(X: Matrix) -> float:
    """Return 1 / L: σ′ <= 1/4 bounds the second derivatives of J by those of 1/4m X̃ X̃ᵀ."""
    inputs = np.vstack([X, np.ones((1, X.shape[1]))])
    return float(4 * X.shape[1] / np.linalg.norm(inputs, 2) ** 2)


def descend(framework: Any, X: Matrix, Y: Matrix, alpha: float, target: float, iterations: int) -> Matrix:
    """Return J at each iteration until it reaches the target, or all of them."""
    network = Network((X.shape[0], 1), ("sigmoid",))
    params, costs = initial(network, "zeros"), np.empty(0)
    while len(costs) < iterations and not (costs <= target).any():
        params, more = train(framework, network, params, X, Y, alpha, PORTION)
        costs = np.concatenate([costs, more])
    return costs[:iterations]


def reached(costs: Matrix, target: float) -> float:
    """Return the first iteration at which J <= target, or inf."""
    return float(np.argmax(costs <= target)) if (costs <= target).any() else np.inf


def compare(
    frameworks: Frameworks,
    name: str,
    target: float,
    rates: dict[str, float],
    inputs: dict[str, Matrix],
    Y: Matrix,
    costs_by_way: dict[str, dict[str, Matrix]],
) -> Row:
    """Return the iterations that each way of preparing the inputs takes."""
    counts = {f: {way: reached(costs[f], target) for way, costs in costs_by_way.items()} for f in frameworks}

    def words(f: str) -> str:
        return ", ".join(
            f"{way} {counts[f][way]:.0f}"
            if np.isfinite(counts[f][way])
            else f"{way} not in {len(costs_by_way[way][f])} (J {costs_by_way[way][f][-1]:.3f})"
            for way in inputs
        )

    network = Network((Y.shape[0] * next(iter(inputs.values())).shape[0], 1), ("sigmoid",))
    agreement = larger(lockstep(frameworks, network, [initial(network, "zeros")], X, Y) for X in inputs.values())
    standardised = all(c["standardised"] < c["raw"] for c in counts.values())
    divided = all(c["/ largest"] < c["raw"] for c in counts.values())
    return row(
        f"Gradient descent converges faster after normalisation: {name}.",
        "N13",
        f"iterations until J <= {target}, alpha = {', '.join(f'{rate:.2g}' for rate in rates.values())}",
        {f: words(f) for f in frameworks},
        agreement,
        (standardised and divided)
        or (
            "holds when standardised; dividing alone is not enough"
            if standardised
            else "holds when divided; standardised it is not faster"
            if divided
            else False
        ),
    )


def picture(curves: dict[str, dict[str, Matrix]]) -> str:
    """Return J against iterations."""
    figure, axes = panels(2)
    for axis, (name, costs) in zip(axes, curves.items(), strict=True):
        for (way, J), colour, dashes in zip(costs.items(), (ORANGE, GREEN, BLUE), DASHES, strict=False):
            shown = np.unique(np.geomspace(1, len(J), 200).astype(int))
            axis.semilogx(shown, J[shown - 1], color=colour, linestyle=dashes, label=way)
        axis.axhline(DATA[name][1], color=BLACK, linewidth=0.8, linestyle=":", label="target")
        axis.set(xlabel="iterations of gradient descent", ylabel="cost J", title=name)
    below(figure, axes[0], 4)
    return svg(figure)
