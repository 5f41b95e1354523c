"""Measuring one implementation on a case that is read in chunks. Runs in the worker's process."""

from __future__ import annotations

from typing import Any

import numpy as np
from crosscheck_impls.interface import Array, BadInput, Declaration, Framework, Params

from crosscheck.core.records import Answer, Case
from crosscheck.oracle.streamed import Parts
from crosscheck.runner.collect import adds_up, borrows_fit, environment, get, get_params, put, record


def measure(framework: Framework, variant: str, declared: Declaration, case: Case, device: str) -> Answer:
    """Ask for J and the gradient at every checkpoint, a run of `fit` and its steps, and the sums of labels.

    Raises BadInput for a variant that takes no Chunks.
    """
    if declared.sums is None or case.source is None:
        raise BadInput(f"{variant}: declares no sums, and takes no chunks; expected a variant that does")
    points = [put(framework, params, device) for params in case.checkpoints]
    X, Y = (chunks._replace(dtype=points[0][0].W.dtype) for chunks in (case.X, case.Y))
    raw = [framework.gradients[variant](case.network, params, X, Y) for params in points]
    broken = adds_up(framework, variant, declared, case, points[0], raw[0])
    run, trained, changed = record(framework, variant, case, points[0], X, Y, case.iterations)
    start, end = (labels(framework, case, params, device) for params in (points[0], trained))
    return Answer(
        list(range(len(points))),
        [(get(framework, J), get_params(framework, gradient)) for J, gradient in raw],
        run._replace(borrowed=borrows_fit(framework, variant)),
        start,
        end,
        None,
        framework.device(raw[0][1][0].W),
        [*broken, *changed],
        environment(framework),
    )


def labels(framework: Framework, case: Case, params: Params, device: str) -> Array:
    """Return, for each chunk, the sum of what is predicted, and of labels how many are right, as in an Answer."""
    assert case.source is not None
    sums: list[Any] = []
    parts = Parts(case.X, case.Y, case.source.chunk)
    for k in range(parts.count):
        X, Y = parts.part(k)
        predicted = get(framework, framework.predict(case.network, params, framework.from_numpy(X, device)))
        if predicted.shape != Y.shape:
            raise BadInput(f"predict: {predicted.shape} came back, expected {Y.shape}")
        counted = case.network.g[-1] == "sigmoid"
        if counted and predicted.dtype.kind not in "iu":
            raise BadInput(f"predict: {predicted.dtype} came back, expected whole numbers")
        total = predicted.sum(axis=1, dtype=np.int64 if counted else np.float64)
        sums.append(np.concatenate([total, (predicted == Y).sum(axis=1)]) if counted else total)
    return np.stack(sums, axis=1)
