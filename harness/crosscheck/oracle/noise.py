"""The rounding noise: how far rounding typically takes a correct implementation, measured on the problem itself.

A random walk gives the shape: each rounding is an independent error of variance u²/3, and the variances are summed
beside the oracle where `error_bound` sums worst cases (Higham and Mary, A new approach to probabilistic rounding error
analysis, SIAM J. Sci. Comput. 2019). Reruns of the NumPy reference in the same dtype give the scale: examples, features
and hidden units are permuted, terms are added one after another, in the order that is given, in another, or the
smallest first, and divided by m before or after that. An error above FACTOR times the noise is unexplained: the row is
`suspect`, which is a warning, not a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Declaration, Layer, Network, Params

from crosscheck.oracle.error_bound import Precision
from crosscheck.oracle.float64 import Evaluation, Matrix, exact
from crosscheck.oracle.formats import FULL, Mode
from crosscheck.oracle.narrowed import Form, each_in, narrowed, single
from crosscheck.oracle.reference import RIGHT, Reference

# Measured over correct runs of all implementations on random problems: results/mutation.md has the largest error
# among them in units of the noise, and how many exceed the factor.
FACTOR = 6.0
LEAST = 0.5  # of the random walk: a few reruns of few numbers may all happen to be near the oracle
LONGEST, AT_ONCE = 20_000, 4_000_000  # terms of a sum added one by one in a rerun; products held in memory for it
SORTED = 100_000  # terms of all sums of a product that are sorted in a rerun
LOST = float(np.sqrt(np.finfo(float).tiny))  # squares of smaller numbers are 0 in float64
ERROR = {"sigmoid": 2.0, "tanh": 2.0, "leaky_relu": 1.0}  # typical error of an activation, in roundings


class Noise(NamedTuple):
    """The typical error of J, and of every dW (n[l], n[l-1]) and db (n[l], 1)."""

    J: float
    gradient: Params


@np.errstate(all="ignore")  # what overflows has no noise
def noise(
    network: Network, params: Params, Y: Array, oracle: Evaluation, p: Precision, declared: Declaration,
    reruns: Sequence[Noise],
) -> Noise:  # fmt: skip
    """Return the noise at params and Y of the run's dtype; oracle: the evaluation there; reruns: those there."""
    walk = random_walk(network, params, exact(Y), oracle, p, declared)
    deviations, true = _all(walk), _all(Noise(oracle.J, oracle.gradient))
    scale = LEAST
    for rerun in reruns:
        for got, exactly, S in zip(_all(rerun), true, deviations, strict=True):
            ratios = np.abs(got - exactly) / S
            scale = max(scale, float(ratios[np.isfinite(ratios)].max(initial=0.0)))
    return Noise(scale * walk.J, tuple(Layer(scale * W, scale * b) for W, b in walk.gradient))


@np.errstate(all="ignore")
def rerun(network: Network, params: Params, X: Array, Y: Array, mode: Mode = FULL) -> list[Noise]:
    """Return J and dParams of the reference in its dtype and mode, several times, with other orders of summation."""
    right = narrowed(mode)
    divided = right if mode.stored.bits else narrowed(mode, DIVIDED)  # what is stored is divided by m before, anyway
    return [
        permuted(network, params, X, Y, 0, reference=right),
        permuted(network, params, X, Y, None, Sequential, right),
        permuted(network, params, X, Y, 1, reference=divided),
        permuted(network, params, X, Y, 2, Sequential, divided),
        permuted(network, params, X, Y, 3, Ascending, right),
    ]


