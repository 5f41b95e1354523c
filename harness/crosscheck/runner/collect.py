"""Measuring one implementation on one case: its gradients, its steps, its labels. Runs in the worker's process."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, Declaration, Framework, Layer, Params

from crosscheck.core.dtypes import is_float
from crosscheck.core.failures import Broken, Promise
from crosscheck.core.records import Answer, Case, Certification, Run, Step, flat, named
from crosscheck.oracle.streamed import columns
from crosscheck.runner import steering

SLOW, TOO_SLOW = 100_000, 4_000_000  # Python's steps in one gradient: about 0.05 s and 2 s
LOOPS = 30_000  # Python's steps in a free run and its single steps: about 0.1 s
SAMPLED = 40  # steps certified where all of them would take too long
LANDMARKS = (50, 100, 128, 200, 256, 500, 512, 1000, 1024)  # where a schedule or a buffer's end is likely
CALLS, CALLED = 12, 2e7  # gradients in a row; multiplications in all of them, but that there are two
WORK = 6e7  # numbers that the oracle goes through to certify all steps of a run: about 0.2 s
STEP = 2.5e5  # numbers that it goes through in the time that NumPy's calls for one step take
KEPT = 4e6  # numbers in all params that are kept
WINDOW = 14  # consecutive steps that are certified together


class TooSlow(Exception):
    """The implementation would take too long, by its own declaration: so many steps of Python in one gradient."""

    def __init__(self, steps: int) -> None:
        super().__init__(steps)
        self.steps = steps


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
        raise TooSlow(steps)
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
    given = _Given(framework, case, chosen_points(case, declared), device)
    X, Y, start = given.X, given.Y, given.checkpoints[0]
    raw = [framework.gradients[variant](network, params, X, Y) for params in given.checkpoints]
    run, trained, broken = record(framework, variant, case, start, X, Y, affordable(case, declared))
    run = run._replace(borrowed=borrows_fit(framework, variant))
    labels_start, labels, labels_test = _labels(framework, case, [start, trained], device)
    broken += adds_up(framework, variant, declared, case, start, raw[0])
    chosen = given.chosen
    gradients = [(get(framework, J), get_params(framework, gradient)) for J, gradient in raw]
    if declared.loops_over == "nothing":  # once more: what it has done since changes nothing
        fits = [array.shape for array in flat(gradients[0][1])] == [array.shape for array in flat(case.checkpoints[0])]
        k, last = in_a_row(framework, variant, case, chosen, device) if fits else (chosen[0], gradients[0])
        chosen, gradients = [*chosen, k], [*gradients, last]
    return Answer(
        chosen,
        gradients,
        run,
        labels_start,
        labels,
        labels_test,
        framework.device(raw[0][1][0].W),
        [*broken, *given.changed(), *getattr(framework, "noticed", list)()],
        environment(framework),
        _plain(getattr(framework, "notes", dict)()),
    )


def adds_up(
    framework: Framework, variant: str, declared: Declaration, case: Case, params: Params, answer: tuple[Array, Params]
) -> list[Broken]:
    """Ask for the gradient of each declared block alone; a promise is broken unless they add up to the answer's bits.

    answer: J and dParams of all examples. The sums are the framework's own: it may flush what is small to 0.
    """
    m, network = case.X.shape[1], case.network
    if declared.sums is None or m <= declared.sums[1]:
        return []
    _, block = declared.sums
    device = framework.device(params[0].W)
    parts = []
    for start in range(0, m, block):
        some = (columns(array, start, min(start + block, m)) for array in (case.X, case.Y))
        those = [framework.from_numpy(array, device) for array in some]
        J, gradient = framework.gradients[variant](network, params, *those)
        parts.append([those[0].shape[1] * array for array in (J, *flat(gradient))])
    while len(parts) > 1:  # in pairs; one without a partner stays as it is
        pairs = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(pairs) * 2 :]
    names = ["J", *(name for name, _, _ in named(network, answer[1], "d"))]
    for name, whole, total in zip(names, (answer[0], *flat(answer[1])), parts[0], strict=True):
        if not same(get(framework, whole), get(framework, total / m)):
            return [Broken(Promise.SUMS, name, expected=str(block))]
    return []


def borrows_fit(framework: Framework, variant: str) -> bool:
    """Return whether a module has no gradient descent of its own, so that `fit` is the loop of `defaults`."""
    module, variants = getattr(framework, "module", None), getattr(framework, "variants", {})
    own = any(hasattr(module, name) for name in ("fit", "gradient_descent"))
    return module is not None and not own and variants[variant].gradient_descent is None


def in_a_row(
    framework: Framework, variant: str, case: Case, chosen: Sequence[int], device: str
) -> tuple[int, tuple[Array, Params]]:
    """Ask for the gradients at the chosen checkpoints in turn, many in a row, of arrays that came in strided.

    Nothing is converted between the calls, as a training loop does not. Returns a checkpoint and what it got: the
    answer that came least often there, to the last bit, or the last of all. It is held against the oracle like others.
    """
    X, Y = (framework.from_numpy(strided(array), device) for array in (case.X, case.Y))
    points = [
        tuple(
            Layer(*(framework.from_numpy(strided(array), device) for array in layer)) for layer in case.checkpoints[k]
        )
        for k in chosen
    ]
    size = case.X.shape[1] * sum(layer.W.size for layer in case.checkpoints[0])
    calls = int(min(CALLS, max(2, CALLED // size)))
    order = [*(call % len(points) for call in range(calls - 1)), 0]
    raw = [framework.gradients[variant](case.network, points[k], X, Y) for k in order]
    answers = [
        (k, get(framework, J), get_params(framework, gradient)) for k, (J, gradient) in zip(order, raw, strict=True)
    ]
    k, J, gradient = min(reversed(answers), key=lambda each: _as_often(each, answers))
    return chosen[k], (J, gradient)


def _as_often(answer: tuple[int, Array, Params], among: Sequence[tuple[int, Array, Params]]) -> float:
    """Return how large a share of the answers at its checkpoint are this one, to the last bit."""
    k, J, gradient = answer
    there = [same(J, other) and _alike(gradient, others) for point, other, others in among if point == k]
    return sum(there) / len(there)


def strided(array: Array) -> Array:
    """Return a matrix of the same numbers, of which neither the rows nor the columns lie side by side."""
    around = np.full((array.shape[0], 2 * array.shape[1] + 1), np.nan, array.dtype)
    inside = around[:, 1::2]
    inside[:] = array
    return inside


class _Given:
    """The arrays of a case on a framework's side, and what they were, to see whether they are left alone."""

    def __init__(self, framework: Framework, case: Case, chosen: list[int], device: str) -> None:
        self.framework, self.chosen = framework, chosen
        self.X, self.Y = framework.from_numpy(case.X, device), framework.from_numpy(case.Y, device)
        self.checkpoints = [put(framework, case.checkpoints[k], device) for k in chosen]
        network = case.network
        names = [f"{kind}{l} of point {k}" for k in chosen for l in range(1, network.L + 1) for kind in "Wb"]
        self.names = ["X", "Y", *names]
        self.arrays = [self.X, self.Y, *(array for params in self.checkpoints for array in flat(params))]
        self.originals = [case.X, case.Y, *(array for k in chosen for array in flat(case.checkpoints[k]))]
        self.before = [get(framework, array) for array in self.arrays]

    def changed(self) -> Iterator[Broken]:
        """Yield what came out of `from_numpy` in another dtype, and what the implementation has changed since."""
        for name, array, before, original in zip(self.names, self.arrays, self.before, self.originals, strict=True):
            if before.dtype != original.dtype:
                yield Broken(Promise.DTYPE_KEPT, name, str(before.dtype), str(original.dtype))
            elif not same(get(self.framework, array), original):
                yield Broken(Promise.INPUT_LEFT_ALONE, name)


