"""Laws that the gradient obeys whatever the numbers: an answer against another answer, within both bounds."""

import numpy as np
import pytest
from crosscheck_impls.interface import Layer, Network, Params
from hypothesis import assume, given

from crosscheck.core.records import cast
from crosscheck.testing.conformance.networks import DEEP, LOGISTIC, NETWORKS, TANH
from crosscheck.testing.judging import M, Problem, ask, assert_same, assert_true, bounded, draw, judge
from crosscheck.testing.strategies import few, permutations, problems, problems_of

examples = problems_of([LOGISTIC, TANH, DEEP])  # few networks: JAX compiles for each


def answered(framework, variant, problem, declared):
    """Return the answer and its bound."""
    return ask(framework, variant, problem), judge(problem, declared).theirs


def drawn(framework, variant, problem, declared):
    """Return the same for an example that was drawn; one with an element that has no bound is no test: draw again."""
    assume(bounded(judge(problem, declared).theirs))
    return answered(framework, variant, problem, declared)


def hidden_permuted(network: Network, params: Params, order: list[int]) -> Params:
    """Return the params with the units of the first hidden layer in another order; the function stays the same."""
    first, second, *rest = params
    return (Layer(first.W[order], first.b[order]), Layer(second.W[:, order], second.b), *rest)


@few
@given(problem=problems_of(list(NETWORKS.values())))
def test_any_weights_and_data_are_answered_within_the_bound(framework, variant, declared, problem):
    answer, _ = drawn(framework, variant, problem, declared)
    assert_true(problem, answer, declared)


@few
@given(problem=examples, order=permutations(M))
def test_the_order_of_the_examples_is_nothing(framework, variant, declared, problem, order):
    shuffled = problem._replace(X=problem.X[:, order], Y=problem.Y[:, order])
    assert_same(
        *drawn(framework, variant, problem, declared),
        *drawn(framework, variant, shuffled, declared),
    )


@few
@given(problem=problems_of([TANH, DEEP]), order=permutations(TANH.n[1]))
def test_the_order_of_the_hidden_units_is_nothing(framework, variant, declared, problem, order):
    network = problem.network
    shuffled = problem._replace(params=hidden_permuted(network, problem.params, order))
    (J, gradient), E = drawn(framework, variant, problem, declared)
    expected = (J, hidden_permuted(network, gradient, order))
    E_expected = E._replace(gradient=hidden_permuted(network, E.gradient, order))
    assert_same(*drawn(framework, variant, shuffled, declared), expected, E_expected)


@few
@given(problem=problems_of([LOGISTIC, TANH]))
def test_every_example_twice_is_the_same_mean(framework, variant, declared, problem):
    twice = problem._replace(X=np.tile(problem.X, 2), Y=np.tile(problem.Y, 2))
    assert_same(*drawn(framework, variant, problem, declared), *drawn(framework, variant, twice, declared))


@few
@given(problem=problems(LOGISTIC))
def test_the_other_labels_with_the_other_sign_cost_the_same(framework, variant, declared, problem):
    """Logistic regression, σ(−z) = 1 − σ(z): J stays, the gradient changes its sign."""
    flipped = Problem(LOGISTIC, negative(problem.params), problem.X, 1 - problem.Y)
    (J, gradient), E = drawn(framework, variant, problem, declared)
    assert_same(*drawn(framework, variant, flipped, declared), (J, negative(gradient)), E)


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
