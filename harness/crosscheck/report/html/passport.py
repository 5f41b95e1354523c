"""The page of a passport: what was found, how small a fault would have been seen, the machine. SVG, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from crosscheck.core.failures import BAD, Verdict
from crosscheck.judge.evidence import Heat
from crosscheck.report.html.page import HERE, facts, frameworks
from crosscheck.report.words import SYMBOLS

CELL, GAP = 9, 14  # of the picture of bits: a bit, and between two rows
HEAT = 4  # of a cell of a heat map
Share: TypeAlias = tuple[str, str, int, str, float, float]  # dtype, tensor, bit, part, share in proof, and in noise


@dataclass(frozen=True)
class Bits:
    """A row of the picture: the bits of one kind of tensor in one dtype, the highest first."""

    name: str
    cells: Sequence[Mapping[str, Any]]
    width: int


@dataclass(frozen=True)
class Map:
    """A heat map: where in a tensor the errors lie."""

    words: str
    width: int
    height: int
    cells: Sequence[Mapping[str, Any]]


def page(
    data: Mapping[str, Any],
    shares: Sequence[Share],
    heats: Sequence[tuple[str, Heat | None]],
    resolution: Sequence[str],
) -> str:
    """Return the page of a passport, as `qualification.passport` makes it.

    heats: of wrong tensors, with words. resolution: how small a fault would have been seen, in sentences.
    """
    jinja = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = "".join((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "runs.css"))
    counts = {
        name: {str(verdict): each["verdicts"].get(str(verdict), 0) for verdict in Verdict}
        for name, each in data["implementations"].items()
    }
    wrong = sum(each[str(verdict)] for each in counts.values() for verdict in BAD)
    trials = data["run"]["trials"]
    title = f"{wrong:,} of {trials:,} trials are wrong" if wrong else f"None of {trials:,} trials is wrong"
    return jinja.get_template("passport.html").render(
        style=Markup(style), symbols=SYMBOLS, title=title, bad=bool(wrong), data=data, counts=counts,
        verdicts=[str(verdict) for verdict in Verdict if any(each[str(verdict)] for each in counts.values())],
        resolution=resolution, facts=facts(data["environment"]),
        frameworks=frameworks(data["environment"]), bits=rows_of(shares), cell=CELL,
        maps=[of_heat(words, heat) for words, heat in heats if heat is not None],
    )  # fmt: skip


def rows_of(shares: Sequence[Share]) -> list[Bits]:
    """Return the rows of the picture of bits; a cell is as dark as the share of its flips that is seen."""
    rows = []
    for dtype, tensor in dict.fromkeys((each[0], each[1]) for each in shares):
        those = sorted((each for each in shares if each[:2] == (dtype, tensor)), key=lambda each: -each[2])
        cells = [
            {"x": k * CELL, "proof": round(proof, 3), "noise": round(noise, 3),
             "words": f"bit {bit}, {part}: {100 * proof:.0f} % in proof, {100 * noise:.0f} % in noise"}
            for k, (_, _, bit, part, proof, noise) in enumerate(those)
        ]  # fmt: skip
        rows.append(Bits(f"{dtype}, {tensor}", cells, CELL * len(cells)))
    return rows


def of_heat(words: str, heat: Heat) -> Map:
    """Return a heat map: a cell is dark where a number lies outside its bound, light where all lie within."""
    cells = [
        {"x": k * HEAT, "y": line * HEAT, "wrong": ratio > 1}
        for line, ratios in enumerate(heat.ratios) for k, ratio in enumerate(ratios)
    ]  # fmt: skip
    width = max((len(line) for line in heat.ratios), default=0)
    return Map(
        f"{words}. {heat.tensor}, {heat.shape[0]} x {heat.shape[1]}", width * HEAT, len(heat.ratios) * HEAT, cells
    )
