"""All mutants of a module's source: each a change of one place, with a name that stays when lines move."""

from __future__ import annotations

import ast
from collections import Counter
from functools import lru_cache
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


@lru_cache(maxsize=64)  # asked for by several, and a module of 200 lines takes half a second
def changes(text: str, file: str) -> tuple[Change, ...]:
    """Return every mutant of a module, in the order of the text. Raises BadInput for what is no Python.

    >>> [change.key.after for change in changes("dZ = A - Y", "mine.py")]
    ['pass', 'dZ = Y - A', 'dZ = A + Y']
    """
    try:
        source = Source(text)
    except (SyntaxError, ValueError) as error:
        raise BadInput(f"{file}: {error}; expected a module of Python") from error
    found: dict[Edit, Change] = {}
    names: Counter[Key] = Counter()
    for node, place in source.computed():
        for operator, edits in OPERATORS.items():
            for edit in edits(node, source):
                if edit in found or not _another(source, edit):
                    continue
                before, after = source.lines(edit)
                key = Key(file, place.function, before, after)
                names[key] += 1
                line = source.line(edit.start)
                found[edit] = Change(
                    key._replace(nth=names[key]), operator, line, min(place.first, line), max(place.last, line), edit
                )
    return tuple(sorted(found.values(), key=lambda change: (change.edit.start, change.edit.end)))


def _another(source: Source, edit: Edit) -> bool:
    """Return whether there is a program after an edit, and another one; the statement around it shows that."""
    start, end = source.around(edit)
    mutant = source.between(start, edit.start) + edit.text + source.between(edit.end, end)
    try:
        return ast.dump(ast.parse(mutant)) != ast.dump(ast.parse(source.between(start, end)))
    except (SyntaxError, ValueError):
        return False


def applied(text: str, change: Change) -> str:
    """Return the mutant's source."""
    return Source(text).changed(change.edit)
