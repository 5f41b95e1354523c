"""Faults injected while a command runs, at random times; `--resume` must end with what nothing has disturbed.

    python -m tests.faults --count 300 --seed 1
    python -m tests.faults --count 60 --command power

Several faults strike one run, until it has ended. One that has ended early is gone on with by `--resume`, with more
faults, and in the end without. Prints how many of these there were, each of which should be 0: rows lost, that were in
the journal when a fault struck and are not in the last one; rows missing or changed in the tables, beside a run that
nothing disturbed; processes and files left; right rows that disagree; tracebacks; runs that do not come to an end.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from crosscheck.core import journal

from tests.faults.commands import CLASS, COMMANDS, HIDDEN, STUDENTS, Command
from tests.faults.strikes import Striker, disk
from tests.harness.processes import gone

ROOT = Path(__file__).parents[2]
WRONG = (
    "rows lost", "rows missing", "rows changed", "processes left", "files left", "right rows that disagree",
    "tracebacks", "never ended",
)  # fmt: skip
PATIENCE = 600.0  # seconds for one run
LAUNCHES = 5  # of one run with faults; then it goes on without


class Run:
    """A request in an output folder of its own, from its first start to its end."""

    def __init__(self, command: Command, folder: Path, chance: random.Random, found: Counter[str]) -> None:
        self.command, self.folder, self.chance, self.found = command, folder, chance, found
        self.out, self.temporary = folder / "disk" / "out", folder / "temporary"
        self.temporary.mkdir()
        (folder / "hidden").mkdir()
        (folder / "hidden" / "sitecustomize.py").write_text(HIDDEN)
        (folder / CLASS).mkdir()
        for student in STUDENTS:
            shutil.copy(ROOT / "tests" / "harness" / "students" / student, folder / CLASS)
        path = os.pathsep.join([str(folder / "hidden"), *(str(ROOT / part) for part in ("harness", "impls", ""))])
        self.environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(self.temporary)}
        self.judged: set[bytes] = set()  # lines that were in the journal when a fault struck
        self.small_disk = False

    def launch(self, faults: int, resume: bool) -> tuple[int, int]:
        """Run it once; return how many faults have struck, and the exit code."""
        words = [str(self.folder / word) if word == CLASS else word for word in self.command.words]
        words += ["--out", str(self.out), *(["--resume"] if resume else [])]
        harness = subprocess.Popen(
            [sys.executable, "-m", "crosscheck", *words],
            env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        striker, struck = Striker(harness, self.out / f"{self.command.stem}.jsonl", self.chance, self.small_disk), 0
        following, until = time.monotonic() + self.chance.uniform(0.2, 2.0), time.monotonic() + PATIENCE
        while harness.poll() is None and time.monotonic() < until:
            striker.attend()
            if struck < faults and time.monotonic() >= following:
                before = self.in_journal()
                if said := striker.strike():
                    struck += 1
                    self.found[said] += 1
                    self.judged = set() if "folder" in said else self.judged | before
                following = time.monotonic() + self.chance.uniform(0.05, 1.5)
            time.sleep(0.02)
        if harness.poll() is None:
            self.found["never ended"] += 1
            harness.kill()
        striker.end()
        error = harness.communicate(timeout=60)[1]
        self.found["processes left"] += not gone(f"TMPDIR={self.temporary}")
        self.found["files left"] += len(list(self.temporary.iterdir())) + len(list(self.out.rglob("*.part")))
        if "Traceback" in error:
            self.found["tracebacks"] += 1
            print(error, file=sys.stderr)
        self.found[f"ended with {harness.returncode}"] += 1
        return struck, harness.returncode

    def in_journal(self) -> set[bytes]:
        """Return the whole lines of the journal, as it is now, but for the first."""
        path = self.out / f"{self.command.stem}.partial.jsonl"
        try:
            lines = path.read_bytes().splitlines(keepends=True)[1:]
        except OSError:
            return set()
        return {line for line in lines if journal.text_of(line) is not None}

    def check(self, expected: Run) -> None:
        """Count what is not as it should be now that the run has come to its end."""
        try:
            final = set((self.out / f"{self.command.stem}.jsonl").read_bytes().splitlines(keepends=True))
            got, right = self.command.lines(self.out), self.command.lines(expected.out)
        except FileNotFoundError as error:
            self.found["rows missing"] += 1
            print(f"{error.filename} is not there", file=sys.stderr)
            return
        self.found["rows lost"] += len(self.judged - final)
        covered = {name[0] for name, line in got.items() if self.command.stands_for_all and self.command.was_lost(line)}
        self.found["rows missing"] += sum(name[0] not in covered for name in right.keys() - got.keys())
        self.found["rows"] += len(got)
        for name, line in got.items():
            disagrees = line.get("disagrees", "0") != "0" or line.get("verdict") == "disagrees"
            self.found["right rows that disagree"] += disagrees
            lost = self.command.was_lost(line)
            self.found["rows whose worker was lost"] += lost
            if not lost and any(line[column] != right.get(name, line)[column] for column in self.command.same):
                self.found["rows changed"] += 1
                print(f"{name}: {line}\nexpected {right[name]}", file=sys.stderr)
        names = {path.name for path in self.out.iterdir()}
        if surplus := names - {path.name for path in expected.out.iterdir()}:
            self.found["files left"] += len(surplus)
            print(f"left: {surplus}", file=sys.stderr)


def one_run(command: Command, chance: random.Random, left: int, found: Counter[str], expected: Run) -> int:
    """Run a request until it has come to its end, with at most `left` faults; return how many struck."""
    with tempfile.TemporaryDirectory() as name:
        run = Run(command, Path(name), chance, found)
        with disk(Path(name) / "disk") as run.small_disk:
            struck = 0
            for number in range(LAUNCHES + 1):
                faults = min(left - struck, chance.randint(1, 6)) if number < LAUNCHES else 0
                more, code = run.launch(faults, resume=number > 0)
                struck += more
                if code in (0, 1):
                    break
            else:
                found["never ended"] += 1
            run.check(expected)
    return struck


def strike(name: str, count: int, chance: random.Random, found: Counter[str]) -> int:
    """Strike one command so often, in as many runs as it takes, after one that nothing disturbs."""
    struck = 0
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "disk").mkdir()
        undisturbed = Run(COMMANDS[name], Path(folder), chance, Counter())
        if (code := undisturbed.launch(0, resume=False)[1]) not in (0, 1):
            raise SystemExit(
                f"{name}: ended with {code} though nothing disturbed it, so there is nothing to hold it against"
            )
        while struck < count:
            struck += one_run(COMMANDS[name], chance, count - struck, found, undisturbed)
    return struck


def main() -> int:
    """Inject the faults, print the counts, and return whether anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300, help="faults in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", choices=list(COMMANDS), action="append", help="again for more; all by default")
    wanted = parser.parse_args()
    chance, found, total = random.Random(wanted.seed), Counter[str](dict.fromkeys(WRONG, 0)), 0
    chosen = wanted.command or list(COMMANDS)
    for number, name in enumerate(chosen, start=1):
        before, share = (
            Counter(found),
            wanted.count * number // len(chosen) - wanted.count * (number - 1) // len(chosen),
        )
        struck = strike(name, share, chance, found)
        print(f"{name}: {struck} faults; {_said(found - before)}", flush=True)
        total += struck
    print(f"{total} faults, seed {wanted.seed}: {', '.join(f'{found[name]} {name}' for name in WRONG)}")
    print(_said(found))
    return int(any(found[name] for name in WRONG))


def _said(found: Counter[str]) -> str:
    return "; ".join(f"{name}: {count}" for name, count in sorted(found.items()) if count)


if __name__ == "__main__":
    sys.exit(main())
