"""The proved error bound: how far rounding can take a correct implementation from the oracle, element by element.

A running error bound (Higham, Accuracy and Stability of Numerical Algorithms, ch. 3), propagated beside the
oracle: a sum of n products in any order, blocked or fused, errs by at most gamma(n) times the sum of their
absolute values, gamma(n) = n u / (1 - n u). Where sums are declared to be trees, n is their depth. No constant in it
is a chosen tolerance: each is a count of roundings or the measured error of an elementary function, which
tests/harness/test_error_bound.py measures again.

In a narrow mode (`formats`) the operands of products are rounded to a format, with errors a |l| + e and b |r| + f:
relative ones join gamma, and what is lost near 0 is added (`Precision.gamma`, `near_zero`). Where results are stored in
a format too, each of Z, A, dA, dZ, dW and db is rounded once more, Z twice, before and after b is added; the functions
are those of float32, and their derivatives are formed in the format, in three roundings. Backward each number carries
the scale of the loss and 1/m, so that what is lost near 0, and what overflows, is in units of m / scale. J, dZ[L]
before it is stored, and W - alpha dW are float32's. A number that may be too large for its format has no bound.

Arrays of bfloat16 and float16 are such a mode, and u is the format's: each result is rounded, also A[L], J and the
step. Sums are float32's, which are rounded when they are whole; Python's loops round each addition. A mean is rounded
STORED times: as the sum, as m, which JAX rounds to the dtype, as 1/m or the division, and, in J, as the sum over the
outputs. An example's dW by itself is rounded once more. Blocks round IN_BLOCKS times besides: the mean of a block,
its m[r], their product, and the sum, of which there are as many as the tree is high. Each example's errors are in the
units of m as above, since an array may hold them with 1/m or without. Products of errors, such as 6u E where E is what
the logit's error makes of the loss, are nothing in float32 and are counted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from crosscheck_impls.interface import Declaration, Layer, Network, Params

from crosscheck.oracle.float64 import ALL, Evaluation, Matrix, Propagation, grads_at_zero
from crosscheck.oracle.formats import FULL
from crosscheck.oracle.precision import Operand
from crosscheck.oracle.precision import Precision as Precision
from crosscheck.oracle.precision import precision as precision

# Errors of elementary functions in units of u, an upper bound over the three frameworks on CPU:
# measured 2.6 for sigmoid, 6.6 for tanh, 3.0 for exp, 3.3 for log and log1p; the rest are the roundings around them.
SIGMOID, TANH, LOGARITHM = 6, 8, 6
STORED, IN_BLOCKS = 4, 5  # roundings of a mean in arrays of a narrow dtype
INFLATION = 1 + 1e-9  # covers the roundings of the bound itself, which is computed in float64


Sums: TypeAlias = tuple[str, int] | None  # the shape of the sums over the examples, as in a Declaration


def depth(m: int, sums: Sums, outputs: int = 1) -> int:
    """Return how many roundings a term of a sum of products over m examples goes through at most.

    outputs: terms of each example, as in J. A product is rounded once and then at every addition that it takes part in
    (Higham, sec. 4.2): in any order at most m - 1, so m in all. In blocks of B at most B - 1, and above them, where
    the K = m/B sums, rounded up, are added in pairs, log2 K, rounded up: B + log2 K in all. To both the bound adds 3,
    which are a block's mean, its m[r] times that, and the division by m; above 2^24, m itself is rounded in float32.

    >>> depth(1000, None), depth(1000, ("blocks", 4096)), depth(10**7, ("blocks", 4096))
    (1000, 1000, 4108)
    """
    if sums is None or m <= sums[1]:
        return m * outputs
    _, block = sums
    return block * outputs + (-(-m // block) - 1).bit_length() + (m > 2**24)


def narrow_blocks(m: int, sums: Sums) -> int:
    """Return how many roundings of arrays of a narrow dtype blocks add to a term of a sum over m examples."""
    if sums is None or m <= sums[1]:
        return 0
    return IN_BLOCKS + (-(-m // sums[1]) - 1).bit_length()


class Whole(NamedTuple):
    """What the sums are over where only a part of the examples is looked at: all m of them, in so many parts."""

    m: int
    parts: int


class ErrorBound(NamedTuple):
    """Bounds on the absolute error of J, of every dW (n[l], n[l-1]) and db (n[l], 1), and of A[L] (n[L], m).

    straddles_zero: how many Z before a ReLU or leaky ReLU have an error interval that holds 0, so that either
    one-sided derivative is right. margin: the smallest |Z| among those, in units of its error; inf if there are none.
    A bound is inf where the declared formulas have no value: a logarithm of 0, an overflow. Of a stack, J and
    straddles_zero are (T,), and margin is the smallest of all.
    """

    J: float
    gradient: Params
    output: Matrix
    straddles_zero: int
    margin: float


Pass: TypeAlias = Evaluation | Propagation  # of either only the forward pass is read
PLAIN = Declaration()  # from the logits, in full precision


def error_bound(
    network: Network, params: Params, oracle: Evaluation, Y: Matrix, p: Precision, declared: Declaration = PLAIN
) -> ErrorBound:
    """Return the error bound of an implementation that computes in precision p what it declares.

    oracle: the float64 evaluation at the same params. Y (n[L], m).
    """
    return error_bounds(network, params, oracle, Y, p, [declared])[0]


def error_bounds(
    network: Network, params: Params, oracle: Evaluation, Y: Matrix, p: Precision, declared: Sequence[Declaration],
    whole: Whole | None = None,
) -> list[ErrorBound]:  # fmt: skip
    """Return the error bound under each declaration; the forward pass of two that share it is bounded once.

    whole: what Y is a part of; then these are what the part adds to the bound of the whole, but for `output`.
    """
    forwards: dict[Any, _Forward] = {}
    bounds = []
    with np.errstate(all="ignore"):  # an overflow gives inf or NaN, and both mean: no bound
        for each in declared:
            key = each.formulation == "textbook", each.relu_grad_at_zero  # what `_through` asks for
            if key not in forwards:
                forwards[key] = _forward(network, params, oracle, p, each)
            bounds.append(_backward(network, params, oracle, Y, forwards[key], p, each, whole))
    return bounds


def output_bound(network: Network, params: Params, oracle: Pass, p: Precision, declared: Declaration) -> Matrix:
    """Return the error bound of A[L] (n[L], m) alone."""
    with np.errstate(all="ignore"):
        return _finish(_forward(network, params, oracle, p, declared).E_A[-1])


def forward_bound(
    network: Network, params: Params, oracle: Evaluation, p: Precision, declared: Declaration
) -> tuple[list[Matrix], list[Matrix]]:
    """Return the error bounds of A[l], l = 0 ... L, and of g[l]′(Z[l]), at index l - 1."""
    with np.errstate(all="ignore"):
        errors = _forward(network, params, oracle, p, declared)
    return [_finish(E) for E in errors.E_A], [_finish(E) for E in errors.E_g]


class _Forward(NamedTuple):
    """The errors of the forward pass: E_A[l] for l = 0 ... L; E_Z and E_g, of g′(Z), at index l - 1."""

    E_A: list[Matrix]
    E_Z: list[Matrix]
    E_g: list[Matrix]
    straddles_zero: int
    margin: float


def _forward(network: Network, params: Params, oracle: Pass, p: Precision, declared: Declaration) -> _Forward:
    A = oracle.A
    E_As, E_Zs, E_gs = [np.zeros_like(A[0])], [], []
    straddles_zero, margin = 0, np.inf
    for l, (W, b) in enumerate(params, start=1):
        n = W.shape[-1]
        # Z = W A + b: E_Z = |W| E_A + γ(n+1) (|W||A| + |b| + |W| E_A), and what is lost below the smallest numbers
        W, before = np.abs(W), np.abs(A[l - 1])
        WE = W @ E_As[-1] if l > 1 else 0.0  # X has no error
        S = W @ before + np.abs(b)
        lost = p.least * (n + 1) * (1 + _largest(W) + _largest(before))  # a tiny W or A, times the other
        formats = p.mode.W, p.mode.operand("A", l - 1)
        lost = lost + p.near_zero(Operand(formats[0], W), Operand(formats[1], before + E_As[-1]))
        E_Z = _plus(WE + p.gamma(n + 1, *formats) * (S + WE), lost, S > 0)
        E_Z = p.stored(E_Z, np.abs(oracle.Z[l - 1]) + np.abs(b))  # the product, before b is added
        E_Z = _bound(p.stored(E_Z, oracle.Z[l - 1]), S, p)
        E_A, E_g, straddles = _through(network, l, oracle, E_Z, p, declared)
        if straddles is not None:
            straddles_zero = straddles_zero + straddles.sum(axis=ALL)
            margin = np.minimum(margin, (np.abs(oracle.Z[l - 1])[straddles] / E_Z[straddles]).min(initial=np.inf))
        E_As.append(E_A)
        E_Zs.append(E_Z)
        E_gs.append(E_g)
    return _Forward(E_As, E_Zs, E_gs, straddles_zero, margin)


def _backward(
    network: Network, params: Params, oracle: Evaluation, Y: Matrix, forward: _Forward, p: Precision,
    declared: Declaration, whole: Whole | None = None,
) -> ErrorBound:  # fmt: skip
    A, k, tiny = oracle.A, Y.shape[1], p.tiny
    m, parts = whole or Whole(k, 1)
    p = p._replace(largest=p.largest / parts / p.mode.scale)  # no sum overflows if no part of it comes near
    if p.mode.whole and m > p.mode.stored.largest:
        p = p._replace(largest=0.0)  # m itself overflows
    over = p._replace(ua=p.across)  # sums over the examples
    stored, times = p.narrow_sums(1 + narrow_blocks(m, declared.sums)), STORED if p.mode.whole else 1
    by = m / p.mode.scale  # what dZ and dA of one example are divided by: that of J, whose loss is scaled
    E_As, _, E_gs, straddles_zero, margin = forward
    e, E_dZ = _output(network, oracle, Y, forward, p, declared, m)
    c = oracle.losses
    # J: the errors of the terms, and of a sum of m terms
    terms, size_J = Y.size, (c + e).sum(axis=ALL)
    E_J = (e.sum(axis=ALL) + over.gamma(depth(m, declared.sums, len(Y)) + 3, *stored) * size_J) / m + tiny * terms
    if p.mode.whole:
        E_J = p.stored(E_J, oracle.J * (k / m), times=times)
    E_J = _bound(E_J, 2 * size_J, p)  # (A − Y)² comes before its half
    E_gradient, roundings = [], depth(m, declared.sums) + 3
    for l in range(network.L, 0, -1):
        E_A = E_As[l - 1]
        De, Ae = np.abs(oracle.dZ[l - 1]) + E_dZ, np.abs(A[l - 1])
        # dW = 1/m dZ Aᵀ: E_dW = (E_dZ (|A| + E_A)ᵀ + |dZ| E_Aᵀ + γ(depth+3) (|dZ| + E_dZ)(|A| + E_A)ᵀ) / m
        if l > 1:
            Ae += E_A
        formats = p.mode.dZ, p.mode.operand("A", l - 1)
        E_dW = (E_dZ + over.gamma(roundings, *formats, *stored) * De) @ Ae.mT
        E_dW += p.near_zero(Operand(formats[0], De, by), Operand(formats[1], Ae.mT))
        if l > 1:  # X has no error
            E_dW += np.abs(oracle.dZ[l - 1]) @ E_A.mT
        largest = _largest(De)
        E_dW = E_dW / m + p.least * (k + 1) * (1 + largest)
        size_b = De.sum(axis=-1, keepdims=True)
        E_db = (E_dZ.sum(axis=-1, keepdims=True) + over.gamma(roundings, *stored) * size_b) / m + p.least * (k + 1)
        dW, db = (array * (k / m) for array in oracle.gradient[l - 1])
        E_dW, E_db = (p.stored(E, mean, 1 / p.mode.scale, times) for E, mean in ((E_dW, dW), (E_db, db)))
        E_gradient.append(Layer(_bound_product(E_dW, De, Ae.mT, p), _bound(E_db, size_b, p)))
        if l > 1:
            W = np.abs(params[l - 1].W)
            dA, slope = np.abs(oracle.dA[l - 2]), np.abs(oracle.slopes[l - 2])
            # dA[l−1] = W[l]ᵀ dZ[l];  dZ[l−1] = dA[l−1] ∘ g′
            n, largest_W = W.shape[-2], _largest(W)
            formats = p.mode.W, p.mode.dZ
            E_dA = W.mT @ (E_dZ + p.gamma(n, *formats) * De)
            E_dA += p.near_zero(Operand(formats[0], W.mT), Operand(formats[1], De, by))
            E_dA = p.stored(_bound_product(E_dA, W.mT, De, p), dA, by)
            E_slope = slope + E_gs[l - 2]
            E_dZ = E_dA * E_slope + dA * (E_gs[l - 2] + 3 * p.hidden * slope)
            lost = p.least * (n + 2) * (1 + largest_W + largest) + tiny * m
            E_dZ = _plus(E_dZ, lost, E_slope > 0)  # where g′ is exactly 0, so is dZ
            E_dZ = p.stored(E_dZ, oracle.dZ[l - 2], by)
    gradient = tuple(Layer(_finish(W), _finish(b)) for W, b in reversed(E_gradient))
    J: Any = _finish(E_J)[()]  # a number, or (T,)
    return ErrorBound(J, gradient, _finish(E_As[-1]), straddles_zero, margin)


def _through(
    network: Network, l: int, oracle: Pass, E_Z: Matrix, p: Precision, declared: Declaration
) -> tuple[Matrix, Matrix, npt.NDArray[np.bool_] | None]:
    """Return E_A and E_g of layer l from E_Z, and which Z straddle zero, for a g that has a kink there."""
    if l == network.L and network.loss == "cross_entropy":
        p = p._replace(mode=FULL)  # the loss takes the logits
    u, h, s, name = p.u, p.hidden, network.leaky_slope, network.g[l - 1]
    Z, A, slope = oracle.Z[l - 1], oracle.A[l], oracle.slopes[l - 1]
    if name == "linear":
        return E_Z, np.zeros_like(Z), None
    if name == "sigmoid":
        # |σ(z + e) − σ(z)| <= min(σ(1 − σ) exp|e|, 1/4) |e|
        q = np.fmin(slope * np.exp(E_Z), 0.25) * E_Z
        E_A = q + SIGMOID * u * (A + q) + p.tiny
        E_A = np.where((Z != 0) | (E_Z != 0), E_A, 0.0)  # σ(0) is ½ exactly
        # 1 / (1 + e⁻ᶻ), as PyTorch and the notes have it, is 0 where e⁻ᶻ overflows, though A is a subnormal number
        E_A = p.stored(np.where(np.exp(E_Z - Z) < p.largest / 4, E_A, np.maximum(E_A, A)), A)
        return E_A, np.abs(1 - 2 * A) * E_A + E_A * E_A + 3 * h * (slope + E_A), None
    if name == "tanh":
        q = np.fmin(slope * np.exp(2 * E_Z), 1.0) * E_Z
        E_A = _plus(q + TANH * u * (np.abs(A) + q), p.tiny, Z != 0)
        if declared.formulation == "textbook":
            # (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ): the difference errs by 4u of its two terms, hence 5u of 1; inf / inf overflows
            E_A = E_A + 5 * u
            E_A = np.where((np.exp(np.abs(Z) + E_Z) < p.largest / 4) | p.if_finite, E_A, np.inf)
        E_A = p.stored(E_A, A)
        return E_A, 2 * np.abs(A) * E_A + E_A * E_A + 3 * h * (A * A + slope), None
    # ReLU and leaky ReLU: where the error interval of Z holds 0, either one-sided derivative is right
    straddles = (np.abs(Z) <= E_Z) & (E_Z > 0)
    if name == "relu":
        return np.where((Z <= -E_Z) & (np.inf > E_Z), 0.0, E_Z), np.where(straddles, 1.0, 0.0), straddles
    at_zero = grads_at_zero(network, declared.relu_grad_at_zero)[name]
    right = (Z > 0) | straddles | ((Z == 0) & (at_zero == "right"))
    left = (Z < 0) | straddles  # where slope Z is computed: one rounding, and flushing; 0 stays exactly 0
    E_A = np.where(right, E_Z, s * E_Z * (1 + 2 * h)) + np.where(left, 2 * h * np.abs(A) + p.tiny, 0.0)
    E_A = p.stored(E_A, A)
    E_g = np.where(straddles, (1 - s) + s * h, np.where(Z > 0, 0.0, s * h))
    return E_A, E_g, straddles


def _output(
    network: Network, oracle: Evaluation, Y: Matrix, forward: _Forward, p: Precision, declared: Declaration, m: int
) -> tuple[Matrix, Matrix]:
    """Return the errors of each example's loss and of dZ[L], both (n[L], m), in sums over m examples."""
    u, E_A, E_Z, E_g = p.u, forward.E_A[-1], forward.E_Z[-1], forward.E_g[-1]
    A, Z, c = oracle.A[-1], oracle.Z[-1], oracle.losses
    difference = np.abs(A - Y)
    if network.loss == "squared_error":
        e = difference * E_A + E_A * E_A / 2 + 4 * u * (c + difference * E_A + E_A * E_A)
        slope = np.abs(oracle.slopes[-1])
        E_difference = p.stored(E_A + u * (difference + E_A), difference, m / p.mode.scale)
        E_dZ = E_difference * (slope + E_g) + difference * E_g + 3 * p.hidden * difference * slope
        lost = p.tiny * (m + 2) * (1 + difference if p.mode.whole else 1)  # 1/m may be near 0
        return e, p.stored(E_dZ + lost, oracle.dZ[-1], m / p.mode.scale)
    e = np.fmin(difference * np.exp(E_Z), 1.0) * E_Z
    e = e * (1 + LOGARITHM * u if p.mode.whole else 1) + LOGARITHM * u * c + 2 * u * np.abs(Z)
    E_dZ = E_A + 6 * u * (difference + E_A)
    if declared.formulation == "autodiff":
        # softplus′(z) = exp(z − softplus(z)): the rounding of the exponent, |z| u, becomes relative; of A for
        # softplus(Z) − Y Z, and for −Y log σ(Z) − (1 − Y) log σ(−Z) of A where Y = 0, of 1 − A where Y = 1
        size = A + Y * (1 - A) + (E_A if p.mode.whole else 0)
        E_dZ = E_dZ + 3 * u * np.abs(Z) * size
    if declared.formulation == "textbook":
        # log(p) with p = A or 1 − A, whichever the label asks for, and its error: −log1p(−error/p)
        label_side = np.where(Y >= 0.5, A, 1 - A)
        E_side = E_A + 2 * u * label_side
        e = -np.log1p(-E_side / label_side)
        e = e * (1 + LOGARITHM * u if p.mode.whole else 1) + LOGARITHM * u * c
        e = np.where(E_side < label_side, e, np.inf)
        # y/a, (1 − y)/(1 − a) and both logarithms are taken of either side, whatever the label: 0/0 and 0·log 0
        vanishing = (np.minimum(A, 1 - A) <= 2 * E_A + 4 * p.tiny) & (not p.if_finite)
        e, E_dZ = np.where(vanishing, np.inf, e), np.where(vanishing, np.inf, E_dZ)
    return e, p.stored(E_dZ + p.tiny * (m + 2), oracle.dZ[-1], m / p.mode.scale)


