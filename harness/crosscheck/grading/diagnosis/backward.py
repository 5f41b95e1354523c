"""The gradient, followed as a program computes it, from the output layer down.

Mistakes are handed on: dW1 may be wrong because dZ2 is. At each layer, what dZ may be, given the dZ above it; and then
whether dW and db are what comes of that, but for a mistake in their own lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.grading.diagnosis.account import RIGHT, UNEXPLAINED, Account, Made, Slip, Special, in_its_line, penalty
from crosscheck.grading.diagnosis.closeness import ALIKE
from crosscheck.grading.diagnosis.epsilon import in_the_gradient
from crosscheck.grading.diagnosis.factors import NOTHING, ONE, Factor, factors
from crosscheck.grading.diagnosis.linear import added
from crosscheck.grading.diagnosis.points import Point
from crosscheck.grading.diagnosis.stages import Lazy, Option, Stage, options

WIDTH = 3  # candidates of a layer that are followed further down


class Backward:
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

            if self.points[0].after is not None:  # what the step has made of them is known
                slips = [Slip(Stage.DA, l, RIGHT, ONE, Special.EARLY)] + (
                    [Slip(Stage.DZ, l, option)] if option.cost else []
                )
                yield Account(sum(slip.cost for slip in slips), tuple(slips)), through(self._stepped(l))
                continue
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

    def _stepped(self, l: int) -> Callable[[int], Array]:
        """Return W[l+1] after the step."""

        def weights(k: int) -> Array:
            after = self.points[k].after
            assert after is not None
            return np.asarray(after[l].W, np.float64)

        return weights

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
        if all(not point.got[f"{stage}{l}"].any() for point in self.points):
            right = all(not point.true[f"{stage}{l}"].any() for point in self.points)
            return () if right else (Slip(stage, l, RIGHT, NOTHING),)
        own = in_its_line(self.points, f"{stage}{l}", stage, l, lambda o: self._made(stage, o, l, dZ))
        if own is None and stage is Stage.DW:
            found = added(
                self.points, f"dW{l}", self._made(stage, RIGHT, l, dZ), lambda k: self.points[k].params[l - 1].W
            )
            return None if found is None else (penalty(stage, l, found),)
        return own

    def _made(self, stage: Stage, option: Option, l: int, dZ: Lazy) -> Made:
        def made(k: int) -> Array:
            p, point = self.passes(k), self.points[k]
            if stage is Stage.DB:
                return option.reference.db(dZ(k), point.m)
            return option.reference.dW(l, p.A, p.Z, dZ(k), point.m)

        lazy = Lazy(made)
        return lambda k: np.empty((0, 0)) if lazy(k) is None else lazy(k)


def _sum(plain: Lazy, moved: Lazy, size: float, k: int) -> Array:
    return np.asarray(plain(k) + size * moved(k))


def _equal(one: Array, other: Array) -> bool:
    return one is not None and other is not None and bool(np.allclose(one, other, rtol=ALIKE, atol=0, equal_nan=True))