@np.errstate(all="ignore")
def rerun_narrow(
    network: Network, params: Params, X: Array, Y: Array, dtype: str, adds_narrowly: bool = False,
    autodiff: bool = False,
) -> list[Noise]:  # fmt: skip
    """Return the same in a narrow dtype, whose sums are float32's unless each addition is rounded, as in loops.

    Where few numbers are near one another, many are rounded alike: what the formulas make of that is rerun as well.
    """
    params, X, Y = tuple(Layer(single(W), single(b)) for W, b in params), single(X), single(Y)
    some: Sequence[Form] = (adding_in(dtype),) * 3 if adds_narrowly else (np.ndarray, Sequential, Ascending)
    plain, sequential, ascending = (each_in(dtype, form) for form in some)
    return [
        permuted(network, params, X, Y, 0, plain),
        permuted(network, params, X, Y, None, sequential),
        permuted(network, params, X, Y, 1, plain, DIVIDED),
        permuted(network, params, X, Y, 3, ascending),
        *(permuted(network, params, X, Y, 0, plain, each) for each in AUTODIFF if autodiff),
    ]


def random_walk(
    network: Network, params: Params, Y: Matrix, oracle: Evaluation, p: Precision, declared: Declaration
) -> Noise:
    """Return the standard deviation of each error if every rounding were independent. V is a variance."""
    A, Z, u2, h2, m = oracle.A, oracle.Z, p.u**2 / 3, p.hidden**2 / 3, Y.shape[1]
    a2, across2 = (p.ua**2 / 3, p.across**2 / 3) if p.mode.whole else (u2, u2)  # of sums, and those over the examples
    W_, dZ_, stored = p.mode.W.unit**2 / 3, p.mode.dZ.unit**2 / 3, p.mode.stored.unit**2 / 3
    X_, A_ = (p.mode.operand("A", l).unit ** 2 / 3 for l in (0, 1))
    V_A = np.zeros_like(A[0])
    V_As, V_Zs = [V_A], []
    for l, (name, (W, b)) in enumerate(zip(network.g, params, strict=True), start=1):
        W2, b2 = exact(W) ** 2, exact(b) ** 2
        # Z = W A + b: the errors of A, and n + 1 roundings of partial sums
        squares = W2 @ A[l - 1] ** 2 + b2
        V_Z = W2 @ V_A + a2 * _summed(W.shape[1] + 1, squares, Z[l - 1] ** 2)
        V_Z = V_Z + (W_ + (A_ if l > 1 else X_)) * squares + stored * (2 * Z[l - 1] ** 2 + b2)
        V_A = oracle.slopes[l - 1] ** 2 * V_Z + u2 * _activation(name, Z[l - 1], A[l], p, declared) + stored * A[l] ** 2
        V_Zs.append(V_Z)
        V_As.append(V_A)
    difference, c, slope = A[-1] - Y, oracle.losses, oracle.slopes[-1]
    if network.loss == "squared_error":
        V_c = difference**2 * V_As[-1] + 4 * u2 * c**2
        V_dZ = slope**2 * (V_As[-1] + u2 * difference**2) + difference**2 * _bend(network, network.L, oracle, V_As, h2)
    else:
        # Z is added and taken off again: Y Z, or (1 - Y) Z where log(sigmoid(Z)) is computed first, as torch does
        V_c = difference**2 * V_Zs[-1] + 4 * u2 * (c**2 + Z[-1] ** 2)
        V_dZ = V_As[-1] + u2 * difference**2
        if declared.formulation == "autodiff":  # the exponent's rounding, see error_bound
            V_dZ = V_dZ + 3 * u2 * (Z[-1] * (A[-1] + Y * (1 - A[-1]))) ** 2
        if declared.formulation == "textbook":  # log(A) and 1 - A of a rounded A, and that difference itself
            V_c = V_c + 4 * u2 * (Y + (1 - Y) * A[-1] / (1 - A[-1])) ** 2 + u2 * (1 - Y)
    V_dZ = V_dZ + 2 * stored * oracle.dZ[-1] ** 2
    lost = (p.tiny + LOST) * (m + 2) + (p.mode.stored.below + p.mode.W.below) / p.mode.scale
    J = np.sqrt(V_c.sum() + across2 * _summed(c.size, (c**2).sum(), c.sum() ** 2)) / m + p.u * abs(oracle.J) + lost
    gradient = []
    for l in range(network.L, 0, -1):
        D2, A2 = oracle.dZ[l - 1] ** 2, A[l - 1] ** 2
        mdW, mdb = (m * array for array in oracle.gradient[l - 1])
        # dW = 1/m dZ Aᵀ, db = 1/m Σ dZ: the sum, and the division
        V_dW = V_dZ @ A2.T + D2 @ V_As[l - 1].T + across2 * (_summed(m, D2 @ A2.T, mdW**2) + mdW**2)
        V_dW = V_dW + (dZ_ + (A_ if l > 1 else X_)) * (D2 @ A2.T) + stored * mdW**2
        V_db = V_dZ.sum(axis=1, keepdims=True)
        V_db = V_db + across2 * (_summed(m, D2.sum(axis=1, keepdims=True), mdb**2) + mdb**2)
        V_db = V_db + stored * mdb**2
        gradient.append(Layer(np.sqrt(V_dW) / m + lost, np.sqrt(V_db) / m + lost))
        if l > 1:
            W2 = exact(params[l - 1].W) ** 2
            # dA = Wᵀ dZ, dZ = dA ∘ g′
            V_dA = W2.T @ V_dZ + a2 * _summed(len(W2), W2.T @ D2, oracle.dA[l - 2] ** 2)
            V_dA = V_dA + (W_ + dZ_) * (W2.T @ D2) + stored * oracle.dA[l - 2] ** 2
            bent = oracle.dA[l - 2] ** 2 * _bend(network, l - 1, oracle, V_As, h2)
            V_dZ = oracle.slopes[l - 2] ** 2 * V_dA + bent + (h2 + stored) * oracle.dZ[l - 2] ** 2
    return Noise(float(J), tuple(gradient[::-1]))


