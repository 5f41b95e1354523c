"""The arbiter: J, its gradient and the outputs as balls that are proved to hold the exact values.

A ball [midpoint +/- radius] holds the exact result of every operation on anything inside its operands, roundings
included: F. Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic, IEEE Transactions on
Computers 66 (2017), 1281-1292; here through python-flint. Exponents are unbounded: nothing overflows or is flushed.
It shares no code with the implementations, and no formula with the truth, which it certifies.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from harness.truth import Kinks, evaluate, exact, kinks_of
from impls.interface import KINKED, Array, BadInput, Layer, Network, Params, check, check_differentiable, nearest

Ball: TypeAlias = Any  # flint.arb
Balls: TypeAlias = Any  # flint.arb_mat
MOST_BITS = 8192  # float64 products end between 2^-2148 and 2^2048: their sums, zeros among them, are exact by then


class Enclosure(NamedTuple):
    """Balls around the exact values: J; dW (n[l], n[l-1]) and db (n[l], 1) as `Layer`s; Z[L] and A[L] (n[L], m).

    bits: the working precision they were computed with. undecided: how many Z at a kink might still be on either
    side of 0; there the ball of g' holds both values, so that the enclosure stays proved but is wide.
    """

    J: Ball
    gradient: Params
    Z: Balls
    A: Balls
    bits: int
    undecided: int


def flint() -> Any:
    """Import python-flint, which only the arbiter needs. Raises BadInput where it is not installed."""
    try:
        import flint
    except ModuleNotFoundError as error:
        message = "arbiter: python-flint is not installed, expected it for ball arithmetic; pip install python-flint"
        raise BadInput(message) from error
    return flint


def enclose(
    network: Network, params: Params, X: Array, Y: Array, kinks: Kinks | None = None, bits: int = 128
) -> Enclosure:
    """Return J, dParams, Z[L] and A[L] as proved enclosures.

    X (n[0], m), Y (n[L], m), W (n[l], n[l-1]), b (n[l], 1): finite float64 or float32, taken as exact.
    kinks: the derivative at exactly 0 by activation, the network's where none is named. bits: of the working
    precision, doubled up to MOST_BITS while a Z is undecided at a kink. Raises BadInput.

    >>> zero = (Layer(np.zeros((1, 2)), np.zeros((1, 1))),)
    >>> enclose(Network((2, 1), ("sigmoid",)), zero, np.ones((2, 3)), np.ones((1, 3))).J.str(30)
    '[0.693147180559945309417232121458 +/- 1.77e-31]'
    """
    arb, arb_mat, context = (getattr(flint(), name) for name in ("arb", "arb_mat", "ctx"))
    check(network, params, X, Y)
    check_differentiable(network)
    for array in (X, Y, *(array for layer in params for array in layer)):
        if not np.isfinite(array).all():
            raise BadInput("arbiter: NaN or inf among the params, X and Y, expected finite numbers")

    def exactly(array: Array) -> Balls:
        return arb_mat(*array.shape, np.asarray(array, dtype=np.float64).ravel().tolist())

    agreed = kinks_of(network, tuple((kinks or {}).items()))
    while True:
        with context.workprec(bits):
            g = [_activation(name, network, agreed, arb) for name in network.g]
            m, ones = X.shape[1], arb_mat(1, X.shape[1], [1] * X.shape[1])
            weights, biases = [exactly(W) for W, _ in params], [exactly(b) for _, b in params]
            A, Z, slopes, undecided = [exactly(X)], [], [], 0
            for l in range(network.L):
                # Z[l] = W[l] A[l−1] + b[l]                                                            (n[l], m)
                Z.append(weights[l] * A[l] + biases[l] * ones)
                # A[l] = g[l](Z[l]) and g[l]′(Z[l])                                                    (n[l], m)
                through = [g[l](z) for z in Z[l].entries()]
                A.append(arb_mat(network.n[l + 1], m, [a for a, _ in through]))
                slopes.append([slope for _, slope in through])
                undecided += network.g[l] in KINKED and sum(z.contains(0) and not z.is_zero() for z in Z[l].entries())
            if undecided and bits < MOST_BITS:
                bits *= 2
                continue
            output = list(zip(Z[-1].entries(), A[-1].entries(), exactly(Y).entries(), slopes[-1], strict=True))
            # J = 1/m Σ of every output's loss
            J = sum((_loss(network, z, a, y) for z, a, y, _ in output), arb(0)) / m
            # dZ[L] = A − Y for the cross-entropy, (A − Y) g[L]′(Z[L]) for the squared error             (n[L], m)
            squared = network.loss == "squared_error"
            dZ = [_difference(network, z, a, y) * (slope if squared else 1) for z, a, y, slope in output]
            gradient = []
            for l in range(network.L, 0, -1):
                D = arb_mat(network.n[l], m, dZ)
                # dW[l] = dZ[l] A[l−1]ᵀ / m, db[l] = dZ[l] 1 / m                                  as W[l] and b[l]
                gradient.append(Layer(D * A[l - 1].transpose() / m, D * ones.transpose() / m))
                if l > 1:
                    # dZ[l−1] = W[l]ᵀ dZ[l] ∘ g[l−1]′(Z[l−1])                                       (n[l−1], m)
                    dA = (weights[l - 1].transpose() * D).entries()
                    dZ = [da * slope for da, slope in zip(dA, slopes[l - 2], strict=True)]
            return Enclosure(J, tuple(gradient[::-1]), Z[-1], A[-1], bits, undecided)


def _sigmoid(z: Ball) -> tuple[Ball, Ball, Ball]:
    """Return σ(z), σ(−z) and e = exp(−|mid z|) moved along with z: both narrow, however far in the tails."""
    if z.mid() > 0:
        e = (-z).exp()
        return 1 / (1 + e), e / (1 + e), e
    e = z.exp()
    return e / (1 + e), 1 / (1 + e), e


def _activation(name: str, network: Network, kinks: Kinks, arb: Any) -> Callable[[Ball], tuple[Ball, Ball]]:
    """Return the function z -> g(z), g′(z)."""
    one, s = arb(1), arb(network.leaky_slope if name == "leaky_relu" else 0)
    at_zero = one if kinks.get(name) == "right" else s

    def sigmoid(z: Ball) -> tuple[Ball, Ball]:
        a, rest, _ = _sigmoid(z)
        return a, a * rest  # σ′ = σ(z) σ(−z)

    def tanh(z: Ball) -> tuple[Ball, Ball]:
        return z.tanh(), z.sech() ** 2  # tanh′ = 1 / cosh²

    def kinked(z: Ball) -> tuple[Ball, Ball]:
        if z > 0:
            return z, one
        if z <= 0:
            return s * z, at_zero if z.is_zero() else s
        return z.union(s * z), one.union(s)  # undecided: both sides

    def linear(z: Ball) -> tuple[Ball, Ball]:
        return z, one

    return {"sigmoid": sigmoid, "tanh": tanh, "linear": linear}.get(name, kinked)


def _difference(network: Network, z: Ball, a: Ball, y: Ball) -> Ball:
    """Return a − y; after a sigmoid as (1 − y) σ(z) − y σ(−z), where nothing cancels."""
    if network.g[-1] != "sigmoid":
        return a - y
    right, left, _ = _sigmoid(z)
    return (1 - y) * right - y * left


def _loss(network: Network, z: Ball, a: Ball, y: Ball) -> Ball:
    """Return one output's share of m J."""
    if network.loss == "squared_error":
        return _difference(network, z, a, y) ** 2 / 2
    # −y log σ(z) − (1 − y) log σ(−z), as −log σ(|z|) = log(1 + e)
    e = _sigmoid(z)[2]
    return e.log1p() + ((1 - y) * z if z.mid() > 0 else -y * z)


