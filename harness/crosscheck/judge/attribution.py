"""Attribution: what it would take to explain an answer.

Nothing is guessed. The reference is run again with one function changed, a library's convention or precision first and
then every known mistake, and a change is the cause if its numbers are the answer's own within the bound. An answer
that no change explains is called unexplained, with the nearest mistake if there is one that is wrong where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Declaration

from crosscheck.core.dtypes import is_float
from crosscheck.core.records import Answer, flat
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.location import Location, locate
from crosscheck.judge.observations import Observation, bounds_of_both, farthest, of_gradients, of_steps
from crosscheck.judge.whole_run import same_steps
from crosscheck.mutation.build import VARIANT, framework
from crosscheck.mutation.distributed import MOST, distributed
from crosscheck.mutation.epsilons import epsilons
from crosscheck.mutation.equivalence import reached
from crosscheck.mutation.in_a_layer import in_a_layer
from crosscheck.mutation.mutants import BY_NAME, MUTANTS, Kind, Mutant, find
from crosscheck.oracle.error_bound import error_bound, precision
from crosscheck.oracle.float64 import Matrix, exact
from crosscheck.oracle.noise import FACTOR

SMALL = 1e-3  # of the error; what is left of it may be the changed formula's own rounding
CLOSE = 0.01  # of the error is left when the nearest mistake is taken away; a hint, never a verdict


class Explanation(NamedTuple):
    """A change of the reference that explains an answer. exactly: within the bound, or only nearest.

    left: the largest distance that remains, in units of the bound if exactly, else as a share of the error.
    also: the names of other changes that come to the same here. steps: how many of a run, all that are seen, it
    explains; 0 for a gradient.
    """

    mutant: Mutant
    exactly: bool
    left: float
    also: tuple[str, ...]
    steps: int = 0


class Made(NamedTuple):
    """One array of a changed reference, and the unit for it if it works in another precision than the case's."""

    array: Array
    unit: Matrix


def attribute(
    judge: Judge, answer: Answer, declared: Declaration, noisy: bool = False, guess: Mutant | None = None,
    where: Location | None = None,
) -> Explanation | None:  # fmt: skip
    """Return what explains an answer, or None; also None where a changed reference would need all examples at once.

    noisy: measure in usual noise, for an answer within its bound. guess: tried first, and if it is the cause, alone.
    where: what is said of the place; a mistake that is only near must be wrong at that place and right before it.
    """
    return None if judge.case.source else _attributed(judge, answer, declared, noisy, guess, where)


def _attributed(
    judge: Judge, answer: Answer, declared: Declaration, noisy: bool, guess: Mutant | None, where: Location | None
) -> Explanation | None:
    search, steps = _Search.of(judge, answer, declared, noisy), 0
    if not search.wrong and not search.differing_labels():
        return None
    explained: list[tuple[Mutant, float]] = []
    nearest: tuple[float, Mutant] | None = None
    table, beyond = search.candidates()
    for mutant in chain([guess] if guess else [], table, beyond):
        if explained and mutant not in table and mutant is not guess:
            break
        left = search.left(mutant)
        if left <= 1 and (search.wrong or search.same_labels(mutant)):
            if search.of_run:
                steps = same_steps(judge, answer, declared, mutant)
                if steps < 2 and mutant is not guess:  # one step alone is that of many changes
                    continue
            explained.append((mutant, left))
            if mutant is guess:
                break
        elif search.of_arrays and not explained and mutant.name in BY_NAME:
            share = search.share(mutant)
            near = share < min(CLOSE, nearest[0] if nearest else 1.0)
            if near and (where is None or search.place(mutant) == where):
                nearest = share, mutant
    if explained:
        (mutant, left), *others = explained
        return Explanation(mutant, True, left, tuple(other.name for other, _ in others[:3]), steps)
    return Explanation(nearest[1], False, nearest[0], ()) if nearest else None


def tried(judge: Judge, answer: Answer, declared: Declaration, noisy: bool = False) -> int:
    """Return how many known mistakes `attribute` holds against an answer that none explains; a switch is none."""
    table, beyond = _Search.of(judge, answer, declared, noisy).candidates()
    return sum(mutant.kind is not Kind.SWITCH for mutant in chain(table, beyond))


def distances(judge: Judge, answer: Answer, declared: Declaration) -> Iterator[tuple[Mutant, float]]:
    """Yield every change of the reference with the answer's largest distance from it, in units of the bound."""
    search = _Search(judge, answer, declared, list(of_gradients(judge, answer, declared)))
    for mutant in MUTANTS:
        yield mutant, search.left(mutant, whole=True)


