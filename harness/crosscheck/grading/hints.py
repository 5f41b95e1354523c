"""What a learner is told beside the verdict of `crosscheck check`: the equation, the known mistake, the notes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from crosscheck_impls.interface import Network

from crosscheck.core.records import Case, Comparison
from crosscheck.grading.probe import Found
from crosscheck.judge.attribution import Cause
from crosscheck.judge.verdict import BAD, Row
from crosscheck.mutation.mutants import MUTANTS

KINK = {mutant.name for mutant in MUTANTS if mutant.kind == "switch" and "'(0)" in mutant.name}
TRAINING = "your training loop was not checked: give fit(parameters, X, Y, alpha, iterations), returning {}, costs"
PREDICTIONS = "your predictions were not checked: give predict(parameters, X), returning labels 0 and 1"


class Result(NamedTuple):
    """One problem: the case, the verdict, where a stable form would first differ, and why the problem is there."""

    case: Case
    row: Row
    unstable: Comparison | None = None
    why: str = ""

    @property
    def wrong(self) -> list[Comparison]:
        """What lies outside the bound."""
        return [c for c in self.row.comparisons if c.ratio > 1]

    @property
    def exactly(self) -> str:
        """The name of the known mistake that it is, or nothing."""
        cause = self.row.explained
        return cause.mutant.name if cause is not None and cause.exactly else ""


def layers(depth: int) -> str:
    """Say a depth.

    >>> layers(1), layers(3)
    ('1 layer', '3 layers')
    """
    return f"{depth} layer{'s' if depth > 1 else ''}"


def place(c: Comparison) -> str:
    """Return the name of an entry."""
    return c.tensor + (f"[{', '.join(map(str, c.element))}]" if c.element else "")


def equation(wrong: Sequence[Comparison], network: Network) -> str:
    """Return the notes' equation for what is wrong first, with its id in the list of what the notes contain."""
    L, names = network.L, {c.tensor for c in wrong}
    squared = network.loss == "squared_error"
    cost = "N4: J = 1/m Σ ½ (A - Y)²" if squared else "N3: J = -1/m Σ Y log A + (1 - Y) log(1 - A)"
    numbers = sorted({int(name[2:]) for name in names if re.fullmatch(r"d[Wb]\d+", name)}, reverse=True)
    if not numbers:
        return cost if "J" in names else "N5: W := W - α dW, b := b - α db; J[t] is the cost before step t"
    if "J" in names:
        forward = "Z = W X + b, A = σ(Z)" if L == 1 else "Z[l] = W[l] A[l-1] + b[l], A[l] = g[l](Z[l])"
        return f"{ {1: 'N10', 2: 'N14'}.get(L, 'N18') }: {forward}; {cost}"
    l, model = numbers[0], {1: "N10", 2: "N16"}.get(L, "N18")
    before, at = "X" if l == 1 else f"A{l - 1}", "" if L == 1 else str(l)
    kinds = {name[1] for name in names if name in (f"dW{l}", f"db{l}")}
    if kinds == {"W"}:
        return f"{model}: dW{at} = dZ{at} {before}ᵀ / m"
    if kinds == {"b"}:
        return f"{model}: db{at} = the sum of dZ{at} over the examples / m"
    if l == L:
        return f"{model}: dZ{at} = A{at} - Y" + (f" times g′(Z{at}), N15" if squared else "")
    return f"{model}: dZ{l} = W{l + 1}ᵀ dZ{l + 1} ∘ g′(Z{l}); N15: the derivative of {network.g[l - 1]}"


def mistake(cause: Cause | None) -> list[tuple[str, str]]:
    """Return the known mistake that an answer equals, as (title, text); the lines are those of our own code."""
    if cause is None:
        return [("known mistake", "none that we know gives these numbers")]
    near = "your numbers are exactly those of" if cause.exactly else "none exactly; the nearest is"
    lines = [("known mistake", f"{near} `{cause.mutant.name}`: {cause.mutant.words}")]
    if cause.also:
        lines.append(("", f"(the same on this problem: {', '.join(cause.also)})"))
    for change in cause.mutant.changes:
        lines += [("right line", f"`{line}`") for line in change.right]
        lines += [("wrong line", f"`{line}`") for line in change.wrong]
    return lines


def not_a_number(c: Comparison, results: Sequence[Result]) -> str:
    """Return where NaN or inf begins, on which problems, and what makes them."""
    there = [r.case.problem for r in results if any(not math.isfinite(each.got) for each in r.wrong)]
    fine = [r.case.problem for r in results if r.row.verdict not in BAD]
    where = f"on {', '.join(dict.fromkeys(there))}" + (f", not on {fine[0]}" if fine else ", on every problem")
    return f"{c.tensor} is the first that has it, {where}; it comes of log(0), 0/0, a root or an exponential too large"


def notices(
    found: Found,
    results: Sequence[Result],
    kinked: Sequence[Result],
    several: Sequence[Result],
    said: Mapping[str, Any],
) -> list[str]:
    """Return what is no mistake, and what was not checked."""
    notes = []
    conventions = [*(r.exactly for r in kinked), *(r.row.cause for r in results if r.row.verdict == "convention")]
    if at_zero := [words.partition(";")[0] for words in conventions if "'(0)" in words]:
        notes.append(f"your {at_zero[0]} is a convention: several are in use; the notes say 1 (z >= 0, N15)")
    if any("flushed" in words for words in conventions):
        notes.append("numbers below the normal range become 0, as XLA does on the CPU; it matters to hardly anybody")
    if several:
        what = several[0].row.cause.split("; ")[0]
        notes.append(f"right for one output; for several it is not ({several[0].case.problem}: {what})")
    depth, trouble = max(found.depths), found.trouble
    if len(found.depths) == 1 and depth > 1 and trouble:
        notes.append(f"it is written for {layers(depth)}, and was judged on those")
    elif fewer := [each for each in trouble if each < depth]:
        notes.append(f"with {layers(fewer[0])} it does not work: {trouble[fewer[0]].partition(': ')[2]}")
    if suspects := [r for r in results if r.row.verdict == "suspect"]:
        notes.append(f"noisier than usual on {suspects[0].case.problem}: {suspects[0].row.cause}")
    if said.get("cost_shape"):
        notes.append(f"J has shape {tuple(said['cost_shape'])}; a plain number is easier to use: float(np.squeeze(J))")
    if said.get("printed"):
        notes.append(f"it prints, up to {said['printed']} lines a call; none of it is shown here")
    pair = found.takes == "w, b"
    unchecked = {"fit": TRAINING.format("w, b" if pair else "parameters"), "predict": PREDICTIONS}
    notes += [
        words.replace("(parameters", "(w, b" if pair else "(parameters")
        for name, words in unchecked.items()
        if name not in found.own
    ]
    return notes
