"""Attribution: where an answer first leaves the oracle, and what it would take to explain it.

Nothing is guessed. The reference is run again with one line changed, a library's convention or precision first and
then every known mistake, and a change is the cause if its numbers are the answer's own within the bound. An answer
that no change explains is called unexplained, with the nearest mistake if there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Declaration

from crosscheck.core.records import Answer, Comparison, flat, named
from crosscheck.judge.elementwise import Judge, Known
from crosscheck.mutation.build import VARIANT, framework
from crosscheck.mutation.equivalence import reached
from crosscheck.mutation.mutants import MUTANTS, Mutant
from crosscheck.oracle.error_bound import Precision, error_bound, precision, step_bound
from crosscheck.oracle.float64 import Matrix, exact
from crosscheck.oracle.noise import FACTOR

LENGTHS = (1, 2, 3, 4, 12)  # of runs of `fit` that are compared with those of a changed reference, and the first wrong
LATEST = 40  # steps after which no length is compared
SMALL = 1e-3  # of the error; what is left of it may be the changed formula's own rounding
CLOSE = 0.01  # of the error is left when the nearest mistake is taken away; a hint, never a verdict


class Observation(NamedTuple):
    """One array of an answer: got, the oracle, and the unit in which a distance from it is measured.

    length: of the run of `fit` that it comes from; 0 for a gradient.
    """

    name: str
    got: Matrix
    oracle: Matrix
    unit: Matrix
    length: int = 0


class Cause(NamedTuple):
    """A change of the reference that explains an answer. exactly: within the bound, or only nearest.

    left: the largest distance that remains, in units of the bound if exactly, else as a share of the error.
    also: the names of other changes that come to the same here. steps: of a run, in which that was seen; 0 for a
    gradient.
    """

    mutant: Mutant
    exactly: bool
    left: float
    also: tuple[str, ...]
    steps: int = 0

    def __str__(self) -> str:
        also = f" (the same here: {', '.join(self.also)})" if self.also else ""
        if self.exactly:
            seen = f" in the first {self.steps} steps" if self.steps else ""
            return f"equals `{self.mutant.name}`{seen}: {self.mutant.words}{also}"
        return f"unexplained, nearest to `{self.mutant.name}`: {self.mutant.words}"


def attribute(
    judge: Judge, answer: Answer, declared: Declaration, noisy: bool = False, guess: Mutant | None = None
) -> Cause | None:
    """Return what explains an answer, or None.

    noisy: measure in usual noise, for an answer within its bound. guess: tried first, and if it is the cause, alone.
    """
    seen = list(_gradients(judge, answer, declared, noisy))
    wrong = [k for k, o in enumerate(seen) if _far(o.got, o.oracle, o.unit) > 1]
    if not wrong:  # where the gradient is wrong, what follows from it says nothing new
        seen += _steps(judge, answer, declared)
        wrong = [k for k, o in enumerate(seen) if _far(o.got, o.oracle, o.unit) > 1]
    labels = _labels(judge, answer)
    differs = any(not np.array_equal(got, true) for got, true in labels)
    if not wrong and not differs:
        return None
    total = max((_far(seen[k].got, seen[k].oracle, seen[k].unit) for k in wrong), default=np.inf)
    explained: list[tuple[Mutant, float]] = []
    nearest: tuple[float, Mutant] | None = None
    there = reached(judge.case)
    for mutant in ((guess,) if guess else ()) + MUTANTS:
        if mutant.name not in there:
            continue
        left = _left(mutant, judge, answer, declared, seen, total)
        if left <= 1 and (wrong or _same_labels(mutant, judge, answer)):
            explained.append((mutant, left))
            if mutant is guess:
                break
        elif wrong and not explained:
            share = _share(mutant, judge, answer, seen, wrong)
            if share < min(CLOSE, nearest[0] if nearest else 1.0):
                nearest = share, mutant
    if explained:
        (mutant, left), *others = explained
        return Cause(mutant, True, left, tuple(other.name for other, _ in others[:3]), max(o.length for o in seen))
    return Cause(nearest[1], False, nearest[0], ()) if nearest else None


def distances(judge: Judge, answer: Answer, declared: Declaration) -> Iterator[tuple[Mutant, float]]:
    """Yield every change of the reference with the answer's largest distance from it, in units of the bound."""
    seen = list(_gradients(judge, answer, declared, noisy=False))
    total = max(_far(o.got, o.oracle, o.unit) for o in seen)
    for mutant in MUTANTS:
        yield mutant, _left(mutant, judge, answer, declared, seen, total, whole=True)


