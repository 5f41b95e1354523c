"""The diagnosis in words: each mistake with its proof, ours beside theirs, and what is left unexplained."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from crosscheck.core.failures import Failure, Kind, Promise
from crosscheck.grading.beside import PREDICTIONS, TRAINING, of_predictions, of_training
from crosscheck.grading.diagnosis.findings import Diagnosis
from crosscheck.grading.diagnosis.source import beyond
from crosscheck.grading.hints import KNOWN, Result, equation, mistake, not_a_number
from crosscheck.grading.mistakes import diagnosed
from crosscheck.grading.told import Told, at_once, count, place, when, wrapped
from crosscheck.judge.causes import BrokenPromises, Cause, WrongLabels
from crosscheck.judge.location import first
from crosscheck.report.words import of_broken, of_cause, of_explanation, of_name

TITLE = 15  # of it, for what a line is about
UNEXPLAINED = "unexplained"
MISTAKES = ("mistake", TRAINING, PREDICTIONS)  # titles of what is counted
ONLY_STEPS = "in its gradient or in its update: it returns no gradient, so that the two cannot be told apart"
DIFFERS = (
    "asked twice for the same numbers, it gave two answers: something in it is random, or remembers the call before"
)


def wrong(counted: Sequence[Result], results: Sequence[Result], told: Told) -> list[str]:
    """Return the diagnosis: the mistakes, on the simplest problem that shows them; what else is wrong, a line each."""
    steps, told = told.diagnoses, told._replace(diagnoses=[each for each in told.diagnoses if each.wrong])
    compared = [result for result in counted if _gradient(result)]
    rest = [result for result in counted if result not in compared]
    bad, total = (len({result.case.problem for result in each}) for each in (counted, results))
    if any(result.differs for result in counted):
        return [*wrapped(f"wrong: {DIFFERS}.", "  "), *_outside(told)]
    known = bool(compared and told.diagnoses)
    items = diagnosed(compared, results, told) if known else _other(rest or counted, results, told, steps)
    items += (of_training(steps, counted[0].pair) if known else []) + of_predictions(counted if known else [])
    also = _also([each for each in (rest if known else rest[1:]) if not _is_told(each, items, steps)], items, told)
    unexplained = not told.diagnoses or any(diagnosis.unexplained for diagnosis in told.diagnoses)
    every = [title for title, _ in items if title.startswith(MISTAKES)]
    whole = known and every and not unexplained and not also and not any(each.untold for each in steps)
    mistakes = f": {count(len(every), 'mistake')}" if whole else ""
    written = [f"wrong on {bad} of {total} problem{'s' if total > 1 else ''}{mistakes}."]
    for title, text in items:
        written += wrapped(f"  {title:{TITLE}}{text}", " " * (TITLE + 2))
    written += _outside(told) if unexplained and told.diagnoses else []
    return written + [line for each in also for line in wrapped(f"  {each}", "  ")]


def _is_told(result: Result, items: Sequence[tuple[str, str]], steps: Sequence[Diagnosis]) -> bool:
    """Return whether what is said of training, or of predictions, is what is wrong here."""
    if result.wrong:
        untold = any(each.untold and not each.implied for each in steps)
        all_told = any(each.steps or each.costs for each in steps) and not untold
        return all_told and all(c.tensor.of_fit for c in result.wrong)
    return isinstance(result.row.cause, WrongLabels) and any(title == PREDICTIONS for title, _ in items)


def _outside(told: Told) -> list[str]:
    """Return what the program speaks of that is outside the plain model."""
    lines = []
    for what, name in beyond(told.source):
        text = f"the program has `{name}`: {what} is no part of the plain model that it is held against"
        lines += wrapped(f"  {'outside':{TITLE}}{text}", " " * (TITLE + 2))
    return lines


def _other(
    counted: Sequence[Result], results: Sequence[Result], told: Told, steps: Sequence[Diagnosis]
) -> list[tuple[str, str]]:
    """Return what is said where it is not a gradient that is wrong: a failure, a promise, the training, a label."""
    steps_wrong = [result for result in counted if result.wrong] or list(counted)
    example = next((result for result in steps_wrong if result.exactly), steps_wrong[0])
    row, case, pair = example.row, example.case, example.pair and example.case.network.n[1:] == (1,)
    items = [("example", told.given(example))]
    if isinstance(row.cause, Failure):
        return [*items, (KIND.get(row.cause.kind, "failed"), of_cause(row.cause))]
    if not example.wrong and isinstance(row.cause, WrongLabels):
        return [*items, *(of_predictions(counted) or [("wrong", of_promises(row.cause, pair))])]
    if not example.wrong:
        return [*items, ("wrong", of_promises(row.cause, pair)), *mistake(row.explained)]
    c, now = first(example.wrong, case.network.L), at_once(example)
    names = dict.fromkeys(each.tensor for each in row.comparisons if not each.tensor.of_fit)
    outside = {each.tensor for each in example.wrong}
    right = ", ".join(told.name(name, pair) for name in names if name not in outside) or "nothing"
    items += [("right", right)] if names else []
    items += [
        ("wrong first", f"{told.entry(c, pair)}: {told.got(c)}, it should be {c.oracle:.9g}, {when(c)}"),
    ]
    if not math.isfinite(c.got) and not told.raised:
        items.append(("no number", not_a_number(c, results)))
    items += [("where", place(example))] if names else []
    items += [("notes", equation(now, case.network))] if names else []
    said = [] if example.exactly else of_training(steps, example.pair)
    known = TRAINING if all(each.tensor.of_fit for each in example.wrong) else KNOWN
    items += [(known if title == KNOWN else title, text) for title, text in said or mistake(row.explained)]
    causes = any(each.mutant is not None or each.special is not None for one in steps for each in one.steps)
    items += [] if names or example.exactly or causes else [("where", ONLY_STEPS)]
    return items + of_predictions(counted)


KIND = {kind: str(kind) for kind in (Kind.SHAPE, Kind.RETURNS, Kind.RAISES, Kind.MISSING, Kind.DEPTH, Kind.NOT_BUILT)}


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
            what = f"{told.entry(c, result.pair)}, {told.got(c)}, it should be {c.oracle:.9g}"
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


def _gradient(result: Result) -> bool:
    return any(not c.tensor.of_fit for c in result.wrong)
