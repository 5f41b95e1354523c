"""What a learner is told beside the verdict of `crosscheck check`: the equation, the known mistake, the notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from crosscheck_impls.interface import Network

from crosscheck.core.failures import BAD, Verdict
from crosscheck.core.failures import Kind as Why
from crosscheck.core.records import Case, Comparison, Tensor
from crosscheck.grading.convert import PAIR, layers
from crosscheck.grading.notes import Notes
from crosscheck.grading.penalty import told
from crosscheck.grading.probe import Function
from crosscheck.judge.attribution import Explanation
from crosscheck.judge.causes import Cause, Convention, Noisy
from crosscheck.judge.verdict import Row
from crosscheck.mutation.mutants import MUTANTS, Kind, Mutant
from crosscheck.report.words import briefly, of_cause, of_name

AT_ZERO = {"right_of_kink", "relu_derivative", "leaky_relu_derivative"}
KNOWN = "known mistake"
KINK = {mutant.name for mutant in MUTANTS if mutant.kind is Kind.SWITCH and set(mutant.hooks) <= AT_ZERO}
TRAINING = "your training loop was not checked: give fit(parameters, X, Y, alpha, iterations), returning {}, costs"
PREDICTIONS = "your predictions were not checked: give predict(parameters, X), returning labels 0 and 1"


class Result(NamedTuple):
    """One problem: the case, the verdict, where a stable form would first differ, and why the problem is there."""

    case: Case
    row: Row
    unstable: Comparison | None = None
    why: str = ""
    pair: bool = False  # it takes w and b, and names what it returns so
    came: str = ""  # the dtype that came back, if it is another
    excused: bool = False  # all that is wrong is a small epsilon
    differs: bool = False  # the same question had another answer the second time
    labels: Mutant | None = None  # the known mistake whose labels these are
    kink: str = ""  # the convention at exactly 0 that is all that differs

    @property
    def wrong(self) -> list[Comparison]:
        """What lies outside the bound."""
        return [c for c in self.row.comparisons if c.outside]

    @property
    def mislabelled(self) -> bool:
        """Whether a label is wrong."""
        return self.row.predictions is not None and self.row.predictions.first is not None

    @property
    def exactly(self) -> str:
        """The name of the known mistake that it is, or nothing."""
        explained = self.row.explained
        return explained.mutant.name if explained is not None and explained.exactly else ""


def equation(wrong: Sequence[Comparison], network: Network) -> str:
    """Return the notes' equation for what is wrong first, with its id in the list of what the notes contain."""
    L = network.L
    gradients = [c.tensor for c in wrong if not c.tensor.of_fit]
    cost_too = any(tensor.kind == "J" for tensor in gradients)
    squared = network.loss == "squared_error"
    cost = "N4: J = 1/m Σ ½ (A - Y)²" if squared else "N3: J = -1/m Σ Y log A + (1 - Y) log(1 - A)"
    numbers = sorted({tensor.layer for tensor in gradients if tensor.kind != "J"}, reverse=True)
    if not numbers:
        return cost if cost_too else "N5: W := W - α dW, b := b - α db; J[t] is the cost before step t"
    if cost_too:
        forward = "Z = W X + b, A = σ(Z)" if L == 1 else "Z[l] = W[l] A[l-1] + b[l], A[l] = g[l](Z[l])"
        return f"{ {1: 'N10', 2: 'N14'}.get(L, 'N18') }: {forward}; {cost}"
    l, model = numbers[0], {1: "N10", 2: "N16"}.get(L, "N18")
    before, at = "X" if l == 1 else f"A{l - 1}", "" if L == 1 else str(l)
    kinds = {tensor.kind for tensor in gradients if tensor.layer == l}
    if kinds == {"W"}:
        return f"{model}: dW{at} = dZ{at} {before}ᵀ / m"
    if kinds == {"b"}:
        return f"{model}: db{at} = the sum of dZ{at} over the examples / m"
    if l == L:
        return f"{model}: dZ{at} = A{at} - Y" + (f" times g′(Z{at}), N15" if squared else "")
    return f"{model}: dZ{l} = W{l + 1}ᵀ dZ{l + 1} ∘ g′(Z{l}); N15: the derivative of {network.g[l - 1]}"


def mistake(explained: Explanation | None) -> list[tuple[str, str]]:
    """Return the known mistake that an answer equals, as (title, text); the lines are those of our own code."""
    if explained is None:
        return [(KNOWN, "none that we know gives these numbers")]
    near = "your numbers are exactly those of" if explained.exactly else "none exactly; the nearest is"
    lines = [(KNOWN, f"{near} `{explained.mutant.name}`: {explained.mutant.words}")]
    if explained.also:
        lines.append(("", f"(the same on this problem: {', '.join(explained.also)})"))
    for change in explained.mutant.changes:
        lines += [("our line", f"`{line}`") for line in change.right]
        lines += [("as if it were", f"`{line}`") for line in change.wrong]
    return lines


