"""Files that were made to do harm, or are only damaged: one sentence each, nothing run, nothing left, little memory."""

import io
import os
import pickle
import stat
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from crosscheck.core import files
from crosscheck.core.text import hidden, one_line
from crosscheck.problems.catalogue import Options, build, choose
from crosscheck.problems.files import h5, process, table, text
from crosscheck.problems.files.how import How
from crosscheck.problems.files.read import read
from crosscheck.problems.initial_weights import initial
from crosscheck.problems.limits import MAX_NUMBERS, check_work
from crosscheck_impls.interface import BadInput, Network
from hypothesis import given, settings
from hypothesis import strategies as st

Y = np.array([[0.0, 1, 0, 1]])


def npy(header: str, content: bytes = b"", version: int = 1) -> bytes:
    """Return bytes in NumPy's format with a header of our own."""
    said = header.encode("latin-1")
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(said)) + said + content


def of(descr: str = "<f8", shape: str = "(1, 4)", order: str = "False") -> str:
    return f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}}}"


def archive(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for name, content in {"Y.npy": npy(of(), Y.tobytes()), **members}.items():
            made.writestr(name, content)
    return path


def refusal(path: Path, label: str | None = None) -> str:
    with pytest.raises(BadInput) as refused:
        read(path, How(label))
    return str(refused.value)


# ---------------------------------------------------------------- npz


def test_forty_kilobytes_that_want_forty_gigabytes_are_refused_without_taking_memory(tmp_path: Path) -> None:
    lie = archive(tmp_path / "lie.npz", {"X.npy": npy(of(shape="(100000, 50000)"), bytes(10**7))})
    bomb = archive(tmp_path / "bomb.npz", {"X.npy": npy(of(), bytes(10**8))})
    assert max(lie.stat().st_size, bomb.stat().st_size) < 200_000
    tracemalloc.start()
    try:
        assert f"5e+09 numbers, expected at most {MAX_NUMBERS:,} in a file" in refusal(lie)
        assert "X has shape (1, 4) of float64, 32 bytes, expected as many; there are 100,000,000" in refusal(bomb)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_the_limit_is_one_of_a_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crosscheck.problems.files import npz

    monkeypatch.setattr(npz, "MAX_NUMBERS", 7)
    whole = archive(tmp_path / "two.npz", {"X.npy": npy(of(), Y.tobytes())})
    assert "Y has shape (1, 4), 4 numbers, expected at most 3 in a file" in refusal(whole)


def test_only_what_is_named_is_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "more.npz", {"X.npy": npy(of(), Y.tobytes()), "Z.npy": b"broken", "O.npy": npy(of("|O"))})
    assert np.array_equal(read(path).data.X, Y)


