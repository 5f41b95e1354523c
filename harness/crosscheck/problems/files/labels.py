"""Labels of any two kinds as 0 and 1, and what was made of which: told, never silent."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from crosscheck_impls.interface import BadInput

from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.files.columns import Column
from crosscheck.problems.files.suspects import option
from crosscheck.problems.files.table import short
from crosscheck.problems.files.words import BOOLEANS

POSITIVE = frozenset([
    "yes", "y", "true", "t", "positive", "pos", "ja", "j", "oui", "o", "si", "sí", "s", "sim", "1", "malignant",
    "m", "ill", "sick", "diseased", "disease", "abnormal", "present", "spam", "on", "case", "patient", "fraud",
    "churn", "churned", "default", "died", "dead", "success", "pass", "passed", "won", "win", "good", "high",
])  # fmt: skip
NEGATIVE = frozenset([
    "no", "n", "false", "f", "negative", "neg", "nein", "non", "não", "nao", "0", "benign", "b", "healthy",
    "well", "normal", "absent", "ham", "off", "control", "legit", "stayed", "paid", "alive", "failure", "fail",
    "failed", "lost", "loss", "bad", "low",
])  # fmt: skip
MAX_CLASSES = 50  # of labels that are kinds, and no numbers to be predicted
LISTED = 5
USUAL = ("label", "target", "class", "y", "outcome", "diagnosis", "output", "response")


class Labels(NamedTuple):
    """Which kinds are 1 and which 0. ones: the kinds that are 1; zeros: the others. told: in words, if not plain."""

    ones: tuple[str, ...]
    zeros: tuple[str, ...]
    told: str = ""


def of_column(where: str, column: Column, positive: str | None, others: Sequence[Column] = ()) -> Labels:
    """Return what the kinds of a column become. where: the file. others: columns that may be the label instead.

    Raises BadInput unless there are two kinds, or `positive` says which of them is 1.
    """
    _, kinds = column.kinds()
    name = column.name
    if positive is not None:
        ones = tuple(kind for kind in kinds if kind == positive) or _folded(kinds, positive)
        if not ones:
            raise BadInput(f"{where}: label {name} is never {short(positive)}, but {_listed(kinds)}; name one of them")
        zeros = tuple(kind for kind in kinds if kind not in ones)
        return Labels(ones, zeros, f"{' and '.join(ones)} is 1, {_rest(zeros)} 0")
    groups = _groups(kinds)
    if len(groups) > 2:
        raise BadInput(f"{where}: {_too_many(column, kinds, _candidates(others))}")
    if len(groups) == 2:
        return _two(groups)
    only = next(iter(groups.values()))[0]
    if only in ("0", "1") or only.casefold() in POSITIVE | NEGATIVE:
        ones = tuple(kinds) if only.casefold() in POSITIVE else ()
        told = "" if only in ("0", "1") else f"{only} is {int(bool(ones))}"
        return Labels(ones, () if ones else tuple(kinds), told)
    raise BadInput(
        f"{where}: every label {name} is {short(only)}, expected two kinds; another column, --label NAME, or "
        f"--positive {shlex.quote(only)}"
    )


def values(where: str, column: Column, labels: Labels) -> Matrix:
    """Return the labels of a column, 0 and 1 (1, m). Raises BadInput for a kind that was not there before."""
    which, kinds = column.kinds()
    known = labels.ones + labels.zeros
    folded = {kind.casefold(): kind for kind in known}
    for kind in kinds:
        if kind not in known and kind.casefold() not in folded:
            raise BadInput(
                f"{where}: label {column.name} is {short(kind)}, expected {_listed(known)}, as in the training set; "
                "leave the example out"
            )
    ones = np.array([float(folded.get(kind.casefold(), kind) in labels.ones) for kind in kinds])
    return np.asarray(ones[which][None, :])


def _two(groups: dict[str, list[str]]) -> Labels:
    """Return what two kinds become: what says yes is 1, or the larger, or the later in the alphabet."""
    first, second = groups
    if _positive(first, second):
        first, second = second, first
    zeros, ones = tuple(groups[first]), tuple(groups[second])
    if (zeros, ones) == (("0",), ("1",)):
        return Labels(ones, zeros)
    other = f"the other way: --positive {shlex.quote(zeros[0])}"
    return Labels(ones, zeros, f"{' and '.join(ones)} is 1, {' and '.join(zeros)} is 0; {other}")


def _positive(first: str, second: str) -> bool:
    """Return whether the first of two kinds in order is the one that says yes."""
    if first in BOOLEANS:
        return bool(BOOLEANS[first])
    if _number(first) is not None and _number(second) is not None:
        return False
    yes = first in POSITIVE and second not in POSITIVE
    return yes or (second in NEGATIVE and first not in NEGATIVE)


def _groups(kinds: Sequence[str]) -> dict[str, list[str]]:
    """Return kinds that differ only in capitals together, by what they are in small letters."""
    groups: dict[str, list[str]] = {}
    for kind in kinds:
        groups.setdefault(kind.casefold(), []).append(kind)
    return groups


def _folded(kinds: Sequence[str], positive: str) -> tuple[str, ...]:
    wanted = _number(positive)
    return tuple(
        kind
        for kind in kinds
        if kind.casefold() == positive.casefold() or (wanted is not None and _number(kind) == wanted)
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _too_many(column: Column, kinds: Sequence[str], candidates: Sequence[str]) -> str:
    """Return in words that there are more than two kinds of labels, and what to do."""
    other = f"another column: {' or '.join(option('label', [name]) for name in candidates[:3])}" if candidates else ""
    numbers = not column.text.any()
    if numbers and (len(kinds) > MAX_CLASSES or not np.array_equal(column.numbers, np.floor(column.numbers))):
        ways = [*([other] if other else []), "a regression: --loss squared_error"]
        return f"label {column.name} is a number, {_listed(kinds)}, expected two kinds of labels; {'; '.join(ways)}"
    example = kinds[-1] if numbers else kinds[0]
    ways = [f"one against the rest: --positive {shlex.quote(example)}", *([other] if other else [])]
    ways = ways[::-1] if numbers else ways
    return f"label {column.name} is one of {len(kinds)} kinds ({_listed(kinds)}), expected two; {'; '.join(ways)}"


def _listed(kinds: Sequence[str]) -> str:
    return ", ".join(kind[:20] for kind in kinds[:LISTED]) + (", ..." if len(kinds) > LISTED else "")


def _rest(zeros: Sequence[str]) -> str:
    return f"{_listed(zeros)} {'are' if len(zeros) > 1 else 'is'}" if zeros else "nothing is"


def _candidates(columns: Sequence[Column]) -> list[str]:
    """Return the names of columns that hold two kinds, the usual names of labels first."""
    two = [c.name for c in columns if 0 < len(_groups(c.kinds()[1])) <= 2]
    return sorted(two, key=lambda name: name.casefold() not in USUAL)


def usual(names: Sequence[str]) -> list[str]:
    """Return the names that are usual for labels."""
    return [name for name in names if name.casefold() in USUAL]


def of_array(where: str, Y: Matrix, positive: str | None) -> tuple[Matrix, str]:
    """Return labels in an array as 0 and 1, and what was made of them in words.

    Several rows are several labels for each example, and must be 0 and 1 as they are. Raises BadInput.
    """
    if len(Y) != 1 or not Y.size or not np.isfinite(Y).all():
        return Y, ""
    column = Column("Y", Y[0], np.full(Y.shape[1], -1, np.int32), ())
    labels = of_column(where, column, positive)
    return values(where, column, labels), labels.told


def counted(Y: npt.NDArray[np.float64]) -> str:
    """Return in words how many labels are 1."""
    ones = int(Y.sum())
    return f"{ones:,} one{'s' * (ones != 1)}"