def not_a_number(c: Comparison, results: Sequence[Result]) -> str:
    """Return where NaN or inf begins, on which problems, and what makes them."""
    there = [r.case.problem for r in results if any(not math.isfinite(each.got) for each in r.wrong)]
    fine = [r.case.problem for r in results if r.row.verdict not in BAD]
    where = f"on {', '.join(dict.fromkeys(there))}" + (f", not on {fine[0]}" if fine else ", on every problem")
    first = of_name(c.tensor, results[0].pair)
    return f"{first} is the first that has it, {where}; it may come of log(0), 0/0, a root or an exponential too large"


def notices(
    function: Function,
    results: Sequence[Result],
    kinked: Sequence[Result],
    several: Sequence[Result],
    said: Notes,
    is_right: bool = True,
) -> list[str]:
    """Return what is no mistake, and what was not checked. is_right: for one output."""
    notes = []
    conventions = [r.row.cause for r in results if isinstance(r.row.cause, Convention)]
    at_zero = [*(r.kink or r.exactly for r in kinked), *(convention.declared for convention in conventions)]
    if named := [words for words in at_zero if words]:
        notes.append(f"your {named[0]} is a convention: several are in use; the notes say 1 (z >= 0, N15)")
    if any(convention.flushes for convention in conventions):
        notes.append("numbers below the normal range become 0, as XLA does on the CPU; it matters to hardly anybody")
    if several:
        notes.append(_of_several(several[0], is_right))
    depth, trouble = max(function.depths), function.trouble
    if len(function.depths) == 1 and depth > 1 and trouble:
        notes.append(f"it is written for {layers(depth)}, and was judged on those")
    elif fewer := [d for d, why in trouble.items() if d < depth and why.kind is not Why.NOT_BUILT]:
        notes.append(f"with {layers(fewer[0])} it does not work: {trouble[fewer[0]].message}")
    if suspects := [r for r in results if r.row.verdict is Verdict.SUSPECT and not r.came]:
        notes.append(f"noisier than usual on {suspects[0].case.problem}: {of_cause(_in_its_names(suspects[0]))}")
    notes += [
        f"{said.names.get(tensor, tensor)} is {shape}: it was taken as that"
        for tensor, shape in said.conversions
        if tensor not in said.breaks
    ]
    if said.cost_is_ours:
        of = "logits" if "outputs logits" in said.read_as else "probabilities, of which log(0) has no value"
        notes.append(f"J is ours, the cross-entropy of its outputs as {of}: a loss that the program has is not run")
    lopsided, words = told(said.penalties)
    notes += [words] if words and not lopsided else []
    if "J" in said.unjudged:
        notes.append("no cost of yours was checked")
    notes += said.remarks
    if came := dict.fromkeys(result.came for result in results if result.came):
        notes.append(_dtypes(list(came)))
    if said.cost_shape:
        notes.append(f"J has shape {said.cost_shape}; a plain number is easier to use: float(np.squeeze(J))")
    if said.printed:
        lines = f"{said.printed} line{'s' if said.printed > 1 else ''}"
        notes.append(f"it prints, up to {lines} a call; none of it is shown here")
    return notes + _not_given(function, results, said) + _unchecked(said)


def _of_several(result: Result, is_right: bool) -> str:
    """Return that several outputs are not right, and whether one is."""
    right = "right for one output; for several it is not" if is_right else "for several outputs it is not right either"
    return f"{right} ({result.case.problem}: {briefly(result.row.cause)})"


def _not_given(function: Function, results: Sequence[Result], said: Notes) -> list[str]:
    """Return what was not checked since the program has none of it; a regression has no labels."""
    takes = "w, b" if function.takes == PAIR else "parameters"
    unchecked = {"fit": TRAINING.format(takes), "predict": PREDICTIONS}
    if any(result.case.network.g[-1] == "linear" for result in results):
        del unchecked["predict"]
    return [
        words.replace("(parameters", f"({takes}")
        for name, words in unchecked.items()
        if name not in function.own and name not in said.trouble and name not in said.unchecked
    ]


def _unchecked(said: Notes) -> list[str]:
    """Return why what stands beside could not be judged."""
    what = {"fit": "your training loop was not checked", "predict": "your predictions were not checked"}
    return [f"{what[name]}: {words}" for name, words in said.unchecked.items() if name in what]


def _dtypes(came: Sequence[str]) -> str:
    """Return what it means that another dtype came back."""
    words = f"float64 went in, and {', '.join(came)} came back: "
    if "float32" not in came:
        return words + "what NumPy's float64 has not is of no use to anybody else"
    words += "half of the digits are lost on the way, and it was judged by what float32 can do"
    return words + "; in torch say dtype=torch.float64, in JAX jax.config.update('jax_enable_x64', True)"


def _in_its_names(result: Result) -> Cause | None:
    """Return the cause with the tensor's name in the function's own form; no nearest mistake, as it is right."""
    cause = result.row.cause
    if not isinstance(cause, Noisy):
        return cause
    name = Tensor(of_name(cause.comparison.tensor, result.pair))
    explained = cause.explanation if cause.explanation is not None and cause.explanation.exactly else None
    return Noisy(cause.comparison._replace(tensor=name), explained)