WRONG = {  # of the member X, which is in an archive that is right
    "object": (npy(of("|O"), pickle.dumps([1])), "X holds pickled objects, expected plain numbers; save float arrays"),
    "records": (npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,)}"), "X holds records"),
    "text": (npy(of("<U3"), bytes(48)), "X holds <U3, expected numbers"),
    "complex": (npy(of("<c16"), bytes(64)), "X holds complex128, expected numbers"),
    "dates": (npy(of("<M8[s]"), bytes(32)), "X holds datetime64[s], expected numbers"),
    "no dtype": (npy(of("<f99")), "X holds '<f99', expected numbers"),
    "no array": (b"hello", "X is not an array, expected an archive by np.savez; save it again"),
    "nothing": (b"", "X is not an array"),
    "version 9": (npy(of(), bytes(32), version=9), "X is not an array"),
    "no literal": (npy("{'descr': open('/etc/passwd')}"), "X has a header that cannot be read (ValueError)"),
    "nested": (npy("(" * 3000 + ")" * 3000), "X has a header that cannot be read"),
    "minus signs": (npy("-" * 9000 + "1"), "X has a header that cannot be read"),
    "endless header": (npy(of() + " " * 60_000), "X has a header of 60,"),
    "4 GB of header": (npy(of(), version=2)[:8] + b"\xff\xff\xff\xff", "X has a header of 4,294,967,295 bytes"),
    "negative shape": (npy(of(shape="(-1, 4)")), "without a shape that makes sense"),
    "floats for a shape": (npy(of(shape="(1., 4)")), "without a shape that makes sense"),
    "rank 9": (npy(of(shape="(1,1,1,1,1,1,1,1,4)"), bytes(32)), "without a shape that makes sense"),
    "no order": (npy(of(order="'C'"), bytes(32)), "without a shape that makes sense"),
    "too short": (npy(of(), bytes(31)), "32 bytes, expected as many; there are 31, save it again"),
    "a byte too many": (npy(of(), bytes(33)), "32 bytes, expected as many; there are 33"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_array_that_is_none_is_told_what_it_is(tmp_path: Path, name: str) -> None:
    content, expected = WRONG[name]
    assert expected in refusal(archive(tmp_path / "x.npz", {"X.npy": content}))


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda b: b.replace(Y.tobytes(), bytes(32)), "cannot be read (Bad CRC-32 for file"),
        (lambda b: b[:-10], "not a whole .npz (File is not a zip file)"),
        (lambda b: b"", "not a whole .npz"),
        (lambda b: pickle.dumps([1]), "a pickle, expected an archive by np.savez"),
        (lambda b: npy(of(), bytes(32)), "a single array (.npy), expected an archive by np.savez"),
        (lambda b: b.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"), "is encrypted"),
        (
            lambda b: b.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\xff\x00\x00"),
            "zip file version 25.5",
        ),
    ],
)
def test_a_damaged_archive_is_told_how(tmp_path: Path, damage, expected: str) -> None:
    path = archive(tmp_path / "x.npz", {"X.npy": npy(of(), Y.tobytes())}, zipfile.ZIP_STORED)
    path.write_bytes(damage(path.read_bytes()))
    assert expected in refusal(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_compression_that_numpy_does_not_write_is_refused(tmp_path: Path, method: int) -> None:
    path = archive(tmp_path / "x.npz", {"X.npy": npy(of(), Y.tobytes())}, method)
    assert f"X is compressed by method {method}, expected an archive by np.savez" in refusal(path)


def test_a_list_of_members_without_end_is_not_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.npz", {f"{k:0200}": b"" for k in range(6000)})
    assert "not a whole .npz (a piece of 1," in refusal(path)


@settings(deadline=None)  # a disk may be slow
@given(
    order=st.sampled_from("CF"),
    dtype=st.sampled_from(["<f8", ">f4", "<i8", ">u2", "u1", "?", "<f2"]),
    n=st.integers(1, 5),
)
def test_what_numpy_writes_is_read_as_numpy_reads_it(
    tmp_path_factory: pytest.TempPathFactory, order: str, dtype: str, n: int
) -> None:
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    X = np.asarray(np.arange(n * 4).reshape(n, 4) % 7, dtype=dtype, order=order)
    np.savez_compressed(path, X=X, Y=Y)
    assert np.array_equal(read(path).data.X, X.astype(np.float64))


def test_an_archive_of_python_2_is_read(tmp_path: Path) -> None:
    assert np.array_equal(
        read(archive(tmp_path / "x.npz", {"X.npy": npy(of(shape="(1L, 4L)"), Y.tobytes())})).data.X, Y
    )


def test_a_file_of_weights_is_bounded_too(tmp_path: Path) -> None:
    path = archive(tmp_path / "w.npz", {"W1.npy": npy(of(shape="(100000, 50000)"))})
    with pytest.raises(BadInput, match=r"^weights: .*5e\+09 numbers"):
        initial(Network.of((2, 1)), str(path))


# ---------------------------------------------------------------- h5


def h5_file(path: Path, kind: str) -> Path:
    import h5py

    with h5py.File(path, "w") as file:
        file["train_set_y"] = np.zeros(4)
        if kind == "virtual":
            layout = h5py.VirtualLayout(shape=(4, 2), dtype="u1")
            layout[:] = h5py.VirtualSource(path.name, "train_set_x", shape=(4, 2))  # of itself
            file.create_virtual_dataset("train_set_x", layout)
        elif kind == "external link":
            file["train_set_x"] = h5py.ExternalLink("/dev/zero", "/train_set_x")
        elif kind == "soft link":
            file["train_set_x"] = h5py.SoftLink("/train_set_x")
        elif kind == "external storage":
            file.create_dataset("train_set_x", shape=(4, 2), dtype="u1", external=[("/etc/passwd", 0, 8)])
        elif kind == "huge":
            file.create_dataset("train_set_x", shape=(10**9, 64), dtype="u1", chunks=(1000, 64))
        elif kind == "text":
            file["train_set_x"] = np.array([b"a"], dtype=object)
        else:
            file["train_set_x"] = np.full((4, 2, 2), 51, np.uint8)
    return path


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("virtual", "train_set_x is a virtual data set, expected one that lies in the file itself"),
        ("external link", "train_set_x is a link, expected a data set in the file itself"),
        ("soft link", "train_set_x is a link"),
        ("external storage", "train_set_x is stored in another file"),
        ("huge", "have 64,000,000,004 numbers, expected at most"),
        ("text", "train_set_x holds object, expected numbers"),
    ],
)
def test_an_h5_that_reaches_out_of_itself_or_is_too_large_is_refused(tmp_path: Path, kind: str, expected: str) -> None:
    assert expected in refusal(h5_file(tmp_path / "x.h5", kind))


