"""The derivatives of the activations, and tanh by its definition (notes: N15).

Measured, on a fine grid that holds 0: the identities s(1 − s), 1 − a², [z >= 0] and so on against each framework's
autodiff and against the central difference (g(z + h) − g(z − h)) / 2h; the derivative at the kink by each of them; and
(e^z − e^−z) / (e^z + e^−z) against the library's tanh, near 0 and where it overflows.

To try it yourself: a finer `step` of the grid, or another nudge `h` (powers of two, so that z + h is exact).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from crosscheck_impls.interface import Layer, Network

from crosscheck.claims.engine.autodiff import has, slopes
from crosscheck.claims.engine.lab import Findings, Frameworks, P, Row, forward_oracle, row, worst
from crosscheck.claims.engine.pictures import COLOURS, DASHES, below, panels, svg
from crosscheck.judge.elementwise import held
from crosscheck.oracle.error_bound import PLAIN, forward_bound, precision
from crosscheck.oracle.float64 import Matrix

IDENTITIES = {
    "sigmoid": "s(1 − s)",
    "tanh": "1 − a²",
    "relu": "[z >= 0]",
    "leaky_relu": "[z >= 0] + 0.01 [z < 0]",
    "linear": "1",
}
THIRD = {"sigmoid": 1 / 8, "tanh": 2.0, "relu": 0.0, "leaky_relu": 0.0, "linear": 0.0}  # the most that |g‴| can be


def run(frameworks: Frameworks, step: float = 2.0**-8, h: float = 2.0**-17) -> Findings:
    """Return the rows and the pictures."""
    Z = np.arange(-8, 8 + step, step)[None, :]  # (1, m), 0 among them
    rows = [identity(frameworks, name, Z, h) for name in IDENTITIES]
    rows += [kink(frameworks, h), *definition(frameworks)]
    return Findings(rows, {"": picture(Z[0])})


def elementwise(name: str, Z: Matrix) -> tuple[Network, Matrix, Matrix, Matrix, Matrix]:
    """Return a network whose Z[1] is Z, its g(Z) and g′(Z) by the oracle, and how far rounding may take each."""
    network = Network((1, 1, 1), (name, "linear"), "squared_error")
    params = (Layer(np.ones((1, 1)), np.zeros((1, 1))),) * 2
    oracle = forward_oracle(network, params, Z)
    E_A, E_slope = forward_bound(network, params, oracle, P, PLAIN)
    return network, oracle.A[1], oracle.slopes[0], E_A[1], E_slope[0]


def identity(frameworks: Frameworks, name: str, Z: Matrix, h: float) -> Row:
    """The identity, autodiff and the central difference; at the kink itself the last one is left out, see `kink`."""
    network, _, exact, _, E = elementwise(name, Z)
    _, _, _, E_right, _ = elementwise(name, Z + h)
    # Taylor: h²/6 max|g‴|; rounding: (E(z + h) + E(z − h)) / 2h and of the quotient
    E_central = h * h / 6 * THIRD[name] + 2 * E_right.max() / (2 * h) + 4 * P.u
    smooth = (np.abs(Z) > h) | (name not in ("relu", "leaky_relu"))
    comparisons, figures = [], {}
    for f, framework in frameworks.items():
        g, derivative = framework.activations.activation(network, 1)
        z = framework.from_numpy(Z)
        by = {"identity": framework.to_numpy(derivative(z, g(z)))}
        if has(f):
            by["autodiff"] = framework.to_numpy(slopes(f, g, z))
        central = (
            framework.to_numpy(g(framework.from_numpy(Z + h))) - framework.to_numpy(g(framework.from_numpy(Z - h)))
        ) / (2 * h)
        comparisons += [(f, held(way, 0, got, exact, 2 * E, "float64")) for way, got in by.items()]
        comparisons.append(
            (f, held("central difference", 0, central[smooth], exact[smooth], (E + E_central)[smooth], "float64"))
        )
        errors = [f"{way} {np.abs(got - by['identity']).max():.1e}" for way, got in by.items() if way != "identity"]
        errors.append(f"central difference {np.abs(central - by['identity'])[smooth].max():.1e}")
        figures[f] = ", ".join(errors)
    agreement = worst(comparisons)
    return row(
        f"{name}: g′(z) = {IDENTITIES[name]}.",
        "N15",
        f"largest distance from the identity, {Z.size} points in −8 <= z <= 8",
        figures,
        agreement,
        agreement.ratio <= 1,
    )


def kink(frameworks: Frameworks, h: float) -> Row:
    """At z = 0 the identity is a choice; ours is honoured by autodiff too, the central difference is in the middle."""
    figures, right = {}, True
    zero = np.zeros((1, 1))
    for f, framework in frameworks.items():
        words = []
        for name in ("relu", "leaky_relu"):
            g, derivative = framework.activations.activation(Network((1, 1, 1), (name, "linear"), "squared_error"), 1)
            z = framework.from_numpy(zero)
            chosen = float(derivative(z, g(z))[0, 0])
            by = float(slopes(f, g, z)[0, 0]) if has(f) else chosen
            central = (
                framework.to_numpy(g(framework.from_numpy(zero + h)))
                - framework.to_numpy(g(framework.from_numpy(zero - h)))
            ).item() / (2 * h)
            right = right and chosen == by == 1
            words.append(
                f"{name}: identity {chosen:g}, " + (f"autodiff {by:g}, " if has(f) else "") + f"central {central:g}"
            )
        figures[f] = "; ".join(words)
    return row(
        "At exactly z = 0 the derivatives of ReLU and leaky ReLU are 1.",
        "N15",
        "g′(0); the frameworks' own relu says 0 (README, conventions)",
        figures,
        "see the figures",
        "holds when one chooses it: to the left the slopes are 0 and 0.01, and at 0 there is no derivative"
        if right
        else False,
    )


def definition(frameworks: Frameworks) -> list[Row]:
    """e^z − e^−z loses digits where z is small, and e^z / e^z is inf / inf where it is large."""
    rows = []
    middle = np.linspace(-8, 8, 4097)[None, :]
    tiny = np.array([[1e-8]])
    figures, small, comparisons = {}, {}, []
    for f, framework in frameworks.items():
        library, by_definition = (
            framework.to_numpy(g(framework.from_numpy(middle)))
            for g in (framework.activations.tanh, framework.textbook.tanh_by_definition)
        )
        # the library's own error (the bound's), and five roundings of numbers <= 1
        E = 2 * elementwise("tanh", middle)[3] + 5 * P.u
        comparisons.append((f, held("tanh", 0, by_definition, library, E, "float64")))
        figures[f] = f"{np.abs(library - by_definition).max():.1e}"
        near = framework.to_numpy(framework.textbook.tanh_by_definition(framework.from_numpy(tiny)))[0, 0]
        small[f] = f"{abs(near / np.tanh(tiny[0, 0]) - 1):.1e} relative at z = 1e-8"
    agreement = worst(comparisons)
    rows.append(
        row(
            "tanh by its definition is the library's tanh.",
            "N15",
            "largest distance, 4097 points in −8 <= z <= 8",
            figures,
            agreement,
            True,
        )
    )
    overflow = {f: overflows(framework) for f, framework in frameworks.items()}
    rows.append(
        row(
            "tanh by its definition can be used in the place of the library's.",
            "N15",
            "where the definition becomes NaN, and its error near 0",
            {f: f"NaN from z = {overflow[f]}; {small[f]}" for f in frameworks},
            "see the figures",
            "holds when z is neither small nor large: digits are lost near 0, and inf / inf is NaN",
        )
    )
    return rows


def overflows(framework: Any) -> str:
    """Return the first whole number at which the definition is NaN: above the logarithm of the largest number."""
    words = []
    for dtype in ("float64", "float32"):
        most = int(np.log(precision(dtype).largest)) + 3
        z = np.arange(1, most + 1, dtype=dtype)[None, :]
        with np.errstate(all="ignore"):
            a = framework.to_numpy(framework.textbook.tanh_by_definition(framework.from_numpy(z)))
        words.append(f"{z[0, int(np.argmax(np.isnan(a[0])))]:g} ({dtype})")
    return ", ".join(words)


def picture(z: Matrix) -> str:
    """Return g and g′."""
    figure, (left, right) = panels(2)
    shown = z[(np.abs(z) <= 4)][::4]
    for name, colour, dashes in zip(("sigmoid", "tanh", "relu", "leaky_relu"), COLOURS, DASHES, strict=False):
        _, A, slope, _, _ = elementwise(name, shown[None, :])
        left.plot(shown, A[0], color=colour, linestyle=dashes, label=name)
        right.plot(shown, slope[0], color=colour, linestyle=dashes)
    left.set(xlabel="z", ylabel="g(z)", ylim=(-1.1, 2.5))
    right.set(xlabel="z", ylabel="g′(z)")
    below(figure, left, 4)
    return svg(figure)
