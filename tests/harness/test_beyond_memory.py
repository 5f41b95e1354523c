"""Data that do not fit in memory: files in chunks, compared and trained on, and what is wrong with them told."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crosscheck.cli import in_chunks
from crosscheck.comparison.asked import Implementation, Request
from crosscheck.comparison.results import Results
from crosscheck.comparison.session import compare
from crosscheck.comparison.training import train
from crosscheck.core.failures import Verdict
from crosscheck.core.records import Answer, Case, Source, flat
from crosscheck.judge.causes import OutsideBound, WrongLabels
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import Key, Row, judge
from crosscheck.oracle.error_bound import INFLATION, ErrorBound
from crosscheck.oracle.float64 import Evaluation
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import Options, Problem, requested
from crosscheck.problems.datasets import Data
from crosscheck.problems.files import chunks
from crosscheck.problems.files.chunks import opened, with_data, without_data
from crosscheck.problems.files.how import How
from crosscheck.report.words import of_cause
from crosscheck.runner import streamed
from crosscheck_impls.interface import BadInput, Chunks, Declaration, Network, Params, load
from crosscheck_impls.with_numpy import chunked

from tests.harness.test_chunked import total

N, M, CHUNK, BLOCK = 3, 700, 128, 64


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunked, "BLOCK", BLOCK)


@pytest.fixture
def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, M)).astype("float32")
    return X, (X.sum(axis=0, keepdims=True) + rng.standard_normal((1, M)) > 0).astype("float32")


def written(folder: Path, kind: str, X: Any, Y: Any) -> Source:
    """Write the data as a file of a kind, and return where they are."""
    rows = kind.endswith("rows")
    if kind.startswith("npy"):
        order = np.asfortranarray if kind == "npy fortran" else np.ascontiguousarray
        np.save(folder / "x.npy", order(X.T if rows else X))
        np.save(folder / "y.npy", Y[0] if kind == "npy" else Y.T if rows else Y)
        return Source(str(folder / "x.npy"), str(folder / "y.npy"), rows, CHUNK)
    if kind.startswith("h5"):
        h5py = pytest.importorskip("h5py")
        with h5py.File(folder / "x.h5", "w") as file:
            file.create_dataset("X", data=X.T if rows else X, chunks=True, compression="gzip")
            file.create_dataset("Y", data=Y[0])
        return Source(str(folder / "x.h5"), "", rows, CHUNK)
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {f"x{k}": X[k] for k in range(N)} | {"ill": Y[0].astype(int)}
    pq.write_table(pa.table(columns), folder / "x.parquet", row_group_size=150)
    return Source(str(folder / "x.parquet"), "ill", False, CHUNK)


KINDS = ("npy", "npy fortran", "npy rows", "h5", "h5 rows", "parquet")


def test_how_far_the_file_has_been_looked_through_is_told(tmp_path: Path, data: tuple[Any, Any]) -> None:
    source = written(tmp_path, "npy", *data)
    told: list[tuple[str, int, int]] = []
    given = Options(data=Path(source.path), chunk=CHUNK, how=How(label=source.label), layers="")
    requested(None, given, report=lambda *args: told.append(args))
    assert told == [("reading x.npy", min(stop, M), M) for stop in range(CHUNK, M + CHUNK, CHUNK)]


@pytest.mark.parametrize("kind", KINDS)
def test_any_part_of_a_file_is_what_was_written(tmp_path: Path, kind: str, data: tuple[Any, Any]) -> None:
    source = written(tmp_path, kind, *data)
    for dtype in ("float64", "float32"):
        X, Y = opened(source, dtype)
        assert (X.shape, Y.shape) == ((N, M), (1, M))
        for start, stop in ((0, M), (0, 1), (100, 200), (127, 129), (M - 1, M), (150, 300), (64, 512)):
            for matrix, array in zip((X, Y), data, strict=True):
                part = matrix.read(start, stop)
                assert part.dtype == dtype
                assert part.flags.c_contiguous
                assert part.flags.writeable
                assert (part == array[:, start:stop]).all()


def problem(folder: Path, data: tuple[Any, Any], kind: str = "npy", **options: Any) -> Problem:
    source = written(folder, kind, *data)
    given = {"layers": "4", "activation": "tanh", "chunk": CHUNK, "learning_rate": 0.5, **options}
    (found,) = requested(None, asked({"data": Path(source.path), "label": source.label or None, **given}))
    return found


def asked(given: dict[str, Any]) -> Options:
    """Return options by their names, those of reading the file among them."""
    how = How(**{name: given[name] for name in given if name in How._fields})
    return Options(how=how, **{name: given[name] for name in given if name not in How._fields})


DECLARED = Declaration(sums=("blocks", BLOCK))


def answered(case: Case, gradients: Callable[..., Any] = chunked.gradients) -> Answer:
    numpy = load("numpy")
    variant = numpy.variants["chunked"]._replace(gradients=gradients, gradient_descent=None, declaration=DECLARED)
    parts = {**vars(numpy), "variants": {"chunked": variant}, "gradients": {"chunked": gradients}}

    def fit(_: str, network: Network, params: Params, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        costs = []
        for _ in range(iterations):
            J, gradient = gradients(network, params, X, Y)
            params = load("numpy").module.training.update(params, gradient, J.dtype.type(alpha))
            costs.append(J)
        return params, np.stack(costs)

    return streamed.measure(type(numpy)(**{**parts, "fit": fit}), "chunked", DECLARED, case, "cpu")


def row(case: Case, answer: Answer) -> Row:
    return judge(Judge(case), answer, DECLARED, Key(case.problem, "mine/chunked", case.dtype, "cpu"))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("loss", "output"), [("cross_entropy", "sigmoid"), ("squared_error", "linear"), ("squared_error", "sigmoid")]
)
def test_chunks_of_a_file_are_judged_at_three_points_and_in_three_steps(
    tmp_path: Path, data: tuple[Any, Any], dtype: str, loss: str, output: str
) -> None:
    case = make_case(problem(tmp_path, data, loss=loss, output=output), dtype)
    assert case.steps == (0, 1, 3)
    answer = answered(case)
    assert answer.labels.shape == (2 if output == "sigmoid" else 1, -(-M // CHUNK))
    said = row(case, answer)
    assert said.verdict is Verdict.AGREES, of_cause(said.cause)
    assert (said.checkpoints, said.certified) == (3, 3)
    assert said.predictions is not None
    assert said.predictions.train == said.predictions.oracle_train
    assert said.noisiest() is not None


def numbers(each: Evaluation | ErrorBound) -> list[Any]:
    """Return J and the gradient, or their bounds."""
    return [np.asarray(each.J), *flat(each.gradient)]


def test_they_are_judged_as_if_they_were_in_memory(tmp_path: Path, data: tuple[Any, Any]) -> None:
    """The bounds are one but for their own roundings, which INFLATION covers; the oracles, as far as each is proved."""
    case = make_case(problem(tmp_path, data), "float32")
    in_memory = case._replace(X=data[0], Y=data[1], source=None)
    for checkpoint in range(3):
        one, other = (Judge(each).at_checkpoint(checkpoint, DECLARED) for each in (case, in_memory))
        for a, b in zip(numbers(one.theirs), numbers(other.theirs), strict=True):
            assert (np.abs(a - b) <= (INFLATION - 1) * b).all()
        of_one, of_other = (zip(numbers(each.oracle), numbers(each.own), strict=True) for each in (one, other))
        for (a, error_of_a), (b, error_of_b) in zip(of_one, of_other, strict=True):
            assert (np.abs(a - b) <= error_of_a + error_of_b).all()


def test_a_case_travels_without_its_examples(tmp_path: Path, data: tuple[Any, Any]) -> None:
    case = make_case(problem(tmp_path, data), "float32")
    sent = without_data(case)
    assert sent.X is None
    assert sent.Y is None
    assert isinstance(with_data(sent).X, Chunks)
    plain = case._replace(source=None)
    assert without_data(plain) is plain


# ---------------------------------------------------------------- faults


def reading(X: Any, Y: Any, **how: Any) -> tuple[Any, Any]:
    """X and Y as arrays."""
    m = X.shape[1]
    return (X.read(0, m), Y.read(0, m)) if isinstance(X, Chunks) else (X, Y)


FAULTS: dict[str, Callable[[list[int], int], dict[str, Any]]] = {
    "a chunk twice": lambda starts, m: {"starts": [*starts, starts[3]]},
    "a chunk dropped": lambda starts, m: {"starts": [*starts[:4], *starts[5:]]},
    "the mean of the means": lambda starts, m: {"starts": starts, "weight": lambda k: 1.0, "m": len(starts)},
    "the last chunk weighs as much as the others": lambda starts, m: {"starts": starts, "weight": lambda k: BLOCK},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_sum_of_chunks_disagrees(tmp_path: Path, data: tuple[Any, Any], fault: str) -> None:
    case = make_case(problem(tmp_path, data), "float64")

    def wrong(network: Network, params: Params, X: Any, Y: Any) -> tuple[Any, Params]:
        X, Y = reading(X, Y)
        m = X.shape[1]
        starts = list(range(0, m, BLOCK))
        return total(network, params, X, Y, **FAULTS[fault](starts, m) if m > BLOCK else {"starts": starts}, size=BLOCK)

    answer = answered(case, wrong)
    assert row(case, answer).verdict is Verdict.DISAGREES
    said = row(case, answer._replace(broken=[]))  # were the shape of its sums not looked at
    assert said.verdict is Verdict.DISAGREES
    assert isinstance(said.cause, OutsideBound)
    assert said.cause.explanation is None
    assert "unexplained" in of_cause(said.cause)


def test_a_wrong_label_is_seen_in_the_counts_of_its_chunk(tmp_path: Path, data: tuple[Any, Any]) -> None:
    case = make_case(problem(tmp_path, data), "float64")
    answer = answered(case)
    labels = answer.labels.copy()
    labels[0, 2] += 1
    said = row(case, answer._replace(labels=labels))
    assert isinstance(said.cause, WrongLabels)
    assert "examples 256 to 383, output 0" in of_cause(said.cause)
    exchanged = answer.labels.copy()
    exchanged[1, 0] -= 2  # as many ones, but other examples
    assert row(case, answer._replace(labels=exchanged)).verdict is Verdict.DISAGREES


# ---------------------------------------------------------------- the whole way


def test_a_worker_reads_the_file_itself(tmp_path: Path, data: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a worker the blocks are those that are declared, of 4096: here all is one of them."""
    request = Request([problem(tmp_path, data)], [Implementation("numpy", "chunked")], ["float64", "float32"])
    results = compare(request, lambda *_: None, Results())
    assert [each.verdict for each in results.rows] == [Verdict.AGREES] * 2, [of_cause(r.cause) for r in results.rows]
    by_hand = request._replace(chosen=[Implementation("numpy", "by_hand")], dtypes=["float64"])
    (other,) = compare(by_hand, lambda *_: None, Results()).rows
    assert other.verdict is Verdict.FAILED
    assert "declares no sums, and takes no chunks" in of_cause(other.cause)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"standardise": True}, "standardise: needs all examples at once, and --chunk reads them in parts"),
        ({"split": 0.2}, "0.2: needs all examples at once"),
        ({"chunk": 0}, "chunk 0: expected 1 to"),
        ({"label": None}, "one array, expected the labels beside it: --label y.npy"),
        ({"rows": True}, "X has 3 examples, Y has 700, expected the same"),
        ({"data": "x.csv"}, "cannot be read in chunks, expected .npy, .h5, .hdf5 or .parquet"),
        ({"data": "nowhere.npy"}, "no such file, expected data"),
    ],
)
def test_what_cannot_be_read_in_chunks_is_refused(
    tmp_path: Path, data: tuple[Any, Any], options: dict[str, Any], words: str
) -> None:
    source = written(tmp_path, "npy", *data)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    given: dict[str, Any] = {"data": source.path, "label": source.label, "chunk": CHUNK, **options}
    given["data"] = tmp_path / given["data"]
    with pytest.raises(BadInput, match=words.replace("(", r"\(")):
        requested(None, asked(given))


