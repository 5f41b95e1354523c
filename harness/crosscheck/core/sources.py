"""Which sources and versions a result comes from: digests of packages, and what is installed."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from crosscheck_impls.interface import VARIANTS

OURS = ("crosscheck", "crosscheck_impls")
PACKAGES = (*VARIANTS, "jaxlib", "scipy", "scikit-learn")  # those that our numbers come from
DIGITS = 16  # of a digest


def modules(frameworks: Iterable[str]) -> list[str]:
    """Return our packages, and the modules of others among these, once each."""
    return list(dict.fromkeys([*OURS, *(name for name in frameworks if name not in VARIANTS)]))


def digest(module: str) -> str:
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


def installed(package: str) -> str:
    """Return the version of a package, or that it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
