"""Slurm as the engine, through submitit: a job for each task, which reads one file of bytes and writes another.

Of what a node writes nothing is unpickled: submitit's own file of results is never opened.
"""

from __future__ import annotations

import contextlib
import logging
import math
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crosscheck_impls.interface import BadInput

from crosscheck.core.extras import need
from crosscheck.core.text import one_line
from crosscheck.fleet.engine import Engine, Lost, Task, Worker
from crosscheck.fleet.task import answer
from crosscheck.report.machine import hostname
from crosscheck.runner.children import Clock
from crosscheck.runner.settings import user_cache

LOCAL = "local"  # in the place of nodes: jobs on this machine, without Slurm
PATIENCE = 30.0  # seconds for Slurm to say which nodes a list names
GRACE = 10.0  # seconds after the end of a job for its file to be seen


def on_node(asked: str, answered: str) -> None:
    """Answer what lies in one file in another one, which is there once it is whole."""
    said, target = answer(Path(asked).read_bytes()), Path(answered)
    half = target.with_suffix(".half")
    half.write_bytes(said)
    half.replace(target)


class Slurm(Engine):
    """Nodes, by name; each does one job after another, and has it for itself.

    The files lie in the user's cache, on a disk that all nodes must see.
    """

    questions = 1000

    def __init__(self, nodes: str) -> None:
        """Take nodes as Slurm writes them, `node[01-08],gpu3`, or `local`. Raises BadInput where there is no Slurm."""
        need("submitit", "slurm", "--slurm")
        import submitit

        logging.getLogger("submitit").setLevel(logging.CRITICAL)  # what is lost is told in the table
        self._hosts = [hostname()] if nodes == LOCAL else nodes_of(nodes)
        cache = user_cache()
        cache.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="slurm-", dir=cache))
        try:
            kind = "local" if nodes == LOCAL else "slurm"
            self._executor: Any = submitit.AutoExecutor(self._folder, cluster=kind)
        except (RuntimeError, ValueError) as error:
            self.close()
            raise BadInput(
                f"{one_line(nodes, 60)}: {one_line(str(error), 120)}; expected a machine that submits jobs to Slurm",
                parameter="slurm",
            ) from error
        self._number = 0

    def workers(self) -> Sequence[Worker]:
        """Return the nodes: a job that cannot begin waits in Slurm's queue."""
        return [Worker(name, name, name) for name in self._hosts]

    def start(self, worker: Worker, asked: bytes, seconds: float) -> Task:
        """Submit a job for a node. Raises BadInput where Slurm refuses it."""
        self._number += 1
        ours, theirs = (self._folder / f"{self._number}.{kind}" for kind in ("asked", "answered"))
        ours.write_bytes(asked)
        self._executor.update_parameters(
            name="crosscheck", nodes=1, tasks_per_node=1, timeout_min=math.ceil(seconds / 60), slurm_exclusive=True,
            slurm_nodelist=worker.key, slurm_use_srun=False,
        )  # fmt: skip
        try:
            return _Job(self._executor.submit(on_node, str(ours), str(theirs)), theirs)
        except Exception as error:  # submitit's own
            words = one_line(str(error), 200)
            raise BadInput(f"{worker.name}: no job for it: {words}; name another node", parameter="slurm") from error

    def close(self) -> None:
        """Remove the files."""
        shutil.rmtree(self._folder, ignore_errors=True)


class _Job(Task):
    def __init__(self, job: Any, answered: Path) -> None:
        self._job, self._answered, self._clock, self._ended = job, answered, Clock(), 0.0

    def result(self) -> bytes | None:
        """Return the bytes, once the job has ended; a disk may show them a moment later."""
        passed = self._clock.lap()
        if not self._job.done():
            return None
        with contextlib.suppress(FileNotFoundError):
            return self._answered.read_bytes()
        self._ended += passed
        if self._ended > GRACE:
            raise Lost
        return None

    def drop(self) -> None:
        """Cancel the job; the system ends what it has started."""
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            self._job.cancel(check=False)


def nodes_of(said: str) -> list[str]:
    """Return the names in a list of nodes; Slurm is asked for those in brackets. Raises BadInput.

    >>> nodes_of("node1, node2,node1")
    ['node1', 'node2']
    """
    if "[" in said:
        try:
            command = ["scontrol", "show", "hostnames", said]
            said = ",".join(subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=PATIENCE
            ).stdout.split())  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise BadInput(f"{one_line(said, 60)}: Slurm does not say which nodes these are; name each",
                           parameter="slurm") from error  # fmt: skip
    names = list(dict.fromkeys(name.strip() for name in said.split(",") if name.strip()))
    bad = next((name for name in names if not name.replace("-", "").replace(".", "").replace("_", "").isalnum()), None)
    if bad is not None or not names:
        raise BadInput(f"{one_line(bad or said, 60)!r}: no name of a node, expected node1,node2 or node[1-8]",
                       parameter="slurm")  # fmt: skip
    return names
