"""The oracle certified by the enclosure: is every exact value within the oracle's own error bound of it?

Every implementation is judged by the float64 oracle and its error bound. Both are formulas in floating point; ball
arithmetic, whose roundings are rigorous, shows that they hold. The certificates are in `results/oracle.csv`.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import DTYPES, Array, BadInput, Network

from crosscheck.core.records import Case, cast, named
from crosscheck.oracle.enclosure import MOST_BITS, Enclosure, enclose, flint, upper
from crosscheck.oracle.error_bound import error_bound, precision
from crosscheck.oracle.float64 import Matrix, evaluate, exact
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import Problem

FEWEST_BITS = 64  # below it the balls themselves are as wide as the bound
SECONDS = 4.0  # one enclosure may take about that; of a larger problem examples are drawn


class Certificate(NamedTuple):
    """The oracle of one problem, dtype and checkpoint against its ball.

    dtype: of the rounded params and data; the oracle itself is always float64. iteration: 0, or that of the oracle's
    own last checkpoint. examples, of: how many of the m were taken. bits, undecided: the enclosure's.
    ball: the widest radius over its tensor's largest entry. ratio: the largest distance, an upper bound, in units of
    the oracle's own error bound of that element; NaN where nothing has one. ulps: the same distance in float64
    units in the last place of the tensor's largest entry. where: the element of the largest ratio. unbounded: the
    number of elements whose error bound is infinite, which are left out.
    """

    problem: str
    dtype: str
    iteration: int
    examples: int
    of: int
    bits: int
    undecided: int
    ball: float
    ratio: float
    ulps: float
    where: str
    unbounded: int

    @property
    def verdict(self) -> str:
        """`certified`; `missed` where the ball is not wholly within the bound, undecided or not; `no bound`."""
        return "no bound" if math.isnan(self.ratio) else "certified" if self.ratio <= 1 else "missed"


def certify(problems: Sequence[Problem], bits: int, report: Callable[[str, int, int], None]) -> list[Certificate]:
    """Return the certificates of both dtypes, at the initial params and at the oracle's own last checkpoint.

    Raises BadInput for a problem that does not fit a dtype, and for a working precision out of range.
    """
    if not FEWEST_BITS <= bits <= MOST_BITS:
        raise BadInput(f"{bits}: expected {FEWEST_BITS} to {MOST_BITS}; 128 is plenty", parameter="bits")
    flint()  # refused before the first problem, not after it
    certificates = []
    for done, (problem, dtype) in enumerate(product(problems, DTYPES)):
        report(f"{problem.name}, {dtype}", done, len(problems) * len(DTYPES))
        case = make_case(problem, dtype)
        certificates += [certificate(case, index, bits) for index in sorted({0, len(case.checkpoints) - 1})]
    return certificates


def certificate(case: Case, checkpoint: int, bits: int = 128) -> Certificate:
    """Hold the oracle at one of the case's checkpoints against its ball."""
    network, params, m = case.network, cast(case.checkpoints[checkpoint], "float64"), case.X.shape[1]
    chosen = sample(network, m, bits)
    X, Y = exact(case.X)[:, chosen], exact(case.Y)[:, chosen]
    with np.errstate(all="ignore"):  # what overflows has no error bound
        oracle = evaluate(network, params, X, Y)
    E = error_bound(network, params, oracle, Y, precision("float64"))
    ball = enclose(network, params, X, Y, bits=bits)
    with flint().ctx.workprec(ball.bits):
        held = [
            _hold(name, balls, true, allowed)
            for (name, balls), true, allowed in zip(
                _balls(ball),
                [np.asarray(oracle.J), *(array for _, array, _ in named(network, oracle.gradient, "d"))],
                [np.asarray(E.J), *(array for _, array, _ in named(network, E.gradient, "d"))],
                strict=True,
            )
        ]
    worst = max(held, key=lambda each: -1.0 if math.isnan(each.ratio) else each.ratio)
    return Certificate(
        case.problem, case.dtype, case.steps[checkpoint], len(chosen), m, ball.bits, ball.undecided,
        max(each.ball for each in held), worst.ratio, max(each.ulps for each in held), worst.where,
        sum(each.unbounded for each in held),
    )  # fmt: skip


def sample(network: Network, m: int, bits: int) -> Array:
    """Return which examples to take: all m, or so many, drawn with a fixed seed, as take about SECONDS.

    The estimate, of one core, at 128 bits: 60 ns for a weight and an example, 10 us for a unit and an example.
    """
    weights = sum(n * before for before, n in zip(network.n, network.n[1:], strict=False))
    seconds = (60e-9 * weights + 10e-6 * sum(network.n[1:])) * bits / 128
    most = max(1, int(SECONDS / seconds))
    return np.arange(m) if m <= most else np.sort(np.random.default_rng(0).choice(m, most, replace=False))


