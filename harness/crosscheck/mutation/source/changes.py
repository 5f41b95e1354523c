"""All mutants of a module's source: each a change of one place, with a name that stays when lines move."""

from __future__ import annotations

import ast
from collections import Counter
from typing import NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.mutation.source.operators import OPERATORS
from crosscheck.mutation.source.text import Edit, Source


class Key(NamedTuple):
    """What a change is called, wherever in its file it stands.

    file: as it is shown. function: `Class.method`, or nothing at the top of the module. before, after: the lines that
    it touches, in one. nth: which of several of that name in the function, from 1.
    """

    file: str
    function: str
    before: str
    after: str
    nth: int = 1


class Change(NamedTuple):
    """One mutant. line: where the change begins. first, last: the lines that show whether it was reached."""

    key: Key
    operator: str
    line: int
    first: int
    last: int
    edit: Edit


def changes(text: str, file: str) -> list[Change]:
    """Return every mutant of a module, in the order of the text. Raises BadInput for what is no Python.

    >>> [change.key.after for change in changes("dZ = A - Y", "mine.py")]
    ['pass', 'dZ = A + Y', 'dZ = Y - A']
    """
    try:
        source = Source(text)
    except (SyntaxError, ValueError) as error:
        raise BadInput(f"{file}: {error}; expected a module of Python") from error
    found: dict[Edit, Change] = {}
    names: Counter[Key] = Counter()
    right = ast.dump(source.tree)
    for node, place in source.computed():
        for operator, edits in OPERATORS.items():
            for edit in edits(node, source):
                if edit in found or not _another(source.changed(edit), right):
                    continue
                before, after = source.lines(edit)
                key = Key(file, place.function, before, after)
                names[key] += 1
                line = source.line(edit.start)
                found[edit] = Change(
                    key._replace(nth=names[key]), operator, line, min(place.first, line), max(place.last, line), edit
                )
    return sorted(found.values(), key=lambda change: (change.edit.start, change.edit.end))


def _another(text: str, right: str) -> bool:
    """Return whether the text is a program, and another one."""
    try:
        return ast.dump(ast.parse(text)) != right
    except (SyntaxError, ValueError):
        return False


def applied(text: str, change: Change) -> str:
    """Return the mutant's source."""
    return Source(text).changed(change.edit)
