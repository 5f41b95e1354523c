"""The files of a run as one set: all of them are of the same run, whatever ends the program on the way.

They are written into a new folder and reach the disk first. Where the target holds nothing else, the two folders change
places in one step. Where other files stand beside them, or the system cannot do that, they are renamed one by one, the
journal last: until then it bears the name of an unfinished run, whose end can be done again.
"""

from __future__ import annotations

import ctypes
import glob
import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from crosscheck.core.journal import sync

BEGIN, END = ".crosscheck-", ".new"  # of the name of a new folder, inside the target or beside it
EXCHANGE, HERE = 2, -100  # RENAME_EXCHANGE and AT_FDCWD of Linux


def digests(contents: Mapping[str, str | bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file."""
    return {name: hashlib.sha256(_bytes(content)).hexdigest() for name, content in contents.items()}


def publish(folder: Path, contents: Mapping[str, str | bytes], journal: tuple[Path, str] | None = None) -> None:
    """Put the files into a folder, which is made if there is none. Raises OSError; then the former ones stand.

    contents: by name, which may have a folder in it. journal: a file in the folder, and its name in the set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    names = {*contents, *((journal[0].name, journal[1]) if journal else ())}
    whole = _alone(folder, names)
    new = folder.parent / _name(f"{os.getpid()}-{folder.name}") if whole else folder / _name(f"{os.getpid()}-")
    try:
        new.mkdir()
        for name, content in contents.items():
            _write(new / name, _bytes(content))
        for each in {(new / name).parent for name in contents}:
            sync(each)
        if not (whole and _exchanged(new, folder, journal)):
            for name in contents:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (new / name).replace(folder / name)
            if journal:
                journal[0].replace(folder / journal[1])
            sync(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def clean(folder: Path) -> None:
    """Remove what processes that were killed in the middle of `publish` have left."""
    target = folder.resolve()
    for where, of in ((target, ""), (target.parent, target.name)):
        for path in where.glob(_name(f"*-{glob.escape(of)}")) if os.access(where, os.R_OK) else ():
            pid = path.name[len(BEGIN) :].partition("-")[0]
            if pid.isdecimal() and path.name == _name(f"{pid}-{of}") and not _alive(int(pid)):
                shutil.rmtree(path, ignore_errors=True)


def _name(inner: str) -> str:
    return f"{BEGIN}{inner}{END}"


def _alone(folder: Path, names: Iterable[str]) -> bool:
    """Return whether a folder may be changed for another: it has nothing else in it, and nobody is in it."""
    here = Path.cwd()
    if here == folder or folder in here.parents or folder.is_mount() or not os.access(folder.parent, os.W_OK):
        return False
    with os.scandir(folder) as entries:
        return all(entry.name in names and entry.is_file(follow_symlinks=False) for entry in entries)


def _exchanged(new: Path, folder: Path, journal: tuple[Path, str] | None) -> bool:
    """Let the two folders change places, if the system can; return whether it did."""
    before, now = folder.stat(), new.stat()
    if (before.st_mode, before.st_uid, before.st_gid) != (now.st_mode, now.st_uid, now.st_gid):
        return False
    try:
        if journal:
            os.link(journal[0], new / journal[1])
            sync(new)
    except OSError:  # a disk that has no links
        return False
    if not _exchange(new, folder):
        return False
    sync(folder.parent)
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Let two names change places; return whether the system and the disk can do that."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    return rename is not None and rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0


def _write(path: Path, content: bytes) -> None:
    """Write a new file, and wait until it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _bytes(content: str | bytes) -> bytes:
    return content.encode(errors="backslashreplace") if isinstance(content, str) else content


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another's
        return True
    return True
