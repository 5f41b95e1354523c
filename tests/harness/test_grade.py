"""`crosscheck grade`: a class with hostile submissions in it is graded whole, and nothing outside is touched."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from crosscheck.classroom import judging
from crosscheck.classroom.files import contents, fenced, unique
from crosscheck.classroom.groups import by_cause, cause_of, same_answers, same_program
from crosscheck.classroom.judging import NOT_JUDGED, Graded
from crosscheck.classroom.marks import marks, total
from crosscheck.classroom.page import page
from crosscheck.classroom.submissions import Submission, found
from crosscheck.classroom.weights import weights
from crosscheck.cli.main import main
from crosscheck.grading.facts import Part
from crosscheck.runner.sandbox import Means, Protection, Sandbox, find
from crosscheck_impls.interface import BadInput
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import hostile_class
from tests.harness.processes import descendants, parents

QUICK = ("--problem", "flower", "--layers", "4", "--activation", "tanh", "--time-limit", "15", "--memory", "512")
SECRET = "a secret of the teacher's"


def grade(*words: object) -> int:
    """Run the command in this process; return its exit code."""
    before, path = sys.argv, [*sys.path]
    sys.argv = ["crosscheck", "grade", *map(str, words)]
    try:
        with pytest.raises(SystemExit) as stop:
            main()
        return int(stop.value.code or 0)
    finally:
        sys.argv, sys.path[:] = before, path


def test_a_narrow_dtype_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "anna.py").write_text("def gradients(): ...\n", encoding="utf-8")
    assert grade(tmp_path, "--out", tmp_path / "grades", "--dtype", "bfloat16") == 2
    words = "--dtype bfloat16: unknown here, expected float64 or float32"
    assert capsys.readouterr().err == f"crosscheck: {words}\n"
    assert not (tmp_path / "grades").exists()


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


class Ran:
    """The whole class graded once, and what is there when it is over."""

    def __init__(self, folder: Path, means: str, names: tuple[str, ...] = tuple(hostile_class.BODIES)) -> None:
        self.submissions, self.out, self.outside = folder / "homework", folder / "grades", folder / "outside"
        self.protections = find(means).on
        with socket.create_server(("127.0.0.1", 0)) as server:
            hostile_class.write(self.submissions, self.outside, server.getsockname()[1], names)
            self.before, processes = self.listing(), descendants()
            os.environ["CROSSCHECK_SECRET"] = SECRET
            try:
                self.code = grade(self.submissions, "--out", self.out, "--sandbox", means, *QUICK)
            finally:
                del os.environ["CROSSCHECK_SECRET"]
            server.setblocking(False)
            try:
                server.accept()[0].close()
                self.connected = True
            except BlockingIOError:
                self.connected = False
        self.left = [each for each in descendants() if each not in processes]
        self.rows = rows(self.out / "grades.csv")
        self.written = {str(path.relative_to(self.out)): path for path in self.out.rglob("*") if path.is_file()}

    def listing(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.submissions.rglob("*")) if path.is_file()}

    def report(self, name: str) -> str:
        return " ".join((self.out / "feedback" / f"{name}.py.md").read_text(encoding="utf-8").split())


BEST = find().means


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(tmp_path_factory.mktemp("class"), BEST)


def test_all_are_judged_and_the_exit_code_is_0(ran: Ran) -> None:
    assert ran.code == 0
    handed_in = {path.name for path in ran.submissions.iterdir()} - {"notes.txt", "link.py"}
    assert set(ran.rows) == handed_in


def test_the_others_are_graded_as_they_deserve(ran: Ran) -> None:
    assert ran.rows["anna_101_homework.py"]["verdict"] == "right"
    assert ran.rows["anna_101_homework.py"]["total"] == "10"
    for name in ("ben_102_homework.py", "cem", "<b>dora & co.py"):
        assert ran.rows[name]["verdict"] == "wrong"
        assert "dZ" in ran.rows[name]["cause"] or "-1" in ran.rows[name]["cause"]
        assert ran.rows[name]["J"] == "2.5"
        assert ran.rows[name]["dW1"] == "0"
    assert ran.rows["empty.py"]["verdict"] == NOT_JUDGED


@pytest.mark.parametrize("name", hostile_class.BODIES)
def test_a_hostile_one_is_never_right_and_has_no_points(ran: Ran, name: str) -> None:
    row = ran.rows[f"{name}.py"]
    assert row["verdict"] in ("wrong", NOT_JUDGED)
    assert row["total"] == "0"
    assert row["cause"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("many_processes", "more than 128 processes and threads, which is more than it may"),
        ("endless", "no answer within 15 s"),
        ("exits", "the process ended by itself with exit code 0"),
        ("exits_as_the_keeper_does", "the process ended by itself with exit code 1"),
        ("leaves_a_process", "the process ended by itself with exit code 3"),
        ("reads_the_environment", "ValueError: nothing"),
        ("forges", "no evidence"),
    ],
)
def test_what_it_did_is_told(ran: Ran, name: str, words: str) -> None:
    assert words in ran.report(name)


@pytest.mark.parametrize("name", ["allocates", "allocates_in_several", "fork_bomb", "threads"])
def test_what_takes_too_much_is_ended_before_the_machine_is(ran: Ran, name: str) -> None:
    """By its limits, or on a machine that is busy by its time."""
    told = ran.report(name)
    ends = ("MemoryError", "more than the 512 MiB", "more than 128 processes", "new thread", "no answer within")
    assert any(words in told for words in ends)


def test_nothing_outside_is_touched_and_nothing_is_left(ran: Ran) -> None:
    """Where there is no sandbox but limits, a program of yours can do what you can: that is what the report says."""
    assert ran.left == []
    assert ran.outside.exists() == (Protection.WRITING not in ran.protections)
    assert ran.connected == (Protection.NETWORK not in ran.protections)
    if Protection.WRITING in ran.protections:
        assert ran.listing() == ran.before


def test_nobody_has_read_another_or_the_environment(ran: Ran) -> None:
    assert SECRET not in "".join(path.read_text(encoding="utf-8") for path in ran.written.values())
    if Protection.READING in ran.protections:
        first = hostile_class.RIGHT.splitlines()[0]
        assert first not in ran.report("reads_another")
        assert "No such file" in ran.report("reads_another")


def test_the_files_of_the_class_are_there(ran: Ran) -> None:
    assert {"grades.csv", "index.html", "nbgrader.csv", "final_grades.csv", "environment.json", "grades.jsonl"} <= set(
        ran.written
    )
    results = json.loads((ran.out / "gradescope/anna_101_homework.py/results.json").read_text(encoding="utf-8"))
    assert results["score"] == 10
    assert [test["name"] for test in results["tests"]] == ["J", "dW1", "db1", "dW2", "db2"]
    assert sum(test["max_score"] for test in results["tests"]) == pytest.approx(10)
    environment = json.loads((ran.out / "environment.json").read_text(encoding="utf-8"))
    assert "could not" in environment["settings"]["protections"]


def test_the_page_is_one_file_that_takes_nothing_for_markup(ran: Ran) -> None:
    text = (ran.out / "index.html").read_text(encoding="utf-8")
    assert "<b>dora" not in text
    assert "&lt;b&gt;dora &amp; co.py" in text
    assert "http" not in text
    assert "src=" not in text
    assert "The same mistake" in text
    assert "prefers-color-scheme: dark" in text


def test_the_same_program_is_found_though_it_looks_otherwise(ran: Ran) -> None:
    programs = {name: row["program"] for name, row in ran.rows.items()}
    assert programs["ben_102_homework.py"] == programs["cem"] != programs["<b>dora & co.py"]
    answers = {ran.rows[name]["answers"] for name in ("ben_102_homework.py", "cem", "<b>dora & co.py")}
    assert len(answers) == 1


@pytest.mark.slow
def test_without_bubblewrap_namespaces_protect_from_the_same(tmp_path: Path) -> None:
    try:
        find(Means.NAMESPACES)
    except BadInput:  # not allowed here: limits alone are tested below
        return
    names = ("fork_bomb", "exits_as_the_keeper_does", "kills", "writes_outside", "connects", "deletes_its_folder")
    ran = Ran(tmp_path, Means.NAMESPACES, (*names, "reads_another", "writes_much", "allocates_in_several"))
    assert (ran.code, ran.left, ran.connected) == (0, [], False)
    assert not ran.outside.exists()
    assert ran.listing() == ran.before
    assert ran.rows["anna_101_homework.py"]["verdict"] == "right"
    assert "No such file" in ran.report("reads_another")
    assert "No space left" in ran.report("writes_much")


@pytest.mark.slow
def test_by_limits_alone_nothing_is_lost_but_itself(tmp_path: Path) -> None:
    names = ("fork_bomb", "exits", "kills", "leaves_a_process", "allocates_in_several", "reads_the_environment")
    ran = Ran(tmp_path, Means.LIMITS, names)
    assert ran.code == 0
    assert ran.left == []
    assert ran.rows["anna_101_homework.py"]["verdict"] == "right"
    assert all(ran.rows[f"{name}.py"]["total"] == "0" for name in names)
    assert "ValueError: nothing" in ran.report("reads_the_environment")
    environment = json.loads((ran.out / "environment.json").read_text(encoding="utf-8"))
    assert "It could use the network" in environment["settings"]["protections"]


# ---------------------------------------------------------------- a run that goes on


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "homework"
    hostile_class.write(folder, tmp_path / "outside", 1, ())
    return folder


@pytest.mark.slow
def test_a_run_goes_on_where_it_was_and_judges_again_what_has_changed(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, asked = tmp_path / "grades", list[str]()
    whole = judging.judged

    def noting(submissions: Any, *more: Any) -> Any:
        asked.extend(each.name for each in submissions)
        return whole(submissions, *more)

    monkeypatch.setattr(judging, "judged", noting)
    assert grade(small, "--out", out, *QUICK) == 0
    everyone = sorted(asked)
    lines = (out / "grades.jsonl").read_bytes().splitlines(keepends=True)
    shutil.rmtree(out)
    out.mkdir()
    kept = [line for line in lines[1:-1] if b"ben_102" in line or b"cem" in line]
    (out / "grades.partial.jsonl").write_bytes(b"".join([lines[0], *kept]))
    (small / "cem" / "solution.py").write_text(hostile_class.RIGHT, encoding="utf-8")
    asked.clear()
    assert grade(small, "--out", out, "--resume", *QUICK) == 0
    assert sorted(asked) == [name for name in everyone if name != "ben_102_homework.py"]
    after = rows(out / "grades.csv")
    assert list(after) == everyone
    assert after["cem"]["verdict"] == "right"
    assert after["ben_102_homework.py"]["verdict"] == "wrong"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_it_nothing_is_left_running(tmp_path: Path, number: signal.Signals) -> None:
    folder, out = tmp_path / "homework", tmp_path / "grades"
    hostile_class.write(folder, tmp_path / "outside", 1, ("endless",))
    command = [sys.executable, "-m", "crosscheck", "grade", folder, "--out", out, *QUICK, "--time-limit", "60"]
    run = subprocess.Popen(
        list(map(str, command)), stderr=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    journal, until = out / "grades.partial.jsonl", time.monotonic() + 60
    while time.monotonic() < until and (not journal.exists() or journal.read_bytes().count(b"\n") < 5):
        time.sleep(0.1)
    started = descendants(run.pid)
    assert started
    run.send_signal(number)
    _, error = run.communicate(timeout=30)
    assert run.returncode == (130 if number == signal.SIGINT else -9)
    while time.monotonic() < until and set(started) & set(parents()):
        time.sleep(0.1)
    assert not set(started) & set(parents())
    if number == signal.SIGINT:
        assert b"submissions are in" in error
        assert "anna_101_homework.py" in rows(out / "grades.partial.csv")


def test_a_submission_that_is_called_as_a_library_is_not_imported_by_us(tmp_path: Path) -> None:
    folder, proof = tmp_path / "homework", tmp_path / "proof"
    folder.mkdir()
    for name in ("numpy", "pandas", "jinja2", "flint"):
        (folder / f"{name}.py").write_text(f"open({str(proof)!r}, 'w')\n{hostile_class.RIGHT}", encoding="utf-8")
    code = "import sys; sys.argv[0] = 'crosscheck'; from crosscheck.cli.main import main; main()"
    paths = os.pathsep.join(str(Path(each).resolve()) for each in sys.path if each)
    command = [sys.executable, "-c", code, "grade", ".", "--out", str(tmp_path / "grades"), *QUICK]
    got = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True)
    assert got.returncode == 0, got.stderr
    assert proof.exists() == (Protection.WRITING not in find().on)
    assert set(rows(tmp_path / "grades/grades.csv")) == {path.name for path in folder.iterdir()}


# ---------------------------------------------------------------- what is asked wrongly


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("nowhere",), "nowhere: no such folder, expected one with a file, or a folder, of each student"),
        (("homework", "--processes", "0"), "--processes 0: expected 1 to 256"),
        (("homework", "--memory", "8"), "--memory 8: expected MiB, 256 at least"),
        (
            ("homework", "--sandbox", "docker"),
            "--sandbox docker: unknown; choose one of bubblewrap, namespaces, limits",
        ),
        (("homework", "--weights", "no.toml"), "no.toml: no such file"),
        (("homework", "--weights", "bad.toml"), "--weights bad.toml: pionts: unknown; did you mean points"),
        (("homework", "--problem", "flour"), "flour: no such problem here; did you mean flower"),
        (("homework", "--in-all", "0"), "--in-all 0: expected seconds > 0"),
        (("homework", "--out", "other"), "not a table of Crosscheck's, and would be lost"),
    ],
)
def test_a_wrong_request_is_one_line_and_2(
    small: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text("pionts = 3\n", encoding="utf-8")
    Path("other").mkdir()
    Path("other/grades.csv").write_text("name,grade\nAnna,1\n", encoding="utf-8")
    assert grade(*words) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


# ---------------------------------------------------------------- points, groups, files

names = st.sampled_from(["J", "dW1", "db1", "dW2", "db2", "training", "predictions"])
counts = st.integers(0, 9).flatmap(lambda of: st.builds(Part, st.integers(0, of), st.just(of)))
shares = st.fixed_dictionaries({name: st.floats(0, 100) for name in ("J", "gradients", "training", "predictions")})


def graded(name: str = "a.py", **more: Any) -> Graded:
    plain = Graded(Submission(name, name, "0", f"source of {name}"), "wrong", False, ("wrong: it is.",), 1.0)
    return plain._replace(**more)


some_parts = st.dictionaries(names, counts).map(lambda parts: {"J": Part(2, 2)} | parts)


@given(some_parts, shares, st.booleans(), st.sampled_from(["left out", "zero"]), st.floats(0.5, 1000))
def test_points_are_of_what_the_whole_is_worth(
    parts: dict[str, Part], by_part: dict[str, float], partial: bool, missing: str, points: float
) -> None:
    by = weights()._replace(points=points, partial=partial, missing=missing, weights=by_part)
    given_marks = marks(graded(parts=parts), by)
    assert all(0 <= mark.got <= mark.of * (1 + 1e-9) for mark in given_marks.values())
    whole = sum(mark.of for mark in given_marks.values())
    assert whole == pytest.approx(points) or whole == 0
    if parts and whole and missing == "left out" and all(part.whole for part in parts.values()):
        assert total(graded(parts=parts), by) == pytest.approx(points)


def test_weights_are_read_over_the_default(tmp_path: Path) -> None:
    path = tmp_path / "weights.toml"
    path.write_text('points = 20\nmissing = "zero"\n[weights]\nJ = 0\npredictions = 0\n', encoding="utf-8")
    by = weights(path)
    parts = {"J": Part(0, 2), "dW1": Part(2, 2), "db1": Part(1, 2)}
    assert marks(graded(parts=parts), by)["dW1"].got == pytest.approx(20 * 3 / 7)
    assert total(graded(parts=parts), by._replace(partial=True)) == pytest.approx(20 * 4.5 / 7)
    for text, words in (("points = -1", "a number from 0"), ("partial = 1", "true or false"), ("points = [", "TOML")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match=words):
            weights(path)


def test_groups_are_of_the_same_cause_and_what_is_proved_comes_first() -> None:
    everyone = [
        graded("a.py", causes=("one",), answers="x"),
        graded("b.py", causes=("one",), answers="x"),
        graded("c.py", trouble="it raises an error"),
        graded("d.py"),
        graded("e.py", verdict="right", right=True, answers="y"),
        graded("f.py", verdict="right", right=True, answers="y"),
    ]
    assert [(group.name, len(group.members)) for group in by_cause(everyone)] == [
        ("one", 2), ("it raises an error", 1), ("unexplained", 1),
    ]  # fmt: skip
    assert [[cause_of(each) for each in group.members] for group in same_answers(everyone)] == [["one", "one"]]
    assert same_program(everyone) == []


def test_names_that_differ_in_case_or_hold_separators_have_files_of_their_own() -> None:
    found_names = unique([graded("A.py"), graded("a.py"), graded("..\\x.py"), graded("../x.py")])
    assert len({name.casefold() for name in found_names}) == 4
    assert not any("/" in name or "\\" in name or name.startswith(".") for name in found_names)


def test_a_name_is_no_formula_and_a_report_leaves_its_fence_nowhere() -> None:
    made = contents([graded("=cmd().py", lines=("```", "# not a heading"))], weights(), "hw")
    assert "\n'=cmd().py," in made["grades.csv"]
    assert made["feedback/=cmd().py.md"].count("````") == 2
    assert fenced("a ```` b").startswith("`````text\n")


@settings(max_examples=30)
@given(st.text(max_size=40), st.text(max_size=200))
def test_any_words_make_a_page(name: str, text: str) -> None:
    everyone = [graded(name, lines=(text,), causes=(name,)), graded("b.py", verdict="right", right=True)]
    made = page(everyone, weights(), name, "words")
    assert made.count("<script") == 0
    contents(everyone, weights(), name)


def test_links_hidden_files_and_folders_without_programs_are_nobodys(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("x = 1", encoding="utf-8")
    folder = tmp_path / "homework"
    (folder / "empty").mkdir(parents=True)
    (folder / ".hidden.py").write_text("x = 1", encoding="utf-8")
    (folder / "link.py").symlink_to(tmp_path / "secret.py")
    (folder / "anna").mkdir()
    (folder / "anna" / "link.py").symlink_to(tmp_path / "secret.py")
    with pytest.raises(BadInput, match="no program in it"):
        found(folder)


# ---------------------------------------------------------------- the sandbox


def test_a_sandbox_shows_python_and_the_strangers_file_and_no_more(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.py", tmp_path / "other.py"
    mine.write_text("", encoding="utf-8")
    other.write_text("", encoding="utf-8")
    sandbox = find().of(mine)
    code = f"import numpy, os; print(os.listdir({str(tmp_path)!r}))"
    got = subprocess.run(
        sandbox.around([sys.executable, "-c", code]),
        env=sandbox.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    seen = ["mine.py"] if Protection.READING in sandbox.on else ["mine.py", "other.py"]
    assert sorted(eval(got.stdout)) == seen


def test_what_is_asked_for_and_does_not_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from crosscheck.runner import sandbox

    monkeypatch.setattr(sandbox, "_fails", lambda _: "bwrap is not installed")
    assert find().means is Means.LIMITS
    with pytest.raises(BadInput, match="bwrap is not installed"):
        find("bubblewrap")


@pytest.mark.parametrize("means", Means)
def test_of_your_variables_none_is_passed_on(means: Means, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSCHECK_SECRET", SECRET)
    assert SECRET not in Sandbox(means).environment.values()
    assert Sandbox(means).environment["OMP_NUM_THREADS"].isdecimal()
