"""The diagnosis in words: each mistake with its proof, ours beside theirs, and what is left unexplained."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from crosscheck.core.failures import Failure, Kind, Promise
from crosscheck.core.records import Comparison
from crosscheck.core.text import listed
from crosscheck.grading.beside import NOTHING, PREDICTIONS, TRAINING, of_predictions, of_training
from crosscheck.grading.convert import PAIR, shapes
from crosscheck.grading.diagnosis.findings import Diagnosis, Finding
from crosscheck.grading.diagnosis.source import Lines, beyond
from crosscheck.grading.diagnosis.stages import Stage
from crosscheck.grading.diagnosis.words import lines, sentence
from crosscheck.grading.hints import KNOWN, Result, equation, mistake, not_a_number
from crosscheck.judge.causes import BrokenPromises, Cause, OutsideBound, WrongLabels
from crosscheck.judge.location import first, locate
from crosscheck.report.words import of_broken, of_cause, of_entry, of_explanation, of_location, of_name

WIDTH = 80  # of a line
TITLE = 15  # of it, for what a line is about
UNEXPLAINED = "unexplained"
MISTAKES = ("mistake", TRAINING, PREDICTIONS)  # titles of what is counted
HELD = "\x00"  # a blank that is no place to break a line
ONLY_STEPS = "in its gradient or in its update: it returns no gradient, so that the two cannot be told apart"
GUESSED = "which activation it has is not known, so that no number is called right or wrong: say --activation NAME"
DIFFERS = (
    "asked twice for the same numbers, it gave two answers: something in it is random, or remembers the call before"
)


class Told(NamedTuple):
    """What is known beside the results. source: the lines of the program, where there are any. guessed: nobody has said
    which activation it has, and its J does not tell. names: what their author calls dW1, ... rows: examples are rows,
    and the weights turned. unusual: its arrays have other shapes than ours. several: it says that it is meant for several outputs.
    """

    diagnoses: Sequence[Diagnosis] = ()
    source: Lines = ()
    guessed: bool = False
    names: Mapping[str, str] = {}
    rows: bool = False
    unusual: bool = False
    several: bool = False

    def name(self, tensor: str, pair: bool) -> str:
        """Return what the author calls a tensor."""
        return self.names.get(tensor, of_name(tensor, pair))

    def entry(self, c: Comparison, pair: bool) -> str:
        """Return an entry as the author writes it."""
        turned = self.rows and not pair and c.tensor.kind == "W"
        entry = of_entry(c._replace(element=c.element[::-1]) if turned else c, pair)
        return self.name(c.tensor, pair) + entry.removeprefix(of_name(c.tensor, pair))

    def given(self, result: Result) -> str:
        """Return what a problem gives: the shapes of the arrays, or where the author's are others, the sizes."""
        case, n = result.case, result.case.network.n
        m, pair = case.X.shape[1], result.pair and n[1:] == (1,)
        given = f"{_count(m, 'example')} of {_count(n[0], 'feature')}, layers of {', '.join(map(str, n[1:]))}"
        return (
            f"{case.problem}, {case.dtype}: {given if self.unusual else shapes(case.network, m, PAIR if pair else '')}"
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _when(c: Comparison) -> str:
    """Return where in the training a number was asked for."""
    if c.tensor.of_fit:
        return f"in step {c.iteration + 1} of your training"
    return f"after {_count(c.iteration, 'step')} of ours" if c.iteration else "at the initial parameters"


def wrapped(text: str, indent: str) -> list[str]:
    """Return lines of text; what stands between backticks stays on one."""
    held = re.sub("`[^`]{1,45}`", lambda code: code[0].replace(" ", HELD), text)
    cut = textwrap.wrap(held, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [line.replace(HELD, " ") for line in cut]


def wrong(counted: Sequence[Result], results: Sequence[Result], told: Told) -> list[str]:
    """Return the diagnosis: the mistakes, on the simplest problem that shows them; what else is wrong, a line each."""
    steps, told = told.diagnoses, told._replace(diagnoses=[each for each in told.diagnoses if each.wrong])
    compared = [result for result in counted if _gradient(result)]
    rest = [result for result in counted if result not in compared]
    count, total = (len({result.case.problem for result in each}) for each in (counted, results))
    if any(result.differs for result in counted):
        return [*wrapped(f"wrong: {DIFFERS}.", "  "), *_outside(told)]
    known = bool(compared and told.diagnoses)
    items = _diagnosed(compared, results, told) if known else _other(rest or counted, results, told, steps)
    items += (of_training(steps, counted[0].pair) if known else []) + of_predictions(counted if known else [])
    also = _also([each for each in (rest if known else rest[1:]) if not _is_told(each, items, steps)], items, told)
    unexplained = not told.diagnoses or any(diagnosis.unexplained for diagnosis in told.diagnoses)
    every = [title for title, _ in items if title.startswith(MISTAKES)]
    whole = known and every and not unexplained and not also and not any(each.untold for each in steps)
    mistakes = f": {_count(len(every), 'mistake')}" if whole else ""
    written = [f"wrong on {count} of {total} problem{'s' if total > 1 else ''}{mistakes}."]
    for title, text in items:
        written += wrapped(f"  {title:{TITLE}}{text}", " " * (TITLE + 2))
    written += _outside(told) if unexplained and told.diagnoses else []
    return written + [line for each in also for line in wrapped(f"  {each}", "  ")]


def _is_told(result: Result, items: Sequence[tuple[str, str]], steps: Sequence[Diagnosis]) -> bool:
    """Return whether what is said of training, or of predictions, is what is wrong here."""
    if result.wrong:
        all_told = any(each.steps or each.costs for each in steps) and not any(each.untold for each in steps)
        return all_told and all(c.tensor.of_fit for c in result.wrong)
    return isinstance(result.row.cause, WrongLabels) and any(title == PREDICTIONS for title, _ in items)


def _outside(told: Told) -> list[str]:
    """Return what the program speaks of that is outside the plain model."""
    lines = []
    for what, name in beyond(told.source):
        text = f"the program has `{name}`: {what} is no part of the plain model that it is held against"
        lines += wrapped(f"  {'outside':{TITLE}}{text}", " " * (TITLE + 2))
    return lines


def _gradient(result: Result) -> bool:
    return any(not c.tensor.of_fit for c in result.wrong)


def _diagnosed(compared: Sequence[Result], results: Sequence[Result], told: Told) -> list[tuple[str, str]]:
    """Return what is said of J and the gradients."""
    main, *others = told.diagnoses
    example = _simplest(compared, main.depth)
    case, pair, L = example.case, example.pair, example.case.network.L
    items = [("example", told.given(example))]
    now = _at_once(example)
    if not told.guessed:
        c = first(example.wrong, L)
        items += [
            ("right", _right(main, compared, example, told)),
            ("wrong first", f"{told.entry(c, pair)}: yours is {c.got:.9g}, it should be {c.oracle:.9g}, {_when(c)}"),
        ]
        if not math.isfinite(c.got):
            items.append(("no number", not_a_number(c, results)))
    elif not main.findings:
        items.append(("not told", GUESSED))
    shown = set[str]()
    every = [finding for diagnosis in (main, *others) for finding in diagnosis.findings]
    aside = {} if told.several else {finding.key: finding for finding in every if _is_of_several(finding, compared)}
    if len(aside) == len({finding.key for finding in every}):
        aside = {}
    several = len({finding.key for finding in every if finding.key not in aside}) > 1
    for diagnosis in (main, *others):
        for finding in diagnosis.findings:
            if finding.key in shown or finding.key in aside:
                continue
            shown.add(finding.key)
            many = f"mistake {len(shown)}" if several else "mistake"
            words = _scope(finding, diagnosis is main, compared) + sentence(finding, pair, told.names)
            items += [(many, _in_rows(words) if told.rows else words), *lines(finding, told.source, pair)]
            if finding.also:
                items.append(("", f"(the same numbers on these problems: {', '.join(finding.also)})"))
    if main.unexplained and not told.guessed:
        left = listed([told.name(name, pair) for name in main.unexplained])
        items += [("not explained", f"{left}: {NOTHING}"), *(_where(main, example) if _has_J(example) else [])]
        items.append(("notes", equation([c for c in now if c.tensor in main.unexplained] or now, case.network)))
    elif len(shown) == 1 and not told.guessed:
        one = next(finding for finding in every if finding.key in shown)
        if one.mutant is not None and one.stage is not Stage.FORWARD and not others and _has_J(example):
            items.append(("where", _place(example)))
        items.append(("notes", equation(now, case.network)))
    for finding in aside.values():
        words = sentence(finding, pair, told.names)
        items.append(("aside", f"with several outputs, which a program for one does not have, {words}"))
    for diagnosis in [] if told.guessed else [each for each in others if each.unexplained]:
        left = listed([told.name(name, pair) for name in diagnosis.unexplained])
        items.append(("not explained", f"with {_count(diagnosis.depth, 'layer')}, {left}: {NOTHING}"))
    return items


def _right(main: Diagnosis, compared: Sequence[Result], example: Result, told: Told) -> str:
    """Return which of J and the gradients are right wherever they were asked for, or with one output at least."""
    names = dict.fromkeys(each.tensor for each in example.row.comparisons if not each.tensor.of_fit)
    at = [result for result in compared if main.depth == result.case.network.L]
    single = {c.tensor for result in at if result.case.network.n[-1] == 1 for c in result.wrong}
    good = [told.name(name, example.pair) for name in names if name not in main.wrong]
    with_one = [told.name(name, example.pair) for name in names if name in main.wrong and name not in single]
    if example.case.network.n[-1] == 1 and with_one:
        good.append(f"{listed(with_one)} where there is one output")
    return ", ".join(good) or "nothing"


def _is_of_several(finding: Finding, compared: Sequence[Result]) -> bool:
    """Return whether a mistake shows with several outputs alone, though one output was asked for too."""
    outputs = {r.case.network.n[-1] for r in compared if r.case.problem in finding.problems}
    return bool(outputs) and 1 not in outputs and any(r.case.network.n[-1] == 1 for r in compared)


def _scope(finding: Finding, main: bool, compared: Sequence[Result]) -> str:
    """Return in which networks a mistake shows, where that is not in all."""
    outputs = {r.case.network.n[-1] for r in compared if r.case.problem in finding.problems}
    every = {r.case.network.n[-1] for r in compared}
    several = "with several outputs, " if outputs and 1 not in outputs and 1 in every else ""
    return ("" if main else f"with {_count(finding.depth, 'layer')}, ") + several


def _in_rows(words: str) -> str:
    """Return the words of a mistake without what they say of examples as columns."""
    return words.replace(", X.shape[0]; the examples are the columns, m = X.shape[1]", "; m is the number of examples")


def _where(diagnosis: Diagnosis, example: Result) -> list[tuple[str, str]]:
    """Return where to look for what is not explained: what it is made of, and how much of that is right."""
    if diagnosis.findings:
        return []
    return [("where", _place(example))]


def _place(result: Result) -> str:
    """Return where the mistake must be, and what the numbers bear out beside it."""
    cause = result.row.cause
    if isinstance(cause, OutsideBound):
        return of_location(cause.location, result.pair, cause.grounds)
    return of_location(locate(result.wrong, result.case.network.L), result.pair)


def _has_J(result: Result) -> bool:
    """Return whether J was judged: else nothing is known of the forward pass."""
    return any(c.tensor == "J" for c in result.row.comparisons)


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


def _at_once(result: Result) -> list[Comparison]:
    """Return what is wrong at the first iteration at which anything is."""
    start = min((c.iteration for c in result.wrong), default=0)
    return [c for c in result.wrong if c.iteration == start]


def _other(
    counted: Sequence[Result], results: Sequence[Result], told: Told, steps: Sequence[Diagnosis]
) -> list[tuple[str, str]]:
    """Return what is said where it is not a gradient that is wrong: a failure, a promise, the training, a label."""
    example = next((result for result in counted if result.exactly), counted[0])
    row, case, pair = example.row, example.case, example.pair and example.case.network.n[1:] == (1,)
    items = [("example", told.given(example))]
    if isinstance(row.cause, Failure):
        return [*items, (KIND.get(row.cause.kind, "failed"), of_cause(row.cause))]
    if not example.wrong and isinstance(row.cause, WrongLabels):
        return [*items, *(of_predictions(counted) or [("wrong", of_promises(row.cause, pair))])]
    if not example.wrong:
        return [*items, ("wrong", of_promises(row.cause, pair)), *mistake(row.explained)]
    c, now = first(example.wrong, case.network.L), _at_once(example)
    names = dict.fromkeys(each.tensor for each in row.comparisons if not each.tensor.of_fit)
    outside = {each.tensor for each in example.wrong}
    right = ", ".join(told.name(name, pair) for name in names if name not in outside) or "nothing"
    items += [("right", right)] if names else []
    items += [
        ("wrong first", f"{told.entry(c, pair)}: yours is {c.got:.9g}, it should be {c.oracle:.9g}, {_when(c)}"),
    ]
    if not math.isfinite(c.got):
        items.append(("no number", not_a_number(c, results)))
    items += [("where", _place(example))] if names else []
    items += [("notes", equation(now, case.network))] if names else []
    said = [] if example.exactly else of_training(steps, example.pair)
    known = TRAINING if all(each.tensor.of_fit for each in example.wrong) else KNOWN
    items += [(known if title == KNOWN else title, text) for title, text in said or mistake(row.explained)]
    causes = any(each.mutant is not None or each.special is not None for one in steps for each in one.steps)
    items += [] if names or example.exactly or causes else [("where", ONLY_STEPS)]
    return items + of_predictions(counted)


KIND = {kind: str(kind) for kind in (Kind.SHAPE, Kind.RETURNS, Kind.RAISES, Kind.MISSING, Kind.DEPTH)}


def of_promises(cause: Cause | None, pair: bool) -> str:
    """Return why an answer was not even compared."""
    if isinstance(cause, BrokenPromises):
        return "; ".join(of_broken(b._replace(name=of_name(b.name, pair))) for b in cause.promises)
    return of_cause(cause)


def _also(rest: Sequence[Result], items: Sequence[tuple[str, str]], told: Told) -> list[str]:
    """Return what else is wrong, a line for each reason that has not been told."""
    groups: dict[Hashable, list[Result]] = {}
    for result in rest:
        groups.setdefault(_key(result), []).append(result)
    known = " ".join(text for _, text in items)
    said = []
    for result, *more in groups.values():
        row, others = result.row, ", ".join(dict.fromkeys(each.case.problem for each in more))
        if result.exactly and f"`{result.exactly}`" in known:
            continue
        if result.wrong:
            c = first(result.wrong, result.case.network.L)
            what = f"{told.entry(c, result.pair)}, yours is {c.got:.9g}, it should be {c.oracle:.9g}"
            what += f"; {of_explanation(row.explained)}" if result.exactly else ""
        else:
            what = of_promises(row.cause, result.pair)
        if what not in known:
            too = f"; {'the same' if result.exactly or not result.wrong else 'wrong too'} on {others}" if others else ""
            said.append(f"Also, on {result.case.problem}: {what}{too}.")
    return said


def _key(result: Result) -> Hashable:
    """Return what two results with the same trouble have in common."""
    cause = result.row.cause
    if isinstance(cause, Failure):
        return cause.kind, cause.line
    if isinstance(cause, BrokenPromises):
        broken = cause.promises[0]
        return (
            broken.promise,
            broken.name.rstrip("0123456789"),
            broken.got if broken.promise is Promise.DTYPE else "",
        )
    if result.exactly or not result.wrong:
        return result.exactly or UNEXPLAINED
    return UNEXPLAINED, math.isfinite(first(result.wrong, result.case.network.L).got)
