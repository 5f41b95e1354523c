"""The enclosure: J, its gradient and the outputs as balls that are proved to hold the exact values.

A ball [midpoint +/- radius] holds the exact result of every operation on anything inside its operands, roundings
included: F. Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic, IEEE Transactions on
Computers 66 (2017), 1281-1292; here through python-flint. Exponents are unbounded: nothing overflows or is flushed.
It shares no code with the implementations, and no formula with the oracle, which it certifies.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from crosscheck_impls.interface import (
    KINKED,
    Array,
    BadInput,
    Layer,
    Network,
    Params,
    check,
    check_differentiable,
    nearest,
)

from crosscheck.oracle.float64 import GradsAtZero, evaluate, exact, grads_at_zero

Ball: TypeAlias = Any  # flint.arb
Balls: TypeAlias = Any  # flint.arb_mat
Activation: TypeAlias = Callable[[Ball], tuple[Ball, Ball]]  # z -> g(z), g′(z)
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
    """Import python-flint, which only the enclosure needs. Raises BadInput where it is not installed."""
    try:
        import flint
    except ModuleNotFoundError as error:
        message = "enclosure: python-flint is not installed, expected it for ball arithmetic; pip install python-flint"
        raise BadInput(message) from error
    return flint


def enclose(
    network: Network, params: Params, X: Array, Y: Array, at_zero: GradsAtZero | None = None, bits: int = 128
) -> Enclosure:
    """Return J, dParams, Z[L] and A[L] as proved enclosures.

    X (n[0], m), Y (n[L], m), W (n[l], n[l-1]), b (n[l], 1): finite float64 or float32, taken as exact.
    at_zero: the derivative at exactly 0 by activation, the network's where none is named. bits: of the working
    precision, doubled up to MOST_BITS while a Z is undecided at a kink. Raises BadInput.

    >>> zero = (Layer(np.zeros((1, 2)), np.zeros((1, 1))),)
    >>> enclose(Network((2, 1), ("sigmoid",)), zero, np.ones((2, 3)), np.ones((1, 3))).J.str(30)
    '[0.693147180559945309417232121458 +/- 1.77e-31]'
    """
    check(network, params, X, Y)
    check_differentiable(network)
    for array in (X, Y, *(array for layer in params for array in layer)):
        if not np.isfinite(array).all():
            raise BadInput("enclosure: NaN or inf among the params, X and Y, expected finite numbers")
    arb, context = flint().arb, flint().ctx
    agreed = grads_at_zero(network, tuple((at_zero or {}).items()))
    g = [_activation(name, arb(network.leaky_slope), agreed.get(name) == "right", arb(1)) for name in network.g]
    balls = tuple(Layer(_exactly(W), _exactly(b)) for W, b in params)
    A0, labels = _exactly(X), _exactly(Y).entries()
    while True:
        with context.workprec(bits):
            forward = _forward(network, balls, A0, g)
            if forward.undecided == 0 or bits >= MOST_BITS:
                J, gradient = _backward(network, balls, forward, labels)
                return Enclosure(J, gradient, forward.Z[-1], forward.A[-1], bits, forward.undecided)
        bits = min(2 * bits, MOST_BITS)


class _Forward(NamedTuple):
    """A[l] for l = 0 ... L; Z[l], and g[l]′(Z[l]) as a list, row after row, at index l - 1."""

    A: list[Balls]
    Z: list[Balls]
    slopes: list[list[Ball]]
    undecided: int


def _exactly(array: Array) -> Balls:
    """Return the array as balls of radius 0."""
    return flint().arb_mat(*array.shape, np.asarray(array, dtype=np.float64).ravel().tolist())


def _forward(network: Network, params: Params, X: Balls, g: list[Activation]) -> _Forward:
    m, A, Z, slopes, undecided = X.ncols(), [X], [], [], 0
    ones = _exactly(np.ones((1, m)))
    for l, (W, b) in enumerate(params, start=1):
        # Z[l] = W[l] A[l−1] + b[l]                                                                    (n[l], m)
        Z.append(W * A[l - 1] + b * ones)
        z = Z[-1].entries()
        # A[l] = g[l](Z[l]) and g[l]′(Z[l])                                                            (n[l], m)
        through = [g[l - 1](each) for each in z]
        A.append(flint().arb_mat(network.n[l], m, [a for a, _ in through]))
        slopes.append([slope for _, slope in through])
        if network.g[l - 1] in KINKED:
            undecided += sum(each.contains(0) and not each.is_zero() for each in z)
    return _Forward(A, Z, slopes, undecided)


def _backward(network: Network, params: Params, forward: _Forward, Y: list[Ball]) -> tuple[Ball, Params]:
    A, Z, slopes, _ = forward
    m = A[0].ncols()
    ones = _exactly(np.ones((m, 1)))
    z, gradient = Z[-1].entries(), []
    difference = [_difference(network, each, a, y) for each, a, y in zip(z, A[-1].entries(), Y, strict=True)]
    if network.loss == "cross_entropy":
        # J = 1/m Σ −Y log A − (1 − Y) log(1 − A) and dZ[L] = A − Y                                    (n[L], m)
        J = sum(_cross_entropy(each, y) for each, y in zip(z, Y, strict=True)) / m
        dZ = difference
    else:
        # J = 1/m Σ (A − Y)² / 2 and dZ[L] = (A − Y) ∘ g[L]′(Z[L])                                     (n[L], m)
        J = sum(each**2 for each in difference) / (2 * m)
        dZ = [each * slope for each, slope in zip(difference, slopes[-1], strict=True)]
    for l in range(network.L, 0, -1):
        D = flint().arb_mat(network.n[l], m, dZ)
        # dW[l] = dZ[l] A[l−1]ᵀ / m, db[l] = dZ[l] 1 / m                                       as W[l] and b[l]
        gradient.append(Layer(D * A[l - 1].transpose() / m, D * ones / m))
        if l > 1:
            # dZ[l−1] = W[l]ᵀ dZ[l] ∘ g[l−1]′(Z[l−1])                                              (n[l−1], m)
            dA = (params[l - 1].W.transpose() * D).entries()
            dZ = [each * slope for each, slope in zip(dA, slopes[l - 2], strict=True)]
    return J, tuple(gradient[::-1])


def _sigmoid(z: Ball) -> tuple[Ball, Ball, Ball]:
    """Return σ(z), σ(−z) and e, the smaller of exp(z) and exp(−z) at the middle: all narrow, however far in the tails.

    Either form holds for every z, so that a ball across 0 may take any.
    """
    right = z.mid() > 0
    e = (-z if right else z).exp()
    large, small = 1 / (1 + e), e / (1 + e)
    return (large, small, e) if right else (small, large, e)


def _activation(name: str, s: Ball, right: bool, one: Ball) -> Activation:
    """Return the function z -> g(z), g′(z); s: the slope of leaky ReLU; right: whether g′(0) is 1."""

    def sigmoid(z: Ball) -> tuple[Ball, Ball]:
        a, rest, _ = _sigmoid(z)
        return a, a * rest  # σ′ = σ(z) σ(−z)

    def tanh(z: Ball) -> tuple[Ball, Ball]:
        return z.tanh(), z.sech() ** 2  # tanh′ = 1 / cosh²

    def leaky_relu(z: Ball, s: Ball = s) -> tuple[Ball, Ball]:
        if z > 0:
            return z, one
        if z < 0:
            return s * z, s
        if z.is_zero():
            return z, one if right else s
        return z, one.union(s)  # undecided: both slopes; g(z) lies between z and 0, which this ball holds

    def relu(z: Ball) -> tuple[Ball, Ball]:
        return leaky_relu(z, 0 * one)

    def linear(z: Ball) -> tuple[Ball, Ball]:
        return z, one

    return {"sigmoid": sigmoid, "tanh": tanh, "relu": relu, "leaky_relu": leaky_relu, "linear": linear}[name]


def _difference(network: Network, z: Ball, a: Ball, y: Ball) -> Ball:
    """Return a − y; after a sigmoid as (1 − y) σ(z) − y σ(−z), where nothing cancels."""
    if network.g[-1] != "sigmoid":
        return a - y
    right, left, _ = _sigmoid(z)
    return (1 - y) * right - y * left


def _cross_entropy(z: Ball, y: Ball) -> Ball:
    """Return −y log σ(z) − (1 − y) log σ(−z): log(1 + e) on the side of 0 that z is on, |z| more on the other."""
    return _sigmoid(z)[2].log1p() + ((1 - y) * z if z.mid() > 0 else -y * z)


class Settlement(NamedTuple):
    """The exact value of one element in decimals with a radius, as Arb writes it, and upper bounds on how far the
    number in dispute and the float64 oracle are from it."""

    value: str
    got: float
    oracle: float


def settle(
    network: Network, params: Params, X: Array, Y: Array, tensor: str, element: tuple[int, ...], got: float,
    at_zero: GradsAtZero | None = None,
) -> Settlement:  # fmt: skip
    """Return the exact value of one element of J, dW1, db1, ..., and how far `got` and the oracle differ from it.

    element: its index, () of J. The rest as in `enclose`. Raises BadInput.

    >>> zero, X, Y = (Layer(np.zeros((1, 2)), np.zeros((1, 1))),), np.ones((2, 3)), np.ones((1, 3))
    >>> settle(Network((2, 1), ("sigmoid",)), zero, X, Y, "dW1", (0, 1), -0.25)
    Settlement(value='-0.500000000000000000000000000000', got=0.25, oracle=0.0)
    """
    names = ["J", *(f"d{kind}{l}" for l in range(1, network.L + 1) for kind in "Wb")]
    if tensor not in names:
        raise BadInput(f"tensor {tensor!r}: no such tensor; {nearest(tensor, names)}")
    ball = enclose(network, params, X, Y, at_zero)
    wide = tuple(Layer(exact(W), exact(b)) for W, b in params)
    with np.errstate(all="ignore"):  # an oracle that overflows is infinitely far from the value
        oracle = evaluate(network, wide, exact(X), exact(Y), grads_at_zero(network, tuple((at_zero or {}).items())))
    l, kind = int(tensor[2:] or 1) - 1, "Wb".find(tensor[1:2])  # of J, whose name is one letter: not read
    true = np.asarray(oracle.J) if tensor == "J" else oracle.gradient[l][kind]
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
