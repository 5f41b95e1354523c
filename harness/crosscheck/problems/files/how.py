"""How the user says that a file is to be read."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crosscheck_impls.interface import BadInput

if TYPE_CHECKING:
    from crosscheck.problems.datasets import Data


class How(NamedTuple):
    """The options of reading a file; None leaves it to what is found.

    label: the column that is the label, or the `.npy` of the labels. positive: the kind of label that is 1, the rest
    is 0. drop, one_hot, keep: columns. na: what stands for a missing value besides the usual. dropna: leave out
    examples that lack one. rows: whether examples are the rows of arrays. decimal: the sign before decimals.
    header: whether there is one. skip_lines: lines above it. encoding: of a text. split: the share of examples that
    becomes the test set. regression: whether labels are numbers as they are.
    """

    label: str | None = None
    test: Path | None = None
    positive: str | None = None
    drop: Sequence[str] | None = None
    one_hot: Sequence[str] | None = None
    keep: Sequence[str] | None = None
    na: Sequence[str] | None = None
    dropna: bool = False
    rows: bool | None = None
    decimal: str | None = None
    header: bool | None = None
    skip_lines: int = 0
    encoding: str | None = None
    split: float | None = None
    regression: bool = False


TABLE_ONLY = ("drop", "one_hot", "keep", "na", "dropna")
TEXT_ONLY = ("encoding", "decimal", "header", "skip_lines")


class Found(NamedTuple):
    """What a file holds. names: of the features; label: the name of the label. told: what was done, line by line."""

    data: Data
    names: tuple[str, ...] = ()
    label: str = ""
    told: tuple[str, ...] = ()


def refuse_given(how: How, fields: Sequence[str], why: str) -> None:
    """Raise BadInput if one of the fields is given. why: what does not go with it."""
    for name in fields:
        value = getattr(how, name)
        if value != How._field_defaults[name]:
            shown = ",".join(value) if isinstance(value, list | tuple) else value
            raise BadInput(f"{shown}: {why}", parameter=name)


def check(how: How) -> None:
    """Raise BadInput for an option that makes no sense by itself."""
    if how.decimal not in (None, ",", "."):
        raise BadInput(f"{how.decimal}: expected , or . before decimals", parameter="decimal")
    if how.skip_lines < 0:
        raise BadInput(f"{how.skip_lines}: expected a number of lines >= 0", parameter="skip_lines")
    if how.encoding is not None and not _of_text(how.encoding):
        raise BadInput(
            f"{how.encoding}: no encoding of text that is known, expected utf-8, cp1252, latin2 or shift_jis, say",
            parameter="encoding",
        )
    if how.split is not None and not 0 < how.split < 1:
        raise BadInput(f"{how.split:g}: expected a share between 0 and 1, such as 0.2", parameter="split")
    if how.split is not None and how.test is not None:
        raise BadInput("split and test: expected one of them; leave the other out")
    if how.regression and how.positive is not None:
        raise BadInput(
            f"{how.positive}: names a kind of label, and squared_error takes labels as numbers; leave one of them out",
            parameter="positive",
        )


def _of_text(encoding: str) -> bool:
    try:
        return bool(encoding.isascii() and "x".encode(encoding) and codecs.lookup(encoding))
    except (LookupError, ValueError):
        return False
