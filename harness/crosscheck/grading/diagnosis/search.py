"""The search: J, each dW and each db by themselves, with as few mistakes as possible.

The cheapest account that gives the answer's own numbers at every point is the diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from crosscheck_impls.interface import Array

from crosscheck.grading.diagnosis.account import RIGHT, UNEXPLAINED, Account, Made, Slip, Special, in_its_line, penalty
from crosscheck.grading.diagnosis.backward import Backward
from crosscheck.grading.diagnosis.closeness import BESIDE_AN_EPSILON
from crosscheck.grading.diagnosis.epsilon import in_the_cost
from crosscheck.grading.diagnosis.factors import EVERY, ONE
from crosscheck.grading.diagnosis.linear import added
from crosscheck.grading.diagnosis.points import Point, saturated
from crosscheck.grading.diagnosis.stages import Lazy, Option, Pass, Stage, forward, passes

SIMPLE = 1.3  # one mistake, in two layers perhaps
FEW = 4  # points, at which a pass that does what the right one does is told from others


class Search:
    """One answer, at the points at which it can be compared, in the order of what they tell."""

    def __init__(self, points: Sequence[Point], J: bool = True) -> None:
        self.points, self.J = points, J  # whether J is the program's own, and tells of its forward pass
        self.L = points[0].network.L
        self.passes = {option: Lazy(partial(_pass, option, points)) for option in passes(self.L)}

    @np.errstate(all="ignore")  # mistakes overflow
    def best(self) -> Account:
        """Return the cheapest account of J and all gradients."""
        if not self.J:
            right = self._gradient(RIGHT)
            return right if right.cost <= SIMPLE else min([right, *self._by_the_gradient()], key=lambda each: each.cost)
        right = self.cost().and_(self._gradient(RIGHT))
        if not any(point.wrong("J") for point in self.points) or (right.cost <= SIMPLE and not right.unexplained):
            return right  # J is right, so the forward pass is; or one mistake explains it all
        by_J = list(self._of_J())
        least = min((account.cost for _, account in by_J), default=np.inf)
        tried = [account.and_(self._gradient(option)) for option, account in by_J if account.cost <= least + 0.01]
        if not tried and "J" in right.unexplained and len(right.unexplained) > 1:
            tried = list(self._by_the_gradient())
        return min([right, *tried], key=lambda account: account.cost)

    @np.errstate(all="ignore")
    def cost(self) -> Account:
        """Return the cheapest account of J alone, after a right forward pass."""
        line = self._line_of_J(self.passes[RIGHT])
        return Account(UNEXPLAINED, (), ("J",)) if line is None else Account(sum(slip.cost for slip in line), line)

    def _by_the_gradient(self) -> Iterator[Account]:
        """Yield the accounts of forward passes that nothing but the gradient tells; of J perhaps an epsilon."""
        for option, passed in self.passes.items():
            if option is RIGHT or self._as_right(passed):
                continue
            usable, points = self._usable(option)
            if usable and Backward(points, usable).promising():
                slip = Slip(Stage.FORWARD, option.layer, option)
                yield Account(slip.cost, (slip,)).and_(self._own_J(passed)).and_(self._gradient(option))

    def _own_J(self, passed: Lazy) -> Account:
        """Return the account of J after a forward pass that J does not tell; of one that is not theirs, nothing."""
        line = self._epsilon(passed) if self.J else ()
        return Account(UNEXPLAINED, (), ("J",)) if line is None else Account(sum(slip.cost for slip in line), line)

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
        near = [factor for factor in EVERY if abs(factor.at(point, 0) / ratio - 1) < BESIDE_AN_EPSILON]
        for factor in (ONE, *sorted(near, key=lambda factor: factor.cost)):
            found = in_the_cost(self.points, passed, factor)
            if found is not None:
                slip = Slip(Stage.COST, 0, RIGHT, ONE, Special.EPSILON, *found)
                return (slip,) if factor == ONE else (slip, Slip(Stage.COST, 0, RIGHT, factor))
        return None

    def _penalty(self, J: Made) -> tuple[Slip, ...] | None:
        squares = Lazy(lambda k: np.asarray(sum(float((W * W).sum()) for W, _ in self.points[k].params)))
        found = added(self.points, "J", J, squares)
        return None if found is None else (penalty(Stage.COST, 0, found),)

    # ---------------------------------------------------------------- the gradient

    def _gradient(self, option: Option) -> Account:
        usable, points = self._usable(option)
        if usable is None:
            return Account(UNEXPLAINED * 2 * self.L, (), tuple(f"d{k}{l}" for l in range(1, self.L + 1) for k in "Wb"))
        return Backward(points, usable).best()

    def _usable(self, option: Option) -> tuple[Lazy | None, list[Point]]:
        """Return a forward pass at the points where it can be computed, and not beside a kink; and these."""
        passed = self.passes[option]
        usable = [k for k in range(len(self.points)) if passed(k) is not None and not passed(k).kinked]
        return (Lazy(lambda k: passed(usable[k])) if usable else None), [self.points[k] for k in usable]


def _pass(option: Option, points: Sequence[Point], k: int) -> Pass:
    return forward(option, points[k])