def _gradients(judge: Judge, answer: Answer, declared: Declaration, noisy: bool) -> Iterator[Observation]:
    """Yield J and every dW and db at each point, with the bound, or the noise times its factor, as the unit."""
    for point, (J, gradient) in zip(answer.checkpoints, answer.gradients, strict=True):
        known = judge.at_checkpoint(point, declared)
        if noisy:
            usual = judge.noise(point, declared)
            units = [FACTOR * np.asarray(usual.J), *(FACTOR * S for S in flat(usual.gradient))]
        else:
            units = _units(known)
        names = ["J", *(name for name, _, _ in named(judge.case.network, gradient, "d"))]
        oracles = [np.asarray(known.oracle.J), *flat(known.oracle.gradient)]
        for name, got, oracle, unit in zip(names, [J, *flat(gradient)], oracles, units, strict=True):
            yield Observation(name, exact(got), oracle, unit)


def _units(known: Known) -> list[Matrix]:
    """Return the bounds of the answer, of the oracle, and of the changed reference, which is granted the answer's."""
    theirs, own = known.theirs, known.own
    return [
        np.asarray(2 * theirs.J + own.J),
        *(2 * E + E_own for E, E_own in zip(flat(theirs.gradient), flat(own.gradient), strict=True)),
    ]


def _steps(judge: Judge, answer: Answer, declared: Declaration) -> Iterator[Observation]:
    """Yield the cost and the params of the run's first steps; the units add up from step to step."""
    case, p, p64 = judge.case, judge.precision(declared), precision("float64")
    grown: list[Matrix] = []
    found = False
    for t, (number, before, J, after) in enumerate(answer.run.steps[:LATEST]):
        if number != t or not all(np.isfinite(a).all() for a in flat(before)):
            return
        start, oracle, theirs, own = known = judge.evaluate_at(before, declared)
        gradients = zip(*map(flat, (start, oracle.gradient, theirs.gradient, own.gradient)), strict=True)
        moved, units = [], []
        for W, dW, E, E_own in gradients:
            moved.append(W - case.alpha * dW)
            units.append(step_bound(W, dW, 2 * E, case.alpha, p) + step_bound(W, dW, E_own, case.alpha, p64))
        # an error in the params comes back in the next gradient: the units may grow twofold in each step
        grown = [2 * g + E for g, E in zip(grown, units, strict=True)] if grown else units
        seen = [Observation(f"fit: J[{t}]", exact(J), np.asarray(oracle.J), _units(known)[0] * 2**t, t + 1)]
        for (name, got, _), true, unit in zip(named(case.network, after, "fit: "), moved, grown, strict=True):
            seen.append(Observation(f"{name} after {t + 1} steps", exact(got), true, unit, t + 1))
        wrong = any(_far(o.got, o.oracle, o.unit) > 1 for o in seen)
        if t + 1 in LENGTHS or (wrong and not found):
            yield from seen
        found = found or wrong


def _labels(judge: Judge, answer: Answer) -> list[tuple[Array, Array]]:
    """Return the labels, and the right ones at the same params."""
    right = framework()
    case = judge.case
    return [
        (answer.labels_start, right.predict(case.network, case.checkpoints[0], case.X)),
        (answer.labels, right.predict(case.network, answer.run.trained, case.X)),
    ]


