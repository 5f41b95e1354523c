"""One of three processes goes wrong, with each library that joins processes: one row has failed, and names it."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from crosscheck.comparison.asked import Implementation, Request
from crosscheck.comparison.session import compare
from crosscheck.comparison.teams import distributed
from crosscheck.core.failures import Failure, Kind, Passes, Rank, Stage
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.report.words import of_cause, of_failure
from crosscheck.runner.blame import Passing, has_given_up, of_another_size, passes_another, still_at_work
from crosscheck.runner.passing import names, tell_each_line

from tests.harness.processes import gone
from tests.harness.test_team import stack

MARK = "CROSSCHECK_FAULTS_TEST=1"
OUTSIDERS = "tests.harness.outsiders"


class Library(NamedTuple):
    """What joins the processes: the package, the module that does so with faults, and what is said of a size."""

    package: str
    module: str
    size: str


LIBRARIES = [
    Library("torch", "with_gloo", "rank 1 of 3 in with_gloo.py:14 other_size: RuntimeError: Detected mismatch"),
    Library("jax", "with_jax_processes", "gradients passes X (2, 396), ranks 0 and 2 pass (2, 400): "),
    Library("mpi4py", "with_mpi", "rank 1 of 3 in with_mpi.py:18 other_size passes sums (1000,), ranks 0 and 2 pass"),
]


@pytest.mark.slow
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.package)
def test_one_of_three_goes_wrong(library: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An error, kill -9, an endless loop, an array of another size; the other rows are there, and nothing is left."""
    pytest.importorskip(library.package)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    name, _, value = MARK.partition("=")
    monkeypatch.setenv(name, value)
    problem = build(BY_NAME["small_weights-2layer-tanh"])._replace(iterations=2)
    kinds = ("raises", "killed", "loops", "other_size", "right")
    chosen = distributed([f"{OUTSIDERS}.{library.module}/{kind}" for kind in kinds], [3])
    rows = compare(Request([problem], chosen, ["float64"], "cpu", 25.0), lambda *_: None).rows
    said = {row.implementation.partition("/")[2]: (str(row.verdict), of_cause(row.cause)) for row in rows}
    assert said.pop("right") == ("agrees", "")
    assert {verdict for verdict, _ in said.values()} == {"failed"}
    assert said["raises"][1].startswith("rank 1 of 3 in planted.py:10 raises: ArithmeticError: out of luck")
    assert said["killed"][1].startswith("rank 1 of 3: the process was ended by SIGKILL")
    assert said["loops"][1].startswith("rank 1 of 3 sits in planted.py:")
    assert "loops, ranks 0 and 2 wait for it: no answer within 25 s" in said["loops"][1]
    assert library.size in said["other_size"][1]
    assert gone(MARK)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_device_that_holds_other_bits_than_the_others_fails_its_row() -> None:
    """By one ulp, on one of three devices of a process; what the first device holds is right."""
    pytest.importorskip("jax")
    problem = build(BY_NAME["small_weights-2layer-tanh"])._replace(iterations=2)
    chosen = [Implementation(f"{OUTSIDERS}.with_jax_devices@3", kind) for kind in ("right", "in_J", "in_dW")]
    rows = compare(Request([problem], chosen, ["float64"], "cpu", 60.0), lambda *_: None).rows
    said = {row.implementation.partition("/")[2]: (str(row.verdict), of_cause(row.cause)) for row in rows}
    assert said.pop("right") == ("agrees", "")
    assert {verdict for verdict, _ in said.values()} == {"failed"}
    for kind, shape in (("in_J", "()"), ("in_dW", "(1, 4)")):
        cause = said[kind][1]
        assert re.fullmatch(rf"RuntimeError: \S+1 holds other bits than \S+0 of an array {re.escape(shape)}", cause)


# ---------------------------------------------------------------- whose array has another size


TRUNCATED = Failure(Stage.CASE, Kind.RAISED, "Exception: MPI_ERR_TRUNCATE: message truncated", rank=Rank(2, 3))


def passing(*shapes: tuple[int, ...], at: str = "net.py:7 exchange") -> list[Passing]:
    return [Passing(at, ("W", "sums"), ((3, 3), shape)) for shape in shapes]