def _plus(E: Matrix, lost: Any, where: npt.NDArray[np.bool_]) -> Matrix:
    """Return E, and `lost` more where it says so.

    Nothing is multiplied: processors take a hundred times as long over products of numbers below the normal range.
    """
    return E + lost if where.all() else np.where(where, E + lost, E)


def _largest(M: Matrix) -> Matrix:
    """Return the largest entry of each matrix, as a matrix of one entry."""
    largest: Matrix = M.max(axis=ALL, keepdims=True)
    return largest


def _bound(E: Matrix, size: Matrix, p: Precision) -> Matrix:
    """Return E, or inf where the sums, whose absolute values are at most `size`, may overflow."""
    return np.where(size + E < p.largest, E, np.inf)


def _bound_product(E: Matrix, left: Matrix, right: Matrix, p: Precision) -> Matrix:
    """Return the same where the absolute values of the sums are `left @ right`, which is formed only if need be."""
    at_most = left.shape[-1] * (_largest(left) * _largest(right)) * INFLATION
    return E if np.all(at_most + _largest(E) < p.largest) else _bound(E, left @ right, p)


def _finish(E: Matrix) -> Matrix:
    """Return the bound with its own roundings allowed for; NaN means that there is none."""
    return np.where(np.isnan(E), np.inf, E * INFLATION)


