"""ReLU trains deep networks faster than sigmoid, and tanh usually beats sigmoid in hidden layers (notes: N25).

Measured on the digits (is it even?), 16 hidden units a layer, weights randn / sqrt(n[l-1]): the norm of the gradient in
each layer at the start, and the cost after training for depths 2 to 10. Every activation gets its own best alpha of
`ALPHAS`, so that none loses only by a learning rate that suits another; the median over some seeds, and one activation
beats another at a depth if it does so from every seed.

To try it yourself: other `depths`, more `iterations` (with enough of them does sigmoid catch up?), or more `seeds`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from crosscheck_impls.interface import Network

from crosscheck.claims.engine.lab import Findings, Frameworks, Row, larger, lockstep, row, train
from crosscheck.claims.engine.pictures import COLOURS, DASHES, MARKERS, below, panels, svg
from crosscheck.oracle.float64 import Matrix, evaluate
from crosscheck.problems.datasets import digits_by_kind
from crosscheck.problems.initial_weights import initial

ACTIVATIONS = ("sigmoid", "tanh", "relu")
ALPHAS = (0.1, 0.3, 1.0, 3.0)
Costs = dict[str, dict[str, dict[int, Matrix]]]  # framework -> activation -> depth -> J (seeds, iterations), best alpha


def run(
    frameworks: Frameworks, depths: tuple[int, ...] = (2, 5, 10), iterations: int = 200, seeds: int = 3
) -> Findings:
    """Return what was found."""
    whole = digits_by_kind()
    X, Y = whole.X[:, ::3], whole.Y[:1, ::3]  # every third image, the first label: is it even
    costs: Costs = {
        f: {g: {L: best(framework, network(g, L), X, Y, iterations, seeds) for L in depths} for g in ACTIVATIONS}
        for f, framework in frameworks.items()
    }
    agreement = larger(
        lockstep(frameworks, network(g, L), [initial(network(g, L), "scaled")], X, Y)
        for g in ACTIVATIONS
        for L in (depths[0], depths[-1])
    )
    rows = [vanishing(frameworks, g, depths[-1], X, Y) for g in ACTIVATIONS]
    rows += [
        beats(
            frameworks,
            "ReLU trains deep networks faster than sigmoid.",
            "relu",
            costs,
            [L for L in depths if L > 2],
            agreement,
            iterations,
        ),
        beats(
            frameworks, "ReLU trains a shallow network faster than sigmoid.", "relu", costs, [2], agreement, iterations
        ),
        beats(
            frameworks,
            "tanh usually beats sigmoid in hidden layers.",
            "tanh",
            costs,
            list(depths),
            agreement,
            iterations,
        ),
    ]
    return Findings(rows, {"": picture(next(iter(costs.values())), norms(X, Y, depths[-1]), depths)})


def network(g: str, L: int) -> Network:
    """Return L layers, the hidden ones with 16 units."""
    return Network((64, *(16,) * (L - 1), 1), (g,) * (L - 1) + ("sigmoid",))


def best(framework: Any, shape: Network, X: Matrix, Y: Matrix, iterations: int, seeds: int) -> Matrix:
    """Return J (seeds, iterations) with the alpha whose median at the end is least."""
    found = []
    for alpha in ALPHAS:
        runs = [
            train(framework, shape, initial(shape, "scaled", seed), X, Y, alpha, iterations).costs
            for seed in range(seeds)
        ]
        found.append(np.array(runs))
    ends = [float(np.median(J[:, -1])) for J in found]
    least: Matrix = found[int(np.argmin(np.where(np.isfinite(ends), ends, np.inf)))]
    return least


def norms(X: Matrix, Y: Matrix, L: int) -> dict[str, list[float]]:
    """Return ‖dW[l]‖ of every layer at the start."""
    return {
        g: [
            float(np.linalg.norm(dW))
            for dW, _ in evaluate(network(g, L), initial(network(g, L), "scaled"), X, Y).gradient
        ]
        for g in ACTIVATIONS
    }


def vanishing(frameworks: Frameworks, g: str, L: int, X: Matrix, Y: Matrix) -> Row:
    """dA[l−1] = W[l]ᵀ dZ[l] and dZ = dA g′: with g′ <= 1/4 a sigmoid takes at least a factor of 4 a layer away."""
    shape = network(g, L)
    start = initial(shape, "scaled")
    ratio = {}
    for f, framework in frameworks.items():
        arguments = [framework.from_numpy(array) for array in (X, Y)]
        _, gradient = framework.gradients["by_hand"](
            shape, tuple(type(a)(*map(framework.put, a)) for a in start), *arguments
        )
        first, last = (float(np.linalg.norm(framework.to_numpy(layer.W))) for layer in (gradient[0], gradient[-1]))
        ratio[f] = first / last
    vanishes = all(r < 1e-3 for r in ratio.values())
    return row(
        f"The gradient vanishes on its way to the first layer: {g}."
        if g == "sigmoid"
        else f"With {g} it does not vanish.",
        "N25",
        f"‖dW[1]‖ / ‖dW[L]‖ at the start, L = {L}",
        {f: f"{ratio[f]:.1e}" for f in frameworks},
        lockstep(frameworks, shape, [start], X, Y),
        vanishes == (g == "sigmoid"),
    )


def beats(
    frameworks: Frameworks, statement: str, g: str, costs: Costs, depths: list[int], agreement: Any, iterations: int
) -> Row:
    """Compare the last J with the sigmoid's, depth by depth: the seeds are the same, and so are paired."""
    wins = {L: all((by[g][L][:, -1] < by["sigmoid"][L][:, -1]).all() for by in costs.values()) for L in depths}
    last = {
        f: [f"{np.median(by[g][L][:, -1]):.3f} and {np.median(by['sigmoid'][L][:, -1]):.3f}" for L in depths]
        for f, by in costs.items()
    }
    where = ", ".join(str(L) for L, win in wins.items() if win)
    return row(
        statement,
        "N25",
        f"median J after {iterations} steps, {g} and sigmoid, L = {', '.join(map(str, depths))}, best alpha of each, "
        "the same seeds",
        {f: ", ".join(last[f]) for f in frameworks},
        agreement,
        all(wins.values()) or (f"holds when L = {where}; elsewhere not from every seed" if where else False),
    )


def picture(costs: dict[str, dict[int, Matrix]], gradients: dict[str, list[float]], depths: tuple[int, ...]) -> str:
    """Return the gradients by layer, the cost by depth, and the curves of the deepest."""
    figure, (left, middle, right) = panels(3)
    for g, colour, marker, dashes in zip(ACTIVATIONS, COLOURS, MARKERS, DASHES, strict=False):
        style = {"color": colour, "linestyle": dashes, "label": g}
        left.semilogy(range(1, len(gradients[g]) + 1), gradients[g], marker=marker, markersize=4, **style)
        middle.plot(depths, [np.median(costs[g][L][:, -1]) for L in depths], marker=marker, markersize=4, **style)
        right.plot(np.median(costs[g][depths[-1]], axis=0), **style)
    left.set(xlabel=f"layer l of L = {depths[-1]}", ylabel="‖dW[l]‖ at the start")
    middle.set(xlabel="layers L", ylabel="median cost J after training", xticks=depths)
    right.set(xlabel="iterations", ylabel=f"median cost J, L = {depths[-1]}")
    below(figure, left)
    return svg(figure)
