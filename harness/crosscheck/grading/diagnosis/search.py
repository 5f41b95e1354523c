"""The search: J, each dW and each db by themselves, from the output layer down, with as few mistakes as possible.

Mistakes are handed on: dW1 may be wrong because dZ2 is. So the gradient is followed as a program computes it: at each
layer, what dZ may be, given the dZ above it, and whether dW and db are what comes of that, but for a mistake in their
own lines. What is wrong in one place alone costs 1, as does each further mistake; the cheapest account that gives the
answer's own numbers at every point is the diagnosis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.grading.diagnosis.epsilon import in_the_cost, in_the_gradient
from crosscheck.grading.diagnosis.factors import EVERY, ONE, Factor, factors
from crosscheck.grading.diagnosis.linear import Added, added
from crosscheck.grading.diagnosis.points import Point, saturated
from crosscheck.grading.diagnosis.stages import Lazy, Option, Pass, Stage, forward, options, passes

UNEXPLAINED = 3.0  # what a tensor costs that nothing explains: more than two mistakes
AGAIN = 0.25  # what a mistake costs that is made in another layer too
FACTOR = 1.01  # a known mistake before a mere factor
WIDTH = 3  # candidates of a layer that are followed further down
SIMPLE = 1.3  # one mistake, in two layers perhaps
FEW = 4  # points, at which a pass that does what the right one does is told from others
NEAR = 0.01  # of a factor, where an epsilon is in J as well


class Special(StrEnum):
    """What is no slip of a line: the name of something that is added, with a size."""

    EPSILON = "epsilon"
    PENALTY = "penalty of the weights"
    EARLY = "updated too early"


class Slip(NamedTuple):
    """A mistake in one line: of a stage, in a layer; a known one, or a factor, or something special of a certain size.

    formula: where it stands, for an epsilon; of the weights' penalty, whether it is over m.
    """

    stage: Stage
    layer: int
    option: Option
    factor: Factor = ONE
    special: Special | None = None
    formula: str = ""
    size: float = 0.0
    also: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """The same in another layer is the same mistake."""
        return self.stage, self.option.mutant, self.factor, self.special

    @property
    def cost(self) -> float:
        """How many mistakes it is."""
        return self.option.cost + FACTOR * self.factor.cost + (self.special is not None)


class Account(NamedTuple):
    """How the answer's numbers come about: what it costs, the slips, and the tensors that are left unexplained.

    seen: for each tensor that is explained, the slips that it shows.
    """

    cost: float = 0.0
    slips: tuple[Slip, ...] = ()
    unexplained: tuple[str, ...] = ()

    def and_(self, other: Account) -> Account:
        """Return both; a slip that is in both kinds of lines is cheaper the second time."""
        known = {slip.key for slip in self.slips}
        saved = sum((1 - AGAIN) * slip.cost for slip in other.slips if slip.key in known)
        return Account(self.cost + other.cost - saved, self.slips + other.slips, self.unexplained + other.unexplained)


Made = Callable[[int], Array]
RIGHT = options(Stage.FORWARD)[0]


def in_its_line(
    points: Sequence[Point], tensor: str, stage: Stage, layer: int, make: Callable[[Option], Made]
) -> tuple[Slip, ...] | None:
    """Return the cheapest slip in a tensor's own line that explains it, alone; () if it is right; None if none is."""
    best, found = np.inf, list[Slip]()
    for option in options(stage):
        if option.cost > best:
            break
        for factor in factors(points, tensor, layer, make(option)):
            slip = Slip(stage, layer, option, factor)
            if slip.cost < best:
                best, found = slip.cost, []
            if slip.cost == best:
                found.append(slip)
    if not found:
        return None
    if best == 0:
        return ()
    first, *others = found
    return (first._replace(also=tuple(slip.option.mutant.name for slip in others if slip.option.mutant)),)


