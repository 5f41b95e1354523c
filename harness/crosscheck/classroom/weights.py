"""What each part of a submission is worth, which a small TOML file may say."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crosscheck_impls.interface import BadInput, nearest

from crosscheck.core.files import opened

DEFAULT = """\
points = 10              # for everything
partial = false          # true: a part that is right on half of the problems
                         # gets half of its points
missing = "left out"     # a part that was not handed in: "left out", or "zero"

[weights]
J = 2
gradients = 6            # the same for each of dW1, db1, dW2, ...
training = 1
predictions = 1
"""
MISSING = ("left out", "zero")
LARGEST = 100_000  # bytes of the file


class Weights(NamedTuple):
    """What a part is worth; see DEFAULT."""

    points: float
    partial: bool
    missing: str
    weights: Mapping[str, float]


def weights(path: Path | None = None) -> Weights:
    """Return the weights of a file, over those of DEFAULT. Raises BadInput."""
    said = tomllib.loads(DEFAULT)
    if path is None:
        return _checked(said, "")
    with opened(path, "weights in TOML") as file:
        text = file.read(LARGEST).decode("utf-8", "replace")
    try:
        own = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(
            f"{path}: {error}, expected TOML; crosscheck grade --help shows it", parameter="weights"
        ) from None
    for names, known in ((own, said), (own.get("weights", {}), said["weights"])):
        for name in names if isinstance(names, dict) else ():
            if name not in known:
                raise BadInput(f"{path}: {name}: unknown; {nearest(name, list(known))}", parameter="weights")
    parts = own.get("weights", {})
    return _checked(said | own | {"weights": said["weights"] | (parts if isinstance(parts, dict) else {})}, str(path))


def _checked(said: dict[str, Any], where: str) -> Weights:
    def wrong(name: str, value: object, expected: str) -> BadInput:
        return BadInput(f"{where}: {name} is {value!r}, expected {expected}", parameter="weights")

    for name, value in {"points": said["points"], **said["weights"]}.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value < 1e9:
            raise wrong(name, value, "a number from 0")
    if not said["points"] or not any(said["weights"].values()):
        raise wrong("points", said["points"], "points and weights that are not all 0")
    if not isinstance(said["partial"], bool):
        raise wrong("partial", said["partial"], "true or false")
    if said["missing"] not in MISSING:
        raise wrong("missing", said["missing"], " or ".join(map(repr, MISSING)))
    return Weights(said["points"], said["partial"], said["missing"], said["weights"])
