"""Fits that give another answer each time: honest ones, which only round otherwise, and faulty ones.

Each changes the gradient or the loop of gradient descent by a random generator that nobody seeds again. The faulty ones
do so in runs of more than one iteration only, so that their single steps, which are certified, are all right.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from crosscheck.core.records import Case, flat
from crosscheck.mutation.build import framework
from crosscheck.oracle.noise import Sequential
from crosscheck.oracle.reference import RIGHT
from crosscheck_impls.interface import Array, Layer, Network, Params

Gradient = Callable[[Network, Params, Array, Array], tuple[Array, Params]]


def descend(
    gradient: Gradient, network: Network, params: Params, X: Any, Y: Any, alpha: float, iterations: int
) -> tuple[Params, Array]:
    rate, costs = X.dtype.type(alpha), np.empty(iterations, X.dtype)
    for t in range(iterations):
        costs[t], slopes = gradient(network, params, X, Y)
        params = moved(params, slopes, rate)
    return params, costs


def moved(params: Params, slopes: Params, rate: Any) -> Params:
    return tuple(Layer(W - rate * dW, b - rate * db) for (W, b), (dW, db) in zip(params, slopes, strict=True))


def layers(arrays: list[Array]) -> Params:
    return tuple(Layer(W, b) for W, b in zip(arrays[::2], arrays[1::2], strict=True))


# ---------------------------------------------------------------- honest: the same gradient, rounded otherwise


def in_any_order(gradient: Gradient, random: np.random.Generator) -> Gradient:
    """Examples in random order."""

    def changed(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        order = random.permutation(X.shape[1])
        return gradient(network, params, np.ascontiguousarray(X[:, order]), np.ascontiguousarray(Y[:, order]))

    return changed


def in_blocks(gradient: Gradient, random: np.random.Generator) -> Gradient:
    """Some blocks of examples, of other sizes each time, whose sums are added in the order in which they are done."""

    def changed(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        m, dtype = X.shape[1], X.dtype.type
        parts = np.array_split(random.permutation(m), int(random.integers(1, min(m, 9) + 1)))
        J, sums = dtype(0), [np.zeros_like(array) for array in flat(params)]
        for part in parts:
            cost, slopes = gradient(network, params, X[:, part], Y[:, part])
            weight = dtype(len(part))
            J = J + weight * dtype(cost)
            sums = [total + weight * array for total, array in zip(sums, flat(slopes), strict=True)]
        return J / dtype(m), layers([total / dtype(m) for total in sums])

    return changed


def one_by_one(gradient: Gradient, random: np.random.Generator) -> Gradient:
    """One example after another, in random order: what atomic additions of a GPU may come to."""

    def changed(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        order = random.permutation(X.shape[1])
        seen = tuple(Layer(W.view(Sequential), b.view(Sequential)) for W, b in params)
        J, slopes = gradient(network, seen, X[:, order].view(Sequential), Y[:, order].view(Sequential))
        return np.asarray(J), layers([np.asarray(array) for array in flat(slopes)])

    return changed


def units_in_any_order(gradient: Gradient, random: np.random.Generator) -> Gradient:
    """Features and hidden units in random order too, so that no sum is taken as before."""

    def changed(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        order = [random.permutation(n) for n in network.n[:-1]] + [np.arange(network.n[-1])]
        mixed = tuple(Layer(W[order[l]][:, order[l - 1]], b[order[l]]) for l, (W, b) in enumerate(params, start=1))
        J, slopes = in_any_order(gradient, random)(network, mixed, X[order[0]], Y)
        back = [Layer(np.empty_like(dW), np.empty_like(db)) for dW, db in slopes]
        for l, (dW, db) in enumerate(slopes, start=1):
            back[l - 1].W[np.ix_(order[l], order[l - 1])], back[l - 1].b[order[l]] = dW, db
        return J, tuple(back)

    return changed


HONEST = {made.__name__: made for made in (in_any_order, in_blocks, one_by_one, units_in_any_order)}


def honest(name: str, seed: int = 0, gradient: Gradient = RIGHT.cost_and_gradients) -> Any:
    """Return a framework whose fit rounds in another way each time."""
    changed = HONEST[name](gradient, np.random.default_rng(seed))

    def fit(variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Any:
        return descend(changed, network, params, X, Y, alpha, iterations)

    return SimpleNamespace(**(vars(framework()) | {"fit": fit, "name": name}))


# ---------------------------------------------------------------- faulty: `Loop` with one function replaced


class Loop:
    """Gradient descent in functions, of which a fault replaces one."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random, self.slopes, self.costs = random, (), []

    def data(self, X: Array, Y: Array) -> tuple[Array, Array]:
        return X, Y

    def gradient(self, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        return RIGHT.cost_and_gradients(network, params, *self.data(X, Y))

    def step(self, params: Params, slopes: Params, rate: Any) -> Params:
        return moved(params, slopes, rate)

    def reported(self, costs: Array) -> Array:
        return costs

    def trained(self, params: Params) -> Params:
        return params

    def fit(self, network: Network, params: Params, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        rate, costs = X.dtype.type(alpha), np.empty(iterations, X.dtype)
        for t in range(iterations):
            costs[t], slopes = self.gradient(network, params, X, Y)
            params = self.step(params, slopes, rate)
        return self.trained(params), self.reported(costs)


class UninitialisedCosts(Loop):
    def reported(self, costs: Array) -> Array:  # whatever lies in memory: any bits
        return np.frombuffer(self.random.bytes(costs.nbytes), costs.dtype).copy()


class UninitialisedLastCosts(Loop):
    def reported(self, costs: Array) -> Array:  # what an array of weights left there
        return np.where(np.arange(costs.size) < costs.size - 3, costs, self.random.random(costs.size)).astype(
            costs.dtype
        )


class StaleCosts(Loop):
    def reported(self, costs: Array) -> Array:
        stale = self.random.random(costs.size) < 0.1
        stale[self.random.integers(1, costs.size)] = True
        return np.where(stale, np.roll(costs, 1), costs)


class ShuffledCosts(Loop):
    def reported(self, costs: Array) -> Array:  # asynchronous copies, each written where the next free place is
        k = int(self.random.integers(0, costs.size - 1))
        return np.concatenate([costs[:k], costs[[k + 1, k]], costs[k + 2 :]])


class LostUpdates(Loop):
    def step(self, params: Params, slopes: Params, rate: Any) -> Params:
        return params if self.random.random() < 0.1 else moved(params, slopes, rate)


class LostLayers(Loop):
    def step(self, params: Params, slopes: Params, rate: Any) -> Params:
        after = moved(params, slopes, rate)
        return tuple(old if self.random.random() < 0.1 else new for old, new in zip(params, after, strict=True))


class RacingUpdates(Loop):
    def step(self, params: Params, slopes: Params, rate: Any) -> Params:  # some entries are overwritten by the old ones
        after = flat(moved(params, slopes, rate))
        lost = [self.random.random(array.shape) < 0.05 for array in after]
        return layers([np.where(k, old, new) for k, old, new in zip(lost, flat(params), after, strict=True)])


class DoubledUpdates(Loop):
    def step(self, params: Params, slopes: Params, rate: Any) -> Params:
        return moved(params, slopes, 2 * rate if self.random.random() < 0.1 else rate)


class StaleGradients(Loop):
    def step(self, params: Params, slopes: Params, rate: Any) -> Params:
        used = self.slopes if self.slopes and self.random.random() < 0.2 else slopes
        self.slopes = slopes
        return moved(params, used, rate)


class MovedByOnePerCent(Loop):
    def trained(self, params: Params) -> Params:
        return layers([(a * (1 + 0.01 * self.random.uniform(-1, 1, a.shape))).astype(a.dtype) for a in flat(params)])


class OneEntryMovedByOnePerCent(Loop):
    def trained(self, params: Params) -> Params:
        arrays = [array.copy() for array in flat(params)]
        moved = arrays[2 * int(self.random.integers(len(params)))]
        moved.flat[self.random.integers(moved.size)] *= 1.01
        return layers(arrays)


class Dropout(Loop):
    def gradient(self, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        def A(own: Any, network: Network, l: int, Z: Array, A_prev: Array) -> Array:
            kept = self.random.random(Z.shape) >= (0.1 if l < network.L else 0.0)
            return own.g(network, l, Z) * kept.astype(Z.dtype)

        kept = self.random.random(X.shape) >= (0.1 if network.L == 1 else 0.0)
        return RIGHT.replaced(A=A).cost_and_gradients(network, params, X * kept.astype(X.dtype), Y)


class Bootstrap(Loop):
    def data(self, X: Array, Y: Array) -> tuple[Array, Array]:
        chosen = self.random.integers(X.shape[1], size=X.shape[1])
        return X[:, chosen], Y[:, chosen]


class OneExampleMissing(Loop):
    def data(self, X: Array, Y: Array) -> tuple[Array, Array]:
        kept = np.arange(X.shape[1]) != self.random.integers(X.shape[1])
        return X[:, kept], Y[:, kept]


class OneLabelFlipped(Loop):
    def data(self, X: Array, Y: Array) -> tuple[Array, Array]:
        flipped = Y.copy()
        flipped[0, self.random.integers(X.shape[1])] -= 1
        return X, np.abs(flipped)


class NoisyRate(Loop):
    def step(self, params: Params, slopes: Params, rate: Any) -> Params:
        return moved(params, slopes, rate * rate.dtype.type(1 + 1e-3 * self.random.standard_normal()))


class HalfUpdatedParams(Loop):
    def gradient(self, network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        before, self.costs = self.costs or params, params  # the gradient sees some entries as they were before
        seen = [
            np.where(self.random.random(a.shape) < 0.1, b, a) for a, b in zip(flat(params), flat(before), strict=True)
        ]
        J, _ = super().gradient(network, params, X, Y)
        return J, super().gradient(network, layers(seen), X, Y)[1]


FAULTY: dict[str, type[Loop]] = {made.__name__: made for made in Loop.__subclasses__()}


def faulty(name: str, seed: int = 0) -> Any:
    """Return a framework whose fit goes wrong at random, in runs of more than one iteration."""
    random, right = np.random.default_rng(seed), framework()

    def fit(variant: str, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int) -> Any:
        if iterations == 1:
            return right.fit(variant, network, params, X, Y, alpha, 1)
        return FAULTY[name](random).fit(network, params, X, Y, alpha, iterations)

    return SimpleNamespace(**(vars(right) | {"fit": fit, "name": name}))


def free_run(made: Any, case: Case) -> tuple[Params, Array]:
    start = case.checkpoints[0]
    with np.errstate(all="ignore"):
        return made.fit("reference", case.network, start, case.X, case.Y, case.alpha, case.iterations)
