"""What a qualification has found, in sentences: patterns, places, natures of faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from crosscheck.qualification.judged import Place, Result
from crosscheck.qualification.patterns import FEWEST, Pattern, Property
from crosscheck.qualification.repeats import Finding, Nature
from crosscheck.qualification.tensor_core import APART, BELOW, TERMS, Products
from crosscheck.report.words import of_cause

LAYOUTS = {
    "plain": "inputs that lie in rows",
    "transposed": "transposed inputs",
    "strided": "strided inputs",
    "misaligned": "misaligned inputs",
    "not plain": "inputs that are transposed, strided or misaligned",
    "not in rows": "inputs that are not contiguous, strided or transposed",
}
AXES = {"rows": "number of rows", "inner": "inner dimension", "columns": "number of columns"}
SIZES = {
    "elements": "an array of more than {} elements",
    "examples": "more than {} examples",
    "inputs": "n[0] above {}",
    "hidden": "n[1] above {}",
    "outputs": "n[2] above {}",
    "multiplications": "more than {} multiplications",
}
ORDINALS = ("first", "second", "third")


def of_property(it: Property) -> str:
    """Return what a trial has.

    >>> of_property(Property("rows", 16))
    'a product whose number of rows is no multiple of 16'
    """
    if it.kind == "layout":
        return LAYOUTS[str(it.value)]
    if it.kind == "threads":
        return f"{it.value} thread{'s' * (it.value != 1)}"
    if it.kind == "dtype":
        return str(it.value)
    if it.kind == "kind":
        return f"{it.value} data"
    if it.kind in AXES:
        return f"a product whose {AXES[it.kind]} is no multiple of {it.value}"
    return f"{SIZES[it.kind].format(f'{it.value:,.0f}')} (the smallest wrong one {it.least:,.0f})"


def of_pattern(it: Pattern) -> list[str]:
    """Return what the wrong trials have in common, the smallest of them, and where it is wrong; a sentence each."""
    total = it.wrong + it.right + it.others
    if it.properties:
        having = " and ".join(map(of_property, it.properties))
        share = "all" if not it.right else f"{it.wrong} of {it.wrong + it.right}"
        without = f"none of the {it.others} without" if it.others else "every trial has it"
        said = f"wrong in {it.wrong} of {total} trials: {share} of those with {having}, {without}"
    elif it.wrong == total:
        said = f"wrong in all {total} trials"
    elif it.wrong < FEWEST:
        said = f"wrong in {it.wrong} of {total} trials, too few to say what it hangs on"
    else:
        said = f"wrong in {it.wrong} of {total} trials, which have nothing in common that fewer of the right ones have"
    lines = [said]
    if it.calls:
        lines.append(f"wrong only on the {' and '.join(ORDINALS[k - 1] for k in it.calls)} call in a row")
    if it.step_only:
        lines.append("the gradients are right, and only the step of `fit` is wrong")
    lines.append(f"the smallest: {of_result(it.smallest)}")
    if it.clearest.number != it.smallest.number:
        lines.append(f"the clearest: {of_result(it.clearest)}")
    return lines


def of_result(it: Result) -> str:
    """Return a wrong trial: its sizes, and where it is wrong or why there is no answer."""
    where = of_place(it.place) if it.place else of_cause(it.cause)
    return f"{it.question}, {it.question.dtype}: {where}" if where else f"{it.question}, {it.question.dtype}"


def of_place(it: Place) -> str:
    """Return where a tensor is wrong, and by how much."""
    number = ", ".join(map(str, it.element))
    name = f"{it.tensor}[{number}]" if it.element else it.tensor
    off = f"{it.ulps:.3g} ulp" if it.ulps else f"{it.ratio:.3g} x the bound"
    where = f"{name} is {it.got:.9g} and should be {it.expected:.9g}, {off} off"
    rows, columns = _runs(it.rows, it.shape[:1], "row"), _runs(it.columns, it.shape[1:], "column")
    around = [words for words in (rows, columns) if words]
    count = f"{it.wrong:,} wrong, in " if it.wrong > 1 else "in "
    return f"{where}; {count}{' and '.join(around)}" if around else where


def _runs(runs: Sequence[tuple[int, int]], length: Sequence[int], name: str) -> str:
    """Return which rows or columns are wrong; nothing where that is all or no pattern.

    >>> _runs([(12, 12)], [13], "row"), _runs([(0, 12)], [13], "row"), _runs([(8, 12)], [13], "row")
    ('row 12 of 13, the last', '', 'rows 8 to 12 of 13, the last 5')
    """
    if not runs or not length or list(runs) == [(0, length[0] - 1)]:
        return ""
    if len(runs) > 1:
        places = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in runs)
        return f"{name}s {places} of {length[0]}"
    ((a, b),) = runs
    if b == length[0] - 1:
        return (
            f"{name} {a} of {length[0]}, the last"
            if a == b
            else f"{name}s {a} to {b} of {length[0]}, the last {b - a + 1}"
        )
    return f"{name} {a} of {length[0]}" if a == b else f"{name}s {a} to {b} of {length[0]}"


def of_finding(it: Finding) -> str:
    """Return what a suspicious trial is, and how often it came again."""
    again = f"{it.wrong} of {len(it.repeats)} repeats wrong"
    if it.nature is Nature.NOISE:
        return f"noise: every answer, also of {len(it.repeats)} repeats, lies within its bound"
    if it.nature is Nature.PERSISTENT:
        return f"persistent: {again}, all of them on {it.unit} {', '.join(map(str, it.wrong_on))} and none elsewhere"
    if it.nature is Nature.SYSTEMATIC:
        right = f"; with {' or '.join(map(str, it.right_with))} as the number of threads none" if it.right_with else ""
        return f"systematic: {again}, and all under the same conditions, each in a process of its own{right}"
    return f"transient: {again}" + ("" if it.wrong else ", in other processes, with other threads, on each processor")


def of_products(found: Sequence[Products]) -> Iterator[str]:
    """Yield what the float32 products dZ Aᵀ are like, a sentence for all that are alike."""

    def alike(it: Products) -> tuple[object, ...]:
        return it[2:-1]

    for _, those in groupby(sorted(found, key=lambda it: (alike(it), found.index(it))), alike):
        some = list(those)
        units = [it.unit for it in some if it.unit is not None]
        worst = some[0]._replace(unit=max(units, default=None))
        yield f"{', '.join(it.implementation for it in some)}: {of_product(worst)}"


def of_product(it: Products) -> str:
    """Return what the float32 product dZ Aᵀ keeps of its numbers, and how it rounds the rest."""
    left, right = (it.left_bits, it.left), (it.right_bits, it.right)
    bits = _bits(*left, "dZ and A") if left == right else f"{_bits(*left, 'dZ')}, {_bits(*right, 'A')}"
    of = BELOW[-1]
    side = "" if it.within == it.across else f" where small terms lie side by side, {_rounded(it.across)} {APART} apart"
    summed = f"{it.result_bits} of a sum, which is {_rounded(it.within)}{side}"
    said = f"the float32 product dZ A^T keeps {bits}, and {summed}"
    if it.summed_bits > it.result_bits:
        said += f"; small terms count together down to 2^-{it.summed_bits} of the largest"
    if it.unit is not None:
        said += f"; sums of {TERMS} random terms err by {it.unit / 2.0**-of:.2g} x 2^-{of} a term at most"
    return said


def _bits(bits: int, how: str, of: str) -> str:
    """Return what is kept of an operand.

    >>> _bits(23, "kept", "dZ"), _bits(7, "to even", "A")
    ('all 23 bits of dZ', '7 of 23 bits of A, the rest is rounded to even')
    """
    kept = f"all {BELOW[-1]} bits of {of}"
    return kept if how == "kept" else f"{bits} of {BELOW[-1]} bits of {of}, the rest is {_rounded(how)}"


def _rounded(how: str) -> str:
    return how if how in ("kept", "cut") else f"rounded {how}"