def test_an_h5_is_read(tmp_path: Path) -> None:
    data = read(h5_file(tmp_path / "x.h5", "plain")).data
    assert np.array_equal(data.X, np.full((4, 4), 0.2))
    assert np.array_equal(data.Y, np.zeros((1, 4)))


ONE = "import sys; w = sys.stdout.buffer.write; "
SENDS = ONE + 'w(b\'{"wrong": "", "names": ["x", "y"]}\\n\'); '


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import os; os.kill(os.getpid(), 11)", "the library that reads it crashed on it, SIGSEGV"),
        ("import time; time.sleep(60)", "the library that reads it took more than 1 seconds, or too much memory"),
        ("raise SystemExit(3)", "the library that reads it ended with 3"),
        (ONE + "w(bytes(10**6))", "answered in no known form"),
        (ONE + "w(b'[' * 90_000)", "answered in no known form"),
        (SENDS + "w(b'nothing')", "x is not an array"),
        (SENDS + f"w({npy(of('|O'), pickle.dumps([1]))!r})", "x holds pickled objects"),
        (SENDS + f"w({npy(of(shape='(10**9, 10**9)'))!r})", "x has a header that cannot be read"),
        (SENDS + f"w({npy(of(shape='(1000000, 1000000)'))!r})", "1e+12 numbers, expected at most"),
        (SENDS + f"w({npy(of(), bytes(31))!r})", "x ends after 31 of 32 bytes"),
    ],
)
def test_whatever_becomes_of_the_process_that_reads_h5_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, expected: str
) -> None:
    (tmp_path / "reader.py").write_text(program)
    monkeypatch.setattr(h5, "READER", tmp_path / "reader.py")
    monkeypatch.setattr(process, "TIME_LIMIT", 1.0 if "sleep" in program else 30.0)
    assert expected in refusal(h5_file(tmp_path / "x.h5", "plain"))


def test_the_process_that_reads_h5_is_bounded_by_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("resource")
    import h5py

    with h5py.File(tmp_path / "x.h5", "w") as file:  # 300 MB of zeros in a small file
        file.create_dataset(
            "train_set_x", data=np.zeros((300, 10**6), np.uint8), compression="gzip", chunks=(300, 10**6)
        )
        file["train_set_y"] = np.zeros(300)
    monkeypatch.setattr(process, "MEMORY", 2**29)
    monkeypatch.setattr(process, "MAX_NUMBERS", 2**29)
    said = refusal(tmp_path / "x.h5")
    assert "takes too much memory" in said or "not the course's HDF5 file" in said


