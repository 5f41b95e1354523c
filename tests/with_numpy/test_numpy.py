"""NumPy alone; and the derivative by two methods that share nothing with backpropagation (notes: N6, N9)."""

import cmath
import tracemalloc

import numpy as np
import pytest
from crosscheck.oracle.error_bound import PLAIN, precision
from crosscheck.oracle.float64 import evaluate
from crosscheck.testing.judging import ask, assert_same, assert_within, draw, get, judge, put
from crosscheck_impls.interface import DTYPES, Layer, Network, load
from crosscheck_impls.with_numpy import logistic_regression, loops, per_example

from tests.laws import Laws, plain_variants

P = precision("float64")

NUMPY = load("numpy")


class TestNumpy(Laws):
    framework = NUMPY


@pytest.mark.parametrize("dtype", DTYPES)
def test_two_loops_one_loop_and_none_agree(dtype):
    """Logistic regression over examples and features, over examples, and vectorised (notes: N9)."""
    problem = draw(Network((3, 1), ("sigmoid",)), seed=1, dtype=dtype)
    ways = [loops.logistic_regression, per_example.gradients, logistic_regression.backward]
    answers = [way(*put(NUMPY, problem)) for way in ways]
    E = judge(problem, PLAIN).theirs
    for k, first in enumerate(answers):
        for second in answers[k + 1 :]:
            assert_same((np.asarray(first[0]), first[1]), E, (np.asarray(second[0]), second[1]), E)


def test_the_general_loops_are_the_special_ones():
    problem = draw(Network((3, 1), ("sigmoid",)), seed=2)
    special, general = (way(*put(NUMPY, problem)) for way in (loops.logistic_regression, loops.l_layer))
    E = judge(problem, PLAIN).theirs
    assert_same(special, E, general, E)


# ---------------------------------------------------------------- the complex step

STEP = 1e-20  # f(x + ih) = f(x) + ih f′(x) − h²/2 f″(x) ...: h² is far below u, and nothing is subtracted


def complex_cost(network, params, X, Y):
    """J by the notes' formulas, which hold for complex weights as they stand: z = Wa + b, g(z), −Σ y log a + ..."""
    A = X.astype(complex)
    for name, (W, b) in zip(network.g, params, strict=True):
        Z = W @ A + b
        A = {"sigmoid": lambda Z: 1 / (1 + np.exp(-Z)), "tanh": np.tanh, "linear": lambda Z: Z}[name](Z)
    if network.loss == "squared_error":
        return (0.5 * (A - Y) ** 2).sum() / X.shape[1]
    return -(Y * np.log(A) + (1 - Y) * np.log(1 - A)).sum() / X.shape[1]


def complex_bound(network, params, X, Y):
    """How far rounding takes the complex step, for every dW and db.

    Im is carried forward as a product of factors along each path, W and g′(z), and summed: |paths| are the same
    sums with absolute values. A factor g′ errs by a relative |g″/g′| E_Z <= 2 E_Z, for E_Z the error of z's real
    part, and by C u, and so does 1/p, p = a or 1 − a as the label asks: by a relative E_a/p, E_a <= C u + E_Z.
    C = 24 counts the roundings of a complex exp (3 u measured), tanh, quotient (Smith's: 6) and log, and of 1 − a.
    """
    C, u, m = 24, P.u, X.shape[1]
    oracle = evaluate(network, params, X, Y)
    E_Z, paths, relative = [], [], 0.0
    E_A = np.zeros_like(X)
    for name, (W, b), A, Z in zip(network.g, params, oracle.A, oracle.Z, strict=False):
        S = np.abs(W) @ (np.abs(A) + E_A) + np.abs(b)
        E_Z.append(np.abs(W) @ E_A + P.gamma(W.shape[1] + 2) * S)
        E_A = E_Z[-1] + C * u * (1 + np.abs(Z)) * (name != "linear")
        relative += 2 * E_Z[-1].max() + (C + W.shape[1] + 2) * u
    a = oracle.A[-1]
    out, slope = np.abs(a - Y), oracle.slopes[-1]
    E_out = E_A * (1 + out / np.where(Y > 0.5, a, 1 - a) if network.loss == "cross_entropy" else 1)
    # |∂J/∂z[L]| and its error, then back along the paths with absolute values
    D, E = (out, E_out) if network.loss == "cross_entropy" else (out * slope, E_out * slope)
    weight = D * np.expm1(relative + (m + 3) * C * u) + E * np.exp(relative)
    for l in range(network.L, 0, -1):
        paths.append(Layer(weight @ np.abs(oracle.A[l - 1]).T / m, weight.sum(axis=1, keepdims=True) / m))
        if l > 1:
            weight = (np.abs(params[l - 1].W).T @ weight) * np.abs(oracle.slopes[l - 2])
    return paths[::-1]


