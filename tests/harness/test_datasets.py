"""Data, weights, problems and tables: what is run, the same for everyone, and how it is written down."""

import os
from pathlib import Path

import numpy as np
import pytest
from crosscheck.core import files
from crosscheck.core.failures import Failure, Kind, Stage, Verdict
from crosscheck.core.records import Comparison
from crosscheck.judge.verdict import Row, twins
from crosscheck.problems import datasets as data
from crosscheck.problems import initial_weights as weights
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import SPECS, Options, build, choose
from crosscheck.problems.files.how import How
from crosscheck.problems.files.read import read
from crosscheck.report import tables
from crosscheck.report.words import of_cause
from crosscheck_impls.interface import ACTIVATIONS, BadInput, Network
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays


@pytest.mark.parametrize("name", data.SETS)
def test_every_data_set_is_valid_and_always_the_same(name: str) -> None:
    first, again = data.SETS[name](), data.SETS[name]()
    data.validate(first, name)
    for a, b in zip(first, again, strict=True):
        assert (a is None and b is None) or np.array_equal(a, b)


def test_the_real_sets_are_what_they_say() -> None:
    cancer, digits, flower = data.breast_cancer(), data.digits(), data.flower()
    assert cancer.X_test is not None
    assert digits.X_test is not None
    assert cancer.X.shape[0] == 30
    assert cancer.X.shape[1] + cancer.X_test.shape[1] == 569
    assert digits.X.shape[0] == 64
    assert digits.X.shape[1] + digits.X_test.shape[1] == 1797
    assert flower.X.shape == (2, 400)
    assert flower.Y.sum() == 200
    assert 0 <= digits.X.min() <= digits.X.max() == 1


def test_standardisation_knows_the_training_set_only() -> None:
    # notes: N13
    rng = np.random.default_rng(0)
    X, X_test = 5 + 3 * rng.standard_normal((4, 50)), rng.standard_normal((4, 7))
    X[2] = 7.0
    Y = np.zeros((1, 50))
    once = data.standardise(data.Data(X, Y, X_test, Y[:, :7]))
    other = data.standardise(data.Data(X, Y, 100 * X_test, Y[:, :7]))
    assert np.array_equal(once.X, other.X)
    assert (once.X[2] == 0).all()
    u = np.finfo(float).eps / 2
    # the mean of 50 numbers of size at most 5, and their variance, each summed with at most 52 roundings
    assert (np.abs(once.X.mean(axis=1)) <= 52 * u * np.abs(once.X).max()).all()
    assert (np.abs(np.delete(once.X, 2, axis=0).std(axis=1) - 1) <= 4 * 52 * u).all()


def test_images_become_columns_row_by_row() -> None:
    # notes: N13
    images = np.arange(2 * 2 * 3 * 3, dtype=np.uint8).reshape(2, 2, 3, 3)
    X = data.flatten(images)
    assert X.shape == (18, 2)
    assert np.array_equal(X[:, 1] * 255, images[1].ravel())
    assert np.array_equal(data.flatten(images.astype(float))[:, 0], images[0].ravel())


def test_npz_images_are_flattened(tmp_path: Path) -> None:
    np.savez(tmp_path / "i.npz", X=np.full((5, 2, 2, 3), 255, np.uint8), Y=np.ones((1, 5)))
    images = read(tmp_path / "i.npz").data
    assert images.X.shape == (12, 5)
    assert (images.X == 1).all()


