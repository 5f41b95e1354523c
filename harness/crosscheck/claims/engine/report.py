"""The claims' tables: claims.csv for machines, claims.md and the pictures in claims/ for people."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from crosscheck_impls.interface import VARIANTS, BadInput

from crosscheck.claims import BY_NAME, CLAIMS, Claim, explanation
from crosscheck.claims.engine.run import Failure, installed
from crosscheck.core import files

if TYPE_CHECKING:
    from crosscheck.claims.engine.lab import Findings, Measured

HEADER = ("claim", "notes", "statement", "measured", *VARIANTS, "agreement", "verdict")
Line = dict[str, str]  # a line of claims.csv


def lines(claim: Claim, outcome: Findings | Failure) -> list[Line]:
    """Return a claim's lines: a failed one has one, with the reason."""
    if isinstance(outcome, Failure):
        words = {
            "claim": claim.name,
            "statement": claim.name,
            "notes": ", ".join(claim.notes),
            "verdict": f"failed: {outcome.reason}",
        }
        return [dict.fromkeys(HEADER, "") | words]
    return [
        {"claim": claim.name, "notes": row.notes, "statement": row.statement, "measured": row.measured}
        | {name: row.figures.get(name, "not run") for name in VARIANTS}
        | {"agreement": row.agreement, "verdict": row.verdict}
        for row in outcome.rows
    ]


def failed(line: Line) -> bool:
    """Return whether a line is no finding at all."""
    return line["verdict"].startswith("failed")


def read(path: Path) -> list[Line]:
    """Return the lines of an earlier run, of claims that there still are. Raises BadInput for another kind of file."""
    if files.wrong_with(path) == files.MISSING:
        return []
    try:
        with io.TextIOWrapper(files.opened(path, "a table of claims"), "utf-8", newline="") as text:
            lines_read = list(csv.DictReader(text))
    except (OSError, UnicodeError, csv.Error) as error:
        raise BadInput(f"{path}: not a table of claims ({error}); move it, or write elsewhere") from error
    if any(set(line) != set(HEADER) or None in line.values() for line in lines_read):
        raise BadInput(
            f"{path}: not a table of claims, expected the columns {', '.join(HEADER)}; move it, or write elsewhere"
        )
    return [line for line in lines_read if line["claim"] in BY_NAME]


def contents(folder: Path, fresh: Mapping[str, Findings | Failure]) -> dict[str, str]:
    """Return claims.csv, claims.md and the new pictures, by name; lines there of claims that did not run now stay."""
    kept = [line for line in read(folder / "claims.csv") if line["claim"] not in fresh]
    everything = in_order(kept + made(fresh))
    pictures = {
        f"claims/{name}{'-' if what else ''}{what}.svg": picture
        for name, outcome in fresh.items() if not isinstance(outcome, Failure)
        for what, picture in outcome.pictures.items()
    }  # fmt: skip
    there = {path.name for path in (folder / "claims").glob("*.svg")} | {Path(name).name for name in pictures}
    return {"claims.csv": as_csv(everything), "claims.md": markdown(everything, sorted(there)), **pictures}


def partial(fresh: Mapping[str, Findings | Failure]) -> dict[str, str]:
    """Return the table of a run that has not ended, by its name."""
    return {"claims.partial.csv": as_csv(made(fresh))}


def made(fresh: Mapping[str, Findings | Failure]) -> list[Line]:
    """Return the lines of the claims that ran."""
    return in_order(
        [line for name, outcome in fresh.items() for line in lines(BY_NAME.get(name, Claim(name, ())), outcome)]
    )


def checked(names: Collection[str]) -> Callable[[Measured], None]:
    """Return what raises for findings of another claim, or a picture that is no name of a file."""

    def check(each: Measured) -> None:
        pictures = () if isinstance(each.outcome, Failure) else each.outcome.pictures
        if each.claim not in names or not all(re.fullmatch(r"\w*", what) for what in pictures):
            raise ValueError(f"a claim or a picture that is not known: {each.claim}")

    return check


def in_order(table: Iterable[Line]) -> list[Line]:
    """Return lines in the order of the claims, unknown ones last."""
    order = [claim.name for claim in CLAIMS]
    return sorted(table, key=lambda line: order.index(line["claim"]) if line["claim"] in order else len(order))


