"""One claim, in a process of its own."""

from __future__ import annotations

import importlib

from crosscheck_impls.interface import load

from crosscheck.claims.engine.lab import Findings
from crosscheck.claims.engine.run import installed


def perform(module: str) -> Findings:
    """Return a claim's findings, in the frameworks that are there; `module` is where its `run` is."""
    frameworks = {name: load(name) for name in installed()}
    for framework in frameworks.values():
        framework.configure("float64")
    findings: Findings = importlib.import_module(module).run(frameworks)
    return findings
