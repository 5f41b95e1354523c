"""From a table to X and Y: which columns are features, which one is the label, and which examples are whole.

A Plan is made of the training set and then followed for it and for the test set alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import BadInput, nearest

from crosscheck.oracle.float64 import Matrix
from crosscheck.problems.files import labels as kinds_of_labels
from crosscheck.problems.files.columns import Column
from crosscheck.problems.files.how import How
from crosscheck.problems.files.labels import Labels
from crosscheck.problems.files.suspects import option, refusal, sentinel, suspect
from crosscheck.problems.files.table import Table, short
from crosscheck.problems.limits import MAX_NUMBERS

SHOWN = 40  # characters of a name that is compared with others
NEAR = 200  # names that a wrong one is compared with
LISTED = 5


class Plan(NamedTuple):
    """How the columns of a table become X and Y.

    label: its name; labels: what its kinds become, None for numbers as they are. features: the names of columns.
    one_hot: the kinds of each column that becomes a row for each of them.
    """

    label: str
    labels: Labels | None
    features: tuple[str, ...]
    one_hot: dict[str, tuple[str, ...]]
    told: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the rows of X."""
        rows = [[f"{name}={kind}" for kind in self.one_hot[name]] if name in self.one_hot else [name]
                for name in self.features]  # fmt: skip
        return tuple(name for each in rows for name in each)


def planned(path: Path, table: Table, how: How) -> tuple[Plan, Table]:
    """Return what becomes of a table's columns, and its examples that are whole. Raises BadInput."""
    names = [column.name for column in table.columns]
    label = _label(path, table, how)
    if not len(table.lines):
        raise BadInput(
            f"{path}: {len(table.columns)} columns and no {table.line}, expected at least one feature and one example"
        )
    dropped, one_hot, keep = (
        columns(path, names, given, kind)
        for given, kind in ((how.drop, "drop"), (how.one_hot, "one_hot"), (how.keep, "keep"))
    )
    if label in dropped:
        raise BadInput(f"{label}: is the label, expected a feature; name another label", parameter="drop")
    features = [c for c in table.columns if c.name != label and c.name not in dropped]
    told: list[str] = []
    empty = [c.name for c in features if len(c.numbers) and c.gaps.all()]
    if empty:
        told.append(f"left out: {listed(empty)}, without a value")
    features = [c for c in features if c.name not in empty]
    if not features:
        raise BadInput(f"{path}: no feature is left beside the label {label}; leave out fewer columns")
    suspects = [
        said
        for column in features
        if column.name not in keep and column.name not in one_hot
        if (said := suspect(column, table.lines, table.line)) is not None
    ]
    if suspects:
        raise BadInput(f"{path}: {refusal(suspects)}")
    target = next(c for c in table.columns if c.name == label)
    table = whole(path, table._replace(columns=(*features, target)), how)
    *features, target = table.columns
    hot = {c.name: tuple(c.kinds()[1]) for c in features if c.name in one_hot}
    told += [line for line in table.told if line not in told]
    told += _said_of(features, hot)
    labels = None if how.regression else kinds_of_labels.of_column(str(path), target, how.positive, features)
    if labels is None:
        _regression(path, target, table)
    told += [f"label {label}: {labels.told}"] if labels and labels.told else []
    plan = Plan(label, labels, tuple(c.name for c in features), hot, tuple(told))
    return plan, table


def arrays(path: Path, table: Table, plan: Plan) -> tuple[Matrix, Matrix]:
    """Return X (n_x, m) and Y (1, m). Raises BadInput for what the plan does not know."""
    by_name = {column.name: column for column in table.columns}
    m = len(table.lines)
    if len(plan.names) * m > MAX_NUMBERS:
        raise BadInput(f"{path}: {len(plan.names):,} features of {m:,} examples are too many; --drop some")
    X = np.empty((len(plan.names), m))
    row = 0
    for name in plan.features:
        column = by_name[name]
        if name in plan.one_hot:
            which, found = column.kinds()
            known = plan.one_hot[name]
            if new := [kind for kind in found if kind not in known]:
                raise BadInput(f"{path}: {name} is {short(new[0])}, which the training set has not; leave it out")
            places = np.array([known.index(kind) for kind in found], np.int64)
            X[row : row + len(known)] = np.arange(len(known))[:, None] == places[which][None, :]
            row += len(known)
        else:
            X[row] = column.as_numbers()
            row += 1
    label = by_name[plan.label]
    Y = kinds_of_labels.values(str(path), label, plan.labels) if plan.labels else label.as_numbers()[None, :]
    return X, Y


def followed(path: Path, table: Table, plan: Plan, how: How) -> Table:
    """Return a second table's columns as a plan wants them, its examples that are whole. Raises BadInput."""
    by_name = {column.name: column for column in table.columns}
    wanted = (*plan.features, plan.label)
    if lacking := [name for name in wanted if name not in by_name]:
        raise BadInput(f"{path}: no column {short(lacking[0])}, expected the columns of the training set")
    table = whole(path, table._replace(columns=tuple(by_name[name] for name in wanted)), how)
    for column in table.columns[:-1]:
        if column.text.any() and not column.boolean and column.name not in plan.one_hot:
            raise BadInput(f"{path}: {refusal([s for s in [suspect(column, table.lines, table.line)] if s])}")
    return table


