"""Every implementation in a process of its own: whatever happens to one, the others' results stand."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from crosscheck.cli import outcome
from crosscheck.comparison.asked import Request, check_device, implementations
from crosscheck.comparison.session import compare
from crosscheck.judge.verdict import Row
from crosscheck.problems.catalogue import BY_NAME, Problem, build
from crosscheck.report.words import of_cause, of_failure
from crosscheck.runner import settings
from crosscheck.runner import subprocesses as workers
from crosscheck.runner.subprocesses import About, Failure, probe
from crosscheck_impls.interface import BadInput

from tests.harness.processes import descendants, gone

TROUBLE = "tests.harness.outsiders.trouble"
RIGHT = "tests.harness.outsiders.right"


@pytest.fixture(scope="module")
def problem() -> Problem:
    return build(BY_NAME["small_weights-2layer-tanh"])._replace(iterations=4)


def rows_of(problem: Problem, *names: str, time_limit: float = 20.0) -> dict[str, Row]:
    request = Request([problem], implementations(names), ["float64"], "cpu", time_limit)
    rows = compare(request, lambda *_: None).rows
    assert len(rows) == len(names)
    return {row.implementation: row for row in rows}


@pytest.fixture(scope="module")
def rows(problem: Problem) -> dict[str, Row]:
    """All kinds of trouble in one run, a good implementation among them."""
    kinds = [
        "raises", "killed", "segfault", "exits", "sys_exit", "memory", "prints", "mutates", "rank_1", "other_dtype",
        "nan", "too_many_layers", "nonsense", "costs_of_nan", "costs_of_7",
    ]  # fmt: skip
    return rows_of(problem, *(f"{TROUBLE}/{kind}" for kind in kinds), f"{RIGHT}/mine", "numpy/by_hand")


@pytest.mark.parametrize(
    ("kind", "verdict", "words"),
    [
        ("raises", "failed", "ValueError: two plus two is five"),
        ("killed", "failed", "SIGKILL"),
        ("segfault", "failed", "SIGSEGV"),
        ("exits", "failed", "exit code 3"),
        ("sys_exit", "failed", "SystemExit: I have had enough"),
        ("memory", "failed", "out of memory"),
        ("prints", "agrees", ""),
        ("mutates", "disagrees", "X was changed"),
        ("rank_1", "disagrees", "db1 has shape (4,), expected (4, 1)"),
        ("other_dtype", "disagrees", "dW1 is float16, expected float64"),
        ("nan", "disagrees", "got nan"),
        ("too_many_layers", "disagrees", "3 layers came back, expected 2"),
        ("nonsense", "failed", ""),
        ("costs_of_nan", "disagrees", "fit: J at iteration 1: got nan"),
        ("costs_of_7", "disagrees", "fit: J at iteration 0: got 7"),
    ],
)
def test_trouble_is_a_row_with_its_reason(rows: dict[str, Row], kind: str, verdict: str, words: str) -> None:
    row = rows[f"{TROUBLE}/{kind}"]
    assert row.verdict == verdict
    assert words in of_cause(row.cause)
    assert "\n" not in of_cause(row.cause)


def test_the_others_results_stand(rows: dict[str, Row]) -> None:
    assert rows[f"{RIGHT}/mine"].verdict == "agrees"
    assert rows["numpy/by_hand"].verdict == "agrees"
    assert outcome.exit_code(list(rows.values())) == 1


def test_what_an_implementation_prints_stays_out_of_our_output(problem: Problem, capfd: pytest.CaptureFixture) -> None:
    assert rows_of(problem, f"{TROUBLE}/prints")[f"{TROUBLE}/prints"].verdict == "agrees"
    assert capfd.readouterr() == ("", "")


def test_a_hang_is_stopped(problem: Problem) -> None:
    before = time.monotonic()
    row = rows_of(problem, f"{TROUBLE}/hangs", time_limit=4.0)[f"{TROUBLE}/hangs"]
    assert (row.verdict, "no answer within 4 s" in of_cause(row.cause)) == ("failed", True)
    assert time.monotonic() - before < 60  # not the ten minutes that it wanted to sleep


@pytest.mark.slow
def test_a_stop_in_the_middle_of_a_message_is_ended_too(problem: Problem) -> None:
    row = rows_of(problem, f"{TROUBLE}/half_a_message", time_limit=4.0)[f"{TROUBLE}/half_a_message"]
    assert (row.verdict, "no answer within 4 s" in of_cause(row.cause)) == ("failed", True)


TEAM = ("tests.harness.outsiders.team/loops", "--processes", "2")


@pytest.mark.parametrize(
    ("number", "code", "asked"),
    [
        (signal.SIGTERM, 143, (f"{TROUBLE}/hangs",)),
        (signal.SIGINT, 130, (f"{TROUBLE}/hangs",)),
        (signal.SIGKILL, -9, (f"{TROUBLE}/hangs",)),
        (signal.SIGKILL, -9, TEAM),
    ],
    ids=["SIGTERM", "SIGINT", "SIGKILL", "SIGKILL with a team"],
)
def test_nothing_is_left_when_the_harness_ends(
    tmp_path: Path, number: signal.Signals, code: int, asked: tuple[str, ...]
) -> None:
    root = Path(__file__).parents[2]
    command = [
        sys.executable,
        "-m",
        "crosscheck",
        "compare",
        "--impl",
        *asked,
        "--problem",
        "kink-2layer-relu",
    ]
    harness = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")], cwd=root, env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while len(descendants(harness.pid)) < (6 if asked == TEAM else 2) and time.monotonic() < deadline:
        time.sleep(0.1)
    harness.send_signal(number)
    assert harness.wait(20) == code
    assert gone(f"TMPDIR={tmp_path}")
    assert [path.name for path in tmp_path.iterdir()] in ([], ["out"])


def test_kill_of_a_worker_fails_that_case_and_the_rest_go_on(problem: Problem) -> None:
    """As `kill -9` from another shell: the first worker that computes is killed, once."""
    problems = [problem._replace(name=f"p{k}") for k in range(40)]  # more than may wait to be judged
    killed = threading.Event()

    def report(name: str, done: int, total: int) -> None:
        if f"{RIGHT}/mine on" in name and done == 1 and not killed.is_set():
            killed.set()
            os.kill(descendants()[-1], signal.SIGKILL)

    rows = compare(Request(problems, implementations([f"{RIGHT}/mine"]), ["float64"], "cpu", 20.0), report).rows
    assert killed.is_set()
    assert [row.problem for row in rows] == [problem.name for problem in problems]
    assert rows[0].verdict == "agrees"
    (failed,) = [row for row in rows if row.verdict != "agrees"]
    assert failed.verdict == "failed"
    assert "SIGKILL" in of_cause(failed.cause)


def test_an_implementation_that_dies_again_and_again_is_given_up(problem: Problem) -> None:
    problems = [problem._replace(name=f"p{k}") for k in range(5)]
    rows = compare(
        Request(problems, implementations([f"{TROUBLE}/exits"]), ["float64"], "cpu", 20.0), lambda *_: None
    ).rows
    assert [row.verdict for row in rows] == ["failed"] * 5
    assert "given up after 3 lost processes" in of_cause(rows[-1].cause)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("tests.harness.outsiders.broken_import", "RuntimeError: the licence server does not answer"),
        ("tests.harness.outsiders.dies_on_import", "exit code 7"),
        ("tests.harness.outsiders.lacks", "lacks gradients"),
        ("tests.harness.outsiders.nowhere", "no module"),
        ("no_such_package.mine", "no module 'no_such_package'"),
    ],
)
def test_a_module_that_cannot_be_loaded_is_refused_with_the_reason(module: str, words: str) -> None:
    found = probe(module, 20.0)
    assert isinstance(found, Failure)
    assert words in of_failure(found)
    with pytest.raises(BadInput, match="impl"):
        implementations([module], 20.0)


def test_probe_tells_sources_and_devices() -> None:
    about = probe("numpy", 20.0)
    assert isinstance(about, About)
    assert about.devices == ("cpu",)
    assert "by_hand" in about.variants


def test_an_unknown_source_of_a_known_module_is_refused() -> None:
    with pytest.raises(BadInput, match="has no variant 'main'; did you mean"):
        implementations([f"{RIGHT}/main"], 20.0)


def test_cuda_without_cuda_is_refused() -> None:
    with pytest.raises(BadInput, match="device cuda: not here"):
        check_device("cuda", implementations(["numpy"]), 20.0)
    with pytest.raises(BadInput, match="device gpu: unknown"):
        check_device("gpu", implementations(["numpy"]), 20.0)


def test_a_device_that_one_framework_lacks_is_not_run(problem: Problem) -> None:
    rows = compare(
        Request([problem], implementations(["numpy/by_hand"]), ["float64"], "cuda", 20.0), lambda *_: None
    ).rows
    assert [(row.verdict, of_cause(row.cause)) for row in rows] == [("not run", "numpy has no cuda here")]
    with pytest.raises(BadInput, match="nothing ran"):
        outcome.exit_code(rows)


def test_a_framework_that_is_not_installed_is_not_run(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "missing", lambda framework: framework if framework == "jax" else "")
    rows = compare(
        Request([problem], implementations(["jax", "numpy/by_hand"]), ["float64"], "cpu", 20.0), lambda *_: None
    ).rows
    assert {row.verdict for row in rows if row.implementation.startswith("jax")} == {"not run"}
    assert of_cause(rows[0].cause) == "jax is not installed"
    assert rows[-1].verdict == "agrees"


def test_the_answer_does_not_depend_on_how_many_processes_run(problem: Problem) -> None:
    job = workers.Job("numpy", "by_hand", "cpu", [workers_case(problem)])
    found = []
    for at_once in (1, 2):
        workers.run([job], lambda job, case, about, answer: found.append(answer), at_once=at_once)
    first, second = found
    for a, b in zip(first.gradients[0][1], second.gradients[0][1], strict=True):
        assert np.array_equal(a.W, b.W)
        assert np.array_equal(a.b, b.b)


def workers_case(problem: Problem) -> workers.Case:
    from crosscheck.problems.cases import make_case

    return make_case(problem, "float64")


def test_what_jax_compiles_is_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.FOLDERS.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = settings.cache_dir("jax")
    assert folder is not None
    assert folder.is_dir()
    assert tmp_path in folder.parents
    made = settings.environment(2)
    assert made["JAX_COMPILATION_CACHE_DIR"] == str(folder)
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ
    assert settings.caches(made) == [folder, settings.cache_dir("torch")]
    assert settings.caches(made | {"JAX_COMPILATION_CACHE_DIR": "the user's own"}) == [settings.cache_dir("torch")]
    assert "TORCHINDUCTOR_CACHE_DIR" not in settings.environment(2, compilers=["jax"])


def test_without_a_cache_of_the_users_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert settings.cache_dir("jax") is None
    assert "JAX_COMPILATION_CACHE_DIR" not in settings.environment(2)


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "mine")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    made = settings.environment(2)
    assert (made["JAX_COMPILATION_CACHE_DIR"], made["OPENBLAS_NUM_THREADS"]) == ("mine", "7")