def _summed(n: int, squares: Matrix, square: Matrix) -> Matrix:
    """Return the variance of a sum of n products, each rounded, and added up in an order that is drawn; in u²/3.

    squares: the sum of the squares of the terms; square: that of their sum. Σ E S_k², k = 2 ... n, of the partial sums:
    terms of one sign have larger ones than terms that cancel.
    """
    variance: Matrix = (n + 1) * (squares / 6 + square / 3) + squares * (1 - 1 / n)
    return variance


def _activation(name: str, Z: Matrix, A: Matrix, p: Precision, declared: Declaration) -> Matrix:
    """Return the variance of the roundings of A = g(Z) itself; in u²/3."""
    variance: Matrix = ERROR.get(name, 0.0) ** 2 * A**2
    if name == "tanh" and declared.formulation == "textbook":
        # (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ): that of both, (e²ᶻ + e⁻²ᶻ) / (eᶻ + e⁻ᶻ)², whose difference may cancel
        variance = ERROR[name] ** 2 * (1 + A**2) / 2
    if name == "sigmoid":  # 0 where e⁻ᶻ overflows, see error_bound
        variance = np.where(np.exp(-Z) < p.largest / 4, variance, 3 * (A / p.u) ** 2)
    return variance


def _bend(network: Network, l: int, oracle: Evaluation, V_As: list[Matrix], u2: float) -> Matrix:
    """Return the variance of g[l]′, which is computed from A: that of A, and its own roundings."""
    A, slope, V_A = oracle.A[l], oracle.slopes[l - 1], V_As[l]
    if network.g[l - 1] == "sigmoid":
        return (1 - 2 * A) ** 2 * V_A + 2 * u2 * slope**2
    if network.g[l - 1] == "tanh":
        return 4 * A**2 * V_A + u2 * (slope**2 + A**4)
    return np.zeros_like(A)


