"""`fit`: full-batch gradient descent, one cost before each step."""

import numpy as np
import pytest
from crosscheck_impls.interface import DTYPES

from crosscheck.testing.conformance.networks import DEEP, LOGISTIC, TANH
from crosscheck.testing.judging import arrays, assert_step, assert_within, draw, flat, get, judge, put, same_bits

ALPHA = 0.3  # not a float32 number: it has to be rounded where the params are
networks = pytest.mark.parametrize("network", [LOGISTIC, TANH, DEEP], ids=["logistic", "2-layer", "3-layer"])
dtypes = pytest.mark.parametrize("dtype", DTYPES)


@dtypes
@networks
def test_one_step_is_params_minus_alpha_times_the_gradient(framework, variant, declared, network, dtype):
    # notes: N5
    problem = draw(network, seed=1, dtype=dtype)
    params, costs = framework.fit(variant, *put(framework, problem), ALPHA, 1)
    after, costs = get(framework, params), framework.to_numpy(costs)
    assert all(array.dtype == dtype for array in [costs, *flat(after)])
    oracle, theirs, own, _ = judge(problem, declared)
    assert_within("costs", costs, np.array([oracle.J]), np.array([theirs.J + own.J]), dtype)
    assert_step(problem, after, ALPHA, declared)


@dtypes
@networks
def test_every_later_step_is_one_too(framework, variant, declared, network, dtype):
    """Three steps and a fourth, held against the oracle at the third; the cost of a step is that before it."""
    problem = draw(network, seed=1, dtype=dtype)
    params, costs = framework.fit(variant, *put(framework, problem), ALPHA, 3)
    assert framework.to_numpy(costs).shape == (3,)
    problem = problem._replace(params=get(framework, params))
    params, costs = framework.fit(variant, *put(framework, problem), ALPHA, 1)
    oracle, theirs, own, _ = judge(problem, declared)
    assert_within("costs", framework.to_numpy(costs), np.array([oracle.J]), np.array([theirs.J + own.J]), dtype)
    assert_step(problem, get(framework, params), ALPHA, declared)


@networks
def test_k_steps_are_k_times_one_step(framework, variant, network):
    """To the last bit: how many steps are asked for changes the arithmetic of none of them."""
    problem = draw(network)
    network, params, X, Y = put(framework, problem)
    last, costs = framework.fit(variant, network, params, X, Y, ALPHA, 3)
    each = []
    for _ in range(3):
        params, cost = framework.fit(variant, network, params, X, Y, ALPHA, 1)
        each.append(framework.to_numpy(cost))
    assert same_bits(framework.to_numpy(costs), np.concatenate(each))
    for whole, stepped in zip(flat(get(framework, last)), flat(get(framework, params)), strict=True):
        assert same_bits(whole, stepped)


@networks
def test_fit_leaves_its_inputs_alone(framework, variant, network):
    problem = draw(network)
    network, params, X, Y = put(framework, problem)
    framework.fit(variant, network, params, X, Y, ALPHA, 3)
    for original, array in zip(arrays(problem), [*flat(params), X, Y], strict=True):
        assert same_bits(original, framework.to_numpy(array))


def test_fit_twice_is_the_same_twice(framework, variant):
    """No state is kept from one run to the next: no momentum, no counter."""
    arguments = put(framework, draw(TANH))
    (first, J), (again, J_again) = (framework.fit(variant, *arguments, ALPHA, 3) for _ in range(2))
    assert same_bits(framework.to_numpy(J), framework.to_numpy(J_again))
    assert all(same_bits(a, b) for a, b in zip(flat(get(framework, first)), flat(get(framework, again)), strict=True))
