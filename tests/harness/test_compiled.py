"""The kept programs of JAX and Inductor: only those are used that are, byte by byte, as they were written."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from crosscheck.core.failures import Failure
from crosscheck.core.records import Answer
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import build, choose
from crosscheck.runner import compiled, subprocesses
from crosscheck.runner.settings import cache_dir
from crosscheck.runner.subprocesses import Job
from hypothesis import given, settings
from hypothesis import strategies as st

OLD = time.time() - 2 * compiled.BEING_WRITTEN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten programs, recorded, and long ago."""
    for k in range(10):
        (tmp_path / f"jit_f{k}-cache").write_bytes(bytes(range(k, k + 100)))
    compiled.record(tmp_path)
    for path in [*tmp_path.glob("*-cache"), *(tmp_path / compiled.NOTES).iterdir()]:
        os.utime(path, (OLD, OLD))
    return tmp_path


def test_programs_that_are_as_they_were_recorded_stay(folder: Path) -> None:
    assert compiled.verify(folder) == []
    assert len(list(folder.glob("*-cache"))) == len(list((folder / compiled.NOTES).iterdir())) == 10


@settings(deadline=None)  # a disk may be slow
@given(place=st.integers(0, 99), bit=st.integers(0, 7), young=st.booleans())
def test_a_single_bit_is_enough_to_remove_a_program_young_or_old(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int, young: bool
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    program = folder / "jit_f-cache"
    program.write_bytes(bytes(range(100)))
    compiled.record(folder)
    flipped = bytearray(program.read_bytes())
    flipped[place] ^= 1 << bit
    program.write_bytes(flipped)
    if not young:
        os.utime(program, (OLD, OLD))
    assert compiled.verify(folder) == ["jit_f-cache"]
    assert not program.exists()


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"\0", lambda b: b""])
def test_so_is_another_length(folder: Path, change) -> None:
    program = folder / "jit_f3-cache"
    program.write_bytes(change(program.read_bytes()))
    assert compiled.verify(folder) == [program.name]


def test_a_program_under_anothers_name_is_removed(folder: Path) -> None:
    (folder / "jit_f1-cache").replace(folder / "jit_f2-cache")
    assert compiled.verify(folder) == ["jit_f2-cache"]
    assert len(list((folder / compiled.NOTES).iterdir())) == 8  # and the notes of both go


def test_what_nobody_recorded_is_left_while_another_run_may_be_writing_it(folder: Path) -> None:
    new, left = folder / "jit_new-cache", folder / "jit_left-cache"
    new.write_bytes(b"new")
    left.write_bytes(b"left by a run that was killed")
    os.utime(left, (OLD, OLD))
    assert compiled.verify(folder) == [left.name]
    compiled.record(folder)
    os.utime(new, (OLD, OLD))
    assert compiled.verify(folder) == []


def test_two_runs_at_once_record_the_same(folder: Path) -> None:
    with compiled.checked([folder]):
        (folder / "jit_a-cache").write_bytes(b"a")
        with compiled.checked([folder]):
            (folder / "jit_b-cache").write_bytes(b"b")
        assert (folder / "jit_a-cache").exists()
    assert compiled.verify(folder) == []
    assert len(list((folder / compiled.NOTES).iterdir())) == 12


def test_an_interrupted_run_records_too(folder: Path) -> None:
    def interrupted() -> None:
        with compiled.checked([folder]):
            (folder / "jit_a-cache").write_bytes(b"a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    os.utime(folder / "jit_a-cache", (OLD, OLD))
    assert compiled.verify(folder) == []


def test_a_pipe_or_a_link_in_the_place_of_a_program_goes(folder: Path) -> None:
    os.mkfifo(folder / "jit_pipe-cache")
    (folder / "jit_link-cache").symlink_to("/dev/zero")
    assert sorted(compiled.verify(folder)) == ["jit_link-cache", "jit_pipe-cache"]


def test_without_a_folder_there_is_nothing_to_do(tmp_path: Path) -> None:
    with compiled.checked([]), compiled.checked([tmp_path / "gone"]):
        pass
    assert compiled.verify(tmp_path / "gone") == []


@pytest.mark.slow
def test_a_program_of_jaxs_own_that_is_damaged_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jax")
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    case = make_case(build(choose(["one_example-logistic"])[0]), "float64")
    answers: list[Answer | Failure] = []

    def run() -> None:
        subprocesses.run(
            [Job("jax", "by_hand", "cpu", [case])], lambda job, case, about, answer: answers.append(answer)
        )

    run()
    folder = cache_dir("jax")
    assert folder is not None
    programs = list(folder.glob("*-cache"))
    before = {program.name: program.read_bytes() for program in programs}
    assert before
    for program in programs:
        program.write_bytes(b"damaged" + before[program.name])
    run()
    assert {program.name for program in folder.glob("*-cache")} == set(before)
    assert not any(program.read_bytes().startswith(b"damaged") for program in folder.glob("*-cache"))
    first, second = answers
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert np.array_equal(first.run.costs, second.run.costs)


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    """A folder of Inductor's, recorded, and long ago: sources and what was made of them, and a lock."""
    for name in ("ab/cab.main.cpp", "ab/cab.main.so", "ba/cba.py", "fxgraph/xy/key/entry", "locks/key.lock"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    compiled.record(tmp_path)
    for path in tmp_path.rglob("*"):
        os.utime(path, (OLD, OLD))
    return tmp_path


def test_files_in_folders_are_told_apart_by_their_whole_path(nested: Path) -> None:
    assert compiled.verify(nested) == []
    assert len(list((nested / compiled.NOTES).iterdir())) == 4  # not of the lock
    other = nested / "ba/cab.main.so"
    other.write_bytes((nested / "ab/cab.main.so").read_bytes())
    os.utime(other, (OLD, OLD))
    assert compiled.verify(nested) == ["ba/cab.main.so"]


def test_a_flipped_bit_far_inside_and_a_folder_that_is_a_link_go(nested: Path, tmp_path_factory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "cca.py").touch()
    (nested / "cc").symlink_to(elsewhere, target_is_directory=True)
    (nested / "fxgraph/xy/key/entry").write_bytes(b"fxgraph/xy/key/entrx")
    assert sorted(compiled.verify(nested)) == ["cc", "fxgraph/xy/key/entry"]
    assert (elsewhere / "cca.py").exists()
    assert (nested / "locks/key.lock").exists()


def test_a_folder_is_looked_through_once_however_many_ask(nested: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[Path] = []
    monkeypatch.setattr(compiled, "verify", verified.append)
    with compiled.checked([nested]), compiled.checked([nested]):
        pass
    with compiled.checked([nested]):
        pass
    assert verified == [nested, nested]


@pytest.mark.slow
def test_a_program_of_inductors_that_is_damaged_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: damage in front of the libraries that were compiled from C++."""
    pytest.importorskip("torch")
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    case = make_case(build(choose(["one_example-logistic"])[0])._replace(iterations=2), "float64")
    answers: list[Answer | Failure] = []

    def run() -> None:
        job = Job("torch", "compiled", "cpu", [case])
        subprocesses.run([job], lambda job, case, about, answer: answers.append(answer), time_limit=200)

    run()
    folder = cache_dir("torch")
    assert folder is not None
    libraries = {path: path.read_bytes() for path in folder.rglob("*.so")}
    assert libraries
    for path, library in libraries.items():
        path.write_bytes(b"damaged" + library)
    run()
    assert all(path.read_bytes().startswith(b"\x7fELF") for path in libraries)
    first, second = answers
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert np.array_equal(first.run.costs, second.run.costs)
