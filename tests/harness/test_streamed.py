"""The oracle and the bound in parts: what they are of all examples at once, for any size of a part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from crosscheck.core.records import Case, cast, flat
from crosscheck.judge import elementwise
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.steps import certify
from crosscheck.oracle.error_bound import error_bound, precision
from crosscheck.oracle.float64 import descend as descend_at_once
from crosscheck.oracle.float64 import evaluate, exact, grads_at_zero
from crosscheck.oracle.streamed import Parts, descend, enclosed, in_pairs, streamed
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import DTYPES, Declaration, Layer, Network, Params, load
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.test_chunked import case

DECLARATIONS = (
    Declaration(),
    Declaration(sums=("blocks", 16)),
    Declaration(formulation="autodiff", flushes=True),
    Declaration(formulation="textbook"),
)


def drawn(
    seed: int, n: tuple[int, ...], m: int, hidden: str, output: tuple[str, str]
) -> tuple[Network, Params, Any, Any]:
    rng = np.random.default_rng(seed)
    network = Network.of(n, hidden, output[0], loss=output[1])  # type: ignore[arg-type]
    params = tuple(
        Layer(rng.standard_normal((after, before)), rng.standard_normal((after, 1)))
        for after, before in zip(n[1:], n[:-1], strict=True)
    )
    X = rng.standard_normal((n[0], m))
    X[:, ::5] = 0
    return network, params, X, rng.integers(0, 2, (n[-1], m)).astype(float)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 1000),
    n=st.sampled_from([(3, 1), (4, 5, 1), (3, 4, 3, 2)]),
    m=st.integers(1, 90),
    size=st.integers(1, 100),
    hidden=st.sampled_from(["sigmoid", "tanh", "relu", "leaky_relu"]),
    output=st.sampled_from([("sigmoid", "cross_entropy"), ("linear", "squared_error")]),
    declared=st.sampled_from(DECLARATIONS),
    dtype=st.sampled_from(DTYPES),
)  # fmt: skip
def test_in_parts_the_oracle_and_its_bound_are_what_they_are_at_once(
    seed: int, n: tuple[int, ...], m: int, size: int, hidden: str, output: tuple[str, str], declared: Declaration,
    dtype: str,
) -> None:  # fmt: skip
    network, params, X, Y = drawn(seed, n, m, hidden, output)
    p = precision(dtype, flushes=declared.flushes)
    with np.errstate(all="ignore"):
        whole = evaluate(network, params, X, Y)
        E = error_bound(network, params, whole, Y, p, declared)
    oracle, (F,) = streamed(network, params, Parts(X, Y, size), grads_at_zero(network), [(p, declared)])
    for a, b in zip((oracle.J, *flat(oracle.gradient)), (whole.J, *flat(whole.gradient)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    for a, b in zip((F.J, *flat(F.gradient)), (E.J, *flat(E.gradient)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-30)
    assert F.straddles_zero == E.straddles_zero
    assert F.margin == E.margin


@settings(deadline=None, derandomize=True)
@given(count=st.integers(1, 70))
def test_pairs_are_those_of_the_declared_tree(count: int) -> None:
    """In float32 the order shows: the sums of neighbours, of those, and so on, one without a partner as it is."""
    numbers = list(np.random.default_rng(count).standard_normal(count).astype("float32"))
    (got,) = in_pairs([np.asarray(x)] for x in numbers)
    while len(numbers) > 1:
        pairs = [a + b for a, b in zip(numbers[::2], numbers[1::2], strict=False)]
        numbers = pairs + numbers[2 * len(pairs) :]
    assert got == numbers[0]


def test_where_the_sum_of_the_parts_may_overflow_there_is_no_bound() -> None:
    network, params = Network((1, 1), ("linear",), "squared_error"), (Layer(np.array([[1.0]]), np.zeros((1, 1))),)
    X, Y = np.full((1, 64), 1e19), np.zeros((1, 64))  # X² is 1e38, and 64 of them are above the largest float32
    _, (E,) = streamed(network, params, Parts(X, Y, 8), grads_at_zero(network), [(precision("float32"), Declaration())])
    assert np.isinf(E.J)
    _, (E,) = streamed(network, params, Parts(X, Y, 8), grads_at_zero(network), [(precision("float64"), Declaration())])
    assert np.isfinite(E.J)


def test_its_descent_is_that_of_all_examples_at_once() -> None:
    given = case(100)
    params = given.checkpoints[0]
    runs = (
        descend(given.network, params, Parts(given.X, given.Y, 7), 0.5),
        descend_at_once(given.network, params, given.X, given.Y, 0.5),
    )
    for _, (a, J), (b, K) in zip(range(5), *runs, strict=False):
        assert abs(J - K) < 1e-13
        assert all(np.abs(x - y).max() < 1e-13 for x, y in zip(flat(a), flat(b), strict=True))


def test_random_parts_are_certified_by_ball_arithmetic() -> None:
    pytest.importorskip("flint")
    given = case(500)
    asked: list[int] = []
    ratio = enclosed(
        given.network, given.checkpoints[0], Parts(given.X, given.Y, 16), report=lambda done, of: asked.append(of)
    )
    assert 0 < ratio < 1
    assert asked == [20] * 20


def test_the_steps_of_a_run_on_many_examples_are_judged_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    given: Case = case(300, dtype="float32")
    framework, declared = load("numpy"), Declaration()
    answer = measure(framework, "by_hand", declared, given, "cpu")
    at_once = certify(Judge(given), answer, declared)
    monkeypatch.setattr(elementwise, "LARGE", 300)
    monkeypatch.setattr(elementwise, "PART", 64)
    judge = Judge(given)
    assert judge.bounded_at(cast(given.checkpoints[0], "float64"), declared).oracle.A == []
    for one, other in zip(certify(judge, answer, declared), at_once, strict=True):
        assert (one.tensor, one.iteration, one.element) == (other.tensor, other.iteration, other.element)
        assert one.ratio == pytest.approx(other.ratio, rel=1e-6)
    assert exact(given.X).dtype == "float64"
