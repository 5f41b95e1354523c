"""Why a row does not simply agree: data, which `report.words` puts into sentences."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, TypeAlias

from crosscheck.core.failures import Broken, Failure, Verdict
from crosscheck.core.records import Comparison, Tensor
from crosscheck.judge.attribution import Explanation
from crosscheck.judge.grounds import Grounds
from crosscheck.judge.labels import WrongLabel
from crosscheck.judge.location import Location
from crosscheck.judge.narrowing import Narrowing
from crosscheck.judge.reproducible import Departure
from crosscheck.judge.textbook import Impossible


class BrokenPromises(NamedTuple):
    """What must be exact is not. searched: whether an explanation was looked for, which is so where all
    that is broken is the dtype."""

    promises: tuple[Broken, ...]
    explanation: Explanation | None = None
    searched: bool = False


class OutsideBound(NamedTuple):
    """A number lies outside its bound: the first one, where the mistake must be, and the change that explains it.

    grounds: what holds beside that place. narrowing: the narrow modes that it may be, undeclared.
    """

    first: Comparison
    location: Location
    explanation: Explanation | None = None
    grounds: Grounds = Grounds()
    narrowing: Narrowing = Narrowing()


class WrongLabels(NamedTuple):
    """A predicted label, or the output of a regression, is not the oracle's."""

    first: WrongLabel
    explanation: Explanation | None = None


class Convention(NamedTuple):
    """A documented convention, as the implementation declares it; flushes: of subnormal numbers."""

    declared: str = ""
    flushes: bool = False


class Overflow(StrEnum):
    """Why there is no bound: the textbook's formulas saturate, numbers overflow the dtype, or sums are too long for it.

    So long that each addition's rounding may add up to as much as the sum: Python's loops in a narrow dtype.
    """

    TEXTBOOK = "textbook"
    DTYPE = "dtype"
    SUMS = "sums"


class NoBound(NamedTuple):
    """A tensor, at an iteration, has an element without a bound."""

    tensor: Tensor
    iteration: int
    why: Overflow
    dtype: str


class NotTheFormula(NamedTuple):
    """A finite number that the textbook's formulas, which are declared, cannot have given, and what explains it."""

    first: Impossible
    explanation: Explanation | None = None


class NotFinite(NamedTuple):
    """The free run comes to NaN or inf. expected: whether the oracle's own run does so too."""

    expected: bool


class Irreproducible(NamedTuple):
    """Two runs of the same fit differ; farthest: what of the run lies farthest from the oracle's own.

    It disagrees where that lies outside the envelope, and is suspect elsewhere. None where the oracle has no run to
    hold it against, since its examples are read in chunks.
    """

    farthest: Departure | None


class Noisy(NamedTuple):
    """An error within the bound, but far above the usual noise, the change that explains it, or the narrow modes."""

    comparison: Comparison
    explanation: Explanation | None = None
    narrowing: Narrowing = Narrowing()


class Twin(NamedTuple):
    """The float64 twin of a row of another dtype does not agree, for this reason."""

    verdict: Verdict
    cause: Cause | None


class WithAllProcessors(NamedTuple):
    """What a fresh process with all processors, so many threads, answered to the same question; 0: a fleet's host."""

    threads: int
    cause: Cause | None


class Unreadable(NamedTuple):
    """The answer could not be judged: the error's type and message."""

    error: str
    message: str


Cause: TypeAlias = (
    BrokenPromises | OutsideBound | WrongLabels | Convention | NoBound | NotTheFormula | NotFinite | Irreproducible
    | Noisy | Twin | WithAllProcessors | Unreadable | Failure
)  # fmt: skip


def unexplained(cause: Cause | None) -> Cause | None:
    """Return a cause without the change of the reference that explains it."""
    if isinstance(cause, BrokenPromises | OutsideBound | WrongLabels | NotTheFormula | Noisy):
        return cause._replace(explanation=None)
    return cause


def explanation_of(cause: Cause | None) -> Explanation | None:
    """Return the change of the reference that explains a cause, if one was found."""
    return getattr(cause, "explanation", None)


def in_vain(cause: Cause | None) -> bool:
    """Return whether what explains a cause was looked for among the known changes, and it has no name."""
    explanation = explanation_of(cause)
    if explanation is not None and explanation.exactly:
        return False
    if isinstance(cause, OutsideBound | Noisy):
        return not cause.narrowing.found.bits
    return isinstance(cause, WrongLabels | NotTheFormula) or (isinstance(cause, BrokenPromises) and cause.searched)
