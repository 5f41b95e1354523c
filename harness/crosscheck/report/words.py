"""The words for causes, failures and locations. Everything else passes them on as data."""

from __future__ import annotations

import math
from functools import singledispatch

from crosscheck_impls.interface import NARROW

from crosscheck.core.failures import Broken, Evidence, Failure, Kind, Promise, Rank, Stage, Verdict
from crosscheck.core.records import Comparison
from crosscheck.core.text import signal_name
from crosscheck.judge.attribution import Explanation
from crosscheck.judge.causes import (
    BrokenPromises,
    Cause,
    Convention,
    Irreproducible,
    NoBound,
    Noisy,
    NotFinite,
    NotTheFormula,
    OutsideBound,
    Overflow,
    Twin,
    Unreadable,
    WithAllProcessors,
    WrongLabels,
)
from crosscheck.judge.evidence import Heat
from crosscheck.judge.labels import WrongLabel
from crosscheck.judge.narrowing import Conclusion
from crosscheck.judge.reproducible import FAR
from crosscheck.judge.verdict import Row
from crosscheck.oracle.noise import FACTOR
from crosscheck.report.places import of_location as of_location
from crosscheck.report.places import of_name as of_name

SYMBOLS = {
    Verdict.AGREES: "✓", Verdict.CONVENTION: "≈", Verdict.UNDEFINED: "∅", Verdict.SUSPECT: "?", Verdict.DISAGREES: "✕",
    Verdict.FAILED: "!", Verdict.NOT_RUN: "–",
}  # fmt: skip
MEANING = {
    Verdict.AGREES: "every number lies within the proved error bound of the oracle (and so do the float64 twin's)",
    Verdict.CONVENTION: "differs from the oracle by a documented convention, named, and agrees with it under that",
    Verdict.UNDEFINED: "the declared formula has no value or no bound there, as a logarithm of 0; all that has a bound "
    "agrees, and what is finite there is what the formula can give",
    Verdict.SUSPECT: f"within the error bound, but more than {FACTOR:g} times the usual rounding noise, or a run that "
    "differs when it is repeated: unexplained, a warning",
    Verdict.DISAGREES: "a number lies outside the elementwise error bound, or what must be exact is not; or an "
    f"irreproducible run leaves the oracle's by more than {FAR:g} envelopes of rounding",
    Verdict.FAILED: "an error, a crash, a kill, or no answer in time",
    Verdict.NOT_RUN: "the framework, the device or a compiler is not there, the dtype does not hold the data, or a "
    "loop in Python would take too long",
}
AT_ZERO = "; if that is meant, declare it (relu_grad_at_zero in impls/README.md), and it is judged by that"
EVIDENCE = {
    Evidence.POINTS: "gradients at other points than those that were asked for",
    Evidence.ITERATIONS: "a run of another length than was asked for",
    Evidence.LABELS: "test labels where there is no test set, or none where there is one",
    Evidence.STEPS: "other steps of the run than those that were asked for",
    Evidence.CHAIN: "steps that do not begin where the one before ended, or whose costs are not the run's",
}
UNDERFLOW = 2.0**-126  # the smallest normal number of float32: below it a bound is that of an underflow
FLUSHING = "subnormal numbers are flushed to 0"


def of_verdict(row: Row) -> str:
    """Return what the verdict of a row means; a row that disagrees for another reason than a number says so."""
    if row.verdict is Verdict.DISAGREES and not isinstance(row.cause, OutsideBound):
        return "something that must be right is not, by the cause below"
    return MEANING[row.verdict]


def of_failure(failure: Failure) -> str:
    """Return a failure in one line."""
    what, number = failure.message, failure.number
    match failure.kind:
        case Kind.NOT_INSTALLED:
            return f"{what} is not installed"
        case Kind.NO_DEVICE | Kind.UNAVAILABLE | Kind.NO_VARIANT | Kind.NOT_FOUND | Kind.INCOMPLETE:
            return what
        case Kind.TOO_SLOW:
            return f"{int(number):,} steps of Python in one gradient would take too long; train runs it all the same"
        case Kind.NOT_ASKED:
            return f"not asked: what was asked before it had taken {number:g} s"
        case Kind.TIMED_OUT:
            doing = "the import" if failure.stage is Stage.LOAD else "this problem"
            words = f"no answer within {number:g} s for {doing}; stopped at the time limit"
        case Kind.KILLED | Kind.EXITED | Kind.OVER_MEMORY | Kind.OVER_TASKS | Kind.WORKER_LOST:
            words = _of_end(failure)
        case Kind.UNREADABLE:
            words = f"sent what cannot be read: {what}"
        case Kind.SILENT:
            words = "closed its connection to the harness, and was stopped"
        case Kind.NO_EVIDENCE:
            words = "the answer is no evidence" + (f": {EVIDENCE[Evidence(what)]}" if what in list(Evidence) else "")
        case _:
            words = what
    if failure.rank is not None:
        words = words if failure.rank.heard is None else f"rank {failure.rank.heard}: {words}"
        words = f"{_of_rank(failure.rank, failure.kind)}: {words}"
    if failure.stage is Stage.LOAD and failure.kind is not Kind.TIMED_OUT:
        words = f"import: {words}"
    lost = f"{failure.lost} lost process{'es' if failure.lost > 1 else ''}"
    return f"given up after {lost}: {words}" if failure.lost else words