def _divided() -> Reference:
    """Return the reference, but that each example's part is divided by m before the sum, as autograd of a mean does."""

    def output_dZ(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
        return RIGHT.output_dZ(network, A, Z, Y) / Y.shape[1]

    return RIGHT.replaced(
        mean=lambda self, losses, m: np.sum(losses / m),
        output_dZ=output_dZ,
        dW=lambda self, l, A, Z, dZ, m: dZ @ A[l - 1].T,
        db=lambda self, dZ, m: np.sum(dZ, axis=1, keepdims=True),
    )


DIVIDED = _divided()


def _of_softplus(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    """(A − Y) / m as the derivative of softplus(Z) − Y Z, with A = exp(Z − softplus(Z))."""
    if network.loss == "squared_error":
        return DIVIDED.output_dZ(network, A, Z, Y)
    m = Y.shape[1]
    return np.exp(Z - self.softplus(Z)) / m - Y / m


def _of_log_sigmoid(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
    """The same as that of −Y log σ(Z) − (1 − Y) log σ(−Z)."""
    if network.loss == "squared_error":
        return DIVIDED.output_dZ(network, A, Z, Y)
    m = Y.shape[1]
    return np.exp(Z - self.softplus(Z)) * ((1 - Y) / m) - np.exp(-Z - self.softplus(-Z)) * (Y / m)


AUTODIFF = tuple(DIVIDED.replaced(output_dZ=each) for each in (_of_softplus, _of_log_sigmoid))


def permuted(
    network: Network, params: Params, X: Array, Y: Array, seed: int | None, form: Any = np.ndarray,
    reference: Reference = RIGHT,
) -> Noise:  # fmt: skip
    """Return J and dParams of the reference, with every sum in another order, or as it is given where there is no seed.

    form: how products and sums are added up.
    """
    random = np.random.default_rng(seed)
    order = np.arange if seed is None else random.permutation
    units = [order(n) for n in network.n[:-1]] + [np.arange(network.n[-1])]
    examples = order(X.shape[1])

    def mixed(array: Array, rows: Array, columns: Array | None = None) -> Any:
        return np.ascontiguousarray(array[rows] if columns is None else array[rows][:, columns]).view(form)

    layers = tuple(Layer(mixed(W, units[l], units[l - 1]), mixed(b, units[l])) for l, (W, b) in enumerate(params, 1))
    J, gradient = reference.cost_and_gradients(network, layers, mixed(X, units[0], examples), Y[:, examples].view(form))
    back = []
    for l, (dW, db) in enumerate(gradient, start=1):
        W, b = np.empty(dW.shape), np.empty(db.shape)
        W[np.ix_(units[l], units[l - 1])], b[units[l]] = dW, db
        back.append(Layer(W, b))
    return Noise(float(J), tuple(back))


class Sequential(np.ndarray[Any, Any]):
    """An array whose products and sums add one term after another, as a plain loop does."""

    def __matmul__(self, other: Any) -> Any:
        """(n, k) @ (k, m), term by term over k."""
        A, B = np.asarray(self), np.asarray(other)
        if A.shape[0] * B.size <= AT_ONCE:
            return self.added(A[:, None, :] * B.T).view(type(self))
        if A.shape[1] > LONGEST:
            return (A @ B).view(type(self))
        total = np.zeros((A.shape[0], B.shape[1]), A.dtype)
        for k in range(A.shape[1]):
            total += A[:, k, None] * B[k]
        return total.view(type(self))

    def sum(self, axis: Any = None, **rest: Any) -> Any:  # type: ignore[override]
        """Sum all, or each row into a column."""
        terms = np.asarray(self)
        return self.added(terms.ravel()) if axis is None else self.added(terms)[:, None].view(type(self))

    @staticmethod
    def added(terms: Array) -> Any:
        """Return the sums over the last axis."""
        return np.cumsum(terms, axis=-1)[..., -1]


def adding_in(dtype: str) -> type[Sequential]:
    """Return arrays whose products and sums round each term, and each sum of terms, to a narrow dtype."""

    def added(terms: Array) -> Any:
        return np.cumsum(terms.astype(dtype), axis=-1)[..., -1].astype(terms.dtype)

    return type("Adding", (Sequential,), {"added": staticmethod(added)})


class Ascending(Sequential):
    """An array whose products and sums add the smallest terms first, unless there are too many to sort."""

    @staticmethod
    def added(terms: Array) -> Any:
        """Return the sums over the last axis."""
        if terms.size <= SORTED:
            terms = np.take_along_axis(terms, np.abs(terms).argsort(axis=-1), axis=-1)
        return Sequential.added(terms)


def _all(some: Noise) -> list[Matrix]:
    """Return J, dW1, db1, ..."""
    return [np.asarray(some.J), *(np.asarray(array) for layer in some.gradient for array in layer)]
