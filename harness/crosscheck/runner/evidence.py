"""What an answer must hold to be judged: the points, steps and labels that were asked for, and how they hang together.

A worker runs somebody's code and may send anything. What it sends is judged by its numbers; here it is made sure that
those numbers are there, all of them, and that each is where it is said to be. So a forged answer agrees only if its
numbers are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from crosscheck_impls.interface import Declaration, Params

from crosscheck.core.failures import Evidence, Failure, Kind, Stage
from crosscheck.core.plain import Malformed
from crosscheck.core.records import Answer, Case, Certification, Step, flat
from crosscheck.runner.collect import SAMPLED, WINDOW, affordable, chosen_points, keep, same, windows
from crosscheck.runner.wire import MEBIBYTE

FLOOR, FACTOR = 64 * MEBIBYTE, 4  # bytes that any answer may have; times what an honest one has
REMARKS, WORDS = 1000, 2**16  # promises that are kept; characters of notes and environment


def largest(case: Case) -> int:
    """Return how many bytes the arrays of an answer may have: those of an honest one times a factor, or a floor."""
    params = sum(int(array.nbytes) for array in flat(case.checkpoints[0]))
    examples = case.X.shape[1] + (0 if case.X_test is None else case.X_test.shape[1])
    steps = 2 * max(len(keep(case, case.iterations)), SAMPLED + 2 * WINDOW)
    labels = 8 * 3 * case.network.n[-1] * examples
    honest = (2 * steps + len(case.checkpoints) + 2) * params + labels + 8 * case.iterations
    return max(FLOOR, int(FACTOR * honest))


def checked(answer: Answer) -> Answer:
    """Return the answer, its lists bounded. Raises Malformed where something else stands in the place of an array."""
    for name, array in _arrays(answer):
        if not isinstance(array, np.ndarray):
            raise Malformed(f"{name}: expected an array")
    if len(repr(answer.environment)) + len(repr(answer.notes)) > WORDS:
        raise Malformed("environment and notes: too long")
    return answer._replace(broken=answer.broken[:REMARKS])


def _arrays(answer: Answer) -> Iterator[tuple[str, object]]:
    for J, gradient in answer.gradients:
        yield "J", J
        yield from (("gradient", array) for array in flat(gradient))
    run = answer.run
    for step in run.steps:
        yield "cost of a step", step.J
        yield from (("step", array) for params in (step.before, step.after) for array in flat(params))
    yield from (("trained", array) for array in flat(run.trained))
    yield from (("costs", run.costs), ("labels", answer.labels_start), ("labels", answer.labels))
    if answer.labels_test is not None:
        yield "test labels", answer.labels_test


def accepted(case: Case, declared: Declaration, answer: Answer) -> Answer | Failure:
    """Return the answer if it can be judged, else why not. Raises Malformed as `checked` does."""
    answer = checked(answer)
    lacks = lacking(case, declared, answer)
    return answer if lacks is None else Failure(Stage.CASE, Kind.NO_EVIDENCE, lacks)


def _has_points(case: Case, declared: Declaration, answer: Answer) -> bool:
    """Return whether an answer holds the checkpoints in order, and one of them once more but for slow loops."""
    points, held = chosen_points(case, declared), answer.checkpoints
    if declared.loops_over == "nothing" and case.source is None:
        return held[:-1] == points and held[-1] in points
    return held == points


def lacking(case: Case, declared: Declaration, answer: Answer) -> Evidence | None:
    """Return what an answer lacks of what was asked, the first thing; None if nothing.

    Shapes, dtypes and other promises are the judge's; an answer that has broken one agrees in no case, and its
    numbers need not hang together.
    """
    run = answer.run
    if not _has_points(case, declared, answer) or len(answer.gradients) != len(answer.checkpoints):
        return Evidence.POINTS
    if run.iterations != affordable(case, declared):
        return Evidence.ITERATIONS
    if (answer.labels_test is None) != (case.X_test is None):
        return Evidence.LABELS
    if answer.broken or run.certification is Certification.MISCOUNTED:
        return None
    if not _all_steps(case, answer):
        return Evidence.STEPS
    return None if _hang_together(case, answer) else Evidence.CHAIN


def _all_steps(case: Case, answer: Answer) -> bool:
    """Return whether the steps are those that the certification promises, each once, or twice with two costs."""
    run = answer.run
    shown = [step.t for step in run.steps]
    kept = sorted(keep(case, run.iterations))
    allowed = kept
    if run.certification is Certification.LENGTHS and len(kept) < run.iterations:  # what runs of other lengths show
        lengths = windows(run.iterations, case.problem) | {0}
        allowed = [t for t in range(run.iterations) if t in lengths and t + 1 in lengths]
    if run.certification is Certification.ALL and len(kept) < run.iterations:
        return False
    once = sorted(set(shown))
    return shown == sorted(shown) and max(map(shown.count, once), default=0) <= 2 and once == allowed


def _hang_together(case: Case, answer: Answer) -> bool:
    """Return whether the first step begins where it was to begin, each where the one before it ended, and so on."""
    run, steps = answer.run, answer.run.steps
    if run.costs.shape != (run.iterations,):  # told by the judge
        return True
    if not all(map(_follows, steps, steps[1:])):
        return False
    if not _alike(steps[0].before, case.checkpoints[0]):  # the first step is among those asked for
        return False
    if run.certification is Certification.IRREPRODUCIBLE:  # single steps, beside a run that shows none
        return True
    costs = {step.t for step in steps if step.J.shape == () and same(step.J, run.costs[step.t])}
    ends = steps[-1].t < run.iterations - 1 or _alike(steps[-1].after, run.trained)
    return ends and costs == {step.t for step in steps}


def _follows(step: Step, following: Step) -> bool:
    """Return whether two steps that are shown one after the other can be those of one run."""
    if following.t == step.t:
        return _alike(step.before, following.before) and _alike(step.after, following.after)
    return following.t > step.t + 1 or _alike(step.after, following.before)


def _alike(first: Params, second: Params) -> bool:
    arrays: Sequence[tuple[np.ndarray, np.ndarray]] = list(zip(flat(first), flat(second), strict=False))
    return len(first) == len(second) and all(a is b or (a.dtype == b.dtype and same(a, b)) for a, b in arrays)
