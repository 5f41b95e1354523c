"""What a name of an implementation stands for, and who can load it.

`crosscheck_impls.interface.load` knows frameworks and modules. Whoever adapts something else to their contract, as
`grading` does with a learner's function, registers here for the names that it takes; a worker is told the loader's
dotted path and imports it itself, so that the runner knows no adapter.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

from crosscheck_impls.interface import VARIANTS, BadInput, Framework

from crosscheck.core.files import wrong_with

GROUP = "crosscheck.implementations"
DEFAULT = "crosscheck_impls.interface:load"
_loaders: list[tuple[Callable[[str], bool], str]] = []


def register(takes: Callable[[str], bool], loader: str) -> None:
    """Let `loader`, the dotted path `package.module:function` of name -> Framework, load the names that it takes."""
    if loader not in [path for _, path in _loaders]:
        _loaders.append((takes, loader))


def loader_of(name: str) -> str:
    """Return the dotted path of the function that loads this name."""
    return next((path for takes, path in _loaders if takes(name)), DEFAULT)


@cache
def load_implementation(name: str, loader: str = "") -> Framework:
    """Return the framework of this name. Raises BadInput, and whatever an import raises."""
    module, _, function = (loader or loader_of(name)).partition(":")
    return cast(Framework, getattr(importlib.import_module(module), function)(name))


def registered() -> dict[str, str]:
    """Return the dotted path of each implementation that an installed package brings; our own names stay ours.

    In the other package's pyproject.toml:

        [project.entry-points."crosscheck.implementations"]
        mine = "my_package.mine"
    """
    brought = {each.name: each.value.replace(":", ".") for each in entry_points(group=GROUP)}
    return {name: path for name, path in sorted(brought.items()) if name not in VARIANTS}


def importable(name: str) -> str:
    """Return the name of an implementation as `load` takes it; a file, `./mine.py/variant`, becomes `mine/variant`.

    The file's folder, or else the current one, is put first on the path, which worker processes inherit: the console
    script would not look there. A file in a package is named with it, `package.mine`, and the folder is the package's.
    Raises BadInput for a file that is not there, or whose name is no module's of its own.
    """
    path, rest = _file(name)
    if path is None:
        _first_on_path(Path.cwd())
        return name
    if wrong := wrong_with(path):
        raise BadInput(f"{path}: {wrong}; check the path")
    check_module_name(path)
    folder, module = path.resolve().parent, path.stem
    while (folder / "__init__.py").exists() and folder.name.isidentifier():
        folder, module = folder.parent, f"{folder.name}.{module}"
    _first_on_path(folder)
    return module + rest


def check_apart(names: Iterable[str]) -> None:
    """Raise BadInput if a file among the names is hidden by another of its name, in the folder of one after it.

    To be called once all of them are importable.
    """
    for path in (path for path, _ in map(_file, names) if path is not None):
        folder, own = path.resolve().parent, path.resolve()
        if (folder / "__init__.py").exists():
            continue  # a package's name says which
        spec = PathFinder.find_spec(path.stem, sys.path)
        there = Path(spec.origin).resolve() if spec and spec.origin else own
        if there != own:
            message = f"{path}: {there} has the same name, expected names that differ; rename one of them"
            raise BadInput(message, parameter="impl")


def _file(name: str) -> tuple[Path | None, str]:
    """Return the file that a name begins with, and the rest, /variant; None where it is no file's name.

    >>> _file("./my.pyfolder/mine.py/fast"), _file("torch/fast")
    ((PosixPath('my.pyfolder/mine.py'), '/fast'), (None, 'torch/fast'))
    """
    if name.endswith(".py"):
        return Path(name), ""
    file, slash, variant = name.rpartition("/")
    if slash and file.endswith(".py"):
        return Path(file), slash + variant
    return None, name


def check_module_name(path: Path) -> None:
    """Raise BadInput unless a file can be imported by its name without hiding another module.

    >>> check_module_name(Path("torch.py"))
    Traceback (most recent call last):
    crosscheck_impls.network.BadInput: torch.py: 'torch' is no name for a module of your own, expected mine.py, say
    """
    name = path.stem
    if path.suffix != ".py" or not name.isidentifier() or name in VARIANTS or name in sys.stdlib_module_names:
        raise BadInput(f"{path}: {name!r} is no name for a module of your own, expected mine.py, say")


def _first_on_path(folder: Path) -> None:
    if sys.path[:1] != [str(folder)]:
        sys.path.insert(0, str(folder))