def whole(path: Path, table: Table, how: How) -> Table:
    """Return the examples that lack no value; all others are left out by `dropna`, and refused without it."""
    for column in table.columns:
        if len(odd := np.flatnonzero(np.isinf(column.numbers))):
            where = f"{table.line} {table.lines[odd[0]]}"
            raise BadInput(
                f"{path}: column {short(column.name)}, {where}: infinite, or beyond float64's range, expected finite "
                f"numbers; leave out the example, or {option('drop', [column.name])}"
            )
    gaps = [(column, column.gaps) for column in table.columns]
    lacking = [(column.name, np.flatnonzero(gap)) for column, gap in gaps if gap.any()]
    if not lacking:
        return table
    bad = np.logical_or.reduce([gap for _, gap in gaps])
    m = len(table.lines)
    if how.dropna and not bad.all():
        rows = np.flatnonzero(~bad)
        told = f"left out: {bad.sum()} of {m} examples, which lack a value"
        columns = tuple(column.taken(rows) for column in table.columns)
        return table._replace(columns=columns, lines=table.lines[rows], told=(*table.told, told))
    where = "; ".join(
        f"{name} at {table.line} {table.lines[k[0]]}" + (f" and {len(k) - 1} more" if len(k) > 1 else "")
        for name, k in lacking[:LISTED]
    ) + ("; ..." if len(lacking) > LISTED else "")
    label = table.columns[-1].name
    ways = [] if bad.all() else [f"--dropna leaves out {bad.sum()} of {m} examples"]
    ways += [option("drop", [name for name, _ in lacking])] if label not in [name for name, _ in lacking] else []
    ways = ways or ["fill them in"]
    raise BadInput(f"{path}: no value for {where}; {', or '.join(ways)}")


def columns(path: Path, names: Sequence[str], given: Sequence[str] | None, kind: str) -> list[str]:
    """Return the columns that an option names, each as it is or several with commas between. Raises BadInput."""
    chosen = []
    for words in given or ():
        for name in [words] if words in names else [word.strip() for word in words.split(",")]:
            if name not in names:
                raise BadInput(f"{name[:SHOWN]}: no such column in {path}; {_nearest(name, names)}", parameter=kind)
            chosen.append(name)
    return chosen


def _nearest(name: str, names: Sequence[str]) -> str:
    return nearest(name[:SHOWN], [each[:SHOWN] for each in names[:NEAR]])


def _label(path: Path, table: Table, how: How) -> str:
    """Return the name of the label's column: the one that is named, or the last one."""
    names = [column.name for column in table.columns]
    if how.label is not None:
        if how.label not in names:
            raise BadInput(f"{path}: no column {short(how.label)}; {_nearest(how.label, names)}")
        return how.label
    dropped = columns(path, names, how.drop, "drop")
    names = [name for name in names if name not in dropped]
    if not names:
        raise BadInput(f"{path}: no column is left; leave out fewer")
    usual = [name for name in kinds_of_labels.usual(names) if name != names[-1]]
    if usual and names[-1] not in kinds_of_labels.usual(names):
        raise BadInput(
            f"{path}: the label may be the last column, {names[-1]}, or {usual[0]}; say which: "
            f"{option('label', [usual[0]])} or {option('label', [names[-1]])}"
        )
    return names[-1]


def _regression(path: Path, target: Column, table: Table) -> None:
    """Raise BadInput unless the label of a regression is a number."""
    if target.text.any() and not target.boolean:
        k = int(np.argmax(target.text))
        raise BadInput(
            f"{path}: label {target.name} is {short(target.texts[target.codes[k]])} at {table.line} {table.lines[k]}, "
            "expected numbers for squared_error; another column: --label NAME"
        )


def _said_of(features: Sequence[Column], hot: dict[str, tuple[str, ...]]) -> list[str]:
    """Return what was made of columns that are no plain numbers, and what looks odd about the numbers."""
    told = [f"{name}: one feature for each of {listed(kinds)}" for name, kinds in hot.items()]
    plain = [c for c in features if c.name not in hot]
    if booleans := [c.name for c in plain if c.boolean]:
        told.append(f"{listed(booleans)}: true is 1, false is 0")
    if percent := [c.name for c in plain if dict(c.signs).get("%")]:
        told.append(f"{listed(percent)}: percentages, 12% is 0.12")
    signs = sorted({sign for c in plain for sign, _ in c.signs if sign not in ("", "%")})
    told += [f"{listed([c.name for c in plain if dict(c.signs).get(sign)])}: without the sign {sign}" for sign in signs]
    if grouped := [c.name for c in plain if c.grouped]:
        told.append(f"{listed(grouped)}: without the signs between thousands")
    if odd := [said for c in plain if (said := sentinel(c))]:
        value = odd[0].split(" is ")[1].split(" ")[0]
        told.append(f"{listed(odd)}: if that stands for a missing value, --na {value} --dropna")
    if constant := [c.name for c in plain if len(c.numbers) > 1 and (c.as_numbers() == c.as_numbers()[0]).all()]:
        told.append(f"{listed(constant)}: the same for every example")
    return told


def listed(names: Sequence[str]) -> str:
    """Return names with commas between, the first few of many.

    >>> listed(["a", "b"]), listed("abcdefg")
    ('a, b', 'a, b, c, d, e, ...')
    """
    cut = [name if len(name) <= SHOWN else f"{name[:SHOWN]}..." for name in names[:LISTED]]
    return ", ".join(cut) + (", ..." if len(names) > LISTED else "")
