"""Laws that the gradient obeys whatever the numbers: an answer against another answer, within both bounds."""

import numpy as np
import pytest
from crosscheck.core.records import cast
from crosscheck_impls.interface import Layer, Network, Params
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.networks import DEEP, LOGISTIC, NETWORKS, TANH
from tests.judging import Problem, ask, assert_same, assert_true, draw, judge

seeds = st.integers(0, 2**32 - 1)
networks = st.sampled_from([LOGISTIC, TANH, DEEP])  # few: JAX compiles for each
few = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def answered(framework, variant, problem, declared):
    return ask(framework, variant, problem), judge(problem, declared).theirs


def hidden_permuted(network: Network, params: Params, order: list[int]) -> Params:
    """Return the params with the units of the first hidden layer in another order; the function stays the same."""
    first, second, *rest = params
    return (Layer(first.W[order], first.b[order]), Layer(second.W[:, order], second.b), *rest)


@few
@given(network=st.sampled_from(list(NETWORKS.values())), seed=seeds)
def test_any_weights_and_data_are_answered_within_the_bound(framework, variant, declared, network, seed):
    problem = draw(network, seed)
    assert_true(problem, ask(framework, variant, problem), declared)


@few
@given(network=networks, seed=seeds)
def test_the_order_of_the_examples_is_nothing(framework, variant, declared, network, seed):
    problem = draw(network, seed)
    order = np.random.default_rng(seed).permutation(problem.X.shape[1])
    shuffled = problem._replace(X=problem.X[:, order], Y=problem.Y[:, order])
    assert_same(
        *answered(framework, variant, problem, declared),
        *answered(framework, variant, shuffled, declared),
    )


@few
@given(network=st.sampled_from([TANH, DEEP]), seed=seeds)
def test_the_order_of_the_hidden_units_is_nothing(framework, variant, declared, network, seed):
    problem = draw(network, seed)
    order = list(np.random.default_rng(seed).permutation(network.n[1]))
    shuffled = problem._replace(params=hidden_permuted(network, problem.params, order))
    (J, gradient), E = answered(framework, variant, problem, declared)
    expected = (J, hidden_permuted(network, gradient, order))
    E_expected = E._replace(gradient=hidden_permuted(network, E.gradient, order))
    assert_same(*answered(framework, variant, shuffled, declared), expected, E_expected)


@few
@given(network=st.sampled_from([LOGISTIC, TANH]), seed=seeds)
def test_every_example_twice_is_the_same_mean(framework, variant, declared, network, seed):
    problem = draw(network, seed)
    twice = problem._replace(X=np.tile(problem.X, 2), Y=np.tile(problem.Y, 2))
    assert_same(*answered(framework, variant, problem, declared), *answered(framework, variant, twice, declared))


@few
@given(seed=seeds)
def test_the_other_labels_with_the_other_sign_cost_the_same(framework, variant, declared, seed):
    """Logistic regression, σ(−z) = 1 − σ(z): J stays, the gradient changes its sign."""
    problem = draw(LOGISTIC, seed)
    flipped = Problem(LOGISTIC, negative(problem.params), problem.X, 1 - problem.Y)
    (J, gradient), E = answered(framework, variant, problem, declared)
    assert_same(*answered(framework, variant, flipped, declared), (J, negative(gradient)), E)


def negative(params: Params) -> Params:
    return tuple(Layer(-W, -b) for W, b in params)


@pytest.mark.parametrize("network", [LOGISTIC, TANH], ids=["logistic", "2-layer"])
def test_float32_differs_from_float64_by_float32s_rounding(framework, variant, declared, network):
    single = draw(network, seed=3, dtype="float32")
    double = Problem(network, cast(single.params, "float64"), single.X.astype(float), single.Y.astype(float))
    assert_same(*answered(framework, variant, single, declared), *answered(framework, variant, double, declared))


def test_zero_weights_keep_the_hidden_units_alike(framework, variant, declared):
    """The notes: N17. Z[L] is exactly 0 too, where the derivatives of |z| and max(z, 0) depend on who takes them."""
    problem = draw(TANH, seed=4)
    problem = problem._replace(params=tuple(Layer(0 * W, 0 * b) for W, b in problem.params))
    (J, gradient), E = answered(framework, variant, problem, declared)
    assert_true(problem, (J, gradient), declared)
    order = [1, 2, 3, 0]
    turned = hidden_permuted(TANH, gradient, order)
    assert_same((J, gradient), E, (J, turned), E._replace(gradient=hidden_permuted(TANH, E.gradient, order)))
