"""What the results of a run depend on: what was asked for, the sources, the versions, the machine.

A run goes on with what an earlier one has measured only where all of it is the same.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
from crosscheck_impls.interface import Chunks

from crosscheck.comparison.asked import Request
from crosscheck.core.journal import FORMAT, Header
from crosscheck.core.sources import DIGITS, PACKAGES, digest, installed, modules
from crosscheck.oracle.streamed import PART
from crosscheck.problems.catalogue import Problem
from crosscheck.report.machine import hostname, machine
from crosscheck.report.tables import Stamp


def header(
    command: str,
    asked: Mapping[str, Iterable[str] | str],
    frameworks: Iterable[str] = (),
    hosts: Mapping[str, Mapping[str, Any]] = {},
) -> Header:
    """Return what a run of a command is. frameworks: modules of others that it runs. hosts: what others it runs on."""
    ran_with = {name: installed(name) for name in PACKAGES}
    ran_with |= {f"sources of {name}": digest(name) for name in modules(frameworks)}
    ran_with |= {name: _text(value) for name, value in machine().items()}
    ran_with |= {f"host {name}": _text(facts) for name, facts in hosts.items()}
    words = {name: value if isinstance(value, str) else ", ".join(value) for name, value in asked.items()}
    return Header(FORMAT, command, words, ran_with, begun())


def begun() -> dict[str, str]:
    """Return which run this is: an id of its own, the machine's name, and the time, in UTC."""
    time = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"run": secrets.token_hex(6), "host": hostname(), "time": time}


def stamp(run: Mapping[str, str], request: Request, environments: Mapping[str, Mapping[str, Any]]) -> Stamp:
    """Return what the rows of a run bear, so that those of many runs can lie in one table.

    run: the `begun` of the run's header. A run that was begun elsewhere and has gone on here has both machines' names.
    """
    hosts = dict.fromkeys([run.get("host", ""), hostname()])
    return Stamp(
        run.get("run", ""), " + ".join(filter(None, hosts)), run.get("time", ""),
        {name: _versions(about) for name, about in environments.items()},
        {problem.name: of_data(problem) for problem in request.problems},
    )  # fmt: skip


def _versions(about: Mapping[str, Any]) -> str:
    return " ".join(f"{name} {about[name]}" for name in PACKAGES if about.get(name))


def of_data(problem: Problem) -> str:
    """Return a digest of a problem's examples, those of the test set too."""
    return _of_arrays(hashlib.sha256(), problem.data)


def of_request(request: Request) -> dict[str, Iterable[str] | str]:
    """Return what a comparison was asked for; a problem by a digest of its settings and arrays too."""
    return {
        "problems": [problem.name for problem in request.problems],
        "implementations": [str(each) for each in request.chosen],
        "dtypes": request.dtypes,
        "device": request.device,
        **({"hosts": request.hosts} if any(request.hosts) else {}),
        **{f"problem {problem.name}": _of_problem(problem) for problem in request.problems},
    }


def _of_problem(problem: Problem) -> str:
    said = hashlib.sha256(repr((problem.network, problem.alpha, problem.iterations)).encode())
    return _of_arrays(said, (*problem.data, *(a for layer in problem.params for a in layer)))


def _of_arrays(said: Any, arrays: Iterable[Any]) -> str:
    """Go on with a digest by arrays, of which some may be None; return it."""
    for array in arrays:
        if isinstance(array, Chunks):
            said.update(_of_chunks(array).encode())
            continue
        given = np.ascontiguousarray(array if array is not None else [])
        said.update(f"{given.dtype}{given.shape}".encode())
        said.update(given.tobytes())
    name: str = said.hexdigest()
    return name[:DIGITS]


@cache
def _of_chunks(chunks: Chunks) -> str:
    said = hashlib.sha256(f"{chunks.shape}".encode())
    for start in range(0, chunks.shape[1], PART):
        said.update(chunks.read(start, min(start + PART, chunks.shape[1])).tobytes())
    return said.hexdigest()


def _text(value: object) -> str:
    return " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
