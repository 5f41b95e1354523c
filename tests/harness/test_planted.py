"""Programs with one to three planted slips: what is said of them is so, and nearly all of them are named."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from crosscheck.grading.diagnosis.account import Special
from crosscheck.grading.diagnosis.findings import Diagnosis
from crosscheck.grading.diagnosis.source import beyond, line_of
from crosscheck.grading.diagnosis.words import lines, sentence
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness.planted import EPSILONS, SLIPS, Slip, diagnosis, names, program, true

HIDDEN = 1e-11  # an epsilon below this shows at saturated outputs alone


def told(found: Diagnosis) -> list[str]:
    return [sentence(finding, pair=False) for finding in found.findings]


def several() -> st.SearchStrategy[list[Slip]]:
    """One to three slips, each in a line of its own."""
    visible = [slip for slip in SLIPS if not slip.special]
    return st.lists(st.sampled_from(visible), min_size=1, max_size=3, unique_by=lambda slip: slip.line)


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: f"{slip.line} = {slip.text}")
def test_a_slip_is_named_and_nothing_else(slip: Slip) -> None:
    found, _ = diagnosis([slip])
    assert not found.unexplained
    assert len(found.findings) == (2 if slip.names == ("J of squared errors",) and slip.factor else 1), told(found)
    assert all(names(slip, finding) for finding in found.findings), told(found)


@pytest.mark.parametrize("slip", [s for s in EPSILONS if s.line == "cost" or s.size > HIDDEN], ids=lambda s: s.text)
def test_an_epsilon_is_named_with_its_size(slip: Slip) -> None:
    found, _ = diagnosis([slip])
    assert [finding.special for finding in found.findings] == [Special.EPSILON]
    assert found.findings[0].size == pytest.approx(slip.size, rel=0.5 if slip.size < HIDDEN else 0.01)
    assert not found.unexplained


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(slips=several())
def test_what_is_said_of_several_slips_is_so(slips: Sequence[Slip]) -> None:
    found, points = diagnosis(slips)
    for finding in found.findings:
        assert true(finding, slips, points), (sentence(finding, pair=False), program(slips))


@pytest.mark.slow
def test_nearly_all_of_several_slips_are_named() -> None:
    import random

    drawn = random.Random(4)
    one = every = 0
    total = 60
    for _ in range(total):
        lines_ = drawn.sample(sorted({slip.line for slip in SLIPS}), drawn.choice([1, 2, 3]))
        slips = [drawn.choice([slip for slip in SLIPS if slip.line == line]) for line in lines_]
        found, _ = diagnosis(slips)
        named = [any(names(slip, finding) for finding in found.findings) for slip in slips]
        one += any(named)
        every += all(named)
    assert one >= 0.95 * total
    assert every >= 0.8 * total


def test_a_right_program_is_not_diagnosed() -> None:
    found, _ = diagnosis([])
    assert found == Diagnosis()


def test_three_mistakes_are_three_sentences_with_their_lines() -> None:
    slips = [
        next(s for s in SLIPS if s.names == ("J without 1/m",)),
        next(s for s in SLIPS if s.line == "dW2" and s.factor == (2.0, "1")),
        next(s for s in SLIPS if s.names == ("db summed over everything",)),
    ]
    found, _ = diagnosis(slips)
    assert [finding.tensors for finding in found.findings] == [("J",), ("dW2",), ("db1",)]
    assert told(found)[1] == "dW2 is exactly twice what it should be"
    assert ("your line", "18: `dW2 = 2 * dZ2 @ A1.T / m`") in lines(found.findings[1], [("", program(slips))], False)


def test_a_line_is_found_by_the_name_that_is_assigned_to() -> None:
    text = "def f(m):\n    grads = {}\n    grads['dW' + str(2)] = m / 3\n    dw2 = m / 4\n    db = m\n"
    text += "    J = m + 1\n    J = m + 2\n"
    program = [("", text)]
    assert line_of(program, "dW2") is not None
    assert line_of(program, "dW2").number == 4  # type: ignore[union-attr]
    assert line_of(program, "db1") is None  # nothing is computed there
    assert line_of(program, "J") is None  # two lines may be meant
    assert line_of([("", "def f(:")], "J") is None


def test_what_is_outside_the_plain_model_is_told_by_the_name_that_says_so() -> None:
    text = "def f(X, batch_size, lambd):\n    v_momentum = 0.9\n    return softmax(X), keep_prob, optimizer.adam\n"
    assert dict(beyond([("", text)])) == {
        "mini-batches": "batch_size",
        "L2 regularisation": "lambd",
        "momentum": "v_momentum",
        "a softmax": "softmax",
        "dropout": "keep_prob",
        "Adam": "adam",
    }
    assert beyond([("", "def f(alpha, learning_rate): return alpha")]) == []