@pytest.mark.parametrize(
    ("array", "value", "words"),
    [
        ("X", np.nan, r"X\[1, 300\] is nan, expected finite numbers; fill in or leave out example 300"),
        ("Y", 2.0, r"Y\[0, 300\] is 2, expected labels 0 and 1"),
    ],
)
def test_a_number_that_is_none_is_told_with_its_place(
    tmp_path: Path, data: tuple[Any, Any], array: str, value: float, words: str
) -> None:
    X, Y = data
    (X if array == "X" else Y)[1 if array == "X" else 0, 300] = value
    with pytest.raises(BadInput, match=words):
        problem(tmp_path, (X, Y))


def test_a_file_that_ends_early_is_refused(tmp_path: Path, data: tuple[Any, Any]) -> None:
    source = written(tmp_path, "npy", *data)
    path = Path(source.path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadInput, match="ends 100 bytes before its array does"):
        opened(source, "float64")


@pytest.mark.parametrize(("ending", "kind"), [(".h5", "an HDF5 file"), (".parquet", "a Parquet file")])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, ending: str, kind: str) -> None:
    pytest.importorskip("h5py")
    pytest.importorskip("pyarrow")
    path = tmp_path / f"x{ending}"
    path.write_bytes(bytes(1000))
    with pytest.raises(BadInput, match=f"not {kind}, or not a whole one"):
        requested(None, Options(data=path, chunk=10))


