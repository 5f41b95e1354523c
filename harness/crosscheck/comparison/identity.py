"""What the results of a run depend on: what was asked for, the sources, the versions, the machine.

A run goes on with what an earlier one has measured only where all of it is the same.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from crosscheck_impls.interface import VARIANTS

from crosscheck.comparison.session import Request
from crosscheck.core.journal import FORMAT, Header
from crosscheck.problems.catalogue import Problem
from crosscheck.report.tables import machine

OURS = ("crosscheck", "crosscheck_impls")
PACKAGES = (*VARIANTS, "jaxlib", "scipy", "scikit-learn")  # those that our numbers come from
DIGITS = 16  # of a digest


def header(command: str, asked: Mapping[str, Iterable[str] | str], frameworks: Iterable[str] = ()) -> Header:
    """Return what a run of a command is. frameworks: modules of others that it runs."""
    modules = dict.fromkeys([*OURS, *(name for name in frameworks if name not in VARIANTS)])
    ran_with = {name: _version(name) for name in PACKAGES}
    ran_with |= {f"sources of {name}": _sources(name) for name in modules}
    ran_with |= {name: _text(value) for name, value in machine().items()}
    words = {name: value if isinstance(value, str) else ", ".join(value) for name, value in asked.items()}
    return Header(FORMAT, command, words, ran_with)


def of_request(request: Request) -> dict[str, Iterable[str] | str]:
    """Return what a comparison was asked for; a problem by a digest of its settings and arrays too."""
    return {
        "problems": [problem.name for problem in request.problems],
        "implementations": [str(each) for each in request.chosen],
        "dtypes": request.dtypes,
        "device": request.device,
        **{f"problem {problem.name}": _of_problem(problem) for problem in request.problems},
    }


def _of_problem(problem: Problem) -> str:
    said = hashlib.sha256(repr((problem.network, problem.alpha, problem.iterations)).encode())
    for array in (*problem.data, *(a for layer in problem.params for a in layer)):
        given = np.ascontiguousarray(array if array is not None else [])
        said.update(f"{given.dtype}{given.shape}".encode())
        said.update(given.tobytes())
    return said.hexdigest()[:DIGITS]


def _sources(module: str) -> str:
    """Return a digest of a module's file, or of all of its package's; nothing is imported."""
    said = hashlib.sha256()
    for path in sorted(_files(module.partition(".")[0])):
        said.update(str(path.name).encode())
        said.update(path.read_bytes())
    return said.hexdigest()[:DIGITS]


def _files(package: str) -> Iterator[Path]:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # a module without a specification
        return
    for folder in (spec and spec.submodule_search_locations) or ():
        yield from (path for path in Path(folder).rglob("*.py") if path.is_file())
    if spec and not spec.submodule_search_locations and spec.origin and Path(spec.origin).is_file():
        yield Path(spec.origin)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _text(value: object) -> str:
    return " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
