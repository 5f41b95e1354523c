"""The words for what is found: facts first, numbers where there are numbers, nothing that is not proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crosscheck.core.text import listed
from crosscheck.grading.diagnosis.account import Special
from crosscheck.grading.diagnosis.closeness import ALIKE
from crosscheck.grading.diagnosis.factors import Factor
from crosscheck.grading.diagnosis.findings import Finding
from crosscheck.grading.diagnosis.source import Lines, line_of
from crosscheck.grading.diagnosis.stages import Stage
from crosscheck.report.words import of_name

MEANING = {  # of a factor, what it comes of where that is all there is to it
    Factor(1.0, "m"): "a sum over the examples that is not divided by m",
    Factor(1.0, "1/m"): "divided by m once too often",
    Factor(1.0, "1/m²"): "divided by m twice too often",
    Factor(1.0, "m/n[0]"): "divided by n[0], the number of features, for m, the number of examples",
    Factor(1.0, "m/(m - 1)"): "divided by m - 1 for m",
    Factor(1.0, "1/n[L]"): "divided by n[L], the number of outputs, too",
}
UPDATED = {  # of a step, what its factor comes of
    Factor(1.0, "m"): ": multiplied by m, the number of examples",
    Factor(1.0, "1/m"): ": divided by m, the number of examples, as well",
    Factor(1.0, "1/n[0]"): ": divided by n[0], the number of features, as well",
}
OURS = {  # the line of the notes
    Stage.COST: "J = np.sum(losses) / m",
    Stage.DW: "dW = dZ @ A[l - 1].T / m",
    Stage.DB: "db = np.sum(dZ, axis=1, keepdims=True) / m",
    Stage.OUTPUT: "dZ = A - Y",
    Stage.DA: "dA = W.T @ dZ",
    Stage.DZ: "dZ = dA * g'(Z)",
}


def sentence(finding: Finding, pair: bool, names: Mapping[str, str] = {}, implied: bool = False) -> str:
    """Return what is wrong, in a sentence. pair: for who writes w and b. names: what their author calls J, dW1, ...

    implied: the gradient is that which the steps of training imply.
    """
    if finding.stage is Stage.UPDATE:
        return _of_update(finding, pair)
    called = listed([names.get(tensor, of_name(tensor, pair)) for tensor in finding.tensors])
    be, they = ("are", "they") if len(finding.tensors) > 1 else ("is", "it")
    if implied:
        called, be, they = steps_of(finding.tensors, pair), "are", "they"
    if finding.special is not None:
        return _special(finding, called, pair)
    if finding.mutant is not None:
        exactly = (
            "your numbers are exactly those of" if finding.alone else "your numbers are, with the others, those of"
        )
        return f"{called}: {exactly} `{finding.mutant.name}`: {finding.mutant.words}{_where(finding)}"
    if not finding.factor.number and implied:
        return f"{_moved(finding.tensors, pair)} {'are' if len(finding.tensors) > 1 else 'is'} not updated"
    if not finding.factor.number:
        reached = "them" if they == "they" else they
        return f"{called} {be} exactly 0, whatever the parameters: no gradient reaches {reached}"
    value, meaning = _times(finding), MEANING.get(finding.factor, "")
    if finding.factor.constant:
        meaning = f"divided by {finding.factor.constant}, whatever m, the number of examples, is"
    should = f"what {they} should be" if finding.alone else f"what {they} would be without this"
    return f"{called} {be} exactly {value} {should}{f': {meaning}' if meaning else ''}"


def steps_of(tensors: Sequence[str], pair: bool) -> str:
    """Return the steps of what these are the gradients of.

    >>> steps_of(["dW1", "db1"], pair=True)
    'the steps of w and b'
    """
    return f"the steps of {_moved(tensors, pair)}"


def _moved(tensors: Sequence[str], pair: bool) -> str:
    return listed([of_name(tensor, pair).removeprefix("d") for tensor in tensors])


def _of_update(finding: Finding, pair: bool) -> str:
    """Return what is wrong with the update, whatever the gradient is."""
    if finding.special is Special.FEW:
        return "a run of n iterations makes n - 1 steps: the last is left out"
    called, be = _moved(finding.tensors, pair), "are" if len(finding.tensors) > 1 else "is"
    if finding.special is Special.LATE:
        return (
            f"{called} {be} moved by a gradient that is taken after the other parameters have been moved: compute all "
            "gradients first, and update after that"
        )
    if not finding.factor.number:
        return f"{called} {be} not updated"
    if finding.factor == Factor(-1.0):
        return f"{called} {be} moved uphill: alpha times your own gradient is added, and is to be subtracted"
    meaning = UPDATED.get(finding.factor, "")
    return f"{called} {be} moved by exactly {_times(finding)} alpha times your own gradient{meaning}"


def _where(finding: Finding) -> str:
    """Return in which layers, where that is not in all."""
    every = {Stage.DZ: finding.depth - 1, Stage.DA: finding.depth - 1}.get(finding.stage, finding.depth)
    if not finding.layers or len(finding.layers) == every or finding.stage is Stage.OUTPUT:
        return ""
    return f" (in layer{'s' if len(finding.layers) > 1 else ''} {listed([str(l) for l in finding.layers])})"


def _times(finding: Finding) -> str:
    """Return a factor in words.

    >>> _times(Finding(Stage.COST, (), ("J",), factor=Factor(-1.0, "1/m")))
    '-1/m of'
    """
    number, size = finding.factor
    if finding.factor.constant:
        return f"m / {finding.factor.constant} times"
    layer = finding.layers[0] if len(finding.layers) == 1 else 0
    if layer:
        size = size.replace("n[l]", f"n[{layer}]").replace("n[l-1]", f"n[{layer - 1}]")
    whole = round(1 / number)
    if size == "1" and abs(whole) > 2 and abs(whole * number - 1) < ALIKE:
        return f"1/{whole} of" if whole > 0 else f"-1/{-whole} of"
    if size == "1":
        return {2.0: "twice", 0.5: "half of", -1.0: "-1 times"}.get(number, f"{number:.9g} times")
    sign = {1.0: "", -1.0: "-"}.get(number, f"{number:g} ")
    return f"{sign}{size} {'of' if size.startswith('1/') and abs(number) <= 1 else 'times'}"


def _special(finding: Finding, names: str, pair: bool) -> str:
    size = f"{finding.size:.3g}"
    if finding.special is Special.EPSILON:
        stands = f", {finding.formula}," if finding.formula else ""
        return f"{names}: an epsilon{stands} of about {size} {within(finding)}"
    if finding.special is Special.EARLY:
        above = "w" if pair else f"W{finding.layers[0] + 1}"
        below, by = f"dA{finding.layers[0]}", f", with alpha = {size}," if finding.size else ""
        return (
            f"{names}: {above} has been updated already{by} when {below} is taken from it: compute all gradients "
            "first, and update after that"
        )
    what = "the squares of the weights" if finding.stage is Stage.COST else "the weights"
    over = " / m" if finding.formula else ""
    return (
        f"{names}: {size}{over} times {what} is added. That is L2 regularisation, which is outside the plain model; "
        "without it the numbers are as the rest says"
    )


def within(finding: Finding) -> str:
    """Return where an epsilon stands."""
    return "in the logarithms of the cost" if finding.stage is Stage.COST else "in the divisions of dZ[L]"


def lines(finding: Finding, source: Lines, pair: bool) -> list[tuple[str, str]]:
    """Return our line, and theirs where it can be found, else what ours becomes with the known mistake."""
    said: list[tuple[str, str]] = []
    changes = finding.mutant.changes if finding.mutant is not None else ()
    for change in changes:
        said += [("our line", f"`{line}`") for line in change.right]
    of_m = finding.stage is Stage.OUTPUT and "m" in finding.factor.size  # which no line has alone
    if not changes and finding.stage in OURS and finding.special is None and not of_m:
        said.append(("our line", f"`{OURS[finding.stage]}`"))
    if theirs := _theirs(finding, source, pair):
        return said + theirs
    for change in changes:
        said += [("as if it were", f"`{line}`") for line in change.wrong]
    return said


def _theirs(finding: Finding, source: Lines, pair: bool) -> list[tuple[str, str]]:
    """Return the lines of their own that compute what is wrong."""
    if not source or finding.stage is Stage.FORWARD:
        return []
    kind = {Stage.COST: "J", Stage.DW: "dW", Stage.DB: "db", Stage.DA: "dA"}.get(finding.stage, "dZ")
    names: Sequence[str] = ["J"] if kind == "J" else [kind if pair else f"{kind}{l}" for l in finding.layers]
    found = dict.fromkeys(line for name in names if (line := line_of(source, name)))
    return [("your line", f"{f'{line.part}, ' if line.part else ''}{line.number}: `{line.text}`") for line in found]
