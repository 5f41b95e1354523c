"""Outputs for regression: linear, and ReLU where y >= 0 (notes: N21).

Measured on the diabetes data (how the disease progressed, always positive): the error on training and test set of a
linear and of a ReLU output, on one layer and on two, the predictions below 0, and how often a ReLU output is dead from
the start: negative for every patient, so that its gradient is exactly 0.

To try it yourself: other `rates`, more `seeds`, or a target that has negative values.
"""

from __future__ import annotations

from typing import Any

from crosscheck_impls.interface import Layer, Network

from crosscheck.claims.engine.lab import Findings, Frameworks, Row, Trained, from_numpy, larger, lockstep, row, train
from crosscheck.claims.engine.pictures import BLACK, COLOURS, DASHES, MARKERS, below, panels, svg
from crosscheck.oracle.float64 import Matrix, evaluate
from crosscheck.problems.datasets import Data, diabetes
from crosscheck.problems.initial_weights import initial


def run(frameworks: Frameworks, alpha: float = 0.05, iterations: int = 2000, seeds: int = 50) -> Findings:
    """Return the rows and the pictures."""
    data = diabetes()
    shapes = {output: Network((10, 8, 1), ("tanh", output), "squared_error") for output in ("linear", "relu")}
    runs = {
        output: {
            f: train(framework, shape, initial(shape, "scaled"), data.X, data.Y, alpha, iterations)
            for f, framework in frameworks.items()
        }
        for output, shape in shapes.items()
    }
    rows = [fits(frameworks, output, shapes[output], runs[output], data) for output in shapes]
    rows += [real_numbers(frameworks, data, alpha, iterations), dead(frameworks, data, seeds)]
    return Findings(rows, {"": picture(data, shapes, runs)})


def predicted(framework: Any, shape: Network, params: Any, X: Matrix) -> Matrix:
    """Return A[L] (1, m): for a regression `predict` gives the output itself."""
    predicted: Matrix = framework.to_numpy(
        framework.predict(shape, from_numpy(framework, params), framework.from_numpy(X))
    )
    return predicted


def fits(frameworks: Frameworks, output: str, shape: Network, runs: dict[str, Trained], data: Data) -> Row:
    """J against that of always saying the mean: half the variance."""
    assert data.X_test is not None
    assert data.Y_test is not None
    mean, words, better = data.Y.mean(), {}, True
    X_test, Y_test = data.X_test, data.Y_test
    for f, framework in frameworks.items():
        train_J, test_J = (
            float(((predicted(framework, shape, runs[f].params, X) - Y) ** 2).mean() / 2)
            for X, Y in ((data.X, data.Y), (X_test, Y_test))
        )
        words[f] = f"train {train_J:.4f}, test {test_J:.4f}"
        better = (
            better
            and test_J < float(((mean - Y_test) ** 2).mean() / 2)
            and predicted(framework, shape, runs[f].params, X_test).min() >= 0
        )
    spread = float(((mean - data.Y) ** 2).mean() / 2), float(((mean - Y_test) ** 2).mean() / 2)
    name = {"linear": "A linear output does a regression.", "relu": "Where y >= 0, a ReLU output will do as well."}[
        output
    ]
    return row(
        name,
        "N21",
        f"½ squared error, 10-8-1 tanh; of the mean: train {spread[0]:.4f}, test {spread[1]:.4f}; nothing below 0",
        words,
        lockstep(frameworks, shape, [initial(shape, "scaled"), next(iter(runs.values())).params], data.X, data.Y),
        better,
    )


def real_numbers(frameworks: Frameworks, data: Data, alpha: float, iterations: int) -> Row:
    """With the target's mean taken away, half of it lies below 0, where ReLU cannot go."""
    Y = data.Y - data.Y.mean()
    words, agreements = dict.fromkeys(frameworks, ""), []
    worse = True
    shapes = [Network((10, 8, 1), ("tanh", output), "squared_error") for output in ("linear", "relu")]
    for f, framework in frameworks.items():
        J = [
            float(train(framework, shape, initial(shape, "scaled"), data.X, Y, alpha, iterations).costs[-1])
            for shape in shapes
        ]
        words[f], worse = f"linear {J[0]:.4f}, relu {J[1]:.4f}", worse and J[0] < J[1]
    agreements = [lockstep(frameworks, shape, [initial(shape, "scaled")], data.X, Y) for shape in shapes]
    return row(
        "For any real y the output has to be linear.",
        "N21",
        f"J after {iterations} steps on y less its mean: half of it is negative",
        words,
        larger(agreements),
        worse,
    )


def dead(frameworks: Frameworks, data: Data, seeds: int) -> Row:
    """Z[L] < 0 for everybody makes g′ = 0, and every dW and db exactly 0: it never learns."""
    shape = Network((10, 8, 1), ("tanh", "relu"), "squared_error")
    starts = [initial(shape, "scaled", seed) for seed in range(seeds)]
    # the same with a bias of −3 in the output: an unlucky start
    unlucky = [(first, Layer(last.W, last.b - 3)) for first, last in starts]
    outcomes = {}
    for f, framework in frameworks.items():
        counts = []
        for params in (starts, unlucky):
            zero = 0
            for start in params:
                _, gradient = framework.gradients["by_hand"](
                    shape, from_numpy(framework, start), framework.from_numpy(data.X), framework.from_numpy(data.Y)
                )
                zero += not any(framework.to_numpy(array).any() for layer in gradient for array in layer)
            counts.append(zero)
        outcomes[f] = counts
    return row(
        "A ReLU output always learns.",
        "N21",
        f"starts of {seeds} whose gradient is exactly 0, b[L] = 0; and with b[L] = −3",
        {f: f"{outcomes[f][0]}; {outcomes[f][1]}" for f in frameworks},
        lockstep(frameworks, shape, starts[:1], data.X, data.Y),
        "holds when it does not start negative for every example: there its gradient is exactly 0"
        if any(counts[1] for counts in outcomes.values())
        else True,
    )


def picture(data: Data, shapes: dict[str, Network], runs: dict[str, dict[str, Trained]]) -> str:
    """Return the test set: predicted against true."""
    assert data.X_test is not None
    assert data.Y_test is not None
    figure, axes = panels(2)
    for axis, (output, shape), colour, marker in zip(axes, shapes.items(), COLOURS, MARKERS, strict=False):
        A = evaluate(shape, next(iter(runs[output].values())).params, data.X_test, data.Y_test).A[-1]
        axis.plot(data.Y_test[0], A[0], marker, color=colour, markersize=4, alpha=0.6, label="a patient, test set")
        axis.plot([0, 3.5], [0, 3.5], color=BLACK, linewidth=0.8, linestyle=DASHES[1], label="y itself")
        axis.set(
            xlabel="y of the test set, hundreds",
            ylabel="predicted, hundreds",
            title=f"{output} output",
            xlim=(0, 3.6),
            ylim=(0, 3.6),
        )
    below(figure, axes[0])
    return svg(figure)