class Search:
    """One answer, at the points at which it can be compared, in the order of what they tell."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = points
        self.L = points[0].network.L
        self.passes = {option: Lazy(partial(_pass, option, points)) for option in passes(self.L)}

    @np.errstate(all="ignore")  # mistakes overflow
    def best(self) -> Account:
        """Return the cheapest account of J and all gradients."""
        line = self._line_of_J(self.passes[RIGHT])
        plain = Account(UNEXPLAINED, (), ("J",)) if line is None else Account(sum(slip.cost for slip in line), line)
        right = plain.and_(self._gradient(RIGHT))
        if not any(point.wrong("J") for point in self.points) or (right.cost <= SIMPLE and not right.unexplained):
            return right  # J is right, so the forward pass is; or one mistake explains it all
        by_J = list(self._of_J())
        least = min((account.cost for _, account in by_J), default=np.inf)
        tried = [account.and_(self._gradient(option)) for option, account in by_J if account.cost <= least + 0.01]
        if not tried and "J" in right.unexplained and len(right.unexplained) > 1:
            tried = list(self._by_the_gradient())
        return min([right, *tried], key=lambda account: account.cost)

    def _by_the_gradient(self) -> Iterator[Account]:
        """Yield the accounts of forward passes that nothing but the gradient tells; of J perhaps an epsilon."""
        for option, passed in self.passes.items():
            if option is RIGHT or self._as_right(passed):
                continue
            usable, points = self._usable(option)
            if usable and _Backward(points, usable).promising():
                slip = Slip(Stage.FORWARD, option.layer, option)
                line = self._epsilon(passed)
                own = Account(UNEXPLAINED, (), ("J",)) if line is None else Account(sum(s.cost for s in line), line)
                yield Account(slip.cost, (slip,)).and_(own).and_(self._gradient(option))

    def _of_J(self) -> Iterator[tuple[Option, Account]]:
        """Yield the mistakes of a forward pass that explain J, if need be with one in the line of the cost."""
        for option, passed in self.passes.items():
            own = None if option is RIGHT or self._as_right(passed) else self._line_of_J(passed)
            if own is not None:
                slips = (Slip(Stage.FORWARD, option.layer, option), *own)
                yield option, Account(sum(slip.cost for slip in slips), slips)

    def _as_right(self, passed: Lazy) -> bool:
        """Return whether a forward pass does what the right one does, as where its function is never called."""
        for k in range(min(FEW, len(self.points))):
            one, right = passed(k), self.passes[RIGHT](k)
            if one is None:
                return True
            pairs = [(one.X, right.X), (one.Y, right.Y), *zip([*one.A, *one.Z], [*right.A, *right.Z], strict=True)]
            if not all(a is b or np.array_equal(a, b) for a, b in pairs):
                return False
        return True

    def _line_of_J(self, passes: Lazy) -> tuple[Slip, ...] | None:
        def make(option: Option) -> Made:
            def made(k: int) -> Array:
                p, network = passes(k), self.points[k].network
                if p is None:
                    return np.empty((0, 0))
                return np.asarray(option.reference.J(network, p.A, p.Z, p.Y))

            return Lazy(made)

        own = in_its_line(self.points, "J", Stage.COST, 0, make)
        if passes is not self.passes[RIGHT] or own:
            return own
        if own is None:
            return self._epsilon(passes) or self._penalty(make(RIGHT))
        return self._epsilon(passes) or () if any(saturated(point) for point in self.points) else ()

    def _epsilon(self, passed: Lazy) -> tuple[Slip, ...] | None:
        """Return the epsilon in the cost, and the factor that J is off by as well."""
        point = self.points[0]
        p = passed(0)
        if p is None:
            return None
        ratio = float(point.got["J"] / RIGHT.reference.J(point.network, p.A, p.Z, p.Y))
        near = [factor for factor in EVERY if abs(factor.at(point, 0) / ratio - 1) < NEAR]
        for factor in (ONE, *sorted(near, key=lambda factor: factor.cost)):
            found = in_the_cost(self.points, passed, factor)
            if found is not None:
                slip = Slip(Stage.COST, 0, RIGHT, ONE, Special.EPSILON, *found)
                return (slip,) if factor == ONE else (slip, Slip(Stage.COST, 0, RIGHT, factor))
        return None

    def _penalty(self, J: Made) -> tuple[Slip, ...] | None:
        squares = Lazy(lambda k: np.asarray(sum(float((W * W).sum()) for W, _ in self.points[k].params)))
        found = added(self.points, "J", J, squares)
        return None if found is None else (_penalty(Stage.COST, 0, found),)

    # ---------------------------------------------------------------- the gradient

    def _gradient(self, option: Option) -> Account:
        usable, points = self._usable(option)
        if usable is None:
            return Account(UNEXPLAINED * 2 * self.L, (), tuple(f"d{k}{l}" for l in range(1, self.L + 1) for k in "Wb"))
        return _Backward(points, usable).best()

    def _usable(self, option: Option) -> tuple[Lazy | None, list[Point]]:
        """Return a forward pass at the points where it can be computed, and not beside a kink; and these."""
        passed = self.passes[option]
        usable = [k for k in range(len(self.points)) if passed(k) is not None and not passed(k).kinked]
        return (Lazy(lambda k: passed(usable[k])) if usable else None), [self.points[k] for k in usable]


class _Backward:
    """The gradient of one forward pass, followed from the output layer down."""

    def __init__(self, points: Sequence[Point], passes: Lazy) -> None:
        self.points, self.passes = points, passes
        self.L = points[0].network.L

    def best(self) -> Account:
        """Return the cheapest account."""
        return self._below(self.L, self._outputs())

    def promising(self) -> bool:
        """Return whether dW[L] or db[L] is what comes of the right dZ[L], but for a factor."""
        _, dZ = next(self._outputs())
        return any(
            next(factors(self.points, f"{stage}{self.L}", self.L, self._made(stage, RIGHT, self.L, dZ)), None)
            is not None
            for stage in (Stage.DW, Stage.DB)
        )

    def _outputs(self) -> Iterator[tuple[Account, Lazy]]:
        """Yield what dZ[L] may be: right, with one mistake, with an epsilon."""
        for option in options(Stage.OUTPUT):

            def made(k: int, option: Option = option) -> Array:
                p, network = self.passes(k), self.points[k].network
                return option.reference.output_dZ(network, p.A[-1], p.Z[-1], p.Y)

            slip = Slip(Stage.OUTPUT, self.L, option)
            yield Account(slip.cost, (slip,) if slip.cost else ()), Lazy(made)
        for formula, size, dZ in in_the_gradient(self.points, self.passes, self.L):
            slip = Slip(Stage.OUTPUT, self.L, RIGHT, ONE, Special.EPSILON, formula, size)
            yield Account(slip.cost, (slip,)), dZ

    def _hidden(self, l: int, above: Lazy) -> Iterator[tuple[Account, Lazy]]:
        """Yield what dZ[l] may be, given that of the layer above: right, one mistake, two."""
        pairs = [(one, two) for one in options(Stage.DA) for two in options(Stage.DZ)]
        early = True
        for dA, dZ in sorted(pairs, key=lambda pair: pair[0].cost + pair[1].cost):
            if early and dA.cost + dZ.cost > 1:
                yield from self._early(l, above)
                early = False

            def made(k: int, dA: Option = dA, dZ: Option = dZ) -> Array:
                p, network = self.passes(k), self.points[k].network
                back = dA.reference.dA(l + 1, p.params, above(k), self.points[k].got[f"dW{l + 1}"])
                return dZ.reference.dZ(network, l + 1, back, p.A, p.Z)

            slips = tuple(Slip(s, l, o) for s, o in ((Stage.DA, dA), (Stage.DZ, dZ)) if o.cost)
            yield Account(sum(slip.cost for slip in slips), slips), Lazy(made)

    def _early(self, l: int, above: Lazy) -> Iterator[tuple[Account, Lazy]]:
        """Yield dZ[l] through a W[l+1] that has been updated already, by the answer's own dW[l+1]."""
        for option in options(Stage.DZ):

            def through(weights: Callable[[int], Array], option: Option = option) -> Lazy:
                def made(k: int) -> Array:
                    p, network = self.passes(k), self.points[k].network
                    return option.reference.dZ(network, l + 1, weights(k).T @ above(k), p.A, p.Z)

                return Lazy(made)

            plain = through(lambda k: self.passes(k).params[l].W)
            moved = through(lambda k: self.points[k].got[f"dW{l + 1}"])
            for stage in (Stage.DB, Stage.DW):
                parts = [self._made(stage, RIGHT, l, dZ) for dZ in (plain, moved)]
                found = added(self.points, f"{stage}{l}", *parts)
                if found is None or found.over_m or found.size > 0:
                    continue
                slips = [Slip(Stage.DA, l, RIGHT, ONE, Special.EARLY, "", -found.size)]
                slips += [Slip(Stage.DZ, l, option)] if option.cost else []
                chain = Lazy(partial(_sum, plain, moved, found.size))
                yield Account(sum(slip.cost for slip in slips), tuple(slips)), chain
                break

    def _below(self, l: int, candidates: Iterator[tuple[Account, Lazy]]) -> Account:
        """Return the cheapest account of the layers from l down, given what dZ[l] may be."""
        tried: list[tuple[Account, Lazy]] = []
        for way, dZ in candidates:
            if tried and way.cost > min(account.cost for account, _ in tried):
                break
            if dZ(0) is None:
                continue
            tried += ((way.and_(own), chain) for own, chain in self._layer(l, dZ))
        tried.sort(key=lambda each: each[0].cost)
        if not tried:  # nothing can be computed with this forward pass
            tensors = tuple(f"{stage}{at}" for at in range(1, l + 1) for stage in (Stage.DW, Stage.DB))
            return Account(UNEXPLAINED * len(tensors), (), tensors)
        if l == 1:
            return self._with_others(tried)
        followed: list[Account] = []
        for account, dZ in tried[:WIDTH]:
            if followed and account.cost >= min(each.cost for each in followed):
                break
            followed.append(account.and_(self._below(l - 1, self._hidden(l - 1, dZ))))
        return min(followed, key=lambda account: account.cost)

    def _with_others(self, tried: Sequence[tuple[Account, Lazy]]) -> Account:
        """Return the cheapest account, with the names of the known mistakes in others that give the same dZ."""
        best, dZ = tried[0]
        same = [
            account
            for account, other in tried[1:]
            if account.cost == best.cost and all(_equal(dZ(k), other(k)) for k in range(len(self.points)))
        ]
        names = {slip.option.mutant.name: None for slip in best.slips if slip.option.mutant}
        also = [s.option.mutant.name for account in same for s in account.slips if s.option.mutant]
        new = tuple(dict.fromkeys(name for name in also if name not in names))
        if not new:
            return best
        slips = [
            slip._replace(also=new) if slip.stage in (Stage.DZ, Stage.DA, Stage.OUTPUT) else slip for slip in best.slips
        ]
        return best._replace(slips=tuple(slips))

    def _layer(self, l: int, dZ: Lazy) -> Iterator[tuple[Account, Lazy]]:
        """Yield accounts of dW[l] and db[l], given dZ[l]: with slips in their own lines, or dZ itself a factor off."""
        own = self._lines(l, dZ)
        yield own, dZ
        if not own.cost:
            return
        below = [] if l == 1 else [(l - 1, next(self._hidden(l - 1, dZ))[1])]  # what all the layers below are off by
        seen = dict.fromkeys(
            factor
            for at, chain in [(l, dZ), *below]
            for stage in (Stage.DW, Stage.DB)
            for factor in factors(self.points, f"{stage}{at}", at, self._made(stage, RIGHT, at, chain))
        )
        for factor in (each for each in seen if each != ONE):
            scaled = Lazy(partial(self._scaled, factor, l, dZ))
            slip = Slip(Stage.OUTPUT if l == self.L else Stage.DZ, l, RIGHT, factor)
            yield Account(slip.cost, (slip,)).and_(self._lines(l, scaled)), scaled

    def _scaled(self, factor: Factor, l: int, dZ: Lazy, k: int) -> Array:
        return np.asarray(factor.at(self.points[k], l) * dZ(k))

    def _lines(self, l: int, dZ: Lazy) -> Account:
        """Return the account of dW[l] and db[l], given dZ[l]."""
        account = Account()
        for tensor, stage in (("dW", Stage.DW), ("db", Stage.DB)):
            slips = self._line(stage, l, dZ)
            if slips is None:
                account = account.and_(Account(UNEXPLAINED, (), (f"{tensor}{l}",)))
            else:
                account = account.and_(Account(sum(slip.cost for slip in slips), slips))
        return account

    def _line(self, stage: Stage, l: int, dZ: Lazy) -> tuple[Slip, ...] | None:
        """Return the slips in the line of dW[l] or db[l]; None if nothing explains it."""
        own = in_its_line(self.points, f"{stage}{l}", stage, l, lambda o: self._made(stage, o, l, dZ))
        if own is None and stage is Stage.DW:
            found = added(
                self.points, f"dW{l}", self._made(stage, RIGHT, l, dZ), lambda k: self.points[k].params[l - 1].W
            )
            return None if found is None else (_penalty(stage, l, found),)
        return own

    def _made(self, stage: Stage, option: Option, l: int, dZ: Lazy) -> Made:
        def made(k: int) -> Array:
            p, point = self.passes(k), self.points[k]
            if stage is Stage.DB:
                return option.reference.db(dZ(k), point.m)
            return option.reference.dW(l, p.A, p.Z, dZ(k), point.m)

        lazy = Lazy(made)
        return lambda k: np.empty((0, 0)) if lazy(k) is None else lazy(k)


def _pass(option: Option, points: Sequence[Point], k: int) -> Pass:
    return forward(option, points[k])


def _sum(plain: Lazy, moved: Lazy, size: float, k: int) -> Array:
    return np.asarray(plain(k) + size * moved(k))


def _equal(one: Array, other: Array) -> bool:
    return one is not None and other is not None and bool(np.allclose(one, other, rtol=1e-12, atol=0, equal_nan=True))


def _penalty(stage: Stage, layer: int, found: Added) -> Slip:
    return Slip(stage, layer, RIGHT, ONE, Special.PENALTY, "over m" if found.over_m else "", found.size)
