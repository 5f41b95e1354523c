"""What must be exact: the number of layers, shapes, dtypes, whole labels, the number of costs, the device."""

from __future__ import annotations

from collections.abc import Iterator

from crosscheck_impls.interface import Array

from crosscheck.core.failures import Broken, Promise
from crosscheck.core.records import Answer, Case, Certification, named


def broken_promises(case: Case, answer: Answer, device: str) -> list[Broken]:
    """Return the promises that an answer does not keep, each once; those that were noticed while asking come first."""
    network = case.network
    returned = [*(gradient for _, gradient in answer.gradients), *(s.after for s in answer.run.steps)]
    for params in [*returned, answer.run.trained]:
        if len(params) != network.L:
            return [*answer.broken, Broken(Promise.LAYERS, network.dimensions, str(len(params)), str(network.L))]
    promises = [*answer.broken, *_arrays(case, answer), *_labels(case, answer)]
    if answer.run.certification is Certification.MISCOUNTED:
        promises.append(Broken(Promise.COSTS))
    if answer.device != device:
        promises.append(Broken(Promise.DEVICE, "the gradient", answer.device, device))
    return list(dict.fromkeys(promises))


def _arrays(case: Case, answer: Answer) -> Iterator[Broken]:
    """Yield what is wrong with the shape or the dtype of J, gradients, trained params and costs."""
    network, run = case.network, answer.run
    arrays: list[tuple[str, Array, tuple[int, ...]]] = []
    for J, gradient in answer.gradients:
        arrays += [("J", J, ()), *named(network, gradient, "d")]
    for params in [*(step.after for step in run.steps), run.trained]:
        arrays += named(network, params, "fit's ")
    arrays += [("fit's costs", run.costs, (run.iterations,))]
    if run.certification is not Certification.MISCOUNTED:  # which says so itself
        arrays += [("fit's cost of one step", step.J, ()) for step in run.steps]
    for name, array, shape in arrays:
        if array.shape != shape:
            yield Broken(Promise.SHAPE, name, str(array.shape), str(shape))
        if array.dtype != case.dtype:
            yield Broken(Promise.DTYPE, name, str(array.dtype), case.dtype)


def _labels(case: Case, answer: Answer) -> Iterator[Broken]:
    """Yield what is wrong with the shape or the kind of the labels."""
    for name, labels, X in (
        ("labels", answer.labels_start, case.X),
        ("labels", answer.labels, case.X),
        ("test labels", answer.labels_test, case.X_test),
    ):
        if labels is None or X is None:
            continue
        expected = (case.network.n[-1], X.shape[1])
        if case.source is not None:
            rows = 2 if case.network.g[-1] == "sigmoid" else 1
            expected = (rows * case.network.n[-1], -(-X.shape[1] // case.source.chunk))
        if labels.shape != expected:
            yield Broken(Promise.SHAPE, name, str(labels.shape), str(expected))
        if case.network.loss == "cross_entropy" and labels.dtype.kind not in "iu":
            yield Broken(Promise.WHOLE_LABELS, name, str(labels.dtype))
