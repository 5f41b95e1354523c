"""Faults injected while `compare` runs: signals to it and to its workers, at random times.

    python -m tests.faults --count 300 --seed 1

prints how many rows were missing, how many processes and files were left, and how many right rows read `disagrees`;
each should be 0. Several faults strike one run, until one of them ends the harness itself or the run is done.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.harness.processes import descendants, gone

ROOT = Path(__file__).parents[1]
SIGNALS = (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGSEGV)
COMMAND = ["compare", "--impl", "numpy/by_hand", "--impl", "numpy/textbook", "--impl", "numpy/fast"]
PROBLEMS = ["one_example-logistic", "one_class-logistic", "small_weights-2layer-tanh", "kink-2layer-relu"]
ROWS = 2 * 3 * len(PROBLEMS)
PATH = os.pathsep.join(str(ROOT / part) for part in ("harness", "impls", ""))


def one_run(chance: random.Random, left: int, found: Counter[str]) -> int:
    """Run a comparison, with at most `left` faults; return how many struck. found: what went wrong is counted here."""
    with tempfile.TemporaryDirectory() as folder:
        out, temporary = Path(folder) / "out", Path(folder) / "temporary"
        temporary.mkdir()
        environment = {**os.environ, "PYTHONPATH": PATH, "TMPDIR": str(temporary)}
        words = [word for name in PROBLEMS for word in ("--problem", name)]
        harness = subprocess.Popen(
            [sys.executable, "-m", "crosscheck", *COMMAND, *words, "--out", str(out), "--time-limit", "5"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        struck = strike(harness, chance, left, found)
        error = harness.communicate(timeout=300)[1]
        if not gone(f"TMPDIR={temporary}"):
            found["processes left"] += 1
        found["files left"] += len(list(temporary.iterdir())) + len(list(out.glob("*.part")))
        tables = [path.read_text(encoding="utf-8").splitlines() for path in out.glob("agreement*.csv")]
        rows = [row for table in tables for row in csv.DictReader(table)]
        found["right rows that disagree"] += sum(row["verdict"] == "disagrees" for row in rows)
        found["rows"] += len(rows)
        found[f"ended with {harness.returncode}"] += 1
        if harness.returncode in (0, 1):
            found["rows missing"] += ROWS - len(rows)
        elif harness.returncode == 128 + signal.SIGTERM and " rows are in " in error:
            found["rows missing"] += int(error.split("; ")[-1].split(" of ")[0]) - len(rows)
        found["tracebacks"] += "Traceback" in error
    return struck


def strike(harness: subprocess.Popen[str], chance: random.Random, left: int, found: Counter[str]) -> int:
    """Send signals until the harness ends or they are used up."""
    struck = 0
    while harness.poll() is None and struck < left:
        time.sleep(chance.uniform(0.02, 0.6))
        workers = descendants(harness.pid)
        if not workers:  # it has not begun, or is about to end
            continue
        own = chance.random() < 0.1
        victim, number = harness.pid if own else chance.choice(workers), chance.choice(SIGNALS)
        try:
            os.kill(victim, number)
        except ProcessLookupError:
            continue
        struck += 1
        found[f"{number.name} to {'the harness' if own else 'a worker'}"] += 1
        if own and number == signal.SIGSTOP:  # as after ^Z, for longer than the workers' time limit
            time.sleep(chance.choice([0.5, 7.0]))
            os.kill(victim, signal.SIGCONT)
    return struck


def main() -> int:
    """Inject the faults, print the counts, and return whether anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    chance, found, struck = random.Random(wanted.seed), Counter[str](), 0
    wrong = ("rows missing", "processes left", "files left", "right rows that disagree", "tracebacks")
    found.update(dict.fromkeys(wrong, 0))
    while struck < wanted.count:
        struck += one_run(chance, wanted.count - struck, found)
    print(f"{struck} faults, seed {wanted.seed}: {', '.join(f'{found[name]} {name}' for name in wrong)}")
    print("; ".join(f"{name}: {count}" for name, count in sorted(found.items()) if name not in wrong))
    return int(any(found[name] for name in wrong))


if __name__ == "__main__":
    sys.exit(main())
