"""The words of two passports side by side: text of 80 columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from crosscheck.runs.passport import Compared, Passport

WIDTH = 80
SHOWN = 8  # lines of a part, unless all are asked for
FACTOR = 2.0  # a largest error is told that is so many times as large as before, or the reverse


def of_compared(it: Compared, everything: bool = False) -> str:
    """Return what differs; everything: all lines of each part."""
    lines = [f"old  {_of(it.old)}", f"new  {_of(it.new)}"]
    lines.append(
        f"{it.both:,} questions were asked of both: the bits of {len(it.bits):,} answers differ."
        if it.both
        else "No question was asked of both, so that nothing is known of the bits."
    )
    if it.worse:
        lines.append(f"Worse: {', '.join(it.worse)}.")
    for title, part in _parts(it):
        if part:
            lines += ["", f"{title} ({len(part)})", *_some(part, everything)]
    return "\n".join(line for each in lines for line in _wrapped(each))


def _of(it: Passport) -> str:
    counts = Counter[str]()
    for verdicts in it.verdicts.values():
        counts.update(verdicts)
    said = ", ".join(f"{number:,} {verdict}" for verdict, number in counts.items())
    return f"{it.place}: {said or 'no trial'}; {it.environment.get('processor', 'an unknown processor')}"


def _parts(it: Compared) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each part: its title and its lines."""
    names = dict.fromkeys([*it.old.verdicts, *it.new.verdicts])
    yield "Wrong trials", [
        f"{name}: {it.old.wrong(name)}, now {it.new.wrong(name)}"
        for name in names if it.old.wrong(name) != it.new.wrong(name)
    ]  # fmt: skip
    yield "Findings that came", [each for each in it.new.findings if each not in it.old.findings]
    yield "Findings that went", [each for each in it.old.findings if each not in it.new.findings]
    differ = Counter(name.split(" ", 2)[0] + ", " + name.split(" ", 2)[1] for name in it.bits)
    asked = Counter(
        name.split(" ", 2)[0] + ", " + name.split(" ", 2)[1]
        for name, bits in it.old.bits.items() if bits and it.new.bits.get(name)
    )  # fmt: skip
    yield "Other bits", [f"{name}: {number} of {asked[name]} answers" for name, number in differ.items()]
    yield (
        "Largest errors that moved, in units of the bound",
        [
            f"{name}: {old:.2g}, now {new:.2g}"
            for name, old in it.old.ratios.items()
            if (new := it.new.ratios.get(name)) is not None and max(old, new) >= FACTOR * min(old, new) and old != new
        ],
    )
    yield (
        "How small a fault is seen",
        [
            f"{name}: {words}; was {it.old.resolution[name].partition(': ')[2]}"
            for name, words in it.new.resolution.items()
            if name in it.old.resolution and it.old.resolution[name] != words
        ],
    )
    yield (
        "What products keep",
        [
            f"{name}: {words}; was {it.old.products[name]}"
            for name, words in it.new.products.items()
            if name in it.old.products and it.old.products[name] != words
        ],
    )
    yield "Environment", [f"{fact.name}: {fact.old or 'not there'}, now {fact.new or 'not there'}" for fact in it.facts]


def _some(lines: Sequence[str], everything: bool) -> list[str]:
    shown = lines if everything else lines[:SHOWN]
    more = [f"... and {len(lines) - len(shown)} more: -v shows all"] if len(lines) > len(shown) else []
    return [f"  {line}" for line in (*shown, *more)]


def _wrapped(line: str) -> list[str]:
    indent = "    " if line.startswith("  ") else "     "
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False) or [""]