def test_the_one_that_passes_another_shape_than_all_others_is_named_and_whose_words_they_are() -> None:
    named = passes_another(TRUNCATED, 2, passing((10,), (1000,), (10,)))
    assert named.rank == Rank(1, 3, "net.py:7 exchange", passes=Passes("sums", (1000,), (0, 2), (10,)), heard=2)
    assert of_failure(named) == (
        "rank 1 of 3 in net.py:7 exchange passes sums (1000,), ranks 0 and 2 pass (10,): rank 2: "
        "Exception: MPI_ERR_TRUNCATE: message truncated"
    )


def test_of_two_that_differ_the_one_that_was_heard_is_named() -> None:
    named = passes_another(TRUNCATED._replace(rank=Rank(1, 2)), 1, passing((10,), (11,)))
    assert of_failure(named).startswith("rank 1 of 2 in net.py:7 exchange passes sums (11,), rank 0 passes (10,): Exc")


@pytest.mark.parametrize(
    "said",
    [
        passing((10,), (10,), (10,)),
        passing((10,), (11,), (12,)),
        [*passing((10,), (1000,)), *passing((10,), at="net.py:9 other")],
    ],
    ids=["all the same", "all differ", "elsewhere"],
)
def test_where_no_single_one_differs_nothing_is_said_of_it(said: list[Passing]) -> None:
    assert passes_another(TRUNCATED, 2, said) == TRUNCATED


@pytest.mark.parametrize(
    ("words", "of_sizes"),
    [
        ("[enforce fail at pair.cc:459] op.preamble.length <= op.nbytes. 3216 vs 3168", True),
        ("Exception: MPI_ERR_TRUNCATE: message truncated", True),
        ("RuntimeError: Connection reset by peer", False),
        ("ValueError: shapes (3,4) and (5,) not aligned", False),
    ],
)
def test_only_a_library_that_has_seen_two_sizes_is_believed(words: str, of_sizes: bool) -> None:
    assert of_another_size(words) is of_sizes


# ---------------------------------------------------------------- who lets a library wait


LOOPS = stack(("/home/me/net.py", 5, "loops"))
WAITS = stack((np.__file__, 5, "wait"), ("/home/me/net.py", 7, "gradients"))


def test_where_a_library_gives_up_the_one_that_is_still_at_work_is_named() -> None:
    waited = TRUNCATED._replace(message="JaxRuntimeError: DEADLINE_EXCEEDED: GetKeyValue() timed out", rank=Rank(0, 3))
    assert has_given_up(waited.message)
    assert not has_given_up(TRUNCATED.message)
    assert of_failure(still_at_work(waited, {1: LOOPS, 2: WAITS})) == (
        "rank 1 of 3 sits in net.py:5 loops: rank 0: JaxRuntimeError: DEADLINE_EXCEEDED: GetKeyValue() timed out"
    )
    assert still_at_work(waited, {1: LOOPS, 2: LOOPS}) == waited
    assert still_at_work(waited, {2: WAITS}) == waited


# ---------------------------------------------------------------- what a line passes


def inner(array: np.ndarray) -> None:
    total = array.sum()
    del total


def raising(values: np.ndarray) -> None:
    raise ValueError(values.shape)


def outer(X: np.ndarray, Y: np.ndarray) -> None:
    inner(
        X,
    )
    try:
        raising(Y)
    except ValueError:
        del Y


def test_each_line_tells_the_shapes_of_what_it_names_and_again_after_a_call() -> None:
    told: list[Passing] = []
    before = sys.gettrace()
    try:
        tell_each_line(told.append)
        outer(np.zeros((2, 5)), np.zeros(3))
    finally:
        sys.settrace(before)
    seen = [(each.at.split()[1], dict(zip(each.names, each.shapes, strict=True))) for each in told]
    begins, *_, comes_back = (k for k, each in enumerate(seen) if each == ("outer", {"X": (2, 5)}))
    assert ("inner", {"array": (2, 5)}) in seen[begins:comes_back]
    raised = seen.index(("raising", {"values": (3,)}))
    assert seen[raised - 1] == ("outer", {"Y": (3,)})
    assert seen[raised + 1] == ("outer", {}), "an error that goes through tells nothing, what catches it does"


def test_names_are_those_of_a_call_that_goes_on_in_the_next_lines() -> None:
    first = outer.__code__.co_firstlineno + 1
    assert names(outer.__code__, first) == ("X",)
    assert names(outer.__code__, first + 4) == ("Y",)
