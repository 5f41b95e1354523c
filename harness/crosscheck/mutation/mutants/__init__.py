"""The mutants: each a function or a few that replace the reference's, with a name and words for a learner.

A mutant whose function is not called on a problem, or that computes the same there, is no mutant there;
`evaluation.score` finds out which. To add one, write a function with the arguments of the one that it replaces, and
put the decorator `mutant` above it. Their order is that in which a cause is looked for.
"""

from __future__ import annotations

import importlib

from crosscheck.core.plain import by_name
from crosscheck.mutation import distributed, epsilons, in_a_layer
from crosscheck.mutation.mutant import Change, Kind, Mutant, mutants

MODULES = (
    "switches", "misprints", "means", "derivatives", "arrays", "coded", "small", "training", "precision", "data",
    "predictions",
)  # fmt: skip
for _name in MODULES:
    importlib.import_module(f"{__name__}.{_name}")

MUTANTS: tuple[Mutant, ...] = mutants()
BY_NAME = {mutant.name: mutant for mutant in MUTANTS}


def find(name: str) -> Mutant:
    """Return the mutant of this name, also one that is made for a network or for a team. Raises KeyError."""
    if name in BY_NAME:
        return BY_NAME[name]
    if (of_logarithm := epsilons.by_name(name)) is not None:
        return of_logarithm
    return distributed.by_name(name) if distributed.SIGN in name else in_a_layer.by_name(name)


by_name(Mutant, lambda mutant: mutant.name, find)

__all__ = ["BY_NAME", "MODULES", "MUTANTS", "Change", "Kind", "Mutant", "find"]
