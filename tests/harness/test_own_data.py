"""The user's data in files that are no text, arrays of rows, test sets, and what is refused of them."""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crosscheck.problems.catalogue import Options, requested
from crosscheck.problems.files import packed
from crosscheck.problems.files.how import How
from crosscheck.problems.files.read import OWN, read
from crosscheck.problems.silence import silent
from crosscheck_impls.interface import BadInput

from tests.data_table import options

FRAME = pd.DataFrame({"age": [30.5, 41, 1 / 3], "smokes": [True, False, True], "ill": ["no", "yes", "yes"]})
X = np.array([[30.5, 41, 1 / 3], [1, 0, 1]])


def refusal(path: Path, how: How = OWN) -> str:
    with pytest.raises(BadInput) as refused:
        read(path, how)
    return str(refused.value)


@pytest.mark.parametrize("ending", ["parquet", "feather", "xlsx"])
def test_a_packed_table_is_read_bit_for_bit(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    getattr(FRAME, f"to_{'excel' if ending == 'xlsx' else ending}")(path)  # Excel's with pandas' index
    found = read(path)
    assert np.array_equal(found.data.X, X)
    assert np.array_equal(found.data.Y, [[0, 1, 1]])
    assert (found.names, found.label) == (("age", "smokes"), "ill")


def test_a_packed_table_of_text_and_dates_is_refused_by_name(tmp_path: Path) -> None:
    FRAME.assign(town=["Bonn", "Rome", "Bonn"], when=pd.Timestamp("2020-01-31")).to_parquet(tmp_path / "t.parquet")
    said = refusal(tmp_path / "t.parquet", How(label="ill"))
    assert "town (text, 'Bonn' at row 1)" in said
    assert "when (dates, '2020-01-31" in said
    assert "--drop when --one-hot town" in said


def test_float32_in_parquet_is_its_own_number(tmp_path: Path) -> None:
    pd.DataFrame({"x": np.array([0.1, 0.2], "f4"), "y": [0, 1]}).to_parquet(tmp_path / "t.parquet")
    assert np.array_equal(read(tmp_path / "t.parquet").data.X, np.array([[0.1, 0.2]], "f4"))


@pytest.mark.parametrize("ending", ["parquet", "feather", "xlsx"])
@pytest.mark.parametrize("content", [b"", b"PAR1", b"PK\3\4", b"\0" * 1000])
def test_a_damaged_packed_table_is_one_sentence(tmp_path: Path, ending: str, content: bytes) -> None:
    (tmp_path / f"t.{ending}").write_bytes(content)
    said = refusal(tmp_path / f"t.{ending}")
    assert f"not a table in the format .{ending}, or not a whole one" in said
    assert "\n" not in said


def test_an_excel_file_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(2**29 + 1))
    assert "536,870,913 bytes when unpacked, expected at most" in refusal(tmp_path / "t.xlsx")


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import os; os.kill(os.getpid(), 11)", "crashed on it, SIGSEGV"),
        ("print('[]')", "answered in no known form"),
        ("import json; print(json.dumps({'wrong': '', 'told': [3]}))", "not a table (nothing in it)"),
        ("import json; print(json.dumps({'wrong': ''})); print('x' * 1000)", "larger than 500 bytes as text"),
    ],
)
def test_whatever_becomes_of_the_process_that_reads_tables_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, expected: str
) -> None:
    (tmp_path / "reader.py").write_text(program)
    FRAME.to_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(packed, "READER", tmp_path / "reader.py")
    monkeypatch.setattr(packed, "MAX_BYTES", 500)
    assert expected in refusal(tmp_path / "t.parquet")


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FRAME.to_parquet(tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pyarrow is not installed; pip install 'crosscheck[data]'" in refusal(tmp_path / "t.parquet")


def test_a_gzip_is_bounded_and_told_when_it_is_torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    whole = gzip.compress(b"a,b\n" + b"1,0\n" * 1000)
    (tmp_path / "t.csv.gz").write_bytes(whole[:-10])
    assert "not a table (Compressed file ended" in refusal(tmp_path / "t.csv.gz")
    (tmp_path / "t.csv.gz").write_bytes(whole)
    monkeypatch.setattr("crosscheck.problems.files.text.MAX_BYTES", 500)
    assert "larger than 500 bytes" in refusal(tmp_path / "t.csv.gz")


# ---------------------------------------------------------------- arrays


def save(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


ROWS, LABELS = np.arange(12.0).reshape(4, 3), np.array([0.0, 1, 0, 1])


def test_arrays_of_rows_are_refused_and_then_transposed(tmp_path: Path) -> None:
    for k, Y in enumerate((LABELS, LABELS[:, None])):
        path = save(tmp_path / f"{k}.npz", X=ROWS, Y=Y)
        assert "transpose both: --rows" in refusal(path)
        found = read(path, How(rows=True)).data
        assert np.array_equal(found.X, ROWS.T)
        assert np.array_equal(found.Y, LABELS[None, :])


def test_a_column_of_features_and_one_of_labels_are_no_single_example(tmp_path: Path) -> None:
    path = save(tmp_path / "x.npz", X=ROWS[:, :1], Y=LABELS[:, None])
    assert "--rows, or --columns if not" in refusal(path)
    assert read(path, How(rows=False)).data.Y.shape == (4, 1)


def test_labels_of_one_rank_are_a_row(tmp_path: Path) -> None:
    assert np.array_equal(read(save(tmp_path / "x.npz", X=ROWS.T, Y=LABELS)).data.Y, LABELS[None, :])


@pytest.mark.parametrize("Y", [LABELS + 1, 2 * LABELS - 1, LABELS > 0, 7 * LABELS - 3])
def test_labels_of_two_numbers_are_told(tmp_path: Path, Y: np.ndarray) -> None:
    found = read(save(tmp_path / "x.npz", X=ROWS.T, Y=Y))
    assert np.array_equal(found.data.Y, LABELS[None, :])
    assert bool(found.told) == (Y.dtype.kind != "b")


def test_names_that_others_save_are_taken_and_told(tmp_path: Path) -> None:
    images = np.full((4, 2, 2), 255, np.uint8)
    path = save(tmp_path / "x.npz", x_train=images, y_train=LABELS, x_test=images[:2], y_test=LABELS[:2])
    found = read(path)
    assert (found.data.X.shape, found.data.X_test.shape if found.data.X_test is not None else None) == ((4, 4), (4, 2))
    assert "x_train is X" in found.told[0]


def test_two_npy_files(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", ROWS.T)
    np.save(tmp_path / "y.npy", LABELS)
    assert "--label y.npy" in refusal(tmp_path / "X.npy")
    assert np.array_equal(read(tmp_path / "X.npy", How(str(tmp_path / "y.npy"))).data.X, ROWS.T)


# ---------------------------------------------------------------- test sets


def test_a_test_set_follows_the_training_set(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("town,age,ill\nBonn,30,no\nRome,41,yes\n")
    (tmp_path / "b.csv").write_text("ill;age;town\nyes;2,5;Rome\n")
    found = read(tmp_path / "a.csv", How(one_hot=["town"], test=tmp_path / "b.csv")).data
    assert np.array_equal(found.X, [[1, 0], [0, 1], [30, 41]])
    assert found.X_test is not None
    assert found.Y_test is not None
    assert np.array_equal(found.X_test, [[0], [1], [2.5]])
    assert np.array_equal(found.Y_test, [[1]])
    (tmp_path / "b.csv").write_text("ill,age,town\nyes,2.5,Ulm\n")
    assert "town is 'Ulm', which the training set has not" in refusal(
        tmp_path / "a.csv", How(one_hot=["town"], test=tmp_path / "b.csv")
    )


def test_a_split_is_the_same_every_time_and_loses_nothing(tmp_path: Path) -> None:
    lines = "".join(f"{k}.5,{k % 2}\n" for k in range(50))
    (tmp_path / "a.csv").write_text("x,ill\n" + lines)
    one, other = (read(tmp_path / "a.csv", How(split=0.2)) for _ in range(2))
    assert one.data.X_test is not None
    assert other.data.X_test is not None
    assert np.array_equal(one.data.X_test, other.data.X_test)
    assert one.data.X_test.shape == (1, 10)
    assert sorted([*one.data.X[0], *one.data.X_test[0]]) == [k + 0.5 for k in range(50)]
    assert "10 of 50 examples, drawn by the seed 1" in one.told[-1]


def test_standardising_uses_the_training_part_and_ends_the_hint(tmp_path: Path) -> None:
    lines = "".join(f"{k}.5,{k * 1000},{k % 2}\n" for k in range(1, 50))
    (tmp_path / "a.csv").write_text("x,pay,ill\n" + lines)
    words = ["--data", str(tmp_path / "a.csv"), "--split", "0.2"]
    (plain,), (scaled,) = requested(None, options(words)), requested(None, options([*words, "--standardise"]))
    assert "--standardise" in plain.told[-1]
    assert not any("--standardise" in line for line in scaled.told)
    assert np.allclose(scaled.data.X.mean(axis=1), 0)
    assert scaled.data.X_test is not None
    assert not np.allclose(scaled.data.X_test.mean(axis=1), 0)


def test_a_large_table_is_read_in_seconds_and_little_memory(tmp_path: Path) -> None:
    text = io.StringIO()
    np.savetxt(text, np.random.default_rng(0).standard_normal((20_000, 20)), "%.17g", ",")
    rows = text.getvalue().splitlines()
    head = ",".join(f"x{k}" for k in range(20)) + ",ill"
    (tmp_path / "a.csv").write_text("\n".join([head, *(f"{row},{k % 2}" for k, row in enumerate(rows))]))
    found = read(tmp_path / "a.csv").data
    assert found.X.shape == (20, 20_000)
    assert np.array_equal(found.X[:, 77], np.array(rows[77].split(","), float))


def test_layers_that_the_data_say_nothing_of_are_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rng = np.random.default_rng(1)
    rows = [f"{rng.integers(20, 80)},{rng.normal(25, 4):.1f},{k % 2}" for k in range(40)]
    path.write_text("\n".join(["age,bmi,ill", *rows]), encoding="utf-8")
    (dead,) = requested(None, Options(path, layers="4,3,2", weights="zeros"))
    assert silent(dead).startswith("dW1, dW2, dW3, dW4: 0 at the initial weights")
    (alive,) = requested(None, Options(path, layers="4,3,2", standardise=True))
    assert silent(alive) == ""
    (logistic,) = requested(None, Options(path, weights="zeros"))
    assert silent(logistic) == ""
