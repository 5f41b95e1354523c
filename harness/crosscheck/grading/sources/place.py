"""What a name of somebody's program stands for: a file, a notebook, a folder, several of them, or a module."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.core.files import wrong_with
from crosscheck.grading.sources.texts import ENDINGS, NOTEBOOK

AND = " + "  # between the names of several files
MOST_FILES = 40
NOT_PROGRAMS = ("test_", "setup.py", "conftest.py", "public_tests", "testcases", "autograder")


class Place(NamedTuple):
    """Where a program is. files: of it; none of a module. module: its dotted path. called: one thing in it, or ""."""

    files: tuple[Path, ...]
    module: str = ""
    called: str = ""

    @property
    def shown(self) -> str:
        """The name of the place, as it is shown."""
        return self.module or AND.join(path.name for path in self.files)


def is_solution(name: str) -> bool:
    """Return whether a name is that of a program, or of something in a module, not that of a whole framework.

    >>> [is_solution(name) for name in ("mine.py", "mine.py:cost", "pkg.mine:cost", "a.ipynb", "pkg.mine", "torch")]
    [True, True, True, True, False, False]
    """
    return name.endswith((*ENDINGS, "/")) or ":" in name


def place_of(name: str) -> Place:
    """Return the place of `mine.py`, `mine.ipynb:function`, `folder/`, `a.py + b.py`, `pkg.mine:` or `pkg.mine:cost`.

    Raises BadInput for a folder without programs, and for a file that cannot be read.
    """
    if name.endswith((*ENDINGS, "/")):
        whole, called = name, ""
    else:
        whole, _, called = name.rpartition(":")
    words = whole.split(AND)
    if not all(word.endswith((*ENDINGS, "/")) for word in words):
        return Place((), whole, called)
    files = tuple(file for word in words for file in (_inside(Path(word)) if word.endswith("/") else [Path(word)]))
    return Place(files, "", called)


def _inside(folder: Path) -> list[Path]:
    """Return the programs of a folder and of its folders, notebooks last. Raises BadInput."""
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; check the path")
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in ENDINGS
        and path.is_file()
        and not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        and not path.name.lower().startswith(NOT_PROGRAMS)
    ]
    if not found:
        raise BadInput(f"{folder}: a folder without programs, expected .py or .ipynb in it")
    if len(found) > MOST_FILES:
        raise BadInput(f"{folder}: {len(found)} programs, expected one homework of at most {MOST_FILES} files")
    return sorted(found, key=lambda path: path.suffix == NOTEBOOK)


def whole_name(words: list[str]) -> str:
    """Return one name for what stands on the command line. Raises BadInput for what is not there.

    >>> whole_name(["mine.py:propagate"])
    'mine.py:propagate'
    """
    names = [f"{word.rstrip('/')}/" if Path(word).is_dir() and not _is_module(word) else word for word in words]
    if len(names) > 1 and not all(name.endswith((*ENDINGS, "/")) for name in names):
        raise BadInput(f"{' '.join(words)}: several of them, expected files or folders, each without a function's name")
    return AND.join(names)


def _is_module(word: str) -> bool:
    return (Path(word) / "__init__.py").is_file() and "/" not in word and word.isidentifier()


def wrong_file(name: str) -> str:
    """Return what is wrong with the files of a name, in words, or nothing."""
    for path in place_of(name).files:
        if wrong := wrong_with(path):
            return f"{path}: {wrong}"
    return ""
