"""The baselines: what other criteria say of the same numbers, the libraries' tolerances, gradcheck, equal accuracy.

Each looks at an implementation's J, gradients, costs and parameters beside those of a right one, the reference in the
same dtype, and says whether they differ. They are measured beside the harness and decide no verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, Layer, Params

from crosscheck.core.records import Answer, Case, flat
from crosscheck.mutation.build import VARIANT, framework


class Tolerance(NamedTuple):
    """|got - other| <= absolute + relative |other|."""

    relative: float
    absolute: float

    def accepts(self, got: Array, other: Array) -> bool:
        """Return whether every entry is near enough; NaN is near NaN only."""
        near = np.abs(got - other) <= self.absolute + self.relative * np.abs(other)
        return bool((near | (got == other) | (np.isnan(got) & np.isnan(other))).all())


# The defaults as documented: numpy 2.4, torch 2.13, keras 3; by dtype where they are.
TOLERANCES: Mapping[str, Mapping[str, Tolerance]] = {
    "np.allclose": dict.fromkeys(("float32", "float64"), Tolerance(1e-5, 1e-8)),
    "np.testing.assert_allclose": dict.fromkeys(("float32", "float64"), Tolerance(1e-7, 0.0)),
    "torch.testing.assert_close": {"float32": Tolerance(1.3e-6, 1e-5), "float64": Tolerance(1e-7, 1e-7)},
    "keras assertAllClose": dict.fromkeys(("float32", "float64"), Tolerance(1e-6, 1e-6)),
}
GRADCHECK, DIFFERENCE_STEP = Tolerance(1e-3, 1e-5), 1e-6  # torch.autograd.gradcheck's
ENTRIES = 4  # drawn of each tensor
CRITERIA = (*TOLERANCES, "gradcheck", "equal accuracy")


class Seen(NamedTuple):
    """What the criteria look at: J and the gradients at each checkpoint, a run's costs and params, its accuracy."""

    arrays: list[Array]
    gradients: list[tuple[Array, Params]]
    accuracy: float


def seen(case: Case, answer: Answer) -> Seen:
    """Return what the criteria look at in an answer."""
    arrays = [array for J, gradient in answer.gradients for array in (J, *flat(gradient))]
    accuracy = float((answer.labels == case.Y).mean())
    return Seen([*arrays, answer.run.costs, *flat(answer.run.trained)], answer.gradients, accuracy)


@np.errstate(all="ignore")  # a mutant may end in NaN
def alarms(case: Case, checkpoints: Sequence[int], got: Seen, right: Seen) -> dict[str, bool | None]:
    """Return which criteria call the two different; None where one does not apply."""
    differ: dict[str, bool | None] = {}
    for name, by_dtype in TOLERANCES.items():
        pairs = zip(got.arrays, right.arrays, strict=True)
        differ[name] = not all(a.shape == b.shape and by_dtype[case.dtype].accepts(a, b) for a, b in pairs)
    differ["gradcheck"] = None  # it wants float64
    if case.dtype == "float64":
        differ["gradcheck"] = not gradcheck(case, checkpoints[0], got.gradients[0][1])
    differ["equal accuracy"] = None if case.network.loss == "squared_error" else got.accuracy != right.accuracy
    return differ


def gradcheck(case: Case, checkpoint: int, gradient: Params) -> bool:
    """Return whether central differences of J confirm some entries of each dW and db."""
    params, random = case.checkpoints[checkpoint], np.random.default_rng(0)
    for l, (layer, slopes) in enumerate(zip(params, gradient, strict=True)):
        for k, (array, slope) in enumerate(zip(layer, slopes, strict=True)):
            if slope.shape != array.shape:
                return False
            for entry in random.choice(array.size, min(ENTRIES, array.size), replace=False):
                up, down = (_cost(case, params, l, k, entry, step) for step in (DIFFERENCE_STEP, -DIFFERENCE_STEP))
                numeric = np.asarray((up - down) / (2 * DIFFERENCE_STEP))
                if not GRADCHECK.accepts(slope.flat[entry], numeric):
                    return False
    return True


def _cost(case: Case, params: Params, l: int, k: int, entry: int, step: float) -> float:
    """Return J with one entry of W[l] or b[l] moved."""
    moved = params[l][k].copy()
    moved.flat[entry] += step
    layer = Layer(moved, params[l].b) if k == 0 else Layer(params[l].W, moved)
    changed = (*params[:l], layer, *params[l + 1 :])
    J, _ = framework().gradients[VARIANT](case.network, changed, case.X, case.Y)
    return float(J)
