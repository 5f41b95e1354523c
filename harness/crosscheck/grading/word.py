"""The report of `crosscheck check`, in words for the one who wrote the function: one diagnosis, not twenty."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from crosscheck.core.failures import BAD, Failure, Kind, Promise, Verdict
from crosscheck.core.records import Comparison, Tensor
from crosscheck.grading.convert import PAIR, shapes
from crosscheck.grading.hints import KINK, Result, equation, mistake, not_a_number, notices
from crosscheck.grading.notes import Notes
from crosscheck.grading.probe import HIDDEN, Function, How
from crosscheck.judge.causes import BrokenPromises, Cause
from crosscheck.judge.location import first, locate
from crosscheck.report.words import of_broken, of_cause, of_entry, of_explanation, of_failure, of_location, of_name

UNEXPLAINED = "unexplained"
WIDTH = 110  # of a line
TITLE = 15  # of it, for what a line is about
TAKES = {"dictionary": "a dictionary W1, b1, ...", "layers": "a tuple of (W, b)", "w, b": "w and b"}
KINDS = {  # of trouble, see convert.py; the first of them says most
    Kind.SHAPE: "an array has the wrong shape",
    Kind.RETURNS: "it returns something else than a cost and gradients",
    Kind.RAISES: "it raises an error",
    Kind.MISSING: "gradients are missing",
    Kind.DEPTH: "it is written for another network",
}
LOST = {  # kinds of trouble in which there is no answer at all
    Kind.TIMED_OUT: "it does not answer",
    Kind.EXITED: "it ends the process",
    Kind.KILLED: "it ends the process",
    Kind.OUT_OF_MEMORY: "memory runs out",
    Kind.OVER_MEMORY: "it takes too much memory",
    Kind.OVER_TASKS: "it starts too many processes",
}
OWN = {"fit": "the parameters and the costs", "predict": "labels 0 and 1"}  # what stands beside, and what it returns
ACTIVATION = {
    How.SAID: "as you say",
    How.J: "found by its J",
    How.GRADIENTS: "found by its gradients: its J fits no activation",
    How.MISTAKE: "its J fits no activation; this one with a known mistake explains it",
    How.USUAL: f"a guess: its J fits none of {', '.join(HIDDEN)}",
}
IN_PLACE = "Who goes on with them computes something else: copy first, and write W = W - ... for W -= ..."
SATURATED = (
    "A sigmoid there rounds to exactly 0 or 1, and log(0) and 0/0 have no value; the exact J has. Take it from Z[L]: "
    "the mean of max(Z, 0) + log1p(exp(-|Z|)) - Y Z, and dZ[L] = A - Y without a division."
)


def report(
    name: str, function: Function, results: Sequence[Result], said: Notes, dtypes: Sequence[str]
) -> tuple[bool, str]:
    """Return whether it is right, and the report. said: what was noted of the function while it was asked."""
    name = name.removesuffix(":")  # of a module, `pkg.mine:`
    if not function.depths:
        return False, "\n".join([name, "", *_trouble(function.trouble)])
    kinked, several, wrong = sorted_out(results)
    more = {} if len(function.depths) == 1 else {d: t for d, t in function.trouble.items() if d > max(function.depths)}
    lines = [*_wrapped(f"{name}: {_what(function, results)}", "  ")]
    if more:  # what works with one layer and with two is meant for three
        lines += ["", *_trouble(more)]
    for each, changed in said.changed.items():
        own = each if each in OWN else "it"
        lines += ["", f"wrong: {own} changes what it is given: {', '.join(changed)}.", *_wrapped(f"  {IN_PLACE}", "  ")]
    for each, failure in said.trouble.items():
        lines += ["", *_its_trouble(each, failure)]
    apart = bool(more or said.changed or said.trouble)
    if wrong:
        lines += ["", *_wrong(wrong, results)]
    else:
        right = _right([result for result in results if result.row.verdict not in BAD], dtypes)
        lines += ["", f"Apart from that, {right[0]}" if apart else right[0], *right[1:]]
    notes = notices(function, results, kinked, several, said)
    lines += ["", "Notes", *(line for note in notes for line in _wrapped(f"- {note}", "  "))] if notes else []
    return not (wrong or apart), "\n".join(line.rstrip() for line in lines)


class SortedOut(NamedTuple):
    """The results outside the bound: those that differ by ReLU's derivative at 0 alone; those of a function that is
    right for one output only, as the course's are; and those that count, which make it wrong.
    """

    kinked: list[Result]
    several: list[Result]
    counted: list[Result]


def sorted_out(results: Sequence[Result]) -> SortedOut:
    """Return which results make a function wrong, and which do not."""
    failed = [result for result in results if result.row.verdict in BAD]
    kinked = [result for result in failed if result.exactly in KINK]
    wrong = [result for result in failed if result not in kinked]
    several = [result for result in wrong if result.case.network.n[-1] > 1]
    if len(several) < len(wrong) or len(wrong) == len(results):
        return SortedOut(kinked, [], wrong)
    return SortedOut(kinked, several, [])


def _what(function: Function, results: Sequence[Result]) -> str:
    """Return what the function is taken for."""
    depths = sorted({result.case.network.L for result in results})
    counts = [str(depth) for depth in depths]
    count = " and ".join([", ".join(counts[:-1]), counts[-1]]) if counts[:-1] else counts[0]
    hidden = ", ".join(dict.fromkeys(g for result in results for g in result.case.network.g[:-1]))
    words = f"takes {TAKES[function.takes]}; " if function.takes in TAKES else ""
    words += "logistic regression" if depths == [1] else f"{count} layer{'s' if depths[-1] > 1 else ''}"
    return words + (f", hidden {hidden} ({ACTIVATION[function.how]})" if hidden else "")


def _trouble(trouble: Mapping[int, Failure]) -> list[str]:
    """Return the trouble that says most, with the depth that it was seen with."""
    failure = gravest(trouble)
    headline = headline_of(failure)
    lines = [f"wrong: {headline}.", *_wrapped(f"  {of_failure(failure)}", "  ")]
    if failure.kind is Kind.TIMED_OUT:
        lines.append("  Is there a loop that does not end, or one in Python over many numbers?")
    return lines + _given(failure)


def gravest(trouble: Mapping[int, Failure]) -> Failure:
    """Return the trouble that says most; by depth."""
    order = list(KINDS)
    depth = min(
        trouble,
        key=lambda d: (order.index(trouble[d].kind) if trouble[d].kind in KINDS else -1, {2: 0, 1: 1}.get(d, d)),
    )
    return trouble[depth]


def headline_of(failure: Failure) -> str:
    """Return a trouble in a few words."""
    return (KINDS | LOST).get(failure.kind, LOST[Kind.TIMED_OUT])


def _its_trouble(name: str, failure: Failure) -> list[str]:
    """Return the trouble with the `fit` or `predict` that stands beside a function."""
    headline = f"{name} returns something else than {OWN.get(name, 'expected')}"
    if failure.kind is Kind.RAISES:
        headline = f"{name} raises an error"
    return [f"wrong: {headline}.", *_wrapped(f"  {of_failure(failure)}", "  "), *_given(failure)]


def _given(failure: Failure) -> list[str]:
    return _wrapped(f"  It was given {failure.given}.", "  ") if failure.given else []


def _right(good: Sequence[Result], dtypes: Sequence[str]) -> list[str]:
    undefined = [result for result in good if result.row.verdict is Verdict.UNDEFINED]
    verdict = "right, but undefined at saturated outputs" if undefined else "right"
    count, precisions = len({result.case.problem for result in good}), " and ".join(sorted(dtypes, reverse=True))
    on = f"on {_problems(count)} in {precisions}"
    lines = _wrapped(f"{verdict}: J and every gradient lie within what rounding can do, {on}.", "  ")
    if undefined:
        c, names = undefined[0].unstable, ", ".join(dict.fromkeys(result.case.problem for result in undefined))
        there = f"On {names}: " + (
            f"{of_entry(c, good[0].pair)} is {c.got:.6g} and should be {c.oracle:.6g}. " if c is not None else ""
        )
        lines += _wrapped(f"  {there}{SATURATED}", "  ")
    return [*lines, "", *_table(good)]


def _problems(count: int) -> str:
    return f"{count} problem{'s' if count != 1 else ''}"


def _table(results: Sequence[Result]) -> list[str]:
    """Return the largest error of each tensor, over all problems."""
    worst: dict[Tensor, tuple[Comparison, Result]] = {}
    for result in results:
        for c in result.row.comparisons:
            if c.bounded and (c.tensor not in worst or c.ratio > worst[c.tensor][0].ratio):
                worst[c.tensor] = c, result
    lines = ["  tensor    of what rounding can do   in ulps   the largest is on"]
    for name in sorted(worst, key=_in_order):
        c, result = worst[name]
        ulps, shown = "" if c.ulps is None else f"{c.ulps:.3g}", of_name(name, result.pair)
        lines.append(f"  {shown:9} {c.ratio:<25.2g} {ulps:<9} {result.case.problem}, {result.case.dtype}")
    return lines


def _in_order(tensor: Tensor) -> tuple[bool, int, str]:
    return tensor.of_fit, tensor.layer, tensor


def _wrong(wrong: Sequence[Result], results: Sequence[Result]) -> list[str]:
    """Return the diagnosis: what most have in common, on the problem that shows most of it; the others in a line."""
    groups: dict[Hashable, list[Result]] = {}
    for result in wrong:
        groups.setdefault(_key(result), []).append(result)
    known = [key for key, group in groups.items() if any(result.exactly for result in group)]
    main = groups.pop(known[0] if known else next(iter(groups)))
    count, total = (len({result.case.problem for result in each}) for each in (wrong, results))
    same = count > 1 and not groups and _key(main[0]) != UNEXPLAINED
    lines = [f"wrong on {count} of {_problems(total)}{', all for the same reason' if same else ''}."]
    example = max(main, key=lambda result: (bool(result.exactly), len(_at_once(result))))
    for title, text in _example(example, results):
        lines += _wrapped(f"  {title:{TITLE}}{text}", " " * (TITLE + 2))
    return lines + [line for group in _others(list(groups.values()), example) for line in _wrapped(f"  {group}", "  ")]


def _at_once(result: Result) -> list[Comparison]:
    """Return what is wrong at the first iteration at which anything is."""
    start = min((c.iteration for c in result.wrong), default=0)
    return [c for c in result.wrong if c.iteration == start]


def _key(result: Result) -> Hashable:
    """Return what two results with the same mistake have in common."""
    cause = result.row.cause
    if isinstance(cause, Failure):
        return cause.kind, cause.line
    if isinstance(cause, BrokenPromises):  # of a dtype, say
        first = cause.promises[0]
        got = first.got if first.promise is Promise.DTYPE else ""
        return first.promise, first.name.rstrip("0123456789"), got
    return result.exactly or UNEXPLAINED


def _example(example: Result, results: Sequence[Result]) -> list[tuple[str, str]]:
    row, case, L = example.row, example.case, example.case.network.L
    pair = example.pair and case.network.n[1:] == (1,)
    arrays = shapes(case.network, case.X.shape[1], PAIR if pair else "")
    items = [("example", f"{case.problem}, {case.dtype}: {arrays}")]
    if isinstance(row.cause, Failure):
        return [*items, (str(row.cause.kind) if row.cause.kind in KINDS else "failed", of_failure(row.cause))]
    if not example.wrong:
        return [*items, ("wrong", _sentence(row.cause, pair)), *mistake(row.explained)]
    c = first(example.wrong, L)
    now = _at_once(example)
    tensors = dict.fromkeys(each.tensor for each in row.comparisons if not each.tensor.of_fit)
    good = sorted(set(tensors) - {each.tensor for each in now}, key=_in_order)
    when = "at the initial parameters" if c.iteration == 0 else f"after {c.iteration} steps of training"
    items += [
        ("right", ", ".join(of_name(name, pair) for name in good) or "nothing"),
        ("wrong first", f"{of_entry(c, pair)}: yours is {c.got:.9g}, it should be {c.oracle:.9g}, {when}"),
    ]
    if not math.isfinite(c.got):
        items.append(("no number", not_a_number(c, results)))
    items += [("where", of_location(locate(example.wrong, L), pair)), ("notes", equation(now, case.network))]
    return items + mistake(row.explained)


def _sentence(cause: Cause | None, pair: bool) -> str:
    """Return why an answer was not even compared."""
    if isinstance(cause, BrokenPromises):
        halves = [of_name(b.name, pair) for b in cause.promises if (b.promise, b.got) == (Promise.DTYPE, "float32")]
        if halves:
            names = ", ".join(halves)
            return f"float64 went in, and float32 came back: {names}. Half of the digits are lost on the way"
        return "; ".join(of_broken(b._replace(name=of_name(b.name, pair))) for b in cause.promises)
    return of_cause(cause)


def _others(groups: Sequence[Sequence[Result]], example: Result) -> list[str]:
    """Return what else is wrong, a line each."""
    lines = []
    for group in groups:
        row, names = group[0].row, ", ".join(dict.fromkeys(result.case.problem for result in group))
        if group[0].exactly:
            what = f"another known mistake, {of_explanation(row.explained)}"
        elif group[0].wrong:
            c = first(group[0].wrong, group[0].case.network.L)
            what = f"{of_entry(c, group[0].pair)}, yours is {c.got:.9g}, it should be {c.oracle:.9g}"
            what += "; correct the first and check again" if example.exactly else ""
        else:
            what = _sentence(row.cause, group[0].pair)
        lines.append(f"Also, on {names}: {what}.")
    return lines


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
