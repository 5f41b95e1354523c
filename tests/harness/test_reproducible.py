"""Fits that differ when repeated, training in better arithmetic, and finite numbers where a formula has none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from crosscheck.core.records import Answer, Case, Certification, Run, flat
from crosscheck.judge.causes import Irreproducible, NotTheFormula, OutsideBound
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.reproducible import FAR, departure
from crosscheck.judge.steps import certify
from crosscheck.judge.textbook import first_impossible
from crosscheck.judge.verdict import Key, Row, judge
from crosscheck.mutation.build import as_framework, framework
from crosscheck.mutation.mutants import BY_NAME as MUTANTS
from crosscheck.oracle.reference import RIGHT
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME as PROBLEMS
from crosscheck.problems.catalogue import SPECS, Options, build
from crosscheck.report.words import of_cause
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import Declaration, Layer, load
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.harness import irreproducible
from tests.harness.irreproducible import FAULTY, HONEST, faulty, free_run, honest

PLAIN, TEXTBOOK = Declaration(), Declaration(formulation="textbook")
DTYPES = ("float64", "float32")


def case_of(problem: str, dtype: str = "float64", iterations: int | None = None, **options: Any) -> Case:
    return make_case(build(PROBLEMS[problem], Options(iterations=iterations, **options)), dtype)


def row(made: Any, case: Case, declared: Declaration = PLAIN, variant: str = "reference") -> Row:
    with np.errstate(all="ignore"):
        answer = measure(made, variant, declared, case, "cpu")
        return judge(Judge(case), answer, declared, Key(case.problem, "mine", case.dtype, "cpu"))


def envelopes(made: Any, judging: Judge, declared: Declaration = PLAIN) -> float:
    trained, costs = free_run(made, judging.case)
    run = Run(trained, costs, [], Certification.IRREPRODUCIBLE, judging.case.iterations)
    return departure(judging, run, declared).envelopes


# ---------------------------------------------------------------- runs that differ when they are repeated


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", HONEST)
def test_an_honest_run_in_random_order_is_suspect_and_near_the_oracles(name: str, dtype: str) -> None:
    found = row(honest(name), case_of("flower-2layer-tanh", dtype))
    assert found.verdict == "suspect"
    assert isinstance(found.cause, Irreproducible)
    assert found.cause.farthest.envelopes < FAR / 4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in FAULTY if name not in ("NoisyRate", "ShuffledCosts")])
def test_a_fault_that_only_long_runs_show_at_random_disagrees(name: str, dtype: str) -> None:
    found = row(faulty(name), case_of("breast_cancer-2layer-sigmoid", dtype))
    assert found.verdict == "disagrees", of_cause(found.cause)
    assert isinstance(found.cause, Irreproducible | OutsideBound)


@pytest.mark.parametrize("name", ["NoisyRate", "ShuffledCosts"])
def test_a_fault_of_a_thousandth_is_seen_in_float64(name: str) -> None:
    assert row(faulty(name), case_of("breast_cancer-2layer-sigmoid")).verdict == "disagrees"


def test_the_words_say_how_far_and_where_first() -> None:
    case = case_of("flower-2layer-tanh")
    words = of_cause(row(faulty("MovedByOnePerCent"), case).cause)
    assert "two runs of the same fit differ, by more than rounding does" in words
    assert f"after {case.iterations} steps is" in words
    found = row(faulty("StaleCosts"), case)
    assert isinstance(found.cause, Irreproducible)
    t = found.cause.farthest.iteration
    assert found.cause.farthest.got == pytest.approx(found.cause.farthest.oracle, rel=0.1)  # it is the cost before it
    assert f"the cost at iteration {t} is" in of_cause(found.cause)


def test_a_first_cost_that_is_not_that_of_the_initial_params_lies_outside_its_bound() -> None:
    """By a few roundings more than the error bound, which the envelope would not see."""
    case, made = case_of("one_example-logistic"), honest("in_any_order")

    def fit(*arguments: Any) -> Any:
        trained, costs = made.fit(*arguments)
        if len(costs) > 1:
            costs[0] *= 1 + 1e-13
            costs[-1] *= 1 + np.random.default_rng().random() * 1e-15  # one example has one order only
        return trained, costs

    found = row(SimpleNamespace(**(vars(made) | {"fit": fit})), case)
    assert isinstance(found.cause, OutsideBound)
    assert "the costs that fit reports are not right, at step 0 alone" in of_cause(found.cause)


def test_a_run_is_held_against_the_oracles_own_under_the_convention_that_is_declared() -> None:
    at_zero = Declaration(relu_grad_at_zero=(("relu", "left"),), convention="ReLU' is 0 at 0")
    left = RIGHT.replaced(right_of_kink=lambda self, network, name, Z: Z > 0)
    judging = Judge(case_of("kink-2layer-relu"))
    made = honest("in_any_order", gradient=left.cost_and_gradients)
    assert envelopes(made, judging, at_zero) < FAR / 4
    assert envelopes(made, judging) > FAR


def test_a_reduced_precision_that_is_declared_widens_the_envelope() -> None:
    tf32 = framework(MUTANTS["TF32 products"]).gradients["reference"]
    for problem in ("flower-2layer-tanh", "breast_cancer-3layer-relu", "kink_outputs-3layer-leaky_relu"):
        judging = Judge(case_of(problem, "float32"))
        assert envelopes(honest("in_any_order", gradient=tf32), judging, Declaration(precision="tf32")) < FAR / 4


SLOW_ONES = ("digits", "many", "threads", "wide")


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("problem", [s.name for s in SPECS if s.default and not s.name.startswith(SLOW_ONES)])
def test_no_honest_order_of_any_sum_comes_near_the_limit_and_most_faults_lie_beyond(problem: str, dtype: str) -> None:
    judging = Judge(case_of(problem, dtype))
    assert max(envelopes(honest(name, seed), judging) for name in HONEST for seed in (0, 1)) < FAR / 4
    one = judging.case.X.shape[1] == 1
    names = [name for name in FAULTY if not (one and name in ("OneExampleMissing", "Bootstrap"))]
    seen = [name for name in names if envelopes(faulty(name), judging) > FAR]
    still = ("zero_weights", "saturated", "badly_scaled", "no_class")  # they hardly move, or an ulp moves them as far
    assert len(seen) >= (2 if problem.startswith(still) else len(names) - 2)


def test_a_run_that_differs_and_comes_to_no_number_with_the_oracle_is_suspect_still() -> None:
    case = case_of("one_feature-linear", learning_rate=1e30, iterations=60)
    assert len(case.checkpoints) < 3
    assert row(honest("in_any_order"), case).verdict == "suspect"


# ---------------------------------------------------------------- better arithmetic

BETTER = ("master_weights", "compensated", "wide")


@pytest.mark.parametrize("problem", ["kink-2layer-relu", "constant_features-logistic", "badly_scaled-logistic"])
@pytest.mark.parametrize("variant", BETTER)
def test_training_in_better_arithmetic_agrees(variant: str, problem: str) -> None:
    better = load("crosscheck.evaluation.varied.with_numpy")
    found = row(better, case_of(problem, "float32"), variant=variant)
    assert found.verdict == "agrees", of_cause(found.cause)


def better_answer(problem: str) -> tuple[Judge, Answer]:
    case = case_of(problem, "float32")
    return Judge(case), measure(load("crosscheck.evaluation.varied.with_numpy"), "master_weights", PLAIN, case, "cpu")


def test_the_rounding_of_params_between_steps_is_granted_to_runs_of_other_lengths_only() -> None:
    judging, answer = better_answer("constant_features-logistic")
    assert answer.run.certification is Certification.LENGTHS
    assert max(c.ratio for c in certify(judging, answer, PLAIN)) <= 1
    single = answer._replace(run=answer.run._replace(certification=Certification.ALL))
    assert max(c.ratio for c in certify(judging, single, PLAIN)) > 1


# ---------------------------------------------------------------- textbook formulas where they have no value


def of_gradients(change: Any) -> Any:
    """Return the textbook with its answer changed, and nothing else."""
    numpy = load("numpy")

    def gradient(*arguments: Any) -> Any:
        J, slopes = numpy.gradients["textbook"](*arguments)
        return change(J), tuple(Layer(*map(change, layer)) for layer in slopes)

    return as_whole(gradient)


def as_whole(gradient: Any) -> Any:
    def fit(variant: str, *rest: Any) -> Any:
        return irreproducible.descend(gradient, *rest)

    return SimpleNamespace(**(vars(framework()) | {"gradients": {"reference": gradient}, "fit": fit}))


SATURATED = ("saturated-logistic", "saturated-2layer-tanh", "badly_scaled-logistic")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("problem", SATURATED)
def test_nan_to_num_behind_a_declared_textbook_formula_disagrees(problem: str, dtype: str) -> None:
    case = case_of(problem, dtype)
    assert row(of_gradients(lambda array: array), case, TEXTBOOK).verdict == "undefined"
    found = row(of_gradients(np.nan_to_num), case, TEXTBOOK)
    assert (found.verdict, type(found.cause)) == ("disagrees", NotTheFormula)
    assert "got 0, oracle" in of_cause(found.cause)
    assert "the textbook formula that it declares gives inf or NaN there, or" in of_cause(found.cause)


def test_a_clipped_logarithm_behind_a_declared_textbook_formula_is_named() -> None:
    name = "A clipped to [1e-7, 1 - 1e-7]"
    found = row(framework(MUTANTS[name]), case_of("saturated-logistic"), TEXTBOOK)
    assert found.verdict == "disagrees"
    assert f"equals `{name}`" in of_cause(found.cause)


def test_what_is_right_by_the_stable_formula_is_not_held_to_the_textbooks() -> None:
    assert row(framework(), case_of("saturated-logistic"), TEXTBOOK).verdict == "undefined"


def test_a_replaced_nan_in_fit_alone_disagrees() -> None:
    made = of_gradients(lambda array: array)
    changed = of_gradients(np.nan_to_num)
    made.fit = changed.fit
    found = row(made, case_of("saturated-logistic"), TEXTBOOK)
    assert isinstance(found.cause, NotTheFormula)
    assert found.cause.first.tensor.of_fit


@given(
    W=arrays("float64", (4, 2), elements=st.floats(-1e3, 1e3)),
    V=arrays("float64", (1, 4), elements=st.floats(-1e3, 1e3)),
    dtype=st.sampled_from(DTYPES),
    hidden=st.sampled_from(("tanh", "sigmoid", "relu")),
)
def test_no_finite_number_of_an_honest_textbook_is_impossible(W: Any, V: Any, dtype: str, hidden: str) -> None:
    case = case_of("flower-2layer-tanh", dtype, activation=hidden, iterations=1)
    params = (Layer(W.astype(dtype), np.zeros((4, 1), dtype)), Layer(V.astype(dtype), np.ones((1, 1), dtype)))
    case = case._replace(checkpoints=(params,), steps=(0,))
    with np.errstate(all="ignore"):
        answer = measure(of_gradients(lambda array: array), "reference", TEXTBOOK, case, "cpu")
        assert first_impossible(Judge(case), answer, TEXTBOOK) is None


def test_a_textbook_run_that_comes_to_nan_where_every_step_is_seen_disagrees() -> None:
    case, made = case_of("flower-2layer-tanh"), as_framework(RIGHT, "reference")

    def fit(*arguments: Any) -> Any:
        trained, costs = framework().fit(*arguments)
        return (trained, costs) if len(costs) == 1 else (tuple(Layer(W * np.nan, b) for W, b in trained), costs)

    assert row(SimpleNamespace(**(vars(made) | {"fit": fit})), case, TEXTBOOK).verdict == "disagrees"
    assert all(np.isfinite(a).all() for a in flat(case.checkpoints[0]))
