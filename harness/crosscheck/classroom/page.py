"""The page of a class: who is right, who made the same mistake, who has the same program; one file, for a browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from crosscheck.classroom.files import parts_of
from crosscheck.classroom.groups import by_cause, cause_of, same_answers, same_program
from crosscheck.classroom.judging import NOT_JUDGED, Graded
from crosscheck.classroom.marks import marks, total
from crosscheck.classroom.weights import Weights

TEMPLATE = Path(__file__).with_name("page.html")


def page(everyone: Sequence[Graded], by: Weights, title: str, protections: str) -> str:
    """Return the page. protections: the words for the sandbox."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["points"] = lambda value: f"{value:.2f}".rstrip("0").rstrip(".")
    parts = parts_of(everyone)
    right = sum(graded.right for graded in everyone)
    lost = sum(graded.verdict == NOT_JUDGED for graded in everyone)
    totals = sorted(total(graded, by) for graded in everyone)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=title,
        everyone=everyone,
        places={id(graded): f"report-{k}" for k, graded in enumerate(everyone, 1)},
        id=id,
        parts=parts,
        counts={"right": right, "wrong": len(everyone) - right - lost, NOT_JUDGED: lost},
        median=totals[len(totals) // 2] if totals else 0.0,
        points=by.points,
        whole=Counter(name for graded in everyone for name, part in graded.parts.items() if part.whole),
        asked=Counter(name for graded in everyone for name in graded.parts),
        proved=[group for group in by_cause(everyone) if group.proved],
        others=[group for group in by_cause(everyone) if not group.proved],
        programs=same_program(everyone),
        answers=same_answers(everyone),
        cause_of=cause_of,
        total=lambda graded: total(graded, by),
        marks=lambda graded: marks(graded, by),
        protections=protections,
    )
