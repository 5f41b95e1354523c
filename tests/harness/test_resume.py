"""Whatever ends a run, the same command with --resume goes on with it, and ends with the same tables."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from crosscheck.bench import command as benching
from crosscheck.bench.figures import Line
from crosscheck.bench.report import Grown
from crosscheck.claims.engine import run as claiming
from crosscheck.claims.engine.lab import EXACT, Findings, row
from crosscheck.comparison import identity
from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.evaluation import score
from crosscheck.evaluation.score import Pair, Scored
from crosscheck.mutation.build import VARIANT, framework
from crosscheck.mutation.mutants import BY_NAME
from crosscheck.report import progress
from crosscheck.runner import subprocesses as workers
from crosscheck.runner.collect import measure
from crosscheck.runner.subprocesses import About
from crosscheck_impls.interface import Declaration, Network, load

from tests.harness.test_cli import ENVIRONMENT, Run, handles_signals, run  # noqa: F401 (a fixture)
from tests.harness.test_journal import sealed

# ruff: noqa: F811 (a test's argument is the fixture)

COMPARE = [
    "compare", "--impl", "numpy/by_hand", "--impl", "numpy/fast", "--problem", "one_example", "--problem", "one_class",
    "--out", "mine",
]  # fmt: skip
ROWS = 16  # four problems, two implementations, two dtypes
ASKED = ROWS + 4  # two of the problems once more, with all processors
TABLES = ("agreement.csv", "agreement.md", "report.html")
JOURNAL, FINAL = Path("mine/agreement.partial.jsonl"), Path("mine/agreement.jsonl")


class Stand:
    """Stands in for the processes: numpy/fast makes a known mistake. at: the case before which something happens."""

    def __init__(self, at: int = -1, happens: Callable[[], object] = lambda: None) -> None:
        self.at, self.happens = at, happens
        self.asked: list[tuple[str, str, str, bool]] = []
        self.wrong = framework(BY_NAME["dZ = Y - A"])

    def run(self, jobs: list[workers.Job], done: Callable[..., None], *_: object, **__: object) -> None:
        about = About((), (), {"by_hand": Declaration(), "fast": Declaration()})
        for each in jobs:
            for job, case in each.questions():
                if len(self.asked) == self.at:
                    wait_for(self.at)
                    self.happens()
                self.asked.append((job.name, case.problem, case.dtype, job.all_processors))
                made = load("numpy") if job.variant == "by_hand" else self.wrong
                variant = "by_hand" if job.variant == "by_hand" else VARIANT
                done(job, case, about, measure(made, variant, Declaration(), case, "cpu"))


def wait_for(number: int) -> None:
    """Wait until so many rows are in the journal."""
    end = time.monotonic() + 60
    while time.monotonic() < end and (JOURNAL.read_text() if JOURNAL.exists() else "").count('"is": "Row"') < number:
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the lines that say how far it is, which a slow machine prints."""
    monkeypatch.setattr(progress, "FIRST", 3600.0)


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stand]:
    def stand(at: int = -1, happens: Callable[[], object] = lambda: None) -> Stand:
        there = Stand(at, happens)
        monkeypatch.setattr(workers, "run", there.run)
        return there

    return stand


@pytest.fixture(scope="module")
def whole() -> dict[str, str]:
    """The tables of a run that nothing ended; filled by the first test that needs them."""
    return {}


def tables(out: Path = Path("mine")) -> dict[str, str]:
    """Return what is in the tables, but for which run it was, and when."""
    said = json.loads((out / "environment.json").read_text())
    texts = {name: (out / name).read_text() for name in TABLES}
    return {name: text.replace(said["run"], "RUN").replace(said["time"], "TIME") for name, text in texts.items()}


def uninterrupted(run: Run, standing: Callable[..., Stand], whole: dict[str, str]) -> dict[str, str]:
    if not whole:
        standing()
        assert run(*COMPARE)[0] == 1
        whole |= tables()
        shutil.rmtree("mine")
    return whole


def records() -> list[dict[str, Any]]:
    return [json.loads(each)["record"] for each in FINAL.read_text().splitlines()]


