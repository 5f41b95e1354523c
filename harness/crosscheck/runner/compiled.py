"""The programs that JAX keeps from run to run are used only if each is, byte by byte, the one that was written.

JAX reads whatever it finds in its folder, and a bit that has flipped inside a program ends in wrong numbers or in a
crash. So, after the workers have ended, `record` notes the SHA-256 of each new program, and before the next ones start,
`verify` removes every program that is not as it was noted; JAX then compiles it anew. A note is an empty file whose
name is made of the program's name and its digest: it is there or not, never half, and two runs at once write the same
ones. This guards against damage, not against somebody who may write into the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAM = "-cache"  # how JAX's names of programs end
NOTES = "sha256"  # the folder of the notes, beside the programs
BEING_WRITTEN = 600.0  # seconds: a program so young that nobody has noted belongs to a run that has not ended


@contextlib.contextmanager
def checked(folder: Path | None) -> Iterator[None]:
    """Verify the programs of a folder before this block, and record its new ones after it; None is no folder."""
    if folder is None:
        yield
        return
    verify(folder)
    try:
        yield
    finally:
        record(folder)


def verify(folder: Path) -> list[str]:
    """Remove every program that is not as it was recorded, and return the names of those.

    One that was never recorded goes too, unless it is young; and so do notes of programs that are no longer there.
    """
    notes, kept, removed = _notes(folder), set(), []
    recorded = {note.partition("-")[0] for note in notes}
    for program in _programs(folder):
        note = _note(program)
        if note in notes:
            kept.add(note)
        elif note is None or note.partition("-")[0] in recorded or not _young(program):
            with contextlib.suppress(OSError):  # somebody else may have done so
                program.unlink()
                removed.append(program.name)
    for note in notes - kept:
        with contextlib.suppress(OSError):
            if not _young(folder / NOTES / note):
                (folder / NOTES / note).unlink()
    return removed


def record(folder: Path) -> None:
    """Note the digest of every program that has none. A folder that cannot be written to is left as it is."""
    with contextlib.suppress(OSError):
        (folder / NOTES).mkdir(exist_ok=True)
        recorded = {note.partition("-")[0] for note in _notes(folder)}
        for program in _programs(folder):
            if _key(program) not in recorded and (note := _note(program)) is not None:
                (folder / NOTES / note).touch()


def _programs(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.name.endswith(PROGRAM)]
    except OSError:
        return []


def _notes(folder: Path) -> set[str]:
    try:
        return {path.name for path in (folder / NOTES).iterdir()}
    except OSError:
        return set()


def _key(program: Path) -> str:
    """Return the first part of a program's notes, which is short whatever its name."""
    return hashlib.sha256(os.fsencode(program.name)).hexdigest()[:32]


def _note(program: Path) -> str | None:
    """Return the name of a program's note, from its name and its bytes; None if it is no plain file, or unreadable."""
    try:
        if program.is_symlink() or not program.is_file():
            return None
        return f"{_key(program)}-{hashlib.sha256(program.read_bytes()).hexdigest()}"
    except OSError:
        return None


def _young(path: Path) -> bool:
    try:
        return 0 <= time.time() - path.stat().st_mtime < BEING_WRITTEN
    except OSError:
        return False
