"""Packages that an installation need not have: what a command says when it needs one that is not there."""

from __future__ import annotations

import importlib.util

from crosscheck_impls.interface import BadInput


def need(package: str, extra: str, what: str) -> None:
    """Raise BadInput, with the command that installs it, unless a package is there.

    extra: which of the extras in pyproject.toml has it. what: what needs it.

    >>> need("nowhere", "plots", "the pictures")
    Traceback (most recent call last):
    crosscheck_impls.network.BadInput: the pictures: nowhere is not installed; pip install 'crosscheck[plots]'
    """
    if importlib.util.find_spec(package) is None:
        raise BadInput(f"{what}: {package} is not installed; {installs(extra)}")


def installs(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'crosscheck[{extra}]'"