# ---------------------------------------------------------------- compare


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGHUP, 129, "hung up"),
    ],
)
@pytest.mark.parametrize("at", [1, 6, 15])
def test_after_a_signal_it_goes_on_and_ends_with_the_same_tables(
    run: Run, standing: Callable[..., Stand], whole: dict[str, str], number: int, code: int, word: str, at: int
) -> None:
    expected = uninterrupted(run, standing, whole)
    standing(at, lambda: signal.raise_signal(number))
    said = run(*COMPARE)
    assert said == (
        code, "", f"{word}; {at} of {ROWS} rows are in mine/agreement.partial.csv; the same with --resume goes on\n"
    )  # fmt: skip
    assert {path.name for path in Path("mine").iterdir()} == {
        "agreement.partial.csv", "agreement.partial.md", "agreement.partial.jsonl"
    }  # fmt: skip
    assert Path("mine/agreement.partial.csv").read_text().count("\n") == 1 + at
    again = standing()
    code, _, err = run(*COMPARE, "--resume")
    assert (code, err) == (1, "")
    assert len(again.asked) == ASKED - at
    assert tables() == expected
    assert {path.name for path in Path("mine").iterdir()} == {*TABLES, "environment.json", "agreement.jsonl"}
    assert [each["is"] for each in records()].count("Row") == ROWS


def test_interrupted_again_and_again_nothing_is_asked_twice(
    run: Run, standing: Callable[..., Stand], whole: dict[str, str]
) -> None:
    expected, asked = uninterrupted(run, standing, whole), []
    for done in (2, 5, 9):

        def ended(rows: int = done) -> None:
            wait_for(rows)
            signal.raise_signal(signal.SIGTERM)

        there = standing(done - len(asked), ended)
        assert run(*COMPARE, "--resume")[0] == 143
        asked += there.asked
    there = standing()
    assert run(*COMPARE, "--resume")[0] == 1
    asked += there.asked
    assert len(asked) == len(set(asked)) == ASKED
    assert tables() == expected


def test_a_journal_that_is_torn_is_gone_on_with(
    run: Run, standing: Callable[..., Stand], whole: dict[str, str]
) -> None:
    expected = uninterrupted(run, standing, whole)
    standing()
    run(*COMPARE)
    text = FINAL.read_bytes()
    shutil.rmtree("mine")
    for size in (10, len(text) // 3, len(text) // 2, len(text) - 5):  # no header; rows; all rows, the end is torn
        Path("mine").mkdir()
        JOURNAL.write_bytes(text[:size])
        again = standing()
        code, _, err = run(*COMPARE, "--resume")
        assert (code, err.count("\n")) == (1, int(size == 10)), err
        whole_lines = text[: text.rfind(b"\n", 0, size) + 1]
        assert len(again.asked) == ASKED - whole_lines.count(b'"is": "Row"')
        assert tables() == expected
        shutil.rmtree("mine")


def test_a_run_that_has_ended_is_not_run_again(run: Run, standing: Callable[..., Stand]) -> None:
    standing()
    run(*COMPARE)
    before = tables()
    Path("mine/agreement.csv").unlink()
    again = standing()
    assert run(*COMPARE, "--resume")[0] == 1
    assert (again.asked, tables()) == ([], before)


def test_where_there_is_nothing_to_resume_it_begins(run: Run, standing: Callable[..., Stand]) -> None:
    there = standing()
    code, _, err = run(*COMPARE, "--resume")
    assert (code, err) == (1, "crosscheck: mine: nothing to resume, so this run begins\n")
    assert len(there.asked) == ASKED


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--problem", "kink"], "problems "),
        (["--impl", "numpy/loops"], "implementations numpy/by_hand, numpy/fast, now numpy/by_hand, numpy/fast, numpy/loops"),  # noqa: E501
        (["--dtype", "float64"], "dtypes float64, float32, now float64"),
        (["--learning-rate", "0.3"], "problem one_"),
        (["--seed", "3"], "problem one_"),
    ],
)  # fmt: skip
def test_another_request_is_refused_and_nothing_is_lost(
    run: Run, standing: Callable[..., Stand], words: list[str], expected: str
) -> None:
    standing(3, lambda: signal.raise_signal(signal.SIGTERM))
    run(*COMPARE)
    before = JOURNAL.read_bytes()
    standing()
    code, out, err = run(*COMPARE, *words, "--resume")
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert f"mine/agreement.partial.jsonl: is of another run: {expected}" in err
    assert JOURNAL.read_bytes() == before


