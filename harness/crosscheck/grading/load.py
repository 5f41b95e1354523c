"""Anyone's program as an implementation: NumPy arrays go in, a cost and its gradients come back, in any of its forms.

`forms` says which there are, `sources` how a file, a notebook, a folder or several files become something to call.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from crosscheck_impls.interface import BadInput, Framework, closest

from crosscheck.core.failures import Kind
from crosscheck.core.files import wrong_with
from crosscheck.grading.convert import Trouble
from crosscheck.grading.forms.calling import last_line, said_by
from crosscheck.grading.forms.pipeline import DEFAULT
from crosscheck.grading.forms.recognise import Asked, recognise
from crosscheck.grading.forms.trial import Settings
from crosscheck.grading.solution import Solution
from crosscheck.grading.sources.missing import Absent
from crosscheck.grading.sources.module import Program, load_program, module_name
from crosscheck.grading.sources.place import Place, is_solution, place_of
from crosscheck.grading.sources.texts import read
from crosscheck.runner.loading import register

FORMS = ("dictionary", "layers")  # that a file's PARAMETERS may say
HIDDEN = "_"
NOT_THEIRS = {"numpy", "scipy", "crosscheck", "crosscheck_impls"} | sys.stdlib_module_names - {"__main__"}


def load_solution(name: str) -> Framework:
    """Return the solution of this name. Raises BadInput, and whatever an import raises."""
    return cast("Framework", solution_of(name))


register(is_solution, "crosscheck.grading.load:load_solution")


def is_whole(name: str) -> bool:
    """Return whether a name is that of a file with `gradients` and without a function to check: a whole framework.

    It is read, not run.
    """
    path = Path(name)
    if path.suffix != ".py" or wrong_with(path):
        return False
    try:
        statements = read(path)[0].tree.body
    except (SyntaxError, OSError, UnicodeError):  # told when it is imported
        return False
    defined = {each.name for each in statements if isinstance(each, ast.FunctionDef) and _may_be_asked(each)}
    for each in statements:
        if isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    return "gradients" in defined and DEFAULT not in defined


def _may_be_asked(function: ast.FunctionDef) -> bool:
    """Return whether a `gradients` can be asked as a framework's: gradients(network, params, X, Y)."""
    return function.name != "gradients" or len(function.args.posonlyargs + function.args.args) >= len("nPXY")


def solution_of(name: str) -> Solution:
    """Return the solution in `mine.py`, `mine.ipynb:function`, `folder/`, `a.py + b.py` or `pkg.mine:function`.

    Raises BadInput, and whatever an import raises.
    """
    place = place_of(name)
    modules = [_loaded(path) for path in place.files] or [_imported(place.module)]
    things: dict[str, Any] = {}
    for module in modules:
        for key, each in _own(module).items():
            things.setdefault(key, each)
    said = next((each for module in modules if (each := getattr(module, "PARAMETERS", None)) is not None), "")
    if said and said not in FORMS:
        raise BadInput(f"{place.shown}: PARAMETERS is {said!r}, expected one of {', '.join(FORMS)}")
    chosen = _chosen(place, things) if place.called else None
    text = "\n".join(part.text for module in modules if isinstance(module, Program) for part in module.parts)
    asked = Asked(things, chosen, None, said, text or _text_of(modules[0]))
    remarks = [remark for module in modules if isinstance(module, Program) for remark in module.remarks]
    files = {part.label for module in modules if isinstance(module, Program) for part in module.parts}
    files |= {str(getattr(module, "__file__", "")) for module in modules}
    return Solution(asked, f"{place.shown}:{place.called}" if place.called else place.shown, files, remarks)


