"""Explaining rows that do not agree: who is right by ball arithmetic, what is right, and what it would take.

Every switch, a convention or precision that a library chooses, is tried by itself: the reference is run again with
that one line changed, and the table says how far the answer is from it, in bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crosscheck_impls.interface import BadInput, Declaration

from crosscheck.comparison.asked import Request
from crosscheck.comparison.results import Results
from crosscheck.comparison.session import Report, compare
from crosscheck.core.failures import Verdict
from crosscheck.core.records import Answer, Case, Comparison, cast
from crosscheck.judge.attribution import distances, tried
from crosscheck.judge.causes import Noisy, Twin, in_vain
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.grounds import grounds
from crosscheck.judge.location import first, located
from crosscheck.judge.verdict import Row
from crosscheck.mutation.equivalence import reached
from crosscheck.mutation.mutants import Kind
from crosscheck.oracle.enclosure import settle
from crosscheck.oracle.float64 import exact, grads_at_zero
from crosscheck.report.words import exact as exactly
from crosscheck.report.words import of_cause, of_distance, of_location, of_verdict

Kept = dict[tuple[str, str, str], tuple[Case, Answer, Declaration]]


def explain(request: Request, report: Report, results: Results | None = None) -> list[tuple[Row, list[str]]]:
    """Return each row with lines: what it is, and below that, indented, why it does not simply agree."""
    kept: Kept = {}

    def keep(case: Case, name: str, answer: Answer, declared: Declaration) -> None:
        kept[case.problem, name, case.dtype] = case, answer, declared

    rows = compare(request, report, results, keep).rows
    wrong = {row.key for row in rows if row.verdict is Verdict.DISAGREES}
    blocks = []
    for row in rows:
        title = f"{row.implementation} on {row.problem}, {row.dtype}: {row.verdict}"
        if row.verdict is Verdict.AGREES:
            worst = row.worst()
            line = f"{title}; largest error {worst.ratio:.2g} of the bound in {worst.tensor}" if worst else title
            blocks.append((row, [line]))
            continue
        answered = kept.get((row.problem, row.implementation, row.dtype))
        block: Iterable[str] = [f"cause       {of_cause(row.cause)}"]
        if answered and not isinstance(row.cause, Twin):  # a twin's disagreement is explained in its own block
            twin = row.key._replace(dtype="float64")
            block = _block(row, *answered, row.key == twin or twin not in wrong)
        blocks.append((row, [title, f"  {of_verdict(row)}", *(f"  {line}" for line in block)]))
    return blocks


def _block(row: Row, case: Case, answer: Answer, declared: Declaration, alone: bool) -> Iterator[str]:
    """Yield the lines of a row; alone: what explains it does not hang on its float64 twin."""
    judge = Judge(case)
    if judge.broken(answer, row.device):
        yield f"cause       {of_cause(row.cause)}"
        return
    plain = declared._replace(relu_grad_at_zero=(), flushes=False)
    comparisons = judge.compare(answer, plain) if row.verdict is Verdict.CONVENTION else row.comparisons
    outside = [c for c in comparisons if c.outside]
    if outside:
        yield from _first(first(outside, case.network.L), case, judge, plain)
        where = located(answer, comparisons, case.network.L, case.steps)
        beside = grounds(judge, answer, plain, comparisons, where)
        yield f"where       {of_location(where, beside=beside)}"
    yield f"tensors     {_tensors(comparisons)}"
    there = reached(case) if any(c.bounded for c in comparisons) else ()  # what is nowhere bounded nothing explains
    for mutant, left in distances(judge, answer, plain):
        if mutant.kind is Kind.SWITCH and mutant.name in there:
            mark = "   <- explains it" if outside and left <= 1 else ""
            yield f"switch      {mutant.name:40} leaves {left:.2g} x the bound{mark}"
    if alone and in_vain(row.cause):
        noisy = isinstance(row.cause, Noisy)
        yield f"mistakes    {tried(judge, answer, declared, noisy)} known ones tried, none of them explains it"
    yield f"cause       {of_cause(row.cause)}"


def _first(c: Comparison, case: Case, judge: Judge, declared: Declaration) -> Iterator[str]:
    """Yield the first divergence, and the exact value where it is an entry of a gradient."""
    entry = f"[{', '.join(map(str, c.element))}]" if c.element else ""
    yield f"first       {c.tensor}{entry} at iteration {c.iteration}"
    yield f"  got       {c.got!r}"
    far = of_distance(c) if exactly(c) else f"bound {c.bound:.2g}: the answer is {of_distance(c)} off"
    yield f"  oracle     {c.oracle!r}, {far}"
    if c.iteration not in case.steps or c.tensor.of_fit:
        return
    params = cast(case.checkpoints[case.steps.index(c.iteration)], "float64")
    try:
        said = settle(
            case.network, params, exact(case.X), exact(case.Y), c.tensor, c.element, c.got,
            grads_at_zero(case.network, declared.relu_grad_at_zero),
        )  # fmt: skip
    except BadInput as error:  # no python-flint
        yield f"  exact     not known: {error}"
        return
    yield f"  exact     {said.value}, by ball arithmetic"
    yield f"            the answer is at most {said.got:.3g} off, the oracle at most {said.oracle:.3g}"


def _tensors(comparisons: Sequence[Comparison]) -> str:
    """Return the largest ratio of each tensor."""
    largest: dict[str, float] = {}
    for c in comparisons:
        if c.bounded:
            largest[c.tensor] = max(c.ratio, largest.get(c.tensor, 0.0))
    return "  ".join(f"{name} {ratio:.2g}" for name, ratio in largest.items())