def _of_rank(rank: Rank, kind: Kind) -> str:
    """Return which process of a team it was, and where it was in its code."""
    who = f"rank {rank.number} of {rank.of}"
    if not rank.at:
        return who
    if rank.passes is not None:
        name, shape, others, theirs = rank.passes
        they = f"{_ranks(others)} pass{'es' if len(others) == 1 else ''} {theirs}"
        return f"{who} in {rank.at} passes {name} {shape}, {they}"
    if kind is not Kind.TIMED_OUT:
        return f"{who} {'in' if rank.heard is None else 'sits in'} {rank.at}"
    wait = f", {_ranks(rank.waiting)} wait{'s' if len(rank.waiting) == 1 else ''} for it" if rank.waiting else ""
    done = f", {_ranks(rank.answered)} {'has' if len(rank.answered) == 1 else 'have'} answered" if rank.answered else ""
    return f"{who} sits in {rank.at}{wait}{done}"


def _ranks(numbers: tuple[int, ...]) -> str:
    words = [str(each) for each in numbers]
    return f"rank {words[0]}" if len(words) == 1 else f"ranks {', '.join(words[:-1])} and {words[-1]}"


def _of_end(failure: Failure) -> str:
    """Return how a process ended that has given no answer."""
    number, said = int(failure.number), f": {failure.message}" if failure.message else ""
    match failure.kind:
        case Kind.OVER_MEMORY:
            return f"it took more than the {number / 2**20:,.0f} MiB of memory that it may, and was stopped"
        case Kind.OVER_TASKS:
            return f"it started more than {number} processes and threads, which is more than it may, and was stopped"
        case Kind.WORKER_LOST:
            return f"the fleet's worker {failure.message} is gone, and no other of its host has answered"
        case Kind.KILLED:
            return f"the process was ended by {_signal(number)}{said}"
    return f"the process ended by itself with exit code {number}{said}"


def _signal(number: int) -> str:
    name = signal_name(number)
    return f"{name}, by itself, by hand, or by the system when memory runs out" if name == "SIGKILL" else name


def of_broken(broken: Broken) -> str:
    """Return a promise that was not kept, in one line."""
    _, name, got, expected, step = broken
    match broken.promise:
        case Promise.LAYERS:
            return f"{got} layers came back, expected {expected} [{name}]"
        case Promise.SHAPE:
            return f"{name} {'have' if name.endswith('labels') else 'has'} shape {got}, expected {expected}"
        case Promise.DTYPE:
            return f"{name} is {got}, expected {expected}"
        case Promise.WHOLE_LABELS:
            return f"{name} are {got}, expected whole numbers"
        case Promise.COSTS:
            return "fit returned another number of costs, or another shape, than (iterations,) as it was asked for"
        case Promise.DEVICE:
            return f"{name} lies on {got}, expected {expected}"
        case Promise.DTYPE_KEPT:
            return f"{name} is {got} after from_numpy, expected {expected}: from_numpy keeps the dtype"
        case Promise.INPUT_LEFT_ALONE:
            return f"{name} was changed by the implementation, expected inputs to be left alone"
        case Promise.PARAMS_LEFT_ALONE:
            return f"fit changed the params it was given, in step {step}: expected inputs to be left alone"
        case Promise.REPLICAS:
            far = f", by {got} at most" if got else ""
            return f"{name} of rank {step} differs from rank 0's{far}: expected the same bits on every rank"
        case Promise.SUMS:
            return (
                f"{name} is not, bit for bit, what the blocks of {expected} examples give that are asked alone and "
                "added in pairs, as `sums` declares"
            )


@singledispatch
def of_cause(cause: Cause | None) -> str:
    """Return why a row does not simply agree, in one line; nothing for None."""
    return ""