def _labels(
    framework: Framework, case: Case, params: Sequence[Params], device: str
) -> tuple[Array, Array, Array | None]:
    """Return the labels of X at the first params and at the last, and those of X_test at the last."""
    everything = case.X if case.X_test is None else np.concatenate([case.X, case.X_test], axis=1)
    asked = framework.from_numpy(everything, device)  # of one shape, so that it is compiled once
    start, labels = (get(framework, framework.predict(case.network, each, asked)) for each in params)
    m = case.X.shape[1]

    def part(labels: Array, columns: slice) -> Array:
        return labels[:, columns] if labels.ndim == 2 else labels

    test = None if case.X_test is None else part(labels, slice(m, None))
    return part(start, slice(m)), part(labels, slice(m)), test


def record(
    framework: Framework, variant: str, case: Case, start: Params, X: Array, Y: Array, iterations: int
) -> tuple[Run, Params, list[Broken]]:
    """Return a free run with the steps that can be certified, its params on the device, and promises not kept.

    If a run of so many iterations equals as many runs of one, bit for bit, then its steps are those, and each can
    be certified. An implementation cannot know which of the two it is in. One whose runs do not equal its single
    steps, be it for another order of rounding or for a memory such as momentum, is run to other lengths instead. If
    not even the single steps come to the same again, one of them was wrong, and these are what is certified.
    """

    def fit(params: Params, count: int) -> tuple[Params, Array]:
        return framework.fit(variant, case.network, params, X, Y, case.alpha, count)

    trained, J = fit(start, iterations)
    costs, last = get(framework, J), get_params(framework, trained)
    kept = keep(case, iterations)
    steps, params, chained = [], start, []
    broken: list[Broken] = []
    before = get_params(framework, start)
    for t in range(iterations):
        after, J = fit(params, 1) if iterations > 1 else (trained, J)
        chained.append(get(framework, J))
        if not broken and not _alike(get_params(framework, params), before):
            broken = [Broken(Promise.PARAMS_LEFT_ALONE, step=t)]
        params, reached = after, get_params(framework, after)
        if t in kept:
            steps.append(Step(t, before, chained[-1], reached))
        before = reached
    if not all(cost.shape == (1,) for cost in chained) or costs.shape != (iterations,):
        return Run(last, costs, steps, Certification.MISCOUNTED, iterations), trained, broken
    steps = [step._replace(J=step.J[0]) for step in steps]
    if same(np.concatenate(chained), costs) and _alike(before, last):
        certification = Certification.ALL if len(steps) == iterations else Certification.SAMPLED
        return Run(last, costs, steps, certification, iterations), trained, broken
    run = Run(last, costs, steps, Certification.IRREPRODUCIBLE, iterations)
    if _repeats(framework, fit, start, chained, before):
        run = sampled(framework, fit, start, run, case.problem, len(kept) == iterations)
    return run, trained, broken


