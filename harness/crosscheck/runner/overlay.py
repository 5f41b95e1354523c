"""Another source for one file, in this process alone: whoever imports the file gets a mutant, and nothing is written.

Every import of a file ends in one method of the standard library, whichever way it was found: by the path, by an
editable installation, by `python -m` or by pytest. This file imports nothing but that library, so that a copy of it
called `sitecustomize.py`, first on PYTHONPATH, gives a command of anyone's the mutant too.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from types import CodeType

FILE, SOURCE, LOADED = "CROSSCHECK_MUTATED", "CROSSCHECK_SOURCE", "CROSSCHECK_LOADED"  # paths


def install(file: str, source: str, loaded: str = "") -> None:
    """Let the source stand for the file from now on. loaded: a file that is made when it is imported."""
    mutated = os.path.realpath(file)
    original = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        if os.path.realpath(path) != mutated:
            return original(self, fullname)
        if loaded:
            Path(loaded).touch()
        return self.source_to_code(source.encode(), path)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]


def _as_sitecustomize() -> None:
    """Install what the environment says, then run the `sitecustomize` that this one hides, if there is one."""
    if FILE in os.environ:
        install(os.environ[FILE], Path(os.environ[SOURCE]).read_text(encoding="utf-8"), os.environ.get(LOADED, ""))
    here = Path(__file__).resolve().parent
    spec = PathFinder.find_spec("sitecustomize", [each for each in sys.path if Path(each).resolve() != here])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


if __name__ == "sitecustomize":
    _as_sitecustomize()
