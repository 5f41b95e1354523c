"""Files that are nearly right: valid ones made in code, then damaged, at random but the same for each seed."""

from __future__ import annotations

import contextlib
import decimal
import gzip
import io
import json
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**40, 2**63 - 1, 2**64 - 1]
TOKENS = [
    "", " ", "nan", "inf", "-1e999", "1e400", "9" * 400, "9" * 5000, "x" * 200_000, "\0", '"', '""', "'", "é", "\ufeff",
    "\udcff", ",", ",,,", "\r", "\n\n", ";", "True", "0x10", "1_000", "1,5", "#", "\x1b[31m", "١", "-", "NA", "1e-400",
]  # fmt: skip
HEADERS = [
    "(10**9,)", "(3, 20, 20, 20, 20, 20, 20, 20, 20)", "(-1, 20)", "(True, 20)", "(3.0, 20)", "(1e3, 20)", "3", "()",
    "(0, 20)", "(99999999999, 99999999999)", "(99999999999999999999999,)", "(3, 0, 99999999999999)", "[3, 20]",
    "(" * 300 + ")" * 300, "-" * 5000 + "1", "[" * 90 + "]" * 90, "(3L, 20L)", "__import__('os')", "'\\ud800'", "None",
]  # fmt: skip
DTYPES = [
    "'<f8'", "'>f8'", "'<f2'", "'<f16'", "'|O'", "'<U5'", "'<M8[s]'", "'<c16'", "[('a', '<f8')]", "'|V8'", "'f8, i4'",
    "'<i9'", "'|b1'", "'<f99999999999'", "''", "'<x8'", "'|S10'", "3", "'(2,3)f8'", "'<u8'", "'{'", "None", "'O'",
]  # fmt: skip


def malformed(seed: int, folder: Path) -> tuple[str, Path]:
    """Write the file of a seed. Return what it is read as, a name of KINDS, and where it is."""
    rng = random.Random(seed)
    kind = rng.choice(list(KINDS))
    name, make = KINDS[kind]
    content = make(rng)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 5])):
        content = rng.choice(DAMAGE)(rng, content)
    path = folder / f"{seed % 8}{name}" if name.startswith(".") else folder / name
    path.write_bytes(content)
    return kind, path


# ---------------------------------------------------------------- bytes


def _flip(rng: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 8, 64]) if damaged else 0):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _cut(rng: random.Random, content: bytes) -> bytes:
    begin = rng.randrange(len(content) + 1)
    return content[:begin] + (content[begin + rng.randrange(1, 100) :] if rng.random() < 0.5 else b"")


def _insert(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content) + 1)
    return content[:place] + rng.randbytes(rng.choice([1, 4, 100, 5000])) + content[place:]


def _repeat(rng: random.Random, content: bytes) -> bytes:
    begin = rng.randrange(len(content) + 1)
    piece = content[begin : begin + rng.randrange(1, 200)]
    return content[:begin] + piece * rng.choice([2, 3, 500]) + content[begin + len(piece) :]


def _number(rng: random.Random, content: bytes) -> bytes:
    """Overwrite a few bytes with a number that is often forgotten: a size, an offset, a count."""
    width = rng.choice([1, 2, 4, 8])
    place = rng.randrange(max(1, len(content) - width))
    number = rng.choice(NUMBERS) % 2 ** (8 * width)
    return content[:place] + number.to_bytes(width, rng.choice(["little", "big"])) + content[place + width :]


def _wipe(rng: random.Random, content: bytes) -> bytes:
    begin, length = rng.randrange(len(content) + 1), rng.choice([4, 16, 512])
    return content[:begin] + rng.choice([b"\0", b"\xff"]) * length + content[begin + length :]


def _nothing(rng: random.Random, content: bytes) -> bytes:
    return rng.choice([b"", b"\0", b"\x80\x04N.", b"\x93NUMPY", b"PK\x05\x06" + b"\0" * 18, rng.randbytes(300)])


DAMAGE: list[Callable[[random.Random, bytes], bytes]] = [
    *3 * (_flip, _number), *2 * (_cut, _repeat, _wipe), _insert, _nothing,
]  # fmt: skip


# ---------------------------------------------------------------- what is damaged


def _arrays(rng: random.Random) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(rng.randrange(2**32))
    arrays = {"X": draw.standard_normal((3, 20)), "Y": (draw.random((1, 20)) > 0.5).astype(rng.choice(["f8", "u1"]))}
    if rng.random() < 0.3:
        arrays |= {"X_test": arrays["X"][:, :5], "Y_test": arrays["Y"][:, :5]}
    if rng.random() < 0.2:
        arrays["X"] = draw.integers(0, 256, (20, 2, 2, 3), dtype=np.uint8)
    return arrays