def _repeats(framework: Framework, fit: Any, start: Params, costs: Sequence[Array], last: Params) -> bool:
    """Return whether single steps, one after the other, come to the same costs and params as they did before."""
    params = start
    for cost in costs:
        params, J = fit(params, 1)
        if not same(get(framework, J), cost):
            return False
    return _alike(get_params(framework, params), last)


def sampled(framework: Framework, fit: Any, start: Params, run: Run, seed: str, everything: bool) -> Run:
    """Show the steps of a run by runs of other lengths: of every length, or in windows that nobody has announced.

    Returns the run as it is, irreproducible with its single steps, where the same call gives two answers.
    """
    lengths = set(range(1, run.iterations + 1)) if everything else windows(run.iterations, seed)
    again, J = fit(start, run.iterations)
    if not same(get(framework, J), run.costs) or not _alike(get_params(framework, again), run.trained):
        return run
    reached, steps = {0: get_params(framework, start)}, []
    for length in sorted(lengths):
        params, J = fit(start, length)
        costs = get(framework, J)
        if costs.shape != (length,):
            return run._replace(certification=Certification.MISCOUNTED)
        reached[length] = get_params(framework, params)
        if length - 1 in reached:
            step = Step(length - 1, reached[length - 1], run.costs[length - 1], reached[length])
            steps.append(step)
            if not same(costs[-1], run.costs[length - 1]):  # its own cost counts too
                steps.append(step._replace(J=costs[-1]))
    if run.iterations in reached and not _alike(reached[run.iterations], run.trained):
        return run
    return run._replace(steps=steps, certification=Certification.LENGTHS)


