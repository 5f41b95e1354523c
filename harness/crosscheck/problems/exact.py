"""Exact data: numbers on which every order of summation gives the same bits, so that the criterion is equality.

All numbers of one kind are whole multiples of one power of two, their quantum. A sum or a product of such numbers is
again a multiple of a quantum: that of a product is the product of the two, that of a sum the smaller one. A multiple
k q with |k| <= 2^p is a number of a dtype with p significant bits, exactly. Now let S be the sum of the absolute values
of all terms of a sum, and q their quantum. Whatever the order, the blocks, the threads, the machines among which a sum
is shared out, whether multiplications and additions are fused: every partial sum is a multiple of q, and none is larger
than S. If S <= 2^p q, no operation rounds, and what comes out is the exact result, the same bits for everyone. That is
checked here with the numbers as they were drawn, not with a worst case:

    Z[l] = W[l] A[l-1] + b[l]          S = |W[l]| |A[l-1]| + |b[l]|      b[l] are odd multiples of half the quantum of
    A[l] = g(Z[l])                     linear, ReLU, leaky ReLU with     W A, so that no Z is 0 and none stands on the
                                       a power of two as slope           kink
    m J  = 1/2 sum (A[L] - Y)^2        S = sum (A[L] - Y)^2              Y = A[L] - D for a D that is drawn, so that
    m dW[l] = dZ[l] A[l-1]^T           S = |dZ[l]| |A[l-1]|^T            what is squared stays small
    m db[l] = sum dZ[l]                S = sum |dZ[l]|
    dA[l-1] = W[l]^T dZ[l]             S = |W[l]|^T |dZ[l]|
    W[l] - alpha dW[l]                 S = |W[l]| + alpha |dW[l]|        alpha is a power of two

m is a power of two, so that a division by m only moves the exponent, be it before the sum or after it. No quantum lies
below the normal range, so that nothing is flushed. Numbers are drawn with as many bits as the headroom allows, so that
a product that keeps fewer bits than its dtype is seen too. Products that subtract sums of operands, as Strassen's do,
need more headroom than is granted here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import BadInput, Layer, Network, Params

from crosscheck.core.dtypes import finfo
from crosscheck.oracle.float64 import Matrix, activate, slope_at
from crosscheck.problems.catalogue import Problem
from crosscheck.problems.datasets import Data

ALPHA = 0.25
SLOPE = 0.5  # of leaky ReLU
DENSITIES = tuple(2.0**-k for k in range(11))  # shares of numbers that are not 0, the first that leaves headroom
EXACT = ("linear", "relu", "leaky_relu")  # activations without rounding


class Sum(NamedTuple):
    """A sum that is formed: the largest sum of absolute values of its terms, and the quantum of these."""

    name: str
    size: float
    quantum: float


class Drawn(NamedTuple):
    """Raw material of a problem, in [-1, 1], and a number in [0, 1) beside each that says whether it stays."""

    X: Matrix
    params: Params
    D: Matrix
    masks: tuple[Matrix, Params, Matrix]


def significant_bits(dtype: str) -> int:
    """Return p, the significant bits of a dtype, the hidden one too.

    >>> significant_bits("float32"), significant_bits("float64")
    (24, 53)
    """
    return int(finfo(dtype).nmant) + 1


def exact_problem(name: str, network: Network, m: int, dtype: str) -> Problem:
    """Return a problem of which every number is exact in the dtype: J, the gradients, and one step of descent.

    Depends on its name alone, but for the sizes. Raises BadInput for another activation than EXACT, a loss that is not
    squared error, an m that is no power of two, a slope that is none, or sizes that leave no headroom in the dtype.
    """
    _check(name, network, m)
    drawn = _drawn(np.random.default_rng(zlib.crc32(name.encode())), network, m)
    p, smallest = significant_bits(dtype), float(finfo(dtype).tiny)
    for density in DENSITIES:
        low, high = -1, p  # bits with headroom, and without
        while high - low > 1:
            bits = (low + high) // 2
            low, high = (
                (bits, high) if fits(_problem(name, network, drawn, bits, density), p, smallest) else (low, bits)
            )
        if low >= 0:
            return _problem(name, network, drawn, low, density)
    raise BadInput(f"{name}: no headroom in {dtype} for {network.dimensions} and m = {m}; choose smaller sizes")


def fits(problem: Problem, p: int, smallest: float) -> bool:
    """Return whether every sum of a problem is exact with p significant bits, and no quantum below `smallest`."""
    with np.errstate(over="ignore", invalid="ignore"):
        return all(each.size <= 2.0**p * each.quantum and each.quantum >= smallest for each in sums(problem))


def sums(problem: Problem) -> Iterator[Sum]:
    """Yield every sum of the forward pass, of J, of the gradients, and of one step."""
    network, params, alpha = problem.network, problem.params, problem.alpha
    m = problem.data.X.shape[1]
    A, q = [problem.data.X], [1.0]
    Zs: list[Matrix] = []
    for l, (W, b) in enumerate(params, start=1):
        quantum = q[-1] / 2
        yield Sum(f"Z{l}", float((np.abs(W) @ np.abs(A[-1]) + np.abs(b)).max()), quantum)
        Zs.append(W @ A[-1] + b)
        A.append(activate(network.g[l - 1], Zs[-1], network.leaky_slope))
        q.append(quantum * (network.leaky_slope if network.g[l - 1] == "leaky_relu" else 1.0))
        yield Sum(f"A{l}", float(np.abs(A[-1]).max()), q[-1])
    dZ: Matrix = A[-1] - problem.data.Y
    yield Sum("Y", float(np.abs(problem.data.Y).max()), q[-1])
    yield Sum("J", float((dZ * dZ).sum()), 0.5)
    yield Sum("J over m", float((dZ * dZ).sum() / m), 0.5 / m)
    quantum = 1.0  # of dZ
    for l in range(network.L, 0, -1):
        slopes = slope_at(
            network.g[l - 1], Zs[l - 1], A[l], network.leaky_slope, {"relu": "right", "leaky_relu": "right"}
        )
        if network.g[l - 1] == "leaky_relu":
            quantum *= network.leaky_slope
        dZ = dZ * slopes
        for name, size, unit, W in (
            ("W", np.abs(dZ) @ np.abs(A[l - 1]).T, quantum * q[l - 1], params[l - 1].W),
            ("b", np.abs(dZ).sum(axis=1, keepdims=True), quantum, params[l - 1].b),
        ):
            yield Sum(f"d{name}{l}", float(size.max()), unit)
            step = min(alpha * unit / m, 1.0 if name == "W" else q[l - 1] / 2)
            yield Sum(f"{name}{l} after a step", float((np.abs(W) + alpha * size / m).max()), step)
        if l > 1:
            W = params[l - 1].W
            yield Sum(f"dA{l - 1}", float((np.abs(W).T @ np.abs(dZ)).max()), quantum)
            dZ = W.T @ dZ


def _check(name: str, network: Network, m: int) -> None:
    """Raise BadInput where the numbers could not be exact."""
    if other := [g for g in network.g if g not in EXACT]:
        raise BadInput(f"{name}: {other[0]} rounds, expected one of {', '.join(EXACT)} in every layer")
    if network.loss != "squared_error":
        raise BadInput(f"{name}: {network.loss} rounds, expected squared_error")
    if m < 1 or m & (m - 1):
        raise BadInput(f"{name}: {m} examples, expected a power of two")
    slope = np.frexp(network.leaky_slope)[0]
    if "leaky_relu" in network.g and slope != 0.5:
        raise BadInput(f"{name}: a slope of {network.leaky_slope:g}, expected a power of two")


def _drawn(random: np.random.Generator, network: Network, m: int) -> Drawn:
    def uniform(low: float) -> tuple[Matrix, Params, Matrix]:
        X = random.uniform(low, 1, (network.n[0], m))
        params = tuple(
            Layer(random.uniform(low, 1, (n, before)), random.uniform(low, 1, (n, 1)))
            for n, before in zip(network.n[1:], network.n, strict=False)
        )
        return X, params, random.uniform(low, 1, (network.n[-1], m))

    return Drawn(*uniform(-1.0), uniform(0.0))


def _problem(name: str, network: Network, drawn: Drawn, bits: int, density: float) -> Problem:
    """Return the problem with numbers of so many bits, of which a share is not 0."""
    scale = 2.0**bits
    mask_X, masks, mask_D = drawn.masks

    def whole(uniform: Matrix, mask: Matrix) -> Matrix:
        return np.rint(uniform * scale) * (mask < density)

    X = whole(drawn.X, mask_X)
    A, quantum, params = X, 1.0, []
    for g, (W, b), mask in zip(network.g, drawn.params, masks, strict=True):
        W = whole(W, mask.W)
        odd = 2 * np.floor(b * scale / 2) + 1  # times half the quantum of W A, so that no Z is 0
        params.append(Layer(W, odd * quantum / 2))
        A = activate(g, W @ A + params[-1].b, network.leaky_slope)
        quantum *= 0.5 * (network.leaky_slope if g == "leaky_relu" else 1.0)
    return Problem(name, Data(X, A - whole(drawn.D, mask_D)), network, tuple(params), ALPHA, 1)
