"""Mutants of somebody's source against a test suite of their own: a command, run once for each mutant.

The mutant is seen by the command's imports alone (runner/overlay.py); no file of theirs is written to. A command that
fails, or takes too long, has seen it.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from crosscheck_impls.interface import BadInput

from crosscheck.evaluation.mutate import Outcome, Report, Result
from crosscheck.mutation.source.changes import Change, Key, applied
from crosscheck.runner import overlay

SECONDS, TIMES = 30.0, 10.0  # that the command may take, beside TIMES what it takes without a mutant
LONGEST = 3600.0  # without a mutant
TIME = "time"


class Command:
    """A command that tests files, given as the user types it. A context, whose temporary folder it needs."""

    def __init__(self, name: str, files: Mapping[str, Path]) -> None:
        try:
            self.words = shlex.split(name)
        except ValueError as error:
            raise BadInput(f"{name}: {error}; expected a command such as 'pytest -q'", parameter="test") from error
        if not self.words or shutil.which(self.words[0]) is None:
            raise BadInput(f"{name}: no such program; expected a command such as 'pytest -q'", parameter="test")
        self.name, self.files, self.limit = name, files, LONGEST

    def __enter__(self) -> Command:
        self._folder = tempfile.TemporaryDirectory(prefix="crosscheck-")
        self.folder = Path(self._folder.name)
        (self.folder / "path").mkdir()
        shutil.copyfile(overlay.__file__, self.folder / "path" / "sitecustomize.py")
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def original(self) -> list[str]:
        """Return which files the command imports; it must pass on them as they are, and then has its time limit."""
        start, loaded = time.monotonic(), []
        for name, path in self.files.items():
            (self.folder / "loaded").unlink(missing_ok=True)
            if said := self.run(name, path.read_text(encoding="utf-8")):
                raise BadInput(f"{self.words[0]}: fails without any mutant ({said}); mend that first", parameter="test")
            if (self.folder / "loaded").exists():
                loaded.append(name)
        if not loaded:
            raise BadInput(f"{self.words[0]}: never imports {', '.join(self.files)}", parameter="test")
        self.limit = SECONDS + TIMES * (time.monotonic() - start) / len(self.files)
        return loaded

    def run(self, name: str, source: str) -> str:
        """Run it with another source for one file; return how it failed, "" if it passed."""
        (self.folder / "source.py").write_text(source, encoding="utf-8")
        path = os.pathsep.join(filter(None, (str(self.folder / "path"), os.environ.get("PYTHONPATH", ""))))
        environment = os.environ | {
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            overlay.FILE: str(self.files[name]),
            overlay.SOURCE: str(self.folder / "source.py"),
            overlay.LOADED: str(self.folder / "loaded"),
        }
        process = subprocess.Popen(
            self.words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(self.limit)
        except subprocess.TimeoutExpired:
            return TIME
        finally:  # and whatever it has started
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return f"signal {-code}" if code < 0 else f"exit {code}" if code else ""


def run(
    command: Command, mutants: Sequence[Change], why: Mapping[Key, str], report: Report, results: list[Result]
) -> None:
    """Append a result for each mutant as it is decided. Raises BadInput where the command fails without any."""
    report("without a mutant", 0, len(mutants))
    imported = command.original()
    texts = {file: path.read_text(encoding="utf-8") for file, path in command.files.items()}
    for done, change in enumerate(mutants, start=1):
        file = change.key.file
        said = command.run(file, applied(texts[file], change)) if file in imported else ""
        outcome = Outcome.KILLED if said else Outcome.EQUIVALENT if change.key in why else Outcome.SURVIVED
        equivalent = why[change.key] if outcome is Outcome.EQUIVALENT else ""
        results.append(Result(command.name, change, outcome, said, asked=int(file in imported), why=equivalent))
        report(file, done, len(mutants))