def as_csv(table: Sequence[Line]) -> str:
    """Return lines as claims.csv has them."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return buffer.getvalue()


def summary(table: Sequence[Line]) -> str:
    """Return one sentence: how many hold."""
    kinds: dict[str, Callable[[str], bool]] = {
        "hold": lambda v: v == "holds",
        "hold under a condition": lambda v: v.startswith("holds when"),
        "do not hold": lambda v: v.startswith("does not hold"),
        "failed": lambda v: v.startswith("failed"),
    }
    counts = {kind: sum(test(line["verdict"]) for line in table) for kind, test in kinds.items()}
    return f"{len(table)} statements of the notes: {', '.join(f'{n} {kind}' for kind, n in counts.items() if n)}."


def cell(text: str) -> str:
    """Return a text that Markdown leaves alone."""
    for character in "|*_":
        text = text.replace(character, f"\\{character}")
    return text


def markdown(table: Sequence[Line], pictures: Sequence[str]) -> str:
    """Return claims.md: what does not simply hold first, then each claim with its table and picture."""
    frameworks = ", ".join(f"{name} {version(name)}" for name in installed())
    conditional = [line for line in table if line["verdict"] != "holds"]
    text = [
        "# The notes' claims, measured",
        "",
        summary(table),
        "",
        "Every figure comes from the run, in each framework, on identical arrays. Where the frameworks compute the "
        "same thing, `agreement` is the largest error of any of them in units of its error bound: at most 1 is what "
        "rounding can do. A training amplifies rounding, so that figures after it may differ; there the agreement is "
        "that of J, every gradient and one step at the same parameters. Everything but timings is the same on every "
        "run. `crosscheck claims --list` says what to change to try it yourself.",
        "",
        f"Run with {frameworks}, one core for each claim.",
        "",
    ]
    if conditional:
        text += ["## What does not simply hold", "", "| notes | statement | verdict |", "|---|---|---|"]
        text += [f"| {x['notes']} | {cell(x['statement'])} | {cell(x['verdict'])} |" for x in conditional] + [""]
    for claim in [
        *CLAIMS,
        *(Claim(name, ()) for name in dict.fromkeys(line["claim"] for line in table) if name not in BY_NAME),
    ]:
        mine = [line for line in table if line["claim"] == claim.name]
        if not mine:
            continue
        title = explanation(claim).split("\n", 1)[0].rstrip(".") if claim.name in BY_NAME else claim.name
        columns = ("statement", "measured", *VARIANTS, "agreement", "verdict")
        text += [f"## {claim.name}", "", cell(title) + ".", ""]
        text += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
        text += ["| " + " | ".join(cell(line[column]) for column in columns) + " |" for line in mine] + [""]
        text += [
            f"![{claim.name}](claims/{name})\n" for name in pictures if name.split(".")[0].split("-")[0] == claim.name
        ]
    return "\n".join(text).rstrip("\n") + "\n"


def show(table: Sequence[Line]) -> None:
    """Print the table, a line for each framework whose figure is its own, then one sentence."""
    from rich.console import Console
    from rich.markup import escape

    from crosscheck.report.screen import WIDTH

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    colours = {"holds": "green", "holds when": "cyan", "does not hold": "yellow", "failed": "bold red"}
    for line in table:
        colour = next(c for words, c in reversed(colours.items()) if line["verdict"].startswith(words))
        console.print(
            f"[bold]{line['notes']}[/] {escape(line['statement'])} [{colour}]{escape(line['verdict'])}",
            soft_wrap=True,
            highlight=False,
        )
        if line["measured"]:
            console.print(f"    {escape(line['measured'])}", soft_wrap=True, highlight=False, style="dim")
        figures: dict[str, list[str]] = {}
        for name in VARIANTS:
            figures.setdefault(line[name], []).append(name)
        for figure, names in figures.items():
            if figure:
                console.print(f"    {', '.join(names)}: {escape(figure)}", soft_wrap=True, highlight=False)
        if line["agreement"]:
            console.print(f"    agreement: {escape(line['agreement'])}", soft_wrap=True, highlight=False)
    console.print(summary(table), soft_wrap=True)
