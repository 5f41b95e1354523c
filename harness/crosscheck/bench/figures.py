"""The bench's arithmetic: medians, spreads, floors, ratios round by round, exponents."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from crosscheck.bench.sizes import Size
from crosscheck.bench.turns import Contestant

PEER = {"numpy": "scikit-learn", "torch": "torch/native", "jax": "optax loop"}  # what each framework is held against


@dataclass
class Line:
    """One contestant at one size in one dtype. Times in microseconds an iteration, ratios are medians over rounds.

    first: the first call, of one iteration, with compilation, in seconds. low, high: the quartiles. floor: time over
    the floor; products: over the framework's own bare products; peer: over its framework's peer. memory: the peak
    beyond the data in units of one set of activations and two sets of parameters.
    """

    size: str
    dtype: str
    contestant: str
    first: float | None = None
    median: float | None = None
    low: float | None = None
    high: float | None = None
    rounds: int = 0
    iterations: int = 0
    floor: float | None = None
    products: float | None = None
    peer: float | None = None
    memory: float | None = None
    reason: str = ""

    def record(self) -> dict[str, object]:
        """Return the line as a row of the CSV."""
        return asdict(self)


def ratio(above: Sequence[float], below: Sequence[float]) -> float | None:
    """Return the median of the quotients, round by round; None where nothing was measured.

    >>> ratio([2.0, 30.0, 4.0], [1.0, 10.0, 2.0])
    2.0
    """
    quotients = [a / b for a, b in zip(above, below, strict=False)]
    return statistics.median(quotients) if quotients else None


def floors(seconds: Mapping[str, Sequence[float]], size: Size, dtype: str, copied: int) -> list[float]:
    """Return the floor of each round: the fastest framework's products, or the bytes at the speed of a copy.

    A copy reads and writes, so that `copied` bytes are twice as many on their way.

    >>> one = Size("one", (1, 1), 1)  # X, Y, and W and b twice: six numbers
    >>> floors({"products numpy": [3.0], "products jax": [2.0], "copy": [10.0]}, one, "float32", 12)
    [10.0]
    """
    products = [values for name, values in seconds.items() if name.startswith("products") and values]
    fastest = [min(times) for times in zip(*products, strict=False)]
    copies = seconds.get("copy", ())
    if not copies:
        return fastest
    return [
        max(one, size.bytes(dtype) * copy / (2 * copied))
        for one, copy in zip(fastest or [0.0] * len(copies), copies, strict=False)
    ]


def lines(everyone: Sequence[Contestant], size: Size, dtype: str, copied: int) -> list[Line]:
    """Return a line for each contestant after a contest."""
    seconds = {each.name: each.seconds for each in everyone}
    floor = floors(seconds, size, dtype, copied)
    timed = []
    for each in everyone:
        line = Line(size.name, dtype, each.name, reason=each.reason)
        if each.ready is not None and len(each.seconds) > 1:
            low, median, high = (1e6 * each for each in np.quantile(each.seconds, [0.25, 0.5, 0.75]))
            framework = each.name.partition("/")[0]
            peer = PEER.get(framework, "")
            line = Line(
                size.name, dtype, each.name, each.ready.first, float(median), float(low), float(high),
                len(each.seconds), each.ready.iterations,
                None if each.name == "copy" else ratio(each.seconds, floor),
                ratio(each.seconds, seconds.get(f"products {framework}", ())),
                None if each.name == peer else ratio(each.seconds, seconds.get(peer, ())),
                memory(each, size, dtype), each.reason,
            )  # fmt: skip
        timed.append(line)
    return timed


LEAST = 2**20  # bytes of the unit of memory, below which pages and caches are all that could be seen


def memory(each: Contestant, size: Size, dtype: str) -> float | None:
    """Return the peak in units of memory, for training loops whose arrays are large enough to be seen."""
    trains = "/" in each.name
    if not trains or each.ready is None or each.ready.memory is None or size.unit(dtype) < LEAST:
        return None
    return each.ready.memory / size.unit(dtype)


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Return the slope of log time over log size in the upper half, where a call's own cost no longer counts.

    >>> round(exponent([1, 2, 4, 8], [9, 4, 16, 64]), 12)
    2.0
    """
    half = len(sizes) // 2
    return float(np.polyfit(np.log(sizes[half:]), np.log(times[half:]), 1)[0])
