"""Hyperparameters: the learning rate is the most important (notes: N23).

Measured on the planar flower: every combination of alpha, the number of layers L, the units n[l] of a hidden layer and
the activation g, trained alike in each framework; and the share of the variance of the final cost and of the accuracy
that each of the four explains by itself (the variance of the means over all the others; what is left is explained only
by combinations). Which share is largest depends on how far alpha is varied, and so it is measured for a wide range
and for a narrow one.

To try it yourself: other values in `GRID`, or more `iterations`.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from crosscheck_impls.interface import Network

from crosscheck.claims.engine.lab import Findings, Frameworks, Row, accuracy, larger, lockstep, row, train
from crosscheck.claims.engine.pictures import panels, svg
from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.datasets import Data, flower
from crosscheck.problems.initial_weights import initial

GRID: dict[str, tuple[Any, ...]] = {
    "alpha": (0.001, 0.01, 0.1, 0.3, 1.0),
    "L": (2, 3, 4),
    "n[l]": (2, 6, 16),
    "g": ("sigmoid", "tanh", "relu"),
}
NARROW = (0.1, 0.3, 1.0)  # alphas that a person would try


def run(frameworks: Frameworks, iterations: int = 300, grid: dict[str, tuple[Any, ...]] = GRID) -> Findings:
    """Return the rows and the pictures."""
    data = flower()
    sweeps = {f: sweep(framework, data, grid, iterations) for f, framework in frameworks.items()}
    narrow = [k for k, alpha in enumerate(grid["alpha"]) if alpha in NARROW]
    samples = list(networks(grid))[:: max(1, len(list(networks(grid))) // 4)]
    agreement = larger(
        lockstep(frameworks, network, [initial(network, "scaled")], data.X, data.Y) for network in samples
    )
    rows = []
    for what, k in (("final cost", 0), ("accuracy", 1)):
        for name, chosen in (("wide", list(range(len(grid["alpha"])))), ("narrow", narrow)):
            alphas = [grid["alpha"][c] for c in chosen]
            parts = {f: shares(tables[k][chosen], grid) for f, tables in sweeps.items()}
            most = all(max(part, key=part.__getitem__) == "alpha" for part in parts.values())
            rows.append(
                row(
                    f"The learning rate is the most important hyperparameter: {what}, {name} range of alpha.",
                    "N23",
                    f"share of the variance of {what} after {iterations} steps, alpha = {', '.join(map(str, alphas))}",
                    {f: ", ".join(f"{factor} {100 * s:.0f} %" for factor, s in parts[f].items()) for f in frameworks},
                    agreement,
                    most or "does not hold in this range of alpha",
                )
            )
    rows.append(try_them(frameworks, sweeps, grid, iterations, str(agreement)))
    return Findings(rows, {"": picture(next(iter(sweeps.values())), grid)})


def networks(grid: dict[str, tuple[Any, ...]]) -> Any:
    """Yield the network of every L, n[l] and g."""
    for L, n, g in itertools.product(grid["L"], grid["n[l]"], grid["g"]):
        yield Network((2, *(n,) * (L - 1), 1), (g,) * (L - 1) + ("sigmoid",))


def sweep(framework: Any, data: Data, grid: dict[str, tuple[Any, ...]], iterations: int) -> tuple[Matrix, Matrix]:
    """Return J and the accuracy after training, each (alpha, L, n, g)."""
    shape = tuple(len(values) for values in grid.values())
    J, right = np.empty(shape), np.empty(shape)
    for (l, n, g), network in zip(np.ndindex(shape[1:]), networks(grid), strict=True):
        start = initial(network, "scaled")
        for a, alpha in enumerate(grid["alpha"]):
            trained = train(framework, network, start, data.X, data.Y, alpha, iterations)
            J[a, l, n, g] = trained.costs[-1]
            right[a, l, n, g] = accuracy(framework, network, trained.params, data.X, data.Y)
    return J, right


def shares(table: Matrix, grid: dict[str, tuple[Any, ...]]) -> dict[str, float]:
    """Return η² of each factor: the variance of the means over all others, over the whole variance."""
    parts = {}
    for axis, factor in enumerate(grid):
        others = tuple(k for k in range(table.ndim) if k != axis)
        parts[factor] = float(table.mean(axis=others).var() / table.var())
    return parts


def try_them(
    frameworks: Frameworks,
    sweeps: dict[str, tuple[Matrix, Matrix]],
    grid: dict[str, tuple[Any, ...]],
    iterations: int,
    agreement: str,
) -> Row:
    """The best and the worst of all combinations."""
    words, apart = {}, True
    for f, (J, right) in sweeps.items():
        best = np.unravel_index(int(np.argmin(J)), J.shape)
        names = ", ".join(f"{factor} {grid[factor][k]}" for factor, k in zip(grid, best, strict=True))
        words[f] = (
            f"best J {J.min():.3f} ({right[best]:.1f} %) with {names}; median {np.median(J):.3f}; worst {J.max():.3f}"
        )
        apart = apart and J.max() > 2 * J.min()
    return row(
        "One has to try values.",
        "N23",
        f"J of {next(iter(sweeps.values()))[0].size} combinations after {iterations} steps",
        words,
        agreement,
        apart,
    )


def picture(tables: tuple[Matrix, Matrix], grid: dict[str, tuple[Any, ...]]) -> str:
    """Return a heat map of J: a row for each alpha, a column for each network."""
    J, _ = tables
    figure, axes = panels(len(grid["g"]), height=4.2)
    kinds = list(itertools.product(grid["L"], grid["n[l]"]))
    for k, (axis, g) in enumerate(zip(axes, grid["g"], strict=True)):
        values = J[..., k].reshape(len(grid["alpha"]), -1)
        image = axis.imshow(values, cmap="viridis_r", vmin=float(J.min()), vmax=0.75, aspect="auto")
        for (i, j), value in np.ndenumerate(values):
            axis.text(
                j,
                i,
                f"{value:.2f}".lstrip("0"),
                ha="center",
                va="center",
                fontsize=7,
                color="white" if value > 0.5 else "black",
            )
        axis.grid(visible=False)
        axis.set_xticks(range(len(kinds)), [f"{L}, {n}" for L, n in kinds], rotation=90)
        axis.set_yticks(range(len(grid["alpha"])), [f"{alpha:g}" for alpha in grid["alpha"]])
        axis.set(title=g, xlabel="layers L, hidden units n[l]", ylabel="learning rate alpha" if k == 0 else "")
    figure.colorbar(image, ax=axes, label="cost J after training", extend="max")
    return svg(figure)
