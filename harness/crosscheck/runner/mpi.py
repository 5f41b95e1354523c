"""Ranks that mpiexec starts: each is a `Child`, as those are that the harness starts itself.

mpiexec hands no descriptors on, so that a rank opens the pipes by the harness's own, as /proc has them; and a rank's
end is seen by its process number, which it says first. All of them end with mpiexec, and mpiexec with any of them.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosscheck.core.failures import Failure, Kind, Lost, Stage
from crosscheck.runner import rank
from crosscheck.runner.children import GRACE, Child, close, death_of, pipe
from crosscheck.runner.line import Line
from crosscheck.runner.scratch import SCRATCH
from crosscheck.runner.wire import Reader

BEGIN = """\
import sys
sys.path[:] = {path!r}
import json
from crosscheck.runner.mpi import main
main(json.loads(sys.argv.pop()))
"""
OPEN_MPI = {  # any user, more ranks than processors, each where it likes
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    "PRTE_MCA_hwloc_default_binding_policy": "none",
}


class Launched(Child):
    """A rank of mpiexec's; it has no keeper of its own."""

    def __init__(self, theirs: contextlib.ExitStack) -> None:
        self._reader, self._out, self._log = Reader(math.inf), bytearray(), bytearray()
        self.silent = self._ended = False
        self._sandbox, self._theirs, self._death = None, theirs, None
        requests, self._requests = pipe(theirs, ours=1)
        self._answers, answers = pipe(theirs, ours=0)
        self._prints, prints = pipe(theirs, ours=0)
        self._control = os.open(os.devnull, os.O_RDONLY)  # open until it has been stopped
        self.opens = [requests, answers, prints]

    def joined(self, pid: int) -> None:
        """Take note that it is there, and has opened its ends of the pipes."""
        self._theirs.close()
        close(self, "_death")
        self._death = death_of(pid)

    def began(self, mpiexec: subprocess.Popen[bytes]) -> None:
        """Take note of the process that starts it, which will have ended if the rank does not come."""
        self._process = mpiexec
        self._death = death_of(mpiexec.pid)

    def stop(self) -> int:
        """End all of them; return how mpiexec ended, 128 and a signal's number where a rank was killed."""
        if self._control >= 0:
            with contextlib.suppress(subprocess.TimeoutExpired):  # it sees by itself what has become of a rank
                if self.ended():
                    self._process.wait(GRACE / 2)
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(GRACE / 2)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._read_prints()
            for name in ("_control", "_requests", "_answers", "_prints"):
                close(self, name)
            close(self, "_death")
            self._theirs.close()
            self._ended = True
        return self._process.wait()

    def death(self, stage: Stage) -> Failure:
        """End it, and return how it ended."""
        code = self.stop()
        kind = Kind.KILLED if code > 128 else Kind.EXITED
        return Failure(stage, kind, self.last_words(), code - 128 if code > 128 else code)


def launch(number: int, environment: Mapping[str, str]) -> list[Launched]:
    """Start so many ranks. Raises Lost where there is no mpiexec."""
    beside = Path(sys.executable).parent / "mpiexec"  # of a package, in an environment that is not active
    mpiexec = str(beside) if beside.exists() else shutil.which("mpiexec")
    if mpiexec is None:
        raise Lost(Failure(Stage.LOAD, Kind.NOT_INSTALLED, "mpiexec"))
    with contextlib.ExitStack() as all_of_theirs:
        theirs = [all_of_theirs.enter_context(contextlib.ExitStack()) for _ in range(number)]
        ranks = [Launched(each) for each in theirs]
        begin = BEGIN.format(path=[str(each) for each in sys.path]).encode("ascii", "backslashreplace").decode()
        command = [mpiexec]
        for each in ranks:
            opens = json.dumps([f"/proc/{os.getpid()}/fd/{descriptor}" for descriptor in each.opens])
            command += [*([":"] if len(command) > 1 else []), "-n", "1", sys.executable, "-P", "-c", begin, opens]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=ranks[0].opens[2], stderr=ranks[0].opens[2],
            env={**OPEN_MPI, **environment, "TMPDIR": environment.get(SCRATCH) or tempfile.gettempdir()},
        )  # fmt: skip
        for each in ranks:
            each.began(process)
        all_of_theirs.pop_all()  # each closes them when its rank is there
    return ranks


def main(opens: Any) -> None:
    """Be a rank; see `launch`."""
    requests, answers, prints = (os.open(path, mode) for path, mode in zip(opens, MODES, strict=True))
    for descriptor in (1, 2):
        os.dup2(prints, descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the harness decides
    rank.serve(Line(requests, answers))


MODES = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)
