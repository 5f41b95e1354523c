"""One process that runs seeds one after another, and writes a line of JSON for each: before it, and after it.

python -m tests.fuzz.worker files|options FIRST LAST FOLDER
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from crosscheck.cli import destination
from crosscheck.cli.main import main as crosscheck
from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.grading.load import is_whole
from crosscheck.problems.catalogue import OWN
from crosscheck.problems.files.read import read
from crosscheck.problems.initial_weights import initial
from crosscheck_impls.interface import BadInput, Network

from tests.fuzz.files import malformed
from tests.fuzz.options import arguments

NETWORK = Network((2, 4, 1), ("tanh", "sigmoid"))
LONGEST = 2000  # characters of the one line
COLUMNS = {"problem": "problem", "implementation": "implementation", "dtype": "dtype", "device": "device"}
# what takes long or starts processes, once a request is accepted
BEHIND = (
    "crosscheck.comparison.session.compare", "crosscheck.comparison.explain.explain",
    "crosscheck.comparison.training._descend", "crosscheck.evaluation.certify_oracle.certify",
    "crosscheck.evaluation.score.score_all", "crosscheck.claims.engine.run.run", "crosscheck.bench.command.contestants",
    "crosscheck.grading.session.check_name", "crosscheck.cli.check.compared",
)  # fmt: skip
PROBE = "crosscheck.runner.subprocesses.probe"


class Accepted(Exception):
    """The request is fine; what it asks for is not run here."""


def read_as(kind: str, path: Path) -> None:
    """Read a file as the program does. Raises BadInput, and nothing else."""
    if kind == "weights":
        initial(NETWORK, str(path))
    elif kind == "table":
        destination.prepare(path.parent, path.name, COLUMNS, dict.fromkeys(COLUMNS, ()), force=False)
    elif kind == "settings":
        destination.same_settings(path.parent, OWN, force=False)
    elif kind == "program":
        is_whole(str(path))
    else:
        read(path)


def file(seed: int, folder: Path, begin: Callable[[], None]) -> tuple[str, str]:
    """Return what became of a file, and more of it in words. begin: is told when the file is made."""
    kind, path = malformed(seed, folder)
    begin()
    try:
        read_as(kind, path)
    except BadInput as refused:
        return "refused", f"{kind}: {refused}"
    return "accepted", kind


@contextlib.contextmanager
def nothing_behind() -> Iterator[None]:
    """Let an accepted request end where its work would begin."""
    with contextlib.ExitStack() as stack:
        for name in BEHIND:
            stack.enter_context(mock.patch(name, side_effect=Accepted))
        nowhere = Failure(Stage.LOAD, Kind.NOT_FOUND, "no such module")
        stack.enter_context(mock.patch(PROBE, return_value=nowhere))
        yield


def option(seed: int, folder: Path, begin: Callable[[], None]) -> tuple[str, str]:
    """Return what became of a command line, and more of it in words."""
    words = arguments(seed)
    out, err, before = io.StringIO(), io.StringIO(), list(sys.path)
    code: object = None
    with mock.patch.object(sys, "argv", ["crosscheck", *words]), nothing_behind():
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                crosscheck()
        except SystemExit as left:
            code = left.code or 0
        except Accepted:
            return "accepted", words[0]
        finally:
            sys.path[:] = before
    if wrong := not_one_line(code, err.getvalue()):
        raise AssertionError(f"{wrong}: {words}: {err.getvalue()[:500]}")
    return ("refused" if code == 2 else "accepted"), err.getvalue()[:LONGEST]


def not_one_line(code: object, err: str) -> str:
    """Return what is wrong with how a command has ended; nothing if it is an answer, or one line and exit code 2."""
    if code not in (0, 1, 2):
        return f"exit code {code}"
    if "Traceback" in err or (code == 2 and (err.count("\n") != 1 or len(err) > LONGEST)):
        return f"{err.count(chr(10))} lines of {len(err)} characters on standard error"
    return "a control character on standard error" if not err.rstrip("\n").isprintable() and "\x1b" in err else ""


def memory() -> float:
    """Return the most memory that this process or one that it has waited for has had, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says begins with what the parent had when it forked
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1e3
    usage = [resource.getrusage(whose).ru_maxrss for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return max(usage) / (1e6 if sys.platform == "darwin" else 1e3)


def main(kind: str, first: int, last: int, folder: Path) -> None:
    """Run the seeds."""
    run = {"files": file, "options": option}[kind]
    warnings.simplefilter("error")  # a warning is a line too many
    np.seterr(all="warn", under="ignore")  # as NumPy has it: numbers below the normal range are no error
    os.chdir(folder)
    with os.fdopen(os.dup(1), "w", encoding="ascii") as lines:
        for seed in range(first, last):
            begin = partial(print, json.dumps({"seed": seed}), file=lines, flush=True)
            begin()
            try:
                outcome, words = run(seed, folder, begin)
            except Exception:
                outcome, words = "traceback", traceback.format_exc()
            said = {"seed": seed, "outcome": outcome, "words": words, "memory": memory()}
            print(json.dumps(said), file=lines, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
