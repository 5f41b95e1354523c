"""Training one implementation for `crosscheck train`."""

from __future__ import annotations

import io
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from crosscheck_impls.interface import EVERY_DTYPE, Array, BadInput, Framework, Layer, Params, load, nearest

from crosscheck.comparison.asked import implementations
from crosscheck.core import interrupts
from crosscheck.core.dtypes import BFLOAT16
from crosscheck.core.extras import installs
from crosscheck.core.files import writable, write
from crosscheck.oracle.streamed import Parts
from crosscheck.problems.cases import Rounded, rounded_to
from crosscheck.problems.catalogue import Problem
from crosscheck.report.screen import progress
from crosscheck.runner import subprocesses

SHORTEST_PORTION = 0.3  # seconds of training between two reports of progress


def train(
    impl: str, problem: Problem, dtype: str, device: str, costs_file: Path | None, params_file: Path | None
) -> None:
    """Train, print the costs and the accuracies, and write the files. Raises BadInput."""
    framework, variant = _chosen(impl, dtype, device)
    for path, ending, parameter in ((costs_file, ".csv", "costs"), (params_file, ".npz", "params")):
        if path is not None:
            if path.suffix != ending:
                raise BadInput(f"{path}: expected a name that ends in {ending}", parameter=parameter)
            writable(path.parent, parameter, make=False)
    framework.configure(dtype)
    given = rounded_to(problem, dtype)
    params = given.params
    start = tuple(Layer(*(framework.from_numpy(a, device) for a in layer)) for layer in params)
    trained, costs, stopped = _descend(framework, variant, problem, start, given, device)
    if costs_file is not None:
        write(costs_file, "iteration,cost\n" + "".join(f"{t},{J:.17g}\n" for t, J in enumerate(costs)))
    if params_file is not None:
        _save(params_file, framework, trained)
    print(f"{impl}, {problem.name}, {dtype} on {device}")
    print(problem.network)
    print(f"iterations {len(costs)}{' (interrupted)' if stopped else ''}, learning rate {problem.alpha:g}")
    print(f"cost {costs[0]:.6f} at iteration 0, {costs[-1]:.6f} at iteration {len(costs) - 1}")
    for name, accuracy in _accuracies(framework, problem, trained, given, device):
        print(f"accuracy {name} {100 * accuracy:.2f} %")
    if not math.isfinite(costs[-1]):
        first = next(t for t, J in enumerate(costs) if not math.isfinite(J))
        print(f"J is {costs[first]} from iteration {first} on: lower --learning-rate, or use a stable variant")
    if stopped:
        raise KeyboardInterrupt


def _chosen(impl: str, dtype: str, device: str) -> tuple[Framework, str]:
    """Return the framework and the variant that a name stands for, loaded here. Raises BadInput."""
    chosen = implementations([impl])
    if len(chosen) != 1:
        raise BadInput(
            f"{impl}: has {len(chosen)} variants, expected one: {', '.join(map(str, chosen))}", parameter="impl"
        )
    if dtype not in EVERY_DTYPE:
        raise BadInput(f"{dtype}: unknown; {nearest(dtype, EVERY_DTYPE)}", parameter="dtype")
    framework_name, variant = chosen[0]
    if package := subprocesses.missing(framework_name):
        raise BadInput(f"{impl}: {package} is not installed; {installs(package)}", parameter="impl")
    sys.path.insert(0, str(Path.cwd()))  # for a dotted path
    framework = load(framework_name)
    if device not in framework.devices():
        there = ", ".join(framework.devices())
        raise BadInput(f"{device}: {framework_name} has {there} here; use one of them", parameter="device")
    return framework, variant


def _accuracies(
    framework: Framework, problem: Problem, trained: Params, given: Rounded, device: str
) -> Iterator[tuple[str, float]]:
    """Yield the accuracies on train and test; none of a regression."""
    for name, X, Y in (("train", given.X, given.Y), ("test", given.X_test, given.Y_test)):
        if X is not None and Y is not None and problem.network.loss == "cross_entropy":
            m, right = X.shape[1], 0
            parts = Parts(X, Y, problem.source.chunk if problem.source else m)
            for k in range(parts.count):
                some, labels = parts.part(k)
                there = framework.from_numpy(some, device)
                right += int((framework.to_numpy(framework.predict(problem.network, trained, there)) == labels).sum())
            yield name, right / (m * Y.shape[0])


def _descend(
    framework: Framework, variant: str, problem: Problem, params: Params, given: Rounded, device: str
) -> tuple[Params, list[float], bool]:
    """Fit in portions, so that people see how far it is; the params stay on the device, and a step is a step."""
    if problem.source is None:
        X, Y = (framework.from_numpy(array, device) for array in (given.X, given.Y))
    else:
        X, Y = (chunks._replace(dtype=params[0].W.dtype) for chunks in (given.X, given.Y))
    costs: list[float] = []
    portion = 1
    try:
        with interrupts.orderly(), progress() as report, np.errstate(all="ignore"):  # overflow is told below, in words
            while len(costs) < problem.iterations:
                portion = min(portion, problem.iterations - len(costs))
                before = time.monotonic()
                params, some = framework.fit(variant, problem.network, params, X, Y, problem.alpha, portion)
                costs += [float(J) for J in framework.to_numpy(some)]
                if time.monotonic() - before < SHORTEST_PORTION:
                    portion *= 4
                report(f"training {framework.name}/{variant}", len(costs), problem.iterations)
    except KeyboardInterrupt:
        if not costs:
            raise
        return params, costs, True
    return params, costs, False


def _save(path: Path, framework: Framework, params: Params) -> None:
    """Write W1, b1, ... in one piece; those of bfloat16 as float32, since NumPy reads that without ml_dtypes."""
    buffer = io.BytesIO()
    arrays = {
        f"{kind}{l}": _readable(framework.to_numpy(a))
        for l, layer in enumerate(params, 1)
        for kind, a in zip("Wb", layer, strict=True)
    }
    np.savez(buffer, **arrays)
    write(path, buffer.getvalue())


def _readable(array: Array) -> Array:
    return array.astype(np.float32) if array.dtype == BFLOAT16 else array
