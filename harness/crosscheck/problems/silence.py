"""Layers of which the user's data say nothing: every gradient is 0, so that a mistake there cannot be seen."""

from __future__ import annotations

import numpy as np

from crosscheck.oracle.reference import RIGHT
from crosscheck.problems.catalogue import Problem


def silent(problem: Problem) -> str:
    """Return in words which layers have no gradient at the initial weights; nothing if each has one."""
    data = problem.data
    with np.errstate(all="ignore"):
        _, gradients = RIGHT.cost_and_gradients(problem.network, problem.params, data.X, data.Y)
    layers = [str(l) for l, (dW, _) in enumerate(gradients, start=1) if not np.any(dW)]
    if not layers:
        return ""
    return (
        f"dW{', dW'.join(layers)}: 0 at the initial weights, as of units that are never active, so that a mistake "
        "there does not show; --standardise, or other --weights"
    )
