"""All mutants of an implementation's source: its files, and a sample of their changes. Nothing of it is run here."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.machinery import PathFinder
from pathlib import Path

from crosscheck_impls.interface import VARIANTS, BadInput

from crosscheck.mutation.source.changes import Change, changes


def sources(name: str) -> dict[str, Path]:
    """Return the files of a framework of ours, a package or a module, by the names that are shown.

    Nothing is imported. Raises BadInput where there is no such module.
    """
    if name in VARIANTS:
        folder = _found("crosscheck_impls", None).parent
        paths = [*sorted((folder / f"with_{name}").glob("*.py")), folder / "defaults.py"]
    else:
        file = _module(name)
        paths = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
    common = Path(os.path.commonpath([path.parent for path in paths]))
    return {path.relative_to(common).as_posix(): path for path in paths}


def _module(name: str) -> Path:
    """Return the file of a module by its dotted name."""
    folders: list[str] | None = None
    whole = ""
    for part in name.split("."):
        whole = f"{whole}.{part}".lstrip(".")
        file = _found(whole, folders)
        folders = [str(file.parent)]
    return file


def _found(name: str, folders: list[str] | None) -> Path:
    spec = PathFinder.find_spec(name, folders)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise BadInput(f"{name}: no such module; expected one of ours, a file ./mine.py, or a dotted path on sys.path")
    return Path(spec.origin)


def mutants(files: Mapping[str, Path]) -> list[Change]:
    """Return all mutants of all files. Raises BadInput for a file that cannot be read, or is no Python."""
    found: list[Change] = []
    for name, path in files.items():
        try:
            found += changes(path.read_text(encoding="utf-8"), name)
        except (OSError, UnicodeError) as error:
            raise BadInput(f"{path}: {error}, expected a module of Python") from error
    return found


def sampled(population: Sequence[Change], sample: int | None, seed: int) -> list[Change]:
    """Return so many of the mutants, drawn without replacement, in the order of the text; all where there are fewer.

    Drawn are those whose keys have the smallest digests with the seed, so that a change to the source, which brings
    some mutants and takes others away, leaves the rest of a sample as it is.
    """
    if sample is None or sample >= len(population):
        return list(population)

    def drawn(k: int) -> bytes:
        return sha256("\0".join(map(str, (seed, *population[k].key))).encode()).digest()

    return [population[k] for k in sorted(sorted(range(len(population)), key=drawn)[:sample])]


def imported(files: Mapping[str, Path]) -> list[str]:
    """Return the packages that the files import from elsewhere; these are imported once, before any mutant."""
    own = {path.stem if path.stem != "__init__" else path.parent.name for path in files.values()}
    beside = {each.name.removesuffix(".py") for path in files.values() for each in path.parent.iterdir()}
    roots: set[str] = set()
    for path in files.values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                roots.add(node.module.split(".")[0])
    return sorted(roots - own - beside - set(sys.stdlib_module_names))
