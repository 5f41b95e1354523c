"""The verdict on one implementation, one problem, one dtype, one device: a row of the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.lockstep import Answer, Comparison, Judge, Predictions
from impls.interface import Declaration

VERDICTS = {
    "agrees": "every number lies within the proved budget of the truth (and so do the float64 twin's)",
    "convention": "differs from the truth by a documented convention, named, and agrees with the truth under it",
    "undefined": "the declared formula has no value there, a logarithm of 0 say; all that has a bound agrees",
    "disagrees": "a number lies outside the budget: it is proved not to be rounding",
    "failed": "an error, a crash, a kill, or no answer in time",
    "not run": "the framework or the device is not there, or a loop in Python would take minutes",
}
BAD = ("disagrees", "failed")


@dataclass
class Row:
    """One row: problem x implementation x dtype x device. Ratios are errors in units of the budget."""

    problem: str
    implementation: str
    dtype: str
    device: str
    verdict: str
    cause: str = ""
    comparisons: list[Comparison] = field(default_factory=list)
    predictions: Predictions | None = None
    iterations: int = 0
    points: int = 0
    ambiguous: int = 0

    def worst(self, *tensors: str) -> Comparison | None:
        """Return the comparison with the largest ratio among tensors whose names begin so, or among all."""
        among = [c for c in self.comparisons if c.ratio == c.ratio and c.tensor.startswith(tensors or ("",))]
        return max(among, key=lambda c: c.ratio, default=None)


def judge(judge: Judge, answer: Answer, declared: Declaration, key: dict[str, Any]) -> Row:
    """Return the row: first by the network's own kink, then, if that fails, by the one that the source declares."""
    row = Row(**key, verdict="agrees", iterations=answer.iterations, points=len(answer.points))
    broken = judge.broken(answer, key["device"])
    if broken:
        row.verdict, row.cause = "disagrees", "; ".join(broken)
        return row
    plain = declared._replace(kink=())
    row.comparisons = judge.compare(answer, plain)
    row.predictions = judge.predictions(answer, plain)
    row.ambiguous = judge.ambiguous(plain)
    worst = row.worst()
    if worst is not None and worst.ratio > 1 and declared.kink:
        under = judge.compare(answer, declared)
        if not any(c.ratio > 1 for c in under):
            row.verdict, row.cause = "convention", f"{declared.convention} (kink: {judge.case.network.kink} asked for)"
            row.comparisons = under
            worst = row.worst()
    if worst is not None and worst.ratio > 1:
        row.verdict, row.cause = "disagrees", describe(worst)
    elif row.predictions.wrong:
        row.verdict, row.cause = "disagrees", f"predictions: {row.predictions.found}"
    elif row.verdict == "agrees" and (unbounded := [c for c in row.comparisons if c.undefined]):
        first = unbounded[0]
        row.verdict = "undefined"
        row.cause = f"{first.tensor} at iteration {first.iteration}: {why_unbounded(declared, judge.case.dtype)}"
    elif row.verdict == "agrees" and row.predictions.found:
        row.cause = row.predictions.found
        if len(judge.case.points) == 3 or answer.iterations == 1:  # the truth's own run stays finite
            row.verdict = "undefined" if declared.form == "textbook" else "disagrees"
    return row


def describe(c: Comparison) -> str:
    """Return the first place of divergence in words: what, where, got, truth, budget, ratio."""
    where = f"[{', '.join(map(str, c.element))}]" if c.element else ""
    return (
        f"{c.tensor}{where} at iteration {c.iteration}: got {c.got:.9g}, truth {c.truth:.9g}, "
        f"budget {c.budget:.2g}, {c.ratio:.3g} x the budget"
    )


def why_unbounded(declared: Declaration, dtype: str) -> str:
    """Return in words why a bound is infinite."""
    if declared.form == "textbook":
        return f"the textbook formula overflows, or takes log(0) or 0/0, in {dtype}: an output or a tanh saturates"
    return f"numbers overflow {dtype}"


def twins(rows: list[Row]) -> None:
    """A float32 row agrees only if its float64 twin does: float64 tests the formulas, float32 the precision."""
    by_key = {(r.problem, r.implementation, r.device, r.dtype): r for r in rows}
    for row in rows:
        twin = by_key.get((row.problem, row.implementation, row.device, "float64"))
        if row.dtype == "float32" and row.verdict == "agrees" and twin is not None and twin.verdict in BAD:
            row.verdict, row.cause = "disagrees", f"its float64 twin {twin.verdict}: {twin.cause}"
