"""Measuring one implementation on one case: its gradients, its steps, its labels. Runs in the worker's process."""

from __future__ import annotations

import json
import zlib
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Declaration, Framework, Layer, Params

from crosscheck.core.records import Answer, Case, Run, Step, flat

SLOW, TOO_SLOW = 100_000, 20_000_000  # Python's steps in one gradient: about 0.2 s and 30 s
LOOPS = 30_000  # Python's steps in a free run and its single steps: about 0.1 s
SAMPLED = 40  # steps certified where all of them would take too long
WORK = 6e7  # numbers that the oracle goes through to certify all steps of a run: about 0.2 s
KEPT = 4e6  # numbers in all params that are kept
WINDOW = 14  # consecutive steps that are certified together


class TooSlow(Exception):
    """The implementation would take minutes, by its own declaration."""


def python_steps(case: Case, declared: Declaration) -> int:
    """Return how many steps one gradient takes in Python itself; 0 for a variant without loops."""
    if declared.loops_over == "nothing":
        return 0
    one = (
        20 if declared.loops_over == "examples" else sum(array.size for layer in case.checkpoints[0] for array in layer)
    )
    return int(case.X.shape[1] * one)


def chosen_points(case: Case, declared: Declaration) -> list[int]:
    """Return the points to ask for: all; the first and the last, or the first, of a slow loop. Raises TooSlow."""
    everything = list(range(len(case.checkpoints)))
    steps = python_steps(case, declared)
    if steps > TOO_SLOW:
        raise TooSlow(f"{steps:,} steps of Python in one gradient would take minutes; train runs it all the same")
    if steps == 0:
        return everything
    return [0] if steps > SLOW else sorted({0, everything[-1]})


