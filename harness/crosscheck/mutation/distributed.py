"""Mutants of a group of ranks that share the work: what several processes come to when they do not add up to one.

They are made for a number of ranks, and computed in one process by the group's arithmetic; names say all that they
are. Shares are stretches of the examples, m r / P to m (r + 1) / P. A tensor-parallel network has its layers by columns
and by rows in turn. Where a mistake is known from a tracker of bugs, its words name the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from crosscheck_impls.interface import Array, Layer, Network, Params

from crosscheck.core.records import flat
from crosscheck.mutation.mutant import Kind, Mutant
from crosscheck.mutation.rounding import bfloat16, through_single
from crosscheck.oracle.reference import Moment, Reference

SIGN = " ranks: "
MOST = 64
Computed: TypeAlias = tuple[Array, Params]  # J and dParams


class Group(NamedTuple):
    """What a group is asked for, and how many ranks it has."""

    reference: Reference
    network: Network
    params: Params
    X: Array
    Y: Array
    P: int

    def share(self, rank: int) -> Array:
        """Return the numbers of a rank's examples."""
        m = self.X.shape[1]
        return np.arange(m * rank // self.P, m * (rank + 1) // self.P)

    def shares(self) -> list[Array]:
        """Return those of all ranks."""
        return [self.share(rank) for rank in range(self.P)]

    def of(self, examples: Array, params: Params | None = None) -> Computed:
        """Return what one rank computes, the means over its examples; 0 if it has none."""
        params = params or self.params
        if not len(examples):
            J, gradient = Reference.cost_and_gradients(self.reference, self.network, params, self.X, self.Y)
            return 0 * J, tuple(Layer(0 * dW, 0 * db) for dW, db in gradient)
        X, Y = self.X[:, examples], self.Y[:, examples]
        return Reference.cost_and_gradients(self.reference, self.network, params, X, Y)

    def mean(self, shares: Sequence[Array]) -> Computed:
        """Return the mean over all examples of all shares, each as often as it is there."""
        return self.of(np.concatenate(list(shares)))

    def weighted(self, shares: Sequence[Array], sent: Callable[[Array], Array] = lambda array: array) -> Computed:
        """Return 1/m Σᵣ mᵣ of what each rank computes; sent: what becomes of an array on its way."""
        return combined([self.of(each) for each in shares], [len(each) for each in shares], self.X.shape[1], sent)


def combined(
    parts: Iterable[Computed], weights: Sequence[int], over: int, sent: Callable[[Array], Array] = lambda array: array
) -> Computed:
    """Return 1/over Σᵣ weightᵣ partᵣ."""
    rows = [
        [sent(w * np.asarray(a)) for a in (J, *flat(gradient))] for w, (J, gradient) in zip(weights, parts, strict=True)
    ]
    J, *arrays = (sum(column[1:], column[0]) / over for column in zip(*rows, strict=True))
    return np.asarray(J)[()], tuple(Layer(dW, db) for dW, db in zip(arrays[::2], arrays[1::2], strict=True))


Fault: TypeAlias = Callable[[Group], Computed]
Turn: TypeAlias = Callable[[Group, Moment], Params]
_gradients: dict[str, tuple[str, Fault, bool]] = {}
_steps: dict[str, tuple[str, Turn]] = {}


def gradients(name: str, words: str, only_rounds: bool = False) -> Callable[[Fault], Fault]:
    """Enter the decorated function, which returns J and dParams."""

    def enter(function: Fault) -> Fault:
        _gradients[name] = words, function, only_rounds
        return function

    return enter


def steps(name: str, words: str) -> Callable[[Turn], Turn]:
    """Enter the decorated function, which returns what a step of training follows."""

    def enter(function: Turn) -> Turn:
        _steps[name] = words, function
        return function

    return enter


# ---------------------------------------------------------------- data parallel


@gradients("mean of means", "the mean of the ranks' means, whose shares differ in length (pytorch#162692)")
def _(group: Group) -> Computed:
    return combined([group.of(each) for each in group.shares()], [1] * group.P, group.P)


@gradients("sum of means", "the ranks' mean gradients are summed, and not divided by their number (pytorch#155903)")
def _(group: Group) -> Computed:
    _, gradient = combined([group.of(each) for each in group.shares()], [1] * group.P, 1)
    return group.mean(group.shares())[0], gradient


@gradients("gradients summed twice", "gradients that are summed already are summed again, as psum in shard_map does")
def _(group: Group) -> Computed:
    J, gradient = group.mean(group.shares())
    return J, tuple(Layer(group.P * dW, group.P * db) for dW, db in gradient)


@gradients("no sum at all", "every rank goes on with the gradient of its own share (Megatron-LM#1446)")
def _(group: Group) -> Computed:
    return group.of(group.share(0))


@gradients("rank 1 reads rank 0's share", "rank 1 has the examples of rank 0, its own are read by nobody")
def _(group: Group) -> Computed:
    shares = group.shares()
    return group.mean([shares[0], shares[0], *shares[2:]])


@gradients("an example twice", "a sampler repeats the first examples until the ranks divide their number")
def _(group: Group) -> Computed:
    m = group.X.shape[1]
    return group.mean([np.arange(m), np.arange(-m % group.P) % m])


@gradients("the last examples dropped", "drop_last: what the ranks do not divide evenly is left out")
def _(group: Group) -> Computed:
    m = group.X.shape[1]
    return group.mean([np.arange(m - m % group.P if m >= group.P else m)])


@gradients("every rank shuffles by its own seed", "each rank draws its share from another order of the examples")
def _(group: Group) -> Computed:
    m = group.X.shape[1]
    return group.mean([np.random.default_rng(r).permutation(m)[share] for r, share in enumerate(group.shares())])


@gradients("rank 1 begins with weights of its own", "rank 1 has other parameters than the others")
def _(group: Group) -> Computed:
    shares = group.shares()
    other = tuple(Layer(W[::-1, ::-1], b) for W, b in group.params)
    parts = [group.of(each, other if rank == 1 else None) for rank, each in enumerate(shares)]
    return combined(parts, [len(each) for each in shares], group.X.shape[1])


@gradients("J of rank 0", "the cost is that of rank 0's share, the gradients are everyone's")
def _(group: Group) -> Computed:
    return group.of(group.share(0))[0], group.mean(group.shares())[1]


@gradients(
    "micro-batches weighted alike", "the mean of micro-batches' means, the last of which is shorter (DeepSpeed#966)"
)
def _(group: Group) -> Computed:
    m = group.X.shape[1]
    size = -(-m // group.P)
    parts = [group.of(np.arange(first, min(first + size, m))) for first in range(0, m, size)]
    return combined(parts, [1] * len(parts), len(parts))


@gradients("summed in bfloat16", "what the ranks send passes through bfloat16", only_rounds=True)
def _(group: Group) -> Computed:
    return group.weighted(group.shares(), bfloat16)


@gradients("summed in float32", "what the ranks send passes through float32", only_rounds=True)
def _(group: Group) -> Computed:
    return group.weighted(group.shares(), through_single)


@steps("rank 1 is a step behind", "rank 1's gradient is that of the step before (a stale rank)")
def _(group: Group, now: Moment) -> Params:
    shares = group.shares()
    before = (now.before or now).params
    parts = [group.of(each, before if rank == 1 else None) for rank, each in enumerate(shares)]
    return combined(parts, [len(each) for each in shares], group.X.shape[1])[1]


@steps("no sum at the last step", "the last step follows the gradient of rank 0's share alone")
def _(group: Group, now: Moment) -> Params:
    return group.of(group.share(0))[1] if now.t == now.iterations - 1 else now.gradients


@steps(
    "clipped by a local norm",
    "each rank clips its own gradient to the whole one's norm, which leaves that one as it is",
)
def _(group: Group, now: Moment) -> Params:
    shares, limit = group.shares(), _norm(now.gradients)
    parts = []
    for J, gradient in map(group.of, shares):
        scale = limit / norm if (norm := _norm(gradient)) > limit else 1
        parts.append((J, tuple(Layer(scale * dW, scale * db) for dW, db in gradient)))
    return combined(parts, [len(each) for each in shares], group.X.shape[1])[1]


def _norm(gradient: Params) -> Any:
    return sum((array**2).sum() for array in flat(gradient)) ** 0.5


# ---------------------------------------------------------------- tensor parallel


@gradients("bias gradient summed twice", "db of a layer by rows, whole on every rank, is summed over them (verl#7493)")
def _(group: Group) -> Computed:
    J, gradient = group.mean([np.arange(group.X.shape[1])])
    return J, tuple(Layer(dW, db if l % 2 else group.P * db) for l, (dW, db) in enumerate(gradient, start=1))


def _tensor_parallel(P: int) -> dict[str, tuple[str, str, Callable[..., Any]]]:
    """Return the mutants that are one function of the reference, by name: words, the function's name, another one."""

    def Z(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
        return W @ A_prev + (b if l % 2 else P * b)

    def dA(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
        W = params[l - 1].W
        mine = -(-len(W) // P) if l % 2 and l < len(params) else len(W)
        return W[:mine].T @ dZ[:mine]

    return {
        "bias added on every rank": ("b of a layer by rows is added on each rank, before their sum", "Z", Z),
        "dA not summed": ("dA of a layer by columns is rank 0's part of it (pytorch#144045)", "dA", dA),
    }


# ---------------------------------------------------------------- by name


@cache
def distributed(P: int) -> tuple[Mutant, ...]:
    """Return the mutants of so many ranks, none for one.

    >>> [mutant.name for mutant in distributed(3)][:2]
    ['3 ranks: mean of means', '3 ranks: sum of means']
    """
    if P < 2:
        return ()
    made = [
        Mutant(f"{P}{SIGN}{name}", Kind.DISTRIBUTED, words, {"cost_and_gradients": _hook(function, P)}, only_rounds)
        for name, (words, function, only_rounds) in _gradients.items()
    ]
    made += [
        Mutant(f"{P}{SIGN}{name}", Kind.DISTRIBUTED, words, {"direction": _step(function, P)})
        for name, (words, function) in _steps.items()
    ]
    made += [
        Mutant(f"{P}{SIGN}{name}", Kind.DISTRIBUTED, words, {hook: function})
        for name, (words, hook, function) in _tensor_parallel(P).items()
    ]
    return tuple(made)


def by_name(name: str) -> Mutant:
    """Return the mutant of this name. Raises KeyError for a name that is none's."""
    number, sign, _ = name.partition(SIGN)
    ranks = int(number) if sign and number.isdecimal() and len(number) < 4 else 0
    return {mutant.name: mutant for mutant in distributed(min(ranks, MOST))}[name]


def _hook(function: Fault, P: int) -> Callable[..., Computed]:
    def cost_and_gradients(self: Reference, network: Network, params: Params, X: Array, Y: Array) -> Computed:
        return function(Group(self, network, params, X, Y, P))

    return cost_and_gradients


def _step(function: Turn, P: int) -> Callable[..., Params]:
    def direction(self: Reference, now: Moment) -> Params:
        return function(Group(self, now.network, now.params, now.X, now.Y, P), now)

    return direction
