"""What a program's own text states that no number shows: how many outputs it is meant for."""

from __future__ import annotations

import re

from crosscheck.grading.diagnosis.source import Lines

SEVERAL = re.compile(r"multi-?label|several (labels|outputs)|\bY\b:? \(?\(n_?y, *m\)", re.IGNORECASE)


def several_outputs(program: Lines) -> str:
    """Return the words by which a program says that it is meant for several outputs; "" where it does not.

    >>> several_outputs([("", "# X (n_x, m), Y (n_y, m) of 0 and 1")])
    'Y (n_y, m)'
    """
    found = next((match for _, text in program if (match := SEVERAL.search(text))), None)
    return found[0] if found else ""
