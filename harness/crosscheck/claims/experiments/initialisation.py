"""Zero weights, small weights, large weights, deep networks (notes: N17).

Measured on the planar flower: with zero weights, whether the hidden units stay the same bit for bit, and how their
cost compares with that of a single unit; with 0.01 whether they part; then a sweep of the scale of the weights from
1e-3 to 1e2: how many hidden outputs saturate (|A| > 0.99 for tanh), the norm of the gradient at the start, the cost
after training; and 0.01 in a deep network against 1/sqrt(n[l-1]).

To try it yourself: other `scales`, more `iterations`, or another activation in `SWEPT`.
"""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Layer, Network, Params

from crosscheck.claims.engine.lab import Findings, Frameworks, Row, Trained, accuracy, larger, lockstep, row, train
from crosscheck.claims.engine.pictures import COLOURS, DASHES, MARKERS, below, panels, svg
from crosscheck.oracle.float64 import Matrix, evaluate, forward
from crosscheck.problems.datasets import Data, flower
from crosscheck.problems.initial_weights import initial

UNITS = 5
SWEPT = ("sigmoid", "tanh", "relu")
ALPHA = 1.0


def run(
    frameworks: Frameworks,
    scales: tuple[float, ...] = (1e-3, 1e-2, 1e-1, 1, 10, 100),
    iterations: int = 1000,
    depth: int = 6,
) -> Findings:
    """Return the rows and the pictures."""
    data = flower()
    rows = [*zeros(frameworks, data, iterations), broken(frameworks, data, iterations)]
    swept = {g: sweep(frameworks, g, data, scales, iterations) for g in SWEPT}
    rows += [saturates(frameworks, g, scales, *swept[g], data) for g in SWEPT]
    rows.append(deep(frameworks, data, depth, iterations))
    return Findings(rows, {"": picture(scales, swept)})


def network(g: str, units: int = UNITS) -> Network:
    """Return the 2-layer network."""
    return Network((2, units, 1), (g, "sigmoid"))


def spread(params: Params) -> float:
    """Return how far the weights of the hidden units lie apart, at most; 0 where they are the same."""
    (W1, b1), (W2, _) = params
    return float(max(np.ptp(array, axis=0).max() for array in (W1, b1, W2.T)))


def nothing(shape: Network) -> Params:
    """Return zeros. (A normal number times 0 is 0 or −0, which are equal, and not the same bits.)"""
    return tuple(
        Layer(np.zeros((n, before)), np.zeros((n, 1))) for n, before in zip(shape.n[1:], shape.n[:-1], strict=True)
    )


def zeros(frameworks: Frameworks, data: Data, iterations: int) -> list[Row]:
    """All rows of W1 start alike; so do their gradients; so they stay alike, and are one unit with the sum of W2.

    The flower without a hundred of its points: with as many of either colour nothing moves at all, not even b2.
    """
    data = Data(data.X[:, :300], data.Y[:, :300])
    rows, runs = [], dict[str, Trained]()
    for g, sizes in (("sigmoid", (4, 5)), ("tanh", (4, 5)), ("relu", (4, 5))):
        words: dict[str, list[str]] = {f: [] for f in frameworks}
        agreements, exact = [], True
        for units in sizes:
            shape = network(g, units)
            runs = {
                f: train(framework, shape, nothing(shape), data.X, data.Y, ALPHA, iterations)
                for f, framework in frameworks.items()
            }
            agreements.append(
                lockstep(frameworks, shape, [nothing(shape), next(iter(runs.values())).params], data.X, data.Y)
            )
            for f, r in runs.items():
                apart = spread(r.params)
                exact = exact and apart == 0
                still = "" if r.params[0].W.any() else ", still zero"
                words[f].append(f"{units} units: {'identical' + still if apart == 0 else f'{apart:.0e} apart'}")
        rows.append(
            row(
                f"All-zero weights keep hidden units identical for ever: {g}.",
                "N17",
                f"how far the weights of the units lie apart after {iterations} steps",
                {f: ", ".join(words[f]) for f in frameworks},
                larger(agreements),
                exact
                or "holds when every row of a product is summed in the same order, as 4 rows are, and else to rounding",
            )
        )
        if g == "sigmoid":
            rows.append(one_unit(frameworks, data, runs, iterations))
    return rows


def one_unit(frameworks: Frameworks, data: Data, runs: dict[str, Trained], iterations: int) -> Row:
    """The least J of one unit from random weights, of several seeds."""
    single, several = network("sigmoid", 1), network("sigmoid")

    def least(f: str, shape: Network) -> float:
        starts = [initial(shape, "1", seed) for seed in range(5)]
        return min(float(train(frameworks[f], shape, s, data.X, data.Y, ALPHA, iterations).costs[-1]) for s in starts)

    one, five = ({f: least(f, shape) for f in frameworks} for shape in (single, several))
    return row(
        "With zero weights the network does no better than one unit.",
        "N17",
        f"J of {UNITS} units from zeros; of one unit; of {UNITS} from random weights (the last two: least of 5 seeds)",
        {f: f"{runs[f].costs[-1]:.4f}; {one[f]:.4f}; {five[f]:.4f}" for f in frameworks},
        lockstep(frameworks, single, [initial(single, "1")], data.X, data.Y),
        all(runs[f].costs[-1] >= one[f] > five[f] for f in frameworks),
    )


