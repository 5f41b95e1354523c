"""Hidden linear activations collapse to a linear model (notes: N20).

W3 (W2 (W1 X + b1) + b2) + b3 = W X + b with W = W3 W2 W1 and b = W3 (W2 b1 + b2) + b3. Measured: both sides, with
weights that are multiples of 1/64, so that W and b are exact; and the cost that a deep linear network reaches on the
planar flower against the least that logistic regression can (by Newton's method).

To try it yourself: more `hidden` layers, or `tanh` in the place of `linear`.
"""

from __future__ import annotations

import numpy as np
from crosscheck_impls.interface import Layer, Network, Params

from crosscheck.claims.engine.lab import (
    Findings,
    Frameworks,
    P,
    Row,
    cost,
    forward_oracle,
    from_numpy,
    lockstep,
    row,
    train,
    worst,
)
from crosscheck.judge.elementwise import held
from crosscheck.oracle.error_bound import PLAIN, forward_bound
from crosscheck.oracle.float64 import evaluate
from crosscheck.problems.datasets import Data, breast_cancer, flower
from crosscheck.problems.initial_weights import initial

LOGISTIC = Network((2, 1), ("sigmoid",))


def run(frameworks: Frameworks, hidden: tuple[int, ...] = (8, 5), iterations: int = 3000) -> Findings:
    """Return the rows and the pictures."""
    return Findings([collapse(frameworks, hidden), no_better(frameworks, iterations)], {})


def affine(params: Params) -> Params:
    """Return the one layer that linear layers are."""
    W, b = params[0]
    for W_next, b_next in params[1:]:
        # W := W[l] W,  b := W[l] b + b[l]
        W, b = W_next @ W, W_next @ b + b_next
    return (Layer(W, b),)


def collapse(frameworks: Frameworks, hidden: tuple[int, ...]) -> Row:
    """Two ways to one number: each within its own bound of it, and so within the sum of each other."""
    X = breast_cancer().X
    n = (X.shape[0], *hidden, 1)
    deep, shallow = (
        Network.of(n, "linear", "linear", loss="squared_error"),
        Network.of((n[0], 1), "", "linear", loss="squared_error"),
    )
    rng = np.random.default_rng(0)
    params = tuple(
        Layer(rng.integers(-64, 65, (size, before)) / 64, rng.integers(-64, 65, (size, 1)) / 64)
        for size, before in zip(n[1:], n[:-1], strict=True)
    )
    one = affine(params)
    E = sum(forward_bound(g, p, forward_oracle(g, p, X), P, PLAIN)[0][-1] for g, p in ((deep, params), (shallow, one)))
    largest = np.abs(forward_oracle(deep, params, X).A[-1]).max()
    comparisons, distance = [], {}
    for f, framework in frameworks.items():
        Z, _ = framework.l_layer.forward(deep, from_numpy(framework, params), framework.from_numpy(X))
        Z_one, _ = framework.l_layer.forward(shallow, from_numpy(framework, one), framework.from_numpy(X))
        comparisons.append((f, held("Z[L]", 0, framework.to_numpy(Z), framework.to_numpy(Z_one), E, "float64")))
        distance[f] = float(np.abs(framework.to_numpy(Z) - framework.to_numpy(Z_one)).max())
    agreement = worst(comparisons)
    return row(
        "A deep network with linear hidden layers is one affine map.",
        "N20",
        f"largest |Z[L] − (W X + b)|, n = {n}, breast cancer, |Z[L]| up to {largest:.0f}",
        {f: f"{distance[f]:.1e}" for f in frameworks},
        agreement,
        agreement.ratio <= 1,
    )


def least(data: Data) -> float:
    """Return the least J of logistic regression, by Newton's method: it squares the distance with each step."""
    inputs = np.vstack([data.X, np.ones((1, data.X.shape[1]))])  # (3, m)
    w = np.zeros(3)
    for _ in range(20):
        s = 1 / (1 + np.exp(-(w @ inputs)))
        # w := w − H⁻¹ dw
        w = w - np.linalg.solve((inputs * (s * (1 - s))) @ inputs.T, inputs @ (s - data.Y[0]))
    return evaluate(LOGISTIC, (Layer(w[None, :2], w[None, 2:]),), data.X, data.Y).J


def no_better(frameworks: Frameworks, iterations: int) -> Row:
    """J of the deep network cannot fall below, and comes as near as one waits for; a tanh layer goes far below."""
    data = flower()
    best = least(data)
    figures, agreement, never, near = {}, None, True, True
    deep, bent = (
        Network((2, 4, 4, 1), ("linear", "linear", "sigmoid")),
        Network((2, 4, 4, 1), ("tanh", "tanh", "sigmoid")),
    )
    start = initial(deep, "scaled")
    # one example's loss and the sum of m of them
    bound = 2 * (data.X.shape[1] + 12) * P.u * best
    for f, framework in frameworks.items():
        runs = [train(framework, g, start, data.X, data.Y, 0.2, iterations) for g in (deep, bent)]
        J, J_bent = (cost(framework, g, r.params, data.X, data.Y) for g, r in zip((deep, bent), runs, strict=True))
        figures[f] = f"{J - best:+.1e}; with tanh {J_bent - best:+.3f}"
        never, near = never and best - bound <= J, near and J - best < 1e-6 * best
        agreement = agreement or lockstep(frameworks, deep, [start, runs[0].params], data.X, data.Y)
    return row(
        "However many linear layers, the best cost is logistic regression's.",
        "N20",
        f"J of (2, 4, 4, 1) after {iterations} steps less the least of logistic regression, {best:.6f}, on the flower",
        figures,
        agreement or "",
        (never and near) or ("holds when trained to the end" if never else False),
    )
