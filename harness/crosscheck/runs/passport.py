"""Two passports side by side: what each file holds, read within bounds, and what differs.

passport.json is one JSON object. Its `schema` names this form, and the number in it rises with every change that an
older reader would not understand:

    schema           "crosscheck-passport/3"
    begun            the run's id, host, and time in UTC
    environment      versions, processor, GPUs, what each framework says of itself, the settings of the run
    run              trials; of the pairs of levels of the design, pairs_met by one and pairs_met_by_all
    implementations  by name: verdicts (verdict: number), largest (dtype: ratio, noise), bits (a digest of all answers)
    findings         implementation, question, nature, wrong, repeats, words
    resolution       dtype, tensor, mantissa_bits, seen_from_bit, noticed_from_bit (null: none), words
    products         implementation, device, left_bits, left, right_bits, right, result_bits, summed_bits, within,
                     across, unit, as in qualification.tensor_core; words. Version 1 had none, version 2 measured one
                     operand alone, operand_bits and operand: from neither are products compared
    words            verdicts and findings in sentences
    bits             a digest of the answer to each question: "framework/variant dtype sizes layout threads kind"
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.core import files
from crosscheck.core.failures import BAD, Verdict
from crosscheck.core.text import printable
from crosscheck.runs.difference import Fact, facts
from crosscheck.runs.table import flat

SCHEMA = "crosscheck-passport/3"
READABLE = ("crosscheck-passport/1", "crosscheck-passport/2", SCHEMA)
NAME = "passport.json"
LARGEST = 2**26  # bytes
LONGEST = 1000  # characters of a word
WRONG = tuple(map(str, BAD))


class Passport(NamedTuple):
    """What is compared. wrong: trials that disagree or failed, by implementation; bits: by question."""

    place: str
    environment: Mapping[str, str]
    verdicts: Mapping[str, Mapping[str, int]]
    ratios: Mapping[str, float]
    bits: Mapping[str, str]
    findings: Sequence[str]
    resolution: Mapping[str, str]
    products: Mapping[str, str]

    def wrong(self, implementation: str) -> int:
        """How many trials of an implementation are wrong."""
        return sum(self.verdicts.get(implementation, {}).get(verdict, 0) for verdict in WRONG)


class Compared(NamedTuple):
    """What differs. both: questions that both answered; bits: those of them of which the bits differ.

    worse: implementations that are wrong and were not, or more often.
    """

    old: Passport
    new: Passport
    facts: Sequence[Fact]
    both: Sequence[str]
    bits: Sequence[str]
    worse: Sequence[str]


def is_passport(place: Path) -> bool:
    """Return whether a place is a passport, or a folder that holds one and no table of a comparison."""
    if place.is_dir():
        return (place / NAME).is_file() and not (place / "agreement.csv").is_file()
    return place.suffix.lower() == ".json"


def read(place: Path) -> Passport:
    """Return a passport. Raises BadInput for what is none."""
    path = place / NAME if place.is_dir() else place
    with files.opened(path, "a passport that qualify has written") as file:
        data = file.read(LARGEST + 1)
    try:
        said = json.loads(data) if len(data) <= LARGEST else None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: {error}, expected a passport; qualify again") from error
    if not isinstance(said, dict) or said.get("schema") not in READABLE:
        schema = printable(str(said.get("schema")), 60) if isinstance(said, dict) else "no JSON object"
        raise BadInput(f"{path}: {schema}, expected a passport of the schema {SCHEMA}; qualify again")
    try:
        return _read(str(place), said)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise BadInput(f"{path}: {type(error).__name__} {error}, expected a passport; qualify again") from error


def _read(place: str, said: Mapping[str, Any]) -> Passport:
    implementations = {printable(name, LONGEST): each for name, each in said["implementations"].items()}
    verdicts = {
        name: {str(Verdict(verdict)): int(number) for verdict, number in each["verdicts"].items()}
        for name, each in implementations.items()
    }
    ratios = {
        f"{name} {printable(dtype)}": float(largest["ratio"])
        for name, each in implementations.items()
        for dtype, largest in each["largest"].items() if largest["ratio"] is not None
    }  # fmt: skip
    return Passport(
        place, dict(flat("", said["environment"])), verdicts, ratios,
        {printable(name, LONGEST): printable(str(bits)) for name, bits in said["bits"].items()},
        [printable(f"{each['implementation']}: {each['words']}", LONGEST) for each in said["findings"]],
        {printable(f"{each['dtype']}, {each['tensor']}"): printable(str(each["words"]), LONGEST)
         for each in said["resolution"]},
        {printable(str(each["implementation"])): printable(str(each["words"]), LONGEST)
         for each in (said["products"] if said["schema"] == SCHEMA else [])},
    )  # fmt: skip


def compared(old: Passport, new: Passport) -> Compared:
    """Return what differs between two passports."""
    both = [name for name, bits in old.bits.items() if bits and new.bits.get(name)]
    worse = [name for name in new.verdicts if new.wrong(name) > old.wrong(name)]
    differ = [name for name in both if old.bits[name] != new.bits[name]]
    return Compared(old, new, facts(old.environment, new.environment), both, differ, worse)
