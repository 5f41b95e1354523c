"""The words of two passports side by side: text of 80 columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from crosscheck.runs.passport import Compared, Passport

WIDTH = 80
SHOWN = 8  # lines of a part, unless all are asked for
NAMES = {"frameworks.numpy.kernels": "NumPy's BLAS", "frameworks.numpy.blas": "NumPy's BLAS as built"}
FACTOR = 2.0  # a largest error is told that is so many times as large as before, or the reverse


def of_compared(it: Compared, everything: bool = False) -> str:
    """Return what differs; everything: all lines of each part."""
    lines = [f"old  {_of(it.old)}", f"new  {_of(it.new)}", _verdicts(it), _bits(it)]
    for title, part in _parts(it):
        if part:
            lines += ["", f"{title} ({len(part)})", *_some(part, everything)]
    return "\n".join(line for each in lines for line in _wrapped(each))


def _of(it: Passport) -> str:
    counts = Counter[str]()
    for verdicts in it.verdicts.values():
        counts.update(verdicts)
    said = ", ".join(f"{number:,} {verdict}" for verdict, number in counts.items())
    kernels = it.environment.get("frameworks.numpy.kernels")
    on = it.environment.get("processor", "an unknown processor") + (f", NumPy over {kernels}" if kernels else "")
    return f"{it.place}: {said or 'no trial'}; {on}"


def _verdicts(it: Compared) -> str:
    """Return whether anything is wrong in one of them and not in the other."""
    if it.worse:
        return f"Worse, more trials are wrong: {', '.join(it.worse)}."
    wrong = [sum(map(each.wrong, each.verdicts)) for each in (it.old, it.new)]
    if any(wrong):
        return f"Verdicts: {wrong[0]:,} trials were wrong, now {wrong[1]:,}; of no implementation more than before."
    same = ", and all counts of verdicts are the same" if it.old.verdicts == it.new.verdicts else ""
    return f"Verdicts: no trial is wrong in either{same}."


def _bits(it: Compared) -> str:
    """Return of how many answers the bits differ, on drawn and on exact data."""
    if not it.both:
        return "Bits: no question was answered in both, so that nothing is known of them; --questions asks the same."
    kinds = [
        (len(differ), len(answered), word)
        for kind, word in ((" drawn", "drawn"), (" exact", "exact"))
        if (answered := [name for name in it.both if name.endswith(kind)])
        for differ in [[name for name in it.bits if name.endswith(kind)]]
    ]
    said = " and ".join(f"{differ:,} of {answered:,} on {word} data" for differ, answered, word in kinds)
    return f"Bits: {len(it.bits):,} of {len(it.both):,} answers to the same questions differ, {said}."


def _parts(it: Compared) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each part: its title and its lines."""
    names = dict.fromkeys([*it.old.verdicts, *it.new.verdicts])
    yield "Machine, versions, settings", [
        f"{NAMES.get(fact.name, fact.name)}: {fact.old or 'not there'}, now {fact.new or 'not there'}"
        for fact in it.facts
    ]  # fmt: skip
    yield "Wrong trials", [
        f"{name}: {it.old.wrong(name)}, now {it.new.wrong(name)}"
        for name in names if it.old.wrong(name) != it.new.wrong(name)
    ]  # fmt: skip
    yield "Findings that came", [each for each in it.new.findings if each not in it.old.findings]
    yield "Findings that went", [each for each in it.old.findings if each not in it.new.findings]
    differ, answered = (Counter(tuple(name.split(" ", 2)[:2]) for name in those) for those in (it.bits, it.both))
    yield "Answers with other bits", [
        f"{name}: " + ", ".join(f"{dtype} {differ[name, dtype]} of {answered[name, dtype]}" for dtype in dtypes)
        for name in names if (dtypes := sorted(dtype for whose, dtype in answered if whose == name))
    ] if it.bits else []  # fmt: skip
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


def _some(lines: Sequence[str], everything: bool) -> list[str]:
    shown = lines if everything else lines[:SHOWN]
    more = [f"... and {len(lines) - len(shown)} more: -v shows all"] if len(lines) > len(shown) else []
    return [f"  {line}" for line in (*shown, *more)]


def _wrapped(line: str) -> list[str]:
    indent = "    " if line.startswith("  ") else "     "
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False) or [""]
