"""The commands that faults strike: small requests of each, NumPy alone, and what their tables must hold in the end."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

# torch and JAX are hidden from the command and from its workers: their imports would be most of a run
HIDDEN = """
import importlib.util, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "jax", "jaxlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: (
    None if name.partition(".")[0] in ("torch", "jax", "jaxlib") else found(name, package)
)
"""


class Command(NamedTuple):
    """A request. stem: of its journal's name. table: its CSV, whose lines `key` names.

    same: the columns that are the same in every run. verdict: the column that says that the worker of a line was lost,
    by a word in `lost`; none where that cannot be. stands_for_all: such a line stands for all lines that begin alike.
    """

    words: tuple[str, ...]
    stem: str
    table: str
    key: tuple[str, ...]
    same: tuple[str, ...]
    verdict: str = ""
    lost: tuple[str, ...] = ()
    stands_for_all: bool = False

    def lines(self, out: Path) -> dict[tuple[str, ...], Mapping[str, str]]:
        """Return the lines of the table, by their names; several of one name are told apart by a number."""
        lines: dict[tuple[str, ...], Mapping[str, str]] = {}
        with (out / self.table).open(newline="", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                name = tuple(line[column] for column in self.key)
                lines[(*name, str(sum(known[:-1] == name for known in lines)))] = line
        return lines

    def was_lost(self, line: Mapping[str, str]) -> bool:
        """Return whether a line says that its worker was lost."""
        return any(word in line.get(self.verdict, "") for word in self.lost)


def _words(line: str) -> tuple[str, ...]:
    return tuple(line.split())


CLASS = "class"  # a folder with these, beside the output
STUDENTS = ("right/two_layer.py", "right/layers.py", "wrong/numpy_sign.py")

COMMANDS = {
    "compare": Command(
        _words(
            "compare --impl numpy/by_hand --impl numpy/textbook --impl numpy/fast --time-limit 5 --problem one_class"
            " --problem one_example-logistic --problem small_weights-2layer-tanh --problem kink-2layer-relu"
        ),
        "agreement", "agreement.csv", ("problem", "implementation", "dtype"), ("verdict", "largest_ratio"),
        "verdict", ("failed",),
    ),
    "power": Command(
        _words("power --problem one_example-logistic --draws 0"),
        "mutation", "mutation.csv", ("mutant", "problem", "dtype"), ("caught", "ratio", "noise", "diagnosis"),
    ),
    "claims": Command(
        _words("claims --only neuron --only convexity --only slopes --only arrays"),
        "claims", "claims.csv", ("claim", "statement"), ("numpy", "verdict"), "verdict", ("failed",), True,
    ),
    "bench": Command(
        _words("bench --only planar --impl numpy/fast --impl numpy/by_hand --quick --rounds 2 --threads 1"),
        "speed", "speed.csv", ("size", "dtype", "contestant"), (), "reason", ("killed", "exit", "process", "ended"),
    ),
    "honest": Command(
        _words("honest --count 600 --impl numpy --impl crosscheck.evaluation.varied.with_numpy"),
        "honest", "honest.csv", ("implementation", "dtype"), ("runs", "undefined", "largest"),
        "failed", tuple("123456789"),
    ),
    "grade": Command(
        _words(f"grade {CLASS} --problem one_example --problem kink --time-limit 5"),
        "grades", "grades.csv", ("file",), ("verdict", "cause"), "verdict", ("not judged",),
    ),
}  # fmt: skip
