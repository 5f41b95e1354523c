"""Several processes as one implementation: judged as one, and whoever of them goes wrong is named."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crosscheck.cli.main import main
from crosscheck.comparison.asked import Request, implementations
from crosscheck.comparison.session import compare
from crosscheck.comparison.teams import distributed
from crosscheck.core.failures import Failure, Kind, Rank, Stage
from crosscheck.judge.verdict import Row
from crosscheck.problems.catalogue import BY_NAME, Problem, build
from crosscheck.report import tables
from crosscheck.report.words import of_cause, of_failure
from crosscheck.runner import children
from crosscheck.runner.blame import first_to_go, not_waiting, where
from crosscheck.runner.spread import Spread
from crosscheck_impls.interface import DISTRIBUTED, VARIANTS, BadInput

from tests.harness.processes import descendants, gone

TEAM = "tests.harness.outsiders.team"
MARK = "CROSSCHECK_TEAM_TEST=1"


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build(BY_NAME["small_weights-2layer-tanh"])._replace(iterations=2)


def rows_of(problem: Problem, names: list[str], processes: int, time_limit: float = 60.0) -> dict[str, Row]:
    request = Request([problem], distributed(names, [processes]), ["float64"], "cpu", time_limit)
    rows = compare(request, lambda *_: None).rows
    return {row.implementation: row for row in rows}


# ---------------------------------------------------------------- names


def test_names_of_teams_are_read_as_they_are_written() -> None:
    assert Spread.of("torch*3") == Spread("torch", processes=3)
    assert Spread.of("torch") == Spread("torch")
    assert Spread.of("torch*3").module == "crosscheck_impls.with_torch.distributed"
    assert Spread.of("my_package.mine*3").module == "my_package.mine"
    chosen = distributed(["torch/all_reduce"], [2, 3, 2])
    assert [str(each) for each in chosen] == ["torch*2/all_reduce", "torch*3/all_reduce"]
    assert set(DISTRIBUTED) <= set(VARIANTS)
    assert len(distributed(None, [2])) == sum(map(len, DISTRIBUTED.values()))


@pytest.mark.parametrize(
    ("names", "processes", "words"),
    [
        (["torch/ddb"], 2, "did you mean torch/ddp"),
        (["torch/by_hand"], 2, "not distributed"),
        (["torch/ddp"], 0, "expected 1 to 64"),
        (["no_such_module"], 2, "no such implementation"),
    ],
)
def test_what_is_not_distributed_is_refused_with_what_is(names: list[str], processes: int, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        distributed(names, [processes])
    assert words in str(caught.value)


def test_what_is_distributed_and_asked_for_alone_is_refused_with_the_option() -> None:
    with pytest.raises(BadInput, match="add --processes 2"):
        implementations(["torch/ddp"])


# ---------------------------------------------------------------- who is to blame


def test_the_rank_that_most_others_blame_is_named() -> None:
    said = {
        rank: (1.0 + rank, failure(Kind.RAISED, f"rank {rank}")._replace(rank=Rank(rank, 3, blames=blames)))
        for rank, blames in enumerate((1, 0, 1))
    }
    assert first_to_go(said, 3).rank == Rank(1, 3)
    assert first_to_go({rank: said[rank] for rank in (0, 1)}, 3).rank == Rank(0, 3)


def failure(kind: Kind, message: str = "", number: float = 0) -> Failure:
    return Failure(Stage.CASE, kind, message, number)


def test_a_rank_that_was_killed_is_first_whoever_was_heard_before() -> None:
    reset = failure(Kind.RAISED, "RuntimeError: connection reset")
    said = first_to_go({0: (1.0, reset), 1: (2.0, failure(Kind.KILLED, number=signal.SIGKILL))}, 3)
    assert said.rank == Rank(1, 3)
    assert said.kind is Kind.KILLED


def test_the_first_to_raise_is_named_and_no_rank_where_all_say_the_same() -> None:
    own, reset = failure(Kind.RAISED, "ArithmeticError: own"), failure(Kind.RAISED, "RuntimeError: reset")
    aborted = failure(Kind.KILLED, number=signal.SIGABRT)
    said = first_to_go({0: (2.0, reset), 1: (1.0, own), 2: (0.5, aborted)}, 3)
    assert said.rank == Rank(1, 3)
    assert first_to_go({0: (1.0, own), 1: (2.0, own)}, 2).rank is None
    assert first_to_go({0: (1.0, own)}, 1).rank is None


def stack(*frames: tuple[str, int, str]) -> str:
    lines = [f'  File "{path}", line {line} in {function}' for path, line, function in frames]
    return "\n".join(["a warning", "Stack (most recent call first):", *lines, ""])


LIBRARY = (np.__file__, 26, "wait")


def test_the_rank_that_is_in_no_library_is_what_the_others_wait_for() -> None:
    waits = stack(LIBRARY, ("/home/me/net.py", 7, "gradients"))
    sits = stack(("/home/me/net.py", 5, "loops"), ("/home/me/net.py", 9, "gradients"))
    assert where(waits)[1].function == "gradients"
    assert not_waiting({0: waits, 1: sits, 2: waits}, [], 3) == Rank(1, 3, "net.py:5 loops", (0, 2))
    assert not_waiting({0: waits, 1: sits}, [], 2) == Rank(1, 2, "net.py:5 loops", (0,))
    said = failure(Kind.TIMED_OUT, number=10)._replace(rank=not_waiting({0: waits, 1: sits, 2: waits}, [], 3))
    assert of_failure(said).startswith("rank 1 of 3 sits in net.py:5 loops, ranks 0 and 2 wait for it: no answer")


def test_where_nobody_stands_out_nobody_is_said_to_wait() -> None:
    waits = stack(LIBRARY, ("/home/me/net.py", 7, "gradients"))
    said = not_waiting({0: waits, 2: waits}, [1], 3)
    assert said == Rank(0, 3, "net.py:7 gradients", (), (1,))
    words = of_failure(failure(Kind.TIMED_OUT, number=10)._replace(rank=said))
    assert words.startswith("rank 0 of 3 sits in net.py:7 gradients, rank 1 has answered: no answer")
    assert not_waiting({}, [], 3) is None


def test_in_no_line_of_the_implementation_a_rank_sits_in_what_the_harness_has_called() -> None:
    copies = stack((np.__file__, 90, "inner"), (np.__file__, 40, "array"), (children.__file__, 7, "from_numpy"))
    assert not_waiting({0: copies, 1: copies, 2: copies}, [], 3) == Rank(0, 3, "__init__.py:40 array", (), ())


def test_a_rank_that_waits_for_a_question_has_answered() -> None:
    waits, idle = stack(LIBRARY, ("/home/me/net.py", 7, "gradients")), stack((children.__file__, 7, "receive"))
    assert not_waiting({0: waits, 1: idle}, [2], 3) == Rank(0, 3, "net.py:7 gradients", (), (1, 2))
    assert not_waiting({0: idle, 1: idle}, [], 2) is None


# ---------------------------------------------------------------- teams that add up over a socket


@pytest.fixture(scope="module")
def rows(problem: Problem) -> dict[str, Row]:
    kinds = ("right", "means", "raises", "killed", "stale")
    return rows_of(problem, [f"{TEAM}/{kind}" for kind in kinds], 3)


def of(rows: dict[str, Row], kind: str) -> Row:
    return rows[f"{TEAM}*3/{kind}"]


def test_a_right_team_agrees_and_its_replicas_are_identical(rows: dict[str, Row]) -> None:
    assert of(rows, "right").verdict == "agrees"
    table = tables.frame([of(rows, "right")])
    assert (table["processes"][0], table["replicas"][0]) == (3, "identical")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("raises", "rank 1 of 3 in team.py:"),
        ("raises", "raises: ArithmeticError: out of luck"),
        ("killed", "rank 1 of 3: the process was ended by SIGKILL"),
    ],
)
def test_a_rank_that_goes_wrong_is_named_in_the_one_row_that_fails(rows: dict[str, Row], kind: str, words: str) -> None:
    row = of(rows, kind)
    assert row.verdict == "failed"
    assert words in of_cause(row.cause)


def test_a_mean_of_means_is_named_with_the_number_of_ranks(rows: dict[str, Row]) -> None:
    row = of(rows, "means")
    assert row.verdict == "disagrees"
    assert "equals `3 ranks: mean of means`" in of_cause(row.cause)


def test_a_rank_that_leaves_its_last_update_out_is_seen_though_rank_0_is_right(rows: dict[str, Row]) -> None:
    row = of(rows, "stale")
    assert row.verdict == "disagrees"
    assert "fit's W1 of rank 1 differs from rank 0's, by" in of_cause(row.cause)
    assert list(tables.frame([row])["replicas"]) == ["differ"]


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("loops", "rank 1 of 3 sits in team.py:", " loops, ranks 0 and 2 wait for it: no answer within 12 s"),
        ("leaves", "rank 0 of 3 sits in team.py:", ", rank 1 has answered: no answer within 12 s"),
    ],
)
def test_a_rank_that_does_not_come_is_named_and_nothing_is_left_running(
    problem: Problem, kind: str, first: str, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, value = MARK.partition("=")
    monkeypatch.setenv(name, value)
    row = rows_of(problem, [f"{TEAM}/{kind}"], 3, time_limit=12.0)[f"{TEAM}*3/{kind}"]
    assert row.verdict == "failed"
    assert of_cause(row.cause).startswith(first)
    assert second in of_cause(row.cause)
    assert gone(MARK)


def test_kill_of_one_rank_fails_that_case_and_a_new_team_takes_the_next(problem: Problem) -> None:
    """As `kill -9` from another shell."""
    problems = [problem._replace(name=f"p{k}") for k in range(6)]
    killed = threading.Event()

    def report(name: str, done: int, total: int) -> None:
        if done == 1 and name.startswith(TEAM) and not killed.is_set():
            killed.set()
            os.kill(descendants()[-1], signal.SIGKILL)

    request = Request(problems, distributed([f"{TEAM}/right"], [3]), ["float64"], "cpu", 60.0)
    rows = compare(request, report).rows
    assert len(rows) == len(problems)
    (lost,) = [row for row in rows if row.verdict != "agrees"]
    assert lost.verdict == "failed"
    assert "of 3: the process was ended by SIGKILL" in of_cause(lost.cause)


def test_compare_writes_the_table_of_a_team_with_two_columns_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = f"compare --impl {TEAM}/right --processes 3 --problem kink-2layer-relu --dtype float64 --out {tmp_path}"
    monkeypatch.setattr("sys.argv", ["crosscheck", *words.split()])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0, capsys.readouterr()
    (row,) = pd.read_csv(tmp_path / "agreement.csv").to_dict("records")
    assert (row["implementation"], row["processes"], row["replicas"]) == (f"{TEAM}*3/right", 3, "identical")
    assert row["free_run_iterations"] == 8  # of 40


def test_a_number_of_processes_that_is_none_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["crosscheck", "compare", "--processes", "0"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "processes 0: expected 1 to 64" in " ".join(capsys.readouterr().err.split())


# ---------------------------------------------------------------- the frameworks' own


NAMES = ("kink-2layer-relu", "one_example-2layer-tanh", "saturated-logistic")
NEEDS = {"numpy": "mpi4py", "torch": "torch", "jax": "jax"}


@pytest.mark.slow
@pytest.mark.parametrize("framework", NEEDS)
def test_every_distributed_variant_gives_what_one_process_gives(framework: str) -> None:
    """61 examples and one, two features for three processes: shares that differ in length, and empty ones."""
    pytest.importorskip(NEEDS[framework])
    problems = [build(BY_NAME[name])._replace(iterations=2) for name in NAMES]
    request = Request(problems, distributed([framework], [3]), ["float64"], "cpu", 300.0, together=True)
    rows = compare(request, lambda *_: None).rows
    said = {(row.implementation, row.problem): (row.verdict, of_cause(row.cause)) for row in rows}
    assert {verdict for verdict, _ in said.values()} <= {"agrees", "convention"}, said
    assert len(said) == len(NAMES) * len(DISTRIBUTED[framework])
    table = tables.frame(rows)
    assert set(table["replicas"][table["processes"] == 3]) <= {"identical"}
