"""The faults: signals to the harness, its keepers and its workers, a full disk, a folder that is removed or renamed."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.harness.processes import parents

SIGNALS = (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSEGV)
SIZE = "8m"  # of the disk that fills up
FILLER = "filler"


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """Let a folder be a small disk of its own, where this user may mount one; yield whether it is."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "faults", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Take all the room that there is."""
    with contextlib.suppress(OSError), (folder / FILLER).open("wb", buffering=0) as file:
        size = 2**20
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2


def make_room(folder: Path) -> None:
    """Give the room back."""
    (folder / FILLER).unlink(missing_ok=True)


def kept(pid: int) -> tuple[list[int], list[int]]:
    """Return the keepers of a harness, and what they keep."""
    by_pid = parents()
    keepers = [child for child, parent in by_pid.items() if parent == pid]
    below, found = list(keepers), list[int]()
    for each in below:
        children = [child for child, parent in by_pid.items() if parent == each]
        below += children
        found += children
    return keepers, found


class Striker:
    """Strikes a harness and what it has started. continues: stopped processes, and when to let them on."""

    def __init__(self, harness: subprocess.Popen[str], final: Path, chance: random.Random, small_disk: bool) -> None:
        self.harness, self.final, self.out, self.chance = harness, final, final.parent, chance
        self.small_disk = small_disk
        self.continues: list[tuple[float, int]] = []
        self.full_until = 0.0

    def strike(self) -> str:
        """Inject one fault, and return what it was; nothing if there was nothing to strike."""
        kinds = ["signal"] * 12 + ["removed", "renamed"] + ["full"] * (2 * self.small_disk)
        kind = self.chance.choice(kinds)
        if kind == "signal":
            return self._signal()
        if self.final.exists() or not self.out.is_dir():  # it is done, and what it has written is not its own any more
            return ""
        if kind == "removed":
            shutil.rmtree(self.out, ignore_errors=True)
            return "folder removed"
        if kind == "renamed":
            self.out.rename(self.out.parent / f"moved-{time.monotonic_ns()}")
            return "folder renamed"
        fill(self.out.parent)
        if self.chance.random() < 0.5:  # else until the command has ended
            self.full_until = time.monotonic() + self.chance.uniform(0.2, 3.0)
        return "disk full"

    def _signal(self) -> str:
        keepers, workers = kept(self.harness.pid)
        whom, among = self.chance.choice(
            [("the harness", [self.harness.pid]), ("a keeper", keepers), ("a worker", workers), ("a worker", workers)]
        )
        if not among or not (keepers or workers):  # it has not begun, or is about to end
            return ""
        victim, number = self.chance.choice(among), self.chance.choice(SIGNALS)
        if whom == "the harness" and number is signal.SIGSEGV:  # it is not ours to handle: as KILL
            number = signal.SIGKILL
        try:
            os.kill(victim, number)
        except ProcessLookupError:
            return ""
        if number is signal.SIGSTOP:  # as after ^Z; longer than a time limit, now and then
            self.continues.append((time.monotonic() + self.chance.choice([0.3, 1.0, 3.0, 7.0]), victim))
        return f"{number.name} to {whom}"

    def attend(self) -> None:
        """Let on what has been stopped for long enough, and make room."""
        now = time.monotonic()
        for until, pid in [each for each in self.continues if each[0] <= now]:
            self.continues.remove((until, pid))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        if self.full_until and self.full_until <= now:
            make_room(self.out.parent)
            self.full_until = 0.0

    def end(self) -> None:
        """Make room. What is stopped stays so: its harness has ended, and nobody is left to let it on."""
        make_room(self.out.parent)