def of_object(thing: Any) -> Solution:
    """Return the solution that a function, a class or an object is, with what stands beside it."""
    inner = inspect.unwrap(thing) if callable(thing) else thing
    module = sys.modules.get(getattr(inner, "__module__", "") or "")
    around = getattr(inner, "__globals__", None) or ({} if module is None else vars(module))
    things = {key: each for key, each in around.items() if not key.startswith(HIDDEN) and _theirs(each)}
    file = getattr(getattr(inner, "__code__", None), "co_filename", "")
    said = around.get("PARAMETERS", "")
    if said and said not in FORMS:
        raise BadInput(f"{DEFAULT}: PARAMETERS is {said!r}, expected one of {', '.join(FORMS)}")
    name = getattr(thing, "__name__", type(thing).__name__)
    asked = Asked(things, thing, None, said, _text_of(inner))
    return Solution(asked, "your lambda" if name == "<lambda>" else name, {file}, [])


def of_things(things: Mapping[str, Any], name: str, said: str = "") -> Solution:
    """Return the solution that several functions and classes are together, those of a notebook's cells say.

    name: what they are called in a report. said: what PARAMETERS says. Raises BadInput.
    """
    if said and said not in FORMS:
        raise BadInput(f"{name}: PARAMETERS is {said!r}, expected one of {', '.join(FORMS)}")
    mine = {key: each for key, each in things.items() if not key.startswith(HIDDEN) and _theirs(each)}
    files = {getattr(getattr(each, "__code__", None), "co_filename", "") for each in mine.values()}
    text = "\n".join(_text_of(inspect.unwrap(each)) for each in mine.values() if callable(each))
    return Solution(Asked(mine, None, None, said, text), name, files, [])


def is_whole_form(things: Mapping[str, Any], said: str = "") -> bool:
    """Return whether functions and classes together are a program that answers."""
    try:
        solution = of_things(things, "", said)
    except BadInput:
        return False
    found = recognise(solution.asked, Settings(), solution.call)
    return found is not None and bool(found.score.answers)


def _text_of(thing: Any) -> str:
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        return ""


def _loaded(path: Path) -> Program:
    with quoted(module_name(path)):
        return load_program(path)


def _imported(name: str) -> Any:
    with quoted(name):
        return importlib.import_module(name)


def _own(module: Any) -> dict[str, Any]:
    """Return what a module defines itself or has from files beside it, not what it has from a library."""
    if isinstance(module, Program):
        return {name: each for name, each in module.mine().items() if _theirs(each)}
    return {k: v for k, v in vars(module).items() if not k.startswith(HIDDEN) and _theirs(v)}


def _theirs(thing: Any) -> bool:
    """Return whether something is no part of a library: a module, a function of NumPy's, or what stands in for one."""
    if isinstance(thing, functools.partial):
        return True
    if isinstance(thing, list | tuple):  # of layers
        return bool(thing) and all(hasattr(each, "__dict__") for each in thing) and any(map(_theirs, thing))
    home = str(getattr(thing, "__module__", "") or type(thing).__module__).split(".")[0]
    return not inspect.ismodule(thing) and not isinstance(thing, Absent) and home not in NOT_THEIRS


def _chosen(place: Place, things: Mapping[str, Any]) -> Any:
    chosen = things.get(place.called)
    if chosen is None or not (callable(chosen) or hasattr(chosen, "__dict__")):
        mine = [name for name, each in things.items() if callable(each)]
        close = (closest(place.called, mine) or mine or [""])[0]
        hint = f"it has {', '.join(mine)}: say which one, as in {place.shown}:{close}" if mine else "it has none at all"
        raise BadInput(f"{place.shown}: no function {place.called}; {hint}")
    return chosen


@contextlib.contextmanager
def quoted(name: str) -> Iterator[None]:
    """Quote the line of the user's own file in an error that its import raises. name: of the module. Raises Trouble."""
    try:
        yield
    except (KeyboardInterrupt, SyntaxError, BadInput):  # a SyntaxError says its line
        raise
    except BaseException as error:  # SystemExit too
        line, where = last_line(error, lambda frame: frame.f_globals.get("__name__") == name)
        if not line:
            raise
        said = "it calls sys.exit, expected a file that can be imported" if isinstance(error, SystemExit) else ""
        raise Trouble(Kind.RAISES, f"{where}{said or said_by(error)}", line) from error