def affordable(case: Case, declared: Declaration) -> int:
    """Return the number of iterations of the free run: the case's, or what a loop in Python can do in a moment."""
    steps = python_steps(case, declared)
    return case.iterations if steps == 0 else max(1, min(case.iterations, LOOPS // (2 * steps)))


def measure(framework: Framework, variant: str, declared: Declaration, case: Case, device: str) -> Answer:
    """Ask one implementation. A variant that loops in Python is asked less."""
    network = case.network
    chosen = chosen_points(case, declared)
    X, Y = framework.from_numpy(case.X, device), framework.from_numpy(case.Y, device)
    points = [_put(framework, case.checkpoints[k], device) for k in chosen]
    names = ["X", "Y", *(f"{kind}{l} of point {k}" for k in chosen for l in range(1, network.L + 1) for kind in "Wb")]
    arrays = (X, Y, *(array for params in points for array in flat(params)))
    given = [_get(framework, array) for array in arrays]
    raw = [framework.gradients[variant](network, params, X, Y) for params in points]
    run, trained, broken = record(framework, variant, case, points[0], X, Y, affordable(case, declared))
    everything = case.X if case.X_test is None else np.concatenate([case.X, case.X_test], axis=1)
    asked = framework.from_numpy(everything, device)  # of one shape, so that it is compiled once
    labels, labels_start = (_get(framework, framework.predict(network, p, asked)) for p in (trained, points[0]))
    if declared.loops_over == "nothing":  # once more: what it has done since changes nothing
        chosen, raw = [*chosen, chosen[0]], [*raw, framework.gradients[variant](network, points[0], X, Y)]
    m = case.X.shape[1]
    wanted = (case.X, case.Y, *(array for k in chosen[: len(points)] for array in flat(case.checkpoints[k])))
    for name, array, then, original in zip(names, arrays, given, wanted, strict=True):
        if then.dtype != original.dtype:
            broken.append(
                f"{name} is {then.dtype} after from_numpy, expected {original.dtype}: from_numpy keeps the dtype"
            )
        elif not same(_get(framework, array), original):
            broken.append(f"{name} was changed by the implementation, expected inputs to be left alone")
    return Answer(
        chosen,
        [(_get(framework, J), _get_params(framework, gradient)) for J, gradient in raw],
        run,
        labels_start[:, :m] if labels_start.ndim == 2 else labels_start,
        labels[:, :m] if labels.ndim == 2 else labels,
        None if case.X_test is None else labels[:, m:] if labels.ndim == 2 else labels,
        framework.device(raw[0][1][0].W),
        broken,
        environment(framework),
    )


def record(
    framework: Framework, variant: str, case: Case, start: Params, X: Array, Y: Array, iterations: int
) -> tuple[Run, Params, list[str]]:
    """Return a free run with the steps that can be certified, its params on the device, and promises not kept.

    If a run of so many iterations equals as many runs of one, bit for bit, then its steps are those, and each can
    be certified. An implementation cannot know which of the two it is in. One whose runs do not equal its single
    steps, be it for another order of rounding or for a memory such as momentum, is run to other lengths instead.
    """

    def fit(params: Params, count: int) -> tuple[Params, Array]:
        return framework.fit(variant, case.network, params, X, Y, case.alpha, count)

    trained, J = fit(start, iterations)
    costs, last = _get(framework, J), _get_params(framework, trained)
    kept = keep(case, iterations)
    steps, params, chained = [], start, []
    broken: list[str] = []
    before = _get_params(framework, start)
    for t in range(iterations):
        after, J = fit(params, 1) if iterations > 1 else (trained, J)
        chained.append(_get(framework, J))
        if not broken and not _alike(_get_params(framework, params), before):
            broken = [f"fit changed the params it was given, in step {t}: expected inputs to be left alone"]
        params, reached = after, _get_params(framework, after)
        if t in kept:
            steps.append(Step(t, before, chained[-1], reached))
        before = reached
    if not all(cost.shape == (1,) for cost in chained) or costs.shape != (iterations,):
        return Run(last, costs, steps, "miscounted", iterations), trained, broken
    steps = [step._replace(J=step.J[0]) for step in steps]
    if same(np.concatenate(chained), costs) and _alike(before, last):
        how = "all" if len(steps) == iterations else "sampled"
        return Run(last, costs, steps, how, iterations), trained, broken
    run = Run(last, costs, steps, "", iterations)
    return sampled(framework, fit, start, run, case.problem, len(kept) == iterations), trained, broken


def sampled(framework: Framework, fit: Any, start: Params, run: Run, seed: str, everything: bool) -> Run:
    """Show the steps of a run by runs of other lengths: of every length, or in windows that nobody has announced."""
    lengths = set(range(1, run.iterations + 1)) if everything else windows(run.iterations, seed)
    again, J = fit(start, run.iterations)
    if not same(_get(framework, J), run.costs) or not _alike(_get_params(framework, again), run.trained):
        return run._replace(how="irreproducible")
    reached, steps = {0: _get_params(framework, start)}, []
    for length in sorted(lengths):
        params, J = fit(start, length)
        costs = _get(framework, J)
        if costs.shape != (length,):
            return run._replace(how="miscounted")
        reached[length] = _get_params(framework, params)
        if length - 1 in reached:
            step = Step(length - 1, reached[length - 1], run.costs[length - 1], reached[length])
            steps.append(step)
            if not same(costs[-1], run.costs[length - 1]):  # its own cost counts too
                steps.append(step._replace(J=costs[-1]))
    if run.iterations in reached and not _alike(reached[run.iterations], run.trained):
        return run._replace(how="irreproducible")
    return run._replace(steps=steps, how="all" if everything else "sampled")


def windows(iterations: int, seed: str) -> set[int]:
    """Return lengths that show SAMPLED steps: from the start, up to the end, and between at random."""
    latest, lengths = max(0, iterations - WINDOW), set[int]()
    for t in (0, latest, *chance(seed).permutation(latest + 1)):
        if len(lengths) < SAMPLED:
            lengths |= {int(t) + k for k in range(WINDOW + 1) if 0 < t + k <= iterations}
    return lengths


def _alike(first: Params, second: Params) -> bool:
    return all(map(same, flat(first), flat(second)))


def chance(seed: str) -> np.random.Generator:
    """Return a random generator of a problem's own: the tables are the same each time, and nobody is told."""
    return np.random.default_rng(zlib.crc32(seed.encode()))


def keep(case: Case, iterations: int) -> set[int]:
    """Return which steps to certify: all, or SAMPLED at random, the first too, where the oracle would take too long."""
    network = case.network
    size = sum(array.size for layer in case.checkpoints[0] for array in layer)
    work = case.X.shape[1] * sum(n * before + 20 * n for n, before in zip(network.n[1:], network.n, strict=False))
    if iterations <= SAMPLED or iterations * max(work / WORK, size / KEPT) <= 1:
        return set(range(iterations))
    return {0, *(int(t) for t in chance(case.problem).permutation(np.arange(1, iterations))[: SAMPLED - 1])}


def same(first: Array, second: Array) -> bool:
    """Return whether two arrays hold the same bits, any NaN being like any other."""
    return first.shape == second.shape and bool(np.array_equal(first, second, equal_nan=True))


def configure(framework: Framework, dtype: str) -> None:
    """Set the framework's own switches for arrays of the dtype; a learner's function has none."""
    getattr(framework, "configure", lambda dtype: None)(dtype)


def environment(framework: Framework) -> dict[str, Any]:
    """Return what a framework says of its versions and switches, as plain words and numbers."""
    said = dict(getattr(framework, "environment", dict)())
    return dict(json.loads(json.dumps(said, default=str)))


def _put(framework: Framework, params: Params, device: str) -> Params:
    return tuple(Layer(*(framework.from_numpy(array, device) for array in layer)) for layer in params)


def _get(framework: Framework, array: Array) -> Array:
    return np.asarray(framework.to_numpy(array))


def _get_params(framework: Framework, params: Params) -> Params:
    return tuple(Layer(_get(framework, W), _get(framework, b)) for W, b in params)