def _balls(ball: Enclosure) -> Iterator[tuple[str, list[Any]]]:
    """Yield J, dW1, db1, ... as lists of balls, row after row."""
    yield "J", [ball.J]
    for l, layer in enumerate(ball.gradient, 1):
        for kind, balls in zip("Wb", layer, strict=True):
            yield f"d{kind}{l}", balls.entries()


class _Held(NamedTuple):
    """One tensor: as in `Certificate`."""

    ball: float
    ratio: float
    ulps: float
    where: str
    unbounded: int


@np.errstate(all="ignore")  # inf and NaN are valid results here
def _hold(name: str, balls: list[Any], oracle: Matrix, E: Matrix) -> _Held:
    """Hold one tensor against its balls: the distance from the oracle to the farthest number in the ball."""
    radius, largest = max(each.rad() for each in balls), max(abs(each.mid()) for each in balls)
    ball = 0.0 if radius == 0 else upper(radius / largest)
    distances = np.array([upper(abs(each - true)) for each, true in zip(balls, oracle.ravel().tolist(), strict=True)])
    bounded = np.isfinite(E.ravel())
    if not bounded.any():
        return _Held(ball, math.nan, 0.0, "", E.size)
    # a quotient of float64 is at most 1 exactly where the distance is at most E: nothing is lost by its rounding
    ratios = np.where(distances == 0, 0.0, distances / E.ravel())
    worst = int(np.argmax(np.where(bounded, ratios, -1.0)))
    ulp = np.spacing(np.abs(oracle.ravel()[bounded]).max())
    element = [int(i) for i in np.unravel_index(worst, E.shape)]
    return _Held(
        ball, float(ratios[worst]), float(distances[bounded].max() / ulp), f"{name}{element or ''}",
        int((~bounded).sum()),
    )  # fmt: skip


HEADER = [
    "problem", "dtype", "iteration", "examples", "of", "bits", "undecided", "ball", "ratio", "ulps", "where",
    "unbounded", "verdict",
]  # fmt: skip


def cells(row: Certificate) -> list[str]:
    """Return a certificate as text, in the order of HEADER: two digits, which is more than anybody needs of a bound."""
    numbers = {name: f"{getattr(row, name):.2g}" for name in ("ball", "ratio", "ulps")}
    return [numbers.get(name) or str(getattr(row, name)) for name in HEADER]


def table(rows: Sequence[Certificate]) -> str:
    """Return oracle.csv."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER, *map(cells, rows)])
    return text.getvalue()


def aligned(rows: Sequence[Certificate]) -> list[str]:
    """Return the table as lines of Markdown that are also straight columns."""
    body = [HEADER, *map(cells, rows)]
    widths = [max(len(line[k]) for line in body) for k in range(len(HEADER))]
    lines = ["| " + " | ".join(f"{cell:{w}}" for cell, w in zip(line, widths, strict=True)) + " |" for line in body]
    return [lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]]


def summary(rows: Sequence[Certificate]) -> str:
    """Return in words what was certified, and what was not."""
    total = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("certified", "missed", "no bound")}
    parts = ", ".join(f"{number} {verdict}" for verdict, number in total.items() if number)
    bounded = [row for row in rows if row.verdict != "no bound"]
    sentences = [f"{len(rows)} evaluations of the oracle over {len({row.problem for row in rows})} problems: {parts}."]
    if bounded:
        worst = max(bounded, key=lambda row: row.ratio)
        sentences.append(
            f"The largest distance between the oracle and the exact value is {worst.ratio:.2g} of the oracle's own "
            f"error bound ({worst.where} of {worst.problem}, {worst.dtype}, at iteration {worst.iteration}); the "
            f"widest ball is {max(row.ball for row in bounded):.2g} of its tensor's largest entry."
        )
    unbounded = sum(row.unbounded for row in rows)
    if unbounded:
        sentences.append(f"{unbounded} elements have no bound, since numbers overflow float64 there.")
    return " ".join(sentences)


def markdown(rows: Sequence[Certificate]) -> str:
    """Return oracle.md."""
    return "\n".join(
        [
            "# The oracle, certified", "", summary(rows), "",
            "Ball arithmetic (Arb, through python-flint) encloses the exact J and gradient at the params and data "
            "rounded to `dtype`, initially and at the oracle's own last checkpoint. `ratio` is the largest distance "
            "between the float64 oracle and anything in the ball, in units of the oracle's own error bound for that "
            "element: at most 1 proves both right there. `ulps` is the largest distance in float64 units in the last "
            "place of the tensor's largest entry, `ball` the widest radius over its tensor's largest entry, at the "
            "working precision of `bits`. `undecided` counts the Z that even so may lie on either side of 0 before a "
            "ReLU, and `unbounded` the elements without an error bound. Where `examples` is less than `of`, that many "
            "were drawn. The oracle's last digits, and with them `ratio` and `ulps`, depend on the BLAS and its number "
            "of threads.",
            "", *aligned(rows), "",
        ]
    )  # fmt: skip
