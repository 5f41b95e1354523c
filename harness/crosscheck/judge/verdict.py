"""The verdict on one implementation, one problem, one dtype, one device: a row of the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from crosscheck_impls.interface import Declaration

from crosscheck.core.failures import BAD, Promise, Verdict
from crosscheck.core.records import Answer, Certification, Comparison
from crosscheck.judge.attribution import Explanation, attribute
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
    WrongLabels,
    explanation_of,
    unexplained,
)
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.evidence import Heat, heat, noisy_heat
from crosscheck.judge.grounds import grounds
from crosscheck.judge.labels import Predictions, predictions
from crosscheck.judge.location import first, located
from crosscheck.judge.narrowing import Conclusion, Narrowing, concluded, narrowing
from crosscheck.judge.reproducible import departure
from crosscheck.judge.steps import Envelope, certify
from crosscheck.judge.textbook import first_impossible
from crosscheck.mutation.mutants import Mutant
from crosscheck.oracle.error_bound import depth
from crosscheck.oracle.formats import mode
from crosscheck.oracle.noise import FACTOR

JUDGED = (Verdict.AGREES, Verdict.CONVENTION, Verdict.UNDEFINED, Verdict.SUSPECT)


class Key(NamedTuple):
    """What a row is about. host: of a fleet; empty where there is none."""

    problem: str
    implementation: str
    dtype: str
    device: str
    host: str = ""

    def row(self, verdict: Verdict, cause: Cause | None = None, comparisons: Sequence[Comparison] = ()) -> Row:
        """Return a row about it."""
        problem, implementation, dtype, device, host = self
        return Row(problem, implementation, dtype, device, verdict, cause, list(comparisons), host=host)


@dataclass
class Row:
    """One row: problem x implementation x dtype x device, x host of a fleet. Ratios are errors in units of the bound.

    iterations: of the free run; certified: how many of its steps were; checkpoints: how many were asked for;
    straddles_zero: how many Z lie so near 0 that either derivative is right; envelope: for people, never a verdict.
    costs, heat: for people too, the costs of its run at `Background.at`, and where in a tensor the errors lie.
    bits: a digest of the answer's numbers, the same only where all of them are, bit for bit; empty without an answer.
    """

    problem: str
    implementation: str
    dtype: str
    device: str
    verdict: Verdict
    cause: Cause | None = None
    comparisons: list[Comparison] = field(default_factory=list)
    predictions: Predictions | None = None
    iterations: int = 0
    certified: int = 0
    checkpoints: int = 0
    straddles_zero: int = 0
    envelope: Envelope | None = None
    costs: tuple[float, ...] = ()
    heat: Heat | None = None
    bits: str = ""
    host: str = ""

    @property
    def key(self) -> Key:
        """What it is about."""
        return Key(self.problem, self.implementation, self.dtype, self.device, self.host)

    @property
    def whose(self) -> str:
        """The implementation, and of a fleet the host."""
        return f"{self.implementation} on {self.host}" if self.host else self.implementation

    @property
    def explained(self) -> Explanation | None:
        """The change of the reference that explains the row, or comes nearest."""
        return explanation_of(self.cause)

    def worst(self, *tensors: str) -> Comparison | None:
        """Return the comparison with the largest ratio among tensors whose names begin so, or among all."""
        among = [c for c in self.comparisons if c.bounded and c.tensor.startswith(tensors or ("",))]
        return max(among, key=lambda c: c.ratio, default=None)

    def noisiest(self) -> Comparison | None:
        """Return the comparison with the largest error in units of the noise."""
        return max((c for c in self.comparisons if c.noise is not None), key=lambda c: c.noise or 0.0, default=None)


class _Judged(NamedTuple):
    """An answer judged under one convention: how many tensors lie outside, and what came of each comparison."""

    under: Declaration
    convention: Convention | None
    comparisons: list[Comparison]

    @property
    def wrong(self) -> int:
        return len({c.tensor for c in self.comparisons if c.outside})

    @property
    def measured(self) -> bool:
        """Whether the usual noise is known."""
        return any(c.noise is not None for c in self.comparisons)

    @property
    def quiet(self) -> bool:
        """Whether every error is usual noise; in a wide bound another convention is not, though it is within it."""
        return self.measured and not any((c.noise or 0.0) > FACTOR for c in self.comparisons)


def judge(
    judge: Judge, answer: Answer, declared: Declaration, key: Key, guess: Mutant | None = None, guessed: bool = False
) -> Row:
    """Return the row: judged by no convention, and if that fails by those that the variant declares.

    guess: what explained this implementation elsewhere. guessed: the declaration is what fits best, and nobody's own
    word, so that a number that its formulas cannot give is no more than undefined.
    """
    run = answer.run
    row = key.row(Verdict.AGREES)
    row.iterations, row.checkpoints = run.iterations, len(answer.checkpoints)
    if promises := tuple(judge.broken(answer, key.device)):
        row.verdict, row.cause = Verdict.DISAGREES, BrokenPromises(promises)
        if all(broken.promise in (Promise.DTYPE, Promise.DTYPE_KEPT) for broken in promises):  # whole otherwise
            row.cause = BrokenPromises(promises, attribute(judge, answer, declared, False, guess), searched=True)
        return row
    row.certified = len({step.t for step in run.steps})
    best, plain = _under_the_best_convention(judge, answer, declared)
    row.comparisons = best.comparisons
    row.predictions = predictions(judge, answer, best.under)
    row.straddles_zero = judge.straddles_zero(best.under)
    row.verdict, row.cause = _said(judge, answer, declared, best.under, row, guess)
    if guessed and isinstance(row.cause, NotTheFormula):
        row.verdict, row.cause = _undefined(judge, declared, row)
    if row.verdict is Verdict.AGREES and best.convention is not None:
        row.verdict, row.cause = Verdict.CONVENTION, best.convention
    row.heat = _heat(judge, answer, plain if row.verdict is Verdict.CONVENTION else best, row.cause)
    return row


def _heat(judge: Judge, answer: Answer, judged: _Judged, cause: Cause | None) -> Heat | None:
    """Return where the errors lie, of what is suspect or outside its bound."""
    if isinstance(cause, Noisy):
        return noisy_heat(judge, answer, judged.under, cause.comparison)
    return heat(judge, answer, judged.under, judged.comparisons)


def _under_the_best_convention(judge: Judge, answer: Answer, declared: Declaration) -> tuple[_Judged, _Judged]:
    """Return what is judged under the first convention that leaves nothing outside, nor in the noise; and under none.

    Where there is none, that which leaves the least outside, the first of these.
    """
    tried: list[_Judged] = []
    for under, convention in conventions(declared):
        tried.append(_Judged(under, convention, judge.compare(answer, under) + certify(judge, answer, under)))
        if not tried[-1].wrong and (tried[-1].quiet or not tried[0].measured):
            break
    return min(tried, key=lambda each: (each.wrong, tried[0].measured and not each.quiet)), tried[0]


def _said(
    judge: Judge, answer: Answer, declared: Declaration, under: Declaration, row: Row, guess: Mutant | None
) -> tuple[Verdict, Cause | None]:
    """Return the verdict and the cause of an answer that keeps its promises, the gravest first."""
    L, labels = judge.case.network.L, row.predictions or Predictions()
    if outside := [c for c in row.comparisons if c.outside]:
        where = located(answer, row.comparisons, L, judge.case.steps)
        beside = grounds(judge, answer, under, row.comparisons, where)
        explanation = attribute(judge, answer, under, False, guess, where)
        narrow = _narrowing(judge, answer, under, explanation)
        return Verdict.DISAGREES, OutsideBound(first(outside, L), where, explanation, beside, narrow)
    if labels.first is not None:
        return Verdict.DISAGREES, WrongLabels(labels.first, attribute(judge, answer, declared, False, guess))
    irreproducible = answer.run.certification is Certification.IRREPRODUCIBLE
    if irreproducible and judge.case.source is None and (farthest := departure(judge, answer.run, under)).outside:
        return Verdict.DISAGREES, Irreproducible(farthest)
    textbook = declared.formulation == "textbook"
    diverges = len(judge.case.checkpoints) < 3 and answer.run.iterations > 1  # the oracle's own run, to NaN or inf
    if any(c.undefined and not (irreproducible and c.tensor.of_fit) for c in row.comparisons):
        if judge.case.source is None and (impossible := first_impossible(judge, answer, under)) is not None:
            stable = under._replace(formulation="logits")  # which has a bound everywhere
            known = attribute(judge, answer, stable, False, guess)
            return Verdict.DISAGREES, NotTheFormula(impossible, known if known and known.exactly else None)
        if diverges and not labels.finite and all(c.tensor.of_fit for c in row.comparisons if c.undefined):
            return Verdict.UNDEFINED, NotFinite(expected=True)
        return _undefined(judge, declared, row)
    if irreproducible and judge.case.source is not None:
        return Verdict.SUSPECT, Irreproducible(None)
    if irreproducible:
        return Verdict.SUSPECT, Irreproducible(farthest)
    if not labels.finite:
        if diverges:
            return Verdict.AGREES, NotFinite(expected=True)
        may = textbook or mode(under.precision, judge.case.dtype).overflows_early
        return Verdict.UNDEFINED if may else Verdict.DISAGREES, NotFinite(expected=False)
    c_noisy = row.noisiest()
    if c_noisy is not None and (c_noisy.noise or 0.0) > FACTOR:
        explanation = attribute(judge, answer, declared, True, guess)
        return Verdict.SUSPECT, Noisy(c_noisy, explanation, _narrowing(judge, answer, declared, explanation))
    return Verdict.AGREES, None


def _narrowing(judge: Judge, answer: Answer, under: Declaration, explanation: Explanation | None) -> Narrowing:
    """Return the narrow modes that an answer may be in; where a change of the reference explains it, none."""
    return Narrowing() if explanation is not None and explanation.exactly else narrowing(judge, answer, under)


def _undefined(judge: Judge, declared: Declaration, row: Row) -> tuple[Verdict, Cause]:
    """Return the first tensor without a bound, and what overflows: a dtype, or the format of a mode."""
    why = Overflow.TEXTBOOK if declared.formulation == "textbook" else Overflow.DTYPE
    c = next(c for c in row.comparisons if c.undefined)
    why = Overflow.SUMS if too_long(judge, declared) else why
    dtype = judge.case.dtype
    narrow = dtype == "float32" and mode(declared.precision, dtype).overflows_early
    return Verdict.UNDEFINED, NoBound(c.tensor, c.iteration, why, declared.precision if narrow else dtype)


def too_long(judge: Judge, declared: Declaration) -> bool:
    """Return whether sums over examples or units have no bound, since each addition is rounded to a narrow dtype."""
    case, p = judge.case, judge.precision(declared)
    *inputs, outputs = case.network.n
    terms, units = depth(case.X.shape[1], declared.sums, outputs) + 3, max(*inputs, outputs - 1) + 1  # and b is added
    return p.adds_narrowly and inf in (p._replace(ua=p.across).gamma(terms), p.gamma(units))


def conventions(declared: Declaration) -> Iterator[tuple[Declaration, Convention | None]]:
    """Yield the declaration without its conventions, with one at a time, with all; and which these are."""
    plain = declared._replace(relu_grad_at_zero=(), flushes=False)
    yield plain, None
    if declared.relu_grad_at_zero:
        yield plain._replace(relu_grad_at_zero=declared.relu_grad_at_zero), Convention(declared.convention)
    if declared.flushes:
        yield plain._replace(flushes=True), Convention(flushes=True)
    if declared.relu_grad_at_zero and declared.flushes:
        yield declared, Convention(declared.convention, flushes=True)


def twins(rows: list[Row]) -> None:
    """A row of another dtype is as good as its float64 twin at most: float64 tests the formulas, the row the precision.

    It disagrees if the twin disagrees, and has failed if that has. Where the twin disagrees and something else or
    nothing explains it, what explains the row is not the cause: float64 can tell more of them apart.
    """
    by_key = {row.key: row for row in rows}
    for row in rows:
        twin = by_key.get(row.key._replace(dtype="float64")) if row.dtype != "float64" else None
        if twin is None:
            continue
        if row.verdict in JUDGED and twin.verdict in BAD:
            row.verdict, row.cause = twin.verdict, Twin(twin.verdict, twin.cause)
        elif twin.verdict is Verdict.DISAGREES and not _borne_out(row.explained, twin.explained):
            row.cause = unexplained(row.cause)
    narrowed(rows)


def narrowed(rows: list[Row]) -> None:
    """Say of an implementation's float32 rows in how few bits they are, where all of them together say so.

    They are those that nothing explains and whose float64 twins agree, since of a wrong formula nothing is said; and
    they are most of its rows, since fewer bits would show nearly everywhere.
    """
    right = {row.key for row in rows if row.dtype == "float64" and row.verdict in (Verdict.AGREES, Verdict.CONVENTION)}
    groups: dict[tuple[str, str, str], list[tuple[Row, OutsideBound | Noisy]]] = {}
    others: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        of = row.implementation, row.device, row.host
        if row.dtype != "float32" or row.key._replace(dtype="float64") not in right:
            continue
        if isinstance(row.cause, OutsideBound | Noisy) and not (row.explained and row.explained.exactly):
            groups.setdefault(of, []).append((row, row.cause))
        elif row.verdict in JUDGED:
            others[of] += 1
    for of, group in groups.items():
        many = len(group) > others[of]
        found = concluded([cause.narrowing for _, cause in group]) if many else Conclusion()
        for row, cause in group:
            row.cause = cause._replace(narrowing=cause.narrowing._replace(found=found))


def _borne_out(explained: Explanation | None, twin: Explanation | None) -> bool:
    """Return whether what explains a row, exactly or nearly, explains its twin as well as that."""
    if explained is None:
        return True
    return twin is not None and twin.mutant is explained.mutant and twin.exactly >= explained.exactly
