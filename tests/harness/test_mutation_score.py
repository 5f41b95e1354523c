"""The table of mutants, the noise floor, and the measurement of what is caught."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crosscheck.cli.main import app
from crosscheck.comparison.session import Implementation
from crosscheck.core.records import flat
from crosscheck.evaluation import score_tables as power_tables
from crosscheck.evaluation.baselines import CRITERIA, alarms, seen
from crosscheck.evaluation.false_alarms import Honest, problems, run
from crosscheck.evaluation.score import Pair, on_problem
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import judge
from crosscheck.mutation.build import SOURCE, framework, mutated, tf32
from crosscheck.mutation.equivalence import Exact, reached
from crosscheck.mutation.mutants import BY_NAME, KINDS, MUTANTS
from crosscheck.oracle.noise import FACTOR, permuted
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME as PROBLEMS
from crosscheck.problems.catalogue import Options, build
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import Declaration

PLAIN = Declaration()


def case_of(problem: str, dtype: str = "float64", **options: Any) -> Any:
    return make_case(build(PROBLEMS[problem], Options(iterations=6, **options)), dtype)


def test_the_table_of_faults_is_whole() -> None:
    assert len(MUTANTS) >= 60
    assert len(BY_NAME) == len(MUTANTS)
    assert {mutant.kind for mutant in MUTANTS} == set(KINDS)
    for mutant in MUTANTS:
        assert mutated(mutant) != SOURCE, mutant.name
        assert mutant.diff.count("became") == len(mutant.changes), mutant.name
        framework(mutant)  # it compiles


def test_a_line_that_is_not_there_any_more_is_told() -> None:
    gone = MUTANTS[0]._replace(changes=(("no such line", ""),))
    with pytest.raises(ValueError, match="'no such line' stands 0 times"):
        mutated(gone)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("problem", ["regression-4layer-mixed", "many_outputs-squared_error", "kink-2layer-leaky_relu"])
@pytest.mark.slow
def test_the_reference_itself_agrees(problem: str, dtype: str) -> None:
    case = case_of(problem, dtype)
    key = {"problem": problem, "implementation": "reference", "dtype": dtype, "device": "cpu"}
    row = judge(Judge(case), measure(framework(), "mutated", PLAIN, case, "cpu"), PLAIN, key)
    assert row.verdict == "agrees", row.cause


def test_reruns_in_another_order_are_the_same_numbers_with_other_rounding() -> None:
    case = case_of("regression-4layer-mixed", "float32")
    J, gradient = framework().gradients["mutated"](case.network, case.checkpoints[1], case.X, case.Y)
    known = Judge(case).at_checkpoint(1, PLAIN)
    differs = 0
    for seed in range(4):
        again = permuted(case.network, case.checkpoints[1], case.X, case.Y, seed, sequential=seed % 2 == 1)
        for got, first, E in zip(flat(again.gradient), flat(gradient), flat(known.theirs.gradient), strict=True):
            assert (np.abs(got - first) <= 2 * E).all()
            differs += bool((got != first).any())
        assert abs(again.J - J) <= 2 * known.theirs.J
    assert differs > 10


def test_reduced_precision_that_the_budget_allows_is_suspect() -> None:
    """Products cut to ten bits in a row of float32 whose bound is wide: proof of nothing, and far from the noise."""
    case = case_of("digits-2layer-relu", "float32")
    made = framework(BY_NAME["TF32 in dW only"])
    key = {"problem": case.problem, "implementation": "tf32", "dtype": "float32", "device": "cpu"}
    row = judge(Judge(case), measure(made, "mutated", PLAIN, case, "cpu"), PLAIN, key)
    assert row.verdict in ("suspect", "disagrees")
    noisiest = row.noisiest()
    assert noisiest is not None
    assert noisiest.noise > FACTOR
    assert row.explained is not None
    assert row.explained.mutant.name == "TF32 in dW only"


def test_the_cut_to_tf32_keeps_ten_bits_towards_zero() -> None:
    A = np.array([1 + 2.0**-10, 1 + 2.0**-11, -1 - 2.0**-11, 3.0], np.float32)
    assert tf32(A).tolist() == [1 + 2.0**-10, 1.0, -1.0, 3.0]


def test_a_line_that_is_not_executed_is_no_fault_there() -> None:
    there = reached(case_of("flower-logistic"))
    assert "dW without 1/m" in there
    assert not {"dZ without g'", "tanh' = 1 - A", "relu'(0) = 0", "square root error"} & there


@pytest.mark.parametrize(
    ("mutant", "problem", "same"),
    [
        ("relu'(0) = 0", "kink-2layer-relu", False),
        ("relu'(0) = 1", "kink-2layer-relu", True),
        ("relu'(0) = 0", "breast_cancer-3layer-relu", True),
        ("dW without 1/m", "one_example-2layer-tanh", True),
        ("dW without 1/m", "flower-2layer-tanh", False),
        ("log(sigmoid(z)) saturates", "flower-2layer-tanh", True),
        ("log(A + 1e-8)", "flower-2layer-tanh", False),
        ("alpha without sign", "zero_weights-2layer-tanh", True),
        ("alpha without sign", "flower-logistic", False),
    ],
)
def test_equivalence_is_proved_over_exact_numbers(mutant: str, problem: str, same: bool) -> None:
    pytest.importorskip("flint")
    case = case_of(problem)
    training = BY_NAME[mutant].kind == "training"
    ones = [np.asarray(1.0)] * 99
    points = [] if training else [0]
    size = len(case.network.g) * 2 + 1
    effect = Exact(case, points).differs(BY_NAME[mutant], ones[:size])
    assert (effect == 0) == same


def test_a_problem_tells_what_became_of_each_mutant() -> None:
    pairs = {pair.mutant: pair for pair in on_problem(("one_example-2layer-tanh", "float64"))}
    assert pairs["dW without 1/m"].caught == "equivalent"
    assert pairs["dZ = Y - A"].caught == "bound"
    assert pairs["momentum"].caught == "steps"
    assert pairs["db of rank 1"].caught in ("shapes", "error")
    assert pairs["Z = X W + b"].caught == "error"
    assert pairs["classes swapped"].caught == "labels"
    assert pairs["one label flipped"].usual["np.allclose"] is True
    assert not any(pair.caught in ("missed", "undecided") for pair in pairs.values())


def test_what_others_would_have_seen() -> None:
    case = case_of("flower-2layer-tanh")
    right = measure(framework(), "mutated", PLAIN, case, "cpu")
    assert not any(alarms(case, right.checkpoints, seen(case, right), seen(case, right)).values())
    tiny = measure(framework(BY_NAME["labels smoothed by 1e-7"]), "mutated", PLAIN, case, "cpu")
    found = alarms(case, tiny.checkpoints, seen(case, tiny), seen(case, right))
    assert set(found) == set(CRITERIA)
    assert found["np.testing.assert_allclose"]
    assert not found["gradcheck"]
    assert not found["equal accuracy"]


def test_honest_runs_raise_no_alarm(tmp_path: Path) -> None:
    runs: list[Honest] = []
    run(1, [Implementation("numpy", "by_hand"), Implementation("numpy", "textbook")], lambda *_: None, runs)
    assert len(runs) == 2 * 2 * len(list(problems(1)))
    assert {each.row.verdict for each in runs} <= {"agrees", "undefined"}
    text = power_tables.markdown([], runs)
    assert f"{len(runs)} honest runs" in text


def test_tables_say_what_was_missed_and_by_how_much() -> None:
    pairs = [
        Pair("dZ = Y - A", "classic", "p", "float64", "bound", 1e9, 1e9, None, "right", dict.fromkeys(CRITERIA, True)),
        Pair("log(A + 1e-8)", "classic", "p", "float64", "missed", 0.5, 0.9, 0.14, "", dict.fromkeys(CRITERIA, False)),
        Pair(
            "J without 1/m", "classic", "p", "float64", "equivalent", 0.0, 0.0, 0.0, "", dict.fromkeys(CRITERIA, False)
        ),
    ]
    (line,) = [line for line in power_tables.summary(pairs, []) if "float64" in line]
    assert "3 pairs" in line
    assert "50.0 % (1 of 2) are caught: 1 by bound" in line
    assert "larger than the usual noise 100.0 % (1 of 1)" in line
    assert "On no problem: `log(A + 1e-8)`" in line
    text = power_tables.markdown(pairs, [])
    assert "| log(A + 1e-8) | p | float64 | missed | 0.14 | 0.5 | 0.9 |" in text
    assert "| gradcheck | 50.0 % (1 of 2) |" in text


@pytest.mark.slow
def test_the_command_writes_its_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["power", "--problem", "one_class", "--draws", "0", "--out", str(tmp_path)]
    assert app(command, standalone_mode=False) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(power_tables.FILES)
    assert "proved to compute the same" in capsys.readouterr().out


@pytest.mark.slow
def test_explain_says_who_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    command = ["explain", "--impl", "torch/native", "--problem", "kink-2layer-relu", "--dtype", "float64"]
    assert app([*command, "--iterations", "4"], standalone_mode=False) == 0
    out = capsys.readouterr().out
    assert "torch/native on kink-2layer-relu, float64: convention" in out
    assert "exact     [0." in out
    assert "by ball arithmetic" in out
    explains = [line for line in out.splitlines() if "<- explains it" in line]
    assert len(explains) == 1
    assert "relu'(0) = 0" in explains[0]
