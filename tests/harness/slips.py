"""Copies of our implementations with one thing changed, and what the harness says of them."""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import crosscheck_impls
from crosscheck.core.failures import Verdict
from crosscheck.core.records import Case
from crosscheck.judge.causes import Unreadable
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import Key, Row, judge
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, Options, build
from crosscheck.runner.collect import configure, measure
from crosscheck_impls.interface import Framework, declaration, load

SERIAL = count()


class Slip(NamedTuple):
    """In a file of a framework, the text `old`, at its n-th occurrence, becomes `new`."""

    file: str
    old: str
    new: str
    nth: int = 0


def plant(framework: str, slip: Slip, folder: Path) -> Framework:
    """Return a copy of the framework's package with the change, imported under a name of its own."""
    name = f"slip_{framework}_{next(SERIAL)}"
    variant = Path(crosscheck_impls.__file__).parent / f"with_{framework}"
    (folder / name).mkdir()
    for path in variant.glob("*.py"):
        text = path.read_text().replace(f"crosscheck_impls.with_{framework}", name)
        if path.name == slip.file:
            parts = text.split(slip.old)
            assert len(parts) > slip.nth + 1, f"{slip.old!r} is not in {path.name} any more"
            cut = slip.nth + 1
            text = slip.old.join(parts[:cut]) + slip.new + slip.old.join(parts[cut:])
        (folder / name / path.name).write_text(text)
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return load(name)
    finally:
        sys.path.remove(str(folder))


def cases(*names: str, dtype: str = "float64", **options: Any) -> list[tuple[Case, Judge]]:
    """Return the problems of these names, few iterations each, with their judges."""
    made = [build(BY_NAME[name], Options(iterations=4, **options)) for name in names]
    return [(case, Judge(case)) for case in (make_case(problem, dtype) for problem in made)]


def verdicts(framework: Framework, variant: str, problems: list[tuple[Case, Judge]]) -> Iterator[Row]:
    """Yield a row for each problem, measured in this process; JAX without compiling, which takes longer than this."""
    quick = importlib.import_module("jax").disable_jit if framework.name == "jax" else nullcontext
    for case, judging in problems:
        key = Key(case.problem, f"slip/{variant}", case.dtype, "cpu")
        declared = declaration(framework, variant)
        try:
            with quick():
                configure(framework, case.dtype)
                answer = measure(framework, variant, declared, case, "cpu")
            yield judge(judging, answer, declared, key)
        except Exception as error:  # as the worker does
            yield key.row(Verdict.FAILED, Unreadable(type(error).__name__, str(error)))


# What one slip of the finger makes of a line. Each pattern is applied at each of its places.
SLIPS = [
    (r" - ", " + "),
    (r" \* ", " + "),
    (r" / m\b", ""),
    (r" / m\b", " * m"),
    (r"\.T\b", ""),
    (r"(axis|dim)=1", r"\1=0"),
    (r"Z < 0", "Z > 0"),
    (r"Z < 0", "Z <= 0"),
    (r"Z <= 0", "Z < 0"),
    (r"\bA - Y\b", "Y - A"),
    (r"params\[1\]", "params[0]"),
    (r"\bl - 1\b", "l - 2"),
    (r"\bl - 2\b", "l - 1"),
    (r"l > 1", "l > 2"),
    (r"\bdZ1 @", "dZ2 @"),
    (r"A1\.T", "X.T"),
]
FUNCTIONS = {
    "logistic_regression.py": ("backward",),
    "two_layer.py": ("backward",),
    "l_layer.py": ("activation_backward", "linear_backward", "input_backward", "layers_backward", "backward"),
    "losses.py": ("output_gradient",),
    "activations.py": (
        "sigmoid_derivative", "tanh_derivative", "left_of_kink", "relu_derivative", "leaky_relu_derivative",
    ),
    "textbook.py": ("output_gradient",),
}  # fmt: skip


def slips(framework: str) -> Iterator[Slip]:
    """Yield every one-character-or-so change of every backward function of a framework, as whole lines."""
    folder = Path(crosscheck_impls.__file__).parent / f"with_{framework}"
    for file, functions in FUNCTIONS.items():
        text = (folder / file).read_text()
        lines = text.splitlines()
        for node in ast.parse(text).body:
            if not isinstance(node, ast.FunctionDef) or node.name not in functions:
                continue
            first = node.body[1].lineno if ast.get_docstring(node) else node.body[0].lineno
            for number in range(first - 1, node.end_lineno or first):
                line = lines[number]
                if line.strip().startswith("#"):
                    continue
                for pattern, new in SLIPS:
                    for match in re.finditer(pattern, line):
                        changed = line[: match.start()] + match.expand(new) + line[match.end() :]
                        before = "\n".join(lines[:number])
                        yield Slip(file, line, changed, before.count(line))