class Settlement(NamedTuple):
    """Who is right about one element: its exact value in decimals with a radius, as Arb writes it, and bounds from
    above on how far the number in dispute and the float64 truth are from it."""

    value: str
    got: float
    truth: float


def settle(
    network: Network, params: Params, X: Array, Y: Array, tensor: str, element: tuple[int, ...], got: float,
    kinks: Kinks | None = None, bits: int = 128,
) -> Settlement:  # fmt: skip
    """Return the exact value of one element of J, dW1, db1, ..., and how far `got` and the truth differ from it.

    element: its index, () of J. The rest as in `enclose`. Raises BadInput.

    >>> zero, X, Y = (Layer(np.zeros((1, 2)), np.zeros((1, 1))),), np.ones((2, 3)), np.ones((1, 3))
    >>> settle(Network((2, 1), ("sigmoid",)), zero, X, Y, "dW1", (0, 1), -0.25)
    Settlement(value='-0.500000000000000000000000000000', got=0.25, truth=0.0)
    """
    names = ["J", *(f"d{kind}{l}" for l in range(1, network.L + 1) for kind in "Wb")]
    if tensor not in names:
        raise BadInput(f"tensor {tensor!r}: no such tensor; {nearest(tensor, names)}")
    ball = enclose(network, params, X, Y, kinks, bits)
    wide = tuple(Layer(exact(W), exact(b)) for W, b in params)
    with np.errstate(all="ignore"):  # a truth that overflows is infinitely far from the value
        truth = evaluate(network, wide, exact(X), exact(Y), kinks_of(network, tuple((kinks or {}).items())))
    l, kind = int(tensor[2:] or 1) - 1, "Wb".find(tensor[1:2])  # of J, whose name is one letter: not read
    true = np.asarray(truth.J) if tensor == "J" else truth.gradient[l][kind]
    if len(element) != true.ndim or not all(0 <= i < n for i, n in zip(element, true.shape, strict=True)):
        raise BadInput(f"{tensor}: no element {element}, expected an index into shape {true.shape}")
    value = ball.J if tensor == "J" else ball.gradient[l][kind][element]
    with flint().ctx.workprec(ball.bits):
        return Settlement(value.str(30), upper(abs(value - float(got))), upper(abs(value - float(true[element]))))


def upper(ball: Ball) -> float:
    """Return a float64 that no number in the ball exceeds; inf where there is none, NaN included."""
    most = ball.upper()
    if not most.is_finite():
        return math.inf
    nearest_float = float(most)
    return nearest_float if most <= nearest_float else math.nextafter(nearest_float, math.inf)
