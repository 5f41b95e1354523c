"""One neuron (notes: N1, N2, N5): the perceptron jumps, the sigmoid moves, without activation it is regression.

Measured: the output at w x + b = 0 and a nudge of w to either side, with the step and with the sigmoid; and gradient
descent on a neuron without activation against the least-squares solution by QR, on the diabetes data.

To try it yourself: a larger `nudge`, or fewer `iterations`, and see how far gradient descent is from least squares.
"""

from __future__ import annotations

import itertools

import numpy as np
from crosscheck_impls.interface import Layer, Network, Params

from crosscheck.claims.engine.lab import Findings, Frameworks, Row, arrow, lockstep, outputs, row, same, train
from crosscheck.claims.engine.pictures import BLUE, ORANGE, below, panels, svg
from crosscheck.oracle.float64 import Matrix, evaluate
from crosscheck.problems.datasets import diabetes
from crosscheck.problems.initial_weights import initial

STEP, SIGMOID = Network((1, 1), ("step",)), Network((1, 1), ("sigmoid",))
LINEAR = Network((10, 1), ("linear",), "squared_error")
X = np.array([[2.0]])


def neuron(*w: float, b: float) -> Params:
    """Return a neuron's W (1, n_x) and b (1, 1)."""
    return (Layer(np.array([w], float), np.array([[b]], float)),)


def run(frameworks: Frameworks, nudge: float = 2.0**-20, iterations: int = 8000) -> Findings:
    """Return the rows and the pictures."""
    rows = [*jumps(frameworks, nudge), logic(frameworks), regression(frameworks, iterations)]
    return Findings(rows, {"": picture()})


def jumps(frameworks: Frameworks, nudge: float) -> list[Row]:
    """At x = 2, b = −1 and w = 1/2 the sum w x + b is exactly 0."""
    weights = [0.5 - nudge, 0.5, 0.5 + nudge]
    outputs_of = {}
    for network in (STEP, SIGMOID):
        answers = [outputs(frameworks, network, neuron(w, b=-1), X) for w in weights]
        outputs_of[network] = {name: [float(A[name][0, 0]) for A, _ in answers] for name in frameworks}
        agreement = answers[-1][1]
    step, sigmoid = outputs_of[STEP], outputs_of[SIGMOID]
    # |σ(z + δ) − σ(z)| <= δ/4: the slope of the sigmoid is at most 1/4
    most = 2 * nudge / 4 + 1e-15
    slight = all(0 < A[2] - A[1] <= most for A in sigmoid.values())
    return [
        row(
            "A perceptron's output flips under a small change of a weight.",
            "N1",
            f"output at w = 1/2 and 1/2 + {nudge:.2g}, with x = 2, b = −1",
            {f: arrow(*step[f][1:]) for f in frameworks},
            same(step),
            all(A[1:] == [0, 1] for A in step.values()),
        ),
        row(
            "Where w·x + b is exactly 0 the perceptron gives 0.",
            "N1",
            "output at w = 1/2, where 2 w − 1 = 0",
            {f: f"{step[f][1]:g}" for f in frameworks},
            same(step),
            all(A[1] == 0 for A in step.values()),
        ),
        row(
            "The sigmoid's output moves slightly under the same change.",
            "N1, N2",
            "change of the output, at most a quarter of the change of w x",
            {f: f"{sigmoid[f][2] - sigmoid[f][1]:.3g}" for f in frameworks},
            agreement,
            slight,
        ),
    ]


def logic(frameworks: Frameworks) -> Row:
    """AND, OR and NAND are one perceptron each; XOR, which no line separates, is none."""
    inputs = np.array(list(itertools.product([0.0, 1.0], repeat=2))).T  # (2, 4)
    gates = {"AND": neuron(1, 1, b=-1), "OR": neuron(1, 1, b=0), "NAND": neuron(-1, -1, b=2)}
    tables = {name: {} for name in frameworks}  # type: dict[str, dict[str, str]]
    for gate, params in gates.items():
        answers, agreement = outputs(frameworks, Network((2, 1), ("step",)), params, inputs)
        for name, A in answers.items():
            tables[name][gate] = "".join(f"{a:g}" for a in A[0])
    right = {"AND": "0001", "OR": "0111", "NAND": "1110"}
    return row(
        "A perceptron takes boolean inputs.",
        "N1",
        "outputs for 00, 01, 10, 11; three of the six sums are exactly 0",
        {f: ", ".join(f"{gate} {bits}" for gate, bits in tables[f].items()) for f in frameworks},
        agreement,
        all(table == right for table in tables.values()),
    )


def regression(frameworks: Frameworks, iterations: int) -> Row:
    """J is convex: gradient descent with alpha = 1 / L, L the largest curvature, ends where least squares is."""
    data = diabetes()
    inputs = np.vstack([data.X, np.ones((1, data.X.shape[1]))])  # (n_x + 1, m)
    solution = np.linalg.lstsq(inputs.T, data.Y[0], rcond=None)[0]
    best = evaluate(LINEAR, (Layer(solution[None, :-1], solution[None, -1:]),), data.X, data.Y).J
    alpha = 1 / curvature(inputs)
    runs = {
        name: train(f, LINEAR, initial(LINEAR, "zeros"), data.X, data.Y, alpha, iterations)
        for name, f in frameworks.items()
    }
    # one example's loss has three roundings, the sum m of them: both J within (m + 4) u of themselves
    bound = 2 * (data.X.shape[1] + 4) * 2.0**-53 * best
    gaps = {name: float(r.costs[-1] - best) for name, r in runs.items()}
    return row(
        "A neuron without activation is linear regression.",
        "N1, N5",
        f"J after {iterations} steps, less J = {best:.6f} of least squares, from zero weights",
        {f: f"{gaps[f]:.1e}" for f in frameworks},
        lockstep(frameworks, LINEAR, [initial(LINEAR, "zeros"), next(iter(runs.values())).params], data.X, data.Y),
        all(abs(gap) <= bound for gap in gaps.values())
        or f"holds when it runs long enough: here J is still {max(gaps.values()):.1e} above the least",
    )


def curvature(inputs: Matrix) -> float:
    """Return the largest eigenvalue of 1/m X̃ X̃ᵀ, the second derivative of half the squared error."""
    return float(np.linalg.norm(inputs, 2) ** 2 / inputs.shape[1])


def picture() -> str:
    """Return the output against the weight."""
    figure, (axis,) = panels(height=3.2)
    w = np.linspace(-2, 3, 1001)
    axis.plot(w, (2 * w - 1 > 0) * 1.0, color=ORANGE, label="perceptron: 1 where w x + b > 0")
    axis.plot(w, 1 / (1 + np.exp(1 - 2 * w)), color=BLUE, linestyle="--", label="sigmoid: σ(w x + b)")
    axis.set(xlabel="weight w (x = 2, b = −1)", ylabel="output", ylim=(-0.05, 1.05))
    below(figure, axis)
    return svg(figure)
