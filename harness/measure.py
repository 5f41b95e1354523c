"""Measuring one implementation on one case: its gradients, its steps, its labels. Runs in the worker's process."""

from __future__ import annotations

import json
import zlib
from typing import Any

import numpy as np

from harness.lockstep import Answer, Case, Run, Step, flat
from impls.interface import Array, Declaration, Framework, Layer, Params

SLOW, TOO_SLOW = 400_000, 20_000_000  # Python's steps in one gradient: about 0.2 s and 10 s
LOOPS = 1_000_000  # Python's steps in a free run and its single steps: about 0.5 s
SAMPLED = 40  # steps certified where all of them would take too long
WORK = 6e7  # numbers that the truth goes through to certify all steps of a run: about 0.2 s
KEPT = 4e6  # numbers in all params that are kept
WINDOW = 14  # consecutive steps that are certified together


class TooSlow(Exception):
    """The implementation would take minutes, by its own declaration."""


def python_steps(case: Case, declared: Declaration) -> int:
    """Return how many steps one gradient takes in Python itself; 0 for a source without loops."""
    if declared.loops_over == "nothing":
        return 0
    one = 20 if declared.loops_over == "examples" else sum(array.size for layer in case.points[0] for array in layer)
    return int(case.X.shape[1] * one)


def chosen_points(case: Case, declared: Declaration) -> list[int]:
    """Return the points to ask for: all; the first and the last, or the first, of a slow loop. Raises TooSlow."""
    everything = list(range(len(case.points)))
    steps = python_steps(case, declared)
    if steps > TOO_SLOW:
        raise TooSlow(f"{steps:,} steps of Python in one gradient would take minutes; train runs it all the same")
    if steps == 0:
        return everything
    return [0] if steps > SLOW else sorted({0, everything[-1]})


