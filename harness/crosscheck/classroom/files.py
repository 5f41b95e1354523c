"""The files of a class: grades.csv, a page of feedback for each student, and what other graders read."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from crosscheck.classroom.groups import cause_of
from crosscheck.classroom.judging import NOT_JUDGED, Graded
from crosscheck.classroom.marks import marks, total
from crosscheck.classroom.submissions import PROGRAMS, file_name, shown
from crosscheck.classroom.weights import Weights
from crosscheck.grading.facts import PREDICTIONS, TRAINING

GRADES, PAGE = "grades.csv", "index.html"
NBGRADER = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
    "late_submission_penalty", "score", "max_score",
)  # fmt: skip


def contents(everyone: Sequence[Graded], by: Weights, assignment: str) -> dict[str, str]:
    """Return all files but the page, by name."""
    names = unique(everyone)
    files = {
        GRADES: grades(everyone, by),
        "nbgrader.csv": nbgrader(everyone, by, assignment),
        "final_grades.csv": otter(everyone, by),
    }
    for graded, name in zip(everyone, names, strict=True):
        files[f"feedback/{name}.md"] = feedback(graded, by)
        files[f"gradescope/{name}/results.json"] = gradescope(graded, by)
    return files


def unique(everyone: Sequence[Graded]) -> list[str]:
    """Return a name for each one's files, no two the same, also where upper and lower case are."""
    names: list[str] = []
    taken = set[str]()
    for graded in everyone:
        plain = name = file_name(graded.submission.name)
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def student(graded: Graded) -> str:
    """Return the name that a student is known by: the file's or the folder's, without its ending."""
    name = graded.submission.name
    return name.rpartition(".")[0] if name.endswith(PROGRAMS) else name


def parts_of(everyone: Iterable[Graded]) -> list[str]:
    """Return the names of all parts that anybody has, in the notes' order."""
    found = {name for graded in everyone for name in graded.parts}
    tensors = [name for name in found if name not in ("J", TRAINING, PREDICTIONS)]
    inner = sorted(tensors, key=lambda name: (re.sub(r"\D", "", name).zfill(4), "b" in name, name))
    return [name for name in ("J", *inner, TRAINING, PREDICTIONS) if name in found]


def grades(everyone: Sequence[Graded], by: Weights) -> str:
    """Return grades.csv; a part that was not asked has an empty cell."""
    parts = parts_of(everyone)
    rows = []
    for graded in everyone:
        given = marks(graded, by)
        rows.append([
            shown(graded.submission.name), graded.verdict,
            *(_number(given[name].got) if name in given else "" for name in parts),
            _number(total(graded, by)), _number(by.points), graded.first, cause_of(graded),
            f"{graded.seconds:.1f}", graded.answers, graded.submission.source,
        ])  # fmt: skip
    header = ["file", "verdict", *parts, "total", "of", "wrong first", "cause", "seconds", "answers", "program"]
    return _csv(header, rows)


def otter(everyone: Sequence[Graded], by: Weights) -> str:
    """Return final_grades.csv as `otter grade` writes it: the file, the points of each question; and their sum."""
    parts = parts_of(everyone)
    rows = []
    for graded in everyone:
        given = marks(graded, by)
        points = [_number(given[name].got) if name in given else "" for name in parts]
        share = total(graded, by) / by.points
        rows.append([shown(graded.submission.name), *points, _number(total(graded, by)), f"{share:.4g}"])
    return _csv(["file", *parts, "total", "percent_correct"], rows)


def nbgrader(everyone: Sequence[Graded], by: Weights, assignment: str) -> str:
    """Return the table that `nbgrader export` writes; what we do not know of a student is empty."""
    rows = [
        [shown(assignment), "", "", shown(student(graded)), "", "", "", _number(total(graded, by)), "0",
         _number(total(graded, by)), _number(by.points)]
        for graded in everyone
    ]  # fmt: skip
    return _csv(NBGRADER, rows)


def gradescope(graded: Graded, by: Weights) -> str:
    """Return one student's results.json: a test for each part."""
    said: dict[str, Any] = {
        "score": round(total(graded, by), 4),
        "execution_time": round(graded.seconds, 2),
        "output": fenced(graded.text),
        "output_format": "md",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [
            {
                "name": name,
                "score": round(mark.got, 4),
                "max_score": round(mark.of, 4),
                "status": "passed" if mark.got == mark.of else "failed",
                "output": _right_on(graded, name),
                "visibility": "visible",
            }
            for name, mark in marks(graded, by).items()
        ]
        or [{"name": "verdict", "score": 0.0, "max_score": by.points, "status": "failed", "output": cause_of(graded)}],
    }
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def feedback(graded: Graded, by: Weights) -> str:
    """Return one student's page, in Markdown."""
    lines = [f"# {_escaped(graded.submission.name)}", ""]
    if graded.verdict == NOT_JUDGED:
        lines += ["**Not judged**, which is no grade: somebody has to look at it.", "", fenced(graded.text), ""]
        return "\n".join(lines)
    lines += [
        f"**{graded.verdict[0].upper()}{graded.verdict[1:]}**, {_number(total(graded, by))} of {by.points:g} points.",
        "",
    ]
    if given := marks(graded, by):
        lines += ["| part | points | of | right |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {_number(mark.got)} | {_number(mark.of)} | {_right_on(graded, name)} |"
            for name, mark in given.items()
        ]
        lines.append("")
    return "\n".join([*lines, fenced(graded.text), ""])


def fenced(text: str) -> str:
    """Return a text between fences that it does not hold itself."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _right_on(graded: Graded, name: str) -> str:
    part = graded.parts.get(name)
    if part is None:
        return "not handed in"
    return f"on {part.right} of {part.asked} problem{'s' if part.asked != 1 else ''}"


def _escaped(name: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~-])", r"\\\1", shown(name))


def _number(value: float) -> str:
    """Return points with two digits after the point at most.

    >>> _number(2.0), _number(1 / 3)
    ('2', '0.33')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