def test_so_is_a_run_with_other_sources_versions_or_machine(
    run: Run, standing: Callable[..., Stand], monkeypatch: pytest.MonkeyPatch
) -> None:
    standing(3, lambda: signal.raise_signal(signal.SIGTERM))
    run(*COMPARE)
    sources, version = identity.digest, identity.installed
    monkeypatch.setattr(identity, "installed", lambda name: "1.0" if name == "numpy" else version(name))
    code, _, err = run(*COMPARE, "--resume")
    assert (code, re.search(r"another run: numpy [0-9.a-z]+, now 1\.0; ask for the same", err) is not None) == (2, True)
    monkeypatch.setattr(identity, "installed", version)
    monkeypatch.setattr(identity, "digest", lambda name: "0" if name == "crosscheck_impls" else sources(name))
    code, _, err = run(*COMPARE, "--resume")
    assert (code, "another run: sources of crosscheck_impls " in err) == (2, True)


def test_sources_are_those_of_the_whole_package_and_nothing_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "of_mine_in_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError")
    (package / "net.py").write_text("x = 1")
    before = identity.header("compare", {}, ["of_mine_in_a_test.net", "numpy"])
    assert before.ran_with["sources of of_mine_in_a_test.net"]
    (package / "net.py").write_text("x = 2")
    after = identity.header("compare", {}, ["of_mine_in_a_test.net", "numpy"])
    assert [each.split(" ")[2] for each in before.differences(after)] == ["of_mine_in_a_test.net"]


def test_without_resume_the_run_that_has_not_ended_is_put_aside(run: Run, standing: Callable[..., Stand]) -> None:
    standing(3, lambda: signal.raise_signal(signal.SIGTERM))
    run(*COMPARE)
    before = JOURNAL.read_bytes()
    standing(0, lambda: signal.raise_signal(signal.SIGTERM))  # of this one nothing is done: as if it had never been
    assert run(*COMPARE)[0] == 143
    assert JOURNAL.read_bytes() == before
    standing()
    code, _, err = run(*COMPARE)
    assert code == 1
    assert err == (
        "crosscheck: mine: the run there has not ended, and --resume would go on with it; "
        "it is kept as mine/agreement.partial.old.jsonl\n"
    )
    assert Path("mine/agreement.partial.old.jsonl").read_bytes() == before
    assert not JOURNAL.exists()


def test_the_tables_that_stand_there_stay_until_the_new_ones_are_whole(
    run: Run, standing: Callable[..., Stand]
) -> None:
    standing()
    run(*COMPARE)
    before = {path.name: path.read_bytes() for path in Path("mine").iterdir()}
    standing(3, lambda: signal.raise_signal(signal.SIGTERM))
    run(*COMPARE)
    assert {name: Path("mine", name).read_bytes() for name in before} == before


def test_a_worker_that_was_ended_with_the_run_is_asked_again(run: Run, standing: Callable[..., Stand]) -> None:
    there = standing()

    def both_ended(jobs: list[workers.Job], done: Callable[..., None], *_: object, **__: object) -> None:
        done(jobs[0], jobs[0].cases[0], None, Failure(Stage.CASE, Kind.KILLED, "", signal.SIGSEGV))
        done(jobs[0], jobs[0].cases[1], None, Failure(Stage.CASE, Kind.KILLED, "", signal.SIGTERM))
        wait_for(2)
        signal.raise_signal(signal.SIGTERM)

    workers.run = both_ended  # type: ignore[assignment]  # standing puts it back
    assert "1 of 16 rows" in run(*COMPARE)[2]
    workers.run = there.run  # type: ignore[assignment]
    run(*COMPARE, "--resume")
    assert len(there.asked) == ASKED - 1
    assert [each["verdict"] for each in records() if each["is"] == "Row"].count("failed") == 2  # the last one counts
    assert Path("mine/agreement.csv").read_text().count(",failed,") == 1


