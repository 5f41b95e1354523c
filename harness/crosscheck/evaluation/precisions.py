"""Mistakes of narrow modes and dtypes, held against the bound of what they are in, and against tolerances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Declaration

from crosscheck.core.records import Answer, Case, cast, flat
from crosscheck.evaluation.baselines import TOLERANCES, Tolerance
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.labels import predictions
from crosscheck.judge.steps import certify
from crosscheck.mutation.build import VARIANT, as_framework
from crosscheck.mutation.narrow import mistakes, mistakes_in
from crosscheck.oracle.error_bound import PLAIN
from crosscheck.oracle.float64 import exact
from crosscheck.oracle.formats import FULL, MODES
from crosscheck.oracle.narrowed import Form, narrowed, single
from crosscheck.oracle.noise import FACTOR
from crosscheck.oracle.reference import RIGHT as REFERENCE
from crosscheck.oracle.reference import Reference
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.runner.collect import measure

PROBLEMS = (
    "flower-logistic", "flower-2layer-tanh", "kink-2layer-relu", "regression-4layer-mixed", "breast_cancer-logistic",
    "digits-2layer-relu", "saturated-logistic",
)  # fmt: skip
ITERATIONS = 5  # of the run, whose steps are certified
OF_FLOAT32 = TOLERANCES["torch.testing.assert_close"]["float32"]
# The defaults of torch.testing.assert_close for the dtype that the mode computes in, torch 2.13; float8 has none, so 0.
OF_ITS_DTYPE: Mapping[str, Tolerance] = {
    "tf32": OF_FLOAT32,
    "bfloat16_products": Tolerance(1.6e-2, 1e-5),
    "bfloat16": Tolerance(1.6e-2, 1e-5),
    "float16": Tolerance(1e-3, 1e-5),
    "float8": Tolerance(0.0, 0.0),
}
RIGHT = "none"


class Tried(NamedTuple):
    """A mistake on a problem. caught: by `bound`, `steps`, `labels` or `noise`, or nothing; None where no bit differs.

    ratio: the largest error in units of the bound; float32, own: whether torch.testing.assert_close with the defaults
    of float32, or of the mode's own dtype, sees a difference from the right reference in full float32.
    """

    precision: str
    mistake: str
    problem: str
    caught: str | None
    ratio: float
    float32: bool
    own: bool


def tried(
    precisions: Sequence[str], report: Callable[[str, int, int], None], problems: Sequence[str] | None = None
) -> Iterator[Tried]:
    """Yield what comes of each mistake of each mode on each problem; the right reference first."""
    problems = problems or PROBLEMS
    for number, name in enumerate(problems):
        case = make_case(build(BY_NAME[name])._replace(iterations=ITERATIONS), "float32")
        judge = Judge(case)
        for k, precision in enumerate(precisions):
            report("mistakes of narrow modes", number * len(precisions) + k, len(problems) * len(precisions))
            with np.errstate(all="ignore"):  # mistakes overflow
                yield from _on(judge, case, precision)


def tried_in(
    dtypes: Sequence[str], report: Callable[[str, int, int], None], problems: Sequence[str] | None = None
) -> Iterator[Tried]:
    """Yield what comes of each mistake over arrays of each narrow dtype on each problem; the right reference first."""
    asked = list(product(problems or PROBLEMS, dtypes))
    for number, (name, dtype) in enumerate(asked):
        report("mistakes of narrow dtypes", number, len(asked))
        case = make_case(build(BY_NAME[name])._replace(iterations=ITERATIONS), dtype)
        with np.errstate(all="ignore"):  # mistakes overflow
            full, right = _answer(REFERENCE, _in_single(case), PLAIN), _answer(REFERENCE, case, PLAIN)
            held = _Held(Judge(case), PLAIN, f"arrays of {dtype}", OF_ITS_DTYPE[dtype], full, right)
            yield held.tried(right, RIGHT)
            for mistake in mistakes_in(dtype):
                yield held.tried(_answer(REFERENCE, case, PLAIN, mistake.form), mistake.name)


def _in_single(case: Case) -> Case:
    """Return a case of a narrow dtype with the same numbers in float32."""
    params = tuple(cast(each, "float32") for each in case.checkpoints)
    return case._replace(dtype="float32", X=single(case.X), Y=single(case.Y), checkpoints=params)


def _on(judge: Judge, case: Case, precision: str) -> Iterator[Tried]:
    declared, mode = Declaration(precision=precision), MODES[precision]  # type: ignore[arg-type]
    full, right = (_answer(each, case, declared) for each in (narrowed(FULL), narrowed(mode)))
    held = _Held(judge, declared, precision, OF_ITS_DTYPE[precision], full, right)
    yield held.tried(right, RIGHT)
    for mistake in mistakes(mode):
        yield held.tried(_answer(mistake.made, case, declared), mistake.name)


def _answer(reference: Reference, case: Case, declared: Declaration, form: Form | None = None) -> Answer:
    return measure(as_framework(reference, "reference", form), VARIANT, declared, case, "cpu")


class _Held(NamedTuple):
    """What an answer is held against. precision: the mode's name, or the dtype's, and own: the tolerance there.

    full: the right reference in float32; right: in the mode or the dtype.
    """

    judge: Judge
    declared: Declaration
    precision: str
    own: Tolerance
    full: Answer
    right: Answer

    def tried(self, answer: Answer, name: str) -> Tried:
        """Return what is said of an answer."""
        got, full, right = map(_arrays, (answer, self.full, self.right))
        precision, problem = self.precision, self.judge.case.problem
        float32, own = (not all(map(each.accepts, got, full)) for each in (OF_FLOAT32, self.own))
        if name != RIGHT and all(np.array_equal(a, b, equal_nan=True) for a, b in zip(got, right, strict=True)):
            return Tried(precision, name, problem, None, 0.0, float32, own)
        compared, steps = (each(answer, self.declared) for each in (self.judge.compare, partial(certify, self.judge)))
        noises = [c.noise for c in compared if c.noise is not None]
        found = {
            "bound": any(c.outside for c in compared),
            "steps": any(c.outside for c in steps),
            "labels": predictions(self.judge, answer, self.declared).wrong > 0,
            "noise": max(noises, default=0.0) > FACTOR,
        }
        caught = next((name for name, seen in found.items() if seen), "")
        return Tried(precision, name, problem, caught, max(c.ratio for c in [*compared, *steps]), float32, own)


def _arrays(answer: Answer) -> list[Array]:
    """Return J and the gradient at each checkpoint, the run's costs and its last params, in float64."""
    arrays = [array for J, gradient in answer.gradients for array in (J, *flat(gradient))]
    return list(map(exact, [*arrays, answer.run.costs, *flat(answer.run.trained)]))
