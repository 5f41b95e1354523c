"""What JAX and PyTorch compile and keep from run to run is used only if it is, byte by byte, what was written.

JAX and Inductor read whatever they find in their folders, and a bit that has flipped inside a program ends in wrong
numbers or in a crash. So, after the workers have ended, `record` notes the SHA-256 of each new file, and before the
next ones start, `verify` removes every file that is not as it was noted; it is then compiled anew. A note is an empty
file whose name is made of the file's name and its digest: it is there or not, never half, and two runs at once write
the same ones. This guards against damage, not against somebody who may write into the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

NO_PROGRAMS = (".lock", "-atime")  # how the names of files end that are no part of a program: locks, and times of use
NOTES = "sha256"  # the folder of the notes, beside the programs
BEING_WRITTEN = 600.0  # seconds: a program so young that nobody has noted belongs to a run that has not ended
_open = set[Path]()  # folders that a block further out has verified


@contextlib.contextmanager
def checked(folders: Iterable[Path]) -> Iterator[None]:
    """Verify the programs of some folders before this block, and record their new ones after it."""
    mine = [folder for folder in folders if folder not in _open]
    for folder in mine:
        verify(folder)
    _open.update(mine)
    try:
        yield
    finally:
        _open.difference_update(mine)
        for folder in mine:
            record(folder)


def verify(folder: Path) -> list[str]:
    """Remove every program that is not as it was recorded, and return the paths of those inside the folder.

    One that was never recorded goes too, unless it is young; and so do notes of programs that are no longer there.
    """
    notes, kept, removed = _notes(folder), set(), []
    recorded = {note.partition("-")[0] for note in notes}
    for program in _programs(folder):
        note = _note(folder, program)
        if note in notes:
            kept.add(note)
        elif note is None or note.partition("-")[0] in recorded or not _young(program):
            with contextlib.suppress(OSError):  # somebody else may have done so
                program.unlink()
                removed.append(program.relative_to(folder).as_posix())
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
            if _key(folder, program) not in recorded and (note := _note(folder, program)) is not None:
                (folder / NOTES / note).touch()


def _programs(folder: Path) -> list[Path]:
    """Return every file, at any depth, that may be part of a program; and every link, which none should be."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if (place, name) != (str(folder), NOTES)]
        found += [Path(place, name) for name in names if not name.endswith(NO_PROGRAMS)]
        found += [link for name in folders if (link := Path(place, name)).is_symlink()]
    return found


def _notes(folder: Path) -> set[str]:
    try:
        return {path.name for path in (folder / NOTES).iterdir()}
    except OSError:
        return set()


def _key(folder: Path, program: Path) -> str:
    """Return the first part of a program's notes, which is short whatever its name."""
    return hashlib.sha256(os.fsencode(program.relative_to(folder))).hexdigest()[:32]


def _note(folder: Path, program: Path) -> str | None:
    """Return the name of a program's note, from its name and its bytes; None if it is no plain file, or unreadable."""
    try:
        if program.is_symlink() or not program.is_file():
            return None
        return f"{_key(folder, program)}-{hashlib.sha256(program.read_bytes()).hexdigest()}"
    except OSError:
        return None


def _young(path: Path) -> bool:
    try:
        return 0 <= time.time() - path.stat().st_mtime < BEING_WRITTEN
    except OSError:
        return False