def scaled(E: ErrorBound, s: float) -> ErrorBound:
    """Return an error bound for a precision whose u is s < 1 times as large, from one whose margin is above s.

    Every term is u, or the smallest number, times factors that grow with u; hence E(s u) <= s E(u). Where a Z straddles
    zero, the bound is the larger for it, and with errors s times as large none does, since the margin is above s.
    """
    gradient = tuple(Layer(s * W, s * b) for W, b in E.gradient)
    return ErrorBound(s * E.J, gradient, s * E.output, 0, np.inf)


def step_bound(W: Matrix, dW: Matrix, E_dW: Matrix, alpha: float, p: Precision, from_rounded: bool = False) -> Matrix:
    """Return the error bound of W - alpha dW, computed in precision p from a gradient that may err by E_dW.

    from_rounded: W is what a wider number was rounded to, as where training keeps its params in float64 or adds up
    what rounding took from them, and shows them in float32. E_dW covers the gradient at either: the rounding of the
    params is one of the n + 2 that it grants to Z, and of the n[l] to dA.
    """
    # W − α dW: one product, one difference, α rounded
    moved = np.abs(W - alpha * dW)
    E = alpha * E_dW * (1 + 4 * p.u) + 1.01 * p.u * moved + 3 * p.u * alpha * np.abs(dW) + 8 * p.tiny
    if from_rounded:
        E = E + 1.01 * p.u * np.abs(W)
    return _bound(E, np.abs(W) + alpha * (np.abs(dW) + E_dW), p)
