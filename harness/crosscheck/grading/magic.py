"""`%load_ext crosscheck`, and then a cell that begins with `%%crosscheck`: it is run, and what it defines is checked.

What it defines is read as a file is: one function, or the course's three, also with those of the cells above.

%%crosscheck
def cost_and_gradients(parameters, X, Y): ...

%%crosscheck propagate problems=flower,kink dtypes=float32
def sigmoid(Z): ...
def propagate(w, b, X, Y): ...
"""

from __future__ import annotations

import ast
import inspect
import shlex
import sys
from collections.abc import Mapping
from typing import Any

from crosscheck_impls.interface import BadInput, nearest

from crosscheck.core.text import one_line
from crosscheck.grading.forms.functions import BACKWARDS, COSTS, fits
from crosscheck.grading.forms.pipeline import DEFAULT
from crosscheck.grading.from_python import check, said_by
from crosscheck.grading.load import is_whole_form
from crosscheck.grading.reported import Report
from crosscheck.grading.session import check_things


def load(shell: Any) -> None:
    """Register the magic with an IPython shell."""

    def magic(line: str, cell: str) -> Report | None:
        try:
            return checked(shell, line, cell)
        except (BadInput, TypeError) as error:
            print(f"crosscheck: {one_line(str(error).removeprefix('crosscheck: '), 1500)}", file=sys.stderr)
            return None

    shell.register_magic_function(magic, magic_kind="cell", magic_name="crosscheck")


def checked(shell: Any, line: str, cell: str) -> Report | None:
    """Run the cell and check its function; None where the cell itself has failed, which the shell shows.

    line: a function's name, if it is not found by itself, and options as `name=value`. Raises BadInput, TypeError.
    """
    name, options = asked(line)
    if not shell.run_cell(cell).success:
        return None
    names = [each for each in defined(shell.transform_cell(cell)) if each in shell.user_ns]
    things = {each: shell.user_ns[each] for each in names}
    if name:
        if name not in things and not callable(shell.user_ns.get(name)):
            raise BadInput(f"%%crosscheck: no function {name}; {nearest(name, list(things)) if things else 'none'}")
        return check(things.get(name, shell.user_ns.get(name)), **options)
    if DEFAULT in things:
        return check(things[DEFAULT], **options)
    if not things:
        raise BadInput(f"%%crosscheck: the cell defines no function, expected {DEFAULT}(parameters, X, Y)")
    return together(things, shell.user_ns, options)


def together(things: Mapping[str, Any], above: Mapping[str, Any], options: Mapping[str, Any]) -> Report:
    """Check what a cell defines, as a file is checked; where that is no whole form, with what is defined above it.

    Raises BadInput, TypeError.
    """
    wanted, dtypes = said_by(options)
    said = str(above.get("PARAMETERS", ""))
    if is_whole_form(things, said):
        return check_things(things, "this cell", wanted, dtypes, said)
    every = {name: each for name, each in above.items() if name not in things and _helps(name, each)} | dict(things)
    return check_things(every, "this cell and those above", wanted, dtypes, said)


def _helps(name: str, thing: Any) -> bool:
    """Return whether something above a cell may be a part of what is checked, and is no whole program by itself."""
    if inspect.isclass(thing) or not inspect.isfunction(thing):
        return inspect.isclass(thing)
    return not fits(thing) or (bool(COSTS.search(name)) and not BACKWARDS.search(name) and name != DEFAULT)


def asked(line: str) -> tuple[str, dict[str, Any]]:
    """Return the name of the function, if one is said, and the options. Raises BadInput.

    >>> asked("propagate problems=flower,kink leaky_slope=0.2")
    ('propagate', {'problems': ['flower', 'kink'], 'leaky_slope': 0.2})
    """
    names, options = [], dict[str, Any]()
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise BadInput(f"%%crosscheck {line}: {error}, expected a name and options, problems=flower") from error
    for word in words:
        option, equals, value = word.partition("=")
        if not equals:
            names.append(word)
        elif option in ("problems", "dtypes"):
            options[option] = value.split(",")
        else:
            options[option] = float(value) if option == "leaky_slope" and _is_number(value) else value
    if len(names) > 1:
        raise BadInput(f"%%crosscheck {line}: {len(names)} names, expected one function; options are problems=flower")
    return (names[0] if names else ""), options


def defined(source: str) -> list[str]:
    """Return the names of the functions and classes that a cell defines at its top.

    >>> defined("def f(): ...\\nx = 1\\nclass G: ...")
    ['f', 'G']
    """
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [each.name for each in ast.parse(source).body if isinstance(each, kinds)]


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
