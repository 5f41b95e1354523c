"""The journal and the set of files: what was written is read, nothing else is, and no half of a set is ever seen."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from crosscheck.core import journal, result_set
from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.journal import Finished, Header, Journal, line, read
from crosscheck.core.plain import from_plain, to_plain
from crosscheck.core.records import Tensor
from crosscheck.judge.verdict import Row
from crosscheck.mutation.mutants import MUTANTS, Mutant
from crosscheck.report.words import of_failure
from crosscheck_impls.interface import BadInput
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HEADER = Header(journal.FORMAT, "compare", {"problems": "kink"}, {"numpy": "2.4"})
st.register_type_strategy(Mutant, st.sampled_from(MUTANTS))
st.register_type_strategy(Tensor, st.sampled_from(["J", "dW1", "db12", "fit: J", "fit: W3"]).map(Tensor))
rows = st.from_type(Row)
failures = st.builds(Failure, st.sampled_from(Stage), st.sampled_from(Kind), st.text())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agreement.partial.jsonl"


def written(path: Path, *records: Any) -> bytes:
    """Return a journal with these records, which is also in the file."""
    text = b"".join(map(line, (HEADER, *records)))
    path.write_bytes(text)
    return text


# ---------------------------------------------------------------- reading


@given(rows)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_row_is_read_as_it_was_written(row: Row) -> None:
    again = from_plain(Row, json.loads(json.dumps(to_plain(row), allow_nan=False)))
    assert to_plain(again) == to_plain(row)
    assert type(again.cause) is type(row.cause)


@given(st.builds(Failure, st.sampled_from(Stage), st.sampled_from(Kind), number=st.integers(1, 31)))
def test_a_failure_is_worded_as_before(failure: Failure) -> None:
    assert of_failure(from_plain(Failure, json.loads(json.dumps(to_plain(failure))))) == of_failure(failure)


def test_every_mutant_travels_by_its_name() -> None:
    assert all(from_plain(Mutant, to_plain(mutant)) is mutant for mutant in MUTANTS)


def test_a_line_is_json_that_other_programs_read(path: Path) -> None:
    written(path, Failure(Stage.CASE, Kind.RAISED, "no"))
    header, failure = (json.loads(each)["record"] for each in path.read_text().splitlines())
    assert (header["command"], failure["message"]) == ("compare", "no")


def test_what_is_torn_at_any_byte_is_left_out(path: Path) -> None:
    records = [Failure(Stage.CASE, Kind.RAISED, words) for words in ("", "é\n", "no " * 9)]
    text, ends = written(path, *records), [0]
    for each in text.splitlines(keepends=True):
        ends.append(ends[-1] + len(each))
    for size in range(len(text) + 1):
        path.write_bytes(text[:size])
        whole = sum(end <= size for end in ends[1:])
        contents = read(path, Failure)
        assert (contents is None) == (whole == 0), size
        assert contents is None or contents.items == records[: whole - 1], size
        assert journal.has_begun(path) or whole < 2


@given(st.lists(failures, max_size=4), st.binary(max_size=60).filter(lambda end: b"\n" not in end))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_so_is_what_a_power_cut_leaves_of_the_last_line(path: Path, records: list[Failure], end: bytes) -> None:
    written(path, *records)
    path.write_bytes(path.read_bytes() + end)
    contents = read(path, Failure)
    assert contents is not None
    assert len(contents.items) == len(records)
    assert sum(map(len, contents.lines)) == len(b"".join(map(line, (HEADER, *records))))


def test_a_line_that_is_broken_in_the_middle_is_named(path: Path) -> None:
    text = written(path, *[Failure(Stage.CASE, Kind.RAISED, "no")] * 3)
    path.write_bytes(text.replace(b'"no"', b'"on"', 1))
    with pytest.raises(BadInput, match=r"line 2 is broken, expected the checksum of its text; start afresh"):
        read(path, Failure)


def sealed(text: bytes) -> bytes:
    """Return a line with the right checksum of any text."""
    return b'{"crc": "%08x", "record": ' % zlib.crc32(text) + text + b"}\n"


GOOD = json.dumps(to_plain(Row("p", "numpy/fast", "float64", "cpu", "agrees"))).encode()  # type: ignore[arg-type]
HOSTILE = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[1]",
    "deep": b"[" * 200_000,
    "deep and whole": b"[" * 2000 + b"]" * 2000,
    "NaN": GOOD.replace(b'"iterations": 0', b'"iterations": NaN'),
    "a huge number": GOOD.replace(b'"iterations": 0', b'"iterations": ' + b"9" * 5000),
    "another record": line(Finished({}))[30:-2].replace(b"Finished", b"Header"),
    "another field": GOOD.replace(b'"device"', b'"devise"'),
    "another verdict": GOOD.replace(b'"agrees"', b'"approves"'),
    "an unknown mutant": GOOD.replace(
        b'"cause": null',
        b'"cause": {"is": "Noisy", "comparison": 1, "explanation": {"is": "Explanation", "mutant": "os.system"}}',
    ),
    "bytes that are no text": b'"\xff"',
    "code": GOOD.replace(b'"cause": null', b'"cause": {"__reduce__": ["os.system", "true"]}'),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_is_refused_with_its_number(path: Path, name: str) -> None:
    path.write_bytes(line(HEADER) + sealed(GOOD) + sealed(HOSTILE[name]))
    with pytest.raises(BadInput, match="line 3 is ") as refused:
        read(path, Row)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.binary(min_size=0, max_size=3)), min_size=1, max_size=4),
    st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_a_line_with_anything_changed_is_a_row_or_is_refused(
    path: Path, changes: list[tuple[int, bytes]], seal: bool
) -> None:
    text = bytearray(GOOD)
    for place, new in changes:
        text[place : place + 1] = new
    changed = sealed(bytes(text)) if seal else sealed(GOOD).replace(GOOD, bytes(text))
    path.write_bytes(line(HEADER) + changed + sealed(GOOD))
    with contextlib.suppress(BadInput):
        contents = read(path, Row)
        assert contents is not None
        assert all(isinstance(each, Row) for each in contents.items)


def test_what_is_no_file_is_refused_and_not_waited_for(path: Path, tmp_path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(BadInput, match="expected a file of at most"):
        read(path, Row)
    for other in ("/dev/zero", tmp_path):
        path.unlink()
        path.symlink_to(other)
        with pytest.raises(BadInput, match="expected a"):
            read(path, Row)


def test_one_that_is_too_large_is_refused_unread(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LARGEST", 1000)
    written(path, *[Failure(Stage.CASE, Kind.RAISED, "no")] * 20)
    with pytest.raises(BadInput, match="expected a file of at most"):
        read(path, Failure)


def test_one_of_another_format_is_refused(path: Path) -> None:
    path.write_bytes(line(HEADER._replace(format=99)))
    with pytest.raises(BadInput, match=f"has format 99, expected {journal.FORMAT}"):
        read(path, Row)


def test_what_a_terminal_would_obey_is_escaped(path: Path) -> None:
    written(path, Failure(Stage.CASE, Kind.RAISED, "\x1b[2J\ud800 é"))
    contents = read(path, Failure)
    assert contents is not None
    assert contents.items[0].message == "\\x1b[2J\\ud800 é"


# ---------------------------------------------------------------- writing

RECORDS = [Failure(Stage.CASE, Kind.RAISED, str(k) * 50) for k in range(5)]


def items(path: Path) -> list[Any]:
    contents = read(path, Failure)
    return [] if contents is None else contents.items


@pytest.mark.parametrize("room", [0, 1, 100, 200])
def test_what_a_full_disk_does_not_take_waits_until_there_is_room(
    path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    writing = Journal(path, [line(HEADER)])
    writing.append(RECORDS[0])
    left, write = room, os.write

    def full(descriptor: int, content: bytes) -> int:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = write(descriptor, content[:left])
        left -= taken
        return taken

    monkeypatch.setattr(os, "write", full)
    writing.append(RECORDS[1])
    writing.append(RECORDS[2])
    assert "disk" in writing.trouble or "space" in writing.trouble
    assert items(path) == RECORDS[: len(items(path))]
    assert len(items(path)) in (1, 2)
    monkeypatch.undo()
    writing.append(RECORDS[3])
    assert writing.trouble == ""
    assert items(path) == RECORDS[:4]
    writing.close()


def test_what_did_not_reach_the_disk_is_written_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writing = Journal(path, [line(HEADER)])

    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    writing.append(RECORDS[0])
    assert writing.trouble == os.strerror(errno.EIO)
    monkeypatch.undo()
    writing.append(RECORDS[1])
    assert (writing.trouble, items(path)) == ("", RECORDS[:2])
    writing.close()


def test_a_journal_whose_folder_is_removed_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.jsonl"
    path.parent.mkdir(parents=True)
    writing = Journal(path, [line(HEADER)])
    writing.append(RECORDS[0])
    shutil.rmtree(tmp_path / "a")
    writing.append(RECORDS[1])
    assert (writing.trouble, items(path)) == ("", RECORDS[:2])
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "a").write_text("a file stands in its way")
    writing.append(RECORDS[2])
    assert writing.trouble
    (tmp_path / "a").unlink()
    writing.append(RECORDS[3])
    assert (writing.trouble, items(path)) == ("", RECORDS[:4])
    writing.close()


def test_two_runs_never_write_one_journal(path: Path) -> None:
    writing = Journal(path, [line(HEADER)])
    with pytest.raises(BadInput, match="another run is writing it"):
        Journal(path, [line(HEADER)], there=True)
    with pytest.raises(BadInput, match="another run is writing it"):
        journal.check_free(path)
    writing.close()
    journal.check_free(path)


def test_a_journal_that_goes_on_begins_after_what_is_whole(path: Path) -> None:
    text = written(path, *RECORDS[:2])
    path.write_bytes(text[:-3])
    contents = read(path, Failure)
    assert contents is not None
    writing = Journal(path, contents.lines, there=True)
    writing.append(RECORDS[4])
    writing.close()
    assert items(path) == [RECORDS[0], RECORDS[4]]


# ---------------------------------------------------------------- the set of files


class Killed(BaseException):
    """The end of a process, at once."""


NAMES = ("agreement.csv", "agreement.md", "environment.json")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with an old set, and the journal of a new one."""
    folder = tmp_path / "latest"
    folder.mkdir()
    for name in (*NAMES, "agreement.jsonl"):
        (folder / name).write_text("old")
    (folder / "agreement.partial.jsonl").write_text("new")
    return folder