of_cause.register(of_failure)


@of_cause.register
def _(cause: BrokenPromises) -> str:
    words = "; ".join(map(of_broken, cause.promises))
    return f"{words}; {of_explanation(cause.explanation)}" if cause.searched else words


@of_cause.register
def _(cause: OutsideBound) -> str:
    place, where = of_comparison(cause.first), of_location(cause.location, beside=cause.grounds)
    return f"{place}; {where}; {of_narrowing(cause.narrowing.found) or of_explanation(cause.explanation)}"


@of_cause.register
def _(cause: WrongLabels) -> str:
    explained = of_explanation(cause.explanation)
    if cause.explanation is not None:
        explained = explained.replace("equals ", "its labels are those of ", 1)
    return f"predictions: {of_label(cause.first)}; {explained}"


@of_cause.register
def _(cause: Convention) -> str:
    return "; ".join(part for part in (cause.declared, FLUSHING if cause.flushes else "") if part)


@of_cause.register
def _(cause: NoBound) -> str:
    why = f"numbers, or the bounds of their errors, overflow {cause.dtype}"
    if cause.why is Overflow.TEXTBOOK:
        why = f"the textbook formula overflows, or takes log(0) or 0/0, in {cause.dtype}: an output or a tanh saturates"
        if cause.dtype in NARROW:  # whose error reaches 0 and 1 long before the number does
            why = f"within its error in {cause.dtype} an output or a tanh saturates, where the textbook has no value"
    if cause.why is Overflow.SUMS:
        too_long = "sums over the examples or the units are too long for a bound"
        why = f"each addition is rounded to {cause.dtype}, and {too_long}"
    return f"{cause.tensor} at iteration {cause.iteration}: {why}"


@of_cause.register
def _(cause: NotTheFormula) -> str:
    tensor, t, element, got, low, high, oracle = cause.first
    place = f"{_entry(tensor, element)} at iteration {t}: got {got:.9g}, oracle {oracle:.9g}"
    possible = f"the textbook formula that it declares gives inf or NaN there, or {low:.9g} to {high:.9g}"
    return f"{place}; {possible}; {of_explanation(cause.explanation)}"


@of_cause.register
def _(cause: NotFinite) -> str:
    return "the free run comes to NaN or inf"


@of_cause.register
def _(cause: Irreproducible) -> str:
    if cause.farthest is None:
        return "two runs of the same fit differ: only single steps are certified"
    tensor, t, element, got, oracle, envelopes = cause.farthest
    when = f"the cost at iteration {t}" if tensor.kind == "J" else f"{_entry(tensor.plain, element)} after {t} steps"
    far = f"{when} is {got:.9g}, {envelopes:.3g} x the envelope of rounding from the oracle's own run, {oracle:.9g}"
    if cause.farthest.outside:
        return f"two runs of the same fit differ, by more than rounding does: {far}; honest runs stay below {FAR:g}"
    return f"two runs of the same fit differ: only single steps are certified; farthest off, {far}"


@of_cause.register
def _(cause: Noisy) -> str:
    c = cause.comparison
    where = f"{c.tensor} at iteration {c.iteration}: {c.noise:.3g} x the usual noise"
    return f"{where}; {of_narrowing(cause.narrowing.found) or of_explanation(cause.explanation)}"


@of_cause.register
def _(cause: Twin) -> str:
    return f"its float64 twin {cause.verdict}: {of_cause(cause.cause)}"


@of_cause.register
def _(cause: WithAllProcessors) -> str:
    threads = f"{cause.threads} thread{'s' if cause.threads > 1 else ''}" if cause.threads else "all processors"
    return f"in a fresh process with {threads}: {of_cause(cause.cause)}"


@of_cause.register
def _(cause: Unreadable) -> str:
    return f"the answer cannot be read: {cause.error}: {cause.message}"


def briefly(cause: Cause | None) -> str:
    """Return the first thing that is wrong, without where and why."""
    match cause:
        case OutsideBound():
            return of_comparison(cause.first)
        case BrokenPromises():
            return of_broken(cause.promises[0])
        case WrongLabels():
            return f"predictions: {of_label(cause.first)}"
        case Failure(kind=Kind.RAISES | Kind.RETURNS | Kind.SHAPE | Kind.MISSING | Kind.DEPTH | Kind.NOT_BUILT):
            return f"{cause.kind}: {cause.message}"
    return of_cause(cause)


def and_more(count: int) -> str:
    """Return how many rows more a sentence about one of them stands for: what is alike in them is the kind of cause."""
    return f", and {count} more, each with its own figures" if count else ""


