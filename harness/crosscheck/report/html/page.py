"""The page: its data, prepared as plain dataclasses, and its one file, for which Jinja2 escapes whatever is text.

The rows lie in the page as JSON and are drawn by its own script, the details of one when it is asked for. A policy in
the page's head lets a browser run that script and no other, and load nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from crosscheck.core.failures import BAD, Verdict
from crosscheck.judge.evidence import Background
from crosscheck.report.html.entries import Entry, short
from crosscheck.report.html.sections import Section
from crosscheck.report.words import MEANING, SYMBOLS
from crosscheck.runner.spread import Spread, is_team

HERE = Path(__file__).parent
SCRIPTS = ("draw.js", "cell.js", "page.js")
GRAVEST = (
    Verdict.FAILED, Verdict.DISAGREES, Verdict.SUSPECT, Verdict.UNDEFINED, Verdict.CONVENTION, Verdict.NOT_RUN,
)  # fmt: skip
LOUD = (*BAD, Verdict.SUSPECT)
FINDINGS = 12  # that are shown at once
ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@dataclass(frozen=True)
class Finding:
    """Rows that do not agree for one reason: the first of them and its number, and what all of them are about."""

    entry: Entry
    number: int
    rows: int
    problems: int
    implementations: Sequence[str]

    @property
    def wrong(self) -> bool:
        """Whether somebody has to look at it."""
        return self.entry.verdict in LOUD


@dataclass(frozen=True)
class Report:
    """All that a page is made of. note: what there is not, and why. sections: those of other tables.

    hosts: those of a fleet, where the rows are of one.
    """

    entries: Sequence[Entry]
    backgrounds: Mapping[tuple[str, str], Background]
    environment: Mapping[str, Any]
    sections: Sequence[Section] = ()
    note: str = ""
    hosts: Section | None = None


def render(report: Report) -> str:
    """Return the file."""
    script = "\n".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    jinja = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    counts = Counter(entry.verdict for entry in report.entries)
    return jinja.get_template("page.html").render(
        title=title(report.entries),
        bad=any(counts[verdict] for verdict in BAD),
        counts=[(verdict, counts[verdict], SYMBOLS[verdict], MEANING[verdict]) for verdict in Verdict],
        total=len(report.entries),
        findings=findings(report.entries),
        shown=FINDINGS,
        symbols=SYMBOLS,
        facts=facts(report.environment),
        frameworks=frameworks(report.environment),
        sections=report.sections,
        hosts=report.hosts,
        note=report.note,
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        script=Markup(script),
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        index=as_json(index(report)),
        details=as_json([entry.detail for entry in report.entries]),
    )


def as_json(data: Any) -> Markup:
    """Return data as JSON that may stand in a script element: no text in it can end that.

    >>> print(as_json(["</script>"]))
    ["\\u003c/script\\u003e"]
    """
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.translate(ESCAPES).encode(errors="backslashreplace").decode())


def title(entries: Sequence[Entry]) -> str:
    """Return in one sentence how it went.

    >>> title([Entry("kink", "numpy/fast", "float64", "cpu", Verdict.AGREES, 0.2, "J", "", "")])
    'The only comparison agrees with the oracle.'
    """
    counts = Counter(entry.verdict for entry in entries)
    total, bad = len(entries), [entry for entry in entries if entry.verdict in BAD]
    if bad:
        said = " and ".join(
            f"{counts[v]} {v if v is Verdict.FAILED or counts[v] == 1 else 'disagree'}" for v in BAD if counts[v]
        )
        those = sorted({entry.implementation for entry in bad})
        where = those[0] if len(those) == 1 else f"{len(those)} implementations"
        problems = len({entry.problem for entry in bad})
        of = f"of {total:,} comparisons" if total > 1 else "of 1 comparison"
        return f"{said} {of}: {where} on {problems} problem{'s' if problems > 1 else ''}."
    others = {verdict: counts[verdict] for verdict in GRAVEST if counts[verdict]}
    if not others:
        every = f"All {total:,} comparisons agree" if total > 1 else "The only comparison agrees"
        return f"{every} with the oracle."
    words = ", ".join(f"{number:,} {_plural(verdict, number)}" for verdict, number in others.items())
    return f"Nothing disagrees: {counts[Verdict.AGREES]:,} of {total:,} comparisons agree, {words}."


def _plural(verdict: Verdict, number: int) -> str:
    words = {
        Verdict.CONVENTION: "differ by a declared convention" if number > 1 else "differs by a declared convention",
        Verdict.UNDEFINED: "are undefined" if number > 1 else "is undefined",
        Verdict.SUSPECT: "are suspect" if number > 1 else "is suspect",
        Verdict.NOT_RUN: "did not run",
    }
    return words.get(verdict, str(verdict))


def findings(entries: Sequence[Entry]) -> list[Finding]:
    """Return what does not agree, one finding for the rows of one reason, the gravest first.

    What is wrong is a finding for each implementation.
    """
    alike: dict[tuple[Verdict, str, str], list[int]] = {}
    for number, entry in enumerate(entries):
        if entry.verdict is not Verdict.AGREES:
            whose = entry.implementation if entry.verdict in LOUD else ""
            alike.setdefault((entry.verdict, whose, entry.kind), []).append(number)
    found = [
        Finding(
            entries[those[0]], those[0], len(those), len({entries[k].problem for k in those}),
            list(dict.fromkeys(entries[k].implementation for k in those)),
        )
        for those in alike.values()
    ]  # fmt: skip
    return sorted(found, key=lambda each: (GRAVEST.index(each.entry.verdict), each.number))


def index(report: Report) -> dict[str, Any]:
    """Return what the matrix shows, and what the details of all rows have in common."""
    entries = report.entries
    problems = list(dict.fromkeys(entry.problem for entry in entries))
    names = list(dict.fromkeys(entry.implementation for entry in entries))
    dtypes = sorted({entry.dtype for entry in entries}, reverse=True)
    verdicts = list(Verdict)
    places = [{name: k for k, name in enumerate(each)} for each in (problems, names, dtypes, verdicts)]
    rows = [
        [*(p[x] for p, x in zip(places, (e.problem, e.implementation, e.dtype, e.verdict), strict=True)),
         short(e.ratio, 3), e.tensor]
        for e in entries
    ]  # fmt: skip
    return {
        "problems": problems, "implementations": names, "dtypes": dtypes,
        "verdicts": [[v, SYMBOLS[v], MEANING[v]] for v in verdicts], "rows": rows,
        "commands": list(map(shlex.quote, problems)),
        "names": list(map(shlex.quote, as_given(names, report.environment))),
        "options": options(report.environment),
        "backgrounds": {f"{problem} {dtype}": seen(b) for (problem, dtype), b in report.backgrounds.items()},
    }  # fmt: skip


def seen(background: Background) -> dict[str, Any]:
    """Return what the script draws of a problem: its network, and its cost curve."""
    network = background.network
    return {
        "n": network.n, "g": network.g, "loss": network.loss, "m": background.examples,
        "alpha": short(background.alpha), "iterations": background.iterations, "at": background.at,
        "oracle": [short(J, 5) for J in background.oracle], "ulp": [short(x, 3) for x in background.ulp],
    }  # fmt: skip


def as_given(names: Sequence[str], environment: Mapping[str, Any]) -> list[str]:
    """Return implementations as `--impl` was given them: the file that one was read from, with the variant if needed.

    >>> asked = {"settings": {"asked": {"words": ["--impl=./models/net.py", "--impl=torch"]}}}
    >>> as_given(["net/gradients", "torch/by_hand"], asked)
    ['./models/net.py', 'torch/by_hand']
    >>> as_given(["net/gradients", "net/fast"], asked)
    ['./models/net.py/gradients', './models/net.py/fast']
    >>> as_given(["torch*3/ddp", "jax@2/grid"], {})
    ['torch/ddp --processes 3', 'jax/grid --processes 2']
    """
    asked = _mapping(_mapping(environment.get("settings")).get("asked")).get("words")
    words = [str(word).removeprefix("--impl=") for word in asked] if isinstance(asked, list) else []
    files = {word[: word.rindex(".py") + 3] for word in words if ".py" in word and not word.startswith("-")}
    by_module = {Path(file).stem: file for file in files}
    whose = [name.rpartition("/")[0] for name in names]
    given = []
    for name, module in zip(names, whose, strict=True):
        spread, variant = Spread.of(module), name.rpartition("/")[2]
        file = by_module.get(spread.framework.rpartition(".")[2])
        alone = file in words and whose.count(module) == 1
        word = f"{spread.framework}/{variant}" if file is None else file if alone else f"{file}/{variant}"
        given.append(f"{word} --processes {max(spread[1:])}" if is_team(module) else word if file else name)
    return given


OPPOSITES = {"rows": "--columns"}  # the options whose opposite is not --no-...


def options(environment: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that repeat a run: those of the problems, and the device if it is not the CPU."""
    settings = _mapping(environment.get("settings"))
    given = _mapping(settings.get("options"))
    words = [word for name, value in given.items() for word in typed(name, value)]
    if settings.get("device", "cpu") != "cpu":
        words.append(f"--device {shlex.quote(str(settings['device']))}")
    return {"words": " ".join(words), "data": str(given.get("data", ""))}


def typed(name: str, value: Any) -> list[str]:
    """Return an option as it is typed. A switch is true or false, a list an option for each of its values."""
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [option if value else OPPOSITES.get(name, f"--no-{name}")]
    return [f"{option} {shlex.quote(str(each))}" for each in (value if isinstance(value, list) else [value])]


def facts(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the machine and the run were, by name."""
    plain = {name: value for name, value in environment.items() if name not in ("frameworks", "settings")}
    plain["device"] = _mapping(environment.get("settings")).get("device")
    return [(name, _words(value)) for name, value in plain.items() if value not in (None, "", {}, [])]


def frameworks(environment: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what each framework says of itself: versions, device, threads, switches."""
    abouts = _mapping(environment.get("frameworks"))
    return [
        (str(name), [(str(what), _words(value)) for what, value in _mapping(about).items()])
        for name, about in abouts.items()
    ]


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return {True: "yes", False: "no", None: "none"}[value] if value is None or isinstance(value, bool) else str(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