def _same_labels(mutant: Mutant, judge: Judge, answer: Answer) -> bool:
    """Return whether the mutant predicts as the answer does, and the right reference does not."""
    case, changed = judge.case, framework(mutant)
    try:
        with np.errstate(all="ignore"):
            made = [changed.predict(case.network, p, case.X) for p in (case.checkpoints[0], answer.run.trained)]
    except Exception:  # a mutant may break anything
        return False
    return all(np.array_equal(got, other) for (got, _), other in zip(_labels(judge, answer), made, strict=True))


def _left(
    mutant: Mutant,
    judge: Judge,
    answer: Answer,
    declared: Declaration,
    seen: list[Observation],
    total: float,
    whole: bool = False,
) -> float:
    """Return the largest distance from the changed reference, in units; inf if it explains nothing."""
    largest, changes = 0.0, False
    shaken: list[Array | None] = []
    for k, (o, (made, unit)) in enumerate(zip(seen, _made(mutant, judge, answer, declared, seen), strict=False)):
        if made is None or made.shape != o.got.shape:
            return np.inf
        if made.dtype != judge.case.dtype and made.dtype.kind == "f":
            # computed in another precision: the answer must be one of its numbers
            if not np.array_equal(o.got, o.got.astype(made.dtype), equal_nan=True):
                return np.inf
        else:
            unit = o.unit
        size = np.abs(o.oracle).max()
        grows = max(1.0, float(np.abs(made).max() / size)) if size > 0 and np.isfinite(made).all() else 1.0
        distance = _far(o.got, exact(made), unit * grows)
        if 1 < distance < SMALL * total < np.inf and not o.length:
            # nearly explained: a change such as 1 - A near saturation rounds more than the oracle's formula does
            shaken = shaken or [array for array, _ in _made(mutant, judge, answer, declared, [], shake=True)]
            if (moved := shaken[k]) is not None:
                sensitive = FACTOR * np.abs(exact(moved) - exact(made)).max()
                distance = _far(o.got, exact(made), unit * grows + sensitive)
        largest = max(largest, distance)
        if largest > min(1.0, total / 4) and not whole:
            return np.inf
        changes = True
    return largest if changes else np.inf


def _made(
    mutant: Mutant, judge: Judge, answer: Answer, declared: Declaration, seen: list[Observation], shake: bool = False
) -> Iterator[tuple[Array | None, Matrix]]:
    """Yield what the changed reference makes of each observation, and the unit if it works in another precision.

    shake: with every activation moved by one ulp.
    """
    case, changed = judge.case, framework(mutant, shake)
    try:
        with np.errstate(all="ignore"):
            for point in answer.checkpoints:
                J, gradient = changed.gradients[VARIANT](case.network, case.checkpoints[point], case.X, case.Y)
                made = [np.asarray(J), *map(np.asarray, flat(gradient))]
                units = made
                if made[1].dtype != case.dtype and made[1].dtype.kind == "f":
                    units = _units(_known(judge, point, declared, precision(str(made[1].dtype))))
                yield from zip(made, units, strict=True)
            start = case.checkpoints[0]
            for length in dict.fromkeys(o.length for o in seen if o.length):
                trained, costs = changed.fit(VARIANT, case.network, start, case.X, case.Y, case.alpha, length)
                yield np.asarray(costs[-1]), np.asarray(0.0)
                yield from ((np.asarray(array), np.asarray(0.0)) for array in flat(trained))
    except Exception:  # a mutant may break anything
        yield None, np.asarray(0.0)


def _known(judge: Judge, point: int, declared: Declaration, p: Precision) -> Known:
    known = judge.at_checkpoint(point, declared)
    theirs = error_bound(judge.case.network, known.params, known.oracle, judge.Y, p, declared)
    return known._replace(theirs=theirs)


