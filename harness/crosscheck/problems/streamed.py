"""A problem whose examples are read in chunks: what its file holds is looked through once, and never held."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from crosscheck_impls.interface import BadInput, Network

from crosscheck.core.progress import Report, silent
from crosscheck.core.records import Source
from crosscheck.oracle.float64 import exact
from crosscheck.problems.datasets import Data
from crosscheck.problems.files.chunks import opened, tried
from crosscheck.problems.files.how import How, refuse_given

ITERATIONS = 3  # as a rule, of training on more than fits in memory
ALONE = "needs all examples at once, and --chunk reads them in parts"


def source_of(path: Path, chunk: int, how: How) -> Source:
    """Return where the examples are. Raises BadInput for an option that needs all of them."""
    others = [name for name in How._fields if name not in ("label", "rows", "regression")]
    refuse_given(how, others, f"{ALONE}; leave one of the two out")
    label = how.label or ""
    if label.lower().endswith(".npy"):
        label = str(Path(label).absolute())
    return Source(str(path.absolute()), label, bool(how.rows), chunk)


def data_of(source: Source) -> Data:
    """Return X and Y as float64 Chunks."""
    tried(source)
    X, Y = opened(source, "float64")
    return Data(cast(Any, X), cast(Any, Y))


class Seen(NamedTuple):
    """What a file holds: how many labels are 1, of each output, and the smallest and largest label and feature."""

    ones: tuple[int, ...]
    labels: tuple[float, float]
    features: tuple[float, float]


def look_through(data: Data, source: Source, network: Network, report: Report = silent) -> Seen:
    """Read everything once; report: how many examples have been. Raises BadInput for what is no number or label."""
    X, Y = cast(Any, data.X), cast(Any, data.Y)
    m = X.shape[1]
    ones = np.zeros(Y.shape[0], int)
    lowest, highest = np.full(2, np.inf), np.full(2, -np.inf)
    for start in range(0, m, source.chunk):
        stop = min(start + source.chunk, m)
        parts = [exact(array.read(start, stop)) for array in (X, Y)]
        for k, (name, part) in enumerate(zip("XY", parts, strict=True)):
            _finite(source, name, part, start)
            lowest[k], highest[k] = min(lowest[k], part.min()), max(highest[k], part.max())
        if network.loss == "cross_entropy" and not np.isin(parts[1], (0.0, 1.0)).all():
            row, column = (int(i) for i in np.argwhere(~np.isin(parts[1], (0.0, 1.0)))[0])
            raise BadInput(
                f"{source.path}: Y[{row}, {start + column}] is {parts[1][row, column]:g}, expected labels 0 and 1 for "
                "cross-entropy; recode them, or use --loss squared_error for a regression"
            )
        ones += (parts[1] == 1).sum(axis=1)
        report(f"reading {Path(source.path).name}", stop, m)
    largest = float(max(-lowest[0], highest[0]))
    if largest > float(np.finfo("float32").max):
        raise BadInput(f"{source.path}: X reaches {largest:.3g}, above the largest float32; scale it down")
    return Seen(tuple(ones.tolist()), (lowest[1], highest[1]), (lowest[0], highest[0]))


def _finite(source: Source, name: str, part: np.ndarray, start: int) -> None:
    if not np.isfinite(part).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(part))[0])
        raise BadInput(
            f"{source.path}: {name}[{row}, {start + column}] is {part[row, column]}, expected finite numbers; "
            f"fill in or leave out example {start + column}"
        )


def summary(data: Data, source: Source, seen: Seen, network: Network) -> tuple[str, ...]:
    """Return what was read, in lines of words."""
    n, m = data.X.shape
    if network.loss == "cross_entropy":
        said = f"{', '.join(f'{ones:,}' for ones in seen.ones)} of them with label 1"
    else:
        said = f"labels from {seen.labels[0]:.4g} to {seen.labels[1]:.4g}"
    features = f"features from {seen.features[0]:.4g} to {seen.features[1]:.4g}"
    return (f"{m:,} examples, {n:,} features, {said}; {features}", f"  read {source.chunk:,} examples at a time")