@pytest.mark.parametrize(
    "network",
    [
        Network((3, 1), ("sigmoid",)),
        Network((3, 4, 1), ("tanh", "sigmoid")),
        Network((3, 4, 3, 2), ("sigmoid", "tanh", "sigmoid")),
        Network((3, 4, 1), ("linear", "sigmoid")),
        Network((3, 4, 1), ("tanh", "linear"), "squared_error"),
    ],
    ids=lambda network: f"{network.n} {network.g[-1]}",
)
def test_the_complex_step_is_the_gradient(network):
    problem = draw(network, seed=3)
    _, gradient = ask(NUMPY, "by_hand", problem)
    theirs = judge(problem, PLAIN).theirs.gradient
    bounds = complex_bound(network, problem.params, problem.X, problem.Y)
    for l, (got, E, bound) in enumerate(zip(gradient, theirs, bounds, strict=True)):
        for kind in (0, 1):
            derivative = np.empty_like(got[kind])
            for element in np.ndindex(derivative.shape):
                params = [[W.astype(complex), b.astype(complex)] for W, b in problem.params]
                params[l][kind][element] += 1j * STEP
                derivative[element] = complex_cost(network, params, problem.X, problem.Y).imag / STEP
            assert_within(f"d{'Wb'[kind]}{l + 1}", got[kind], derivative, E[kind] + bound[kind], "float64")


# ---------------------------------------------------------------- the central difference


def test_the_central_difference_is_the_gradient():
    """(J(w + h) − J(w − h)) / 2h = J′ + h²/6 J‴(ξ): truncated by h²/6 max|σ″| Σ|x|³/m with max|σ″| = 1/(6√3), and
    rounded by (E_J(w + h) + E_J(w − h)) / 2h; w and h are multiples of 2⁻²⁰ and 2⁻¹⁸, so w ± h are exact.
    """
    h = 2.0**-18
    problem = draw(Network((3, 1), ("sigmoid",)), seed=4)
    ((W, b),) = problem.params
    W, b = np.round(W * 2**20) / 2**20, np.round(b * 2**20) / 2**20
    problem = problem._replace(params=(Layer(W, b),))
    _, ((dW, db),) = ask(NUMPY, "by_hand", problem)
    E = judge(problem, PLAIN).theirs.gradient[0]
    inputs = np.vstack([problem.X, np.ones((1, problem.X.shape[1]))])
    for j, (got, E_got) in enumerate(zip([*dW[0], db[0, 0]], [*E.W[0], E.b[0, 0]], strict=True)):
        J, E_J = [], 0.0
        for sign in (1, -1):
            moved = np.append(W[0], b[0, 0])
            moved[j] += sign * h
            there = problem._replace(params=(Layer(moved[None, :3], moved[None, 3:]),))
            J.append(ask(NUMPY, "by_hand", there)[0])
            E_J += judge(there, PLAIN).theirs.J
        truncation = h * h / 6 * (np.abs(inputs[j]) ** 3).mean() / (6 * np.sqrt(3))
        slope = np.asarray((J[0] - J[1]) / (2 * h))
        bound = E_got + truncation + E_J / (2 * h) + P.u * 2 * abs(slope)
        assert_within("dJ/dw", np.asarray(got), slope, np.asarray(bound), "float64")


def test_the_slope_of_a_function_by_nudging_it():
    """The notes: N6: f(a) = 3a, a², a³, log a, and their slopes 3, 2a, 3a², 1/a; by the complex step, to u."""
    for f, slope in ((lambda a: 3 * a, 3.0), (lambda a: a * a, 4.0), (lambda a: a * a * a, 12.0), (cmath.log, 0.5)):
        assert f"{f(2 + 1j * STEP).imag / STEP:.15g}" == f"{slope:.15g}"


def test_inputs_that_numpy_cannot_change_are_enough():
    problem = draw(Network((3, 4, 1), ("relu", "sigmoid")))
    network, params, X, Y = put(NUMPY, problem)
    for array in (X, Y, *(a for layer in params for a in layer)):
        array.flags.writeable = False
    for variant in plain_variants(NUMPY):
        NUMPY.fit(variant, network, params, X, Y, 0.1, 2)
        get(NUMPY, NUMPY.gradients[variant](network, params, X, Y)[1])


def test_the_fast_path_never_copies_X():
    """All that NumPy allocates in `fit`, traced: here the activations are a hundredth of X."""
    network, params, X, Y = put(NUMPY, draw(Network((500, 3, 1), ("relu", "sigmoid")), m=2000))
    tracemalloc.start()
    try:
        NUMPY.fit("fast", network, params, X, Y, 0.1, 3)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < X.nbytes / 10
