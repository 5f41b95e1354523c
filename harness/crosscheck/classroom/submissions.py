"""What was handed in: each program of a folder, and each folder in it, is one student's; links are not followed."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.core.files import opened
from crosscheck.core.text import printable

PROGRAMS = (".py", ".ipynb")
LARGEST, COMPARED = 10_000_000, 500_000  # bytes of a file that are read, and of a program that is compared with others
MOST = 200  # files of one student
DIGITS = 16  # of a digest
LEFT_OUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}


class Submission(NamedTuple):
    """One student's. name: the file's or the folder's, as it was handed in. solution: what `check` is asked, as seen
    from the folder. bits: a digest of its files; source: of its programs, without white space and comments.
    """

    name: str
    solution: str
    bits: str
    source: str


def found(folder: Path) -> list[Submission]:
    """Return what was handed in, by name. Raises BadInput for a folder without any."""
    if not folder.is_dir():
        raise BadInput(f"grade {folder}: no such folder, expected one with a file, or a folder, of each student")
    try:
        entries = sorted(each for each in folder.iterdir() if not each.name.startswith((".", "__")))
    except OSError as error:
        raise BadInput(f"grade {folder}: {error.strerror}, expected a folder that can be read") from error
    submissions = [made for each in entries if (made := _submission(each)) is not None]
    if not submissions:
        raise BadInput(f"grade {folder}: no program in it, expected .py or .ipynb, or folders with some")
    return submissions


def _submission(path: Path) -> Submission | None:
    if path.is_symlink():
        return None
    if path.is_file():
        solution, files = path.name, [path] if path.suffix in PROGRAMS else []
    else:
        files = list(_files(path)) if path.is_dir() else []
        programs = [each for each in files if each.suffix in PROGRAMS]
        solution = f"{path.name}/" if len(programs) != 1 else str(programs[0].relative_to(path.parent))
        files = files if programs else []
    if not files:
        return None
    bits, source = hashlib.sha256(), hashlib.sha256()
    for each in files:
        data = _data(each)
        bits.update(str(each.relative_to(path.parent)).encode(errors="replace") if each != path else b"")
        bits.update(data)
        source.update(plain(data[:COMPARED], each.suffix).encode(errors="replace") if each.suffix in PROGRAMS else b"")
    return Submission(path.name, solution, bits.hexdigest()[:DIGITS], source.hexdigest()[:DIGITS])


def _files(folder: Path) -> Iterator[Path]:
    """Yield the plain files of a folder, at most so many."""
    number = 0
    for each in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "__")) for part in each.relative_to(folder).parts)
        if not hidden and not each.is_symlink() and each.is_file() and (number := number + 1) <= MOST:
            yield each


def _data(path: Path) -> bytes:
    try:
        with opened(path, "a program") as file:
            return file.read(LARGEST)
    except (BadInput, OSError):  # told when it is judged
        return b""


def plain(data: bytes, suffix: str = ".py") -> str:
    """Return a program without white space and comments; of a notebook its code.

    >>> plain(b"x = 1  # one\\n\\n\\ny  =  x") == plain(b"x=1\\ny = x\\n")
    True
    """
    text = data.decode("utf-8", "replace")
    if suffix == ".ipynb":
        text = "\n".join(cells(text))
    try:
        tokens = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type not in LEFT_OUT]
        return " ".join("\n" if t.type == tokenize.NEWLINE else t.string.strip() for t in tokens)
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return re.sub(r"\s+", "", text)


def cells(notebook: str) -> list[str]:
    """Return the code of a notebook's cells; nothing for what is no notebook."""
    try:
        read = json.loads(notebook)
        sources = [each["source"] for each in read["cells"] if each.get("cell_type") == "code"]
        return ["".join(source) if isinstance(source, list) else str(source) for source in sources]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def shown(name: str) -> str:
    """Return a name as it may stand in a table.

    >>> print(shown("=1+1\\n.py"))
    '=1+1\\n.py
    """
    safe = printable(name, 200)
    return f"'{safe}" if safe.startswith(("=", "+", "-", "@")) else safe


def file_name(name: str) -> str:
    """Return a name that a file of ours may have.

    >>> file_name("a/b: c.py")
    'a_b_ c.py'
    """
    return re.sub(r'[\x00-\x1f/\\:*?"<>|]', "_", printable(name, 200)).lstrip(".") or "_"
