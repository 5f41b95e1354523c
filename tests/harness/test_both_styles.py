"""What real code gets wrong, in two styles, alone and together: each is named, and nothing else is said."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from crosscheck.grading.diagnosis.source import lines_of
from crosscheck.grading.load import solution_of
from crosscheck.grading.probe import Wanted
from crosscheck.grading.reported import Report
from crosscheck.grading.session import examine, in_process

from tests.harness.both_styles import MISTAKES, STYLES, Wrong, program

ASKED = Wanted(problems=("flower-2layer", "breast_cancer-2layer", "small_weights-2layer"), activation="tanh")
STATEMENT = re.compile(r"^  (mistake|known mistake|training|predictions)( \d)? +")
ALSO = ("the same numbers on these problems",)


def report(folder: Path, style: str, mistakes: Sequence[Wrong]) -> Report:
    """Return what is said of a program of this style with these mistakes."""
    path = folder / "mine.py"
    path.write_text(program(style, mistakes), encoding="utf-8")
    return examine(in_process(solution_of(str(path))), ASKED, ("float64",), "mine.py", lines_of(str(path)))


def statements(text: str) -> list[str]:
    """Return what a report says is wrong, a sentence each, without the lines that are quoted."""
    found: list[str] = []
    within = False
    for line in text.splitlines():
        if not line.startswith(" " * 4):
            within = bool(STATEMENT.match(line))
            found += [""] if within else []
        if within:
            found[-1] = f"{found[-1]} {STATEMENT.sub('', line).strip()}".strip()
    return found


def says(statement: str, mistake: Wrong) -> bool:
    """Return whether a sentence is about a mistake; of one with others beside it, in other words."""
    other = mistake.says.replace("is exactly", "is exactly").replace("they should be", "they would be")
    return mistake.says in statement or other in statement


@pytest.mark.parametrize("style", STYLES)
def test_without_a_mistake_nothing_is_said(style: str, tmp_path: Path) -> None:
    found = report(tmp_path, style, [])
    assert found.right, found.text
    assert "training loop was not checked" not in found.text
    assert "predictions were not checked" not in found.text


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: f"{each.line} = {each.text}")
def test_a_mistake_is_named_and_nothing_else(style: str, mistake: Wrong, tmp_path: Path) -> None:
    found = report(tmp_path, style, [mistake])
    assert not found.right
    said = statements(found.text)
    assert len(said) == 1, found.text
    assert says(said[0], mistake), found.text
    assert "not explained" not in found.text


def drawn(seed: int) -> list[Wrong]:
    """Return two or three mistakes in lines of their own."""
    chance = random.Random(seed)
    lines = chance.sample(sorted({mistake.line for mistake in MISTAKES}), chance.choice([2, 3]))
    return [chance.choice([mistake for mistake in MISTAKES if mistake.line == line]) for line in lines]


@pytest.mark.parametrize("seed", range(24))
def test_of_several_mistakes_each_sentence_is_so(seed: int, tmp_path: Path) -> None:
    mistakes = drawn(seed)
    found = report(tmp_path, sorted(STYLES)[seed % 2], mistakes)
    assert not found.right
    for sentence in statements(found.text):
        assert any(says(sentence, mistake) for mistake in mistakes), (mistakes, found.text)
