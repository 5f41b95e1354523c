"""What steers the libraries of the workers, by variables of their environment: XLA's flags, and the kernels of a BLAS.

A library reads its variable when it is loaded, so that the harness's own NumPy, which is loaded before, stays as it is.
The variables are in environment.json and decide about a run's identity, as those that the user has set.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crosscheck_impls.interface import VARIANTS, BadInput, Unavailable

from crosscheck.runner.spread import Spread

XLA = "XLA_FLAGS"
ASKED = "CROSSCHECK_BLAS"  # what --blas names, for the workers
# by what threadpoolctl calls a BLAS: the variable that chooses, and which of its facts is what was chosen
CHOOSES = {
    "openblas": ("OPENBLAS_CORETYPE", "architecture"),
    "blis": ("BLIS_ARCH_TYPE", "architecture"),
    "flexiblas": ("FLEXIBLAS", "current_backend"),
}


@contextlib.contextmanager
def steered(xla_flags: str | None = None, blas: str | None = None) -> Iterator[None]:
    """Steer the workers that are started in this block. Raises BadInput for what is no flag and no name."""
    variables = (_flags(xla_flags) if xla_flags is not None else {}) | (_kernel(blas) if blas is not None else {})
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def concern(frameworks: Iterable[str], xla_flags: str | None, blas: str | None) -> None:
    """Raise BadInput for what steers none of the frameworks; anyone's module may use anything."""
    names = {Spread.of(framework).framework for framework in frameworks}
    for value, own, parameter in ((xla_flags, "jax", "xla_flags"), (blas, "numpy", "blas")):
        if value is not None and not names - (VARIANTS.keys() - {own}):
            raise BadInput(f"{value}: steers {own}, and none of it is asked; add --impl {own}", parameter=parameter)


def _flags(said: str) -> dict[str, str]:
    """Return the variable for XLA's flags, after those that the user has set: the last of a name counts."""
    try:
        words = shlex.split(said)
    except ValueError as error:
        raise BadInput(f"{said}: {error}, expected XLA's flags", parameter="xla_flags") from error
    for word in words or [""]:
        if not word.startswith("--xla_") or " " in word:
            example = '"--xla_cpu_enable_fast_math=true"'
            raise BadInput(f"{word or said!r}: no flag of XLA's, expected {example}, say", parameter="xla_flags")
    return {XLA: " ".join([*os.environ.get(XLA, "").split(), *words])}


def _kernel(name: str) -> dict[str, str]:
    """Return the variables that choose kernels of the BLAS that NumPy has."""
    if not name or any(character.isspace() for character in name):
        raise BadInput(f"{name!r}: expected the name of kernels, Haswell say", parameter="blas")
    found = libraries()
    for library in found:
        if library["internal_api"] in CHOOSES:
            variable, _ = CHOOSES[library["internal_api"]]
            return {variable: name, ASKED: name}
    have = ", ".join(library["internal_api"] for library in found) or "none that is known"
    raise BadInput(f"{name}: NumPy's BLAS here is {have}, expected OpenBLAS, BLIS or FlexiBLAS", parameter="blas")


def libraries() -> list[Mapping[str, Any]]:
    """Return what threadpoolctl finds of each BLAS in this process, NumPy's first."""
    import numpy as np  # noqa: F401, it loads its BLAS
    import threadpoolctl

    found = [each for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"]
    return sorted(found, key=lambda each: Path(each["filepath"]).parent.name != "numpy.libs")  # SciPy brings its own


def kernels() -> str:
    """Return what NumPy's BLAS has chosen, as it says itself: `openblas 0.3.31 SkylakeX`; nothing if it does not."""
    for library in libraries():
        if library["internal_api"] in CHOOSES:
            _, fact = CHOOSES[library["internal_api"]]
            return f"{library['internal_api']} {library.get('version')} {library.get(fact)}"
    return ""


def check(framework: str) -> None:
    """Raise Unavailable, in a worker, unless NumPy's BLAS has taken the kernels that --blas names."""
    asked = os.environ.get(ASKED)
    if not asked or Spread.of(framework).framework in VARIANTS.keys() - {"numpy"}:
        return
    said = kernels()
    if said.split(" ")[-1].lower() != asked.lower():
        raise Unavailable(f"--blas {asked}: NumPy's BLAS says that it runs {said or 'others'}")