def broken(frameworks: Frameworks, data: Data, iterations: int) -> Row:
    """W = randn * 0.01, b = 0."""
    start = initial(network("tanh"), "0.01")
    runs = {
        f: train(framework, network("tanh"), start, data.X, data.Y, ALPHA, iterations)
        for f, framework in frameworks.items()
    }
    shares = {f: accuracy(frameworks[f], network("tanh"), r.params, data.X, data.Y) for f, r in runs.items()}
    return row(
        "Small random weights, 0.01, break the symmetry; b may be zero.",
        "N17",
        f"J and accuracy after {iterations} steps, tanh",
        {f: f"J {runs[f].costs[-1]:.4f}, {shares[f]:.1f} %" for f in frameworks},
        lockstep(frameworks, network("tanh"), [start, next(iter(runs.values())).params], data.X, data.Y),
        all(spread(r.params) > 0.01 and r.costs[-1] < r.costs[0] for r in runs.values()),
    )


def sweep(
    frameworks: Frameworks, g: str, data: Data, scales: tuple[float, ...], iterations: int
) -> tuple[list[float], list[float], dict[str, list[float]]]:
    """Return, for each scale, the share of saturated units and ‖dW1‖ at the start, and every framework's last J."""
    saturated, norms = [], []
    last: dict[str, list[float]] = {f: [] for f in frameworks}
    for scale in scales:
        start = initial(network(g), str(scale))
        oracle = evaluate(network(g), start, data.X, data.Y)
        A = oracle.A[1]  # (n[1], m)
        low = 0.01 if g == "sigmoid" else -0.99
        saturated.append(float(((A > 0.99) | (low > A)).mean()) if g != "relu" else np.nan)
        norms.append(float(np.linalg.norm(oracle.gradient[0].W)))
        for f, framework in frameworks.items():
            last[f].append(float(train(framework, network(g), start, data.X, data.Y, ALPHA, iterations).costs[-1]))
    return saturated, norms, last


def saturates(
    frameworks: Frameworks,
    g: str,
    scales: tuple[float, ...],
    saturated: list[float],
    norms: list[float],
    last: dict[str, list[float]],
    data: Data,
) -> Row:
    """Large weights are bad where they end worse than the best of the smaller ones."""
    largest = {f: J[-1] for f, J in last.items()}
    best = {f: (min(J), scales[int(np.argmin(J))]) for f, J in last.items()}
    slow = all(largest[f] > 1.5 * best[f][0] for f in frameworks)
    share = f"{100 * saturated[-1]:.0f} % saturated at scale {scales[-1]:g}; " if g != "relu" else ""
    start = initial(network(g), str(scales[-1]))
    return row(
        f"Large weights saturate and slow learning down: {g}."
        if g != "relu"
        else "Without sigmoid or tanh, large weights are less of an issue: relu.",
        "N17",
        f"{share}‖dW1‖ at the start {norms[0]:.1e} to {norms[-1]:.1e}; J at the end, scale {scales[-1]:g} and best",
        {f: f"{largest[f]:.4f}; {best[f][0]:.4f} at {best[f][1]:g}" for f in frameworks},
        lockstep(frameworks, network(g), [start], data.X, data.Y),
        slow == (g != "relu"),
    )


def deep(frameworks: Frameworks, data: Data, depth: int, iterations: int) -> Row:
    """Each layer multiplies by its weights: 0.01 shrinks the signal, and the gradient, by about 0.01 √n a layer."""
    shape = Network((2, *(16,) * (depth - 1), 1), ("tanh",) * (depth - 1) + ("sigmoid",))
    starts = {how: initial(shape, how) for how in ("0.01", "scaled")}
    last = {
        f: {
            how: float(train(framework, shape, s, data.X, data.Y, 0.3, iterations).costs[-1])
            for how, s in starts.items()
        }
        for f, framework in frameworks.items()
    }
    signal = {how: float(np.abs(forward(shape, s, data.X)[1][-1]).max()) for how, s in starts.items()}
    return row(
        "0.01 is alright for one hidden layer; a deep network needs another number.",
        "N17",
        f"L = {depth}, 16 tanh units a layer: J after {iterations} steps from 0.01 and from 1/sqrt(n[l-1]); "
        f"largest |Z[L]| at the start {signal['0.01']:.0e} and {signal['scaled']:.1g}",
        {f: f"{last[f]['0.01']:.4f} and {last[f]['scaled']:.4f}" for f in frameworks},
        larger([lockstep(frameworks, shape, list(starts.values()), data.X, data.Y)]),
        all(J["scaled"] < J["0.01"] for J in last.values()),
    )


def picture(
    scales: tuple[float, ...], swept: dict[str, tuple[list[float], list[float], dict[str, list[float]]]]
) -> str:
    """Return saturation, gradient and cost against the scale of the weights."""
    figure, axes = panels(3)
    for (g, (saturated, norms, last)), colour, marker, dashes in zip(
        swept.items(), COLOURS, MARKERS, DASHES, strict=False
    ):
        style = {"color": colour, "marker": marker, "linestyle": dashes, "markersize": 4}
        shown: list[Matrix] = [100 * np.array(saturated), np.array(norms), np.array(next(iter(last.values())))]
        for axis, values in zip(axes, shown, strict=True):
            axis.plot(scales, values, label=g, **style)
    for axis, label in zip(
        axes, ("saturated hidden outputs, %", "‖dW1‖ at the start", "cost J after training"), strict=True
    ):
        axis.set(xlabel="scale of the weights", ylabel=label, xscale="log")
    axes[1].set_yscale("log")
    axes[2].set_yscale("log")
    below(figure, axes[2])
    return svg(figure)
