"""Lines that are read many at once are read as one by one: the same numbers, words and refusals."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from crosscheck.problems.files import blocks, text
from crosscheck.problems.files.how import How
from crosscheck.problems.files.read import read
from crosscheck_impls.interface import BadInput
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-9, 9).map(lambda v: f"{v:.3f}"),
    st.integers(-99, 99).map(str),
)
ODD = st.sampled_from([
    "", " 1", "1 ", "007", "0", "-0.5", "+5", "5.", ".5", "1e5", "1E-400", "1e400", "9007199254740993", "1,5", '"1"',
       "1-2", "1e", "x", "yes", "#", "# 2", "NA", "1.2.3", "é", "1\u00a0000", "٣", "nan", "inf", "\t3", "0x1", "1_0",
    "--1", "-", "1\r", "12.5%", "-999", "e5", "+", "1e-99999",
])  # fmt: skip
LINES = st.lists(st.tuples(st.one_of(NUMBERS, ODD), NUMBERS, st.sampled_from(["0", "1"])), min_size=4, max_size=12)
USUAL = st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from(["0", "1"])), min_size=4, max_size=12)


def said(path: Path, how: How, slow: bool) -> object:
    """Return what is read, or what is refused."""
    none = {"fields": lambda *_: None, "numbers": lambda *_: None} if slow else {}
    with mock.patch.multiple(blocks, **none) if none else mock.patch.object(text, "CHUNK", 32):
        try:
            found = read(path, how)
        except BadInput as error:
            return str(error)
    return found.data.X.tobytes(), found.data.Y.tobytes(), found.names, found.label, found.told


@given(
    st.one_of(LINES, USUAL), st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("|", ",")]),
    st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([None, ["-999"], ["0"]]), st.booleans(),
)  # fmt: skip
def test_many_lines_at_once_are_read_as_one_by_one(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[tuple[str, ...]],
    written: tuple[str, str],
    ending: str,
    na: list[str] | None,
    end: bool,
) -> None:
    separator, point = written
    path = tmp_path_factory.mktemp("table") / "t.csv"
    rows = [["age", "dose", "ill"], *([field.replace(".", point) for field in line] for line in lines)]
    path.write_bytes((ending.join(map(separator.join, rows)) + ending * end).encode())
    how = How(decimal=point, header=True, na=na, dropna=True)
    assert said(path, how, slow=False) == said(path, how, slow=True)


@pytest.mark.parametrize("line", ["1,2,3\n", "1\n", ",\n", "\n", '"1",2\n', "1,2\0\n"])
def test_a_line_that_is_not_plain_is_left_to_the_slow_reader(line: str) -> None:
    block = "1,2\n3,4\n" + line + "5,6\n"
    assert blocks.numbers(block, ",", 2) is None
    assert blocks.fields(block, ",", 2) is None


def test_the_line_of_an_error_is_counted_through_blocks(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"{k / 7:.4f},{k % 2}" for k in range(5000)]
    for change, words in (("1,2,3", "line 4002 has 3 fields"), ("x,1", "x ('x' at line 4002 is not a number)")):
        path.write_text("\n".join(["x,ill", *rows[:4000], change, *rows[4000:]]), encoding="utf-8")
        with mock.patch.object(text, "CHUNK", 1000), pytest.raises(BadInput) as refused:
            read(path)
        assert words in str(refused.value)


def test_numbers_are_float_s_own() -> None:
    rng = np.random.default_rng(0)
    values = [repr(float(v)) for v in rng.standard_normal(20_000) * 10.0 ** rng.integers(-300, 15, 20_000)]
    found = blocks.numbers("\n".join(f"{a},{b}" for a, b in zip(values[::2], values[1::2], strict=True)), ",", 2)
    assert found is not None
    assert found.ravel().tolist() == [float(v) for v in values]


def test_an_encoding_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("wiek,płeć,zły\n1.5,2,0\n2.5,3,1\n".encode("iso8859-2"))
    assert read(path).names == ("wiek", "p³eæ")
    found = read(path, How(encoding="latin2"))
    assert (found.names, found.label) == (("wiek", "płeć"), "zły")
    assert "read as: latin2" in found.told
    for encoding, words in (("nothing", "no encoding of text that is known"), ("base64", "no encoding of text"),
                            ("utf-8", "not UTF-8 text"), ("utf-16", "not UTF-16 text")):  # fmt: skip
        with pytest.raises(BadInput, match=words):
            read(path, How(encoding=encoding))
