"""How arrays lie: examples as columns or rows, W (n_out, n_in) or turned, b a column, a row or flat, Y flat or not."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Params

from crosscheck.core.failures import Kind
from crosscheck.grading.convert import Trouble

COLUMN, ROW, FLAT = "column", "row", "flat"


class Taken(NamedTuple):
    """A W or b as (n, k). other: what it was, if that was another shape; breaks: and W - alpha dW would go wrong."""

    array: Array
    other: str = ""
    breaks: bool = False


class Layout(NamedTuple):
    """rows: examples are rows. turned: W is (n_in, n_out). bias: the shape of b. flat: Y is (m,), and w (n_x,).

    number: with one unit, b is a number and not an array.
    """

    rows: bool = False
    turned: bool = False
    bias: str = COLUMN
    flat: bool = False
    number: bool = False

    def words(self, depth: int) -> str:
        """Say what is unusual about it."""
        said = ["examples as rows"] if self.rows else []
        if self.turned and not self.rows and depth > 1:
            said.append("W (n_in, n_out)")
        if self.rows and not self.turned and depth > 1:
            said.append("W (n_out, n_in)")
        said += ["w (n_x,)"] if self.flat and depth == 1 else []
        return ", ".join([*said, *(["Y (m,)"] if self.flat else [])])

    def X(self, X: Array) -> Array:
        """Return a copy of X (n_x, m) as it is given."""
        return np.array(X.T if self.rows else X, order="C")

    def Y(self, Y: Array) -> Array:
        """Return a copy of Y (n_y, m) as it is given."""
        if self.flat and Y.shape[0] == 1:
            return Y[0].copy()
        return np.array(Y.T if self.rows else Y, order="C")

    def outputs(self, A: Array, m: int) -> Array:
        """Return anybody's outputs as (n_y, m)."""
        if A.ndim == 1 and A.size == m:
            return A.reshape(1, m)
        return A.T if self.rows and A.ndim == 2 else A

    def W(self, W: Array, alone: bool) -> Array:
        """Return a copy of W. alone: the only layer of logistic regression with one output."""
        if self.flat and alone and W.shape[0] == 1:
            return W[0].copy()
        return np.array(W.T if self.turned else W, order="C")

    def b(self, b: Array, alone: bool) -> Any:
        """Return a copy of b."""
        if alone and b.size == 1 and (self.number or self.flat):
            return float(b[0, 0]) if b.dtype == np.float64 else b[0, 0]
        return {COLUMN: b, ROW: b.T, FLAT: b[:, 0]}[self.bias].copy()

    def given(self, params: Params) -> list[tuple[Any, Any]]:
        """Return W and b of each layer as they are given."""
        alone = len(params) == 1
        return [(self.W(W, alone), self.b(b, alone)) for W, b in params]

    def shape(self, kind: str, n: int, before: int, alone: bool) -> tuple[int, ...]:
        """Return the shape of a W or b of a layer as it is given."""
        if kind == "W":
            flat = self.flat and alone and n == 1
            return (before,) if flat else (before, n) if self.turned else (n, before)
        if alone and n == 1 and (self.number or self.flat):
            return ()
        return {COLUMN: (n, 1), ROW: (1, n), FLAT: (n,)}[self.bias]

    def taken(self, array: Array, kind: str, name: str, n: int, before: int, alone: bool) -> Taken:
        """Return a W (n, before) or b (n, 1) from what came back, and what it was if that was another shape.

        Raises Trouble in the user's own name for what cannot be read.
        """
        wanted = self.shape(kind, n, before, alone)
        whole = _weights(array, n, before, self.turned or len(wanted) == 1) if kind == "W" else _bias(array, n)
        if whole is None:
            raise refused(array, name, wanted)
        if array.shape == wanted or (array.size == 1 == n and kind == "b" and (self.number or self.flat) and alone):
            return Taken(whole)
        turned = kind == "W" and array.shape == wanted[::-1]
        rank = "transposed, " if turned else f"rank {array.ndim}, " if array.ndim != len(wanted) else ""
        what = "a number" if array.ndim == 0 else f"{rank}{array.shape}"
        try:
            fits = np.broadcast_shapes(array.shape, wanted) == wanted
        except ValueError:
            fits = False
        words = f"{what}, expected {'a number' if wanted == () else wanted}"
        if kind == "b" and array.shape == (n,) and wanted == (n, 1) and n > 1:
            return Taken(whole, f"{words}, so that {name[1:]} - alpha * {name} would be {(n, n)}")
        return Taken(whole, words, not fits)


def _weights(array: Array, n: int, before: int, turned: bool) -> Array | None:
    """Return W (n, before), of which it may be the transpose; of a single row or column whatever has its size."""
    if array.ndim == 2 and array.shape in ((n, before), (before, n)):
        straight = array.shape == (n, before) and not (turned and n == before)
        return array if straight else array.T
    return array.reshape(n, before) if array.size == n * before and 1 in (n, before) else None


def _bias(array: Array, n: int) -> Array | None:
    """Return b (n, 1); one number for all is one for each."""
    if array.shape in ((n, 1), (1, n), (n,)):
        return array.reshape(n, 1)
    return np.full((n, 1), array.reshape(()), array.dtype) if array.size == 1 else None


def refused(array: Array, name: str, wanted: tuple[int, ...]) -> Trouble:
    """Return why an array of this shape cannot be read."""
    rank = f" (rank {array.ndim})" if array.ndim != len(wanted) and wanted else ""
    expected = "a number" if wanted == () else str(wanted)
    remedy = ": the sum over the examples, over m" if wanted == () and "b" in name else ""
    return Trouble(Kind.SHAPE, f"{name} has shape {array.shape}{rank}, expected {expected}{remedy}")


COLUMNS = Layout()
PAIRED = Layout(turned=True, number=True)  # the course's logistic regression: w (n_x, 1), b a number
ROWS = Layout(rows=True, turned=True, bias=ROW)
LAYOUTS = (
    COLUMNS,
    PAIRED,
    ROWS,
    Layout(rows=True, turned=True, bias=FLAT),
    Layout(rows=True, turned=True, bias=FLAT, flat=True),
    Layout(rows=True, bias=FLAT),
    Layout(rows=True, bias=FLAT, flat=True),
    Layout(rows=True, bias=ROW),
    Layout(rows=True, turned=True, bias=ROW, number=True),
    Layout(turned=True),
    Layout(bias=FLAT, flat=True),
    Layout(flat=True),
)
