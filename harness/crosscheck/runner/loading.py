"""Implementations of other people: by the entry point of a package, by dotted path, or in a file."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

from crosscheck_impls.interface import VARIANTS, BadInput

GROUP = "crosscheck.implementations"


def registered() -> dict[str, str]:
    """Return the dotted path of each, by name; the names of our own frameworks stay ours.

    In the other package's pyproject.toml:

        [project.entry-points."crosscheck.implementations"]
        mine = "my_package.mine"
    """
    paths = {each.name: each.value.replace(":", ".") for each in entry_points(group=GROUP)}
    return {name: path for name, path in sorted(paths.items()) if name not in VARIANTS}


def importable(name: str) -> str:
    """Return the name of an implementation as `load` takes it; a file, `./mine.py/variant`, becomes `mine/variant`.

    The file's folder, or else the current one, is put first on the path, which worker processes inherit: the console
    script would not look there. Raises BadInput for a file that is not there, or whose name is no module's of its own.
    """
    file, ending, rest = name.partition(".py")
    if not ending or (rest and not rest.startswith("/")):
        _first_on_path(Path.cwd())
        return name
    path = Path(file + ending)
    if not path.is_file():
        raise BadInput(f"{path}: {'not a file' if path.exists() else 'no such file'}; check the path")
    check_module_name(path)
    _first_on_path(path.resolve().parent)
    return path.stem + rest


def check_module_name(path: Path) -> None:
    """Raise BadInput unless a file can be imported by its name without hiding another module.

    >>> check_module_name(Path("torch.py"))
    Traceback (most recent call last):
    crosscheck_impls.interface.BadInput: torch.py: 'torch' is no name for a module of your own, expected mine.py, say
    """
    name = path.stem
    if path.suffix != ".py" or not name.isidentifier() or name in VARIANTS or name in sys.stdlib_module_names:
        raise BadInput(f"{path}: {name!r} is no name for a module of your own, expected mine.py, say")


def _first_on_path(folder: Path) -> None:
    if sys.path[:1] != [str(folder)]:
        sys.path.insert(0, str(folder))
