"""Which verdicts make a command fail, and its exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from crosscheck_impls.interface import BadInput, nearest

from crosscheck.core.failures import BAD, Verdict

if TYPE_CHECKING:
    from crosscheck.judge.verdict import Row

NAMES = tuple(verdict.replace(" ", "-") for verdict in Verdict)  # as people type them
FAILS: frozenset[str] = frozenset(BAD)
STRICT: frozenset[str] = frozenset({Verdict.SUSPECT, Verdict.NOT_RUN})


def fail_on(names: Sequence[str] | None, strict: bool) -> frozenset[str]:
    """Return the verdicts that fail. Raises BadInput for an unknown name, with the nearest.

    >>> sorted(fail_on(["suspect,not-run"], strict=False))
    ['not run', 'suspect']
    """
    chosen = set()
    for name in (word.strip() for words in names or () for word in words.split(",")):
        typed = name.replace(" ", "-").replace("_", "-")
        if typed not in NAMES:
            raise BadInput(f"{name}: no such verdict; {nearest(typed, NAMES)}", parameter="fail_on")
        chosen.add(typed.replace("-", " "))
    return frozenset(chosen or FAILS) | (STRICT if strict else frozenset())


def exit_code(rows: Sequence[Row], fails: Collection[str] = FAILS) -> int:
    """Return 1 if a row has a verdict that fails, else 0. Raises BadInput, which is exit code 2, if nothing ran."""
    if all(verdict(row) == "not run" for row in rows):
        reasons = Counter(cause(row) for row in rows)
        why = "; ".join(f"{reason} ({number} rows)" for reason, number in reasons.most_common(3))
        raise BadInput(f"nothing ran, expected at least one row: {why or 'nothing was chosen'}")
    return int(any(verdict(row) in fails for row in rows))


def verdict(row: Row) -> str:
    """Return a row's verdict in words."""
    return str(row.verdict)


def cause(row: Row) -> str:
    """Return a row's cause in words."""
    from crosscheck.report.words import of_cause

    return of_cause(row.cause)
