"""`crosscheck.check` in Python and in a notebook: what it returns, the magic, and `check --json`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import crosscheck
import pytest
from crosscheck.cli.main import main
from crosscheck.grading.reported import Report
from crosscheck.grading.sources.module import load_program as from_file
from crosscheck_impls.interface import BadInput

STUDENTS = Path(__file__).parent / "students"
SETTINGS = {"problems": "flower-2layer", "layers": (4,), "activation": "tanh"}
RIGHT = (STUDENTS / "right/two_layer.py").read_text(encoding="utf-8")
WRONG = RIGHT.replace("(1 - A1**2)", "(1 - A1)")
assert WRONG != RIGHT


def checked(name: str, **options: Any) -> Report:
    return crosscheck.check(from_file(STUDENTS / name).cost_and_gradients, **(SETTINGS | options))


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Report:
    path = tmp_path_factory.mktemp("wrong") / "derivative.py"
    path.write_text(WRONG, encoding="utf-8")
    return crosscheck.check(from_file(path).cost_and_gradients, **SETTINGS)


def test_a_narrow_dtype_is_refused() -> None:
    with pytest.raises(BadInput, match="bfloat16: unknown here, expected float64 or float32"):
        checked("right/two_layer.py", dtypes="bfloat16")


def test_a_right_one_is_right_in_every_part() -> None:
    report = checked("right/two_layer.py")
    assert (report.right, report.verdict, report.causes, report.facts.first) == (True, "right", (), "")
    assert list(report.facts.parts) == ["J", "dW1", "db1", "dW2", "db2"]
    assert all(part.whole for part in report.facts.parts.values())
    assert report.seconds > 0


def test_a_wrong_one_says_which_part_and_why(wrong: Report) -> None:
    assert (wrong.right, wrong.verdict) == (False, "wrong")
    assert wrong.causes == ("tanh' = 1 - A",)
    assert {name for name, part in wrong.facts.parts.items() if not part.whole} == {"dW1", "db1"}
    assert wrong.facts.first.startswith("dW1[")
    assert "\n" not in repr(wrong)
    assert "dW1[" in repr(wrong)


def test_what_costs_hardly_anything_is_in_the_verdict(tmp_path: Path) -> None:
    path = tmp_path / "epsilon.py"
    path.write_text(RIGHT.replace("np.log(A2)", "np.log(A2 + 1e-8)"), encoding="utf-8")
    report = crosscheck.check(from_file(path).cost_and_gradients, **SETTINGS)
    assert report.right
    assert report.verdict == "right, but for epsilon in cost"


def test_the_table_has_a_row_for_each_tensor(wrong: Report) -> None:
    table = wrong.table
    assert list(table.index) == ["J", "dW1", "db1", "dW2", "db2"]
    assert table.loc["J", "right on"] == table.loc["J", "of"] == 1
    assert table.loc["dW1", "right on"] == 0
    assert table.loc["dW1", "error / bound"] > 1 >= table.loc["dW2", "error / bound"]


def test_a_notebook_gets_html_with_nothing_of_the_report_taken_as_markup(wrong: Report) -> None:
    shown = wrong._repr_html_()
    assert "<table" in shown
    assert "dW1" in shown
    hostile = wrong._replace(text="<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in hostile


def test_answers_with_the_same_bits_have_the_same_digest(wrong: Report) -> None:
    first, second = checked("right/two_layer.py"), checked("right/two_layer.py")
    assert first.facts.answers == second.facts.answers != wrong.facts.answers
    assert len(first.facts.answers) == 16


def test_json_holds_what_the_report_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(WRONG, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["crosscheck", "check", str(path), "--problem", "flower-2layer", "--json"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["right"], found["verdict"], found["causes"]) == (False, "wrong", ["tanh' = 1 - A"])
    assert found["parts"]["J"] == {"right": 1, "of": 1}
    assert found["parts"]["dW1"] == {"right": 0, "of": 1}
    assert "mistake" in found["report"]


# ---------------------------------------------------------------- the magic


@pytest.fixture(scope="module")
def shell() -> Any:
    interactive = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
    made = interactive()
    made.run_line_magic("load_ext", "crosscheck")
    return made


def test_a_cell_is_run_and_checked(shell: Any) -> None:
    report = shell.run_cell_magic("crosscheck", "problems=flower-2layer activation=tanh", WRONG)
    assert report.causes == ("tanh' = 1 - A",)
    assert "cost_and_gradients" in shell.user_ns


def test_a_function_is_named_where_the_cell_has_several(shell: Any) -> None:
    cell = RIGHT.replace("def cost_and_gradients", "def mine") + "\ndef cost_and_gradients(X, Y): ...\n"
    report = shell.run_cell_magic("crosscheck", "mine problems=flower-2layer", cell)
    assert report.right


FORWARD = """
import numpy as np
def forward_propagation(X, parameters):
    A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
    A2 = 1 / (1 + np.exp(-(parameters["W2"] @ A1 + parameters["b2"])))
    return A2, {"A1": A1, "A2": A2}
