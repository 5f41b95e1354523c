"""`crosscheck bench`: who takes part, the contests, the growth, and the files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from crosscheck_impls.interface import DTYPES, VARIANTS, BadInput, nearest

from crosscheck.bench import report
from crosscheck.bench.figures import Line, lines
from crosscheck.bench.sizes import GROWTH, Size, choose
from crosscheck.bench.turns import COPIED, PEERS, Contestant, contest, contestants
from crosscheck.core import files
from crosscheck.report import tables
from crosscheck.report.screen import progress
from crosscheck.runner import subprocesses as workers

TIMED = ("by_hand", "fast", "native")  # the others say by_hand or native in other words, or loop over examples
REPETITION, QUICK = 0.1, 0.02  # seconds of one repetition
Tell: TypeAlias = Callable[[str, int, int], None]  # what is timed, how many are done, of how many


def everyone(names: Sequence[str] | None) -> list[str]:
    """Return the contestants of these names, all by default; products and copy, which make the floor, always.

    >>> everyone(["numpy/fast"])
    ['numpy/fast', 'products numpy', 'products torch', 'products jax', 'copy']
    """
    peers = list(PEERS)
    ours = [
        f"{framework}/{variant}" for framework, variants in VARIANTS.items() for variant in variants if variant in TIMED
    ]
    for name in names or ():
        framework, _, variant = name.partition("/")
        if name not in peers and variant not in VARIANTS.get(framework, ()):
            raise BadInput(f"{name}: nothing to time; {nearest(name, [*ours, *peers])}", parameter="impl")
    floor = [name for name in peers if name.startswith(("products", "copy"))]
    chosen = list(dict.fromkeys(names or [*ours, *peers]))
    return [name for name in chosen if name not in floor] + floor


class Options(NamedTuple):
    """How to time: the dtypes (None for both), threads of each contestant, rounds, device.

    quick: short repetitions and no growth. growth: also against examples, width and depth.
    """

    dtypes: Sequence[str] | None
    threads: int
    rounds: int
    device: str
    quick: bool = False
    growth: bool = True

    @property
    def wanted(self) -> list[str]:
        """The dtypes, float32 first: JAX's x64 switch, once on, stays on."""
        return [dtype for dtype in sorted(DTYPES) if not self.dtypes or dtype in self.dtypes]

    @property
    def repetition(self) -> float:
        """Seconds of one repetition."""
        return QUICK if self.quick else REPETITION


def bench(impl: Sequence[str] | None, only: Sequence[str] | None, options: Options, out: Path) -> None:
    """Time everyone on every size, write the tables and plots, and print where they are. Raises BadInput."""
    names, sizes = everyone(impl), choose(only, options.quick)
    check(options, names)
    files.writable(out)
    timed: list[Line] = []
    grown: list[report.Grown] = []
    with contestants(names, options.threads, options.device) as all_of_them:
        try:
            with progress("timing") as tell:
                # one contest after another, so that an interrupt leaves those that are done
                timed.extend(contests(all_of_them, sizes, options, tell))
                if options.growth and not options.quick:
                    fast = [each for each in all_of_them if each.name.endswith("/fast")]
                    grown.extend(grow(fast, options.rounds, tell))
        except KeyboardInterrupt as stopped:
            files.write(out / "speed.partial.csv", report.csv(timed))
            files.write(out / "speed.partial.md", report.markdown(timed, grown, {}))
            stopped.args = (f"{len(timed)} lines are in {out / 'speed.partial.csv'}",)
            raise
    settings = {
        "device": options.device, "threads": options.threads, "rounds": options.rounds, "dtypes": options.wanted,
        "sizes": [size.name for size in sizes], "seconds of a repetition": options.repetition,
    }  # fmt: skip
    environments = {each.name.partition("/")[0]: each.ready.environment for each in all_of_them if each.ready}
    environment = tables.environment(environments, settings)
    files.write(out / "speed.csv", report.csv(timed))
    files.write(out / "speed.md", report.markdown(timed, grown, environment))
    files.write(out / "speed_environment.json", json.dumps(environment, indent=2) + "\n")
    written = ["speed.csv", "speed.md", "speed_environment.json", *report.plots(out, timed, grown)]
    print(report.summary(timed))
    print(f"Tables: {', '.join(str(out / name) for name in written)}")


def contests(everyone: Sequence[Contestant], sizes: Sequence[Size], options: Options, tell: Tell) -> Iterator[Line]:
    """Yield the lines of every size in every dtype, each contest's when it has ended."""
    pairs = [(size, dtype) for dtype in options.wanted for size in sizes]
    for done, (size, dtype) in enumerate(pairs):
        tell(f"{size.name} {dtype}", done, len(pairs))
        contest(everyone, size, dtype, options.rounds, options.repetition)
        yield from lines(everyone, size, dtype, COPIED)


def check(options: Options, names: Sequence[str]) -> None:
    """Raise BadInput for what cannot be timed so."""
    for dtype in options.dtypes or ():
        if dtype not in DTYPES:
            raise BadInput(f"{dtype}: unknown, expected {' or '.join(DTYPES)}", parameter="dtype")
    if options.rounds < 2:
        message = f"{options.rounds}: expected at least 2, since one has no spread; 7 by default"
        raise BadInput(message, parameter="rounds")
    processors = os.cpu_count() or 1
    if not 1 <= options.threads <= processors:
        message = f"{options.threads}: expected 1 to {processors}, as many as there are processors"
        raise BadInput(message, parameter="threads")
    check_device(options.device, names)


def check_device(device: str, names: Sequence[str]) -> None:
    """Raise BadInput for a device that none of the frameworks has here."""
    if device not in ("cpu", "cuda"):
        raise BadInput(f"{device}: unknown, expected cpu or cuda", parameter="device")
    if device == "cpu":
        return
    frameworks = dict.fromkeys(name.partition("/")[0] for name in names if "/" in name)
    probed = [workers.probe(framework) for framework in frameworks if not workers.missing(framework)]
    have = [each for about in probed if isinstance(about, workers.About) for each in about.devices]
    if device not in have:
        message = f"{device}: not here, expected {' or '.join(dict.fromkeys(have))}; use cpu"
        raise BadInput(message, parameter="device")


def grow(fast: Sequence[Contestant], rounds: int, tell: Tell) -> Iterator[report.Grown]:
    """Time the fast paths while one thing grows: examples, width, depth; float32. Yield each when it has grown."""
    for what, (theory, sizes) in GROWTH.items():
        times: dict[str, list[tuple[int, float]]] = {each.name: [] for each in fast}
        for done, (number, size) in enumerate(sizes):
            tell(f"growth: {what} {number}", done, len(sizes))
            contest(fast, size, "float32", rounds, QUICK)
            for each in fast:
                if each.ready is not None and each.seconds:
                    times[each.name].append((number, 1e6 * sorted(each.seconds)[len(each.seconds) // 2]))
        for name, points in times.items():
            if len(points) > 1:
                yield report.Grown(what, theory, name, points)
