"""The table of mutants, the noise floor, and the measurement of what is caught."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crosscheck.cli.main import app
from crosscheck.comparison.asked import Implementation
from crosscheck.core.records import flat
from crosscheck.evaluation import score, score_tables
from crosscheck.evaluation.baselines import CRITERIA, alarms, seen
from crosscheck.evaluation.false_alarms import problems, request, run
from crosscheck.evaluation.score import Pair, on_problem
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import Key, judge
from crosscheck.mutation import mutants
from crosscheck.mutation.build import framework
from crosscheck.mutation.equivalence import Exact, reached
from crosscheck.mutation.mutant import also
from crosscheck.mutation.mutant import mutant as mutant_of
from crosscheck.mutation.mutants import BY_NAME, MUTANTS, Change, Kind
from crosscheck.mutation.rounding import tf32
from crosscheck.oracle.noise import FACTOR, Sequential, permuted
from crosscheck.oracle.reference import Reference
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME as PROBLEMS
from crosscheck.problems.catalogue import Options, build
from crosscheck.report.words import of_cause
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import Declaration

PLAIN = Declaration()


def case_of(problem: str, dtype: str = "float64", **options: Any) -> Any:
    return make_case(build(PROBLEMS[problem], Options(iterations=6, **options)), dtype)


def test_the_table_of_mutants_is_whole() -> None:
    assert len(MUTANTS) == 154
    assert len(BY_NAME) == len(MUTANTS)
    assert {mutant.kind for mutant in MUTANTS} == set(Kind) - {Kind.DISTRIBUTED}  # made for a number of processes
    for mutant in MUTANTS:
        assert mutant.words, mutant.name
        assert len(mutant.changes) == len(mutant.hooks), mutant.name
        assert all(change.right or change.wrong for change in mutant.changes), mutant.name
        assert mutant.affects_training == (mutant.kind == "training"), mutant.name
        assert framework(mutant).name == mutant.name


def test_every_mutant_is_in_the_folder_that_the_table_reads() -> None:
    folder = Path(str(mutants.__file__)).parent
    assert {path.stem for path in folder.glob("*.py")} == {*mutants.MODULES, "__init__"}


def test_a_mutant_replaces_a_function_of_the_reference_with_the_same_arguments() -> None:
    for mutant in MUTANTS:
        for name, wrong in mutant.hooks.items():
            right = inspect.signature(getattr(Reference, name)).parameters
            assert list(inspect.signature(wrong).parameters) == list(right), (mutant.name, name)


def test_a_name_is_given_once_and_a_function_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match="mutant 'momentum' is there already"):
        mutant_of("momentum", Kind.TRAINING, "twice", Reference.step)
    with pytest.raises(ValueError, match=r"mutant 'momentum': .* is no function of the reference"):
        also("momentum", case_of)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("dZ = Y - A", ("dZ = A - Y",), ("dZ = Y - A",)),
        ("dZ[L] times g'", ("dZ = A - Y",), ("dZ = (A - Y) * derivative(network, network.L, Z, A)",)),
        ("X scaled once more", (), ("X = X / 255",)),
        ("tanh' = 1 - A", ("return 1 - A * A",), ("return 1 - A",)),
        ("every seventh step is skipped", (), ("if now.t % 7 == 6:", "return now.params")),
    ],
)
def test_a_change_is_shown_as_the_lines_that_differ(name: str, right: tuple[str, ...], wrong: tuple[str, ...]) -> None:
    assert BY_NAME[name].changes == (Change(right, wrong),)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("problem", ["regression-4layer-mixed", "many_outputs-squared_error", "kink-2layer-leaky_relu"])
@pytest.mark.slow
def test_the_reference_itself_agrees(problem: str, dtype: str) -> None:
    case = case_of(problem, dtype)
    key = Key(problem, "reference", dtype, "cpu")
    row = judge(Judge(case), measure(framework(), "reference", PLAIN, case, "cpu"), PLAIN, key)
    assert row.verdict == "agrees", of_cause(row.cause)


def test_reruns_in_another_order_are_the_same_numbers_with_other_rounding() -> None:
    case = case_of("regression-4layer-mixed", "float32")
    J, gradient = framework().gradients["reference"](case.network, case.checkpoints[1], case.X, case.Y)
    known = Judge(case).at_checkpoint(1, PLAIN)
    differs = 0
    for seed in range(4):
        again = permuted(
            case.network, case.checkpoints[1], case.X, case.Y, seed, Sequential if seed % 2 else np.ndarray
        )
        for got, first, E in zip(flat(again.gradient), flat(gradient), flat(known.theirs.gradient), strict=True):
            assert (np.abs(got - first) <= 2 * E).all()
            differs += bool((got != first).any())
        assert abs(again.J - J) <= 2 * known.theirs.J
    assert differs > 10


def test_reduced_precision_that_the_bound_allows_is_suspect() -> None:
    """Products cut to ten bits in a row of float32 whose bound is wide: proof of nothing, and far from the noise."""
    case = case_of("digits-2layer-relu", "float32")
    made = framework(BY_NAME["TF32 in dW only"])
    key = Key(case.problem, "tf32", "float32", "cpu")
    row = judge(Judge(case), measure(made, "reference", PLAIN, case, "cpu"), PLAIN, key)
    assert row.verdict in ("suspect", "disagrees")
    noisiest = row.noisiest()
    assert noisiest is not None
    assert noisiest.noise > FACTOR
    assert row.explained is not None
    assert row.explained.mutant.name == "TF32 in dW only"


def test_the_cut_to_tf32_keeps_ten_bits_towards_zero() -> None:
    A = np.array([1 + 2.0**-10, 1 + 2.0**-11, -1 - 2.0**-11, 3.0], np.float32)
    assert tf32(A).tolist() == [1 + 2.0**-10, 1.0, -1.0, 3.0]


def test_a_function_that_is_not_called_is_no_mutant_there() -> None:
    there = reached(case_of("flower-logistic"))
    assert "dW without 1/m" in there
    assert not {"dZ without g'", "tanh' = 1 - A", "relu'(0) = 0", "square root error"} & there
    assert {"dZ = Y - A", "TF32 products", "classes swapped", "W updated before dA"} <= there  # any of its functions


def test_shaking_moves_every_activation_and_leaves_the_mutant_in() -> None:
    case = case_of("flower-2layer-tanh")
    for mutant in (None, BY_NAME["A[l] = g(A[l])"], BY_NAME["dW without 1/m"]):
        made = [
            framework(mutant, shake).forward(case.network, case.checkpoints[0], case.X)[0][1] for shake in (False, True)
        ]  # type: ignore[attr-defined]
        assert (made[0] != made[1]).all()
        np.testing.assert_array_max_ulp(*made, maxulp=1)


def test_what_a_mutant_shows_in_follows_from_what_it_replaces() -> None:
    assert {mutant.name for mutant in MUTANTS if mutant.affects_prediction} == {
        "class 1 where Z > 0.5",
        "class 1 where A >= 0.5",
        "classes swapped",
        "class 1 everywhere",
    }
    rounding = {mutant.name for mutant in MUTANTS if mutant.only_rounds}
    assert {"computed in float32", "TF32 in dW only", "alpha rounded to float32"} <= rounding
    assert not {"A clipped to [1e-7, 1 - 1e-7]", "tanh by an approximation", "half the examples in turn"} & rounding


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
    pairs = {pair.mutant: pair for pair in on_problem(("one_example-2layer-tanh", "float64", ())).pairs}
    assert pairs["dW without 1/m"].caught == "equivalent"
    assert pairs["dZ = Y - A"].caught == "bound"
    assert pairs["momentum"].caught == "steps"
    assert pairs["db of rank 1"].caught in ("shapes", "error")
    assert pairs["Z = X W + b"].caught == "error"
    assert pairs["classes swapped"].caught == "labels"
    assert pairs["one label flipped"].baselines["np.allclose"] is True
    assert not any(pair.caught in ("missed", "undecided") for pair in pairs.values())


def test_what_others_would_have_seen() -> None:
    case = case_of("flower-2layer-tanh")
    right = measure(framework(), "reference", PLAIN, case, "cpu")
    assert not any(alarms(case, right.checkpoints, seen(case, right), seen(case, right)).values())
    tiny = measure(framework(BY_NAME["labels smoothed by 1e-7"]), "reference", PLAIN, case, "cpu")
    found = alarms(case, tiny.checkpoints, seen(case, tiny), seen(case, right))
    assert set(found) == set(CRITERIA)
    assert found["np.testing.assert_allclose"]
    assert not found["gradcheck"]
    assert not found["equal accuracy"]


def test_honest_runs_raise_no_alarm(tmp_path: Path) -> None:
    chosen = [Implementation("numpy", "by_hand"), Implementation("numpy", "textbook")]
    runs = run(request(1, chosen), lambda *_: None)
    assert len(runs) == 2 * 2 * len(list(problems(1)))
    assert {each.row.verdict for each in runs} <= {"agrees", "undefined"}
    text = score_tables.markdown([], runs)
    assert f"{len(runs)} runs of right implementations" in text


def test_tables_say_what_was_missed_and_by_how_much() -> None:
    pairs = [
        Pair("dZ = Y - A", "classic", "p", "float64", "bound", 1e9, 1e9, None, "right", dict.fromkeys(CRITERIA, True)),
        Pair("log(A + 1e-8)", "classic", "p", "float64", "missed", 0.5, 0.9, 0.14, "", dict.fromkeys(CRITERIA, False)),
        Pair(
            "J without 1/m", "classic", "p", "float64", "equivalent", 0.0, 0.0, 0.0, "", dict.fromkeys(CRITERIA, False)
        ),
    ]
    (line,) = [line for line in score_tables.summary(pairs, []) if "float64" in line]
    assert "3 pairs" in line
    assert "50.0 % (1 of 2) are caught: 1 by bound" in line
    assert "larger than the rounding noise 100.0 % (1 of 1)" in line
    assert "On no problem: `log(A + 1e-8)`" in line
    text = score_tables.markdown(pairs, [])
    assert "| log(A + 1e-8) | p | float64 | missed | 0.14 | 0.5 | 0.9 |" in text
    assert "| gradcheck | 50.0 % (1 of 2) |" in text


@pytest.mark.slow
def test_the_command_writes_its_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["power", "--problem", "one_class", "--draws", "0", "--out", str(tmp_path)]
    assert app(command, standalone_mode=False) == 0
    assert {path.name for path in tmp_path.iterdir()} == {*score_tables.FILES, "mutation.jsonl"}
    assert "proved to compute the same" in capsys.readouterr().out


def test_an_interrupt_leaves_the_pairs_that_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> Iterator[score.Scored]:
        problem = "one_class-logistic"
        pair = Pair("dZ = Y - A", "classic", problem, "float64", "bound", 1e9)
        yield score.Scored(problem, "float64", [pair])
        raise KeyboardInterrupt

    monkeypatch.setattr(score, "score_all", interrupted)
    with pytest.raises(SystemExit, match="130"):
        app(["power", "--problem", "one_class", "--out", str(tmp_path)], standalone_mode=False)
    assert "interrupted; 1 pairs are in" in capsys.readouterr().err
    header, *lines = (tmp_path / "mutation.partial.csv").read_text().splitlines()
    assert header.startswith("mutant,kind,problem,dtype,caught,ratio,noise,effect,diagnosis,np.allclose")
    assert len(lines) == 1


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