def windows(iterations: int, seed: str) -> set[int]:
    """Return lengths that show SAMPLED steps: from the start, up to the end, at LANDMARKS, and between at random."""
    latest = max(0, iterations - WINDOW)
    lengths = {t + k for t in LANDMARKS for k in (-1, 0, 1) if t < iterations}
    for number, t in enumerate((0, latest, *chance(seed).permutation(latest + 1))):
        if number < 3 or len(lengths) < SAMPLED:
            lengths |= {int(t) + k for k in range(WINDOW + 1) if 0 < t + k <= iterations}
    return lengths


def _alike(first: Params, second: Params) -> bool:
    return all(map(same, flat(first), flat(second)))


def chance(seed: str) -> np.random.Generator:
    """Return a random generator of a problem's own: the tables are the same each time, and nobody is told."""
    return np.random.default_rng(zlib.crc32(seed.encode(errors="surrogatepass")))


def keep(case: Case, iterations: int) -> set[int]:
    """Return which steps to certify: all, or SAMPLED where the oracle would take too long: the first, those at
    LANDMARKS, and others at random.
    """
    network = case.network
    size = sum(array.size for layer in case.checkpoints[0] for array in layer)
    work = case.X.shape[1] * sum(n * before + 20 * n for n, before in zip(network.n[1:], network.n, strict=False))
    if case.source is not None:  # the first, the last, and one between
        between = 1 + chance(case.problem).permutation(max(0, iterations - 2))[:1]
        return {0, iterations - 1, *between.tolist()}
    if iterations <= SAMPLED or iterations * max(work / WORK, STEP / WORK, size / KEPT) <= 1:
        return set(range(iterations))
    kept = {0, *(t + k for t in LANDMARKS for k in (-1, 0) if t < iterations)}
    for t in chance(case.problem).permutation(iterations):
        if len(kept) < SAMPLED:
            kept.add(int(t))
    return kept


def same(first: Array, second: Array) -> bool:
    """Return whether two arrays hold the same bits, any NaN being like any other."""
    if first.shape != second.shape or first.dtype.hasobject or second.dtype.hasobject:  # objects are not compared
        return False
    if first is second or bool((first == second).all()):
        return True
    has_nan = all(is_float(each.dtype) or each.dtype.kind == "c" for each in (first, second))
    return has_nan and np.array_equal(first, second, equal_nan=True)


def configure(framework: Framework, dtype: str) -> None:
    """Set the framework's own switches for arrays of the dtype; a learner's function has none."""
    getattr(framework, "configure", lambda dtype: None)(dtype)


def environment(framework: Framework) -> dict[str, Any]:
    """Return what a framework says of its versions and switches, as plain words and numbers; of NumPy its kernels."""
    said = _plain(getattr(framework, "environment", dict)())
    return said | {"kernels": steering.kernels()} if getattr(framework, "name", "") == "numpy" else said


def _plain(said: Any) -> dict[str, Any]:
    """Return what somebody says as plain words and numbers."""
    return dict(json.loads(json.dumps(dict(said), default=str)))


def put(framework: Framework, params: Params, device: str) -> Params:
    """Return params of NumPy's arrays as the framework's, on the device."""
    return tuple(Layer(*(framework.from_numpy(array, device) for array in layer)) for layer in params)


def get(framework: Framework, array: Array) -> Array:
    """Return one of the framework's arrays as NumPy's."""
    return np.asarray(framework.to_numpy(array))


def get_params(framework: Framework, params: Params) -> Params:
    """Return the framework's params as NumPy's arrays."""
    return tuple(Layer(get(framework, W), get(framework, b)) for W, b in params)
