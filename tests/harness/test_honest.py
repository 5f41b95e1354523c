"""Right implementations on drawn networks: what is drawn, what is asked, and that a fault among them is reported."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from crosscheck.comparison.asked import Implementation
from crosscheck.core.records import cast, flat
from crosscheck.evaluation import honest
from crosscheck.evaluation.honest_draws import BATCH, POOL, pooled, problem
from crosscheck.evaluation.varied import with_numpy
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import Key, judge
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import Problem
from crosscheck.problems.datasets import Data
from crosscheck.problems.initial_weights import initial
from crosscheck.runner import subprocesses as workers
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import Layer, Network, load
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.harness.test_cli import Run, run  # noqa: F401 (a fixture)

# ruff: noqa: F811 (a test's argument is the fixture)

WORDS = ["honest", "--count", "60", "--seed", "1", "--out", "mine"]
NUMPY = ["--impl", "numpy/by_hand", "--impl", "numpy/fast", "--impl", "crosscheck.evaluation.varied.with_numpy/blocks"]
FAULTY = """
from crosscheck_impls.interface import Layer, load


def gradients(network, params, X, Y):
    J, slopes = load("numpy").gradients["by_hand"](network, params, X, Y)
    return J, tuple(Layer(dW * (1 + 1e-6 * (dW.shape[0] == 1)), db) for dW, db in slopes)