def ranks(answer: Answer) -> int:
    """Return how many processes or devices of a team have given an answer; 1 where it is no team's."""
    said = [answer.environment.get(name) for name in ("processes", "devices")]
    return max((each for each in said if type(each) is int and 1 < each <= MOST), default=1)


def _near(got: Matrix, made: Array) -> bool:
    """Return whether little is left as a share of the numbers too, of which the error may be many times as large."""
    return bool(np.abs(got - exact(made)).max() <= SMALL * np.abs(exact(made)).max())


class _Search:
    """One answer, and how near each changed reference comes to it."""

    def __init__(self, judge: Judge, answer: Answer, declared: Declaration, seen: Sequence[Observation]) -> None:
        self.judge, self.answer, self.declared, self.seen = judge, answer, declared, seen
        far = [o.distance for o in seen]
        self.wrong = [k for k, distance in enumerate(far) if distance > 1]
        self.total = max((far[k] for k in self.wrong), default=np.inf)

    @classmethod
    def of(cls, judge: Judge, answer: Answer, declared: Declaration, noisy: bool) -> _Search:
        """Return the search over the gradients; over what follows from them too, where they are right."""
        seen = list(of_gradients(judge, answer, declared, noisy))
        if not any(o.distance > 1 for o in seen):  # where the gradient is wrong, what follows says nothing new
            seen += of_steps(judge, answer, declared)
        return cls(judge, answer, declared, seen)

    def candidates(self) -> tuple[list[Mutant], Iterator[Mutant]]:
        """Return the table, as far as this case reaches it, and what is tried where nothing of it explains anything."""
        there, network, layers = reached(self.judge.case), self.judge.case.network, self.layer()
        table = [*distributed(ranks(self.answer)), *(mutant for mutant in MUTANTS if mutant.name in there)]
        in_layers = chain.from_iterable(in_a_layer(network, layer) for layer in layers)
        return table, chain(in_layers, map(find, epsilons(network) if 0 in layers else ()))

    @property
    def of_run(self) -> bool:
        """Whether what is wrong is wrong in a run alone."""
        return any(self.seen[k].length for k in self.wrong)

    @property
    def of_arrays(self) -> bool:
        """Whether more than J is wrong: many a mistake comes near to a single number."""
        return any(self.seen[k].got.size > 1 for k in self.wrong)

    def layer(self) -> list[int]:
        """Return the last layer whose gradient is wrong, or 0 where J is; nothing where no gradient is wrong."""
        wrong = [self.seen[k].tensor for k in self.wrong if not self.seen[k].length]
        if any(tensor.kind == "J" for tensor in wrong):
            return [0]
        return [max(tensor.layer for tensor in wrong)] if wrong else []

    def left(self, mutant: Mutant, whole: bool = False) -> float:
        """Return the largest distance from the changed reference, in units; inf if it explains nothing.

        whole: look at everything, even where the change is already known to explain nothing.
        """
        largest, moved, compared = 0.0, list[Array](), False
        for k, (o, made) in enumerate(zip(self.seen, self._made(mutant), strict=False)):
            distance, unit = self._distance(o, made)
            if 1 < distance < SMALL * self.total < np.inf and not o.length and _near(o.got, made.array):
                # nearly explained: a change such as 1 - A near saturation rounds more than the oracle's formula does
                moved = moved or [each.array for each in self._made(mutant, shake=True, gradients_only=True)]
                if k < len(moved):
                    sensitive = FACTOR * np.abs(exact(moved[k]) - exact(made.array)).max()
                    distance = farthest(o.got, exact(made.array), unit + sensitive)
            largest = max(largest, distance)
            if largest > min(1.0, self.total / 4) and not whole:
                return np.inf
            compared = True
        return largest if compared else np.inf

    def _distance(self, o: Observation, made: Made) -> tuple[float, Matrix]:
        """Return how far one array is from the changed reference's, and the unit that this was measured in."""
        array, unit = made
        if array.shape != o.got.shape:
            return np.inf, unit
        if array.dtype != self.judge.case.dtype and is_float(array.dtype):
            # computed in another precision: the answer must be one of its numbers
            if not np.array_equal(o.got, o.got.astype(array.dtype), equal_nan=True):
                return np.inf, unit
        else:
            unit = o.unit
        size = np.abs(o.oracle).max()
        grows = max(1.0, float(np.abs(array).max() / size)) if size > 0 and np.isfinite(array).all() else 1.0
        unit, sizes = unit * grows, np.abs(exact(array))
        unit = np.where(np.abs(o.oracle) < SMALL * sizes, np.maximum(unit, self._share(o) * sizes), unit)
        return farthest(o.got, exact(array), unit), unit

    def _share(self, o: Observation) -> float:
        """Return what rounding can do to an array's largest entry, as a share of it.

        Where the right numbers are next to 0, as behind a saturated tanh, their bounds say nothing of a changed
        reference's, which are not.
        """
        place = int(np.abs(o.oracle).argmax())
        size, unit = abs(float(o.oracle.item(place))), float(o.unit.item(place))
        return unit / size if size > 0 and unit < size else 0.0

    def share(self, mutant: Mutant) -> float:
        """Return what share of the wrong arrays' errors remains when the changed reference takes the oracle's place."""
        worst = 0.0
        made = [each.array for each in self._made(mutant)]
        for k in self.wrong:
            o = self.seen[k]
            if k >= len(made) or made[k].shape != o.got.shape:
                return np.inf
            odd = ~np.isfinite(o.got)
            if odd.any() and not np.array_equal(o.got[odd], exact(made[k])[odd], equal_nan=True):
                return np.inf
            with np.errstate(all="ignore"):
                error = np.linalg.norm(np.where(odd, 0, o.got - o.oracle))
                left = np.linalg.norm(np.where(odd, 0, o.got - exact(made[k])))
                worst = max(worst, float(left / error) if error > 0 else 0.0)
        return worst if np.isfinite(worst) else np.inf

    def place(self, mutant: Mutant) -> Location | None:
        """Return where the changed reference itself leaves the oracle, None if nowhere."""
        wrong = [
            o
            for o, made in zip(self.seen, self._made(mutant), strict=False)
            if made.array.shape != o.got.shape or farthest(exact(made.array), o.oracle, o.unit) > 1
        ]
        return locate(wrong, self.judge.case.network.L) if wrong else None

    def differing_labels(self) -> bool:
        """Return whether some label is not the right reference's at the same params."""
        return any(not np.array_equal(got, true) for got, true in self._labels(None))

    def same_labels(self, mutant: Mutant) -> bool:
        """Return whether the changed reference predicts as the answer does."""
        try:
            with np.errstate(all="ignore"):
                return all(np.array_equal(got, other) for got, other in self._labels(mutant))
        except Exception:  # a mutant may break anything
            return False

    def _labels(self, mutant: Mutant | None) -> list[tuple[Array, Array]]:
        """Return the labels, and those of the reference, changed or not, at the same params."""
        case, reference = self.judge.case, framework(mutant)
        at = [(self.answer.labels_start, case.checkpoints[0]), (self.answer.labels, self.answer.run.trained)]
        return [(labels, reference.predict(case.network, params, case.X)) for labels, params in at]

    def _made(self, mutant: Mutant, shake: bool = False, gradients_only: bool = False) -> Iterator[Made]:
        """Yield what the changed reference makes of each observation; ends where it raises.

        shake: with every activation moved by one ulp.
        """
        case, changed = self.judge.case, framework(mutant, shake)
        ask = changed.gradients[VARIANT]
        nothing = np.asarray(0.0)
        try:
            with np.errstate(all="ignore"):
                for checkpoint in self.answer.checkpoints:
                    J, gradient = ask(case.network, case.checkpoints[checkpoint], case.X, case.Y)
                    arrays = [np.asarray(J), *map(np.asarray, flat(gradient))]
                    units = [nothing] * len(arrays)
                    if arrays[1].dtype != case.dtype and is_float(arrays[1].dtype):
                        units = self._bounds_in(str(arrays[1].dtype), checkpoint)
                    yield from map(Made, arrays, units)
                for length in () if gradients_only else dict.fromkeys(o.length for o in self.seen if o.length):
                    start = case.checkpoints[0]
                    trained, costs = changed.fit(VARIANT, case.network, start, case.X, case.Y, case.alpha, length)
                    yield Made(np.asarray(costs[-1]), nothing)
                    yield from (Made(np.asarray(array), nothing) for array in flat(trained))
        except Exception:  # a mutant may break anything
            yield Made(np.empty((0, 0)), nothing)  # has the shape of nothing that is compared

    def _bounds_in(self, dtype: str, checkpoint: int) -> list[Matrix]:
        """Return the bounds at a checkpoint for a reference that works in another dtype."""
        known = self.judge.at_checkpoint(checkpoint, self.declared)
        p = precision(dtype)
        theirs = error_bound(self.judge.case.network, known.params, known.oracle, self.judge.Y, p, self.declared)
        return bounds_of_both(known._replace(theirs=theirs))
