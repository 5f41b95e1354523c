"""The data: real sets from scikit-learn's wheel, the planar flower, the hard cases. `files` reads the user's own.

X is (n_x, m), examples are columns, Y is (n_y, m); float64, NumPy only. Nothing is fetched.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import BadInput

from crosscheck.oracle.float64 import Matrix

SEED = 1  # of the data sets that are drawn; the weights have a seed of their own


class Data(NamedTuple):
    """X (n_x, m), Y (n_y, m), and a test set where there is one (n_x, m_test), (n_y, m_test)."""

    X: Matrix
    Y: Matrix
    X_test: Matrix | None = None
    Y_test: Matrix | None = None


def standardise(data: Data) -> Data:
    """Subtract each feature's mean, divide by its standard deviation, both of the training set alone (notes: N13)."""
    mean, deviation = data.X.mean(axis=1, keepdims=True), data.X.std(axis=1, keepdims=True)
    deviation[deviation == 0] = 1.0  # a constant feature becomes 0
    X_test = None if data.X_test is None else (data.X_test - mean) / deviation
    return data._replace(X=(data.X - mean) / deviation, X_test=X_test)


def flatten(images: Any) -> Matrix:
    """Return images (m, width, height, ...) as columns (n_x, m), row-major; bytes are divided by 255 (notes: N13)."""
    given = np.asarray(images)
    columns = given.astype(np.float64).reshape(len(given), math.prod(given.shape[1:])).T
    if given.dtype == np.uint8:
        columns /= 255
    return columns