@pytest.mark.parametrize("at", [1, 8])
def test_a_folder_that_is_removed_meanwhile_is_made_again(
    run: Run, standing: Callable[..., Stand], whole: dict[str, str], at: int
) -> None:
    expected = uninterrupted(run, standing, whole)
    standing(at, lambda: shutil.rmtree("mine"))
    code, _, err = run(*COMPARE)
    assert (code, err) == (1, "")
    assert tables() == expected
    assert [each["is"] for each in records()].count("Row") == ROWS


@pytest.mark.parametrize("at", [0, 5])
def test_on_a_full_disk_the_run_goes_on_and_the_tables_are_shown(
    run: Run, standing: Callable[..., Stand], whole: dict[str, str], at: int
) -> None:
    expected = uninterrupted(run, standing, whole)

    fsync, refused = os.fsync, list[bool]()

    def full(*_: object) -> int:
        refused.append(True)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def synced(descriptor: int) -> None:
        if refused:
            full()
        fsync(descriptor)  # of a row that had been written in time

    with pytest.MonkeyPatch.context() as disk:

        def fills() -> None:
            disk.setattr(os, "write", full)
            disk.setattr(os, "fsync", synced)

        standing(at, fills)
        code, out, err = run(*COMPARE)
    assert (code, err.count("\n")) == (2, 1)
    assert "mine: No space left on device, so that the tables above are not written; make room, and --resume" in err
    assert out.count("\n") > ROWS  # every row
    assert [path.name for path in Path().iterdir()] == ["mine"]
    assert [path.name for path in Path("mine").iterdir()] == ["agreement.partial.jsonl"]
    again = standing()
    assert run(*COMPARE, "--resume")[0] == 1
    assert len(again.asked) == ASKED - at
    assert tables() == expected


