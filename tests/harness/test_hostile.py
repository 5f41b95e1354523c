"""What somebody's module may try: each attempt is a failed row of its own, the other rows are what they were."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from crosscheck.comparison.asked import Request, implementations
from crosscheck.comparison.session import compare
from crosscheck.core.failures import Verdict
from crosscheck.grading.probe import Wanted
from crosscheck.grading.session import check_name
from crosscheck.judge.causes import Twin
from crosscheck.judge.verdict import Row, twins
from crosscheck.problems.catalogue import BY_NAME, Problem, build
from crosscheck.report.words import of_cause, of_failure
from crosscheck.runner.subprocesses import Failure, probe
from crosscheck_impls.interface import BadInput

from tests.faults import __main__ as faults
from tests.harness.processes import descendants, gone

HOSTILE = "tests.harness.outsiders.hostile"
RIGHT = "tests.harness.outsiders.right"
LIMIT = 6.0  # seconds


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build(BY_NAME["small_weights-2layer-tanh"])._replace(iterations=4)


FAILED = {
    "code": "dW1 holds object, expected float64",
    "pickle": "cannot be read: message: bytes that begin no message",
    "forged": "no evidence: gradients at other points",
    "nothing": "cannot be read: message: got None, expected a Told",
    "gigabytes": "cannot be read: 3,052 MiB, expected at most 64",
    "too_much": "cannot be read: 9,216 MiB, expected at most 64",
    "closes": "exit code 0",
    "closes_and_stays": "closed its connection",
    "forks": "exit code 0",
    "exits_0": "exit code 0",
    "prints_without_end": f"no answer within {LIMIT:g} s",
    "words": r"ValueError: half a character \ud800, red \x1b[31m and on",
    "unknown_signal": "ended by signal 50",
    "hangs_in_eq": "fit's J holds object, expected float64",  # objects are not compared
}
HARMLESS = ("forks_and_returns", "leaves_a_process")


class Ran:
    """All of them in one comparison, right ones among them; and what is there when it is over."""

    def __init__(self, problem: Problem, folder: Path) -> None:
        self.proof, self.mark = folder / "proof", f"MARK={folder}"
        os.environ |= {"PROOF": str(self.proof), "MARK": str(folder)}
        names = [f"{RIGHT}/mine", *(f"{HOSTILE}/{kind}" for kind in (*FAILED, *HARMLESS, "complex")), "numpy/by_hand"]
        self.before = descendants()
        made = compare(Request([problem], implementations(names), ["float64"], "cpu", LIMIT), lambda *_: None)
        self.rows = {row.implementation: row for row in made.rows}
        self.after = descendants()
        del os.environ["PROOF"], os.environ["MARK"]


@pytest.fixture(scope="module")
def ran(problem: Problem, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(problem, tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("kind", FAILED)
def test_each_attempt_is_a_failed_row_with_its_reason(ran: Ran, kind: str) -> None:
    row = ran.rows[f"{HOSTILE}/{kind}"]
    assert row.verdict == "failed"
    words = of_cause(row.cause)
    assert FAILED[kind] in words
    assert words.isprintable()
    assert len(words) < 400


def test_the_other_rows_are_what_they_are_alone(ran: Ran, problem: Problem) -> None:
    alone = compare(Request([problem], implementations(["numpy/by_hand"]), ["float64"]), lambda *_: None).rows
    assert [ran.rows["numpy/by_hand"]] == alone
    assert ran.rows[f"{RIGHT}/mine"].verdict == "agrees"


def test_nothing_has_run_in_this_process_and_nothing_is_left(ran: Ran) -> None:
    assert not ran.proof.exists()
    assert ran.after == ran.before
    assert gone(ran.mark)


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_process_of_its_own_harms_nobody(ran: Ran, kind: str) -> None:
    """Of a copy that answers too, only one is heard; one that is left behind, in a session of its own, is ended."""
    assert ran.rows[f"{HOSTILE}/{kind}"].verdict == "agrees"


def test_numbers_of_another_kind_are_a_broken_promise(ran: Ran) -> None:
    row = ran.rows[f"{HOSTILE}/complex"]
    assert row.verdict == "disagrees"
    assert "J is complex128, expected float64" in of_cause(row.cause)


def test_devices_that_are_none_are_told_so() -> None:
    found = probe("tests.harness.outsiders.no_devices", 20.0)
    assert isinstance(found, Failure)
    assert "devices() returned None, expected names such as ('cpu',)" in of_failure(found)


def test_a_float32_row_whose_twin_was_killed_has_failed(problem: Problem) -> None:
    def row(dtype: str, verdict: Verdict) -> Row:
        return Row("p", "mine/x", dtype, "cpu", verdict)

    for theirs, expected in ((Verdict.FAILED, "failed"), (Verdict.DISAGREES, "disagrees"), (Verdict.AGREES, "agrees")):
        rows = [row("float64", theirs), row("float32", Verdict.AGREES)]
        twins(rows)
        assert rows[1].verdict == expected
    assert isinstance(rows[1].cause, Twin | None)


# ---------------------------------------------------------------- a learner's function

BODIES = {
    "code": "class Code:\n    def __reduce__(self): return open, ({proof!r}, 'w')\n"
    "def cost_and_gradients(p, X, Y): return np.array(Code()), {{'dW1': Code(), 'db1': Code()}}",
    "forges": "def cost_and_gradients(p, X, Y):\n    hostile._forged(None, (), X, Y)",
    "gigabytes": "def cost_and_gradients(p, X, Y):\n    hostile._gigabytes()",
    "closes": "def cost_and_gradients(p, X, Y):\n    os.closerange(3, 256)\n    return 0.0, {{}}",
    "forks": "def cost_and_gradients(p, X, Y):\n    hostile._forks()",
    "exits": "def cost_and_gradients(p, X, Y):\n    os._exit(0)",
    "hangs": "class Slow(float):\n    def __eq__(self, other):\n        while True: pass\n    __array__ = __eq__\n"
    "def cost_and_gradients(p, X, Y): return Slow(), {{'dW1': Slow(), 'db1': Slow()}}",
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_hostile_function_is_never_right(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARK", str(tmp_path))
    proof = tmp_path / "proof"
    file = tmp_path / "mine.py"
    head = "import os\nimport numpy as np\nfrom tests.harness.outsiders import hostile\n"
    file.write_text(head + BODIES[kind].format(proof=str(proof)) + "\n")
    right, words = False, ""
    try:
        found = check_name(str(file), Wanted(problems=("one_example",), layers=""), time_limit=LIMIT)
        right, words = found.right, found.text
    except BadInput as error:
        words = str(error)
    assert not right
    assert words.replace("\n", "").isprintable()
    assert not proof.exists()
    assert gone(f"MARK={tmp_path}")


# ---------------------------------------------------------------- faults while it runs


@pytest.mark.slow
def test_faults_at_random_times_cost_no_row_and_leave_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m tests.faults` injects as many as one likes."""
    found = Counter[str]()
    assert faults.strike("compare", 6, random.Random(3), found) == 6
    assert not any(found[name] for name in faults.WRONG), (found, capsys.readouterr().err)
