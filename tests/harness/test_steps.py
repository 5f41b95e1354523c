"""Step certificates: what a training loop may not do, whatever it calls itself; and what an honest one may."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from crosscheck.core.records import Case
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.steps import Curves, certify
from crosscheck.judge.verdict import Key, judge
from crosscheck.mutation.build import framework
from crosscheck.mutation.mutants import BY_NAME, MUTANTS
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME as PROBLEMS
from crosscheck.problems.catalogue import Options, build
from crosscheck.report.words import of_cause
from crosscheck.runner.collect import SAMPLED, keep, measure, windows
from crosscheck_impls.interface import Declaration, Layer

PLAIN = Declaration()
TRAINING = [mutant.name for mutant in MUTANTS if mutant.kind == "training"]


def case_of(problem: str, iterations: int = 20, dtype: str = "float64") -> Case:
    return make_case(build(PROBLEMS[problem], Options(iterations=iterations)), dtype)


def verdict(made: Any, case: Case) -> Any:
    key = Key(case.problem, "mine", case.dtype, "cpu")
    with np.errstate(all="ignore"):
        return judge(Judge(case), measure(made, "reference", PLAIN, case, "cpu"), PLAIN, key)


@pytest.mark.parametrize("name", TRAINING)
def test_every_mutant_of_a_training_loop_is_caught(name: str) -> None:
    rising = name == "stops when J rises"  # which it does on one of the two
    case = case_of("saturated-2layer-tanh" if rising else "flower-2layer-tanh", 60 if rising else 20)
    assert verdict(framework(BY_NAME[name]), case).verdict == "disagrees"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_all_steps_of_an_honest_run_are_certified(dtype: str) -> None:
    found = verdict(framework(), case_of("flower-2layer-tanh", dtype=dtype))
    assert (found.verdict, found.certified, found.iterations) == ("agrees", 20, 20)


@pytest.mark.parametrize("changed", [False, True])
def test_a_step_that_has_no_bound_is_undefined_whatever_it_is(changed: bool) -> None:
    spec = build(PROBLEMS["regression-2layer-tanh"], Options(iterations=9))
    case = make_case(spec._replace(alpha=512 * spec.alpha), "float16")
    with np.errstate(all="ignore"):
        answer = measure(framework(), "reference", PLAIN, case, "cpu")
        if changed:
            costs = np.where(np.arange(9) == 2, case.X.dtype.type(5), answer.run.costs)
            steps = [step._replace(J=costs[2]) if step.t == 2 else step for step in answer.run.steps]
            answer = answer._replace(run=answer.run._replace(costs=costs, steps=steps))
        found = judge(Judge(case), answer, PLAIN, Key(case.problem, "mine", case.dtype, "cpu"))
    assert found.verdict == "undefined"
    assert of_cause(found.cause) == "the free run comes to NaN or inf"


@pytest.mark.parametrize("name", [None, "alpha halves after 10 steps", "b is not updated"])
def test_steps_judged_at_once_are_judged_as_one_by_one(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    case = case_of("kink-2layer-leaky_relu")
    judging, answer = Judge(case), measure(framework(BY_NAME[name] if name else None), "reference", PLAIN, case, "cpu")
    at_once = certify(judging, answer, PLAIN)
    monkeypatch.setattr("crosscheck.judge.steps.AT_ONCE", 1)
    one_by_one = certify(judging, answer, PLAIN)
    assert [c[:2] for c in at_once] == [c[:2] for c in one_by_one]
    np.testing.assert_allclose([c.ratio for c in at_once], [c.ratio for c in one_by_one], rtol=1e-12)


def another(**changes: Any) -> Any:
    return SimpleNamespace(**(vars(framework()) | changes))


def test_a_run_that_rounds_otherwise_than_single_steps_is_certified_by_runs_of_every_length() -> None:
    """As a compiler may, which fuses a loop of many steps in another way: honest, and not the same bits."""
    right = framework()

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        order = np.arange(X.shape[1])[:: -1 if iterations > 1 else 1]
        return right.fit(variant, network, params, X[:, order], Y[:, order], alpha, iterations)

    found = verdict(another(fit=fit), case_of("flower-2layer-tanh", 60))
    assert (found.verdict, found.certified) == ("agrees", 60)


def test_windows_show_enough_steps_the_first_and_the_last_among_them() -> None:
    lengths = windows(600, "some problem")
    assert {1, 2, 599, 600} <= lengths
    assert SAMPLED <= sum(length - 1 in lengths or length == 1 for length in lengths) <= 2 * SAMPLED
    assert windows(600, "another") != lengths
    assert windows(9, "short") == set(range(1, 10))


def test_a_run_that_differs_when_it_is_repeated_is_suspect() -> None:
    right, random = framework(), np.random.default_rng(0)

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        order = random.permutation(X.shape[1])  # as atomic additions on a GPU are: in any order
        return right.fit(variant, network, params, X[:, order], Y[:, order], alpha, iterations)

    found = verdict(another(fit=fit), case_of("flower-2layer-tanh"))
    assert found.verdict == "suspect"
    assert "two runs of the same fit differ" in of_cause(found.cause)


def test_a_run_with_the_wrong_number_of_costs_disagrees() -> None:
    right = framework()

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        trained, costs = right.fit(variant, network, params, X, Y, alpha, iterations)
        return trained, costs[: max(1, iterations - 1)]

    found = verdict(another(fit=fit), case_of("flower-2layer-tanh"))
    assert found.verdict == "disagrees"
    assert "another number of costs" in of_cause(found.cause)


def test_a_fit_that_changes_what_it_gave_back_before_is_found_out() -> None:
    """It decays the weights in place: what is asked afterwards would look right."""
    right = framework()

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        for layer in params:
            layer.W[:] *= 0.9
        return right.fit(variant, network, params, X, Y, alpha, iterations)

    found = verdict(another(fit=fit), case_of("flower-2layer-tanh"))
    assert found.verdict == "disagrees"
    assert "fit changed the params it was given" in of_cause(found.cause)


def test_a_first_run_that_is_one_step_short_is_no_run_to_trust() -> None:
    right, calls = framework(), []

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        calls.append(iterations)
        trained, costs = right.fit(variant, network, params, X, Y, alpha, iterations)
        if len(calls) == 1:
            trained, _ = right.fit(variant, network, params, X, Y, alpha, iterations - 1)
        return trained, costs

    assert verdict(another(fit=fit), case_of("flower-2layer-tanh")).verdict in ("suspect", "disagrees")


def test_a_gradient_that_is_wrong_after_some_calls_is_asked_again() -> None:
    right, calls = framework(), []

    def gradient(*arguments: Any) -> Any:
        calls.append(1)
        J, slopes = right.gradients["reference"](*arguments)
        return (J * 2 if len(calls) > 3 else J), slopes

    assert verdict(another(gradients={"reference": gradient}), case_of("flower-2layer-tanh")).verdict == "disagrees"


def test_a_single_step_that_is_right_does_not_cover_for_the_run() -> None:
    right = framework()

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        rate = alpha if iterations == 1 else alpha * (1 + 2.0**-30)
        return right.fit(variant, network, params, X, Y, rate, iterations)

    assert verdict(another(fit=fit), case_of("flower-2layer-tanh")).verdict == "disagrees"


def test_large_problems_keep_a_sample_of_steps_that_nobody_announced() -> None:
    case = case_of("flower-2layer-tanh")
    wide = case._replace(
        checkpoints=tuple((Layer(np.zeros((3000, 2000)), np.zeros((3000, 1))),) for _ in case.checkpoints)
    )
    kept = keep(wide, 500)
    assert len(kept) == SAMPLED
    assert 0 in kept
    assert max(kept) > 200
    assert keep(case, 60) == set(range(60))


def test_a_step_is_held_at_the_runs_own_parameters() -> None:
    """A run that is far from the oracle's own is no reason to disagree: each of its steps is right."""
    case = case_of("flower-2layer-tanh")
    elsewhere = tuple(Layer(W + 1, b - 1) for W, b in case.checkpoints[0])
    answer = measure(framework(), "reference", PLAIN, case._replace(checkpoints=(elsewhere,), steps=(0,)), "cpu")
    moved = Judge(case._replace(checkpoints=(elsewhere,), steps=(0,)))
    assert max(c.ratio for c in certify(moved, answer, PLAIN)) <= 1


def test_the_envelope_is_small_where_training_is_tame() -> None:
    case = case_of("flower-2layer-tanh", dtype="float32")
    far, usual = Curves(case).beside(measure(framework(), "reference", PLAIN, case, "cpu").run.costs)
    assert far is not None
    assert usual is not None
    assert 0 < far <= usual
    assert usual < 2.0**-16