def _npy(rng: random.Random, array: np.ndarray) -> bytes:
    """Return an array in NumPy's format, one part of its header replaced half of the time."""
    shape, descr, order = str(array.shape), repr(array.dtype.str), "False"
    if rng.random() < 0.3:
        shape = rng.choice(HEADERS)
    if rng.random() < 0.3:
        descr = rng.choice(DTYPES)
    if rng.random() < 0.1:
        order = rng.choice(["True", "1", "None", "'C'"])
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    version, width = rng.choice([(1, "<H"), (1, "<H"), (2, "<I"), (3, "<I"), (9, "<I")])
    if rng.random() < 0.05:
        header += b" " * rng.choice([20_000, 60_000])
    length = len(header) if rng.random() < 0.9 else rng.choice([0, 1, 65_535])
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack(width, length) + header + array.tobytes()


def _archive(rng: random.Random, arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    method = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, 12])
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")  # the same name twice
        for name, array in arrays.items():
            content = _npy(rng, array)
            if rng.random() < 0.1:
                content = rng.choice(DAMAGE)(rng, content)  # inside, so that the checksum is right
            if rng.random() < 0.05:
                content += b"\0" * rng.choice([1, 10**6, 3 * 10**7])  # a bomb
            archive.writestr(name + rng.choice([".npy", ".npy", ".npy", ""]), content)
        for _ in range(rng.choice([0, 0, 0, 1, 3000])):
            archive.writestr(rng.choice(["X.npy", "\x1b[2J", "a" * 200, "../../x"]), b"", zipfile.ZIP_STORED)
    return buffer.getvalue()


def _data(rng: random.Random) -> bytes:
    return _archive(rng, _arrays(rng))


def _weights(rng: random.Random) -> bytes:
    return _archive(rng, {"W1": np.ones((4, 2)), "b1": np.zeros((4, 1)), "W2": np.ones((1, 4)), "b2": np.zeros((1, 1))})


def _csv(rng: random.Random) -> bytes:
    columns = rng.choice([2, 3, 3, 5, 300])
    lines = [[f"c{k}" for k in range(columns)]]
    lines += [[f"{rng.gauss(0, 1):.6g}" for _ in range(columns - 1)] + [str(rng.randrange(2))] for _ in range(20)]
    for _ in range(rng.choice([0, 1, 1, 2, 9])):
        line = rng.choice(lines)
        if line:
            line[rng.randrange(len(line))] = rng.choice(TOKENS)
    if rng.random() < 0.2:
        rng.choice(lines).append("1")
    if rng.random() < 0.1:
        rng.choice(lines).clear()
    if rng.random() < 0.02:
        lines = [["a"] * 10**6] * 2
    encoding = rng.choice(["utf-8", "utf-8", "utf-8", "utf-16", "latin-1"])
    ending = rng.choice(["\n", "\n", "\r\n", "\r"])
    return ending.join(",".join(line) for line in lines).encode(
        encoding, "surrogateescape" if encoding == "utf-8" else "replace"
    )


def _gz(rng: random.Random) -> bytes:
    """Return a packed table, damaged within at times, so that the checksum is right; or a bomb."""
    content = _csv(rng) if rng.random() < 0.9 else b"a,b\n" + b"1,0\n" * rng.choice([10**6, 10**7])
    for _ in range(rng.choice([0, 0, 1])):
        content = rng.choice(DAMAGE)(rng, content)
    return gzip.compress(content, rng.choice([0, 1, 9])) * rng.choice([1, 1, 1, 2])


def _arrow(rng: random.Random) -> Any:
    """Return a table of Arrow's with columns of many kinds."""
    import pyarrow as pa

    numbers, texts = [rng.gauss(0, 1) for _ in range(20)], ["a", "b", None, "x" * 9999, "1\n2", '"']
    kinds = [
        pa.array(numbers), pa.array(numbers, pa.float32()), pa.array([rng.randrange(2) for _ in range(20)]),
        pa.array([None, *numbers[1:]]), pa.array([rng.choice(texts) for _ in numbers]),
        pa.array([2**63 - 1] * 20), pa.array([True, None] * 10), pa.array([[1, 2]] * 20), pa.array([{"a": 1}] * 20),
        pa.array([b"\xff\0"] * 20), pa.nulls(20), pa.array(["a", "b"] * 10).dictionary_encode(),
        pa.array(range(20), pa.timestamp("ns")), pa.array(range(20), pa.duration("s")),
        pa.array([decimal.Decimal("1e-7")] * 20), pa.array([float("nan"), float("inf")] * 10),
    ]  # fmt: skip
    names = [
        rng.choice(["c", "ill", "", "\x1b[2J", "a" * 5000, "x\ny", "Unnamed: 0"]) for _ in range(rng.choice([2, 3, 9]))
    ]
    return pa.Table.from_arrays([rng.choice(kinds[: rng.choice([4, len(kinds)])]) for _ in names], names=names)


def _parquet(rng: random.Random) -> bytes:
    import pyarrow.parquet

    buffer = io.BytesIO()
    packed = rng.choice(["none", "snappy", "gzip", "zstd"])
    with contextlib.suppress(Exception):  # not every kind of column can be written
        pyarrow.parquet.write_table(_arrow(rng), buffer, compression=packed, row_group_size=rng.choice([1, 7, 20]))
    return buffer.getvalue()