def of_explanation(explanation: Explanation | None) -> str:
    """Return the change of the reference that explains an answer, or that none does."""
    if explanation is None:
        return "unexplained"
    mutant = explanation.mutant
    if not explanation.exactly:
        return f"unexplained, nearest to `{mutant.name}`: {mutant.words}"
    also = f" (the same here: {', '.join(explanation.also)})" if explanation.also else ""
    seen = f" in all {explanation.steps} steps seen" if explanation.steps else ""
    remedy = AT_ZERO if "'(0) =" in mutant.name else ""
    return f"equals `{mutant.name}`{seen}: {mutant.words}{also}{remedy}"


def of_narrowing(found: Conclusion) -> str:
    """Return of how few bits the errors are; nothing where that was not found."""
    if not found.bits:
        return ""
    if not found.modes:
        return (
            f"the float64 twins are right, and in all {found.of} rows that differ no number of dW and db has more than "
            f"{found.bits} significant bits, of float32's 24: the gradient passes through a narrower format"
        )
    return (
        f"the float64 twins are right, and in {found.rows} of the {found.of} rows that differ the errors of every "
        f"tensor are as large as operands of {found.bits} significant bits make them "
        f"({', '.join(f'`{name}`' for name in found.modes)}), in none larger; a narrow mode that is meant is declared "
        "(precision in impls/README.md), and judged by its own bound"
    )


def of_comparison(c: Comparison) -> str:
    """Return a place of divergence: what, where, got, oracle, bound, ratio."""
    oracle = f"oracle {c.oracle:.9g}, " + ("" if exact(c) else f"bound {c.bound:.2g}, ")
    return f"{of_entry(c)} at iteration {c.iteration}: got {c.got:.9g}, {oracle}{of_distance(c)}"


def exact(c: Comparison) -> bool:
    """Return whether no rounding leads away from the oracle's number: 0 alone is made of what is 0, say."""
    return c.bound == 0 or (c.oracle == 0 and c.bound < UNDERFLOW)


def of_distance(c: Comparison) -> str:
    """Return how far a number is off; where the bound is 0 or the number is none, no ratio says it."""
    if not math.isfinite(c.got):
        return "no finite number"
    return f"exactly {c.oracle:.9g} expected" if exact(c) else f"{c.ratio:.3g} x the bound"


def of_entry(c: Comparison, pair: bool = False) -> str:
    """Return the name of an entry of a tensor: `dW1[0, 2]`. pair: for who writes w (n_x, 1) and b, `dw[2, 0]`, `db`."""
    element = c.element
    if pair:
        element = element[::-1] if c.tensor.kind == "W" else ()
    return _entry(of_name(c.tensor, pair), element)


def _entry(name: str, element: tuple[int, ...]) -> str:
    return name + (f"[{', '.join(map(str, element))}]" if element else "")


def of_label(label: WrongLabel) -> str:
    """Return a wrong label."""
    when = "before training, " if label.when == "start" else ""
    if label.among > 1:
        last = label.example + label.among - 1
        return (
            f"{when}examples {label.example} to {last}, output {label.output}: "
            f"{label.predicted:.9g} in all, where the oracle has {label.oracle:.9g}"
        )
    return (
        f"{when}example {label.example}, output {label.output}: predicted {label.predicted:g} "
        f"where the oracle's A[L] is {label.oracle:.9g}"
    )


def of_heat(heat: Heat) -> str:
    """Return how many elements of a tensor lie outside, and in which rows and columns."""
    of = heat.shape[0] * heat.shape[1]
    unit = "the bound" if heat.unit == "bound" else "the usual noise"
    number = f"{heat.outside:,} of {of:,} elements" if heat.outside < of else f"all {of:,} elements"
    said = f"{number} of {heat.tensor.plain} {'is' if heat.outside == 1 else 'are'} off by more than {unit}"
    where = [
        f"{name} {_runs(runs)}" if runs[0][0] < runs[-1][1] else f"{name[:-1]} {runs[0][0]}"
        for name, runs, length in (("rows", heat.rows, heat.shape[0]), ("columns", heat.columns, heat.shape[1]))
        if length > 1 and runs and runs != ((0, length - 1),)
    ]
    return f"{said}, all of them in {' and '.join(where)}" if where and heat.outside > 1 else said


def _runs(runs: tuple[tuple[int, int], ...]) -> str:
    return ", ".join(f"{first} to {last}" if first < last else str(first) for first, last in runs)
