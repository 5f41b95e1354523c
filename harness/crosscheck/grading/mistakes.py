"""The mistakes of J and the gradients in words: each with its proof, ours beside theirs, and what is left."""

from __future__ import annotations

import math
from collections.abc import Sequence

from crosscheck.core.text import listed
from crosscheck.grading.beside import NOTHING, Items
from crosscheck.grading.diagnosis.findings import Diagnosis, Finding
from crosscheck.grading.diagnosis.stages import Stage
from crosscheck.grading.diagnosis.words import lines, sentence
from crosscheck.grading.hints import Result, equation, not_a_number
from crosscheck.grading.told import Told, at_once, count, place, when
from crosscheck.judge.location import first

GUESSED = "which activation it has is not known, so that no number is called right or wrong: say --activation NAME"


def diagnosed(compared: Sequence[Result], results: Sequence[Result], told: Told) -> Items:
    """Return what is said of J and the gradients."""
    main = told.diagnoses[0]
    example = _simplest(compared, main.depth)
    every: dict[str, Finding] = {}
    for finding in (finding for diagnosis in told.diagnoses for finding in diagnosis.findings):
        every.setdefault(finding.key, finding)
    aside = {} if told.several else {key: each for key, each in every.items() if _is_of_several(each, compared)}
    aside = {} if len(aside) == len(every) else aside
    shown = {key: finding for key, finding in every.items() if key not in aside}
    items = [("example", told.given(example))]
    if not told.guessed:
        items += _first(main, compared, results, example, told)
    elif not main.findings:
        items.append(("not told", GUESSED))
    for k, finding in enumerate(shown.values(), start=1):
        title = f"mistake {k}" if len(shown) > 1 else "mistake"
        words = _scope(finding, finding in main.findings, compared) + sentence(finding, example.pair, told.names)
        items += [(title, _in_rows(words) if told.rows else words), *lines(finding, told.source, example.pair)]
        if finding.also:
            items.append(("", f"(the same numbers on these problems: {', '.join(finding.also)})"))
    if not told.guessed:
        items += _left(list(shown.values()), example, told)
    for finding in aside.values():
        words = sentence(finding, example.pair, told.names)
        items.append(("aside", f"with several outputs, which a program for one does not have, {words}"))
    return items


def _first(
    main: Diagnosis, compared: Sequence[Result], results: Sequence[Result], example: Result, told: Told
) -> Items:  # fmt: skip
    """Return what is right, and what is wrong first."""
    c = first(example.wrong, example.case.network.L)
    first_wrong = f"{told.entry(c, example.pair)}: {told.got(c)}, it should be {c.oracle:.9g}, {when(c)}"
    right = _right(main, compared, example, told)
    items = [*([("right", right)] if right else []), ("wrong first", first_wrong)]
    return items + ([] if math.isfinite(c.got) or told.raised else [("no number", not_a_number(c, results))])


def _left(shown: Sequence[Finding], example: Result, told: Told) -> Items:
    """Return what nothing explains, and where to look for it; or the notes' equation of one mistake."""
    main, *others = told.diagnoses
    network, now, has_J = example.case.network, at_once(example), any(c.tensor == "J" for c in example.row.comparisons)
    items: Items = []
    if main.unexplained:
        left = listed([told.name(name, example.pair) for name in main.unexplained])
        items.append(("not explained", f"{left}: {NOTHING}"))
        items += [("where", place(example))] if has_J and not main.findings else []
        items.append(("notes", equation([c for c in now if c.tensor in main.unexplained] or now, network)))
    elif len(shown) == 1:
        (one,) = shown
        if one.mutant is not None and one.stage is not Stage.FORWARD and not others and has_J:
            items.append(("where", place(example)))
        items.append(("notes", equation(now, network)))
    for diagnosis in (each for each in others if each.unexplained):
        left = listed([told.name(name, example.pair) for name in diagnosis.unexplained])
        items.append(("not explained", f"with {count(diagnosis.depth, 'layer')}, {left}: {NOTHING}"))
    return items


def _right(main: Diagnosis, compared: Sequence[Result], example: Result, told: Told) -> str:
    """Return which of J and the gradients are right wherever they were asked for, or with one output at least.

    Nothing where none is: on one problem some may be right all the same.
    """
    names = dict.fromkeys(each.tensor for each in example.row.comparisons if not each.tensor.of_fit)
    at = [result for result in compared if main.depth == result.case.network.L]
    single = {c.tensor for result in at if result.case.network.n[-1] == 1 for c in result.wrong}
    elsewhere = {name for diagnosis in told.diagnoses for name in diagnosis.wrong}
    good = [told.name(name, example.pair) for name in names if name not in elsewhere]
    here = [told.name(name, example.pair) for name in names if name in elsewhere and name not in main.wrong]
    good += [f"{listed(here)} with {count(main.depth, 'layer')}"] if here else []
    with_one = [told.name(name, example.pair) for name in names if name in main.wrong and name not in single]
    if example.case.network.n[-1] == 1 and with_one:
        good.append(f"{listed(with_one)} where there is one output")
    return ", ".join(good)


def _is_of_several(finding: Finding, compared: Sequence[Result]) -> bool:
    """Return whether a mistake shows with several outputs alone, though one output was asked for too."""
    outputs = {r.case.network.n[-1] for r in compared if r.case.problem in finding.problems}
    return bool(outputs) and 1 not in outputs and any(r.case.network.n[-1] == 1 for r in compared)


def _scope(finding: Finding, main: bool, compared: Sequence[Result]) -> str:
    """Return in which networks a mistake shows, where that is not in all."""
    outputs = {r.case.network.n[-1] for r in compared if r.case.problem in finding.problems}
    every = {r.case.network.n[-1] for r in compared}
    several = "with several outputs, " if outputs and 1 not in outputs and 1 in every else ""
    return ("" if main else f"with {count(finding.depth, 'layer')}, ") + several


def _in_rows(words: str) -> str:
    """Return the words of a mistake without what they say of examples as columns."""
    return words.replace(", X.shape[0]; the examples are the columns, m = X.shape[1]", "; m is the number of examples")


def _simplest(compared: Sequence[Result], depth: int) -> Result:
    """Return one output before several, several examples before one, and else the order in which they were asked."""

    def hard(result: Result) -> tuple[bool, ...]:
        case, hidden = result.case, result.case.network.L > 1
        zero = hidden and not all(W.any() for W, _ in case.checkpoints[0])
        return (
            depth != case.network.L,
            case.network.n[-1] > 1,
            case.X.shape[1] == 1,
            zero,
            "saturated" in case.problem,
        )

    return min(compared, key=hard)