def test_a_signal_on_a_full_disk_prints_what_is_done(
    run: Run, standing: Callable[..., Stand], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends() -> None:
        def full(*_: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "fsync", full)
        signal.raise_signal(signal.SIGTERM)

    standing(4, ends)
    code, out, err = run(*COMPARE)
    assert (code, out.count("\n")) == (143, 4 + 2)
    assert err == "terminated; 4 of 16 rows are printed, since mine cannot be written: No space left on device\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_files_are_put_in_place_waits(
    run: Run, standing: Callable[..., Stand], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    standing()
    run(*COMPARE)
    before = tables()
    link = os.link

    def linked(*arguments: Any) -> None:
        signal.raise_signal(number)
        link(*arguments)

    monkeypatch.setattr(os, "link", linked)
    code, out, err = run(*COMPARE)
    assert (code, out) == (128 + number, "")
    assert err.endswith("; all of it is in mine/agreement.jsonl\n")
    assert tables() == before
    assert {path.name for path in Path("mine").iterdir()} == {*TABLES, "environment.json", "agreement.jsonl"}


@pytest.mark.parametrize("broken", ["header", "row", "key", "folder"])
def test_a_hostile_journal_is_refused_in_one_line(run: Run, standing: Callable[..., Stand], broken: str) -> None:
    standing()
    run(*COMPARE)
    lines = FINAL.read_bytes().splitlines(keepends=True)
    shutil.rmtree("mine")
    Path("mine").mkdir()
    if broken == "folder":
        JOURNAL.mkdir()
    else:
        changed = {
            "header": (0, b'"compare"', b'["compare"]'),
            "row": (3, b'"J"', b"7"),
            "key": (3, b'"ratio"', b'"r"'),
        }
        number, old, new = changed[broken]
        text = lines[number][30:-2].replace(old, new, 1)
        lines[number] = sealed(text)
        JOURNAL.write_bytes(b"".join(lines))
    code, out, err = run(*COMPARE, "--resume")
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("crosscheck: --resume mine/agreement.partial.jsonl: ")


# ---------------------------------------------------------------- power, claims, bench


def one(run: Run, words: list[str], stem: str) -> None:
    """Run a command that is interrupted, then the same with --resume."""
    code, _, err = run(*words)
    assert (code, err.startswith("interrupted; ")) == (130, True), err
    assert err.endswith(f" in mine/{stem}.partial.csv; the same with --resume goes on\n")
    assert Path(f"mine/{stem}.partial.csv").read_text().count("\n") >= 2
    code, _, err = run(*words, "--resume")
    assert (code, err) == (0, "")
    assert Path(f"mine/{stem}.jsonl").is_file()
    assert not list(Path("mine").glob("*partial*"))


def test_power_goes_on_with_the_problems_that_are_left(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def scored(names: list[str], report: Any, processes: int, done: Any = (), *_: Any) -> Iterator[Scored]:
        for name in names:
            for dtype in ("float64", "float32"):
                if (name, dtype) not in done:
                    asked.append((name, dtype))
                    yield Scored(name, dtype, [Pair("dZ = Y - A", "classic", name, dtype, "bound", 1e9)])
                    if len(asked) == 3:
                        raise KeyboardInterrupt

    monkeypatch.setattr(score, "score_all", scored)
    one(run, ["power", "--problem", "one_example", "--draws", "0", "--out", "mine"], "mutation")
    assert len(asked) == len(set(asked)) == 6
    assert Path("mine/mutation.csv").read_text().count("\n") == 1 + 6


def test_so_it_does_with_the_runs_of_right_implementations(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    asked: list[tuple[str, str, str]] = []

    def answering(jobs: list[workers.Job], done: Callable[..., None], *_: object, **__: object) -> None:
        for job in jobs:
            for case in job.cases:
                asked.append((job.name, case.problem, case.dtype))
                about = About((), (), {job.variant: Declaration()})
                done(job, case, about, measure(framework(), VARIANT, Declaration(), case, "cpu"))
                if len(asked) == 40:
                    raise KeyboardInterrupt

    monkeypatch.setattr(workers, "run", answering)
    monkeypatch.setattr("crosscheck.evaluation.false_alarms.NETWORKS", ((Network((3, 1), ("sigmoid",)), 9),))
    monkeypatch.setattr(
        score,
        "score_all",
        lambda names, *_: (
            Scored(name, "float64", [Pair("dZ = Y - A", "classic", name, "float64", "bound", 1.0)])
            for name in names[:1]
        ),
    )
    words = ["power", "--problem", "one_example", "--draws", "2", "--out", "mine"]
    assert run(*words)[0] == 130
    kept = Path("mine/mutation.partial.jsonl").read_text().count('"is": "HonestRun"')
    assert 40 - 17 <= kept <= 40
    assert run(*words, "--resume")[0] == 0
    assert len(asked) == 40 + 17 * 2 * 2 - kept
    table = Path("mine/false_alarms.csv").read_text().splitlines()
    assert len(table) == 1 + 17 * 2 * 2
    assert all("False" in each for each in table[1:])  # each has what the baselines said


def test_claims_go_on_and_one_that_failed_runs_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def made(claims: Any, say: Any, done: Any) -> None:
        for claim in claims:
            if len(asked) == 3:
                asked.append("")
                raise KeyboardInterrupt
            asked.append(claim.name)
            lines = [row("About it", ", ".join(claim.notes), "m", {"numpy": "1"}, EXACT, True)]
            failed = asked.count(claim.name) == 1 and claim.name == "slopes"
            done(claim, claiming.Failure("killed") if failed else Findings(lines, {"": f"<svg>{claim.name}</svg>"}))

    monkeypatch.setattr(claiming, "run", made)
    one(run, ["claims", "--out", "mine"], "claims")
    names = [name for name in asked if name]
    assert sorted(name for name in set(names) if names.count(name) == 2) == ["slopes"]
    assert "failed" not in Path("mine/claims.csv").read_text()
    assert len(list(Path("mine/claims").iterdir())) == 16


def test_a_picture_of_a_hostile_journal_is_written_nowhere_else(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(claims: Any, say: Any, done: Any) -> None:
        lines = [row("About it", "N1", "m", {"numpy": "1"}, EXACT, True)]
        done(claims[0], Findings(lines, {"/../../../stolen": "<svg/>"}))
        raise KeyboardInterrupt

    monkeypatch.setattr(claiming, "run", made)
    assert run("claims", "--out", "mine")[0] == 130
    code, _, err = run("claims", "--out", "mine", "--resume")
    assert (code, "line 2 is not what a journal holds" in err) == (2, True)


def test_bench_goes_on_with_the_next_contest(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def contests(everyone: Any, pairs: Any, *_: object) -> Iterator[benching.Timed]:
        for size, dtype in pairs:
            asked.append((size.name, dtype))
            line = Line(size.name, dtype, "numpy/fast", 0.1, 10.0, 9.0, 11.0, 7, 5, 1.5, 1.2, 0.2, None)
            yield benching.Timed(size.name, dtype, [line], {"numpy": {"numpy": "2"}})
            if len(asked) == 3:
                raise KeyboardInterrupt

    def grow(fast: Any, growing: Any, *_: object) -> Iterator[benching.Growth]:
        for what in growing:
            asked.append(what)
            yield benching.Growth(what, [Grown(what, 1, "numpy/fast", [(1, 1.0), (2, 2.0), (4, 4.0), (8, 8.0)])])
            if len(asked) == 6:
                raise KeyboardInterrupt

    monkeypatch.setattr(benching, "contests", contests)
    monkeypatch.setattr(benching, "grow", grow)
    monkeypatch.setattr(benching, "everyone", lambda names: [])
    words = ["bench", "--only", "planar", "--only", "784", "--out", "mine"]
    assert run(*words)[0] == 130
    assert run(*words, "--resume")[0] == 130
    code, out, _ = run(*words, "--resume")
    assert (code, len(asked), len(set(asked))) == (0, 7, 7)
    assert "speed/growth.svg" in out
    assert Path("mine/speed.csv").read_text().count("\n") == 1 + 4
    assert json.loads(Path("mine/speed_environment.json").read_text())["frameworks"] == {"numpy": {"numpy": "2"}}


# ---------------------------------------------------------------- real processes

SMALL = ["compare", "--impl", "numpy/by_hand", "--problem", "one_example", "--out", "mine"]


def started(words: list[str], folder: Path, ignore: str = "pass") -> subprocess.Popen[str]:
    start = "os.execv(sys.executable, [sys.executable, '-m', 'crosscheck', *sys.argv[1:]])"
    code = f"import signal, os, sys; {ignore}; {start}"
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], cwd=folder, env=ENVIRONMENT, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.slow
def test_after_kill_9_at_any_moment_nothing_that_was_judged_is_lost(tmp_path: Path) -> None:
    journal = tmp_path / "mine" / "agreement.partial.jsonl"
    with started(SMALL, tmp_path) as process:
        process.communicate(timeout=300)
    assert process.returncode == 0
    expected = tables(tmp_path / "mine")
    for rows in (0, 1, 3, 6):  # and in the last one it may be about to end
        shutil.rmtree(tmp_path / "mine")
        with started(SMALL, tmp_path) as process:
            while process.poll() is None:
                if journal.exists() and journal.read_bytes().count(b'"is": "Row"') >= rows:
                    process.kill()
                time.sleep(0.002)
        done = journal.read_bytes().count(b'"is": "Row"') if journal.exists() else 6
        with started([*SMALL, "--resume"], tmp_path) as process:
            _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert tables(tmp_path / "mine") == expected
        text = (tmp_path / "mine" / "agreement.jsonl").read_bytes()
        judged = [text.count(b'"record": {"is": "%b"' % kind) for kind in (b"Row", b"Again")]
        assert judged == [6, 2], "what had been judged was judged again"
        assert done >= rows
        assert {path.name for path in tmp_path.iterdir()} == {"mine"}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_where_sighup_is_ignored_as_by_nohup_the_run_goes_on(tmp_path: Path) -> None:
    with started(SMALL, tmp_path, "signal.signal(signal.SIGHUP, signal.SIG_IGN)") as process:
        while process.poll() is None and not handles_signals(process):
            time.sleep(0.01)
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
