"""Loops, one loop and no loop give the same gradient; without a loop it is much faster (notes: N8, N9, N10, N11, N14).

Measured: the gradient of logistic regression with n_x = 4 by two inner loops (examples and features), by one loop over
the examples, mapped by the framework (`per_example`) and with no loop; the same for a 2-layer network; then the time of
each for m = 1e3 to 1e6. A loop is timed in full up to m = `loop_up_to`, where its time grows as m does (the table shows
by how much); beyond that its time for each example is carried on. One core, one thread; the best of several runs.

To try it yourself: other `sizes`, or a larger `loop_up_to` (1e6 takes the loops minutes).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from crosscheck_impls.interface import Layer, Network

from crosscheck.claims.engine.lab import Findings, Frameworks, Row, from_numpy, larger, lockstep, row
from crosscheck.claims.engine.pictures import BY_FRAMEWORK, below, panels, svg
from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.datasets import breast_cancer, many_examples
from crosscheck.problems.initial_weights import initial

NETWORK = Network((4, 1), ("sigmoid",))
TWO = Network((30, 4, 1), ("tanh", "sigmoid"))
WAYS = {"loops": "two loops", "per_example": "one loop (mapped in torch, jax)", "by_hand": "no loop"}


def run(
    frameworks: Frameworks, sizes: tuple[int, ...] = (1000, 10_000, 100_000, 1_000_000), loop_up_to: int = 10_000
) -> Findings:
    """Return the rows and the pictures."""
    rows = [same_gradient(frameworks)]
    times = {name: timings(framework, sizes, loop_up_to) for name, framework in frameworks.items()}
    rows += [faster(times, m, loop_up_to) for m in sizes]
    rows.append(mapped(times, sizes[-1]))
    return Findings(rows, {"": picture(times)})


def same_gradient(frameworks: Frameworks) -> Row:
    """Every way lies within its bound of the oracle: of J, of every dW and db, and of one step."""
    data = breast_cancer()
    agreements = []
    for network in (Network((30, 1), ("sigmoid",)), TWO):
        points = [initial(network, "scaled")]
        agreements += [
            (f"{len(network.n) - 1}-layer {way}", lockstep(frameworks, network, points, data.X, data.Y, way))
            for way in WAYS
        ]
    figures = {f: ", ".join(w for w in WAYS if w in frameworks[f].gradients) for f in frameworks}
    return row(
        "Two loops, one loop and no loop give the same gradient.",
        "N8, N9, N10, N14",
        "J, dW, db and a step of logistic regression and a 2-layer network on breast cancer, by each variant",
        figures,
        larger(agreement for _, agreement in agreements),
        all(agreement.ratio <= 1 for _, agreement in agreements),
    )


def data(m: int) -> tuple[Matrix, Matrix]:
    """Return X (4, m) and Y (1, m): the harness's many examples, repeated."""
    whole = many_examples()
    times = -(-m // whole.X.shape[1])
    return np.tile(whole.X, times)[:, :m], np.tile(whole.Y, times)[:, :m]


def timings(framework: Any, sizes: tuple[int, ...], loop_up_to: int) -> dict[str, dict[int, float]]:
    """Return the seconds that one gradient takes, by way and m: a loop over the examples, mapped, and no loop."""
    params = from_numpy(framework, (Layer(np.array([[0.5, -0.5, 0.25, 1.0]]), np.zeros((1, 1))),))
    seconds: dict[str, dict[int, float]] = {"one loop": {}, "no loop": {}}
    ways = {"no loop": "by_hand"}
    if framework.name == "numpy":
        seconds["two loops"] = {}
    else:
        seconds["mapped"] = {}
        ways["mapped"] = "per_example"
    for m in sizes:
        X, Y = (framework.from_numpy(array) for array in data(m))
        for way, variant in ways.items():
            seconds[way][m] = best(partial(finish, framework, variant, params, X, Y))
        if m <= loop_up_to:
            seconds["one loop"][m] = best(partial(one_loop, framework, params, X, Y), runs=1)
            if "two loops" in seconds:
                seconds["two loops"][m] = best(partial(finish, framework, "loops", params, X, Y), runs=1)
    return seconds


def finish(framework: Any, variant: str, params: Any, X: Any, Y: Any) -> None:
    """Compute a gradient, and wait for it: JAX answers before it has finished."""
    _, gradient = framework.gradients[variant](NETWORK, params, X, Y)
    framework.to_numpy(gradient[0].W)


def one_loop(framework: Any, params: Any, X: Any, Y: Any) -> None:
    """Add up the gradients of the examples, each a column, in a loop of Python."""
    gradient = framework.gradients["by_hand"]
    dW, db = 0 * params[0].W, 0 * params[0].b
    for i in range(X.shape[1]):
        # x⁽ⁱ⁾ (4, 1), y⁽ⁱ⁾ (1, 1)
        _, ((dW_i, db_i),) = gradient(NETWORK, params, X[:, i : i + 1], Y[:, i : i + 1])
        dW, db = dW + dW_i, db + db_i
    framework.to_numpy(dW)


def best(work: Callable[[], None], runs: int = 5) -> float:
    """Return the least seconds of several runs, after one that does not count: it compiles and fills caches."""
    work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def loop_seconds(times: dict[int, float], m: int) -> float:
    """Return the loop's time for m examples: measured, or carried on from the most examples that were."""
    most = max(times)
    return times[m] if m in times else times[most] * m / most


def rounded(ratio: float) -> str:
    """Return two digits of a ratio, which is more than a timing has: 2,900."""
    return f"{float(f'{ratio:.2g}'):,g}"


def faster(times: dict[str, dict[str, dict[int, float]]], m: int, loop_up_to: int) -> Row:
    """Return how many times faster no loop is than a loop."""
    ratios = {
        name: {
            way: loop_seconds(seconds[way], m) / seconds["no loop"][m]
            for way in ("two loops", "one loop")
            if way in seconds
        }
        for name, seconds in times.items()
    }
    carried = "" if m <= loop_up_to else f"; the loop's time is that of m = {loop_up_to:g}, times {m // loop_up_to}"
    return row(
        f"Without loops it is much faster: m = {m:g}.",
        "N10, N11",
        f"time of a loop over the examples / time without, one gradient; much: above 10 times{carried}",
        {name: ", ".join(f"{way} {rounded(ratio)} x" for way, ratio in r.items()) for name, r in ratios.items()},
        "cannot agree: timings",
        all(min(r.values()) > 10 for r in ratios.values())
        or "holds when there are enough examples to pay for the call: not 10 x here in every framework",
    )


def mapped(times: dict[str, dict[str, dict[int, float]]], m: int) -> Row:
    """A loop that the framework runs, vmap, is no loop of Python."""
    figures = {
        name: f"{seconds['mapped'][m] / seconds['no loop'][m]:.2g} x the time without"
        if "mapped" in seconds
        else "has no vmap"
        for name, seconds in times.items()
    }
    quick = [f["mapped"][m] < loop_seconds(f["one loop"], m) / 10 for f in times.values() if "mapped" in f]
    return row(
        "The gradient of one example, mapped by the framework, is vectorised too.",
        "N9, N11",
        f"time of vmap over the examples, and a mean, m = {m:g}",
        figures,
        "cannot agree: timings",
        (bool(quick) and all(quick)) or "holds when the framework compiles it",
    )


def picture(times: dict[str, dict[str, dict[int, float]]]) -> str:
    """Return the times and their ratios against m."""
    figure, (left, right) = panels(2)
    for name, seconds in times.items():
        colour = BY_FRAMEWORK[name]
        for way, marker, dashes in (
            ("two loops", "s", ":"),
            ("one loop", "o", "--"),
            ("mapped", "^", "-."),
            ("no loop", "D", "-"),
        ):
            if way in seconds:
                left.loglog(
                    *zip(*seconds[way].items(), strict=True),
                    color=colour,
                    marker=marker,
                    linestyle=dashes,
                    markersize=4,
                    label=f"{name}, {way}",
                )
        sizes = list(seconds["no loop"])
        ratio = [loop_seconds(seconds["one loop"], m) / seconds["no loop"][m] for m in sizes]
        right.loglog(sizes, ratio, color=colour, marker="o", linestyle="--", markersize=4)
        carried = [(m, r) for m, r in zip(sizes, ratio, strict=True) if m not in seconds["one loop"]]
        if carried:
            right.loglog(
                *zip(*carried, strict=True),
                color=colour,
                marker="o",
                linestyle="",
                markersize=4,
                markerfacecolor="white",
            )
    left.set(xlabel="examples m", ylabel="seconds for one gradient")
    right.set(xlabel="examples m (hollow: the loop's time is carried on)", ylabel="one loop / no loop, times faster")
    below(figure, left)
    return svg(figure)
