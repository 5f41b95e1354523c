"""A fleet: every host is asked everything, nothing that a host sends is believed, and nothing is lost with a worker."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crosscheck.cli import fleet
from crosscheck.core import sources
from crosscheck.core.plain import Malformed, from_plain
from crosscheck.core.records import Answer
from crosscheck.fleet import head
from crosscheck.fleet.engine import Engine, Lost, Task, Worker
from crosscheck.fleet.head import heard, parted
from crosscheck.fleet.on_dask import worker_of
from crosscheck.fleet.task import Part, answer
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.report import progress
from crosscheck.runner import subprocesses as workers
from crosscheck.runner.serve import Told, of_plain_numbers
from crosscheck.runner.subprocesses import Job
from crosscheck.runner.wire import Reader, pack
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.processes import marked
from tests.harness.test_cli import ENVIRONMENT, ROOT, Run, run  # noqa: F401 (a fixture)
from tests.harness.test_resume import Stand

# ruff: noqa: F811 (a test's argument is the fixture)

COMPARE = [
    "compare", "--impl", "numpy/by_hand", "--impl", "numpy/fast", "--problem", "one_example", "--problem", "one_class",
    "--out", "mine",
]  # fmt: skip
ROWS = 16  # of one host: four problems, two implementations, two dtypes
JOURNAL = Path("mine/agreement.partial.jsonl")
CASES = [make_case(build(BY_NAME[name])._replace(iterations=3), "float64")
         for name in ("one_example-logistic", "one_class-logistic", "one_example-2layer-tanh")]  # fmt: skip
Happens = Callable[["Inline", Worker, int, bytes], bytes]


def quickly(jobs: list[Job], done: Callable[..., None], *_: object, **__: object) -> None:
    """Stand in for the processes, and send what they would."""
    Stand().run(jobs, lambda job, case, about, said: done(job, case, about, of_plain_numbers(said, case.dtype)))


class Ended(Task):
    """A task that has come to its end."""

    def __init__(self, said: bytes | None) -> None:
        self.said = said

    def result(self) -> bytes:
        if self.said is None:
            raise Lost
        return self.said

    def drop(self) -> None:
        pass


class Inline(Engine):
    """Workers in this process. happens: called with the worker, the number of the task and what would come back."""

    questions = 3

    def __init__(self, *names: str, happens: Happens = lambda engine, worker, number, said: said) -> None:
        self.there, self.happens, self.number, self.closed = list(names), happens, -1, False
        self.asked: list[tuple[str, Part]] = []

    def workers(self) -> list[Worker]:
        return [worker_of(f"key of {name}", {"name": name}) for name in self.there]

    def start(self, worker: Worker, asked: bytes, seconds: float) -> Task:
        (frame,) = Reader(trusted=True).feed(asked)
        said = answer(asked)
        if frame.said["is"] == "Call":
            return Ended(said)
        self.asked.append((worker.name, from_plain(Part, *frame)))
        self.number += 1
        try:
            return Ended(self.happens(self, worker, self.number, said))
        except Lost:
            return Ended(None)

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FIRST", 3600.0)
    monkeypatch.setattr(head, "LOOK", 0.001)
    monkeypatch.setattr(head, "PATIENCE", 0.05)


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Inline]:
    """Let `--cluster` reach such workers, in which numpy/fast makes a known mistake."""

    def reach(*names: str, **how: Any) -> Inline:
        engine = Inline(*names, **how)
        monkeypatch.setattr(fleet, "_engine", lambda cluster, slurm: engine)
        monkeypatch.setattr(workers, "run", quickly)
        return engine

    return reach


def table(out: str = "mine") -> list[dict[str, str]]:
    with Path(out, "agreement.csv").open() as file:
        return list(csv.DictReader(file))


def lost(engine: Inline, worker: Worker) -> bytes:
    """Let a worker go away."""
    engine.there.remove(worker.name)
    raise Lost


def otherwise(said: bytes, change: Callable[[Told], Told | None]) -> bytes:
    """Return the frames of a host with its answers changed, or left out."""
    told = [change(from_plain(Told, *frame)) for frame in Reader().feed(said)]
    return b"".join(part for each in told if each is not None for part in pack(each))


def a_last_bit(engine: Inline, worker: Worker, number: int, said: bytes) -> bytes:
    """Flip the last bit of the first J on the host gamma."""

    def change(told: Told) -> Told:
        if not isinstance(told.said, Answer) or told.said.gradients[0][0].dtype == np.float32:
            return told
        (J, gradient), *others = told.said.gradients
        near = np.asarray(np.nextafter(J, J + 1))
        return told._replace(said=told.said._replace(gradients=[(near, gradient), *others]))

    return otherwise(said, change) if worker.host == "gamma" else said


# ---------------------------------------------------------------- one table


def test_every_host_has_every_row_and_all_of_one_bits_agree(run: Run, reached: Callable[..., Inline]) -> None:
    engine = reached("alpha", "beta/0", "beta/1")
    code, out, err = run(*COMPARE, "--cluster", "anywhere:1")
    assert (code, err) == (1, "")
    rows = table()
    assert len(rows) == 2 * ROWS
    for name in ("problem", "implementation", "dtype"):
        assert [row[name] for row in rows[::2]] == [row[name] for row in rows[1::2]]
    assert [row["host"] for row in rows] == ["alpha", "beta"] * ROWS
    assert all(row["bits"] for row in rows)
    assert [row["bits"] for row in rows[::2]] == [row["bits"] for row in rows[1::2]]
    assert out.startswith("2 hosts, 32 rows, bits known of 32: 0 rows stand out.\n")
    assert "A symbol for float64 and one for float32, the gravest of 2 hosts" in out
    assert "32 comparisons over 4 problems on 2 hosts" in out
    assert {name for name, _ in engine.asked} == {"alpha", "beta/0", "beta/1"}
    assert engine.closed
    said = json.loads(Path("mine/environment.json").read_text())
    assert set(said["hosts"]) == {"alpha", "beta"}
    assert said["hosts"]["alpha"]["packages"]["numpy"] == np.__version__
    assert 'id="hosts"' in Path("mine/report.html").read_text()


def test_the_host_with_other_bits_comes_first_everywhere(run: Run, reached: Callable[..., Inline]) -> None:
    reached("alpha", "beta", "gamma", happens=a_last_bit)
    _, out, _ = run(*COMPARE, "--impl", "numpy/by_hand", "--cluster", "anywhere:1")
    assert out.startswith("3 hosts, 48 rows, bits known of 48: 8 rows stand out.\n\nhosts that differ from most")
    assert "  gamma: 0 of 16 verdicts, the bits of 8 rows\n\nhosts as most are (2)\n" in out
    assert "gamma: numpy/by_hand, float64, 4 problems" in out
    code, merged, _ = run("merge", "mine", "-o", "merged.csv")
    assert code == 0
    assert "  gamma: 0 of 16 verdicts, the bits of 8 rows" in merged
    assert Path("merged.csv").read_text().splitlines()[1].split(",")[1:3] == ["gamma", "bits"]
    page = Path("mine/report.html").read_text()
    assert page.index("gamma") < page.index('<section id="matrix"')
    run("report", "mine", "-o", "again.html")
    for text in (page, Path("again.html").read_text()):
        hosts = text[text.index('<section id="hosts"') :]
        assert hosts.index("gamma") < hosts.index("alpha") < hosts.index("beta")
    code, _, err = run("diff", "mine", "mine")
    assert (code, err.count("\n")) == (2, 1)
    assert "the table of 3 hosts, expected that of one; crosscheck merge mine" in err


def test_the_bits_are_those_of_a_run_without_a_fleet(run: Run, reached: Callable[..., Inline]) -> None:
    reached("alpha")
    run(*COMPARE, "--cluster", "anywhere:1")
    run(*COMPARE[:-1], "here")
    ours, theirs = ([(row["problem"], row["bits"], row["verdict"]) for row in table(out)] for out in ("here", "mine"))
    assert ours == theirs


# ---------------------------------------------------------------- workers that go away


def test_what_a_lost_worker_had_is_asked_of_another_of_its_host(run: Run, reached: Callable[..., Inline]) -> None:
    def happens(engine: Inline, worker: Worker, number: int, said: bytes) -> bytes:
        return lost(engine, worker) if (worker.name, number > 2) == ("beta/0", True) else said

    engine = reached("alpha", "beta/0", "beta/1", happens=happens)
    code, out, err = run(*COMPARE, "--cluster", "anywhere:1")
    assert (code, err, engine.there) == (1, "", ["alpha", "beta/1"])
    assert [row["verdict"] for row in table()].count("failed") == 0
    assert len(table()) == 2 * ROWS
    assert "0 rows stand out" in out


def test_where_there_is_no_other_its_rows_have_failed_with_its_name_and_are_asked_again(
    run: Run, reached: Callable[..., Inline]
) -> None:
    def happens(engine: Inline, worker: Worker, number: int, said: bytes) -> bytes:
        return lost(engine, worker) if worker.host == "beta" and number > 9 else said

    reached("alpha", "beta/0", happens=happens)
    code, out, err = run(*COMPARE, "--cluster", "anywhere:1")
    assert (code, err) == (1, "")
    failed = [row for row in table() if row["verdict"] == "failed"]
    assert len(table()) == 2 * ROWS
    assert f"no majority to differ from (1)\n  beta: {len(failed)} of {ROWS} verdicts" in out
    assert f"hosts as most are (1)\n  alpha: {ROWS} rows\n" in out
    assert 0 < len(failed) < ROWS
    words = "the fleet's worker beta/0 is gone, and no other of its host has answered"
    assert {(row["host"], words in row["cause"]) for row in failed} == {("beta", True)}
    again = reached("alpha", "beta/1")
    code, _, err = run(*COMPARE, "--cluster", "anywhere:1", "--resume")
    assert (code, err) == (1, "")
    assert not [row for row in table() if row["verdict"] == "failed"]
    assert {name for name, _ in again.asked} == {"beta/1"}


def test_a_part_that_ends_two_workers_is_given_up_and_the_rest_goes_on(
    run: Run, reached: Callable[..., Inline]
) -> None:
    def happens(engine: Inline, worker: Worker, number: int, said: bytes) -> bytes:
        _, part = engine.asked[-1]
        return lost(engine, worker) if part.cases[0].problem == "one_example-2layer-tanh" else said

    reached(*(f"alpha/{number}" for number in range(9)), happens=happens)
    assert run(*COMPARE, "--cluster", "anywhere:1")[0] == 1
    failed = [row for row in table() if row["verdict"] == "failed"]
    assert 0 < len(failed) < ROWS
    assert len(table()) == ROWS


def test_after_a_signal_it_goes_on_with_what_was_judged(run: Run, reached: Callable[..., Inline]) -> None:
    def happens(engine: Inline, worker: Worker, number: int, said: bytes) -> bytes:
        if number == 5:
            signal.raise_signal(signal.SIGINT)
        return said

    first = reached("alpha", "beta", happens=happens)
    code, _, err = run(*COMPARE, "--cluster", "anywhere:1")
    assert code == 130
    assert "of 32 rows are in mine/agreement.partial.csv; the same with --resume goes on" in err
    assert first.closed
    there = JOURNAL.read_text().count('"is": "Row"')
    assert there
    again = reached("alpha", "beta")
    code, _, err = run(*COMPARE, "--cluster", "anywhere:1", "--resume")
    assert (code, err) == (1, "")
    assert sum(len(part.cases) for _, part in again.asked) == 2 * (ROWS + 4) - there
    assert len(table()) == 2 * ROWS


def test_other_hosts_are_another_run(run: Run, reached: Callable[..., Inline]) -> None:
    reached("alpha", "beta")
    run(*COMPARE, "--cluster", "anywhere:1")
    Path("mine/agreement.jsonl").rename(JOURNAL)
    reached("alpha", "gamma")
    code, _, err = run(*COMPARE, "--cluster", "anywhere:1", "--resume")
    assert (code, "is of another run: hosts alpha, beta, now alpha, gamma" in err) == (2, True)


# ---------------------------------------------------------------- what a host sends is data


def questions() -> tuple[Job, bytes]:
    """Return a job, and what an honest host says of it."""
    job = Job("numpy", "by_hand", "cpu", CASES)
    part = Part("numpy", "by_hand", "cpu", CASES, 3, [], False, 20.0)
    run, workers.run = workers.run, quickly  # type: ignore[assignment]
    try:
        return job, answer(b"".join(pack(part)))
    finally:
        workers.run = run


JOB, SAID = questions()


def test_what_an_honest_host_says_is_taken() -> None:
    assert [question.case.problem for question, _, _ in heard(JOB.questions(), SAID)] == [
        case.problem for case in CASES
    ]


@given(st.data())
def test_bytes_that_are_changed_are_refused_or_still_hold_every_answer(data: st.DataObject) -> None:
    said = bytearray(SAID)
    for _ in range(data.draw(st.integers(1, 3))):
        said[data.draw(st.integers(0, len(said) - 1))] = data.draw(st.integers(0, 255))
    try:
        answers = heard(JOB.questions(), bytes(said))
    except Malformed:
        return
    assert len(answers) == len(CASES)


@given(st.integers(0, len(SAID) - 1))
def test_bytes_that_end_too_early_are_refused(size: int) -> None:
    with pytest.raises(Malformed):
        heard(JOB.questions(), SAID[:size])


def replace_declared(told: Told) -> Any:
    """Return what a host said; of an implementation without its variants."""
    return told.said._replace(declarations={}) if isinstance(told.said, workers.About) else told.said


class Evil:
    """What leaves a mark where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("unpickled"),)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "0 answers"),
        (otherwise(SAID, lambda told: told if told.number else None), "has not said what it is"),
        (otherwise(SAID, lambda told: None if told.number == 2 else told), "answers, expected"),
        (otherwise(SAID, lambda told: told._replace(number=2) if told.number else told), "was not asked"),
        (otherwise(SAID, lambda told: told._replace(number=told.number + 9)), "was not asked"),
        (otherwise(SAID, lambda told: told._replace(said=replace_declared(told))), "has not said what it is"),
    ],
)
def test_something_else_than_the_answers_is_refused(said: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        heard(JOB.questions(), said)


def test_a_host_that_sends_a_pickle_has_failed_and_it_is_not_opened(run: Run, reached: Callable[..., Inline]) -> None:
    said = pickle.dumps(Evil())
    reached("alpha", "beta", happens=lambda engine, worker, number, honest: said if worker.host == "beta" else honest)
    code, _, err = run(*COMPARE, "--cluster", "anywhere:1")
    assert (code, err) == (1, "")
    rows = table()
    assert {row["verdict"] for row in rows if row["host"] == "beta"} == {"failed"}
    words = "sent what cannot be read: message: bytes that begin no message"
    assert all(words in row["cause"] for row in rows if row["host"] == "beta")
    assert "failed" not in {row["verdict"] for row in rows if row["host"] == "alpha"}
    assert not Path("unpickled").exists()


def test_an_answer_without_its_steps_is_no_evidence() -> None:
    def change(told: Told) -> Told:
        if not isinstance(told.said, Answer):
            return told
        return told._replace(said=told.said._replace(run=told.said.run._replace(steps=[])))

    for _, _, said in heard(JOB.questions(), otherwise(SAID, change)):
        assert not isinstance(said, Answer)
        assert said.kind == "no evidence"


def test_a_host_with_other_sources_is_refused(
    run: Run, reached: Callable[..., Inline], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = reached("alpha")
    monkeypatch.setattr(head, "digest", lambda module: "0" if module == "crosscheck_impls" else sources.digest(module))
    code, out, err = run(*COMPARE, "--cluster", "anywhere:1")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "host alpha: has other sources of crosscheck_impls than the head, expected the same" in err
    assert (engine.asked, engine.closed) == ([], True)


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(1, 8))
def test_the_parts_of_a_job_are_all_of_it_in_order(sizes: list[int], most: int) -> None:
    cases = [CASES[0]._replace(problem=str(k), X=np.zeros((1, size * 2**17)), Y=np.zeros((1, 0)))
             for k, size in enumerate(sizes)]  # fmt: skip
    job = Job("numpy", "", "cpu", cases, variants=[case.problem for case in cases], host="alpha")
    parts = list(parted(job, most))
    assert [case for part in parts for case in part.cases] == cases
    assert [name for part in parts for name in part.variants] == job.variants
    for part in parts:
        assert 1 <= len(part.cases) <= most
        assert len(part.cases) == 1 or sum(case.X.nbytes for case in part.cases) <= head.BYTES
        assert replace(part, cases=cases, variants=job.variants) == job


# ---------------------------------------------------------------- bad requests


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cluster", "127.0.0.1:1"], "--cluster 127.0.0.1:1: no scheduler of Dask's answers"),
        (["--cluster", "head"], "--cluster 'head': no address, expected HOST:PORT or tls://HOST:PORT"),
        (["--cluster", "http://head:8786"], "no address, expected HOST:PORT"),
        (["--cluster", "head:port"], "no address, expected HOST:PORT"),
        (["--cluster", "a:1", "--slurm", "b"], "--cluster one engine at a time; leave --slurm out"),
        (["--cluster", "a:1", "--blas", "Haswell"], "--blas Haswell: steers this machine alone; start the workers"),
        (["--slurm", "a b"], "--slurm 'a b': no name of a node, expected node1,node2 or node[1-8]"),
        (["--slurm", "node[1-2]"], "Slurm does not say which nodes these are"),
        (["--slurm", "node1"], "--slurm node1: "),
    ],
)
def test_a_fleet_that_is_not_there_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setattr("crosscheck.fleet.on_dask.CONNECT", 1.0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path.cwd()))
    code, out, err = run(*COMPARE, *words)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert said in err
    assert not list(Path("crosscheck").glob("*"))


