"""The report of `crosscheck check`, in words for the one who wrote the function: one diagnosis, not twenty."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from crosscheck.core.failures import BAD, Failure, Kind, Verdict
from crosscheck.core.records import Comparison, Tensor
from crosscheck.core.text import listed
from crosscheck.grading import penalty
from crosscheck.grading.diagnosis.account import Special
from crosscheck.grading.diagnosis.words import within
from crosscheck.grading.facts import ends
from crosscheck.grading.hints import KINK, Result, notices
from crosscheck.grading.notes import Notes
from crosscheck.grading.probe import HIDDEN, Function, How
from crosscheck.grading.stated import several_outputs
from crosscheck.grading.told import Told, wrapped
from crosscheck.grading.wrong import wrong
from crosscheck.report.words import of_entry, of_failure, of_name

KINDS = {  # of trouble, see convert.py; the first of them says most
    Kind.SHAPE: "an array has the wrong shape",
    Kind.RETURNS: "it returns something else than a cost and gradients",
    Kind.RAISES: "it raises an error",
    Kind.NOT_BUILT: "it raises an error",
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
    How.STEPS: "found by its steps",
    How.SLOPES: "found by its gradients",
    How.NEAREST: "its J is nearest to that of this one",
    How.USUAL: f"a guess: its J fits none of {', '.join(HIDDEN)}; say --activation",
}
NOTHING = Told()
TORCH = "W (n_out, n_in)"
UNUSUAL = ("examples as rows", "W (n_in, n_out)", TORCH, "w (n_x,)", "Y (m,)")  # of shapes, in the words of a form
AXES = "a sum keeps its axis by keepdims=True, a product may lack a transpose"
IN_PLACE = "Who goes on with them computes something else: copy first, and write W = W - ... for W -= ..."
REFILLED = (
    "The arrays are as they were: it puts others into the {0} that it is given. Who goes on with it computes something "
    "else: copy it first, by copy.deepcopy say."
)
SATURATED = (
    "A sigmoid there rounds to exactly 0 or 1, and log(0) and 0/0 have no value; the exact J has. Take it from Z[L]: "
    "the mean of max(Z, 0) + log1p(exp(-|Z|)) - Y Z, and dZ[L] = A - Y without a division."
)


def report(
    name: str, function: Function, results: Sequence[Result], said: Notes, dtypes: Sequence[str], told: Told = NOTHING
) -> tuple[bool, str]:
    """Return whether it is right, and the report. said: what was noted of the function while it was asked."""
    name = name.removesuffix(":")  # of a module, `pkg.mine:`
    if not function.depths:
        return False, "\n".join([name, "", *_trouble(function.trouble)])
    told = _in_their_shapes(told, said)
    kinked, several, counted = sorted_out(results)
    told = told._replace(several=bool(several_outputs(told.source)))
    if several and not counted and told.several:
        several, counted = [], several
    more = {} if len(function.depths) == 1 else {d: t for d, t in function.trouble.items() if d > max(function.depths)}
    lines = [*wrapped(f"{name}: {_what(function, results, said)}", "  ")]
    if more:  # what works with one layer and with two is meant for three
        lines += ["", *_trouble(more)]
    for each, changed in said.changed.items():
        own = each if each in OWN else "it"
        advice = REFILLED.format(said.refilled[each]) if each in said.refilled else IN_PLACE
        lines += ["", f"wrong: {own} changes what it is given: {', '.join(changed)}.", *wrapped(f"  {advice}", "  ")]
    for each, failure in said.trouble.items():
        lines += ["", *_its_trouble(each, failure)]
    for tensor, shape in said.conversions:
        if tensor in said.breaks:
            shown = f"{said.names.get(tensor, tensor)} is {shape}"
            lines += ["", *wrapped(f"wrong: an array has the wrong shape. {shown}; {AXES}", "  ")]
    lopsided, words = penalty.told(said.penalties)
    lines += ["", *wrapped(f"wrong: {words}", "  ")] if lopsided else []
    apart = bool(more or said.changed or said.trouble or said.breaks or lopsided)
    if counted:
        lines += ["", *wrong(counted, results, told)]
    else:
        good = [each for each in results if each.excused or each.row.verdict not in BAD]
        right = _right(good, dtypes, told, said, "Apart from that, " if apart else "")
        lines += ["", *right]
    is_right = not (counted or apart)
    notes = notices(function, results, kinked, several, said, is_right)
    lines += ["", "Notes", *(line for note in notes for line in wrapped(f"- {note}", "  "))] if notes else []
    return is_right, "\n".join(line.rstrip() for line in lines)


def _in_their_shapes(told: Told, said: Notes) -> Told:
    """Return what is known, with what the form says of the arrays; a gradient called W1 is left dW1."""
    names = {tensor: name for tensor, name in told.names.items() if not re.fullmatch(r"[Wwb]\d*", name)}
    unusual = any(f"{shape}" in said.read_as for shape in UNUSUAL)
    return told._replace(names=names, rows=told.rows and TORCH not in said.read_as, unusual=unusual)


class SortedOut(NamedTuple):
    """The results outside the bound: those that differ by ReLU's derivative at 0 alone; those of a function that is
    right for one output only, as the course's are; and those that count, which make it wrong.
    """

    kinked: list[Result]
    several: list[Result]
    counted: list[Result]


def sorted_out(results: Sequence[Result]) -> SortedOut:
    """Return which results make a function wrong, and which do not."""
    failed = [result for result in results if result.row.verdict in BAD and not result.excused]
    kinked = [result for result in failed if result.kink or result.exactly in KINK]
    wrong = [result for result in failed if result not in kinked]
    several = [result for result in wrong if result.case.network.n[-1] > 1]
    single = [result for result in wrong if result not in several]
    if not single and len(wrong) < len(results):
        return SortedOut(kinked, several, [])
    lost = [result for result in several if isinstance(result.row.cause, Failure)] if single else []
    return SortedOut(kinked, lost, [result for result in wrong if result not in lost])


def _what(function: Function, results: Sequence[Result], said: Notes) -> str:
    """Return what the function is taken for."""
    depths = sorted({result.case.network.L for result in results})
    counts = [str(depth) for depth in depths]
    count = " and ".join([", ".join(counts[:-1]), counts[-1]]) if counts[:-1] else counts[0]
    hidden = ", ".join(dict.fromkeys(g for result in results for g in result.case.network.g[:-1]))
    words = f"read as {said.read_as}; " if said.read_as else ""
    words += "logistic regression" if depths == [1] else f"{count} layer{'s' if depths[-1] > 1 else ''}"
    words += f", hidden {hidden} ({ACTIVATION[function.how]})" if hidden else ""
    squared = next((r.case.network.g[-1] for r in results if r.case.network.loss == "squared_error"), "")
    return words + (f"; squared error of {squared} outputs" if squared else "")


def _trouble(trouble: Mapping[int, Failure]) -> list[str]:
    """Return the trouble that says most, with the depth that it was seen with."""
    failure = gravest(trouble)
    headline = headline_of(failure)
    lines = [f"wrong: {headline}.", *wrapped(f"  {of_failure(failure)}", "  ")]
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
    elif failure.kind is Kind.SHAPE:
        headline = f"{name} returns an array of another shape"
    return [f"wrong: {headline}.", *wrapped(f"  {of_failure(failure)}", "  "), *_given(failure)]


def _given(failure: Failure) -> list[str]:
    return wrapped(f"  It was given {failure.given}.", "  ") if failure.given else []


def _right(good: Sequence[Result], dtypes: Sequence[str], told: Told, said: Notes, begin: str) -> list[str]:
    undefined = [result for result in good if result.row.verdict is Verdict.UNDEFINED and not said.cost_is_ours]
    epsilons = [f for diagnosis in told.diagnoses for f in diagnosis.findings if f.special is Special.EPSILON]
    moved = _moved([result for result in good if result.excused])
    count, precisions = len({result.case.problem for result in good}), " and ".join(sorted(dtypes, reverse=True))
    on = f"on {_problems(count)} in {precisions}"
    if moved:
        size = listed(list(dict.fromkeys(f"about {finding.size:.3g} {within(finding)}" for finding in epsilons)))
        lines = wrapped(f"{begin}right, but for the epsilon of {size}: it {moved}.", "  ")
        lines += wrapped(f"  All else lies within what rounding can do, {on}.", "  ")
        undefined = []
    else:
        lines = wrapped(f"{begin}{_verdict(undefined)}: {_judged(said)} within what rounding can do, {on}.", "  ")
    if undefined:
        c, names = undefined[0].unstable, ", ".join(dict.fromkeys(result.case.problem for result in undefined))
        there = f"On {names}: "
        if c is not None:
            name = of_entry(c, good[0].pair)
            is_so = f"{name} is {c.got:.6g} and should be"
            if told.raised and math.isnan(c.got):
                is_so = f"it raises {' or '.join(told.raised)}, where {name} should be"
            there += f"{is_so} {c.oracle:.6g}. "
        known = [f"It comes of an epsilon of about {f.size:.3g} {within(f)}. " for f in epsilons if f.tensors == ()]
        lines += wrapped(f"  {there}{''.join(known[:1])}{SATURATED}", "  ")
    return [*lines, "", *_table(good)]


def _verdict(undefined: Sequence[Result]) -> str:
    """Return the verdict, with what becomes of saturated outputs: no number, or one that was cut off."""
    if not undefined:
        return "right"
    return f"right, but {ends(undefined)} at saturated outputs"


def _judged(said: Notes) -> str:
    """Return what was judged, with its verb."""
    if "gradients" in said.unjudged:
        return "every step of your training lies"
    return "every gradient lies" if "J" in said.unjudged else "J and every gradient lie"


def _moved(excused: Sequence[Result]) -> str:
    """Return by how much an epsilon moves what it moves, where it does so least and most."""
    moves = [(abs(c.got - c.oracle), c, result) for result in excused for c in result.wrong if c.tensor.kind == "J"]
    moves = moves or [(abs(c.got - c.oracle), c, result) for result in excused for c in result.wrong]
    if not moves:
        return ""
    (least, c, at), (most, _, there) = (choose(moves, key=lambda each: each[0]) for choose in (min, max))
    words = f"moves {of_name(c.tensor, at.pair)} by {least:.2g} on {at.case.problem}"
    return words + (f", and by {most:.2g} on {there.case.problem}" if most > 2 * least else "")


def _problems(count: int) -> str:
    return f"{count} problem{'s' if count != 1 else ''}"


def _table(results: Sequence[Result]) -> list[str]:
    """Return the largest error of each tensor, over all problems."""
    worst: dict[Tensor, tuple[Comparison, Result]] = {}
    for result in results:
        for c in result.row.comparisons:
            if (
                c.bounded
                and not (result.excused and c.outside)
                and (c.tensor not in worst or c.ratio > worst[c.tensor][0].ratio)
            ):
                worst[c.tensor] = c, result
    lines = ["  tensor    of what rounding can do   in ulps   the largest is on"]
    for name in sorted(worst, key=_in_order):
        c, result = worst[name]
        ulps, shown = "" if c.ulps is None else f"{c.ulps:.3g}", of_name(name, result.pair)
        lines.append(f"  {shown:9} {c.ratio:<25.2g} {ulps:<9} {result.case.problem}, {result.case.dtype}")
    return lines


def _in_order(tensor: Tensor) -> tuple[bool, int, str]:
    return tensor.of_fit, tensor.layer, tensor
