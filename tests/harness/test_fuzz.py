"""A few of the fuzz suite's cases with every run, and that it sees what it is there for. `make fuzz` runs an hour."""

import time
from pathlib import Path

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz import files, options, worker

SOON = 500.0  # seconds


def counted(monkeypatch: pytest.MonkeyPatch, wanted: dict[str, float], real: int = 10**6) -> fuzz.Counts:
    monkeypatch.setattr(fuzz, "REAL", real)
    return fuzz.fuzz(7_000_000, wanted, time.monotonic() + SOON)


@pytest.mark.slow
def test_damaged_files_and_strange_options_end_in_an_answer_or_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = counted(monkeypatch, {"files": 60, "options": 60}, real=60)
    assert counts.found == 0, "\n".join(counts.reports)
    assert counts.cases == {"files": 61, "options": 61}
    assert counts.real == 2
    assert counts.outcomes["refused"] > 40
    assert counts.outcomes["accepted"] > 10
    assert "0 tracebacks, 0 hangs above 60 s, 0 crashes" in counts.summary()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("import os; os.kill(os.getpid(), 11)", "crash"),
        ("raise SystemExit(3)", "crash"),
        ("import time; time.sleep(60)", "hang"),
        (
            'print(\'{"seed": 5}\'); print(\'{"seed": 5, "outcome": "accepted", "words": "", "memory": 5000}\')',
            "memory",
        ),
        (
            'print(\'{"seed": 5}\'); print(\'{"seed": 5, "outcome": "traceback", "words": "x", "memory": 5}\')',
            "traceback",
        ),
    ],
)
def test_a_worker_that_dies_hangs_or_grows_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, outcome: str
) -> None:
    (tmp_path / "tests/fuzz").mkdir(parents=True)
    for name in ("tests/__init__.py", "tests/fuzz/__init__.py"):
        (tmp_path / name).touch()
    (tmp_path / "tests/fuzz/worker.py").write_text(program)
    monkeypatch.setattr(fuzz, "ROOT", tmp_path)
    monkeypatch.setattr(fuzz, "ENVIRONMENT", {**fuzz.ENVIRONMENT, "PYTHONPATH": str(tmp_path)})
    monkeypatch.setattr(fuzz, "HANG", 1.0 if outcome == "hang" else 60.0)
    counts = fuzz.Counts()
    assert fuzz.batch("files", 5, 6, tmp_path, counts) == 6
    assert counts.outcomes == {outcome: 1}
    assert counts.found == 1


@pytest.mark.parametrize("seed", range(20))
def test_a_case_is_the_same_for_the_same_seed(tmp_path: Path, seed: int) -> None:
    pytest.importorskip("h5py")
    first, again = (files.malformed(seed, tmp_path) for _ in range(2))
    assert first == again
    assert options.arguments(seed) == options.arguments(seed)


@pytest.mark.parametrize(
    ("code", "err", "wrong"),
    [
        (2, "crosscheck: --layers x: expected sizes\n", False),
        (0, "", False),
        (1, "a long report\nof two lines\n", False),
        (2, "two\nlines\n", True),
        (2, "", True),
        (2, "x" * 5000 + "\n", True),
        (1, "Traceback (most recent call last):\n", True),
        (-11, "", True),
        (3, "", True),
        (2, "\x1b[31m\n", True),
    ],
)
def test_what_is_not_one_line_is_seen(code: int, err: str, wrong: bool) -> None:
    assert bool(worker.not_one_line(code, err)) == wrong


def test_a_traceback_of_the_program_is_not_taken_for_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(kind: str, path: Path) -> None:
        raise IndexError(kind)

    monkeypatch.setattr(worker, "read_as", broken)
    with pytest.raises(IndexError):
        worker.file(3, tmp_path, lambda: None)