def split(X: Matrix, Y: Matrix) -> Data:
    """Return a random fifth of the examples as the test set."""
    order = np.random.default_rng(SEED).permutation(X.shape[1])
    test, train = order[: len(order) // 5], order[len(order) // 5 :]
    return Data(X[:, train], Y[:, train], X[:, test], Y[:, test])


def breast_cancer() -> Data:
    """Breast cancer, Wisconsin: 30 measurements of 569 tumours, 1 is benign; standardised."""
    table = _table("breast_cancer.csv", skiprows=1)
    return standardise(split(table[:, :-1].T, table[None, :, -1].astype(np.float64)))


def digits() -> Data:
    """Handwritten digits: 1797 images of 8 x 8 in 16 grey levels, flattened, / 16; 1 is the digit 8."""
    X, number = _digits()
    return split(X, (number == 8)[None, :].astype(np.float64))


def digits_by_kind() -> Data:
    """The digits with three labels: is it even, is it round (0, 6, 8, 9), is it above 4."""
    X, number = _digits()
    rows = [number % 2 == 0, np.isin(number, (0, 6, 8, 9)), number > 4]
    return split(X, np.array(rows, dtype=np.float64))


def _digits() -> tuple[Matrix, Matrix]:
    table = _table("digits.csv.gz")
    return flatten(table[:, :-1]) / 16, table[:, -1].astype(np.int64)


@cache
def _table(name: str, skiprows: int = 0) -> Matrix:
    """Return a table of scikit-learn's wheel, whose import takes longer than most of our checks."""
    found = importlib.util.find_spec("sklearn")
    assert found is not None
    assert found.origin is not None
    return np.loadtxt(Path(found.origin).parent / "datasets" / "data" / name, delimiter=",", skiprows=skiprows)


def flower() -> Data:
    """The planar flower of the course's exercise: 400 points on petals of two colours; a test set drawn alike."""
    rng = np.random.default_rng(SEED)

    def petals() -> tuple[Matrix, Matrix]:
        t = np.concatenate([np.linspace(j * 3.12, (j + 1) * 3.12, 200) for j in (0, 1)])
        t += 0.2 * rng.standard_normal(400)
        r = 4 * np.sin(4 * t) + 0.2 * rng.standard_normal(400)
        return np.array([r * np.sin(t), r * np.cos(t)]), np.repeat([0.0, 1.0], 200)[None, :]

    return Data(*petals(), *petals())


def diabetes() -> Data:
    """Diabetes: 10 measurements of 442 patients, and how the disease progressed, in hundreds; a regression."""
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes()
    return standardise(split(bunch.data.T, bunch.target[None, :] / 100))


def bmi() -> Data:
    """The same from one measurement, the body mass index: n_x = 1."""
    data = diabetes()
    return data._replace(X=data.X[2:3], X_test=None if data.X_test is None else data.X_test[2:3])


def _labels(rng: np.random.Generator, m: int) -> Matrix:
    return rng.integers(0, 2, (1, m)).astype(np.float64)


def kink() -> Data:
    """Every third column is all zero, and all of those have label 1: with zero biases their Z is exactly 0."""
    rng = np.random.default_rng(SEED)
    X, Y = rng.standard_normal((6, 61)), _labels(rng, 61)
    X[:, ::3], Y[:, ::3] = 0.0, 1.0
    return Data(X, Y)


def kink_outputs() -> Data:
    """Three features and 17 examples of it, with three labels for each example, 1, 0 and 1 where X is zero."""
    X, Y, *_ = kink()
    X, Y = X[:3, :17], Y[:, :17]
    Y = np.concatenate([Y, 1 - Y, Y[:, ::-1]])
    Y[:, ::3] = np.array([[1.0], [0.0], [1.0]])
    return Data(X, Y)


def saturated() -> Data:
    """Features from -1000 to 1000, so that with weights of size 1 the logits reach 1000 on either side."""
    rng = np.random.default_rng(SEED)
    return Data(np.array([rng.permutation(np.linspace(-1000, 1000, 400)) for _ in range(2)]), _labels(rng, 400))


def one_example() -> Data:
    """m = 1."""
    rng = np.random.default_rng(SEED)
    return Data(rng.standard_normal((6, 1)), np.ones((1, 1)))


def one_class() -> Data:
    """All labels are 1."""
    rng = np.random.default_rng(SEED)
    return Data(rng.standard_normal((6, 61)), np.ones((1, 61)))


def constant_features() -> Data:
    """One feature is always 1, one always 0, one 1e-3."""
    rng = np.random.default_rng(SEED)
    X = rng.standard_normal((6, 61))
    X[0], X[1], X[2] = 1.0, 0.0, 1e-3
    return Data(X, _labels(rng, 61))


def badly_scaled() -> Data:
    """Features of sizes 1e-6 to 1e6."""
    rng = np.random.default_rng(SEED)
    sizes = np.array([1e-6, 1e-4, 1e-2, 1e2, 1e4, 1e6])
    return Data(rng.standard_normal((6, 61)) * sizes[:, None], _labels(rng, 61))


def subnormal() -> Data:
    """Features of size 1, of size 1e-40 (subnormal in float32) and of size 1e-310 (subnormal in float64)."""
    rng = np.random.default_rng(SEED)
    sizes = np.array([1, 1, 1e-40, 1e-40, 1e-310, 1e-310])
    return Data(rng.standard_normal((6, 61)) * sizes[:, None], _labels(rng, 61))


def many_examples() -> Data:
    """m = 100,000, n_x = 4."""
    rng = np.random.default_rng(SEED)
    X = rng.standard_normal((4, 100_000))
    return Data(X, np.asarray(X.sum(axis=0, keepdims=True) + rng.standard_normal((1, 100_000)) > 0, dtype=np.float64))


SETS: dict[str, Callable[[], Data]] = {
    each.__name__: each
    for each in (
        breast_cancer, digits, digits_by_kind, flower, diabetes, bmi, kink, kink_outputs, saturated, one_example,
        one_class, constant_features, badly_scaled, subnormal, many_examples,
    )
}  # fmt: skip


def validate(data: Data, where: str) -> None:
    """Raise BadInput unless X and Y are matrices of the same number of examples, all finite."""
    for X_name, Y_name in (("X", "Y"), ("X_test", "Y_test")):
        X, Y = getattr(data, X_name), getattr(data, Y_name)
        if X is None:
            continue
        for name, array in ((X_name, X), (Y_name, Y)):
            if array.ndim != 2:
                shape = "X.reshape(n_x, m)" if name == X_name else f"{name}.reshape(1, -1)"
                raise BadInput(
                    f"{where}: {name} has shape {array.shape} (rank {array.ndim}), expected a matrix: {shape}"
                )
            if not np.isfinite(array).all():
                row, column = (int(i) for i in np.argwhere(~np.isfinite(array))[0])
                raise BadInput(
                    f"{where}: {name}[{row}, {column}] is {array[row, column]}, expected finite numbers; "
                    f"fill in or leave out example {column}"
                )
        if X.shape[1] != Y.shape[1]:
            hint = "; transpose X: examples are columns" if X.shape[0] == Y.shape[1] else ""
            hint = "; transpose Y: examples are columns" if X.shape[1] == Y.shape[0] else hint
            raise BadInput(
                f"{where}: {X_name} has {X.shape[1]} examples, {Y_name} has {Y.shape[1]}, expected the same{hint}"
            )
        if X.shape[1] == 0 or X.shape[0] == 0:
            raise BadInput(f"{where}: {X_name} has shape {X.shape}, expected at least one feature and one example")

    if data.X_test is not None and data.Y_test is not None:
        for name, one, other in (("X_test", data.X, data.X_test), ("Y_test", data.Y, data.Y_test)):
            if one.shape[0] != other.shape[0]:
                raise BadInput(f"{where}: {name} has {other.shape[0]} rows, expected {one.shape[0]} as {name[0]} has")


def validate_labels(data: Data, where: str) -> None:
    """Raise BadInput unless all labels are 0 or 1, as cross-entropy wants them."""
    for name, Y in (("Y", data.Y), ("Y_test", data.Y_test)):
        if Y is not None and not np.isin(Y, (0.0, 1.0)).all():
            row, column = (int(i) for i in np.argwhere(~np.isin(Y, (0.0, 1.0)))[0])
            raise BadInput(
                f"{where}: {name}[{row}, {column}] is {Y[row, column]:g}, expected labels 0 and 1 for cross-entropy; "
                "recode them, or use --loss squared_error for a regression"
            )
