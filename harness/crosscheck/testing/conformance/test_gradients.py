"""J and its gradient: form, oracle, and that the asking leaves no trace."""

import numpy as np
import pytest
from crosscheck_impls.interface import (
    COMPILED,
    DTYPES,
    ON_REQUEST,
    REDUCED,
    VARIANTS,
    Declaration,
    Gradients,
    Layer,
    load,
)

from crosscheck.oracle.error_bound import PLAIN
from crosscheck.testing.conformance.networks import DEEP, LOGISTIC, NETWORKS, TANH
from crosscheck.testing.judging import (
    Problem,
    arrays,
    ask,
    assert_true,
    bounded,
    draw,
    flat,
    get,
    judge,
    put,
    same_bits,
)


def telling(problem: Problem, declared: Declaration) -> None:
    """Fail where every answer would be right, or none; skip where that is because the declared mode is so narrow."""
    theirs = judge(problem, declared).theirs
    if declared.precision == "full":
        assert theirs.straddles_zero == 0, "a Z too near its kink: choose another seed"
    elif not bounded(theirs):
        pytest.skip(f"declared to compute in {declared.precision}, where a number here may be too large")


networks = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
dtypes = pytest.mark.parametrize("dtype", DTYPES)


@dtypes
@networks
def test_J_and_every_gradient_lie_within_the_error_bound_of_the_oracle(framework, variant, declared, network, dtype):
    # notes: N9, N10, N16, N18
    problem = draw(network, seed=1, dtype=dtype)
    telling(problem, declared)
    assert_true(problem, ask(framework, variant, problem), declared)


@dtypes
@pytest.mark.parametrize("network", [name for name in NETWORKS if "relu" in name and "error" not in name])
def test_beside_a_kink_the_derivative_is_that_of_its_side(framework, variant, declared, network, dtype):
    """Z[1] is ±1e-12, which is its bias: no threshold but 0 itself will do."""
    problem = draw(NETWORKS[network], seed=1, dtype=dtype)
    problem.params[0].W[:] = 0
    problem.params[0].b[:] = np.array([[1e-12], [-1e-12], [1e-12], [-1e-12]], dtype)
    telling(problem, declared)
    assert_true(problem, ask(framework, variant, problem), declared)


@dtypes
@pytest.mark.parametrize("network", [LOGISTIC, TANH, DEEP], ids=["logistic", "2-layer", "3-layer"])
def test_beside_0_the_sigmoid_is_itself(framework, variant, declared, network, dtype):
    """Z[L] is ±1e-10, which is its bias: where exp(-Z) and exp(Z) change places, nothing jumps."""
    problem = draw(network, seed=1, dtype=dtype)
    problem.params[-1].W[:] = 0
    for sign in (1, -1):
        problem.params[-1].b[:] = sign * 1e-10
        assert_true(problem, ask(framework, variant, problem), declared)


@dtypes
def test_saturated_logits_are_neither_clipped_nor_cut_off(framework, variant, declared, dtype):
    """Logits to ±600 on either side: J grows like |z|, and keeps the e^−|z| that a threshold or a clip would lose."""
    if declared.formulation == "textbook":
        pytest.skip("declared to take log(A), which has no value there")
    Z = np.array([20.5, -20.5, 35.0, -35.0, 600.0, -600.0])
    X, Y = np.outer([1, 0, 0], Z).astype(dtype), np.array([[0, 0, 1, 0, 0, 1]], dtype)
    params = (Layer(np.array([[1, 0, 0]], dtype), np.zeros((1, 1), dtype)),)
    problem = Problem(LOGISTIC, params, X, Y)
    telling(problem, declared)
    assert_true(problem, ask(framework, variant, problem), declared)


@dtypes
@pytest.mark.parametrize("network", [LOGISTIC, DEEP], ids=["logistic", "3-layer"])
def test_the_gradient_has_the_type_of_the_parameters(framework, variant, network, dtype):
    # notes: N19
    problem = draw(network, dtype=dtype)
    J, gradient = framework.gradients[variant](*put(framework, problem))
    assert isinstance(framework.gradients[variant], Gradients)
    assert isinstance(gradient, tuple)
    assert len(gradient) == network.L
    assert framework.to_numpy(J).shape == ()
    assert framework.to_numpy(J).dtype == dtype
    for l, (dW, db) in enumerate(gradient, start=1):
        assert tuple(dW.shape) == (network.n[l], network.n[l - 1])
        assert tuple(db.shape) == (network.n[l], 1)
        assert framework.to_numpy(dW).dtype == framework.to_numpy(db).dtype == dtype
        assert framework.device(dW) == framework.device(db) == "cpu"


@pytest.mark.parametrize("network", [LOGISTIC, TANH, DEEP], ids=["logistic", "2-layer", "3-layer"])
def test_the_inputs_are_left_alone(framework, variant, network):
    problem = draw(network)
    arguments = put(framework, problem)
    framework.gradients[variant](*arguments)
    _, params, X, Y = arguments
    for original, array in zip(arrays(problem), [*flat(params), X, Y], strict=True):
        assert same_bits(original, framework.to_numpy(array))


@pytest.mark.parametrize("network", [LOGISTIC, TANH, DEEP], ids=["logistic", "2-layer", "3-layer"])
def test_the_same_question_twice_has_one_answer(framework, variant, network):
    arguments = put(framework, draw(network))
    answers = [framework.gradients[variant](*arguments) for _ in range(2)]
    (J, first), (J_again, again) = ((framework.to_numpy(J), flat(get(framework, gradient))) for J, gradient in answers)
    assert same_bits(J, J_again)
    assert all(same_bits(a, b) for a, b in zip(first, again, strict=True))


def test_another_question_in_between_changes_no_answer(framework, variant):
    here, there = draw(TANH, seed=1), draw(TANH, seed=2)
    J, gradient = ask(framework, variant, here)
    ask(framework, variant, there)
    J_again, again = ask(framework, variant, here)
    assert same_bits(J, J_again)
    assert all(same_bits(a, b) for a, b in zip(flat(gradient), flat(again), strict=True))


def test_the_sources_are_those_that_the_interface_lists(name):
    if name not in VARIANTS:
        pytest.skip("the interface lists ours only")
    assert tuple(load(name).gradients) == (*VARIANTS[name], *ON_REQUEST[name], *COMPILED[name], *REDUCED[name])


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_the_suite_sees_the_kink(activation):
    """The oracles left and right of the kink differ by more than both bounds, or the tests above would see nothing."""
    # notes: N15
    problems = [draw(NETWORKS[f"2-layer {activation}{side}"], seed=1) for side in ("", ", kink left")]
    right, left = (judge(problem, PLAIN) for problem in problems)
    difference = np.abs(right.oracle.gradient[0].b - left.oracle.gradient[0].b)
    assert (difference > 2 * (right.theirs.gradient[0].b + left.theirs.gradient[0].b)).any()
