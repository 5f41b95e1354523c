"""What a form is: an object that asks somebody's program for J and its gradient in one particular way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from crosscheck_impls.interface import Array, Network, Params

from crosscheck.grading.forms.returned import Reading


class Form(Protocol):
    """One reading of a program.

    takes: how its parameters are handed over. clear: whether the names alone say that it is meant. changed: the
    names of what it has changed of what it was given.
    """

    takes: str
    clear: bool
    changed: list[str]

    def ask(self, network: Network, params: Params, X: Array, Y: Array) -> Reading:
        """Return J and dParams. Raises Trouble."""

    def words(self) -> str:
        """Say what the program is read as."""

    def given(self, network: Network, m: int) -> str:
        """Return the shapes of what it is given, in its own names."""

    def functions(self) -> Sequence[Callable[..., Any]]:
        """Return the functions that are called."""

    def parts(self) -> Sequence[str]:
        """Return the names of the functions that are called."""
