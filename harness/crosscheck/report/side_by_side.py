"""The words of two runs side by side, and of many: text of 80 columns, on one screen unless all is asked for."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from crosscheck.core.failures import Verdict
from crosscheck.runs.difference import Difference, Fact, Moved, Pair
from crosscheck.runs.many import Merged, Place
from crosscheck.runs.table import Key, Run

WIDTH = 80
SHOWN, MOST = 5, 14  # things of a part, and lines that they take, unless all are asked for
UNIT = "in units of the usual rounding noise"


class Part(NamedTuple):
    """A part of the answer: its title, how many rows it is about, and its lines, of which a screen shows the first."""

    title: str
    rows: int
    lines: Sequence[str]


class Said(NamedTuple):
    """What is said of a row: something before the implementation's name, and after it, and below; rows are put together
    of which the same is said.
    """

    key: Key
    before: str = ""
    after: str = ""
    below: str = ""


def part(title: str, said: Sequence[Said]) -> Part:
    """Return what is said of rows, one line for those of one implementation and dtype of which the same is said.

    >>> part("went", [Said(Key(problem, "numpy/fast", "float64", "cpu")) for problem in ("kink", "iris")])
    Part(title='went', rows=2, lines=['numpy/fast, float64, 2 problems: kink, iris'])
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for key, before, after, below in said:
        name = f"{key.implementation}, {key.dtype}" + ("" if key.device == "cpu" else f", {key.device}")
        alike.setdefault((before, name, after, below), []).append(key.problem)
    lines = []
    for (before, name, after, below), problems in alike.items():
        number = f", {len(problems)} problems: " if problems[1:] else " on "
        lines.append(f"{before}{name}{after}{number}{', '.join(problems)}" + (f"\n{below}" if below else ""))
    return Part(title, len(said), lines)


# ---------------------------------------------------------------- two runs


def of_difference(it: Difference, everything: bool = False) -> str:
    """Return what differs as text; everything: all lines, and each in full."""
    head = [f"old  {of_run(it.old)}", f"new  {of_run(it.new)}", summary(it), bits_sentence(it)]
    return _text(head, difference_parts(it), everything)


def of_run(run: Run) -> str:
    """Return a run in words: where it lies, how large it is, when and where it ran."""
    return ", ".join(filter(None, (f"{run.place}: {of_rows(len(run.lines))}", run.date, run.host)))


def of_rows(number: int) -> str:
    """Return a number of rows in words.

    >>> of_rows(1), of_rows(1071)
    ('1 row', '1,071 rows')
    """
    return f"{number:,} row{'s' * (number != 1)}"


def summary(it: Difference) -> str:
    """Return in one sentence how many rows changed."""
    causes, moved = sum(pair.cause for pair in it.pairs), sum(bool(pair.moved) for pair in it.pairs)
    same = sum(not pair.changed for pair in it.pairs)
    total = len(it.pairs) + len(it.came) + len(it.went)
    if same == total:
        return f"No verdict, cause or error differs in {of_rows(total)}."
    counts = {
        "worse": it.worse, "better": it.better, "with another cause": causes, "with an error that moved": moved,
        "with other bits": sum(pair.bits for pair in it.pairs),
        "came": len(it.came), "went": len(it.went), "the same": same,
    }  # fmt: skip
    return f"{of_rows(total)}: {', '.join(f'{number:,} {what}' for what, number in counts.items() if number)}."


def bits_sentence(it: Difference) -> str:
    """Return what is known of the bits, and whether the verdicts of those that changed did."""
    changed = [pair for pair in it.pairs if pair.bits]
    if not it.both_bits:
        return "Bits: not known, no row has them in both tables."
    if not changed:
        return f"Bits: the same wherever both tables have them, {of_rows(it.both_bits)}."
    verdicts = sum(pair.verdict for pair in changed)
    also = f"{verdicts:,} of these have another verdict" if verdicts else "the verdict of each of these is the same"
    return f"Bits: other ones in {len(changed):,} of {of_rows(it.both_bits)}; {also}."


def difference_parts(it: Difference) -> list[Part]:
    """Return what changed, the gravest first."""
    pairs = it.pairs
    return [
        part("verdict", [_of_verdict(pair) for pair in pairs if pair.verdict]),
        part("came", [Said(line.key, after=f": {line.verdict}", below=line.cause) for line in it.came]),
        part("went", [Said(line.key, after=f": {line.verdict}") for line in it.went]),
        part("cause", [_of_cause(pair) for pair in pairs if pair.cause]),
        part(f"error moved by more than 1, {UNIT}",
             [Said(pair.new.key, after=f": {of_moved(pair.moved)}") for pair in pairs if pair.moved]),
        part("bits", [Said(pair.new.key) for pair in pairs if pair.bits]),
        part("other data: bits and errors are not compared", [Said(pair.new.key) for pair in pairs if pair.data]),
        Part("environment", len(it.facts), list(map(of_fact, it.facts))),
    ]  # fmt: skip


