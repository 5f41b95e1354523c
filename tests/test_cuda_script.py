"""`make cuda`, the script that asks a GPU everything: emulated on the CPU by steps that take seconds."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.test_readme import tool

NUMPY = ["compare", "--impl", "numpy/by_hand", "--problem"]


@pytest.fixture
def cuda() -> ModuleType:
    """Return the script as a module."""
    return tool("cuda")


def ran(cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, steps: object, *words: str) -> int:
    """Return the exit code with other steps."""
    monkeypatch.setattr(cuda, "steps", lambda: steps)
    monkeypatch.setattr(sys, "argv", ["cuda", "--out", "there", *words])
    return int(cuda.main())


def test_each_step_is_a_result_set_and_the_same_again_runs_nothing_twice(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What has ended is taken from its journal."""
    monkeypatch.chdir(tmp_path)
    judged = []
    for _ in range(2):
        both = [cuda.Step("a", [*NUMPY, "kink-2layer-relu"], 400), cuda.Step("b", [*NUMPY, "one_feature-linear"], 400)]
        assert ran(cuda, monkeypatch, both, "--device", "cpu") == 0
        said = capsys.readouterr().out
        assert said.count("2 comparisons over 1 problems: 2 agrees.") == 2
        assert "goes on with" not in said
        judged.append(
            [
                line
                for line in Path("there/a/agreement.jsonl").read_text().splitlines()
                if '"record": {"is": "Row"' in line
            ]
        )
        assert len(judged[-1]) == 2
    assert judged[0] == judged[1]
    assert "## b\n\n`crosscheck compare" in Path("there/cuda.md").read_text()


def test_what_there_is_no_time_for_is_named(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A step is interrupted when its time is up, and the next ones are begun as long as there is time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cuda, "PATIENCE", 1)
    slow = cuda.Step("slow", ["honest", "--count", "20000", "--impl", "numpy"], 8)
    never = cuda.Step("never", [*NUMPY, "kink-2layer-relu"], 0.5)
    assert ran(cuda, monkeypatch, [slow, never], "--device", "cpu") == cuda.NO_TIME
    assert "the same again goes on with slow, never" in capsys.readouterr().out
    assert Path("there/slow/honest.partial.jsonl").exists()


def test_without_a_gpu_it_says_not_run(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not a pass of anything, and not an error either."""
    monkeypatch.setattr(cuda, "has_gpu", lambda: False)
    assert ran(cuda, monkeypatch, []) == 0
    assert capsys.readouterr().out.startswith("cuda: not run")


def test_a_step_that_cannot_run_is_an_error(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The step's own words say why."""
    monkeypatch.chdir(tmp_path)
    steps = [cuda.Step("a", [*NUMPY, "nothing"], 60)]
    assert ran(cuda, monkeypatch, steps, "--device", "cpu") == 2
    assert "no such problem" in capsys.readouterr().out
