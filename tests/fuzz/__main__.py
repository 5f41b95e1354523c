"""Fuzz: `python -m tests.fuzz --minutes 60`, or --files 2000 --options 3000; exits with 1 if anything was found.

Most cases run inside a worker process, which is replaced where it dies or hangs; every so often one is a real command
line. Prints how many files and option combinations there were, and how many tracebacks, hangs and crashes, and the
largest memory. Each is drawn from its seed: `python -m tests.fuzz.worker files 17 18 FOLDER` runs one again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.fuzz.files import malformed
from tests.fuzz.options import arguments
from tests.fuzz.worker import not_one_line

HANG = 60.0  # seconds
BATCH = 200  # seeds of a worker
REAL = 50  # one case in so many is a command line of its own
MEMORY = 2000.0  # MB
FOUND = ("traceback", "hang", "crash", "memory")
QUICKLY = ["--iterations", "3", "--impl", "numpy/by_hand", "--dtype", "float64"]
ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / each) for each in ("harness", "impls", "."))}


@dataclass
class Counts:
    """What has become of the cases."""

    cases: Counter[str] = field(default_factory=Counter)  # files, options
    outcomes: Counter[str] = field(default_factory=Counter)
    real: int = 0
    memory: float = 0.0  # MB
    slowest: float = 0.0  # seconds
    reports: list[str] = field(default_factory=list)

    def add(self, kind: str, seed: int, outcome: str, words: str = "", memory: float = 0.0) -> None:
        """Count one case."""
        self.cases[kind] += 1
        self.outcomes[outcome] += 1
        self.memory = max(self.memory, memory)
        if outcome in FOUND:
            self.reports.append(f"{kind} {seed}: {outcome}\n{words}")

    @property
    def found(self) -> int:
        """How many cases ended otherwise than they may."""
        return sum(self.outcomes[outcome] for outcome in FOUND)

    def summary(self) -> str:
        """Return the counts, in words."""
        return (
            f"{self.cases['files']} files, {self.cases['options']} option combinations, {self.real} of them as command "
            f"lines: {self.outcomes['refused']} refused in one line, {self.outcomes['accepted']} accepted, "
            f"{self.outcomes['traceback']} tracebacks, {self.outcomes['hang']} hangs above {HANG:g} s, "
            f"{self.outcomes['crash']} crashes; slowest {self.slowest:.1f} s, largest memory {self.memory:.0f} MB "
            f"({self.outcomes['memory']} above {MEMORY:g})"
        )


def batch(kind: str, first: int, last: int, folder: Path, counts: Counts) -> int:
    """Run seeds in a worker until one ends it. Return the first that has not been run."""
    command = [sys.executable, "-m", "tests.fuzz.worker", kind, str(first), str(last), str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=ENVIRONMENT
    ) as process:
        said: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=_pass_on, args=(process.stdout, said), daemon=True).start()
        current, since = first, time.monotonic()
        while True:
            try:
                line = said.get(timeout=HANG)
            except queue.Empty:
                process.kill()
                counts.add(kind, current, "hang")
                return current + 1
            if not line:
                if (ended := process.wait()) == 0:
                    return last
                words = process.stderr.read().decode(errors="replace")[-2000:] if process.stderr else ""
                counts.add(kind, current, "crash", f"exit code {ended}\n{words}")
                return current + 1
            told: dict[str, Any] = json.loads(line)
            if "outcome" in told:
                counts.slowest = max(counts.slowest, time.monotonic() - since)
                high = told["memory"] > MEMORY
                counts.add(kind, current, "memory" if high else told["outcome"], told["words"], told["memory"])
                if high:
                    process.kill()
                    return current + 1
            current, since = told["seed"], time.monotonic()


def _pass_on(pipe: Any, said: queue.Queue[bytes]) -> None:
    for line in pipe:
        said.put(line)
    said.put(b"")


def real(kind: str, seed: int, folder: Path, counts: Counts) -> None:
    """Run a case as a command line."""
    words = _command(kind, seed, folder)
    command = [os.fsencode(word) for word in (sys.executable, "-m", "crosscheck", *words)]
    counts.real += 1
    began = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=HANG,
            check=False,
        )
    except (subprocess.TimeoutExpired, ValueError, OSError) as error:
        if isinstance(error, subprocess.TimeoutExpired):
            counts.add(kind, seed, "hang", str(words))
        return  # a null byte, or longer than the system takes: it is never run
    counts.slowest = max(counts.slowest, time.monotonic() - began)
    err = done.stderr.decode(errors="backslashreplace")
    wrong = not_one_line(done.returncode, err)
    outcome = "traceback" if wrong else "refused" if done.returncode == 2 else "accepted"
    counts.add(kind, seed, outcome, f"{wrong}: {words}\n{err[-2000:]}")


def _command(kind: str, seed: int, folder: Path) -> list[str]:
    """Return the arguments of a case, what it asks for being little work."""
    if kind == "options":
        words = arguments(seed)
        little = {"compare": QUICKLY, "explain": QUICKLY, "train": QUICKLY[:4], "check": [], "init": [], "list": []}
        if words[0] in little:
            return words + little[words[0]]
        return ["list", *words[1:]]  # the others take minutes, whatever their options
    read_as, path = malformed(seed, folder)
    if read_as == "program":
        return ["check", str(path)]
    if read_as == "weights":
        return ["compare", "--problem", "small_weights", "--weights", str(path), *QUICKLY]
    given = folder / "good.npz" if read_as in ("table", "settings") else path
    return ["compare", "--data", str(given), "--out", str(folder), *QUICKLY]


def prepare(folder: Path) -> None:
    """Make the files that the options name."""
    import h5py

    X, Y = np.arange(12.0).reshape(2, 6) / 7, np.array([[0.0, 1, 0, 1, 1, 0]])
    np.savez(folder / "good.npz", X=X, Y=Y)
    (folder / "good.csv").write_text("a,b,c\n1,2,0\n3,4,1\n2,2,1\n")
    with h5py.File(folder / "good.h5", "w") as file:
        file["train_set_x"], file["train_set_y"] = np.zeros((6, 2, 2, 3), np.uint8), Y[0]
    (folder / "mine.py").write_text("def cost_and_gradients(parameters, X, Y):\n    return 0.0, {}\n")
    for name in ("folder.npz", "folder.csv", "secret"):
        (folder / name).mkdir()
    (folder / "secret").chmod(0)
    for name in ("zero.csv", "zero.npz"):
        (folder / name).touch()
    (folder / "loop.csv").symlink_to("loop.csv")
    (folder / "link.csv").symlink_to("good.csv")
    for name in ("fifo.csv", "fifo.npz", "fifo.h5"):
        os.mkfifo(folder / name)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="crosscheck-fuzz-") as name:
        prepare(Path(name))
        yield Path(name)
        (Path(name) / "secret").chmod(0o700)


def fuzz(first: int, wanted: dict[str, float], deadline: float) -> Counts:
    """Run so many files and option combinations, from a seed on, or until the deadline."""
    counts = Counts()
    following = dict.fromkeys(wanted, first)
    while time.monotonic() < deadline and (left := [k for k in wanted if following[k] - first < wanted[k]]):
        for kind in left:
            with _folder() as folder:
                last = int(min(following[kind] + BATCH, first + wanted[kind]))
                for seed in range(following[kind], last, REAL):
                    real(kind, seed, folder, counts)
            with _folder() as folder:
                while following[kind] < last:
                    following[kind] = batch(kind, following[kind], last, folder, counts)
            print(counts.summary(), file=sys.stderr, flush=True)
    return counts


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--files", type=float, default=float("inf"))
    parser.add_argument("--options", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    wanted = {"files": given.files, "options": given.options}
    counts = fuzz(given.seed, wanted, time.monotonic() + 60 * given.minutes)
    for report in counts.reports[:20]:
        print(report, file=sys.stderr)
    print(counts.summary())
    return int(counts.found > 0)


if __name__ == "__main__":
    sys.exit(main())