def affordable(case: Case, declared: Declaration) -> int:
    """Return the number of iterations of the free run: the case's, or what a loop in Python can do in half a second."""
    steps = python_steps(case, declared)
    return case.iterations if steps == 0 else max(1, min(case.iterations, LOOPS // (2 * steps)))


def measure(framework: Framework, source: str, declared: Declaration, case: Case, device: str) -> Answer:
    """Ask one implementation. A source that loops in Python is asked less."""
    network = case.network
    chosen = chosen_points(case, declared)
    X, Y = framework.put(case.X, device), framework.put(case.Y, device)
    points = [_put(framework, case.points[k], device) for k in chosen]
    given = [_get(framework, array) for array in (X, Y, *flat(points[0]))]
    gradients = [framework.gradients[source](network, params, X, Y) for params in points]
    run, trained = record(framework, source, case, points[0], X, Y, affordable(case, declared))
    everything = case.X if case.X_test is None else np.concatenate([case.X, case.X_test], axis=1)
    labels = _get(framework, framework.predict(network, trained, framework.put(everything, device)))
    labels_start = _get(framework, framework.predict(network, points[0], X))
    m = case.X.shape[1]
    names = ["X", "Y", *(f"{kind}{l}" for l in range(1, network.L + 1) for kind in "Wb")]
    after = [_get(framework, array) for array in (X, Y, *flat(points[0]))]
    wanted = (case.X, case.Y, *flat(case.points[0]))
    broken = []
    for name, now, then, original in zip(names, after, given, wanted, strict=True):
        if then.dtype != original.dtype:
            broken.append(f"{name} is {then.dtype} after put, expected {original.dtype}: put keeps the dtype")
        elif not same(now, original):
            broken.append(f"{name} was changed by the implementation, expected inputs to be left alone")
    return Answer(
        chosen,
        [(_get(framework, J), _get_params(framework, dParams)) for J, dParams in gradients],
        run,
        labels_start,
        labels[:, :m] if labels.ndim == 2 else labels,
        None if case.X_test is None else labels[:, m:] if labels.ndim == 2 else labels,
        framework.device(gradients[0][1][0].W),
        broken,
        environment(framework),
    )


def record(
    framework: Framework, source: str, case: Case, start: Params, X: Array, Y: Array, iterations: int
) -> tuple[Run, Params]:
    """Return a free run with the steps that can be certified, and its params on the device.

    If a run of so many iterations equals as many runs of one, bit for bit, then its steps are those, and each can
    be certified. An implementation cannot know which of the two it is in. One whose runs do not equal its single
    steps, be it for another order of rounding or for a memory such as momentum, is run to sampled lengths instead.
    """

    def fit(params: Params, count: int) -> tuple[Params, Array]:
        return framework.fit(source, case.network, params, X, Y, case.alpha, count)

    trained, J = fit(start, iterations)
    costs, last = _get(framework, J), _get_params(framework, trained)
    kept = keep(case, iterations)
    steps, params, chained = [], start, []
    for t in range(iterations):
        after, J = fit(params, 1)
        cost = _get(framework, J)
        chained.append(cost)
        if t in kept:
            steps.append(Step(t, _get_params(framework, params), cost, _get_params(framework, after)))
        params = after
    if not all(cost.shape == (1,) for cost in chained) or costs.shape != (iterations,):
        return Run(last, costs, steps, "miscounted", iterations), trained
    steps = [step._replace(J=step.J[0]) for step in steps]
    if same(np.concatenate(chained), costs) and all(map(same, flat(_get_params(framework, params)), flat(last))):
        how = "all" if len(steps) == iterations else "sampled"
        return Run(last, costs, steps, how, iterations), trained
    return sampled(framework, fit, start, Run(last, costs, steps, "", iterations), case.problem), trained


def sampled(framework: Framework, fit: Any, start: Params, run: Run, seed: str) -> Run:
    """Show the steps of a run by runs of consecutive lengths, in windows that nobody has announced."""
    latest = max(0, run.iterations - WINDOW)
    lengths: set[int] = set()
    for t in (0, latest, *chance(seed).permutation(latest + 1)):
        if len(lengths) < SAMPLED:
            lengths |= {int(t) + k for k in range(WINDOW + 1) if 0 < t + k <= run.iterations}
    _, again = fit(start, run.iterations)
    if not same(_get(framework, again), run.costs):
        return run._replace(how="irreproducible")
    reached, steps = {0: _get_params(framework, start)}, []
    for length in sorted(lengths):
        params, J = fit(start, length)
        costs = _get(framework, J)
        if costs.shape != (length,):
            return run._replace(how="miscounted")
        reached[length] = _get_params(framework, params)
        if length - 1 in reached:
            steps.append(Step(length - 1, reached[length - 1], run.costs[length - 1], reached[length]))
    return run._replace(steps=steps, how="sampled")


def chance(seed: str) -> np.random.Generator:
    """Return a random generator of a problem's own: the tables are the same each time, and nobody is told."""
    return np.random.default_rng(zlib.crc32(seed.encode()))


def keep(case: Case, iterations: int) -> set[int]:
    """Return which steps to certify: all, or SAMPLED at random, the first too, where the truth would take too long."""
    network = case.network
    size = sum(array.size for layer in case.points[0] for array in layer)
    work = case.X.shape[1] * sum(n * before + 20 * n for n, before in zip(network.n[1:], network.n, strict=False))
    if iterations <= SAMPLED or iterations * max(work / WORK, size / KEPT) <= 1:
        return set(range(iterations))
    return {0, *(int(t) for t in chance(case.problem).permutation(np.arange(1, iterations))[: SAMPLED - 1])}


def same(first: Array, second: Array) -> bool:
    """Return whether two arrays hold the same bits, any NaN being like any other."""
    return first.shape == second.shape and bool(np.array_equal(first, second, equal_nan=True))


def environment(framework: Framework) -> dict[str, Any]:
    """Return what a framework says of its versions and switches, as plain words and numbers."""
    said = dict(getattr(framework, "environment", dict)())
    return dict(json.loads(json.dumps(said, default=str)))


def _put(framework: Framework, params: Params, device: str) -> Params:
    return tuple(Layer(*(framework.put(array, device) for array in layer)) for layer in params)


def _get(framework: Framework, array: Array) -> Array:
    return np.asarray(framework.get(array))


def _get_params(framework: Framework, params: Params) -> Params:
    return tuple(Layer(_get(framework, W), _get(framework, b)) for W, b in params)