def test_explain_is_for_one_machine(run: Run) -> None:
    code, _, err = run("explain", "--impl", "numpy/fast", "--problem", "kink", "--cluster", "a:1")
    assert (code, "explain asks this machine" in err) == (2, True)


# ---------------------------------------------------------------- engines that exist


@contextlib.contextmanager
def scheduled(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a scheduler of Dask's in a process of its own, and return its address too."""
    said = folder / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard",
               "--host", "127.0.0.1", "--scheduler-file", str(said)]  # fmt: skip
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL) as process:
        try:
            whole = when(lambda: said.exists() and said.read_text().endswith("}") and said.read_text())
            yield json.loads(whole)["address"], process
        finally:
            process.kill()


@contextlib.contextmanager
def working(address: str, name: str, folder: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker of Dask's in a process of its own; its environment has the mark FLEET=name of folder."""
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1",
               "--no-dashboard", "--name", name, "--local-directory", str(folder)]  # fmt: skip
    around = {**ENVIRONMENT, "FLEET": f"{name} of {folder.name}", **variables}
    with subprocess.Popen(command, cwd=ROOT, env=around, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler."""
    pytest.importorskip("distributed")
    with scheduled(tmp_path_factory.mktemp("scheduler")) as (address, _):
        yield address


@pytest.fixture
def worker(scheduler: str, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start workers of that scheduler, which end with the test."""
    with contextlib.ExitStack() as started:
        yield lambda name, **variables: started.enter_context(working(scheduler, name, tmp_path, **variables))


def when(so: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until something is so, and return it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if said := so():
            return said
        time.sleep(0.05)
    raise AssertionError("it is not so in time")


def there(scheduler: str, *names: str) -> None:
    """Wait until the scheduler has exactly these workers."""
    from distributed import Client

    with Client(scheduler, set_as_default=False) as client:
        when(lambda: {said["name"] for said in client.scheduler_info()["workers"].values()} == set(names))


def start(*words: str, folder: Path) -> subprocess.Popen[str]:
    """Start crosscheck in a process of its own."""
    command = [sys.executable, "-m", "crosscheck", *words]
    return subprocess.Popen(
        command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_two_workers_of_dask_are_two_hosts_and_one_that_is_killed_costs_nothing(
    run: Run, scheduler: str, worker: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    worker("alpha"), worker("beta/0")
    victim = worker("beta/1")
    there(scheduler, "alpha", "beta/0", "beta/1")
    process = start(*COMPARE, "--cluster", scheduler, folder=tmp_path)
    mark = f"beta/1 of {tmp_path.name}"
    when(lambda: len(marked(mark)) > 1)  # it is at work
    victim.kill()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert len(table()) == 2 * ROWS
    assert {row["verdict"] for row in table()} == {"agrees"}
    assert "0 rows stand out" in out
    when(lambda: not marked(mark))


@pytest.mark.slow
def test_a_host_with_another_kernel_is_listed_first(
    run: Run, scheduler: str, worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    worker("alpha", OPENBLAS_CORETYPE="Haswell"), worker("beta", OPENBLAS_CORETYPE="Haswell")
    worker("gamma", OPENBLAS_CORETYPE="Nehalem")
    there(scheduler, "alpha", "beta", "gamma")
    code, out, _ = run("compare", "--impl", "numpy/by_hand", "--problem", "breast_cancer-3layer", "--cluster",
                       scheduler, "--out", "mine")  # fmt: skip
    assert code == 0
    assert "hosts that differ from most, or have no majority to differ from (1)\n  gamma: 0 of " in out


@pytest.mark.slow
def test_without_its_scheduler_a_run_ends_with_one_line_and_can_be_gone_on_with(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with scheduled(tmp_path) as (address, scheduler), working(address, "alpha", tmp_path):
        there(address, "alpha")
        process = start(*COMPARE, "--cluster", address, folder=tmp_path)
        when(lambda: JOURNAL.exists() and '"is": "Row"' in JOURNAL.read_text())
        scheduler.kill()
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert f"crosscheck: --cluster {address}: the scheduler is gone; start it again, and --resume goes on\n" in err
    assert "distributed" not in err


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_the_end_of_the_head_ends_what_runs_on_the_hosts(
    run: Run, scheduler: str, worker: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, number: int, code: int
) -> None:
    worker("alpha")
    there(scheduler, "alpha")
    mark = f"alpha of {tmp_path.name}"
    process = start("compare", "--impl", "tests.harness.outsiders.trouble/hangs", "--problem", "one_class", "--cluster",
                    scheduler, folder=tmp_path)  # fmt: skip
    when(lambda: len(marked(mark)) > 2)  # a keeper, and what it keeps
    time.sleep(1)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == code
    when(lambda: len(marked(mark)) == 1)


@pytest.mark.slow
def test_the_jobs_of_submitit_do_the_same(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])
    code, _, err = run(*COMPARE, "--slurm", "local")
    assert code == 0, err
    assert len(table()) == ROWS
    assert {row["host"] for row in table()} == {os.uname().nodename}
    assert not list((tmp_path / "cache" / "crosscheck").glob("slurm-*"))
    shutil.rmtree("mine")


SLURM = {
    "sbatch": """#!/bin/sh
    node=$(sed -n 's/^#SBATCH --nodelist=//p' "$1")
    export SLURM_JOB_NODELIST=$node SLURM_NTASKS=1 SLURM_JOB_NUM_NODES=1 SLURM_NODEID=0 SLURM_PROCID=0 SLURM_LOCALID=0
    echo $node $(grep -c -- '--exclusive' "$1") >> "$(dirname "$0")/nodes"
    SLURM_JOB_ID=$$ nohup sh "$1" > /dev/null 2>&1 &
    echo "Submitted batch job $$"
    """,
    "sacct": "#!/bin/sh\necho 'JobID|State|NodeList'\n",
    "srun": "#!/bin/sh\nexit 1\n",
    "scancel": "#!/bin/sh\nexit 0\n",
    "scontrol": "#!/bin/sh\nprintf 'node1\\nnode2\\n'\n",
}  # what of Slurm is called, on this machine


@pytest.mark.slow
def test_slurm_is_asked_for_each_node(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in SLURM.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])
    code, out, err = run("compare", "--impl", "numpy/by_hand", "--problem", "one_class", "--slurm", "node[1-2]",
                         "--out", "mine")  # fmt: skip
    assert code == 0, err
    assert [row["host"] for row in table()] == ["node1", "node2"] * 2
    assert "0 rows stand out" in out
    assert set((programs / "nodes").read_text().splitlines()) == {"node1 1", "node2 1"}
