"""The search: J, each dW and each db by themselves, from the output layer down, with as few mistakes as possible.

Mistakes are handed on: dW1 may be wrong because dZ2 is. So the gradient is followed as a program computes it: at each
layer, what dZ may be, given the dZ above it, and whether dW and db are what comes of that, but for a mistake in their
own lines. What is wrong in one place alone costs 1, as does each further mistake; the cheapest account that gives the
answer's own numbers at every point is the diagnosis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.grading.diagnosis.epsilon import in_the_cost, in_the_gradient
from crosscheck.grading.diagnosis.factors import EVERY, ONE, Factor, factors
from crosscheck.grading.diagnosis.linear import Added, added
from crosscheck.grading.diagnosis.points import Point, saturated
from crosscheck.grading.diagnosis.stages import Lazy, Option, Stage, forward, options, passes

UNEXPLAINED = 3.0  # what a tensor costs that nothing explains: more than two mistakes
AGAIN = 0.25  # what a mistake costs that is made in another layer too
FACTOR = 1.01  # a known mistake before a mere factor
WIDTH = 3  # candidates of a layer that are followed further down
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
        self.passes = {option: Lazy(lambda k, option=option: forward(option, points[k])) for option in passes(self.L)}

    @np.errstate(all="ignore")  # mistakes overflow
    def best(self) -> Account:
        """Return the cheapest account of J and all gradients."""
        by_J = sorted(self._of_J(), key=lambda each: each[1].cost)
        least = by_J[0][1].cost
        tried = [
            account.and_(self._gradient(option))
            for option, account in by_J
            if account.cost <= least + 0.01 or option is RIGHT
        ]
        return min(tried, key=lambda account: account.cost)

    def _of_J(self) -> Iterator[tuple[Option, Account]]:
        """Yield what explains J, by each forward pass; and the gradient alone, if nothing does."""
        for option, passed in self.passes.items():
            own = self._line_of_J(passed)
            pass_slip = () if option is RIGHT else (Slip(Stage.FORWARD, option.layer, option),)
            cost = float(option.cost)
            if own is None:
                yield option, Account(cost + UNEXPLAINED, pass_slip, ("J",))
                continue
            yield option, Account(cost + sum(slip.cost for slip in own), (*pass_slip, *own))
            if option is RIGHT and not any(point.wrong("J") for point in self.points):
                return

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

    def _epsilon(self, passes: Lazy) -> tuple[Slip, ...] | None:
        """Return the epsilon in the cost, and the factor that J is off by as well."""
        point = self.points[0]
        ratio = float(point.got["J"] / point.true["J"])
        near = [factor for factor in EVERY if abs(factor.at(point, 0) / ratio - 1) < NEAR]
        for factor in (ONE, *sorted(near, key=lambda factor: factor.cost)):
            found = in_the_cost(self.points, passes, factor)
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
        passes = self.passes[option]
        usable = [k for k in range(len(self.points)) if passes(k) is not None and not passes(k).kinked]
        if not usable:
            return Account(UNEXPLAINED * 2 * self.L, (), tuple(f"d{k}{l}" for l in range(1, self.L + 1) for k in "Wb"))
        return _Backward([self.points[k] for k in usable], Lazy(lambda k: passes(usable[k]))).best()


class _Backward:
    """The gradient of one forward pass, followed from the output layer down."""

    def __init__(self, points: Sequence[Point], passes: Lazy) -> None:
        self.points, self.passes = points, passes
        self.L = points[0].network.L
        self.known: dict[tuple[int, str], Slip | None] = {}

    def best(self) -> Account:
        """Return the cheapest account."""
        return self._below(self.L, self._outputs())

    def _outputs(self) -> Iterator[tuple[Account, Lazy]]:
        """Yield what dZ[L] may be: right, with one mistake, with an epsilon."""
        for option in options(Stage.OUTPUT):

            def made(k: int, option: Option = option) -> Array:
                p, network = self.passes(k), self.points[k].network
                return option.reference.output_dZ(network, p.A[-1], p.Z[-1], p.Y)

            slip = Slip(Stage.OUTPUT, self.L, option)
            yield Account(slip.cost, (slip,) if slip.cost else ()), Lazy(made)
        for formula, size, dZ in in_the_gradient(self.points, self.passes, f"db{self.L}"):
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

        def through(weights: Callable[[int], Array]) -> Lazy:
            def made(k: int) -> Array:
                p = self.passes(k)
                return RIGHT.reference.dZ(self.points[k].network, l + 1, weights(k).T @ above(k), p.A, p.Z)

            return Lazy(made)

        plain = through(lambda k: self.passes(k).params[l].W)
        moved = through(lambda k: self.points[k].got[f"dW{l + 1}"])
        parts = [self._made(Stage.DB, RIGHT, l, dZ) for dZ in (plain, moved)]
        found = added(self.points, f"db{l}", *parts)
        if found is not None and not found.over_m and found.size < 0:
            slip = Slip(Stage.DA, l, RIGHT, ONE, Special.EARLY, "", -found.size)
            yield Account(slip.cost, (slip,)), Lazy(lambda k: plain(k) + found.size * moved(k))

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
        if l == 1:
            return self._with_others(tried)
        followed = []
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
        own = {tensor: self._line(tensor, stage, l, dZ) for tensor, stage in (("dW", Stage.DW), ("db", Stage.DB))}
        account = Account()
        for tensor, slips in own.items():
            if slips is None:
                account = account.and_(Account(UNEXPLAINED, (), (f"{tensor}{l}",)))
            else:
                account = account.and_(Account(sum(slip.cost for slip in slips), slips))
        yield account, dZ
        shared = self._shared(l, dZ) if account.cost else None
        if shared is not None:
            scaled = Lazy(lambda k: shared.at(self.points[k], l) * dZ(k))
            slip = Slip(Stage.OUTPUT if l == self.L else Stage.DZ, l, RIGHT, shared)
            yield Account(slip.cost, (slip,)), scaled

    def _shared(self, l: int, dZ: Lazy) -> Factor | None:
        """Return the factor that both dW[l] and db[l] are too large by."""
        both = [
            set(factors(self.points, f"{tensor}{l}", l, self._made(stage, RIGHT, l, dZ)))
            for tensor, stage in (("dW", Stage.DW), ("db", Stage.DB))
        ]
        common = sorted(both[0] & both[1] - {ONE}, key=lambda factor: factor.cost)
        return common[0] if common else None

    def _line(self, tensor: str, stage: Stage, l: int, dZ: Lazy) -> tuple[Slip, ...] | None:
        """Return the slips in the line of dW[l] or db[l]; None if nothing explains it."""
        own = in_its_line(self.points, f"{tensor}{l}", stage, l, lambda o: self._made(stage, o, l, dZ))
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


def _equal(one: Array, other: Array) -> bool:
    return one is not None and other is not None and bool(np.allclose(one, other, rtol=1e-12, atol=0, equal_nan=True))


def _penalty(stage: Stage, layer: int, found: Added) -> Slip:
    return Slip(stage, layer, RIGHT, ONE, Special.PENALTY, "over m" if found.over_m else "", found.size)
