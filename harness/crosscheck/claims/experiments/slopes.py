"""Derivatives by nudging, and the computation graph (notes: N6, N7).

The slope of f at a is (f(a + h) − f(a)) / h for a small nudge h: 3a at 2 goes from 6 to 6.003 with h = 0.001, a² from
4 to 4.0004 with h = 0.0001. Measured: the nudged slope and each framework's autodiff (NumPy: the chain rule by hand)
against the exact 3, 2a, 3a², 1/a; and the worked graph J = 3(a + bc) at a = 5, b = 3, c = 2.

To try it yourself: another point `a` or nudge `h`. The picture shows why a smaller h is not always better: below
h = 1e-8 the rounding of f, divided by h, outgrows what the smaller nudge gains.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from crosscheck.claims.engine.autodiff import gradient, has, namespace, slopes
from crosscheck.claims.engine.lab import DIFFER, Findings, Frameworks, P, Row, row, same
from crosscheck.claims.engine.pictures import COLOURS, MARKERS, below, panels, svg


class Function(NamedTuple):
    """f by a framework's namespace, its slope, and the largest |f″| between a and a + h, for a > 0 and h > 0."""

    f: Callable[[Any, Any], Any]
    slope: Callable[[float], float]
    second: Callable[[float, float], float]


FUNCTIONS = {
    "3a": Function(lambda xp, a: 3 * a, lambda a: 3.0, lambda a, h: 0.0),
    "a²": Function(lambda xp, a: a * a, lambda a: 2 * a, lambda a, h: 2.0),
    "a³": Function(lambda xp, a: a * a * a, lambda a: 3 * a * a, lambda a, h: 6 * (a + h)),
    "log a": Function(lambda xp, a: xp.log(a), lambda a: 1 / a, lambda a, h: 1 / (a * a)),
}
ROUNDINGS = 8  # of f(a): two products, or a logarithm (6 u, oracle/error_bound.py); and of a slope by autodiff


def run(frameworks: Frameworks, a: float = 2.0, h: float = 0.001) -> Findings:
    """Return the rows and the pictures."""
    rows = [nudged(frameworks, name, a, h) for name in FUNCTIONS] + [nudged(frameworks, "a²", a, 0.0001)]
    rows += [*autodiff(frameworks, a), graph(frameworks)]
    return Findings(rows, {"": picture(a)})


def nudge(framework: Any, name: str, a: float, h: float) -> tuple[float, float]:
    """Return f(a + h) and (f(a + h) − f(a)) / h."""
    xp, f = namespace(framework.name), FUNCTIONS[name].f
    here, there = framework.from_numpy(np.float64(a)), framework.from_numpy(np.float64(a)) + h
    return float(f(xp, there)), float((f(xp, there) - f(xp, here)) / (there - here))


def nudged(frameworks: Frameworks, name: str, a: float, h: float) -> Row:
    """The slope that the nudge shows errs by h/2 max|f″| of Taylor's theorem, and by the rounding of f over h."""
    exact, second = FUNCTIONS[name].slope(a), FUNCTIONS[name].second(a, h)
    nudges = {f: nudge(framework, name, a, h) for f, framework in frameworks.items()}
    rounding = 2 * (ROUNDINGS + 1) * P.u * max(abs(value) for value, _ in nudges.values()) / h + 4 * P.u * abs(exact)
    bound = h / 2 * second * (1 + 1e-9) + rounding
    spread = max(slope for _, slope in nudges.values()) - min(slope for _, slope in nudges.values())
    return row(
        f"Nudging a shows the slope of {name}.",
        "N6",
        f"f(a + h) and the slope, at a = {a:g} with h = {h:g}; the exact slope is {exact:g}",
        {f: f"{nudges[f][0]:.10g}, slope {nudges[f][1]:.7g}" for f in frameworks},
        f"{spread / (2 * rounding):.2g} of what rounding may do" if spread <= 2 * rounding else DIFFER,
        all(abs(slope - exact) <= bound for _, slope in nudges.values()),
    )


def autodiff(frameworks: Frameworks, a: float) -> list[Row]:
    """Autodiff applies the rules, 2a for a² and so on: it errs by a few roundings and by nothing else."""
    points = np.array([a / 4, a, 10 * a])
    rows = []
    for name, (function, slope, _) in FUNCTIONS.items():
        exact = np.array([slope(each) for each in points])
        slopes_of = {}
        for f, framework in frameworks.items():
            xp = namespace(f)
            by = slopes(f, partial(function, xp), framework.from_numpy(points)) if has(f) else exact
            slopes_of[f] = framework.to_numpy(by)
        error = max(float((np.abs(got - exact) / (P.u * np.abs(exact))).max()) for got in slopes_of.values())
        rows.append(
            row(
                f"The slope of {name} is {'the same everywhere' if name == '3a' else 'different at different points'}.",
                "N6",
                f"autodiff (NumPy: the rule) at a = {', '.join(f'{p:g}' for p in points)}",
                {f: ", ".join(f"{s:.6g}" for s in slopes_of[f]) for f in frameworks},
                f"within {error:.0f} of {ROUNDINGS} roundings of the exact" if error <= ROUNDINGS else DIFFER,
                (len(set(exact)) == 1) == (name == "3a") and error <= ROUNDINGS,
            )
        )
    return rows


def graph(frameworks: Frameworks) -> Row:
    """u = b c, v = a + u, J = 3 v; from right to left dJ/dv = 3, dJ/du = 3, dJ/db = dJ/du c, dJ/dc = dJ/du b."""
    derivatives = {}
    for name, framework in frameworks.items():
        a, b, c = (framework.from_numpy(np.float64(value)) for value in (5, 3, 2))
        u = b * c
        v = a + u
        J = 3 * v
        if has(name):
            slopes = gradient(name, lambda a, b, c: 3 * (a + b * c), a, b, c)
        else:
            dv = 3.0
            du = dv
            slopes = (dv, du * c, du * b)
        derivatives[name] = [float(value) for value in (J, *slopes)]
    return row(
        "The chain rule from right to left gives the derivatives of a computation graph.",
        "N7",
        "J, dJ/da, dJ/db, dJ/dc of J = 3(a + bc) at a = 5, b = 3, c = 2; the course's: 33, 3, 6, 9",
        {f: ", ".join(f"{v:g}" for v in derivatives[f]) for f in frameworks},
        same(derivatives),
        all(values == [33, 3, 6, 9] for values in derivatives.values()),
    )


def picture(a: float) -> str:
    """Return the nudged slope's error against h, and where a number's roundings lie."""
    figure, (axis,) = panels()
    h = 10.0 ** np.arange(-15, 0.1, 0.25)
    for (name, (f, slope, _)), colour, marker in zip(FUNCTIONS.items(), COLOURS, MARKERS, strict=False):
        error = np.abs((f(np, a + h) - f(np, np.float64(a))) / h - slope(a)) / abs(slope(a))
        axis.loglog(
            h, np.maximum(error, 1e-17), color=colour, marker=marker, markersize=3.5, linewidth=1, label=f"f = {name}"
        )
    axis.axhline(P.u, color="black", linewidth=0.8, linestyle=":", label="one rounding")
    axis.set(xlabel=f"nudge h, at a = {a:g}", ylabel="relative error of the slope")
    below(figure, axis)
    return svg(figure)
