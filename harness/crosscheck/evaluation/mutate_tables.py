"""The tables of the mutants of source: mutate.csv for machines, mutate.md for people, and what is equivalent, with why.

The last is written by hand: a line for each mutant that computes the same, by its name, which stays when lines move.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from crosscheck_impls.interface import BadInput

from crosscheck.core.files import write
from crosscheck.evaluation.mutate import Outcome, Result
from crosscheck.mutation.source.changes import Key
from crosscheck.mutation.source.operators import OPERATORS
from crosscheck.report.tables import table

FILES = ("mutate.csv", "mutate.md")
COLUMNS = (
    "implementation", "outcome", "by", "variant", "problem", "dtype", "asked", "same", "operator", "line", "file",
    "function", "before", "after", "nth", "why",
)  # fmt: skip
SHOWN = 5  # survivors on the screen


def read_why(path: Path | None) -> dict[Key, str]:
    """Return why some mutants compute the same, from a .csv with file, function, before, after, nth, why.

    Raises BadInput for another file, a mutant that stands there twice, or one without a reason.
    """
    if path is None:
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeError, csv.Error) as error:
        raise BadInput(f"{path}: {error}, expected a .csv", parameter="equivalent") from error
    why: dict[Key, str] = {}
    for number, line in enumerate(lines, start=2):
        missing = [name for name in (*Key._fields, "why") if line.get(name) is None]
        if missing or not line["nth"].isdecimal() or not line["why"].strip():
            expected = f"the columns {', '.join((*Key._fields, 'why'))}, and a reason in each line"
            raise BadInput(f"{path}, line {number}: expected {expected}", parameter="equivalent")
        key = Key(line["file"], line["function"], line["before"], line["after"], int(line["nth"]))
        if key in why:
            raise BadInput(f"{path}, line {number}: {key.after}: stands there twice", parameter="equivalent")
        why[key] = line["why"].strip()
    return why


def as_csv(results: Sequence[Result]) -> str:
    """Return mutate.csv: a line for each mutant."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for r in results:
        record = {name: str(getattr(r, name)) for name in COLUMNS if hasattr(r, name)}
        change = r.change
        writer.writerow(record | change.key._asdict() | {"operator": change.operator, "line": change.line})
    return text.getvalue()


def summary(results: Sequence[Result]) -> list[str]:
    """Return the findings, a sentence for each implementation."""
    lines = []
    for name in dict.fromkeys(r.implementation for r in results):
        these = [r for r in results if r.implementation == name]
        counts = Counter(r.outcome for r in these)
        living = len(these) - counts[Outcome.EQUIVALENT]
        words = [f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]]
        share = f"{100 * (living - counts[Outcome.SURVIVED]) / living:.1f} %" if living else "none"
        lines.append(f"{name}: {len(these)} mutants: {', '.join(words)}. Seen of those not equivalent: {share}.")
    return lines


def checks(results: Sequence[Result]) -> str:
    """Return what caught them, in words."""
    counts = Counter(r.by for r in results if r.outcome in (Outcome.KILLED, Outcome.SUSPECT))
    return ", ".join(f"{number} by {check}" for check, number in counts.most_common())


def survivors(results: Sequence[Result], everything: bool) -> list[str]:
    """Return the mutants that live, or are only suspect, as lines for a screen of 80 columns."""
    those = [r for r in results if r.outcome in (Outcome.SURVIVED, Outcome.SUSPECT)]
    lines: list[str] = []
    for r in those if everything else those[:SHOWN]:
        key = r.change.key
        where = f"{key.file}:{r.change.line}" + (f" in {key.function}" if key.function else "")
        said = f"{r.by} on {r.problem}, {r.dtype}" if r.by else asked(r)
        lines += [f"{r.outcome}: {where}; {said}", f"  - {key.before}", f"  + {key.after}"]
    if len(those) > SHOWN and not everything:
        lines.append(f"... and {len(those) - SHOWN} more, in {FILES[1]}; -v shows all")
    return lines


def asked(result: Result) -> str:
    """Return in words what a mutant that lives was asked."""
    if not result.asked:
        return "nothing runs this line"
    same = f", {result.same} of them with the original's own bits" if result.same else ""
    return f"passes all {result.asked} cases{same}" if result.asked > 1 else "passes"


def markdown(results: Sequence[Result], how: str) -> str:
    """Return mutate.md; how: the sample, in words."""
    names = list(dict.fromkeys(r.implementation for r in results))
    lines = ["# Mutants of the source", "", *(f"- {line}" for line in summary(results)), "", how, ""]
    lines += [
        "Each mutant changes one place of the source. `bound`: J or a gradient lies outside the proved error bound; "
        "`steps`: a step of `fit` does; `labels`, `promises`, `error`, `import`: what must be exact is not; `time`, "
        "`memory`, `crash`: its process did not end well; `conformance`: a test of the conformance suite. A mutant "
        "that survives has passed all of them; an equivalent one has a reason, written by hand.",
        "",
    ]
    for name in names:
        these = [r for r in results if r.implementation == name]
        lines += [f"## {name}", "", f"Seen: {checks(these)}.", "", *_by_operator(these), ""]
        alive = [r for r in these if r.outcome is not Outcome.KILLED]
        if alive:
            header = ["where", "was", "is", "", "why"]
            rows = (
                [f"{r.change.key.file}, {r.change.key.function or 'module'}", _code(r.change.key.before),
                 _code(r.change.key.after), str(r.outcome), r.why or r.by or asked(r)]
                for r in alive
            )  # fmt: skip
            lines += [*table(header, rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def _code(text: str) -> str:
    return f"`{text}`"


def _by_operator(results: Sequence[Result]) -> list[str]:
    rows: list[list[object]] = []
    for operator in OPERATORS:
        these = [r for r in results if r.change.operator == operator]
        if these:
            counts = Counter(r.outcome for r in these)
            words = (OPERATORS[operator].__doc__ or "").rstrip(".")
            rows.append([operator, words, len(these), *(counts[outcome] or "" for outcome in Outcome)])
    return table(["operator", "what it does", "mutants", *Outcome], rows)


def save(folder: Path, results: Sequence[Result], how: str) -> None:
    """Write the two files."""
    for name, content in zip(FILES, (as_csv(results), markdown(results, how)), strict=True):
        write(folder / name, content)


def unused(why: Mapping[Key, str], population: Sequence[Key]) -> list[Key]:
    """Return the keys that no mutant of the mutated files has any more."""
    files = {key.file for key in population}
    return [key for key in why if key.file in files and key not in set(population)]
