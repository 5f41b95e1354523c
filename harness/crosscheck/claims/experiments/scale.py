"""Scale: with little data the models do alike; with more data the larger network does better (notes: N26).

Measured on the digits (is it even?): the accuracy on one test set against the number of training examples m, for
logistic regression, a support vector machine (scikit-learn's, with its own defaults: one for all three frameworks), a
small, a medium and a large network; mean and standard deviation over draws of the examples and the weights. At the
largest m every draw is the whole training set, and the spread is that of the weights alone.

To try it yourself: other `sizes` of data, `NETWORKS`, more `seeds`. 1,437 images are little by today's measure: the
course's picture goes on to the right, where these data end.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from crosscheck_impls.interface import Network

from crosscheck.claims.engine.lab import Findings, Frameworks, Row, accuracy, larger, lockstep, row, train
from crosscheck.claims.engine.pictures import COLOURS, DASHES, MARKERS, below, panels, svg
from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.datasets import Data, digits_by_kind
from crosscheck.problems.initial_weights import initial

NETWORKS = {
    "logistic regression": Network((64, 1), ("sigmoid",)),
    "small": Network.of((64, 2, 1), "tanh"),
    "medium": Network.of((64, 8, 1), "tanh"),
    "large": Network.of((64, 64, 1), "tanh"),
}
Shares = dict[str, Matrix]  # model -> (sizes, seeds), per cent of the test set


def run(
    frameworks: Frameworks,
    sizes: tuple[int, ...] = (20, 60, 200, 600, 1438),
    seeds: int = 4,
    iterations: int = 500,
    alpha: float = 1.0,
) -> Findings:
    """Return the rows and the pictures."""
    whole = digits_by_kind()
    data = Data(whole.X, whole.Y[:1], whole.X_test, None if whole.Y_test is None else whole.Y_test[:1])
    machine = support_vectors(data, sizes, seeds)
    accuracies = {
        f: {"SVM": machine} | sweep(framework, data, sizes, seeds, iterations, alpha)
        for f, framework in frameworks.items()
    }
    agreement = larger(
        lockstep(frameworks, network, [initial(network, "scaled")], data.X, data.Y) for network in NETWORKS.values()
    )
    rows = [
        alike(frameworks, accuracies, sizes[0], agreement),
        better(
            frameworks,
            "With much data a large network beats a medium one, a medium a small one.",
            accuracies,
            ("large", "medium", "small"),
            sizes,
            agreement,
        ),
        better(
            frameworks, "With much data a small network beats an SVM.", accuracies, ("small", "SVM"), sizes, agreement
        ),
        better(
            frameworks, "With much data a large network beats an SVM.", accuracies, ("large", "SVM"), sizes, agreement
        ),
        better(
            frameworks,
            "With much data a network beats logistic regression.",
            accuracies,
            ("medium", "logistic regression"),
            sizes,
            agreement,
        ),
    ]
    return Findings(rows, {"": picture(next(iter(accuracies.values())), sizes)})


def draws(data: Data, m: int, seed: int) -> Any:
    """Return the first m of the training examples in an order of its own: a larger m holds the smaller ones."""
    return np.random.default_rng(seed).permutation(data.X.shape[1])[:m]


def sweep(framework: Any, data: Data, sizes: tuple[int, ...], seeds: int, iterations: int, alpha: float) -> Shares:
    """Return every network's accuracy on the test set."""
    accuracies = {name: np.empty((len(sizes), seeds)) for name in NETWORKS}
    for name, network in NETWORKS.items():
        for i, m in enumerate(sizes):
            for seed in range(seeds):
                some = draws(data, m, seed)
                start = initial(network, "scaled", seed)
                params = train(framework, network, start, data.X[:, some], data.Y[:, some], alpha, iterations).params
                accuracies[name][i, seed] = accuracy(framework, network, params, data.X_test, data.Y_test)  # type: ignore[arg-type]
    return accuracies


def support_vectors(data: Data, sizes: tuple[int, ...], seeds: int) -> Matrix:
    """Return the accuracies of scikit-learn's support vector machine."""
    from sklearn.svm import SVC

    assert data.X_test is not None
    assert data.Y_test is not None
    accuracies = np.empty((len(sizes), seeds))
    for i, m in enumerate(sizes):
        for seed in range(seeds):
            some = draws(data, m, seed)
            machine = SVC().fit(data.X[:, some].T, data.Y[0, some])
            accuracies[i, seed] = 100 * (machine.predict(data.X_test.T) == data.Y_test[0]).mean()
    return accuracies


def told(values: Matrix) -> str:
    """Return mean ± standard deviation over the seeds."""
    return f"{values.mean():.1f} ± {values.std(ddof=1) if values.size > 1 else 0:.1f}"


def alike(frameworks: Frameworks, accuracies: dict[str, Shares], m: int, agreement: Any) -> Row:
    """Alike: the best and the worst mean lie within the spread over the draws."""
    apart, spread = {}, {}
    for f, models in accuracies.items():
        means = [values[0].mean() for values in models.values()]
        apart[f], spread[f] = max(means) - min(means), max(values[0].std() for values in models.values())
    return row(
        "With little data the models do alike.",
        "N26",
        f"accuracy on the test set, %, m = {m}: mean ± deviation over the draws; alike if within 2 deviations",
        {f: ", ".join(f"{name} {told(values[0])}" for name, values in accuracies[f].items()) for f in frameworks},
        agreement,
        all(apart[f] <= 2 * spread[f] for f in frameworks),
    )


def better(
    frameworks: Frameworks,
    statement: str,
    accuracies: dict[str, Shares],
    order: tuple[str, ...],
    sizes: tuple[int, ...],
    agreement: Any,
) -> Row:
    """Better at the largest m: by more than twice the standard error of the mean difference, draw by draw."""
    steps = list(itertools.pairwise(order))

    def beats(a: Matrix, b: Matrix) -> bool:
        gain = a - b
        return bool(gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(gain.size)) if gain.size > 1 else bool(gain[0] > 0)

    true = [all(beats(models[a][-1], models[b][-1]) for models in accuracies.values()) for a, b in steps]
    named = [f"{a} against {b}" for (a, b), holds in zip(steps, true, strict=True) if holds]
    return row(
        statement,
        "N26",
        f"accuracy on the test set, %, m = {sizes[-1]}: mean ± deviation; better by 2 standard errors",
        {f: ", ".join(f"{name} {told(accuracies[f][name][-1])}" for name in order) for f in frameworks},
        agreement,
        all(true)
        or (
            f"holds when it is {' and '.join(named)}; the others are no further apart than their spread"
            if named
            else False
        ),
    )


def picture(models: Shares, sizes: tuple[int, ...]) -> str:
    """Return the accuracy against m, with the spread over the draws as bars."""
    figure, (axis,) = panels(height=4.2)
    for k, (name, values) in enumerate(models.items()):
        at = np.array(sizes) * 1.04 ** (k - 2)  # side by side, so that the bars do not hide each other
        axis.errorbar(
            at,
            values.mean(axis=1),
            values.std(axis=1),
            color=COLOURS[k],
            marker=MARKERS[k],
            linestyle=DASHES[k % 4],
            markersize=4,
            capsize=2,
            label=name,
        )
    axis.set(xscale="log", xlabel="training examples m", ylabel="accuracy on the test set, %")
    axis.set_xticks(sizes, map(str, sizes))
    axis.minorticks_off()
    below(figure, axis)
    return svg(figure)
