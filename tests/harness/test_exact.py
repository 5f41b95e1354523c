"""Exact data: every order of summation gives the same bits, and one wrong last bit anywhere is seen."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from crosscheck.core.records import Answer, Case, flat
from crosscheck.judge.equality import unequal
from crosscheck.problems.cases import make_case
from crosscheck.problems.exact import exact_problem, fits, significant_bits, sums
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import DTYPES, EVERY_DTYPE, VARIANTS, BadInput, Network, declaration, load
from hypothesis import given, settings
from hypothesis import strategies as st

NETWORK = Network((7, 5, 3), ("leaky_relu", "linear"), "squared_error", 0.5)
dtypes = pytest.mark.parametrize("dtype", EVERY_DTYPE)
widths = st.lists(st.integers(1, 20), min_size=2, max_size=4)
activations = st.sampled_from(["linear", "relu", "leaky_relu"])


def case_of(network: Network, m: int, dtype: str, name: str = "exact") -> Case:
    return make_case(exact_problem(name, network, m, dtype), dtype, later=False)


def answer_of(case: Case, variant: str = "by_hand") -> Answer:
    framework = load("numpy")
    return measure(framework, variant, declaration(framework, variant), case, "cpu")


@dtypes
@pytest.mark.parametrize("m", [1, 2, 16])
@pytest.mark.parametrize("variant", VARIANTS["numpy"])
def test_every_implementation_gives_the_bits_of_the_oracle(variant: str, m: int, dtype: str) -> None:
    case = case_of(NETWORK, m, dtype)
    assert unequal(case, answer_of(case, variant)) == []


@given(widths, st.data(), st.sampled_from(DTYPES))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_any_order_of_summation_gives_the_same_bits(n: list[int], data: Any, dtype: str) -> None:
    g = tuple(data.draw(activations) for _ in n[1:-1])
    case = case_of(Network(tuple(n), (*g, "linear"), "squared_error", 0.25), 2 ** data.draw(st.integers(0, 6)), dtype)
    order = np.random.default_rng(0).permutation(case.X.shape[1])
    shuffled = case._replace(X=case.X[:, order], Y=case.Y[:, order])
    one, other = (answer_of(each).gradients[0] for each in (case, shuffled))
    assert one[0] == other[0]
    assert all(map(np.array_equal, flat(one[1]), flat(other[1])))
    assert unequal(case, answer_of(case)) == []


def test_the_numbers_are_those_of_rational_arithmetic() -> None:
    case = case_of(Network((4, 2), ("linear",), "squared_error"), 8, "float32")
    ((W, b),) = case.checkpoints[0]
    J, ((dW, db),) = answer_of(case).gradients[0]

    def whole(array: Any) -> Any:
        return np.vectorize(Fraction, otypes=[object])(np.asarray(array, float))

    D = whole(W) @ whole(case.X) + whole(b) - whole(case.Y)
    assert Fraction(float(J)) == (D * D).sum() / 16
    assert (whole(dW) == D @ whole(case.X).T / 8).all()
    assert (whole(db) == D.sum(axis=1, keepdims=True) / 8).all()


@dtypes
@pytest.mark.parametrize("tensor", range(4))
def test_one_ulp_in_any_entry_of_any_gradient_is_caught_and_placed(tensor: int, dtype: str) -> None:
    case = case_of(NETWORK, 16, dtype)
    answer = answer_of(case)
    array = flat(answer.gradients[0][1])[tensor]
    for element in np.ndindex(array.shape):
        was = array[element]
        for toward in (np.inf, -np.inf):
            array[element] = np.nextafter(was, np.array(toward, dtype))
            (one,) = unequal(case, answer)
            assert one.tensor == ("dW1", "db1", "dW2", "db2")[tensor]
            assert one.element == element
            assert one.rows == ((element[0], element[0]),)
            assert one.wrong == 1
            assert one.ulps in (0.5, 1.0)  # below a power of two the next number is half as far
        array[element] = was


@dtypes
@pytest.mark.parametrize("tensor", ["fit: W1", "fit: b1", "fit: W2", "fit: b2", "fit: J", "J"])
def test_one_ulp_in_J_and_after_a_step_is_caught(tensor: str, dtype: str) -> None:
    case = case_of(NETWORK, 16, dtype)
    answer = answer_of(case)
    up = np.array(np.inf, dtype)
    if tensor == "J":
        answer.gradients[0] = (np.nextafter(answer.gradients[0][0], up), answer.gradients[0][1])
    elif tensor == "fit: J":
        step = answer.run.steps[0]
        answer.run.steps[0] = step._replace(J=np.nextafter(step.J, up))
    else:
        array = flat(answer.run.steps[0].after)[["fit: W1", "fit: b1", "fit: W2", "fit: b2"].index(tensor)]
        array[-1, -1] = np.nextafter(array[-1, -1], up)
    assert [one.tensor for one in unequal(case, answer)] == [tensor]


@pytest.mark.parametrize("dtype", DTYPES)
def test_as_many_bits_are_used_as_the_headroom_allows(dtype: str) -> None:
    """One more bit in every number, and some sum would round; a product of half the bits gives other numbers."""
    problem = exact_problem("bits", NETWORK, 16, dtype)
    p, smallest = significant_bits(dtype), float(np.finfo(dtype).tiny)
    assert fits(problem, p, smallest)
    assert max(each.size / each.quantum for each in sums(problem)) > 2.0 ** (p - 5)
    case = make_case(problem, dtype, later=False)
    (W1, b1), (W2, b2) = case.checkpoints[0]
    Z = W1 @ case.X + b1
    A = np.maximum(Z, 0.5 * Z)
    D = W2 @ A + b2 - case.Y
    dW2 = answer_of(case).gradients[0][1][1].W
    assert np.array_equal(D @ A.T / 16, dW2)
    part, exponent = np.frexp(A)
    narrow = np.ldexp(np.rint(np.ldexp(part, 11)), exponent - 11)  # to 11 bits, as TF32 keeps
    assert not np.array_equal((D @ narrow.T / 16).astype(dtype), dW2)


@pytest.mark.parametrize(
    ("network", "m", "words"),
    [
        (Network((2, 1), ("sigmoid",), "squared_error"), 4, "sigmoid rounds"),
        (Network((2, 1), ("sigmoid",)), 4, "sigmoid rounds"),
        (NETWORK, 6, "6 examples, expected a power of two"),
        (Network((2, 2, 1), ("leaky_relu", "linear"), "squared_error", 0.01), 4, "a slope of 0.01"),
        (Network((2, 1), ("linear",), "squared_error"), 2**14, "no headroom in float16"),
    ],
)
def test_what_cannot_be_exact_is_refused(network: Network, m: int, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        exact_problem("refused", network, m, "float16")