# ---------------------------------------------------------------- csv


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,\x002\n", "line 2 holds a null byte, expected text; save it as UTF-8"),
        (b"\xef\xbb\xbfa,\xe9\n1,2\n", "not UTF-8 with a mark text"),
        (b"\xff\xfea,b\n1", "not UTF-16 text"),
        (b"a,b\n1,2\n\n1\n", "line 4 has 1 field, the header 2 names"),
        (b"a,b\n1,2,3\n", "line 2 has 3 fields, the header 2 names"),
        (b",".join([b"a"] * 10**6) + b"\n", "1,000,000 columns, expected at most 65,536"),
        (b"a,b\n1," + b"9" * 10**7, "line 2 is longer than 4,194,304 characters"),
        (b"a,b\n1," + b"9" * 200_000, "field larger than field limit"),
        (b"a,b\n" + b"x" * 20_000 + b",1", f"a (text, '{'x' * 40}...' at line 2)"),
        (b"a,b\n1," + b"9" * 400, "column 'b', line 2: infinite, or beyond float64's range"),
        (b'a,b\n1,"2\n3,4\n', "not a table"),
        (b"a,b\n1_000,1\n", "a (text, '1_000' at line 2)"),
        (b"\n\n", "not a table (nothing in it)"),
        (b"a\n1\n", "one column, expected features and a label"),
        (b"a,b\n", "expected at least one feature and one example"),
        (b"a,b\n1,inf\n", "column 'b', line 2: infinite"),
    ],
)
def test_a_csv_that_is_no_table_is_told_why(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    assert expected in refusal(tmp_path / "x.csv")


def test_a_csv_is_bounded_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n")
    monkeypatch.setattr(table, "MAX_NUMBERS", 3)
    assert "more than 3 numbers" in refusal(tmp_path / "x.csv")
    monkeypatch.setattr(text, "MAX_BYTES", 5)
    assert "larger than 5 bytes" in refusal(tmp_path / "x.csv")


def test_a_long_label_and_many_long_columns_are_quickly_compared(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(",".join("ab" * 50_000 + str(k) for k in range(40)) + "\n")
    assert "no column 'ba" in refusal(tmp_path / "x.csv", "ba" * 60_000)


@pytest.mark.parametrize(
    "content", ["\ufeffa,b\n3,1\n", "a,b\r\n3,1\r\n", "a,b\r3,1\r", "a, b\n3, 1\n\n", '"a","b"\n"3","1"\n']
)
def test_tables_as_other_programs_write_them_are_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.csv").write_text(content, encoding="utf-8", newline="")
    data = read(tmp_path / "x.csv", How("b")).data
    assert (data.X.tolist(), data.Y.tolist()) == ([[3.0]], [[1.0]])


# ---------------------------------------------------------------- paths


@pytest.mark.parametrize("ending", [".npz", ".npy", ".csv", ".tsv.gz", ".h5", ".parquet", ".xlsx"])
def test_what_is_no_plain_file_is_neither_opened_nor_waited_for(tmp_path: Path, ending: str) -> None:
    os.mkfifo(tmp_path / f"fifo{ending}")
    (tmp_path / f"folder{ending}").mkdir()
    (tmp_path / f"zero{ending}").symlink_to("/dev/zero")
    (tmp_path / f"loop{ending}").symlink_to(f"loop{ending}")
    for name, expected in (
        ("fifo", "a pipe, a socket or a device, not a file"),
        ("zero", "a pipe, a socket or a device, not a file"),
        ("folder", "a folder, not a file"),
        ("loop", "symbolic links"),
        ("x" * 300, "File name too long"),
        ("a/" * 3000 + "x", "File name too long"),
        ("null\0byte", "embedded null byte"),
        ("nowhere", "no such file, expected data; check the path"),
    ):
        assert expected in refusal(tmp_path / f"{name}{ending}"), name
    with pytest.raises(BadInput, match="a pipe"):
        files.opened(tmp_path / f"fifo{ending}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    (tmp_path / "x.csv").chmod(0)
    assert "Permission denied" in refusal(tmp_path / "x.csv")


# ---------------------------------------------------------------- files of ours


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_has_what_the_umask_leaves_and_an_old_one_keeps_its_permissions(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        files.write(tmp_path / "new", "text")
        (tmp_path / "old").touch()
        (tmp_path / "old").chmod(0o640)
        files.write(tmp_path / "old", "text")
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o666 & ~umask
    assert mode(tmp_path / "old") == 0o640


def test_a_symbolic_link_stays_one_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name, target in (("link", "folder/target"), ("dangling", "folder/new"), ("chain", "link")):
        (tmp_path / name).symlink_to(target)
    (tmp_path / "folder/target").write_text("old")
    for name, target in (("link", "target"), ("dangling", "new"), ("chain", "target")):
        files.write(tmp_path / name, name)
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "folder" / target).read_text() == name
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == ["new", "target"]


@pytest.mark.parametrize("content", ["text \udcff", "x" * 10, b"\x00\xff"])
def test_any_text_can_be_written(tmp_path: Path, content: str | bytes) -> None:
    files.write(tmp_path / "x", content)
    assert (tmp_path / "x").read_bytes() == (
        content.encode(errors="backslashreplace") if isinstance(content, str) else content
    )


def test_a_longest_name_can_be_written(tmp_path: Path) -> None:
    files.write(tmp_path / ("x" * 255), "text")
    with pytest.raises(BadInput, match="File name too long"):
        files.write(tmp_path / ("x" * 256), "text")
    assert [path.name for path in tmp_path.iterdir()] == ["x" * 255]


def test_nothing_but_a_plain_file_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "folder", "nowhere/x"):
        with pytest.raises(BadInput, match="expected a place to write to"):
            files.write(tmp_path / name, "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fifo", "folder"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from pathlib import Path; from crosscheck.core.files import write\n"
        "try: write(Path('x'), 'y' * 5000)\n"
        "except ValueError as error: print(error)"
    )
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "x: File too large, expected a place to write to" in done.stdout
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "old")]


