"""`predict`: whole numbers, 1 where A > 0.5 (notes: N27); the perceptron (N1); A itself for a regression (N21)."""

import numpy as np
import pytest
from crosscheck_impls.interface import DTYPES, BadInput, Layer, Network

from crosscheck.oracle.error_bound import PLAIN
from crosscheck.testing.conformance.networks import DEEP, LOGISTIC, NETWORKS, TANH
from crosscheck.testing.judging import assert_within, draw, judge, put

dtypes = pytest.mark.parametrize("dtype", DTYPES)
AND = Network((2, 1), ("step",))  # on exactly where both inputs are


@dtypes
@pytest.mark.parametrize("network", [LOGISTIC, TANH, DEEP], ids=["logistic", "2-layer", "3-layer, two outputs"])
def test_the_class_is_1_where_A_is_above_a_half(framework, network, dtype):
    # notes: N27
    problem = draw(network, seed=6, dtype=dtype)
    _, params, X, _ = put(framework, problem)
    labels = framework.to_numpy(framework.predict(network, params, X))
    assert labels.shape == problem.Y.shape
    assert labels.dtype.kind in "iu"
    exact = judge(problem, PLAIN)
    A = exact.oracle.A[-1]
    assert (np.abs(A - 0.5) > exact.output).all(), "an output too near 0.5: choose another seed"
    assert set(np.ravel(labels)) == {0, 1}, "one class only: choose another seed"
    assert np.array_equal(labels, A > 0.5)


@dtypes
@pytest.mark.parametrize("network", [LOGISTIC, TANH, DEEP], ids=["logistic", "2-layer", "3-layer, two outputs"])
@pytest.mark.parametrize(("ulps", "label"), [(-64, 0), (0, 0), (64, 1)], ids=["below", "a half", "above"])
def test_a_half_itself_is_class_0_and_the_next_numbers_are_told_apart(framework, network, ulps, label, dtype):
    """All weights zero, so that Z[L] is the last bias: A is exactly 1/2 at 0, and 32 ulps from it at 64 of them."""
    # notes: N27
    problem = draw(network, dtype=dtype)
    params = [Layer(0 * W, 0 * b) for W, b in problem.params]
    params[-1].b[:] = ulps * np.finfo(dtype).eps
    given = tuple(Layer(*map(framework.from_numpy, layer)) for layer in params)
    labels = framework.to_numpy(framework.predict(network, given, framework.from_numpy(problem.X)))
    assert (labels == label).all()


@dtypes
@pytest.mark.parametrize("network", ["squared error, linear", "squared error, relu"])
def test_a_regression_predicts_A(framework, network, dtype):
    # notes: N21
    problem = draw(NETWORKS[network], seed=6, dtype=dtype)
    _, params, X, _ = put(framework, problem)
    exact = judge(problem, PLAIN)
    got = framework.to_numpy(framework.predict(problem.network, params, X))
    assert got.dtype == dtype
    assert_within("A[L]", got, exact.oracle.A[-1], exact.output, dtype)


@dtypes
@pytest.mark.parametrize(
    ("threshold", "fires"),
    [(-2.0, [0, 0, 0, 0]), (-1.0, [0, 0, 0, 1]), (0.0, [0, 1, 1, 1])],
    ids=["never", "and", "or"],
)
def test_a_perceptron_fires_above_0_and_not_at_0(framework, threshold, fires, dtype):
    """The notes: N1. In each of the three the sum is exactly 0 for one of the boolean inputs."""
    X = np.array([[0, 0, 1, 1], [0, 1, 0, 1]], dtype)
    W, b = np.ones((1, 2), dtype), np.full((1, 1), threshold, dtype)
    assert (W @ X + b == 0).any()
    labels = framework.to_numpy(
        framework.predict(AND, (Layer(framework.from_numpy(W), framework.from_numpy(b)),), framework.from_numpy(X)),
    )
    assert labels.dtype.kind in "iu"
    assert labels.tolist() == [fires]


@dtypes
@pytest.mark.parametrize(("Z", "fires"), [(1e-12, 1), (-1e-12, 0)], ids=["above", "below"])
def test_a_perceptron_tells_the_numbers_beside_0_apart(framework, Z, fires, dtype):
    # notes: N1
    W, b, X = np.zeros((1, 2), dtype), np.full((1, 1), Z, dtype), np.ones((2, 3), dtype)
    params = (Layer(framework.from_numpy(W), framework.from_numpy(b)),)
    labels = framework.to_numpy(framework.predict(AND, params, framework.from_numpy(X)))
    assert (labels == fires).all()


def test_a_perceptron_has_no_gradient_to_train_with(framework, variant):
    arguments = put(framework, draw(AND))
    with pytest.raises(BadInput, match="step"):
        framework.gradients[variant](*arguments)
    with pytest.raises(BadInput, match="step"):
        framework.fit(variant, *arguments, 0.1, 1)