def test_a_file_that_crashes_its_library_crashes_another_process(
    tmp_path: Path, data: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path, "h5", *data)
    monkeypatch.setattr(chunks.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], -11))
    with pytest.raises(BadInput, match="reading it ended the process by SIGSEGV; save it again"):
        requested(None, Options(data=Path(source.path), chunk=10))


def test_another_column_can_be_the_label(tmp_path: Path, data: tuple[Any, Any]) -> None:
    source = written(tmp_path, "parquet", *data)
    with pytest.raises(BadInput, match=r"sick: no such column in .*, it has x0, x1, x2, ill"):
        requested(None, asked({"data": Path(source.path), "chunk": 10, "label": "sick"}))
    given = {"data": Path(source.path), "chunk": 10, "label": "x0", "loss": "squared_error"}
    (found,) = requested(None, asked(given))
    assert "labels from -" in found.told[0]


def test_chunks_without_a_file_are_refused() -> None:
    with pytest.raises(BadInput, match="goes with data, which is missing"):
        requested(None, Options(chunk=10))


def test_what_was_read_is_told(tmp_path: Path, data: tuple[Any, Any]) -> None:
    first, second = problem(tmp_path, data, kind="parquet").told
    assert first.startswith(f"700 examples, 3 features, {int(data[1].sum())} of them with label 1; features from -")
    assert second == "  read 128 examples at a time"


