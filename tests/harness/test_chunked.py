"""Sums whose shape is declared: the bound of a tree, the promise that it is one, and wrong weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from crosscheck.core.failures import Promise
from crosscheck.core.records import Answer, Case, Comparison, cast, flat
from crosscheck.judge.elementwise import Judge, against
from crosscheck.oracle.error_bound import depth, error_bound, precision
from crosscheck.oracle.float64 import evaluate, exact
from crosscheck.report.words import of_broken
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import BadInput, Chunks, Declaration, Framework, Layer, Network, Params, load
from crosscheck_impls.interface import declaration as declaration_of
from crosscheck_impls.with_numpy import chunked, l_layer
from hypothesis import given, settings
from hypothesis import strategies as st

NETWORK = Network((3, 4, 1), ("tanh", "sigmoid"))
BLOCK = 8
DECLARED = Declaration(sums=("blocks", BLOCK))


def case(m: int, seed: int = 0, dtype: str = "float64", iterations: int = 3) -> Case:
    rng = np.random.default_rng(seed)
    params = tuple(
        Layer(rng.standard_normal((n, before)), rng.standard_normal((n, 1)))
        for n, before in zip(NETWORK.n[1:], NETWORK.n[:-1], strict=True)
    )
    X, Y = rng.standard_normal((3, m)).astype(dtype), rng.integers(0, 2, (1, m)).astype(dtype)
    return Case("drawn", NETWORK, dtype, X, Y, None, None, (cast(params, dtype),), (0,), 0.1, iterations)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunked, "BLOCK", BLOCK)


def of(gradients: Callable[..., Any], declared: Declaration = DECLARED) -> Framework:
    """NumPy's framework with one variant."""
    numpy = load("numpy")
    variant = numpy.variants["chunked"]._replace(gradients=gradients, gradient_descent=None, declaration=declared)

    def fit(_: str, network: Network, params: Params, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        return numpy.gradient_descent(gradients, network, params, X, Y, alpha, iterations)

    parts = {**vars(numpy), "variants": {"chunked": variant}, "gradients": {"chunked": gradients}, "fit": fit}
    return Framework(**parts)


def asked(gradients: Callable[..., Any], given: Case, declared: Declaration = DECLARED) -> Answer:
    return measure(of(gradients, declared), "chunked", declared, given, "cpu")


def compared(gradients: Callable[..., Any], given: Case, declared: Declaration = DECLARED) -> list[Comparison]:
    known = Judge(given).at_checkpoint(0, declared)
    return list(against(known, gradients(NETWORK, given.checkpoints[0], given.X, given.Y), 0, given))


# ---------------------------------------------------------------- the bound


@pytest.mark.parametrize(
    ("m", "expected"), [(1, 1), (8, 8), (9, 8 + 1), (16, 8 + 1), (17, 8 + 2), (33, 8 + 3), (2**20, 8 + 17)]
)
def test_the_depth_of_a_tree_is_a_block_and_the_height_above_it(m: int, expected: int) -> None:
    assert depth(m, ("blocks", 8)) == expected
    assert depth(m, None) == m
    assert depth(m, ("blocks", 8), outputs=3) == min(m, 8) * 3 + expected - min(m, 8)


def test_where_all_sums_are_one_block_the_bound_is_that_of_any_order() -> None:
    given = case(BLOCK)
    known = [Judge(given).at_checkpoint(0, each).theirs for each in (DECLARED, Declaration())]
    assert known[0].J == known[1].J
    assert all((a == b).all() for a, b in zip(*(flat(each.gradient) for each in known), strict=True))


def test_the_bound_of_any_order_is_infinite_in_float32_where_that_of_a_tree_is_still_small() -> None:
    """From m = 2^23 on, gamma(m) has no value."""
    p = precision("float32")
    assert np.isinf(p.gamma(depth(2**23, None) + 3))
    assert p.gamma(depth(10**9, ("blocks", 4096)) + 3) < 3e-4


def test_the_oracle_keeps_its_own_bound_which_is_of_any_order() -> None:
    """A tree's bound in float32 times 2^-29 is less than what NumPy's sums over all examples can err by in float64."""
    given = case(1000, dtype="float32")
    judge = Judge(given)
    known = judge.at_checkpoint(0, DECLARED)
    params = cast(given.checkpoints[0], "float64")
    oracle = evaluate(NETWORK, params, exact(given.X), exact(given.Y))
    own = error_bound(NETWORK, params, oracle, exact(given.Y), precision("float64"))
    assert known.own.J == own.J


@settings(max_examples=60, deadline=None, derandomize=True)
@given(m=st.integers(1, 200), seed=st.integers(0, 1000), dtype=st.sampled_from(["float64", "float32"]))
def test_a_tree_of_blocks_never_leaves_the_bound_of_its_depth(m: int, seed: int, dtype: str) -> None:
    given = case(m, seed, dtype)
    assert not [c for c in compared(chunked.gradients, given) if c.outside]


# ---------------------------------------------------------------- the promise


@settings(max_examples=40, deadline=None, derandomize=True)
@given(m=st.integers(1, 150), seed=st.integers(0, 1000), dtype=st.sampled_from(["float64", "float32"]))
def test_blocks_asked_alone_and_added_as_declared_give_the_same_bits(m: int, seed: int, dtype: str) -> None:
    assert asked(chunked.gradients, case(m, seed, dtype, iterations=1)).broken == []


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_so_they_do_in_the_other_frameworks(name: str) -> None:
    pytest.importorskip(name)
    framework = load(name)
    framework.configure("float64")
    declared = declaration_of(framework, "chunked")
    assert declared.sums == ("blocks", 4096)
    given = case(3 * 4096 + 5, iterations=2)
    answer = measure(framework, "chunked", declared, given, "cpu")
    assert answer.broken == []
    judge = Judge(given)
    assert not [c for c in judge.compare(answer, declared) if c.outside]


def test_a_plain_sum_that_is_declared_a_tree_breaks_its_promise() -> None:
    (broken,) = asked(l_layer.backward, case(100)).broken
    assert broken.promise is Promise.SUMS
    assert "what the blocks of 8 examples give that are asked alone" in of_broken(broken)


def test_sums_from_left_to_right_are_another_tree() -> None:
    def in_a_row(network: Network, params: Params, X: Any, Y: Any) -> tuple[Any, Params]:
        return total(network, params, X, Y, list(range(0, X.shape[1], BLOCK)))

    assert [each.promise for each in asked(in_a_row, case(100)).broken] == [Promise.SUMS]


@pytest.mark.parametrize("said", [("blocks", 0), ("blocks",), ("tree", 4), "blocks", ("blocks", True)])
def test_sums_that_are_none_are_refused(said: Any) -> None:
    framework = of(l_layer.backward, Declaration(sums=said))
    parts = {**vars(framework), "declarations": {"chunked": Declaration(sums=said)}}
    with pytest.raises(BadInput, match=r'declares sums .*, expected \("blocks", 4096\)'):
        declaration_of(Framework(**parts), "chunked")


# ---------------------------------------------------------------- wrong weights


def total(
    network: Network, params: Params, X: Any, Y: Any, starts: list[int],
    weight: Callable[[int], float] = float, m: int | None = None, size: int = BLOCK,
) -> tuple[Any, Params]:  # fmt: skip
    """Return the sum over the blocks from these starts, each times its weight, divided by m."""
    J, gradient = 0.0, [np.zeros(a.shape) for a in flat(params)]
    for start in starts:
        x, y = X[:, start : start + size], Y[:, start : start + size]
        K, part = l_layer.backward(network, params, x, y)
        J, gradient = (
            J + weight(x.shape[1]) * K,
            [a + weight(x.shape[1]) * b for a, b in zip(gradient, flat(part), strict=True)],
        )
    m = m or X.shape[1]
    return np.asarray(J / m), tuple(Layer(W / m, b / m) for W, b in zip(gradient[::2], gradient[1::2], strict=True))


FAULTS: dict[str, Callable[[list[int], int], dict[str, Any]]] = {
    "a block twice": lambda starts, m: {"starts": [*starts, starts[2]]},
    "a block dropped": lambda starts, m: {"starts": starts[1:]},
    "the last block dropped": lambda starts, m: {"starts": starts[:-1], "m": BLOCK * (len(starts) - 1)},
    "the mean of the means": lambda starts, m: {"starts": starts, "weight": lambda k: 1.0, "m": len(starts)},
    "the last block weighs as much as the others": lambda starts, m: {"starts": starts, "weight": lambda k: BLOCK},
    "divided by whole blocks": lambda starts, m: {"starts": starts, "m": BLOCK * len(starts)},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_sum_of_blocks_lies_outside_the_bound(fault: str) -> None:
    given = case(8 * BLOCK + 3)

    def wrong(network: Network, params: Params, X: Any, Y: Any) -> tuple[Any, Params]:
        m = X.shape[1]
        starts = list(range(0, m, BLOCK))
        return total(network, params, X, Y, **FAULTS[fault](starts, m) if m > BLOCK else {"starts": starts})

    assert any(c.outside for c in compared(wrong, given, Declaration()))
    assert [each.promise for each in asked(wrong, given).broken] == [Promise.SUMS]


# ---------------------------------------------------------------- out of a file


def test_what_is_read_in_parts_gives_the_bits_of_what_is_there() -> None:
    given = case(100)
    params = given.checkpoints[0]
    reads: list[tuple[int, int]] = []

    def chunks(array: Any) -> Chunks:
        def read(start: int, stop: int) -> Any:
            reads.append((start, stop))
            return array[:, start:stop].copy()

        return Chunks("a file", array.shape, array.dtype, read)

    X, Y = chunks(given.X), chunks(given.Y)
    numpy = load("numpy")
    trained, costs = numpy.fit("chunked", NETWORK, params, X, Y, 0.1, 2)
    again, same = numpy.fit("chunked", NETWORK, params, given.X, given.Y, 0.1, 2)
    assert costs.tolist() == same.tolist()
    assert all((a == b).all() for a, b in zip(flat(trained), flat(again), strict=True))
    assert max(stop - start for start, stop in reads) == BLOCK