def test_csv_takes_the_label_named_or_the_last(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ill,age,size\n1,2,3\n0,5,6\n")
    last = read(tmp_path / "t.csv", How(regression=True)).data
    named = read(tmp_path / "t.csv", How("ill")).data
    assert np.array_equal(last.Y, [[3, 6]])
    assert np.array_equal(named.Y, [[1, 0]])
    assert np.array_equal(named.X, [[2, 5], [3, 6]])


def test_weights_are_drawn_once_and_scaled() -> None:
    # notes: N17
    network = Network.of((400, 300, 1), "tanh")
    small, again, scaled = (weights.initial(network, how, 5) for how in ("0.01", "0.01", "scaled"))
    assert np.array_equal(small[0].W, again[0].W)
    assert not np.array_equal(small[0].W, weights.initial(network, "0.01", 6)[0].W)
    normal = weights.initial(network, "1", 5)
    assert np.array_equal(small[0].W, normal[0].W * 0.01)
    assert np.array_equal(scaled[0].W, normal[0].W * (1 / np.sqrt(400)))
    assert all((layer.b == 0).all() for layer in scaled)
    assert all((layer.W == 0).all() for layer in weights.initial(network, "zeros"))
    # the standard deviation of N normal numbers errs by 1/sqrt(2N): five of those
    N = 400 * 300
    assert abs(small[0].W.std() / 0.01 - 1) < 5 / np.sqrt(2 * N)


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    network = Network.of((2, 1))
    np.savez(tmp_path / "w.npz", W1=np.array([[1, 2]]), b1=np.array([[3]]))
    ((W, b),) = weights.initial(network, str(tmp_path / "w.npz"))
    assert np.array_equal(W, [[1.0, 2.0]])
    assert np.array_equal(b, [[3.0]])


def test_every_problem_builds_and_the_default_ones_cover_what_they_must() -> None:
    names = [spec.name for spec in SPECS]
    assert len(set(names)) == len(names)
    default = [build(spec) for spec in choose(None)]
    used = {g for problem in default for g in problem.network.g}
    assert used == set(ACTIVATIONS) - {"step"}
    models = {problem.network.model for problem in default}
    assert models == {"logistic_regression", "two_layer", "l_layer"}
    for real in ("breast_cancer", "digits", "flower"):
        lengths = {len(spec.hidden) + 1 for spec in choose(None) if spec.data.startswith(real)}
        assert lengths >= {1, 2, 3}
    everything = {spec.name for spec in choose(None, everything=True)}
    for real in ("breast_cancer", "digits", "flower"):
        for layers in (2, 3):
            assert {f"{real}-{layers}layer-{g}" for g in ("sigmoid", "tanh", "relu", "leaky_relu")} <= everything


def test_hard_problems_are_hard() -> None:
    kink = make_case(build(choose(["kink-2layer-relu"])[0]), "float64")
    assert (kink.X == 0).all(axis=0).sum() == 21
    assert set(kink.Y[0, (kink.X == 0).all(axis=0)]) == {1.0}
    saturated = make_case(build(choose(["saturated-logistic"])[0]), "float64")
    assert np.abs(saturated.checkpoints[0][0].W @ saturated.X).max() > 1000
    subnormal = make_case(build(choose(["subnormal-logistic"])[0]), "float32").X
    tiny = np.finfo("float32").tiny
    assert ((subnormal != 0) & (np.abs(subnormal) < tiny)).any()
    assert make_case(build(choose(["many_examples-logistic"])[0]), "float32").X.shape == (4, 100_000)


def test_options_take_the_place_of_a_problems_settings() -> None:
    spec = choose(["flower-2layer-tanh"])[0]
    problem = build(
        spec, Options(layers="7,5,3", activation="relu,tanh,linear", relu_grad_at_zero="left", iterations=3, seed=2)
    )
    assert problem.network.n == (2, 7, 5, 3, 1)
    assert problem.network.g == ("relu", "tanh", "linear", "sigmoid")
    assert (problem.network.relu_grad_at_zero, problem.iterations) == ("left", 3)
    assert build(spec, Options(layers="")).network.n == (2, 1)
    regression = build(spec, Options(loss="squared_error"))
    assert regression.network.g[-1] == "linear"


@settings(deadline=None)  # a disk may be slow
@given(arrays.arrays(np.float64, (3, 4), elements=st.floats(-1e6, 1e6)))
def test_a_saved_data_set_is_read_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, X: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    np.savez(path, X=X, Y=np.ones((1, 4)))
    assert np.array_equal(read(path).data.X, X)


def test_files_are_written_in_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def broken(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(BadInput, match="No space left on device"):
        files.write(path, "new")
    assert path.read_text() == "old"


@pytest.mark.skipif(
    os.geteuid() == 0, reason="root may write everywhere; the command line's tests cover a read-only place"
)
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadInput, match="expected a folder to write into"):
        files.writable(tmp_path / "results")


def row(dtype: str, verdict: str, cause: Failure | None = None) -> Row:
    return Row("p", "x/y", dtype, "cpu", Verdict(verdict), cause)


@pytest.mark.parametrize("bad", ["disagrees", "failed"])
def test_a_float32_row_agrees_only_if_its_float64_twin_does(bad: str) -> None:
    rows = [row("float64", bad, Failure(Stage.CASE, Kind.RAISED, "why")), row("float32", "agrees")]
    twins(rows)
    assert (rows[1].verdict, of_cause(rows[1].cause)) == (bad, f"its float64 twin {bad}: why")
    rows = [row("float64", "agrees"), row("float32", "agrees")]
    twins(rows)
    assert rows[1].verdict == "agrees"


def test_the_worst_comparison_is_the_one_in_the_table() -> None:
    one = row("float64", "agrees")
    one.comparisons = [
        Comparison("J", 0, 0.1, (), 1, 1, 1, 0.5, 2.0, 1e-9, 0),
        Comparison("dW1", 5, 0.7, (0, 1), 1, 1, 1, 1.5, 3.0, 1e-8, 0),
        Comparison("fit: W1", 5, float("nan"), (0, 0), 1, 1, 1, float("nan"), 0.0, 1e-8, 4),
    ]
    (record,) = tables.frame([one]).to_dict("records")
    assert (record["largest_ratio"], record["tensor"], record["iteration"]) == (0.7, "dW1", 5)
    assert record["noise_ratio"] == 1.5
    assert (record["dW_ulps"], record["J_ratio"], record["resolution"]) == (3.0, 0.1, 1e-8)
    assert "| 0.7 | dW1 |" in tables.markdown([one], {})