# ---------------------------------------------------------------- the command line


def test_who_is_asked() -> None:
    ours = ["numpy/chunked", "torch/chunked", "jax/chunked"]
    assert in_chunks.implementations(None) == ours
    assert in_chunks.implementations(["torch", "numpy/chunked", "mine.py"]) == [
        "torch/chunked",
        "numpy/chunked",
        "mine.py",
    ]
    with pytest.raises(BadInput, match="numpy/by_hand: takes no chunks, expected numpy/chunked, or leave --chunk out"):
        in_chunks.implementations(["numpy/by_hand"])


def test_the_oracle_is_certified_before_anything_is_compared(
    tmp_path: Path, data: tuple[Any, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("flint")
    given = problem(tmp_path, data)
    in_chunks.certify([given], quiet=False)
    said = capsys.readouterr().out
    assert "of its bound from ball arithmetic, on\n    128 examples of each of 6 chunks drawn at random" in said
    monkeypatch.setattr(in_chunks, "enclosed", lambda *_, **__: 1.5)
    with pytest.raises(BadInput, match=r"the oracle is 1\.5 times its own bound from ball arithmetic"):
        in_chunks.certify([given], quiet=True)


def test_training_on_a_file_ends_as_training_on_its_arrays_does(
    tmp_path: Path, data: tuple[Any, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    given = problem(tmp_path, data, iterations=5)
    train("numpy/chunked", given, "float32", "cpu", None, None)
    from_file = capsys.readouterr().out.splitlines()
    X, Y = (array.astype("float64") for array in data)
    train("numpy/chunked", given._replace(data=Data(X, Y), source=None), "float32", "cpu", None, None)
    assert from_file == capsys.readouterr().out.splitlines()
    assert any(line.startswith("accuracy train") for line in from_file)