"""


def test_honest_runs_give_no_alarm_and_are_all_counted(run: Run) -> None:
    code, out, _ = run(*WORDS, *NUMPY)
    assert code == 0
    table = pd.read_csv("mine/honest.csv")
    assert table["runs"].sum() == 60
    assert set(table["implementation"]) == {*NUMPY[1::2]}
    assert table[["suspect", "disagrees", "failed", "not run"]].to_numpy().sum() == 0
    assert "60 runs of right implementations on 10 drawn networks: 60 agrees." in out
    assert "None." in Path("mine/honest.md").read_text()
    assert {path.name for path in Path("mine").iterdir()} == {"honest.csv", "honest.md", "honest.jsonl"}
    assert run(*WORDS, *NUMPY, "--resume")[0] == 0  # nothing is left to do
    assert run("honest", "--count", "40", "--out", "mine", *NUMPY)[2].endswith(
        "covers more than this run, and would lose 20 of 60 runs; --out another, or --force\n"
    )


def test_a_fault_in_one_of_them_is_reported_with_the_command_that_shows_it(run: Run) -> None:
    Path("faulty.py").write_text(FAULTY)
    code, out, _ = run(*WORDS, "--impl", "numpy/by_hand", "--impl", "faulty")
    assert code == 1
    table = pd.read_csv("mine/honest.csv").set_index(["implementation", "dtype"])
    assert table.loc[("faulty/gradients", "float64"), "disagrees"] > 5
    assert table.loc["numpy/by_hand", "disagrees"].sum() == 0
    again = next(line.split()[1:] for line in out.splitlines() if line.startswith("  crosscheck honest"))
    assert again[:4] == ["honest", "--seed", "1", "--only"]
    code, out, _ = run(*again)
    assert code == 1
    assert "\nfaulty/gradients on honest-1-" in out
    assert "layer  g" in out


def test_a_run_that_is_interrupted_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str]] = []
    whole = workers.run

    def interrupted(jobs: Any, done: Callable[..., None], *rest: Any, **named: Any) -> None:
        def one(job: Any, case: Any, *said: Any) -> None:
            asked.append((job.name, case.problem, case.dtype))
            if len(asked) == 25:
                raise KeyboardInterrupt
            done(job, case, *said)

        whole(jobs, one, *rest, **named)

    monkeypatch.setattr(workers, "run", interrupted)
    code, _, err = run(*WORDS, *NUMPY)
    assert code == 130
    assert "runs are in mine/honest.partial.csv; the same with --resume goes on" in err
    kept = Path("mine/honest.partial.jsonl").read_text().count('"is": "Row"')
    assert run(*WORDS, *NUMPY, "--resume")[0] == 0
    assert len(asked) == 25 + 60 - kept
    assert pd.read_csv("mine/honest.csv")["runs"].sum() == 60


@pytest.mark.parametrize(
    ("words", "what"),
    [("--count 0", "--count 0: "), ("--seed -1", "--seed -1: "), ("--only -3", "--only -3: ")],
)
def test_what_cannot_be_drawn_is_refused(run: Run, words: str, what: str) -> None:
    code, _, err = run("honest", *words.split(), "--impl", "numpy/by_hand")
    assert (code, err.count("\n")) == (2, 1)
    assert what in err


# ---------------------------------------------------------------- what is drawn


def test_a_network_depends_on_the_seed_and_its_number_alone() -> None:
    first, second = problem(3, 717), problem(3, 717)
    assert first.network == second.network
    assert all(np.array_equal(a, b) for a, b in zip(flat(first.params), flat(second.params), strict=True))
    assert np.array_equal(first.data.X, second.data.X)
    assert not np.array_equal(problem(4, 717).data.X, first.data.X)


def test_all_sorts_of_networks_are_drawn_and_few_shapes_for_compilers() -> None:
    drawn = [problem(1, number) for number in range(BATCH, 3 * BATCH)]
    networks = [each.network for each in drawn]
    assert {network.L for network in networks} == {1, 2, 3, 4, 5, 6}
    assert {g for network in networks for g in network.g} == {"tanh", "sigmoid", "relu", "leaky_relu", "linear"}
    assert {network.loss for network in networks} == {"cross_entropy", "squared_error"}
    assert {network.relu_grad_at_zero for network in networks} == {"left", "right"}
    assert len(set(networks)) == len(networks)
    assert pooled(0)
    assert not pooled(BATCH)
    few = {(each.network, each.data.X.shape[1], each.iterations) for each in (problem(1, n) for n in range(40))}
    assert len(few) == POOL


def test_everyone_is_asked_as_often_and_jax_only_of_few_shapes() -> None:
    chosen = [Implementation("numpy", name) for name in "abcdefg"] + [Implementation("jax", name) for name in "pq"]
    plan = list(honest.batches(20_000, 1, chosen))
    assert 20_000 <= sum(batch.runs for batch in plan) < 20_000 + 2 * honest.ASKED
    for batch in plan:
        assert all((each.framework == "jax") == pooled(batch.numbers.start) for each in batch.chosen)
    asked = Counter(each for batch in plan for each in batch.chosen if each.framework == "numpy")
    assert max(asked.values()) - min(asked.values()) <= 1
    assert {batch.all_processors for batch in plan} == {True, False}


def test_jax_is_asked_as_often_as_the_others_where_that_is_wanted() -> None:
    chosen = [Implementation("numpy", name) for name in "abc"] + [Implementation("jax", name) for name in "pqrs"]
    plan = list(honest.batches(14_000, 1, chosen, evenly=True))
    asked = Counter({str(each): 0 for each in chosen})
    for batch in plan:
        assert all((each.framework == "jax") == pooled(batch.numbers.start) for each in batch.chosen)
        asked.update({str(each): batch.runs // len(batch.chosen) for each in batch.chosen})
    assert min(asked.values()) >= 2000
    assert sum(asked.values()) < 14_000 + 4 * honest.ASKED


# ---------------------------------------------------------------- those that round otherwise


@pytest.mark.parametrize("total", with_numpy.ORDERS, ids=lambda total: total.__name__)
@given(terms=arrays(np.float32, st.tuples(st.just(2), st.integers(1, 40)), elements=st.floats(-1e3, 1e3, width=32)))
def test_a_sum_in_another_order_lies_within_its_bound(total: Callable[[Any], Any], terms: Any) -> None:
    u, n = 2.0**-24, terms.shape[1]
    for got, row in zip(total(terms), terms, strict=True):
        exactly = math.fsum(row.tolist())
        assert abs(float(got) - exactly) <= n * u / (1 - n * u) * math.fsum(np.abs(row).tolist()) + 1e-45


def test_each_of_them_rounds_otherwise() -> None:
    """The same numbers from all would be no variety."""
    random = np.random.default_rng(0)
    network = Network((9, 5, 1), ("tanh", "sigmoid"))
    X, Y = random.standard_normal((9, 60), np.float32), (random.random((1, 60)) < 0.5).astype("float32")
    params = cast(initial(network, "scaled"), "float32")
    gradients = load("crosscheck.evaluation.varied.with_numpy").gradients
    found = {gradients[total.__name__](network, params, X, Y)[1][0].W.tobytes() for total in with_numpy.ORDERS}
    assert len(found) == len(with_numpy.ORDERS)


# ---------------------------------------------------------------- what honest runs have found


def verdict_of(network: Network, params: Any, X: Any, Y: Any, alpha: float, dtype: str, variant: str) -> str:
    case = make_case(Problem("found", Data(X, Y), network, params, alpha, 4), dtype)
    numpy = load("numpy")
    declared = numpy.declarations[variant]
    with np.errstate(all="ignore"):
        answer = measure(numpy, variant, declared, case, "cpu")
        return str(judge(Judge(case), answer, declared, Key("found", variant, dtype, "cpu")).verdict)


def test_a_textbook_sigmoid_that_overflows_has_no_value() -> None:
    """1 / (1 + exp(100)) is 0 in float32, though sigmoid(-100) is a subnormal number."""
    X, Y, params = np.array([[-100.0, 3.0]]), np.array([[0.0, 1.0]]), (Layer(np.array([[1.0]]), np.array([[0.0]])),)
    assert verdict_of(Network((1, 1), ("sigmoid",)), params, X, Y, 0.1, "float32", "textbook") == "undefined"


def test_a_relu_output_that_is_no_number_has_no_bound() -> None:
    """Training that leaves the numbers gives NaN in everybody's predictions."""
    problem_ = problem(3, 473)
    found = verdict_of(problem_.network, problem_.params, *problem_.data[:2], problem_.alpha, "float64", "by_hand")
    assert found in ("agrees", "undefined")
