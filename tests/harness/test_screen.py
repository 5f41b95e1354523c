"""What `compare` ends with: one screen for people, and what other programs read; and that a run can be repeated."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from crosscheck.claims import IDS
from crosscheck.claims.notes import functions
from crosscheck.core.failures import BAD, Failure, Kind, Stage, Verdict
from crosscheck.core.records import Answer, Certification
from crosscheck.core.records import Run as FreeRun
from crosscheck.judge.causes import Convention
from crosscheck.judge.evidence import bits
from crosscheck.judge.verdict import Row
from crosscheck.report import exchange, machine, matrix, screen, tables
from crosscheck_impls.interface import VARIANTS, Layer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.harness.test_cli import Run, run  # noqa: F401 (a fixture)
from tests.harness.test_resume import COMPARE, standing  # noqa: F401 (a fixture)

# ruff: noqa: F811 (a test's argument is the fixture)

OURS = [f"{framework}/{variant}" for framework, variants in VARIANTS.items() for variant in variants]
HOSTILE = "100 %, a: b\r\n::error::x <&> \x1b[31m"
STAMP = tables.Stamp("abc", "a host", "2026-01-02T03:04:05Z", {"torch": "torch 2"}, {"kink": "0123"})


def row(
    verdict: Verdict, problem: str = "kink", name: str = "torch/fast", dtype: str = "float64", said: str = ""
) -> Row:
    cause = Failure(Stage.CASE, Kind.RAISED, said) if said else None
    return Row(problem, name, dtype, "cpu", verdict, cause, bits="f00d")


def everything(problems: int, wrong: int) -> list[Row]:
    """Rows of all of our implementations; on some problems the last one disagrees, in float32."""
    return [
        row(Verdict.DISAGREES if k < wrong and name == OURS[-1] and dtype == "float32" else Verdict.AGREES,
            f"problem_{k}-with-a-long-name", name, dtype)
        for k in range(problems) for name in OURS for dtype in ("float64", "float32")
    ]  # fmt: skip


def printed(rows: list[Row], width: int, terminal: bool = False, **how: bool) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=terminal, highlight=False)
    screen.show(rows, console=console, **how)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


# ---------------------------------------------------------------- the matrix


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_matrix_of_everything_fits_and_is_one_screen(width: int) -> None:
    lines = [line.plain for line in matrix.lines(everything(32, 3), width)]
    assert max(map(len, lines)) <= width
    assert len(lines) <= 24
    assert "✓ the other 29 problems: all 17 implementations agree" in lines
    assert sum("✓✕" in line for line in lines) == 3


def test_frameworks_are_groups_of_columns_and_a_cell_has_both_dtypes() -> None:
    top, short, *_ = [line.plain for line in matrix.lines(everything(2, 1), 80)][1:]
    assert top.split() == list(VARIANTS)
    assert short.split() == [name.rpartition("/")[2].replace("_", "")[:2] for name in OURS]
    assert [short.index("lo"), short.rindex("pe")] == [top.index("numpy"), top.index("jax")]


def test_few_problems_are_all_shown_and_many_that_agree_are_a_line() -> None:
    assert sum("problem_" in line.plain for line in matrix.lines(everything(5, 0), 80)) == 5
    assert matrix.lines(everything(32, 0), 80)[1].plain == "✓ all 32 problems: all 17 implementations agree"


NAMES = st.text(st.sampled_from("ab_"), min_size=1, max_size=6)


@given(st.lists(st.tuples(st.sampled_from(["numpy", "torch", "a.module.of_mine"]), NAMES), unique=True, min_size=1),
       st.integers(30, 120))  # fmt: skip
def test_whatever_the_names_each_is_a_column_and_nothing_is_too_wide(pairs: list[tuple[str, str]], width: int) -> None:
    names = sorted(f"{framework}/{variant}" for framework, variant in pairs)
    columns = matrix.named(names, 2)
    assert [column.implementation for column in columns] == names
    assert sum(map(len, matrix.parts(columns, width - matrix.LEAST))) == len(names)
    lines = [line.plain for line in matrix.lines([row(Verdict.AGREES, name=name) for name in names], width)]
    cells = "".join(line.removeprefix("kink") for line in lines if line.startswith("kink"))
    assert cells.count("✓") == len(names)
    assert max(len(line) for line in lines if line.startswith(("kink", " "))) <= width


def test_colours_are_for_terminals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = everything(3, 1)
    assert "\x1b[" not in printed(rows, 80)
    assert "\x1b[32m" in printed(rows, 80, terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in printed(rows, 80, terminal=True)


def test_what_does_not_agree_is_told_once_by_its_cause() -> None:
    convention = Convention("relu'(0) = 0")
    rows = [row(Verdict.DISAGREES, f"p{k}", said="no such thing") for k in range(4)]
    rows += [Row(f"p{k}", "jax/native", dtype, "cpu", Verdict.CONVENTION, convention) for k in range(3)
             for dtype in ("float64", "float32")]  # fmt: skip
    lines = printed(rows, 80).splitlines()
    assert "disagrees: torch/fast on p0, float64, and 3 more, each with its own figures: no such thing" in lines
    assert "  relu'(0) = 0: jax/native on 3 problems" in lines
    wrapped = printed([row(Verdict.FAILED, said="so many words " * 20)], 60, terminal=True).splitlines()
    assert sum("so many words" in line for line in wrapped) > 3


# ---------------------------------------------------------------- what other programs read


def test_one_json_document_holds_the_rows_and_what_they_bear() -> None:
    rows = [row(Verdict.AGREES), row(Verdict.FAILED, said=HOSTILE)]
    said = json.loads(exchange.as_json(rows, {"processor": HOSTILE}, STAMP))
    assert said["environment"] == {"processor": HOSTILE}
    first, second = said["rows"]
    assert list(first) == list(tables.frame(rows, STAMP))
    assert {name: first[name] for name in ("run", "host", "time", "versions", "data", "bits", "largest_ratio")} == {
        "run": "abc", "host": "a host", "time": "2026-01-02T03:04:05Z", "versions": "torch 2", "data": "0123",
        "bits": "f00d", "largest_ratio": None,
    }  # fmt: skip
    assert (second["verdict"], second["cause"]) == ("failed", HOSTILE)


def test_junit_has_a_case_for_each_row() -> None:
    rows = [row(verdict, str(verdict), said=HOSTILE if verdict in BAD else "") for verdict in Verdict]
    tree = ElementTree.fromstring(exchange.junit(rows, set(BAD), STAMP).encode())
    (suite,) = tree
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "7",
        "1",
        "1",
        "2",
    )
    found = {
        case.get("name", "").rpartition(" float64")[0]: [each.tag for each in case] for case in suite.iter("testcase")
    }
    expected = {"disagrees": ["failure"], "failed": ["error"], "not run": ["skipped"], "undefined": ["skipped"]}
    assert found == {str(verdict): expected.get(verdict, []) for verdict in Verdict}
    strict = ElementTree.fromstring(exchange.junit(rows, {"not run", "suspect"}, STAMP).encode())
    assert {case.get("name") for case in strict.iter("testcase") if case.find("failure") is not None} == {
        "not run float64 cpu", "suspect float64 cpu",
    }  # fmt: skip


def test_annotations_are_one_line_each_and_escaped() -> None:
    rows = [row(Verdict.FAILED, f"p{k}", said=HOSTILE) for k in range(3)]
    rows += [row(Verdict.SUSPECT), row(Verdict.AGREES)]
    error, warning = exchange.of_github(rows, set(BAD))
    assert error.startswith(
        "::error title=torch/fast%3A failed::on p0, float64, and 2 more, each with its own figures: "
        "100 %25, a: b%0D%0A::error"
    )
    assert warning == "::warning title=torch/fast%3A suspect::on kink, float64"
    many = [row(Verdict.FAILED, said=f"reason {k}") for k in range(50)]
    assert len(exchange.of_github(many, set(BAD))) == exchange.MOST


def answer(costs: list[float]) -> Answer:
    params = (Layer(np.ones((1, 2)), np.zeros((1, 1))),)
    free = FreeRun(params, np.array(costs), [], Certification.ALL, len(costs))
    return Answer([0], [(np.array(0.5), params)], free, np.zeros(1), np.zeros(1), None, "cpu", [], {})


def test_the_digest_of_the_bits_tells_apart_what_numbers_do_not() -> None:
    assert bits(answer([0.0, 1.0])) == bits(answer([0.0, 1.0]))
    assert bits(answer([0.0, 1.0])) != bits(answer([-0.0, 1.0]))
    assert bits(answer([0.0, 1.0])) != bits(answer([0.0, np.nextafter(1.0, 2.0)]))


# ---------------------------------------------------------------- from end to end


def test_json_and_junit_and_annotations_of_one_run(run: Run, standing, monkeypatch: pytest.MonkeyPatch) -> None:
    standing()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    code, out, err = run(*COMPARE, "--json", "--junit", "junit.xml")
    said = json.loads(out)
    table = pd.read_csv("mine/agreement.csv")
    assert (code, len(said["rows"])) == (1, len(table))
    assert set(table.bits) == {each["bits"] for each in said["rows"]}
    environment = json.loads(Path("mine/environment.json").read_text())
    assert said["environment"] == environment
    assert set(table.run) == {environment["run"]}
    assert set(table.host) == {environment["host"]} == {machine.hostname()}
    assert table.data.nunique() == 2  # a data set has more than one problem
    assert "::error title=numpy/fast%3A disagrees::" in err
    assert len(list(ElementTree.parse("junit.xml").iter("testcase"))) == len(table)
    assert run(*COMPARE, "--junit", "nowhere/at/all/../junit.xml")[0] in (1, 2)
    assert run(*COMPARE, "--junit", "mine")[0] == 2  # a folder, before anything has run


def test_a_run_is_repeated_and_a_file_that_has_changed_is_refused(run: Run, standing) -> None:
    standing()
    rng = np.random.default_rng(0)
    np.savez("my data.npz", X=rng.standard_normal((3, 20)), Y=(rng.random((1, 20)) > 0.5).astype(float))
    words = ["compare", "--impl", "numpy/by_hand", "--data", "my data.npz", "--layers", "2", "--standardise"]
    assert run(*words, "--iterations", 3, "--out", "mine")[0] == 0
    asked = json.loads(Path("mine/environment.json").read_text())["settings"]["asked"]
    assert set(asked["files"]) == {"my data.npz"}
    assert {"--layers=2", "--standardise", "--iterations=3", "--data=my data.npz"} <= set(asked["words"])
    assert run("rerun", "mine")[0] == 0
    first, second = (pd.read_csv(f"{folder}/agreement.csv") for folder in ("mine", "results/latest"))
    assert list(first.bits) == list(second.bits)
    assert set(first.run) != set(second.run)
    again = json.loads(Path("results/latest/environment.json").read_text())["settings"]["asked"]
    assert again == asked
    with Path("my data.npz").open("ab") as file:
        file.write(b"\n")
    code, _, err = run("rerun", "mine/environment.json")
    assert (code, err.count("\n")) == (2, 1)
    assert "my data.npz: its SHA-256 is" in err
    Path("my data.npz").unlink()
    code, _, err = run("rerun", "mine/environment.json")
    assert (code, "my data.npz: no such file" in err) == (2, True)


@pytest.mark.parametrize(
    "said",
    [
        "", "[]", "{}", '{"settings": {"asked": 3}}', "[" * 100_000,
        '{"settings": {"asked": {"command": "train", "words": [], "files": {}}}}',
        '{"settings": {"asked": {"command": "compare", "words": ["--junit=x"], "files": {}}}}',
        '{"settings": {"asked": {"command": "compare", "words": ["--out=x"], "files": {}}}}',
        '{"settings": {"asked": {"command": "compare", "words": ["-q"], "files": {}}}}',
        '{"settings": {"asked": {"command": "compare", "words": [3], "files": {}}}}',
    ],
)  # fmt: skip
def test_what_nobody_has_asked_is_not_run(run: Run, said: str) -> None:
    Path("environment.json").write_text(said)
    code, out, err = run("rerun", "environment.json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "does not say what was asked for" in err
    assert [path.name for path in Path().iterdir()] == ["environment.json"]


# ---------------------------------------------------------------- what it ran on


def test_published_tables_are_of_a_commit_and_not_of_changed_sources() -> None:
    for path in (Path(__file__).parents[2] / "results").glob("*environment.json"):
        assert "dirty" not in json.loads(path.read_text())["commit"], path.name


def test_the_machine_is_told() -> None:
    said = machine.environment({}, {})
    assert said["host"]
    assert "kernel" in said["release"]
    assert isinstance(said["gpus"], list)
    assert all(isinstance(each, str) for each in said["libraries"].values())


# ---------------------------------------------------------------- the notes' equations


@pytest.mark.parametrize("id", IDS)
def test_the_frameworks_write_the_same_equations_in_the_same_order(id: str) -> None:
    by = {name: {each.key: len(each.lines) for each in functions(name, id)} for name in VARIANTS}
    for key in set(by["numpy"]) & set(by["torch"]) & set(by["jax"]):
        assert by["numpy"][key] == by["torch"][key] == by["jax"][key], key


def test_show_prints_each_equation_with_its_line_in_each_framework(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run("show", "n16")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    for name, line in (
        ("numpy", "axis=1, keepdims=True"),
        ("torch", "dim=1, keepdim=True"),
        ("jax", "axis=1, keepdims=True"),
    ):
        assert f"{name:5}  db2 = dZ2.sum({line}) / m" in out
    monkeypatch.setenv("COLUMNS", "180")
    (wide,) = [line for line in run("show", "N16")[1].splitlines() if "numpy  db2" in line]
    assert wide.count("db2 = ") == 3


def test_what_is_an_experiment_is_shown_as_the_claim_that_measures_it(run: Run) -> None:
    assert "crosscheck claims --only slopes" in run("show", "N6")[1]
    code, _, err = run("show", "N28")
    assert (code, err.count("\n")) == (2, 1)
    assert "expected N1 to N27" in err
