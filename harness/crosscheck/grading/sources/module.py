"""A program as a module: its statements run one at a time, so that one that fails costs only what it defines."""

from __future__ import annotations
import __future__

import ast
import contextlib
import io
import linecache
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from crosscheck.grading.sources.missing import Absent, stand_in
from crosscheck.grading.sources.prune import IMPORTS, Kept, prune
from crosscheck.grading.sources.texts import ENDINGS, Part, read

ANNOTATIONS = __future__.annotations.compiler_flag
NOT_THEIRS = ("numpy", "torch", "jax", "sklearn", "pandas", "scipy", "crosscheck", "crosscheck_impls", "tests")


class Program(ModuleType):
    """A module made of somebody's program.

    parts: its texts. remarks: what was supplied or is missing, in words. left_out: how many statements were not run.
    """

    def __init__(self, name: str, parts: Sequence[Part]) -> None:
        super().__init__(name)
        self.parts = parts
        self.remarks: list[str] = [f"not Python, so left out: {part.error}" for part in parts if part.error]
        self.left_out = 0

    def mine(self) -> dict[str, object]:
        """Return what it defines itself, by name, in order."""
        hidden = {"parts", "remarks", "left_out"}
        return {name: each for name, each in vars(self).items() if not name.startswith("__") and name not in hidden}


def module_name(path: Path) -> str:
    """Return the name that a file is imported by, which hides no other module."""
    return f"solution_{path.stem}"


def load_program(path: Path) -> Program:
    """Return a file or a notebook as a module. Raises BadInput, SyntaxError, and what it raises if nothing is kept."""
    program = Program(module_name(path), read(path))
    program.__file__ = str(path)
    sys.modules[program.__name__] = program
    _look_beside(path.resolve().parent)
    fill(program)
    return program


def fill(program: Program) -> None:
    """Run what is kept of a program; all of it where that defines nothing: it may say why it cannot be imported."""
    for part in program.parts:
        _remember(part)
    kept, program.left_out = prune([(part.label, part.tree) for part in program.parts])
    flags = ANNOTATIONS if any("from __future__ import annotations" in part.text for part in program.parts) else 0
    supplied = [each for each in (_run(program, each, flags) for each in kept) if each is not None]
    program.remarks += [each.words(program.mine()) for each in supplied]
    if program.left_out and not any(callable(each) for each in program.mine().values()):
        for part in program.parts:
            exec(compile(part.tree, part.label, "exec", flags, dont_inherit=True), vars(program))


def _remember(part: Part) -> None:
    """Let tracebacks and `inspect` find the text of a notebook's cell, which is in no file of its own."""
    if not Path(part.label).exists():
        linecache.cache[part.label] = len(part.text), None, part.text.splitlines(keepends=True), part.label


class Supplied(NamedTuple):
    """What stands in for a module that is not there: the names of ours, each with the course's and its function."""

    module: str
    line: str
    ours: Sequence[tuple[str, str, object]] = ()

    def words(self, defined: Mapping[str, object]) -> str:
        """Return what is missing, with those of ours that the program does not define itself."""
        used = [theirs for name, theirs, function in self.ours if defined.get(name) is function]
        if not used:
            return f"{self.module} is not here ({self.line})"
        return f"{self.module} is not here: the course's {', '.join(used)} stand{'s' * (len(used) == 1)} in for it"


def _run(program: Program, kept: Kept, flags: int) -> Supplied | None:
    """Run one statement. What fails is missing from then on; a definition is told. Return what an import is given."""
    code = compile(ast.Module([kept.statement], []), kept.label, "exec", flags, dont_inherit=True)
    try:
        quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
        with quiet[0], quiet[1], warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, vars(program))
    except Exception as error:
        line = f"line {kept.statement.lineno} of {Path(kept.label).name}"
        if isinstance(kept.statement, IMPORTS) and isinstance(error, ImportError):
            source = "\n".join(part.text for part in program.parts)
            given, ours = stand_in(kept.statement, source)
            vars(program).update(given)
            missing = getattr(error, "name", "") or ast.unparse(kept.statement)
            names = [name for name, each in given.items() if not isinstance(each, Absent)]
            supplied = [(name, theirs, given[name]) for name, theirs in zip(names, ours, strict=False)]
            return Supplied(missing, line, supplied) if given else None
        elif isinstance(kept.statement, ast.FunctionDef | ast.ClassDef):
            words = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
            program.remarks.append(f"{kept.statement.name} could not be defined ({line}: {words})")
    return None


def _look_beside(folder: Path) -> None:
    """Find the files beside a program, each pruned likewise, from then on; and draw no windows."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    if not any(isinstance(each, Siblings) and each.folder == folder for each in sys.meta_path):
        sys.meta_path.insert(0, Siblings(folder))
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


class Siblings(MetaPathFinder, Loader):
    """Finds `dnn_utils` where dnn_utils.py, or a notebook, is beside the program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return where it is, if it is there."""
        if "." in fullname or fullname in sys.stdlib_module_names or fullname in NOT_THEIRS:
            return None
        files = (self.folder / f"{fullname}{ending}" for ending in ENDINGS)
        file = next((each for each in files if each.is_file()), None)
        return None if file is None else spec_from_loader(fullname, self, origin=str(file))

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the program, as yet not run."""
        assert spec.origin is not None
        return Program(spec.name, read(Path(spec.origin)))

    def exec_module(self, module: ModuleType) -> None:
        """Run what is kept of it."""
        assert isinstance(module, Program)
        fill(module)
