"""Tables as people have them: each is read rightly, or refused with a sentence whose remedy leads there."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from crosscheck.problems.catalogue import requested
from crosscheck_impls.interface import BadInput

from tests.data_table import options, said
from tests.harness.messy import CASES, Case


def test_there_are_forty() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_table_is_misread_in_silence(tmp_path: Path, case: Case) -> None:
    path = case.write(tmp_path)
    words = ["--data", str(path)]
    for remedy, sentence in zip(case.remedies, case.says, strict=True):
        with pytest.raises(BadInput) as refused:
            requested(None, options(words))
        assert sentence in str(refused.value)
        assert remedy in str(refused.value)
        words += shlex.split(remedy)
    if case.refused:
        with pytest.raises(BadInput, match="expected") as refused:
            requested(None, options(words))
        assert case.refused in str(refused.value)
        return
    (problem,) = requested(None, options(words))
    assert np.array_equal(problem.data.X, np.array(case.X, float))
    assert np.array_equal(problem.data.Y, np.array([case.Y], float))
    told = "\n".join(problem.told)
    for words_told in case.told:
        assert words_told in told
    assert told.startswith(f"{len(case.Y)} example{'s' * (len(case.Y) != 1)}, {len(case.X)} feature")
    assert f"({', '.join(case.names)})" in told


def test_the_table_of_what_was_said_is_the_committed_one() -> None:
    root = Path(__file__).parents[2]
    csv, markdown = said()
    assert (root / "results/data.csv").read_text(encoding="utf-8") == csv, "make data-table"
    assert (root / "results/data.md").read_text(encoding="utf-8") == markdown, "make data-table"
