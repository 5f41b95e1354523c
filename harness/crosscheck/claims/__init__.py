"""The registry of the notes' claims: one table, and one file in `experiments/` for each; `crosscheck claims` runs them.

Importing this imports no framework: a claim's file is imported in the process that runs it.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

from crosscheck_impls.interface import BadInput, nearest


class Claim(NamedTuple):
    """A claim: its file `experiments/<name>.py`, and the ids of what it covers in the notes.

    seconds: about how long it takes; the longest start first. measures_time: it runs while nothing else does.
    """

    name: str
    notes: tuple[str, ...]
    seconds: int = 10
    measures_time: bool = False


CLAIMS = (
    Claim("neuron", ("N1", "N2", "N5")),
    Claim("convexity", ("N3", "N4")),
    Claim("slopes", ("N6", "N7")),
    Claim("vectorisation", ("N8", "N9", "N10", "N11", "N14"), 20, measures_time=True),
    Claim("arrays", ("N12",)),
    Claim("normalisation", ("N13",)),
    Claim("activations", ("N15",)),
    Claim("backpropagation", ("N8", "N14", "N16", "N18", "N19", "N27")),
    Claim("initialisation", ("N17",), 20),
    Claim("linear_layers", ("N20",)),
    Claim("regression", ("N21",)),
    Claim("parity", ("N22",), 60),
    Claim("hyperparameters", ("N23",), 60),
    Claim("simplest_first", ("N2", "N24", "N27")),
    Claim("depth", ("N25",), 50),
    Claim("scale", ("N26",), 50),
)
BY_NAME = {claim.name: claim for claim in CLAIMS}
IDS = tuple(f"N{k}" for k in range(1, 28))


def choose(only: list[str] | None) -> list[Claim]:
    """Return the claims with these names or ids, in the table's order; all of them if none is named.

    Raises BadInput for what is neither, with the nearest.

    >>> [claim.name for claim in choose(["N4", "depth"])]
    ['convexity', 'depth']
    """
    for word in only or ():
        if word not in BY_NAME and word not in IDS:
            raise BadInput(f"{word}: no such claim; {nearest(word, [*IDS, *BY_NAME])}", parameter="only")
    return [claim for claim in CLAIMS if not only or claim.name in only or set(claim.notes) & set(only)]


def explanation(claim: Claim) -> str:
    """Return the docstring of a claim's file: the claim, what is measured, and what to change to try it."""
    text = (Path(__file__).parent / "experiments" / f"{claim.name}.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(text)) or ""
