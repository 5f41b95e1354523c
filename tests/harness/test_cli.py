"""The command line as people use it, and every bad request: one line, exit code 2, nothing lost."""

import csv
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crosscheck.cli import outcome
from crosscheck.cli.main import app, main
from crosscheck.core.failures import Failure, Kind, Stage, Verdict
from crosscheck.core.records import Comparison
from crosscheck.judge.verdict import Row
from crosscheck.report import progress, screen
from crosscheck.runner import subprocesses as workers
from crosscheck_impls.interface import DTYPES, EVERY_DTYPE, VARIANTS, BadInput
from rich.console import Console
from typer.main import get_command

# ruff: noqa: E501 (a table: a line is a bad request)

Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / each) for each in ("harness", "impls", "."))}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path) -> Run:
    """Run crosscheck in this process, in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def crosscheck(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crosscheck", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return crosscheck


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of data, good and bad."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((3, 20)), (rng.random((1, 20)) > 0.5).astype(float)
    good = {"X": X, "Y": Y}
    broken = {
        "rank_1_X": {"X": X[0], "Y": Y},
        "all_rows": {"X": X.T, "Y": Y[0]},
        "short_Y": {"X": X, "Y": Y[:, :19]},
        "rows": {"X": X.T, "Y": Y},
        "labels": {"X": X, "Y": np.arange(20.0)[None, :] % 3},
        "nan": {"X": np.where(X[1, 4] == X, np.nan, X), "Y": Y},
        "inf": {"X": np.where(X[1, 4] == X, np.inf, X), "Y": Y},
        "no_Y": {"X": X},
        "half_test": {"X": X, "Y": Y, "X_test": X},
        "text": {"X": np.array([["a"]]), "Y": Y},
        "no_example": {"X": X[:, :0], "Y": Y[:, :0]},
    }
    folder = tmp_path / "files"
    folder.mkdir()
    np.savez(folder / "good.npz", **good)
    for name, arrays in broken.items():
        np.savez(folder / f"{name}.npz", **arrays)  # type: ignore[arg-type]
    np.savez(folder / "test_rows.npz", **good, X_test=X[:2], Y_test=Y)
    np.savez(folder / "large.npz", X=X * 1e39, Y=Y)
    (folder / "fields.csv").write_text("age,ill\n1,0,1\n2,1,0\n")
    (folder / "fields_text.csv").write_text("age,ill\nx,0,y\nz,1,w\n")
    with zipfile.ZipFile(folder / "zip.npz", "w") as archive:
        archive.writestr("X", "hello")
        archive.writestr("Y", "world")
    whole = (folder / "good.npz").read_bytes()
    (folder / "truncated.npz").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.npz").write_bytes(b"")
    (folder / "pickle.npz").write_bytes(pickle.dumps(good))
    np.savez(folder / "objects.npz", X=np.array([{}, []], dtype=object), Y=Y)
    (folder / "pickle.pkl").write_bytes(pickle.dumps(good))
    pd.DataFrame({"age": [1, 2], "town": ["Bonn", "Rome"], "ill": [0, 1]}).to_csv(folder / "town.csv", index=False)
    pd.DataFrame({"age": [1, 2, 3], "size": [4, 5, 7], "ill": [0, 1, 1]}).to_csv(folder / "good.csv", index=False)
    (folder / "gap.csv").write_text("age,ill\n1,0\n,1\n")
    (folder / "empty.csv").write_text("")
    import h5py

    with h5py.File(folder / "other.h5", "w") as file:
        file["pictures"] = np.zeros((2, 2))
    with h5py.File(folder / "good.h5", "w") as file:
        file["train_set_x"] = rng.integers(0, 256, (6, 2, 2, 3), dtype=np.uint8)
        file["train_set_y"] = np.array([0, 1, 0, 1, 1, 0])
    with h5py.File(folder / "group.h5", "w") as file:
        file.create_group("train_set_x")
        file["train_set_y"] = np.array([0, 1])
    with h5py.File(folder / "scalar.h5", "w") as file:
        file["train_set_x"], file["train_set_y"] = 3, np.array([0])
    (folder / "broken.h5").write_bytes(b"\x89HDF nothing")
    np.savez(folder / "weights.npz", W1=np.ones((1, 3)), b1=np.zeros((1, 1)))
    np.savez(folder / "wrong_shape.npz", W1=np.ones((2, 3)), b1=np.zeros((1, 1)))
    np.savez(folder / "no_b1.npz", W1=np.ones((1, 3)))
    return folder


BAD: dict[str, tuple[str, str]] = {
    "rank-1 X": ("--data files/rank_1_X.npz", "X has shape (20,) (rank 1), expected a matrix: X.reshape(n_x, m)"),
    "rows": ("--data files/all_rows.npz", "X has shape (20, 3), Y (20,): examples are rows, it seems, expected columns; "
             "transpose both: --rows"),
    "rows of a table": ("--data files/good.csv --rows", "a table's examples are its lines"),
    "no such column": ("--data files/good.csv --drop agee", "--drop agee: no such column in files/good.csv; did you mean age"),
    "column of an npz": ("--data files/good.npz --drop age", "--drop age: files/good.npz has no columns with names"),
    "split of nothing": ("--data files/good.csv --split 0.01", "--split 0.01: 0 of 3 examples"),
    "split above 1": ("--data files/good.csv --split 20", "--split 20: expected a share between 0 and 1"),
    "decimals": ("--data files/good.csv --decimal x", "--decimal x: expected , or . before decimals"),
    "drop without data": ("--problem flower-logistic --drop age", "--drop age: goes with data, which is missing"),
    "Y of another length": ("--data files/short_Y.npz", "X has 20 examples, Y has 19, expected the same"),
    "examples as rows": ("--data files/rows.npz", "transpose X: examples are columns"),
    "labels": ("--data files/labels.npz", "label Y is one of 3 kinds (0, 1, 2), expected two; one against the rest: --positive 2"),
    "NaN": ("--data files/nan.npz", "X[1, 4] is nan, expected finite numbers"),
    "inf": ("--data files/inf.npz", "X[1, 4] is inf, expected finite numbers"),
    "no Y": ("--data files/no_Y.npz", "has X, expected X and Y"),
    "half a test set": ("--data files/half_test.npz", "has one of X_test and Y_test"),
    "text in an npz": ("--data files/text.npz", "X holds <U1, expected numbers"),
    "no example": ("--data files/no_example.npz", "expected at least one feature and one example"),
    "truncated npz": ("--data files/truncated.npz", "not a whole .npz"),
    "empty npz": ("--data files/empty.npz", "not a whole .npz"),
    "pickle as npz": ("--data files/pickle.npz", "a pickle, expected an archive by np.savez"),
    "pickled objects": ("--data files/objects.npz", "holds pickled objects, expected plain numbers"),
    "pickle": ("--data files/pickle.pkl", "cannot read .pkl, expected .csv, .tsv"),
    "non-numeric column": ("--data files/town.csv", "town (text, 'Bonn' at line 2); --one-hot town"),
    "a gap": ("--data files/gap.csv", "no value for age at line 3; --dropna leaves out 1 of 2 examples"),
    "empty csv": ("--data files/empty.csv", "not a table"),
    "unknown label": ("--data files/good.csv --label il", "no column 'il'; did you mean ill?"),
    "label of an npz": ("--data files/good.npz --label ill", "--label ill"),
    "label without data": ("--label ill", "goes with data"),
    "missing file": ("--data files/nowhere.csv", "no such file, expected data; check the path"),
    "a folder": ("--data files", "cannot read"),
    "h5 without the sets": ("--data files/other.h5", "has pictures, expected train_set_x and train_set_y"),
    "broken h5": ("--data files/broken.h5", "or not a whole one"),
    "test set of other features": ("--data files/good.npz --test files/good.csv", "2 features, expected 3"),
    "unknown activation": ("--problem flower-2layer-tanh --activation tan", "unknown activation; did you mean tanh?"),
    "activations per layer": ("--problem flower-3layer-tanh --activation tanh,relu,relu", "3 names for 2 hidden layers"),
    "step": ("--problem flower-2layer-tanh --activation step", "'step' predicts but has no useful derivative"),
    "unknown output": ("--problem flower-logistic --output relu", "the output 'relu' does not go with the loss"),
    "unknown loss": ("--problem flower-logistic --loss hinge", "unknown loss 'hinge'; choose one of"),
    "slope": ("--problem flower-logistic --leaky-slope 1.5", "leaky_slope is 1.5"),
    "layers": ("--problem flower-logistic --layers 4,zero", "--layers 4,zero: expected the sizes of the hidden layers"),
    "weights that do not chain": (
        "--data files/good.npz --weights files/wrong_shape.npz", "W1 has shape (2, 3), expected (1, 3)"),
    "weights without b": ("--data files/good.npz --weights files/no_b1.npz", "no b1, expected (1, 1)"),
    "missing weights": ("--data files/good.npz --weights nowhere.npz", "weights: nowhere.npz: no such file"),
    "unknown weights": ("--problem flower-logistic --weights one", "got 'one', expected zeros, scaled, a number"),
    "iterations 0": ("--problem flower-logistic --iterations 0", "iterations: got 0, expected a whole number >= 1"),
    "iterations negative": ("--problem flower-logistic --iterations -5", "iterations: got -5"),
    "iterations not a number": ("--problem flower-logistic --iterations ten", "'--iterations'"),
    "alpha NaN": ("--problem flower-logistic --learning-rate nan", "learning rate: got nan, expected a finite number > 0"),
    "alpha negative": ("--problem flower-logistic --learning-rate -0.1", "learning rate: got -0.1"),
    "relu_grad_at_zero": ("--problem flower-logistic --relu-grad-at-zero middle", "relu_grad_at_zero is 'middle', expected 'right'"),
    "dtype": ("--problem flower-logistic --dtype float8", "--dtype float8: unknown here"),
    "device": ("--problem flower-logistic --device tpu", "--device tpu: unknown, expected cpu or cuda"),
    "no CUDA": ("--problem flower-logistic --device cuda --impl numpy", "--device cuda: not here"),
    "mistyped implementation": ("--impl torch/by_hnd", "did you mean torch/by_hand"),
    "mistyped framework": ("--impl troch", "did you mean torch"),
    "mistyped variant": ("--impl numpy/by_hnd", "did you mean numpy/by_hand"),
    "unknown module": ("--impl no_such.thing", "no module 'no_such'"),
    "mistyped problem": ("--problem flowre", "did you mean flower"),
    "problem and data": ("--problem flower --data files/good.npz", "expected one of them"),
    "unknown option": ("--dataset files/good.npz", "--dataset"),
    "out is a file": ("--problem flower-logistic --out files/good.csv", "--out files/good.csv: "),
    "out is not writable": ("--problem flower-logistic --out /proc/crosscheck", "--out /proc/crosscheck: "),
    "too many fields": ("--data files/fields.csv", "line 2 has 3 fields, the header 2 names"),
    "too many fields, text": ("--data files/fields_text.csv", "line 2 has 3 fields, the header 2 names"),
    "a zip of text": ("--data files/zip.npz", "X is not an array"),
    "h5 group": ("--data files/group.h5", "not the course's HDF5 file"),
    "h5 scalar": ("--data files/scalar.h5", "not the course's HDF5 file"),
    "test set of other features in an npz": ("--data files/test_rows.npz", "X_test has 2 rows, expected 3"),
    "layers without end": ("--problem flower-2layer-tanh --layers " + "9" * 5000, "expected the sizes of the hidden layers"),
    "large layers": ("--problem flower-2layer-tanh --layers 10000000", "expected at most 16,777,216"),
    "iterations without end": ("--problem flower-logistic --iterations 1" + "0" * 30, "expected at most 10,000,000"),
    "too much work": ("--problem many_examples --iterations 9999999", "multiplications; choose at most"),
    "negative weights": ("--problem flower-logistic --weights -1", "got '-1', expected zeros, scaled, a number >= 0"),
    "slope NaN": ("--problem flower-logistic --leaky-slope nan", "leaky_slope is nan"),
    "alpha inf": ("--problem flower-logistic --learning-rate inf", "learning rate: got inf"),
    "no Unicode": ("--problem flower\udcff", "holds \\udcff, expected text without control characters"),
    "a control character": ("--problem flower\x1b[31m", "holds \\x1b, expected text without control characters"),
    "a name too long": ("--data " + "x" * 5000 + ".csv", "File name too long"),
    "an implementation's name too long": ("--impl " + "x" * 5000 + ".py", "File name too long"),
    "out with a name too long": ("--problem flower-logistic --out " + "x" * 300, "File name too long"),
    "a device": ("--data /dev/zero", "cannot read"),
    "seed": ("--problem flower-logistic --seed -1", "--seed -1: expected a whole number >= 0"),
    "huge layers": ("--problem flower-2layer-tanh --layers 10000000000000", "expected at most 16,777,216"),
    "alpha too large for float32": ("--problem flower-logistic --learning-rate 1e39", "which is inf in float32"),
    "alpha too small for float32": ("--problem flower-logistic --learning-rate 1e-50", "which is 0 in float32"),
    "data too large for float32": ("--data files/large.npz", "the largest float32; scale it down"),
    "time limit infinite": ("--problem flower-logistic --time-limit inf", "at most 1e6"),
    "time limit": ("--problem flower-logistic --time-limit 0", "expected seconds > 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_is_one_line_and_loses_nothing(run: Run, files: Path, name: str) -> None:
    words, expected = BAD[name]
    Path("results/latest").mkdir(parents=True)
    Path("results/latest/agreement.csv").write_text("what was there before")
    code, out, err = run("compare", *words.split())
    assert code == 2
    assert expected in err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert out == "" or "too large for float32" in name  # what was read is told before it is rounded
    assert [path.name for path in Path("results/latest").iterdir()] == ["agreement.csv"]
    assert Path("results/latest/agreement.csv").read_text() == "what was there before"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", "no data, expected --problem NAME"),
        ("--problem flower", "9 problems begin so, expected one"),
        ("--problem flower-logistic --impl numpy", "has 5 variants, expected one"),
        ("--problem flower-logistic --costs costs.txt", "expected a name that ends in .csv"),
        ("--problem flower-logistic --params params.csv", "expected a name that ends in .npz"),
        ("--problem flower-logistic --costs /proc/x/costs.csv", "expected a folder to write into"),
        ("--problem flower-logistic --costs nope/costs.csv", "make it first, or name another"),
        ("--problem flower-logistic --params nope/w.npz", "--params nope: No such file or directory"),
        ("--problem flower-logistic --iterations 99999999", "expected at most 10,000,000"),
        ("--problem flower-logistic --dtype double", "--dtype double: unknown"),
        ("--problem flower-logistic --device cuda", "--device cuda: "),
    ],
)
def test_a_bad_training_is_one_line(run: Run, words: str, expected: str) -> None:
    code, _, err = run("train", *words.split())
    assert (code, expected in err, err.count("\n")) == (2, True, 1), err
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("check data.csv", "check data.csv: data, expected a program, mine.py"),
        ("check {long}.py", "File name too long"),
        ("check fifo.py", "a pipe, a socket or a device, not a file"),
        ("check null.py", "null bytes, expected a program of Python"),
        ("truth --bits 9999999999", "--bits 9999999999: expected 64 to 8192"),
        ("truth --bits 0", "--bits 0: expected"),
        ("bench --rounds 99999999", "--rounds 99999999: expected at most 10,000"),
        ("init --out {long}.py", "File name too long"),
        ("init --out fifo.py", "a pipe, a socket or a device"),
        ("claims --out {long}", "File name too long"),
        ("power --out loop", "symbolic links"),
        ("compare --problem one_class --out folders", "agreement.csv: a folder, not a file"),
        ("claims --only N17 --out folders", "claims.csv: a folder, not a file"),
    ],
)
def test_a_path_or_a_number_that_cannot_be_is_one_line(run: Run, words: str, expected: str) -> None:
    os.mkfifo("fifo.py")
    Path("null.py").write_bytes(b"gradients = 1\0")
    Path("loop").symlink_to("loop")
    for name in ("agreement.csv", "claims.csv"):
        Path("folders", name).mkdir(parents=True)
    code, _, err = run(*words.format(long="x" * 300).split())
    assert (code, expected in err, err.count("\n")) == (2, True, 1), err


def test_a_current_folder_that_has_gone_is_one_line(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    code, _, err = run("compare", "--problem", "one_class")
    assert (code, err) == (2, "crosscheck: No such file or directory\n")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"problem\n" + b'"' + b"x" * 200_000])
@pytest.mark.parametrize("name", ["agreement.csv", "environment.json"])
def test_whatever_stands_where_tables_go_is_not_lost(run: Run, name: str, content: bytes) -> None:
    Path("mine").mkdir()
    Path("mine", name).write_bytes(content)
    code, _, err = run("compare", "--problem", "one_class", "--impl", "numpy/by_hand", "--out", "mine")
    assert (code, "would be lost" in err, err.count("\n")) == (2, True, 1), err
    assert Path("mine", name).read_bytes() == content


def test_a_real_process_refuses_without_a_traceback(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "crosscheck", "compare", "--impl", "jaks", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("crosscheck: --impl jaks: no such implementation; did you mean jax")
    assert done.stderr.count("\n") == 1


def test_compare_writes_the_tables_and_exits_0(run: Run) -> None:
    code, out, _ = run("compare", "--impl", "numpy", "--problem", "one_class", "--problem", "kink-2layer-relu")
    assert code == 0
    assert "20 comparisons over 2 problems: 20 agrees." in out
    table = pd.read_csv("results/latest/agreement.csv")
    assert len(table) == 20
    assert set(table.verdict) == {"agrees"}
    assert set(table.implementation) == {f"numpy/{variant}" for variant in VARIANTS["numpy"]}
    assert set(table.dtype) == {"float64", "float32"}
    assert (table.largest_ratio <= 1).all()
    assert (table.accuracy_train == table.oracle_train).all()
    text = Path("results/latest/agreement.md").read_text()
    assert "20 comparisons" in text
    environment = json.loads(Path("results/latest/environment.json").read_text())
    assert environment["frameworks"]["numpy"]["numpy"] == np.__version__
    assert sorted(path.name for path in Path("results/latest").iterdir()) == [
        "agreement.csv", "agreement.jsonl", "agreement.md", "environment.json", "report.html",
    ]  # fmt: skip


def test_a_disagreement_exits_1_and_names_problem_implementation_tensor_and_ratio(run: Run) -> None:
    code, out, _ = run(
        "compare", "--impl", "tests.harness.outsiders.trouble/nan", "--impl", "numpy/by_hand", "--problem", "one_class"
    )  # fmt: skip
    assert code == 1
    assert "disagrees: tests.harness.outsiders.trouble/nan on one_class-logistic, float64" in out
    assert "dW1[0, 0] at iteration 0: got nan" in out
    assert "no finite number" in out
    table = pd.read_csv("results/latest/agreement.csv")
    assert list(table[table.implementation == "numpy/by_hand"].verdict) == ["agrees", "agrees"]


def test_float32_alone_brings_its_float64_twin(run: Run) -> None:
    run("compare", "--impl", "numpy/by_hand", "--problem", "one_class", "--dtype", "float32")
    assert list(pd.read_csv("results/latest/agreement.csv").dtype) == ["float64", "float32"]


@pytest.mark.parametrize("file", ["good.npz", "good.csv", "good.h5"])
def test_compare_on_my_own_data(run: Run, files: Path, file: str) -> None:
    code, out, _ = run(
        "compare", "--impl", "numpy/by_hand", "--data", files / file, "--layers", "4,3", "--activation", "tanh,relu",
        "--iterations", 5, "--standardise", "--seed", 3, "--weights", "0.5", "--out", "mine",
    )  # fmt: skip
    assert code == 0, out
    assert set(pd.read_csv("mine/agreement.csv").problem) == {"good"}
    assert not Path("results").exists()


def test_a_learning_rate_too_large_is_told_and_not_a_disagreement(run: Run, files: Path) -> None:
    code, out, _ = run(
        "compare", "--impl", "numpy/by_hand", "--data", files / "good.csv", "--layers", 4, "--activation", "linear",
        "--loss", "squared_error", "--learning-rate", 1e6, "--iterations", 200,
    )  # fmt: skip
    assert code == 0, out
    table = pd.read_csv("results/latest/agreement.csv")
    assert (table.checkpoints < 3).all()
    assert table.cause.str.contains("NaN or inf").all()


@pytest.mark.parametrize("iterations", [2, 5, 10, 20, 30])
@pytest.mark.parametrize("impl", ["numpy/by_hand", "numpy/textbook"])
@pytest.mark.parametrize("problem", ["one_feature", "flower-logistic"])
def test_a_run_that_overflows_float32_on_its_way_is_not_a_disagreement(
    run: Run, problem: str, impl: str, iterations: int
) -> None:
    code, out, _ = run(
        "compare", "--impl", impl, "--problem", problem, "--learning-rate", 10, "--iterations", iterations
    )  # fmt: skip
    assert code == 0, out


def test_train_writes_costs_and_params(run: Run) -> None:
    code, out, _ = run(
        "train", "--problem", "small_weights", "--iterations", 30, "--costs", "c.csv", "--params", "p.npz", "--out", "mine"
    )  # fmt: skip
    assert code == 0
    assert "accuracy train" in out
    assert "accuracy test" in out
    with Path("mine/c.csv").open() as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["iteration", "cost"]
    assert [int(line[0]) for line in lines[1:]] == list(range(30))
    costs = [float(line[1]) for line in lines[1:]]
    assert costs[-1] < costs[0]
    assert all(f"{cost:.17g}" == line[1] for cost, line in zip(costs, lines[1:], strict=True))
    with np.load("mine/p.npz") as saved:
        assert {name: saved[name].shape for name in saved} == {"W1": (4, 2), "b1": (4, 1), "W2": (1, 4), "b2": (1, 1)}


def test_training_goes_on_from_saved_weights_as_if_it_had_never_stopped(run: Run) -> None:
    both = ["train", "--problem", "small_weights", "--impl", "numpy/by_hand"]
    run(*both, "--iterations", 20, "--costs", "whole.csv", "--params", "whole.npz")
    run(*both, "--iterations", 12, "--params", "half.npz")
    run(*both, "--iterations", 8, "--weights", "half.npz", "--params", "rest.npz")
    with np.load("whole.npz") as whole, np.load("rest.npz") as rest:
        assert all(np.array_equal(whole[name], rest[name]) for name in whole)


def test_a_training_that_diverges_says_so(run: Run, files: Path) -> None:
    words = "--layers 4 --activation linear --loss squared_error --learning-rate 1e6 --iterations 200"
    code, out, _ = run("train", "--data", files / "good.csv", *words.split())
    assert code == 0
    assert "lower --learning-rate" in out


def test_list_shows_implementations_and_problems(run: Run) -> None:
    code, out, _ = run("list")
    assert code == 0
    for framework, variants in VARIANTS.items():
        assert all(f"{framework}/{variant}" in out for variant in variants)
    assert "flower-2layer-tanh" in out


def test_no_command_shows_the_help(run: Run) -> None:
    code, out, _ = run()
    assert code == 0
    assert "compare" in out


def test_help_and_list_import_no_framework() -> None:
    code = (
        "import sys, crosscheck.cli.main, crosscheck.problems.catalogue;"
        "print([m for m in ('torch', 'jax', 'pandas', 'sklearn', 'numpy') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_interrupt_keeps_what_is_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("results/latest").mkdir(parents=True)
    Path("results/latest/agreement.csv").write_text("what was there before")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workers, "run", interrupted)
    code, _, err = run("compare", "--impl", "numpy/by_hand", "--problem", "one_class")
    assert code == 130
    assert "interrupted" in err
    assert Path("results/latest/agreement.csv").read_text() == "what was there before"


# ---------------------------------------------------------------- where the results go

ONE = ["compare", "--impl", "numpy/by_hand", "--problem", "one_class-logistic", "--dtype", "float64"]


def test_the_last_line_says_where_and_nothing_but_the_latest_is_replaced(run: Run) -> None:
    code, out, _ = run(*ONE, "--impl", "numpy/fast")
    assert code == 0
    assert out.splitlines()[-2].startswith("Tables: results/latest/agreement.csv, ")
    assert out.splitlines()[-1] == "Report: results/latest/report.html"
    assert run(*ONE)[0] == 0  # fewer implementations, but the latest run always wins here
    assert list(pd.read_csv("results/latest/agreement.csv").implementation) == ["numpy/by_hand"]


TABLE = """problem,implementation,dtype,device,verdict
one_class-logistic,numpy/by_hand,float64,cpu,agrees
"""


@pytest.mark.parametrize(
    ("standing", "lost"),
    [
        (TABLE + "kink-2layer-relu,numpy/by_hand,float64,cpu,agrees\n", "1 problem (kink-2layer-relu)"),
        (TABLE + "one_class-logistic,torch/fast,float64,cpu,agrees\n", "1 implementation (torch/fast)"),
        (TABLE + "one_class-logistic,numpy/by_hand,float32,cpu,agrees\n", "1 dtype (float32)"),
        (TABLE + "one_class-logistic,numpy/by_hand,float64,cuda,agrees\n", "1 device (cuda)"),
        ("my own notes\n", "not a table of Crosscheck's"),
    ],
)
def test_a_subset_never_replaces_a_fuller_table(run: Run, standing: str, lost: str) -> None:
    Path("results").mkdir()
    Path("results/agreement.csv").write_text(standing)
    code, out, err = run(*ONE, "--out", "results")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert lost in err
    assert "--out another" in err
    assert [path.name for path in Path("results").iterdir()] == ["agreement.csv"]
    assert Path("results/agreement.csv").read_text() == standing
    assert run(*ONE, "--out", "results", "--force")[0] == 0
    assert len(pd.read_csv("results/agreement.csv")) == 1


def test_the_same_run_replaces_its_table_but_one_with_other_settings_does_not(run: Run) -> None:
    assert run(*ONE, "--out", "mine")[0] == 0
    assert run(*ONE, "--out", "mine")[0] == 0
    code, _, err = run(*ONE, "--out", "mine", "--iterations", 3)
    assert (code, err.count("\n")) == (2, 1)
    assert "was made with each problem's own settings" in err
    assert run(*ONE, "--out", "mine", "--iterations", 3, "--force")[0] == 0
    assert "was made with iterations 3" in run(*ONE, "--out", "mine")[2]


@pytest.mark.parametrize(
    ("words", "file", "standing", "lost"),
    [
        ("power --problem kink", "mutation.csv", "problem\nflower-logistic\n", "1 problem (flower-logistic)"),
        ("power --problem kink --draws 1", "false_alarms.csv", "problem\nrandom-3-9-age25\n", "9 of 10 draws"),
        ("truth --problem kink", "oracle.csv", "problem\nflower-logistic\n", "1 problem (flower-logistic)"),
        ("bench --only 784", "speed.csv", "size,contestant,dtype\nplanar,copy,float32\n", "1 size (planar)"),
        ("bench --impl numpy/fast", "speed.csv", "size,contestant,dtype\n784,keras,float32\n", "1 contestant (keras)"),
        ("bench --dtype float64", "speed.csv", "size,contestant,dtype\n784,copy,float32\n", "1 dtype (float32)"),
        ("bench --no-growth", "speed.md", "## Growth\n", "the growth of the times"),
    ],
)
def test_nor_does_a_subset_of_the_other_measurements(run: Run, words: str, file: str, standing: str, lost: str) -> None:
    Path("results").mkdir()
    Path("results", file).write_text(standing)
    code, out, err = run(*words.split(), "--out", "results")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert lost in err
    assert Path("results", file).read_text() == standing


# ---------------------------------------------------------------- exit codes


def row(verdict: str, cause: str = "", problem: str = "kink-2layer-relu", implementation: str = "torch/fast") -> Row:
    said = Failure(Stage.CASE, Kind.RAISED, cause) if cause else None
    return Row(problem, implementation, "float64", "cpu", Verdict(verdict), said)


@pytest.mark.parametrize(
    ("verdicts", "names", "strict", "code"),
    [
        (["agrees", "suspect", "not run"], None, False, 0),
        (["agrees", "suspect"], None, True, 1),
        (["agrees", "not run"], None, True, 1),
        (["agrees", "disagrees"], None, False, 1),
        (["agrees", "failed"], None, True, 1),
        (["agrees", "disagrees"], ["failed"], False, 0),
        (["agrees", "failed"], ["suspect,failed"], False, 1),
        (["agrees", "not run"], ["failed", "not-run"], False, 1),
        (["agrees", "suspect"], ["failed"], True, 1),
        (["agrees", "convention"], ["convention"], False, 1),
    ],
)
def test_the_exit_code(verdicts: list[str], names: list[str] | None, strict: bool, code: int) -> None:
    assert outcome.exit_code([row(verdict) for verdict in verdicts], outcome.fail_on(names, strict)) == code


@pytest.mark.parametrize("rows", [[], [row("not run", "torch is not installed")] * 2])
def test_nothing_that_ran_is_a_wrong_request(rows: list[Row]) -> None:
    with pytest.raises(BadInput, match="nothing ran"):
        outcome.exit_code(rows)


@pytest.mark.parametrize("command", ["compare", "explain"])
def test_what_could_run_nothing_exits_2_in_one_line_and_leaves_the_tables(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(workers, "missing", lambda framework: framework)
    code, out, err = run(command, "--impl", "numpy/by_hand", "--problem", "one_class")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "nothing ran, expected at least one row: numpy is not installed (2 rows)" in err
    assert not list(Path("results/latest").glob("*"))


def test_strict_and_fail_on_reach_the_exit_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "missing", lambda framework: "torch" if framework == "torch" else "")
    both = [*ONE, "--impl", "torch/fast"]
    assert run(*both)[0] == 0
    assert run(*both, "--strict")[0] == 1
    assert run(*both, "--fail-on", "agrees")[0] == 1
    code, _, err = run(*both, "--fail-on", "suspct")
    assert (code, err.count("\n")) == (2, 1)
    assert "did you mean suspect" in err


def test_the_names_of_the_verdicts_are_the_verdicts() -> None:
    assert [name.replace("-", " ") for name in outcome.NAMES] == [str(name) for name in Verdict]


# ---------------------------------------------------------------- what is shown


def shown(rows: list[Row], width: int, **how: bool) -> list[str]:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    screen.show(rows, console=console, **how)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def mixed() -> list[Row]:
    """One row that agrees, two that do not, with every column filled."""
    numbers = [
        Comparison(name, 0, ratio, (0,), 1.0, 1.0, 1.0, 0.5, 1.0, 1.0, 0)
        for name, ratio in (("J", 0.1), ("dW1", 2.0), ("db1", 0.5), ("fit: W1", 0.3))
    ]
    wrong = "dW1[0, 0] at iteration 0: got 1, oracle 2, bound 1e-15; J is right; unexplained"
    rows = [
        row("agrees"),
        row("disagrees", wrong, implementation="my_package.some.module/variant"),
        row("convention", "relu'(0) = 0", "kink_outputs-3layer-leaky_relu", "torch/native"),
    ]
    for each in rows:
        each.comparisons, each.iterations, each.certified = numbers, 40, 40
    return rows


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_each_row_is_one_line_that_fits(width: int) -> None:
    lines = shown([each for each in mixed() if each.verdict != "agrees"], width, verbose=True)
    table = (
        lines[: lines.index("")] if width >= 120 else lines[: next(k for k, x in enumerate(lines) if "disagrees:" in x)]
    )
    assert max(map(len, table)) <= width
    assert sum("my_package.some.module/variant" in line for line in table) == 1
    assert sum("torch/native" in line for line in lines[:-4]) == 1
    for name in ("kink-2layer-relu", "kink_outputs-3layer-leaky_relu", "disagrees", "convention", "dW1"):
        assert any(name in line for line in lines), name
    assert any(line.startswith("  relu'(0) = 0: torch/native on kink_outputs") for line in lines)  # whatever the width
    assert any("dW1[0, 0] at iteration 0: got 1, oracle 2, bound 1e-15; J is right; unexplained" in x for x in lines)


def test_the_least_important_columns_go_first() -> None:
    headers = {
        width: next(x for x in shown(mixed(), width, verbose=True) if "verdict" in x).split()
        for width in (60, 80, 120, 200)
    }
    assert headers[200][4:] == ["largest", "in", "noise", "J", "dW", "db", "step", "certified", "cause"]
    assert headers[120] == ["problem", "implementation", "dtype", "verdict", "largest", "in"]
    assert headers[80] == ["implementation", "dtype", "verdict", "largest", "in"]
    assert headers[60] == ["implementation", "dtype", "verdict"]


def test_all_rows_with_v_and_only_what_is_wrong_with_q() -> None:
    assert any("torch/fast" in line for line in shown(mixed(), 80, verbose=True))
    quiet = shown(mixed(), 80, quiet=True)
    assert len(quiet) == 1
    assert quiet[0].startswith("disagrees: my_package.some.module/variant on kink-2layer-relu, float64: dW1[0, 0]")
    assert shown([row("agrees")], 80, quiet=True) == []


def test_quiet_prints_nothing_where_all_is_well(run: Run) -> None:
    assert run(*ONE, "-q") == (0, "", "")
    assert run("explain", *ONE[1:], "-q") == (0, "", "")


def test_explain_names_the_rows_that_agree_with_v_only(run: Run) -> None:
    code, out, _ = run("explain", *ONE[1:])
    assert (code, out) == (0, "1 comparisons over 1 problems: 1 agrees.\n")
    assert "numpy/by_hand on one_class-logistic, float64: agrees" in run("explain", *ONE[1:], "-v")[1]
    words = ["explain", "--impl", "tests.harness.outsiders.trouble/nan", "--problem", "one_class", "--dtype", "float64"]
    for more in ([], ["-q"]):
        code, out, _ = run(*words, *more)
        assert code == 1
        assert "trouble/nan on one_class-logistic, float64: disagrees\n" in out
        assert "cause       dW1[0, 0] at iteration 0" in out


def test_progress_says_how_long_it_will_take() -> None:
    pace = progress.Pace("comparing", now=0.0)
    assert pace.line(2.0) == "comparing"
    pace.update("preparing", 1, 2, now=3.0)
    pace.update("numpy/fast", 0, 100, now=10.0)
    assert pace.line(12.0) == "0 of 100, numpy/fast"
    pace.update("torch/fast", 20, 100, now=20.0)
    assert pace.line(20.0) == "20 of 100, torch/fast, 0:40 left"


def test_progress_is_a_line_on_standard_error_after_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(progress, "FIRST", 0.01)
    with screen.progress("waiting"):
        time.sleep(0.3)
    with screen.progress("waiting", quiet=True):
        time.sleep(0.1)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "waiting\n")


# ---------------------------------------------------------------- help, versions, completion

COMMANDS = (
    "list", "compare", "explain", "rerun", "diff", "merge", "history", "show", "check", "train", "truth", "power",
    "honest", "qualify", "claims", "bench",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_what_is_written_and_the_exit_codes_in_80_columns(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(command, "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    for words in ("Example", f"crosscheck {command}", "Writes", "Exit code"):
        assert words in out, words


def test_every_command_is_helped(run: Run) -> None:
    assert all(f"\n  {command} " in run()[1] for command in COMMANDS)


def test_the_versions_are_those_that_are_installed(run: Run) -> None:
    code, out, _ = run("--version")
    lines = dict(line.split(" ", 1) for line in out.splitlines())
    assert code == 0
    assert list(lines) == ["crosscheck", "python", *VARIANTS]
    assert lines["numpy"] == np.__version__


def test_both_programs_are_the_same(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"]["crosscheck"] == "crosscheck.__main__:main"
    done = subprocess.run(
        [sys.executable, "-m", "crosscheck", "--version"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr, done.stdout.split()[0]) == (0, "", "crosscheck")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("compare --impl torch/by", {"torch/by_hand"}),
        ("explain --problem kin", {"kink", "kink_outputs", "kink-2layer-relu"}),
        ("train --problem small", {"small_weights", "small_weights-2layer-tanh"}),
        ("compare --fail-on no", {"not-run"}),
        ("qualify --dtype bf", {"bfloat16"}),
        ("cla", {"claims"}),
    ],
)
def test_the_shell_completes_and_nothing_heavy_is_imported(tmp_path: Path, line: str, offered: set[str]) -> None:
    code = (
        "import sys, atexit; atexit.register(lambda: print('heavy', *sorted({'numpy', 'pandas', 'torch', 'jax'} &"
        " set(sys.modules)))); from crosscheck.__main__ import main; main()"
    )
    words = f"crosscheck {line}"
    more = {"_CROSSCHECK_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT | more, capture_output=True, text=True, check=False
    )
    *names, heavy = done.stdout.splitlines()
    assert offered <= set(names), done.stderr
    assert all(name.startswith(line.split()[-1]) for name in names)
    assert heavy == "heavy"


@pytest.mark.parametrize(
    ("command", "dtypes"),
    [
        *((command, EVERY_DTYPE) for command in ("compare", "explain", "train", "honest", "qualify")),
        *((command, DTYPES) for command in ("check", "grade", "bench")),
    ],
)
def test_only_a_command_that_takes_narrow_dtypes_offers_them(command: str, dtypes: tuple[str, ...]) -> None:
    asked = get_command(app).commands[command]
    (option,) = [each for each in asked.params if each.name == "dtype"]
    offered = option.shell_complete(asked.make_context(command, [], resilient_parsing=True), "")
    assert [each.value for each in offered] == list(dtypes)
    assert {word.strip(",;.") for word in option.help.split()} & set(EVERY_DTYPE) == set(dtypes)


# ---------------------------------------------------------------- Ctrl-C


def handles_signals(process: "subprocess.Popen[str]") -> bool:
    """Return whether a process has taken SIGTERM into its own hands; before that it is Python that starts."""
    caught = [line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "SigCgt" in line]
    return bool(int(caught[0].split()[1], 16) >> (signal.SIGTERM - 1) & 1)


LONG = {
    "compare": [],
    "explain": ["--problem", "flower"],
    "check": [str(ROOT / "tests/harness/students/right/two_layer.py"), "--time-limit", "60"],
    "truth": ["--bits", "2000"],
    "power": [],
    "honest": [],
    "qualify": ["--impl", "numpy/by_hand"],
    "claims": [],
    "bench": [],
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("command", LONG)
def test_ctrl_c_is_one_line_and_130_at_any_time(tmp_path: Path, command: str, seconds: float) -> None:
    code, out, err = stopped([command, *LONG[command]], signal.SIGINT, seconds, tmp_path)
    if code == 0 and command in ("check", "explain"):
        pytest.skip("it was done before")
    assert code == 130, err
    lines = [line for line in err.splitlines() if " of " not in line or "interrupted" in line]  # without progress
    said = [line for line in lines if line.startswith("interrupted")]
    assert len(said) == 1, err
    assert "Traceback" not in err + out
    assert "Error" not in err + out


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize("seconds", [0.0, 3.0])
@pytest.mark.parametrize(("number", "word"), [(signal.SIGTERM, "terminated"), (signal.SIGHUP, "hung up")])
def test_sigterm_and_sighup_are_one_line_and_143_or_129(
    tmp_path: Path, number: signal.Signals, word: str, seconds: float
) -> None:
    code, _, err = stopped(["compare"], number, seconds, tmp_path)
    assert code == 128 + number, err
    assert err.splitlines()[-1].startswith(word)
    assert "Traceback" not in err


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_a_terminal_that_is_closed_ends_the_command_in_order(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "crosscheck", "compare", "--impl", "numpy/by_hand", "--out", "mine"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        journal = tmp_path / "mine/agreement.partial.jsonl"
        while process.poll() is None and not (journal.exists() and b'"record": {"is": "Row"' in journal.read_bytes()):
            time.sleep(0.02)
        os.close(ours)
        for _ in range(3):  # the terminal's end sends it, and so does the shell
            process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
        process.wait(timeout=60)
    assert process.returncode == 129
    assert (tmp_path / "mine/agreement.partial.csv").is_file()


# a process in the background of a shell ignores Ctrl-C, and so would what it starts
LISTENING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "crosscheck", *sys.argv[1:]])
"""