def _feather(rng: random.Random) -> bytes:
    import pyarrow.feather

    buffer = io.BytesIO()
    with contextlib.suppress(Exception):
        pyarrow.feather.write_feather(_arrow(rng), buffer, compression=rng.choice(["uncompressed", "lz4", "zstd"]))
    return buffer.getvalue()


def _xlsx(rng: random.Random) -> bytes:
    """Return a workbook, of which a part is damaged at times before it is packed; or a bomb."""
    import openpyxl

    book, buffer = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    sheet.append(["age", "dose", "ill"])
    for _ in range(20):
        sheet.append(
            [rng.gauss(0, 1), rng.choice([1, None, True, "=1/0", "#N/A", "x", 1e308, 2**70]), rng.randrange(2)]
        )
    if rng.random() < 0.1:
        sheet.cell(rng.choice([1, 10**6]), rng.choice([4, 16_000]), 1)
    book.save(buffer)
    damaged, which = io.BytesIO(), rng.random()
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(damaged, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(("sheet1.xml", "workbook.xml", "styles.xml")) and which < 0.5:
                content = rng.choice(DAMAGE)(rng, content)
            if name.endswith("sheet1.xml") and which > 0.97:
                content += b" " * rng.choice([10**6, 10**8])
            new.writestr(name, content)
    return damaged.getvalue()


def _h5(rng: random.Random) -> bytes:
    import h5py

    buffer, images, labels = (
        io.BytesIO(),
        np.arange(72, dtype=np.uint8).reshape(6, 2, 2, 3),
        np.array([0, 1, 0, 1, 1, 0]),
    )
    kind = rng.choice(
        ["plain", "plain", "gzip", "virtual", "external", "link", "soft", "text", "group", "huge", "compound"]
    )
    with h5py.File(buffer, "w", libver=rng.choice(["earliest", "latest"])) as file:
        file["train_set_y"] = labels
        if kind == "gzip":
            file.create_dataset("train_set_x", data=images, chunks=(3, 2, 2, 3), compression="gzip", shuffle=True)
        elif kind == "virtual":
            layout = h5py.VirtualLayout(shape=images.shape, dtype=np.uint8)
            layout[:] = h5py.VirtualSource(rng.choice([".", "0.h5", "/dev/zero"]), "train_set_x", shape=images.shape)
            file.create_virtual_dataset("train_set_x", layout)
        elif kind == "external":
            file.create_dataset("train_set_x", shape=images.shape, dtype="u1", external=[("/dev/zero", 0, 72)])
        elif kind == "link":
            file["train_set_x"] = h5py.ExternalLink(rng.choice(["/dev/zero", "0.h5"]), "/train_set_x")
        elif kind == "soft":
            file["train_set_x"] = h5py.SoftLink("/train_set_x")
        elif kind == "text":
            file["train_set_x"] = np.array([b"a", b"b"], dtype=object)
        elif kind == "group":
            file.create_group("train_set_x")["train_set_x"] = images
        elif kind == "huge":
            file.create_dataset(
                "train_set_x", shape=(rng.choice([10**6, 10**12]), 64, 64, 3), dtype="f8", chunks=(1, 64, 64, 3)
            )
        elif kind == "compound":
            file["train_set_x"] = np.zeros(6, dtype=[("a", "f8"), ("b", "i4", (2, 2))])
        else:
            file["train_set_x"] = images
    return buffer.getvalue()


def _table(rng: random.Random) -> bytes:
    rows = ["problem,implementation,dtype,device", *["kink-2layer-relu,numpy/by_hand,float64,cpu"] * 3]
    with contextlib.suppress(IndexError):
        rows[rng.randrange(5)] = rng.choice(TOKENS)
    return "\n".join(rows).encode(errors="surrogateescape")


def _settings(rng: random.Random) -> bytes:
    options = rng.choice([{}, {"layers": "3"}, [], "x", {"layers": {"a": [1]}}, None, 10**30])
    whole = rng.choice([{"settings": {"options": options}}, {"settings": options}, options])
    return rng.choice([json.dumps(whole).encode(), b"[" * 100_000, b'{"settings":' * 5000])


def _program(rng: random.Random) -> bytes:
    nested = rng.choice(
        ["(" * 500, "-" * 50_000 + "1", "x" + ".a" * 50_000, "[" * 5000, "if 1:\n" * 50, "\0", "lambda:" * 9000]
    )
    return f"gradients = {{}}\n{rng.choice(['', nested])}\ndef cost_and_gradients(p, X, Y): pass\n".encode()


KINDS: dict[str, tuple[str, Callable[[random.Random], bytes]]] = {  # how it is read: its name or ending, what makes it
    "data npz": (".npz", _data),
    "weights": (".npz", _weights),
    "csv": (".csv", _csv),
    "gz": (".csv.gz", _gz),
    "parquet": (".parquet", _parquet),
    "feather": (".feather", _feather),
    "xlsx": (".xlsx", _xlsx),
    "h5": (".h5", _h5),
    "table": ("agreement.csv", _table),
    "settings": ("environment.json", _settings),
    "program": ("mine.py", _program),
}
