"""What is told where no form is recognised: the functions found, and an adapter with their names filled in.

The program is read, not run.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.core.failures import Failure, Kind
from crosscheck.core.files import write
from crosscheck.grading.forms.functions import BACKWARDS, COSTS, FORWARDS
from crosscheck.grading.forms.roles import role_of
from crosscheck.grading.sources.place import place_of
from crosscheck.grading.sources.texts import NOTEBOOK, read

SHOWN = 12  # functions


class Unrecognised(BadInput):
    """A program whose form is not known. more: the functions found, and an adapter, in lines."""

    def __init__(self, message: str, more: str) -> None:
        super().__init__(message)
        self.more = more


class Definition(NamedTuple):
    """A function, or a class, by its name and its arguments."""

    name: str
    arguments: tuple[str, ...]
    is_class: bool

    def __str__(self) -> str:
        return f"{'class ' if self.is_class else ''}{self.name}({', '.join(self.arguments)})"


def refusal(name: str, failure: Failure, message: str) -> BadInput:
    """Return what is raised for a program that could not be asked: with an adapter, if its form is not known."""
    more = _more(name, failure)
    return Unrecognised(f"check {name}: {message}", more) if more else BadInput(f"check {name}: {message}")


def _more(name: str, failure: Failure) -> str:
    if failure.kind not in (Kind.NOT_FOUND, Kind.INCOMPLETE) or "expected cost_and_gradients" not in failure.message:
        return ""
    found = definitions(name)
    if not found:
        return ""
    said = [f"  found: {each}" for each in found[:SHOWN]]
    return "\n".join([*said, "", "An adapter to complete, which --adapter FILE writes:", "", adapter(name, found)])


def write_adapter(name: str, path: Path) -> str:
    """Write the adapter of a program into a new file; return what was done. Raises BadInput."""
    if path.exists():
        raise BadInput(f"{path}: is there already, expected a new file; name another", parameter="adapter")
    if path.suffix != ".py":
        raise BadInput(f"{path}: expected a name that ends in .py", parameter="adapter")
    found = definitions(name)
    if not found:
        raise BadInput(f"check {name}: it has no function to adapt")
    write(path, adapter(name, found))
    return f"wrote {path}: complete it, then crosscheck check {path}"


def definitions(name: str) -> list[Definition]:
    """Return the functions and classes at the top of a program. Raises BadInput."""
    found: dict[str, Definition] = {}
    try:
        parts = [part for path in place_of(name).files for part in read(path)]
    except (SyntaxError, OSError, UnicodeError):
        return []
    for each in (statement for part in parts for statement in part.tree.body):
        if isinstance(each, ast.FunctionDef):
            found[each.name] = Definition(each.name, tuple(a.arg for a in each.args.args), False)
        elif isinstance(each, ast.ClassDef):
            inits = [m for m in each.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"]
            found[each.name] = Definition(each.name, tuple(a.arg for m in inits for a in m.args.args[1:]), True)
    return list(found.values())


def adapter(name: str, found: list[Definition]) -> str:
    """Return a program with the contract that calls the functions found, each with what its arguments seem to be."""
    files = place_of(name).files
    calls: list[str] = []
    imported: list[str] = []
    for pattern, result in ((FORWARDS, "AL, cache"), (COSTS, "cost"), (BACKWARDS, "grads")):
        each = next((d for d in found if pattern.search(d.name) and not d.is_class and _free(d, imported)), None)
        if each is not None:
            imported.append(each.name)
            calls.append(f"    {result} = {each.name}({', '.join(map(_value, each.arguments))})")
    if len(calls) < 2:
        each = max(found, key=lambda d: len({"X", "Y"} & {role_of(a) for a in d.arguments}))
        imported = [each.name]
        calls = [f"    cost, grads = {each.name}({', '.join(map(_value, each.arguments))})"]
    module = files[0].stem if files else name.partition(":")[0]
    notebook = bool(files) and files[0].suffix == NOTEBOOK
    source = f"import {', '.join(imported)}" if module.isidentifier() else f"import {', '.join(imported)}  # its module"
    beside = "  # the notebook beside this file" if notebook else ""
    return "\n".join([
        f'"""{name} with the contract of `crosscheck check`: X (n_x, m), Y (n_y, m), W1 (n[1], n[0]), b1 (n[1], 1)."""',
        "",
        f"from {re.sub(r'[^0-9a-zA-Z_]', '_', module)} {source}{beside}",
        "",
        "",
        "def cost_and_gradients(parameters, X, Y):",
        *calls,
        '    return cost, {"dW1": grads["dW1"], "db1": grads["db1"], "dW2": grads["dW2"], "db2": grads["db2"]}',
        "",
    ])  # fmt: skip


def _free(definition: Definition, taken: list[str]) -> bool:
    return definition.name not in taken


def _value(argument: str) -> str:
    role = role_of(argument)
    if re.fullmatch(r"[Wb]\d+", role):
        return f'parameters["{role}"]'
    known = {"X": "X", "Y": "Y", "parameters": "parameters", "AL": "AL", "cache": "cache", "m": "X.shape[1]",
             "w": 'parameters["W1"]', "b": 'parameters["b1"]', "zero": "0.0", "false": "False"}  # fmt: skip
    return known.get(role, f"{argument}=...")