def test_an_interrupt_while_writing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write(tmp_path / "x", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_made_only_where_it_may_be(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="make it first"):
        files.writable(tmp_path / "a", "costs", make=False)
    assert not (tmp_path / "a").exists()
    files.writable(tmp_path / "a" / "b")
    files.writable(tmp_path / "a" / "b", make=False)


# ---------------------------------------------------------------- how much is asked for

SPEC = choose(["flower-2layer-tanh"])[0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Options(layers="10000000"), "expected at most 16,777,216"),
        (Options(layers="100000"), "100,001 units for 400 examples, expected at most 16,777,216"),
        (Options(layers="9" * 5000), "expected the sizes of the hidden layers"),
        (Options(layers="999999999999999999"), "expected at most 16,777,216"),
        (Options(layers=",".join(["1"] * 1001)), "got 1002 layers, expected at most 1,000"),
        (Options(iterations=10**30), r"got 1.0e\+30, expected at most 10,000,000"),
        (Options(weights="-1"), "got '-1', expected zeros, scaled, a number >= 0"),
        (Options(weights="nan"), "got 'nan', expected zeros"),
        (Options(leaky_slope=float("nan")), "leaky_slope is nan"),
        (Options(learning_rate=float("inf")), "learning rate: got inf"),
    ],
)
def test_a_request_that_is_too_large_is_refused_with_the_limit(options: Options, expected: str) -> None:
    with pytest.raises(BadInput, match=expected):
        build(SPEC, options)


@settings(deadline=None)  # a disk may be slow
@given(iterations=st.integers(1, 10**7), width=st.integers(1, 4000), m=st.integers(1, 10**6))
def test_the_number_of_iterations_that_is_named_is_one_that_is_allowed(iterations: int, width: int, m: int) -> None:
    network = Network.of((784, width, 1), "tanh")
    try:
        check_work("mine", network, m, iterations)
    except BadInput as error:
        if (least := int(error.message.split("choose at most ")[1].split(" ")[0].replace(",", ""))) > 1:
            check_work("mine", network, m, least)


# ---------------------------------------------------------------- words


@settings(deadline=None)  # a disk may be slow
@given(st.text(max_size=3000))
def test_any_text_becomes_one_line_that_can_be_written(text: str) -> None:
    line = one_line(text, 500)
    line.encode()
    assert len(line.splitlines()) <= 1
    assert not hidden(line)
    assert len(line) <= 10 * 510


def test_what_numpy_calls_its_own_format_is_read() -> None:
    from crosscheck.problems.files.npy import read as read_npy

    for version in ((1, 0), (2, 0), (3, 0)):
        stream = io.BytesIO()
        np.lib.format.write_array(stream, np.arange(6.0).reshape(2, 3), version)
        stream.seek(0)
        assert np.array_equal(read_npy(stream, "x"), np.arange(6.0).reshape(2, 3))