"""
COST = """
def compute_cost(A2, Y):
    return -np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))
"""
BACKWARD = """
def backward_propagation(parameters, cache, X, Y):
    m, A1 = X.shape[1], cache["A1"]
    dZ2 = cache["A2"] - Y
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1 ** 2)
    return {"dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m,
            "dW2": dZ2 @ A1.T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m}
"""


def test_the_courses_functions_in_one_cell_are_read_as_in_a_file(shell: Any) -> None:
    report = shell.run_cell_magic("crosscheck", "problems=flower-2layer", FORWARD + COST + BACKWARD)
    assert report.right
    assert "read as forward_propagation, compute_cost, backward_propagation" in " ".join(report.text.split())


def test_a_cell_goes_with_what_the_cells_above_define(shell: Any) -> None:
    for cell in (FORWARD, COST):
        assert shell.run_cell(cell).success
    report = shell.run_cell_magic("crosscheck", "problems=flower-2layer", BACKWARD.replace("(1 - A1 ** 2)", "(1 - A1)"))
    assert report.causes == ("tanh' = 1 - A",)
    assert "this cell and those above" in report.text


@pytest.mark.parametrize(
    ("line", "cell", "words"),
    [
        ("", "x = 1", "the cell defines no function, expected cost_and_gradients(parameters, X, Y)"),
        ("problem=flower", RIGHT, "no option 'problem'; did you mean problems?"),
        ("problems=flour", RIGHT, "flour: no such problem here; did you mean flower"),
        ("other", RIGHT, "no function other"),
        ("one two", RIGHT, "2 names, expected one function"),
    ],
)
def test_a_wrong_request_is_one_line(
    shell: Any, capsys: pytest.CaptureFixture[str], line: str, cell: str, words: str
) -> None:
    assert shell.run_cell_magic("crosscheck", line, cell) is None
    error = capsys.readouterr().err
    assert words in error
    assert error.startswith("crosscheck: ")
    assert error.count("\n") == 1


def test_a_cell_that_fails_is_shown_and_not_checked(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell_magic("crosscheck", "", "def f(:\n") is None
    assert "SyntaxError" in capsys.readouterr().out


@pytest.mark.slow
def test_in_a_real_notebook_the_cell_shows_its_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient").NotebookClient
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(str(Path(each).resolve()) for each in sys.path))
    ask = "import crosscheck\ncrosscheck.check(cost_and_gradients, problems='flower-2layer')"
    magic = "%load_ext crosscheck"
    cells = [RIGHT, ask, magic, f"%%crosscheck problems=flower-2layer\n{WRONG}"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    client(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    right, wrong = (notebook.cells[k].outputs[-1]["data"] for k in (1, 3))
    assert "<table" in right["text/html"]
    assert "right: J and every gradient" in right["text/html"]
    assert "tanh&#x27; = 1 - A" in wrong["text/html"]
    assert right["text/plain"] == "<Report right; print it to read it>"
