"""Who made the same mistake, who has the same answers, and who has the same program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from crosscheck.classroom.judging import NOT_JUDGED, Graded
from crosscheck.mutation.mutants import MUTANTS

UNEXPLAINED = "unexplained"
WORDS = {mutant.name: mutant.words for mutant in MUTANTS}


class Group(NamedTuple):
    """Some submissions that have something in common: its name, and words for it, if there are any."""

    name: str
    words: str
    members: Sequence[Graded]
    proved: bool = True


def cause_of(graded: Graded) -> str:
    """Return why it is wrong: the proved mistakes, or why nothing could be compared; nothing for a right one."""
    if graded.right:
        return ""
    return "; ".join(graded.causes) or graded.trouble or UNEXPLAINED


def by_cause(everyone: Sequence[Graded]) -> list[Group]:
    """Return those that are not right by what is wrong, the most frequent first; what is unexplained is last."""
    groups = [
        Group(
            name,
            "; ".join(dict.fromkeys(WORDS[cause] for cause in members[0].causes if cause in WORDS)),
            members,
            bool(members[0].causes),
        )
        for name, members in _together(everyone, cause_of)
    ]
    return sorted(groups, key=lambda group: (group.name == UNEXPLAINED, not group.proved, -len(group.members)))


def same_program(everyone: Sequence[Graded]) -> list[Group]:
    """Return those whose programs are the same but for white space and comments."""
    groups = _together(everyone, lambda graded: graded.submission.source)
    return [Group(name, "", members) for name, members in groups if len(members) > 1]


def same_answers(everyone: Sequence[Graded]) -> list[Group]:
    """Return those that are wrong, with the very same bits in every answer. Right ones often have them, too."""
    wrong = [graded for graded in everyone if not graded.right and graded.verdict != NOT_JUDGED]
    groups = _together(wrong, lambda graded: graded.answers)
    return [Group(name, cause_of(members[0]), members) for name, members in groups if len(members) > 1]


def _together(everyone: Sequence[Graded], key: Callable[[Graded], str]) -> list[tuple[str, list[Graded]]]:
    groups: dict[str, list[Graded]] = {}
    for graded in everyone:
        if name := key(graded):
            groups.setdefault(name, []).append(graded)
    return sorted(groups.items(), key=lambda each: -len(each[1]))
