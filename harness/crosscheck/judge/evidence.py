"""What a report shows of a row besides its numbers: the errors of one tensor seen from afar, and the costs of the run.

All of it is bounded, whatever the size of the network and the length of the run, and none of it decides anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Declaration, Network

from crosscheck.core.records import Answer, Case, Comparison, Tensor, flat, named
from crosscheck.judge.elementwise import Judge, ratios_to_bound
from crosscheck.judge.location import first
from crosscheck.judge.steps import Curves, after_steps
from crosscheck.oracle.float64 import Matrix

CELLS = 64  # of a heat map, along each side
RUNS = 8  # of wrong rows or columns in a row; more of them are no pattern
POINTS = 49  # of a cost curve
DIGITS = 16  # of a digest


class Heat(NamedTuple):
    """The errors of the elements of one tensor, the largest of each block of them.

    tensor, iteration: as in a Comparison. unit: what the errors are measured in. shape: of the tensor. block: how many
    rows and columns of it are one cell. ratios: a list for each row of cells, three digits; -1 where nothing has a
    bound. outside: how many elements lie outside. rows, columns: where those lie, as runs (first, last); empty where
    there are more than RUNS.
    """

    tensor: Tensor
    iteration: int
    unit: Literal["bound", "noise"]
    shape: tuple[int, int]
    block: tuple[int, int]
    ratios: tuple[tuple[float, ...], ...]
    outside: int
    rows: tuple[tuple[int, int], ...]
    columns: tuple[tuple[int, int], ...]


class Background(NamedTuple):
    """What the rows of one problem in one dtype are seen against.

    examples: m. at: the iterations whose costs are kept. oracle: its costs there. ulp: how far one ulp in the initial
    weights takes them.
    """

    problem: str
    dtype: str
    network: Network
    examples: int
    alpha: float
    iterations: int
    at: tuple[int, ...]
    oracle: tuple[float, ...]
    ulp: tuple[float, ...]


def background(case: Case, curves: Curves) -> Background:
    """Return what the rows of a case are seen against."""
    at = sampled(len(curves.oracle))
    return Background(
        case.problem, case.dtype, case.network, case.X.shape[1], case.alpha, case.iterations, at,
        costs_at(curves.oracle, at), costs_at(curves.ulp, at),
    )  # fmt: skip


def sampled(length: int) -> tuple[int, ...]:
    """Return at most POINTS numbers below a length, evenly apart, the first and the last among them.

    >>> sampled(3), len(sampled(1000)), sampled(1000)[-1]
    ((0, 1, 2), 49, 999)
    """
    return tuple(int(t) for t in np.unique(np.linspace(0, length - 1, min(length, POINTS)).round()))


def costs_at(costs: Array, at: Sequence[int]) -> tuple[float, ...]:
    """Return the costs at some iterations, of those that there are."""
    return tuple(float(costs[t]) for t in at if t < len(costs))


def bits(answer: Answer) -> str:
    """Return a digest of J and the gradients at every point, and of the costs and the last params of the run."""
    said = hashlib.sha256()
    for array in _numbers(answer):
        said.update(f"{array.dtype.str}{array.shape}".encode())
        said.update(np.ascontiguousarray(array).tobytes())
    return said.hexdigest()[:DIGITS]


def _numbers(answer: Answer) -> Iterator[Array]:
    for J, gradient in answer.gradients:
        yield from (np.asarray(J), *(each for layer in gradient for each in layer))
    yield from (answer.run.costs, *(each for layer in answer.run.trained for each in layer))


def heat(judge: Judge, answer: Answer, under: Declaration, comparisons: Sequence[Comparison]) -> Heat | None:
    """Return the errors of the first tensor outside its bound that has elements, under a convention."""
    if not (outside := [c for c in comparisons if c.outside and c.element]):
        return None
    c = first(outside, judge.case.network.L)
    of = after_steps(judge, answer.run, under, c.iteration) if c.tensor.of_fit else _gradients(judge, answer, under, c)
    ratios = next((ratios_to_bound(got, oracle, E) for name, got, oracle, E in of if name == c.tensor), None)
    return None if ratios is None else from_afar(c, "bound", ratios)


def _gradients(
    judge: Judge, answer: Answer, under: Declaration, c: Comparison
) -> list[tuple[str, Array, Matrix, Matrix]]:
    """Return the name, what was got, the oracle and the bound of each gradient where a comparison was made."""
    checkpoint = judge.case.steps.index(c.iteration)
    known = judge.at_checkpoint(checkpoint, under)
    _, gradient = answer.gradients[answer.checkpoints.index(checkpoint)]
    everything = zip(
        named(judge.case.network, gradient, "d"),
        *map(flat, (known.oracle.gradient, known.theirs.gradient, known.own.gradient)),
        strict=True,
    )
    return [(name, got, oracle, E + E_own) for (name, got, _), oracle, E, E_own in everything]


def noisy_heat(judge: Judge, answer: Answer, under: Declaration, c: Comparison) -> Heat | None:
    """Return the errors of the gradient that a comparison is of, in units of the noise; None for J."""
    if not c.element:
        return None
    noise = judge.noise(judge.case.steps.index(c.iteration), under)
    of = zip(_gradients(judge, answer, under, c), flat(noise.gradient), strict=True)
    ratios = next(ratios_to_bound(got, oracle, S) for (name, got, oracle, _), S in of if name == c.tensor)
    return from_afar(c, "noise", ratios)


def from_afar(c: Comparison, unit: Literal["bound", "noise"], ratios: Matrix) -> Heat:
    """Return errors (rows, columns) from so far away that at most CELLS x CELLS of them are seen."""
    rows, columns = (max(1, -(-length // CELLS)) for length in ratios.shape)
    coarse = np.maximum.reduceat(
        np.maximum.reduceat(ratios, np.arange(0, ratios.shape[0], rows), axis=0),
        np.arange(0, ratios.shape[1], columns),
        axis=1,
    )
    outside = ratios > 1
    return Heat(
        c.tensor, c.iteration, unit, (int(ratios.shape[0]), int(ratios.shape[1])), (rows, columns),
        tuple(tuple(float(f"{ratio:.3g}") for ratio in line) for line in coarse.tolist()),
        int(outside.sum()), runs(outside.any(axis=1)), runs(outside.any(axis=0)),
    )  # fmt: skip


def runs(marks: Array) -> tuple[tuple[int, int], ...]:
    """Return where marks (n,) are set, as (first, last) of each run; nothing if there are more than RUNS.

    >>> runs(np.array([True, True, False, True]))
    ((0, 1), (3, 3))
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(int)))
    found = [(int(start), int(end) - 1) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return tuple(found) if len(found) <= RUNS else ()