def publish(out: Path) -> None:
    result_set.publish(out, dict.fromkeys(NAMES, "new"), (out / "agreement.partial.jsonl", "agreement.jsonl"))


def state(out: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in out.iterdir() if path.is_file()}


OLD = dict.fromkeys((*NAMES, "agreement.jsonl"), "old")
FRESH = dict.fromkeys((*NAMES, "agreement.jsonl"), "new")


def dying(monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """Yield for each step that changes the disk an attempt that dies there, and then one that does not. What a
    process would do on its way out is not done, as by `kill -9`.
    """
    for last in count():
        steps, died = 0, False

        def step(function: Any, last: int = last) -> Any:
            def stepped(*arguments: Any, **named: Any) -> Any:
                nonlocal steps, died
                if steps == last:
                    died = True
                    raise Killed
                steps += 1
                return function(*arguments, **named)

            return stepped

        for owner, name in ((os, "fsync"), (os, "link"), (Path, "replace"), (Path, "mkdir"), (result_set, "_exchange")):
            monkeypatch.setattr(owner, name, step(getattr(owner, name)))
        monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
        yield True
        monkeypatch.undo()
        if not died:
            return


def test_where_nothing_else_stands_the_set_changes_in_one_step(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    for _ in dying(monkeypatch):
        try:
            publish(out)
        except Killed:
            monkeypatch.undo()
            here = state(out)
            assert here in ({**OLD, "agreement.partial.jsonl": "new"}, FRESH)
            seen.add(here["agreement.csv"])
            shutil.rmtree(out)
            out.mkdir()
            for name, text in OLD.items():
                (out / name).write_text(text)
            (out / "agreement.partial.jsonl").write_text("new")
        shutil.rmtree(out.parent / f".crosscheck-{os.getpid()}-latest.new", ignore_errors=True)
    assert seen == {"old", "new"}  # it died before that step, and after it
    assert state(out) == FRESH


def test_elsewhere_the_journal_comes_last(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (out / "mine.txt").write_text("mine")
    partly = 0
    for _ in dying(monkeypatch):
        try:
            publish(out)
        except Killed:
            monkeypatch.undo()
            here = state(out)
            assert here.pop("mine.txt") == "mine"
            if here["agreement.csv"] != here["environment.json"]:
                partly += 1
                assert here["agreement.partial.jsonl"] == "new"  # which says that the run has not ended
            for name, text in OLD.items():
                (out / name).write_text(text)
            (out / "agreement.partial.jsonl").write_text("new")
        shutil.rmtree(out / f".crosscheck-{os.getpid()}-.new", ignore_errors=True)
    assert partly
    assert state(out) == {**FRESH, "mine.txt": "mine"}


@pytest.mark.parametrize("how", ["alone", "beside others", "a link", "from within", "of another mode", "not there"])
def test_nothing_but_the_set_is_changed_and_nothing_is_left(
    out: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    target, expected = out, FRESH
    if how == "beside others":
        (out / "sub").mkdir()
        (out / "sub" / "notes.txt").write_text("mine")
    if how == "a link":
        target = out.parent / "link"
        target.symlink_to(out)
    if how == "from within":
        monkeypatch.chdir(out)
        target = Path()
    if how == "of another mode":
        out.chmod(0o2770)
    if how == "not there":
        shutil.rmtree(out)
        expected = dict.fromkeys(NAMES, "new")
    mode = out.stat().st_mode if out.exists() else 0
    before = out.stat().st_ino if out.exists() else 0
    if how == "not there":
        result_set.publish(target, dict.fromkeys(NAMES, "new"))
    else:
        publish(target)
    assert state(out) == expected
    assert not [each.name for each in (*out.iterdir(), *out.parent.iterdir()) if each.name.startswith(".crosscheck")]
    assert how != "a link" or target.is_symlink()
    assert how not in ("beside others", "from within", "of another mode") or out.stat().st_ino == before
    assert how != "of another mode" or out.stat().st_mode == mode
    assert how != "beside others" or (out / "sub" / "notes.txt").read_text() == "mine"


def test_a_full_disk_leaves_the_old_set_and_nothing_else(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        publish(out)
    assert state(out) == {**OLD, "agreement.partial.jsonl": "new"}
    assert [path.name for path in out.parent.iterdir()] == ["latest"]


def test_what_a_killed_process_left_is_removed_and_what_lives_stays(out: Path) -> None:
    dead = next(pid for pid in range(4_000_000, 5_000_000) if not Path(f"/proc/{pid}").exists())
    gone = [out / f".crosscheck-{dead}-.new", out.parent / f".crosscheck-{dead}-latest.new"]
    stay = [
        out / f".crosscheck-{os.getpid()}-.new", out.parent / f".crosscheck-{os.getpid()}-latest.new",
        out.parent / f".crosscheck-{dead}-other.new", out / ".crosscheck-mine.new", out / ".crosscheck-.new",
    ]  # fmt: skip
    for folder in (*gone, *stay):
        folder.mkdir()
        (folder / "x.csv").write_text("")
    result_set.clean(out)
    assert not any(folder.exists() for folder in gone)
    assert all(folder.exists() for folder in stay)
