"""The text of a program: of a file, or of each cell of a notebook, without what only a notebook understands."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.core.files import opened

MAX_PROGRAM = 10_000_000  # bytes
NOTEBOOK = ".ipynb"
ENDINGS = (".py", NOTEBOOK)
PYTHON_CELLS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%crosscheck")  # whose other lines are Python
MAGIC = re.compile(r"^(\s*)(?:%{1,2}[a-zA-Z]|!|\?|[\w, ]+=\s*[%!][a-zA-Z]|[\w.]+\?{1,2}\s*$)")
DEFINES = re.compile(r"^\s*(?:def|class)\s+(\w+)", re.MULTILINE)


class Part(NamedTuple):
    """A file, or a cell of a notebook. label: its name in an error. error: why it is not Python."""

    label: str
    text: str
    tree: ast.Module
    error: str = ""


def read(path: Path) -> list[Part]:
    """Return the parts of a program, parsed and not run. Raises BadInput, and SyntaxError for a file.

    A cell of a notebook that is no Python has no statements, and says why.
    """
    with opened(path, "a program") as file:
        if len(data := file.read(MAX_PROGRAM + 1)) > MAX_PROGRAM:
            raise BadInput(f"{path}: larger than {MAX_PROGRAM:,} bytes, expected a program of your own")
    if path.suffix == NOTEBOOK:
        return [_cell(path, number, text) for number, text in enumerate(cells(path, data), 1)]
    if b"\0" in data:
        raise BadInput(f"{path}: holds null bytes, expected a program of Python")
    text = data.decode("utf-8-sig", "replace")
    try:
        return [Part(str(path), text, ast.parse(data, str(path)))]
    except (RecursionError, MemoryError, ValueError) as error:
        if isinstance(error, SyntaxError):
            raise
        raise BadInput(f"{path}: cannot be parsed, expected a program of Python") from error


def cells(path: Path, data: bytes) -> list[str]:
    """Return the source of the code cells of a notebook, formats 3 and 4. Raises BadInput.

    >>> cells(Path("a.ipynb"), b'{"cells": [{"cell_type": "code", "source": ["x = 1", "y = 2"]}]}')
    ['x = 1y = 2']
    """
    wrong = BadInput(f"{path}: no notebook, expected what Jupyter saves")
    try:
        said: Any = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise wrong from error
    if not isinstance(said, dict):
        raise wrong
    sheets = [said, *_dictionaries(said.get("worksheets"))]
    every = [cell for sheet in sheets for cell in _dictionaries(sheet.get("cells"))]
    if not every:
        raise BadInput(f"{path}: a notebook without cells, expected one with code")
    sources = [cell.get("source", cell.get("input", "")) for cell in every if cell.get("cell_type") == "code"]
    return ["".join(map(str, each)) if isinstance(each, list) else str(each) for each in sources]


def _dictionaries(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _cell(path: Path, number: int, text: str) -> Part:
    label, text = f"cell {number} of {path.name}", plain(text)
    try:
        return Part(label, text, ast.parse(text, label))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        defined = ", ".join(DEFINES.findall(text))
        said = f"line {error.lineno} of {label}: {error.msg}" if isinstance(error, SyntaxError) else label
        return Part(label, text, ast.Module([], []), f"{said}{f' ({defined})' if defined else ''}")


def plain(text: str) -> str:
    """Return a cell as Python: a magic, a shell line or a question becomes `pass`; a cell in another language nothing.

    The lines keep their numbers.

    >>> plain("%matplotlib inline" + chr(10) + "x = 1"), plain("%%bash" + chr(10) + "ls")
    ('pass\\nx = 1', '')
    """
    lines = text.split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%"):
        if not first.startswith(PYTHON_CELLS):
            return ""
        lines = ["" if line.strip() == first else line for line in lines]
    try:
        ast.parse("\n".join(lines))
        return "\n".join(lines)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "\n".join(_without_magic(line) for line in lines)


def _without_magic(line: str) -> str:
    found = MAGIC.match(line)
    return f"{found.group(1)}pass" if found else line
