"""Start with the simplest model, then a shallow one, then a deep one (notes: N2, N24, N27).

The loop of the notes, define, initialise, repeat (cost, gradient, update), for logistic regression, a 2-layer and an
L-layer network on the same data: the planar flower (the course: 47 % for logistic regression, about 90 % with four
hidden units), breast cancer, and the digits (is it an 8?). Measured: accuracy on the training and the test set.

To try it yourself: other sizes in `MODELS`, or more `iterations`.
"""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Network

from crosscheck.claims.engine.lab import Findings, Frameworks, Row, accuracy, larger, lockstep, row, train
from crosscheck.claims.engine.pictures import BLUE, GREEN, ORANGE, below, panels, svg
from crosscheck.problems.datasets import SETS
from crosscheck.problems.initial_weights import initial

MODELS = {"flower": ((), (4,), (16, 8)), "breast_cancer": ((), (8,), (16, 8)), "digits": ((), (16,), (20, 7))}
NAMES = ("logistic regression", "2 layers", "3 layers")
ALPHA = {"flower": 1.2, "breast_cancer": 0.3, "digits": 0.5}

Shares = dict[str, list[list[float]]]  # framework -> a model -> train, test, in per cent


def run(frameworks: Frameworks, iterations: int = 2000) -> Findings:
    """Return the rows and the pictures."""
    rows, shown = [], {}
    for name in MODELS:
        iterate = iterations if name == "flower" else iterations // 4
        table, made = on(frameworks, name, iterate)
        rows.append(made)
        shown[name] = next(iter(table.values()))
        if name == "flower":
            rows.append(the_courses(frameworks, table, iterate))
    return Findings(rows, {"": picture(shown)})


def on(frameworks: Frameworks, name: str, iterations: int) -> tuple[Shares, Row]:
    """Train the three models on one set of data. The simplest is enough where nothing beats it by a point."""
    data = SETS[name]()
    assert data.X_test is not None
    assert data.Y_test is not None
    table: Shares = {f: [] for f in frameworks}
    agreements = []
    for hidden in MODELS[name]:
        network = Network.of((data.X.shape[0], *hidden, 1), "tanh")
        start = initial(network, "scaled" if hidden else "zeros")
        for f, framework in frameworks.items():
            params = train(framework, network, start, data.X, data.Y, ALPHA[name], iterations).params
            table[f].append(
                [accuracy(framework, network, params, X, Y) for X, Y in ((data.X, data.Y), (data.X_test, data.Y_test))]
            )
        agreements.append(lockstep(frameworks, network, [start, params], data.X, data.Y))

    def simple_is_enough(f: str) -> bool:
        tests = [test for _, test in table[f]]
        return max(tests) - tests[0] < 1

    enough = all(simple_is_enough(f) for f in frameworks)
    return table, row(
        f"Start with the simplest model; a deeper one pays where that one fails: {name}.",
        "N2, N24, N27",
        f"accuracy train / test after {iterations} steps, hidden units none, {MODELS[name][1]}, {MODELS[name][2]}",
        {f: ", ".join(f"{train:.1f} / {test:.1f} %" for train, test in table[f]) for f in frameworks},
        larger(agreements),
        "holds" if not enough else "holds when the data needs it: here logistic regression is as good on the test set",
    )


def the_courses(frameworks: Frameworks, table: Shares, iterations: int) -> Row:
    """The flower by the course's formula, drawn by another generator: its figures cannot be met to the digit."""
    first = {f: (shares[0][0], shares[1][0]) for f, shares in table.items()}
    return row(
        "On the planar flower logistic regression gets 47 %, four hidden units about 90 %.",
        "N24",
        f"accuracy on the 400 training points after {iterations} steps; holds if below 60 %, and 85 to 95 %",
        {f: f"{first[f][0]:.1f} %, {first[f][1]:.1f} %" for f in frameworks},
        "the course's points come from another random generator",
        all(one < 60 and 85 <= four <= 95 for one, four in first.values()),
    )


def picture(shown: dict[str, list[list[float]]]) -> str:
    """Return the accuracies as bars: on the test set and, as a mark, on the training set."""
    figure, (axis,) = panels()
    at = np.arange(len(shown))
    for k, (name, colour) in enumerate(zip(NAMES, (ORANGE, BLUE, GREEN), strict=True)):
        tests, trains = [models[k][1] for models in shown.values()], [models[k][0] for models in shown.values()]
        axis.bar(at + 0.27 * (k - 1), tests, 0.25, color=colour, label=f"{name}, test")
        axis.plot(at + 0.27 * (k - 1), trains, "_k", markersize=14, label="on the training set" if k == 2 else None)
    axis.set(ylabel="accuracy, %", ylim=(0, 103), xlabel="data")
    axis.set_xticks(at, [name.replace("_", " ") for name in shown])
    below(figure, axis, 2)
    return svg(figure)