def _of_verdict(pair: Pair) -> Said:
    old, new = pair.old, pair.new
    cause = new.cause or (f"was: {old.cause}" if old.cause else "")
    return Said(new.key, "worse   " if pair.worse else "better  ", f": {old.verdict} -> {new.verdict}", cause)


def _of_cause(pair: Pair) -> Said:
    old, new = (line.cause or "none" for line in (pair.old, pair.new))
    return Said(pair.new.key, after=f": {pair.new.verdict}", below=f"was: {old}\nis:  {new}")


def of_moved(moved: Iterable[Moved]) -> str:
    """Return errors that moved.

    >>> of_moved([Moved("dW", 0.2, 3.14159)])
    'dW 0.2 -> 3.1'
    """
    return ", ".join(f"{group} {old:.2g} -> {new:.2g}" for group, old, new in moved)


def of_fact(fact: Fact) -> str:
    """Return a part of the environment that changed."""
    old, new = ("not said" if value is None else value or "nothing" for value in (fact.old, fact.new))
    return f"{fact.name}: {old} -> {new}"


# ---------------------------------------------------------------- many runs


def of_merged(it: Merged, everything: bool = False, what: str = "run") -> str:
    """Return which runs, or hosts, and which rows stand out, as text."""
    odd = it.odd
    rows = f"{len(it.hosts)} {what}{'s' * (len(it.hosts) != 1)}, {of_rows(len(it.places))}"
    known = f"bits known of {it.with_bits:,}" if it.with_bits else "bits not known"
    head = [f"{rows}, {known}: {of_rows(len(odd))} stand{'s' * (len(odd) == 1)} out."]
    standing = [host for host in it.hosts if host.verdicts or host.bits]
    others = [host for host in it.hosts if host not in standing]
    parts = [
        Part(f"{what}s that differ from most, or have no majority to differ from", len(standing),
             [f"{h.name}: {h.verdicts:,} of {h.rows:,} verdicts, the bits of {of_rows(h.bits)}" for h in standing]),
        Part(f"{what}s as most are", len(others), [f"{host.name}: {of_rows(host.rows)}" for host in others]),
        part("verdicts", [_of_place(place, it) for place in odd if place.verdict]),
        part("bits alone", [Said(place.line.key, f"{place.name}: ") for place in odd if not place.verdict]),
    ]  # fmt: skip
    return _text(head, parts, everything)


def _of_place(place: Place, it: Merged) -> Said:
    usual, _ = it.usual[place.line.key]
    most = "most" if place.line.verdict is not Verdict.FAILED else "most that did not fail"
    most = f"{most} say {usual}" if usual else "there is no majority"
    return Said(place.line.key, f"{place.name}: ", f": {place.line.verdict}, {most}", place.line.cause)


def standing_out(place: Place) -> str:
    """Return in what a row stands out, for the table: `verdict`, `bits`, both, or nothing."""
    return " and ".join(name for name, odd in (("verdict", place.verdict), ("bits", place.bits)) if odd)


# ---------------------------------------------------------------- the screen


def _text(head: Iterable[str], parts: Iterable[Part], everything: bool) -> str:
    lines = [line for each in head for line in textwrap.wrap(each, WIDTH, subsequent_indent="     ")]
    hidden = False
    for title, rows, of_part in parts:
        if not of_part:
            continue
        lines += ["", f"{title} ({rows:,})"]
        shown = [_wrapped(each, everything) for each in of_part]
        if not everything:
            fit = sum(total <= MOST for total in itertools.accumulate(map(len, shown[:SHOWN])))
            shown = shown[: max(1, fit)]
            hidden |= len(shown) < len(of_part) or any(each[0].endswith("...") for each in shown)
        lines += itertools.chain.from_iterable(shown)
        if more := len(of_part) - len(shown):
            lines.append(f"  and {more:,} more like these")
    if hidden:
        lines += ["", "-v shows all of it."]
    return "\n".join(lines)


def _wrapped(each: str, everything: bool) -> list[str]:
    """Return the lines of one thing that is said: what it is about, cut unless all is asked for, and its causes."""
    first, *causes = each.split("\n")
    first = f"  {first}"
    below = [textwrap.wrap(cause, WIDTH, initial_indent=" " * 10, subsequent_indent=" " * 12) for cause in causes]
    return [first if everything else fitted(first), *itertools.chain.from_iterable(below)]


def fitted(line: str) -> str:
    """Return the beginning of a line that is too long, up to a blank where there is one.

    >>> fitted("kink-2layer-relu, " * 6)
    'kink-2layer-relu, kink-2layer-relu, kink-2layer-relu, kink-2layer-relu, ...'
    """
    if len(line) <= WIDTH:
        return line
    room = line[: WIDTH - 3]
    whole = room[: room.rfind(" ") + 1]
    return (whole if len(whole) > WIDTH * 3 // 4 else room) + "..."
