"""`%load_ext crosscheck`, and then a cell that begins with `%%crosscheck`: it is run, and its function is checked.

%%crosscheck
def cost_and_gradients(parameters, X, Y): ...

%%crosscheck propagate problems=flower,kink dtypes=float32
def sigmoid(Z): ...
def propagate(w, b, X, Y): ...
"""

from __future__ import annotations

import ast
import shlex
import sys
from typing import Any

from crosscheck_impls.interface import BadInput, nearest

from crosscheck.core.text import one_line
from crosscheck.grading.forms.functions import fits
from crosscheck.grading.forms.pipeline import DEFAULT
from crosscheck.grading.from_python import check
from crosscheck.grading.reported import Report


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
    functions = {each: shell.user_ns[each] for each in defined(shell.transform_cell(cell)) if each in shell.user_ns}
    if not name:
        name = the_one(functions)
    elif name not in functions and not callable(shell.user_ns.get(name)):
        raise BadInput(f"%%crosscheck: no function {name}; {nearest(name, list(functions)) if functions else 'none'}")
    return check(functions.get(name, shell.user_ns.get(name)), **options)


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
    """Return the names of the functions that a cell defines at its top.

    >>> defined("def f(): ...\\nx = 1\\ndef g(): ...")
    ['f', 'g']
    """
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [each.name for each in ast.parse(source).body if isinstance(each, kinds)]


def the_one(functions: dict[str, Any]) -> str:
    """Return the name of the function to check. Raises BadInput where there is none."""
    fitting = [name for name, function in functions.items() if fits(function)]
    if DEFAULT in functions:
        return DEFAULT
    if not functions:
        raise BadInput(f"%%crosscheck: the cell defines no function, expected {DEFAULT}(parameters, X, Y)")
    return (fitting or list(functions))[-1]


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
