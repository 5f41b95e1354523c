"""Backpropagation is the derivative of the cost (notes: N8, N14, N16, N18, N19, N27).

Measured: every dW and db by hand (the six equations of two layers, the building blocks of L layers, and the notes'
formulas to the letter) against the same framework's autodiff and against the oracle, within the proved error bound; the
dimensions of every gradient; and that a label is 1 exactly where the output exceeds 1/2.

To try it yourself: other sizes and activations in `NETWORKS`.
"""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Network

from crosscheck.claims.engine.lab import (
    EXACT,
    Findings,
    Frameworks,
    Row,
    from_numpy,
    larger,
    lockstep,
    outputs,
    row,
    to_numpy,
)
from crosscheck.problems.datasets import breast_cancer
from crosscheck.problems.initial_weights import initial

NETWORKS = {
    "logistic regression": (Network((30, 1), ("sigmoid",)), "N8"),
    "two layers, the six equations": (Network((30, 8, 1), ("tanh", "sigmoid")), "N14, N16"),
    "four layers, the building blocks": (Network((30, 8, 6, 4, 1), ("tanh", "sigmoid", "tanh", "sigmoid")), "N18"),
}
VARIANTS = ("by_hand", "textbook", "autograd", "per_example")


def run(frameworks: Frameworks, seed: int = 0) -> Findings:
    """Return the rows and the pictures."""
    rows = [gradient(frameworks, name, seed) for name in NETWORKS]
    return Findings([*rows, dimensions(frameworks), labels(frameworks)], {})


def gradient(frameworks: Frameworks, name: str, seed: int) -> Row:
    """Every variant within its own bound of one oracle: so within the sum of two of each other."""
    network, notes = NETWORKS[name]
    data = breast_cancer()
    start = [initial(network, "scaled", seed)]
    agreements = {}
    for f, framework in frameworks.items():
        there = [variant for variant in VARIANTS if variant in framework.gradients]
        agreements[f] = {
            variant: lockstep({f: framework}, network, start, data.X, data.Y, variant) for variant in there
        }
    return row(
        f"Backpropagation by hand is the derivative of J: {name}.",
        notes,
        "the largest error of J, dW, db and a step, in units of its proved error bound, on breast cancer",
        {f: ", ".join(f"{variant} {a.ratio:.2g}" for variant, a in agreements[f].items()) for f in frameworks},
        larger(a for by in agreements.values() for a in by.values()),
        all(a.ratio <= 1 for by in agreements.values() for a in by.values()),
    )


def dimensions(frameworks: Frameworks) -> Row:
    """W[l] (n[l], n[l−1]), b[l] (n[l], 1), and dW, db like W, b; there is no dA[0] among what comes back."""
    network = NETWORKS["four layers, the building blocks"][0]
    data, params = breast_cancer(), initial(network, "scaled")
    expected = [(network.n[l], network.n[l - 1]) for l in range(1, network.L + 1)]
    shapes_of = {}
    for f, framework in frameworks.items():
        _, dParams = framework.gradients["by_hand"](
            network, from_numpy(framework, params), framework.from_numpy(data.X), framework.from_numpy(data.Y)
        )
        gradient = to_numpy(framework, dParams)
        assert len(gradient) == network.L
        shapes_of[f] = [dW.shape if db.shape == (dW.shape[0], 1) else () for dW, db in gradient]
    return row(
        "dW[l] has the shape (n[l], n[l−1]) of W[l], and db[l] (n[l], 1).",
        "N19",
        f"shapes of dW for n = {network.n}",
        {f: " ".join(map(str, shapes_of[f])) for f in frameworks},
        EXACT,
        all(shapes == expected for shapes in shapes_of.values()),
    )


def labels(frameworks: Frameworks) -> Row:
    """At exactly 1/2, where all weights are zero, the label is 0."""
    data = breast_cancer()
    network = NETWORKS["two layers, the six equations"][0]
    figures, right, agreements = dict.fromkeys(frameworks, ""), True, []
    for how in ("scaled", "zeros"):
        params = initial(network, how)
        A, agreement = outputs(frameworks, network, params, data.X)
        agreements.append(agreement)
        for f, framework in frameworks.items():
            predicted = framework.to_numpy(
                framework.predict(network, from_numpy(framework, params), framework.from_numpy(data.X))
            )
            right = right and np.array_equal(predicted, A[f] > 0.5)
            figures[f] = f"{figures[f]} {int(predicted.sum())} of {predicted.size} ({how})".strip()
    return row(
        "The class is 1 where the output exceeds 0.5.",
        "N27",
        "labels 1, with random weights and with zero weights",
        figures,
        agreements[0],
        right,
    )