def stopped(words: list[str], number: int, seconds: float, folder: Path) -> tuple[int, str, str]:
    """Start a command, send a signal to it and all that it has started, as a terminal does, and wait."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTENING, *words], cwd=folder, env=ENVIRONMENT, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        while process.poll() is None and not handles_signals(process):
            time.sleep(0.01)
        time.sleep(seconds)
        if process.poll() is None:
            (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


KINDS = ("csv", "md", "jsonl")


def test_an_interrupt_says_how_much_is_kept_and_where(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(jobs: list[workers.Job], done: Callable[..., None], *_: object, **__: object) -> None:
        done(jobs[0], jobs[0].cases[0], None, Failure(Stage.CASE, Kind.RAISED, "it was so"))
        time.sleep(0.5)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("the signal was ignored")

    monkeypatch.setattr(workers, "run", interrupted)
    code, out, err = run("compare", "--impl", "numpy", "--problem", "one_class", "--out", "mine")
    assert (code, out) == (130, "")
    assert err == "interrupted; 1 of 10 rows are in mine/agreement.partial.csv; the same with --resume goes on\n"
    assert {path.name for path in Path("mine").iterdir()} == {f"agreement.partial.{kind}" for kind in KINDS}
    assert list(pd.read_csv("mine/agreement.partial.csv").cause) == ["it was so"]
    timers = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    assert all(each.finished.is_set() for each in timers), "this process would be ended later"