def _share(mutant: Mutant, judge: Judge, answer: Answer, seen: list[Observation], wrong: list[int]) -> float:
    """Return what share of the wrong arrays' errors remains when the changed reference takes the oracle's place."""
    worst = 0.0
    made = [array for array, _ in _made(mutant, judge, answer, Declaration(), seen)]
    for k in wrong:
        array = made[k] if k < len(made) else None
        if array is None or array.shape != seen[k].got.shape:
            return np.inf
        o = seen[k]
        odd = ~np.isfinite(o.got)
        if odd.any() and not np.array_equal(o.got[odd], exact(array)[odd], equal_nan=True):
            return np.inf
        with np.errstate(all="ignore"):
            error = np.linalg.norm(np.where(odd, 0, o.got - o.oracle))
            left = np.linalg.norm(np.where(odd, 0, o.got - exact(array)))
        worst = max(worst, float(left / error) if error > 0 else 0.0)
    return worst if np.isfinite(worst) else np.inf


def _far(got: Matrix, other: Matrix, unit: Matrix) -> float:
    """Return the largest distance in units; what is not finite must be the same on both sides."""
    with np.errstate(all="ignore"):
        ratio = np.abs(got - other) / unit
    alike = (got == other) | (np.isnan(got) & np.isnan(other))
    ratio = np.where(alike | ~(unit < np.inf), 0.0, np.where(np.isnan(ratio), np.inf, ratio))
    return float(ratio.max(initial=0.0))


def where(outside: list[Comparison], L: int) -> str:
    """Return in words for a learner what is right, what is wrong first, and hence where the mistake is."""
    lockstep = [c for c in outside if not c.tensor.startswith("fit")]
    if not lockstep:
        return _where_in_fit(outside, min(c.iteration for c in outside))
    t = min(c.iteration for c in lockstep)
    wrong = {c.tensor for c in lockstep if c.iteration == t}
    layers = sorted({int(name[2:]) for name in wrong - {"J"}}, reverse=True)
    if not layers:
        return "every dW and db is right and J is not: the mistake is in the cost itself"
    l = layers[0]
    if "J" in wrong:
        if layers == list(range(L, 0, -1)):
            return (
                "J and all gradients are wrong: the mistake is in the forward pass, in what it is given, or in a mean"
            )
        return f"J is wrong, and the gradients from layer {l} down: look at the cost and at dZ{l}"
    kinds = {name[1] for name in wrong}
    right = "J is right, so the forward pass is"
    if l < L:
        right += f", and so are the gradients of layer{'s' if L - l > 1 else ''} {', '.join(map(str, range(L, l, -1)))}"
    if kinds == {"W"}:
        return f"{right}; every db is right: the mistake is in the line of dW{l}, its product or its mean"
    if kinds == {"b"}:
        return f"{right}; every dW is right: the mistake is in the line of db{l}, or in dZ{l} where A{l - 1} is 0"
    if {f"dW{l}", f"db{l}"} <= wrong:
        made = f"A{l} - Y" if l == L else f"W{l + 1}ᵀ dZ{l + 1} ∘ g{l}′(Z{l})"
        return f"{right}; dW{l} and db{l} are both wrong: the mistake is in dZ{l} = {made}"
    return f"{right}; d{'W' if f'dW{l}' in wrong else 'b'}{l} is the first that is wrong"


def _where_in_fit(outside: list[Comparison], t: int) -> str:
    wrong = {c.tensor.removeprefix("fit: ") for c in outside}
    start = "from the first step on" if t == 0 else f"from step {t} on; the steps before it are right"
    if wrong == {"J"}:
        return f"the gradients and the steps are right; the costs that fit reports are not, {start}"
    only = {"W": "only the weights", "b": "only the biases"}.get("".join({name[0] for name in wrong - {"J"}}), "")
    what = f", {only}" if only else ""
    return f"the gradients are right; what fit makes of them is not{what}, {start}"
