"""The verdict on one implementation, one problem, one dtype, one device: a row of the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from crosscheck_impls.interface import Declaration

from crosscheck.core.records import Answer, Comparison
from crosscheck.judge.attribution import Cause, attribute, where
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.steps import Envelope, Predictions, certify, predictions
from crosscheck.mutation.mutants import Mutant
from crosscheck.oracle.noise import FACTOR

VERDICTS = {
    "agrees": "every number lies within the proved error bound of the oracle (and so do the float64 twin's)",
    "convention": "differs from the oracle by a documented convention, named, and agrees with the oracle under it",
    "undefined": "the declared formula has no value there, a logarithm of 0 say; all that has a bound agrees",
    "suspect": f"within the bound, but more than {FACTOR:g} times the usual rounding noise, or a run that differs "
    "when it is repeated: unexplained, a warning",
    "disagrees": "a number lies outside the bound: it is proved not to be rounding",
    "failed": "an error, a crash, a kill, or no answer in time",
    "not run": "the framework or the device is not there, or a loop in Python would take minutes",
}
BAD = ("disagrees", "failed")
FLUSHING = "subnormal numbers are flushed to 0"


@dataclass
class Row:
    """One row: problem x implementation x dtype x device. Ratios are errors in units of the bound."""

    problem: str
    implementation: str
    dtype: str
    device: str
    verdict: str
    cause: str = ""
    comparisons: list[Comparison] = field(default_factory=list)
    predictions: Predictions | None = None
    iterations: int = 0
    certified: int = 0
    checkpoints: int = 0
    straddles_zero: int = 0
    envelope: Envelope | None = None
    explained: Cause | None = None

    def worst(self, *tensors: str) -> Comparison | None:
        """Return the comparison with the largest ratio among tensors whose names begin so, or among all."""
        among = [c for c in self.comparisons if c.ratio == c.ratio and c.tensor.startswith(tensors or ("",))]
        return max(among, key=lambda c: c.ratio, default=None)

    def noisiest(self) -> Comparison | None:
        """Return the comparison with the largest error in units of the noise."""
        return max((c for c in self.comparisons if c.noise == c.noise), key=lambda c: c.noise, default=None)


def judge(judge: Judge, answer: Answer, declared: Declaration, key: dict[str, Any], guess: Mutant | None = None) -> Row:
    """Return the row: judged by no convention, and if that fails by those that the variant declares.

    guess: what explained this implementation elsewhere.
    """
    run, L = answer.run, judge.case.network.L
    row = Row(**key, verdict="agrees", iterations=run.iterations, checkpoints=len(answer.checkpoints))
    broken = judge.broken(answer, key["device"])
    if broken:
        row.verdict, row.cause = "disagrees", "; ".join(broken)
        if all(" is float" in words for words in broken):  # of another precision, but whole otherwise
            _explain(row, judge, answer, declared, guess)
        return row
    row.certified = len({step.t for step in run.steps})
    judged: list[tuple[int, int, Declaration, str, list[Comparison]]] = []
    for under, words in conventions(declared):
        comparisons = judge.compare(answer, under) + certify(judge, answer, under)
        wrong = {c.tensor for c in comparisons if c.ratio > 1}
        judged.append((len(wrong), len(judged), under, words, comparisons))
        if not wrong:
            break
    wrong_tensors, _, under, words, row.comparisons = min(judged, key=lambda each: each[:2])
    row.predictions, row.straddles_zero = predictions(judge, answer, under), judge.straddles_zero(under)
    row.verdict, row.cause = ("convention", words) if words and not wrong_tensors else ("agrees", "")
    found = row.predictions
    if row.verdict == "convention":
        return row
    if outside := [c for c in row.comparisons if c.ratio > 1]:
        row.verdict = "disagrees"
        row.cause = f"{describe(first(outside, L))}; {where(outside, L)}"
        _explain(row, judge, answer, under, guess)
    elif found.wrong:
        row.verdict, row.cause = "disagrees", f"predictions: {found.found}"
        _explain(row, judge, answer, declared, guess)
    elif unbounded := [c for c in row.comparisons if c.undefined]:
        row.verdict = "undefined"
        row.cause = (
            f"{unbounded[0].tensor} at iteration {unbounded[0].iteration}: {why_unbounded(declared, judge.case.dtype)}"
        )
    elif found.found:
        row.cause = found.found
        if len(judge.case.checkpoints) == 3 or run.iterations == 1:  # the oracle's own run stays finite
            row.verdict = "undefined" if declared.formulation == "textbook" else "disagrees"
    elif run.how == "irreproducible":
        row.verdict, row.cause = "suspect", "two runs of the same fit differ: only single steps are certified"
    elif (c := row.noisiest()) and c.noise > FACTOR:
        row.verdict, row.cause = "suspect", f"{c.tensor} at iteration {c.iteration}: {c.noise:.3g} x the usual noise"
        _explain(row, judge, answer, declared, guess, noisy=True)
    return row


def _explain(
    row: Row, judge: Judge, answer: Answer, declared: Declaration, guess: Mutant | None, noisy: bool = False
) -> None:
    """Add to the cause what explains the answer."""
    row.explained = attribute(judge, answer, declared, noisy, guess)
    row.cause += f"; {row.explained or 'unexplained'}"


def conventions(declared: Declaration) -> Iterator[tuple[Declaration, str]]:
    """Yield the declaration without its conventions, with one at a time, with all; and how to call them."""
    plain = declared._replace(relu_grad_at_zero=(), flushes=False)
    yield plain, ""
    if declared.relu_grad_at_zero:
        yield plain._replace(relu_grad_at_zero=declared.relu_grad_at_zero), declared.convention
    if declared.flushes:
        yield plain._replace(flushes=True), FLUSHING
    if declared.relu_grad_at_zero and declared.flushes:
        yield declared, f"{declared.convention}; {FLUSHING}"


def first(outside: list[Comparison], L: int) -> Comparison:
    """Return the first divergence in the order of computation: J, then dW[L], db[L], down to layer 1, then the step."""

    def order(c: Comparison) -> tuple[bool, int, bool, int]:
        name = c.tensor.removeprefix("fit: ")
        stage = 0 if name == "J" else 1 + L - int(name.lstrip("dWb"))
        return c.tensor.startswith("fit"), c.iteration, stage > 0, stage

    return min(outside, key=order)


def describe(c: Comparison) -> str:
    """Return a place of divergence in words: what, where, got, oracle, bound, ratio."""
    where = f"[{', '.join(map(str, c.element))}]" if c.element else ""
    return (
        f"{c.tensor}{where} at iteration {c.iteration}: got {c.got:.9g}, oracle {c.oracle:.9g}, "
        f"bound {c.bound:.2g}, {c.ratio:.3g} x the bound"
    )


def why_unbounded(declared: Declaration, dtype: str) -> str:
    """Return in words why a bound is infinite."""
    if declared.formulation == "textbook":
        return f"the textbook formula overflows, or takes log(0) or 0/0, in {dtype}: an output or a tanh saturates"
    return f"numbers overflow {dtype}"


def twins(rows: list[Row]) -> None:
    """A float32 row agrees only if its float64 twin does: float64 tests the formulas, float32 the precision."""
    by_key = {(r.problem, r.implementation, r.device, r.dtype): r for r in rows}
    for row in rows:
        twin = by_key.get((row.problem, row.implementation, row.device, "float64"))
        if row.dtype == "float32" and row.verdict in ("agrees", "suspect") and twin is not None and twin.verdict in BAD:
            row.verdict, row.cause = "disagrees", f"its float64 twin {twin.verdict}: {twin.cause}"
