"""Narrow modes that nobody declared are named by their bits, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from crosscheck.core.failures import Verdict
from crosscheck.core.records import Answer, Case
from crosscheck.judge.causes import OutsideBound
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.narrowing import Conclusion, Narrowing, concluded, narrowing
from crosscheck.judge.verdict import Key, Row, judge, twins
from crosscheck.mutation.build import VARIANT, as_framework
from crosscheck.oracle.formats import BRAIN, FULL, HALF, MODES
from crosscheck.oracle.narrowed import narrowed
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.report.html.entries import of_row
from crosscheck.report.words import of_cause
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import Array, Declaration, Layer

PROBLEMS = ("flower-2layer-tanh", "flower-2layer-relu", "regression-2layer-tanh", "saturated-logistic")
BITS = {"tf32": 11, "bfloat16_products": 8, "bfloat16": 8, "float16": 11, "float8": 4}


@cache
def case(problem: str, dtype: str) -> Case:
    return make_case(build(BY_NAME[problem])._replace(iterations=2), dtype)


@cache
def judged(problem: str, dtype: str) -> Judge:
    return Judge(case(problem, dtype))


def answer(problem: str, mode: str = "") -> Answer:
    right = narrowed(MODES[mode] if mode else FULL)
    with np.errstate(all="ignore"):  # float16 overflows
        return measure(as_framework(right, "mine"), VARIANT, Declaration(), case(problem, "float32"), "cpu")


def row(problem: str, said: Answer) -> Row:
    key = Key(problem, "mine", "float32", "cpu")
    return judge(judged(problem, "float32"), said, Declaration(), key)


def twin(problem: str, verdict: Verdict = Verdict.AGREES) -> Row:
    return Row(problem, "mine", "float64", "cpu", verdict)


def moved(said: Answer, factor: Callable[[int, Array], Array]) -> Answer:
    """The answer with each dW[l] times factor(l, dW[l])."""
    gradients = [
        (J, tuple(Layer((W * factor(l, W)).astype(W.dtype), b) for l, (W, b) in enumerate(gradient, start=1)))
        for J, gradient in said.gradients
    ]
    return said._replace(gradients=gradients)


def found(*rows: Row) -> Conclusion:
    twins([*rows, *(twin(each.problem) for each in rows)])
    assert all(isinstance(each.cause, OutsideBound) for each in rows)
    (conclusion,) = {each.cause.narrowing.found for each in rows}
    return conclusion


@pytest.mark.parametrize("mode", BITS)
def test_an_undeclared_mode_is_known_by_its_bits(mode):
    several = [narrowing(judged(problem, "float32"), answer(problem, mode), Declaration()) for problem in PROBLEMS]
    assert all(mode in each.possible for each in several)
    conclusion = concluded(several)
    assert conclusion.bits == BITS[mode]
    assert mode in conclusion.modes


@pytest.mark.parametrize("mode", ["bfloat16", "float16", "float8"])
def test_a_row_that_nothing_explains_says_how_many_bits(mode):
    rows = [row(problem, answer(problem, mode)) for problem in PROBLEMS]
    assert found(*rows).bits == BITS[mode]
    for each in rows:
        assert f"{BITS[mode]} significant bits" in of_cause(each.cause)
        assert "unexplained" not in of_cause(each.cause)


@pytest.mark.parametrize("bits", [8, 11])
def test_a_gradient_that_passes_through_a_narrower_format_has_its_bits(bits):
    form = {8: BRAIN, 11: HALF}[bits]
    rows = []
    for problem in PROBLEMS[:3]:
        said = answer(problem)
        gradients = [(J, tuple(Layer(*map(form.rounded, layer)) for layer in layers)) for J, layers in said.gradients]
        rows.append(row(problem, said._replace(gradients=gradients)))
    rows = [each for each in rows if each.explained is None]
    assert len(rows) >= 2
    assert found(*rows) == Conclusion(bits, (), len(rows), len(rows))
    assert f"no number of dW and db has more than {bits} significant bits" in of_cause(rows[0].cause)


def test_it_takes_two_rows_and_most_of_what_was_asked():
    rows = [row(problem, answer(problem, "bfloat16")) for problem in PROBLEMS[:2]]
    assert not found(rows[0]).bits
    assert found(*rows).bits
    right = [Row(problem, "mine", "float32", "cpu", Verdict.AGREES) for problem in PROBLEMS[2:]]
    twins([*rows, *right, *map(twin, PROBLEMS)])
    assert "significant bits" not in of_cause(rows[0].cause)


def test_the_card_says_so():
    rows = [row(problem, answer(problem, "bfloat16")) for problem in PROBLEMS[:2]]
    twins([*rows, *map(twin, PROBLEMS)])
    entry = of_row(rows[0], None)
    assert "8 significant bits" in entry.detail["few"]
    assert "8 significant bits" in entry.kind
    assert "why" not in entry.detail


def test_nothing_is_said_where_the_float64_twin_is_not_right():
    for verdict in (Verdict.DISAGREES, Verdict.FAILED, Verdict.SUSPECT):
        rows = [row(problem, answer(problem, "bfloat16")) for problem in PROBLEMS[:2]]
        twins([*rows, *(twin(problem, verdict) for problem in PROBLEMS)])
        assert "significant bits" not in of_cause(rows[0].cause)
    alone = [row(problem, answer(problem, "bfloat16")) for problem in PROBLEMS[:2]]
    twins(alone)
    assert "significant bits" not in of_cause(alone[0].cause)


def test_a_wrong_tile_is_no_narrow_mode():
    def last_column(l: int, W: Array) -> Array:
        return np.where(np.arange(W.shape[1]) == W.shape[1] - 1, 1 + 2.0**-8, 1.0)

    assert not found(*(row(problem, moved(answer(problem), last_column)) for problem in PROBLEMS[:3])).bits


@pytest.mark.parametrize("power", [4, 6, 8, 10, 12])
def test_a_wrong_factor_of_any_size_is_no_narrow_mode(power):
    said = {problem: moved(answer(problem), lambda l, W: 1 + 2.0**-power) for problem in PROBLEMS[:3]}
    assert not found(*(row(problem, it) for problem, it in said.items())).bits


def test_a_mode_has_to_be_possible_in_every_row_that_differs():
    wrong = moved(answer(PROBLEMS[2]), lambda l, W: 2.0)
    rows = [row(PROBLEMS[0], answer(PROBLEMS[0], "float8")), row(PROBLEMS[2], wrong)]
    assert not found(*rows).bits


def test_two_modes_that_are_as_frequent_are_not_told_apart():
    several = [
        Narrowing(("tf32", "bfloat16"), ("tf32",)),
        Narrowing(("tf32", "bfloat16"), ("bfloat16",)),
    ]
    assert concluded(several * 2) == Conclusion()
    assert concluded([*several, several[0]]) == Conclusion(11, ("tf32",), 2, 3)


def test_judging_the_rows_again_changes_nothing():
    rows = [row(problem, answer(problem, "bfloat16")) for problem in PROBLEMS[:2]]
    first = found(*rows)
    assert first.bits == 8
    assert found(*rows) == first
