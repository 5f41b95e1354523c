"""`crosscheck bench`: who takes part, the contests, the growth, and what the files hold."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from crosscheck_impls.interface import DTYPES, VARIANTS, BadInput, nearest

from crosscheck.bench import report
from crosscheck.bench.figures import Line, lines
from crosscheck.bench.plots import plots
from crosscheck.bench.sizes import GROWTH, SIZES, Size
from crosscheck.bench.turns import COPIED, PEERS, Contestant, contest, contestants
from crosscheck.report import machine
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


class Timed(NamedTuple):
    """A contest of one size in one dtype: its lines, and what the contestants ran on."""

    size: str
    dtype: str
    lines: list[Line]
    environments: Mapping[str, Mapping[str, Any]]


class Growth(NamedTuple):
    """How the times grow with one thing, by contestant."""

    what: str
    grown: list[report.Grown]


@dataclass
class Results:
    """What has been timed so far; what is in it is not timed again."""

    timed: list[Timed] = field(default_factory=list)
    growth: list[Growth] = field(default_factory=list)

    def add(self, each: Timed | Growth) -> None:
        """Add a contest or a growth."""
        if isinstance(each, Timed):
            self.timed.append(each)
        else:
            self.growth.append(each)

    @property
    def lines(self) -> list[Line]:
        """The lines of all contests."""
        return [line for each in self.timed for line in each.lines]

    @property
    def grown(self) -> list[report.Grown]:
        """The times that grow."""
        return [grown for each in self.growth for grown in each.grown]


def bench(
    names: Sequence[str], sizes: Sequence[Size], options: Options, results: Results,
    record: Callable[[Timed | Growth], None] = lambda _: None,
) -> None:  # fmt: skip
    """Time everyone on every size, and then growth; what is not in the results is added to them and recorded."""
    done = {(each.size, each.dtype) for each in results.timed}
    missing = [(s, dtype) for dtype in options.wanted for s in sizes if (s.name, dtype) not in done]
    grows = {each.what for each in results.growth}
    growing = [what for what in GROWTH if what not in grows and options.growth and not options.quick]
    if not missing and not growing:
        return
    with contestants(names, options.threads, options.device) as all_of_them, progress("timing") as tell:
        fast = [each for each in all_of_them if each.name.endswith("/fast")]
        timed = contests(all_of_them, missing, options, tell)
        each: Timed | Growth
        for each in chain[Timed | Growth](timed, grow(fast, growing, options.rounds, tell)):
            results.add(each)
            record(each)


def contents(results: Results, options: Options, sizes: Sequence[Size]) -> dict[str, str | bytes]:
    """Return the tables and the plots, by name."""
    settings = {
        "device": options.device, "threads": options.threads, "rounds": options.rounds, "dtypes": options.wanted,
        "sizes": [size.name for size in sizes], "seconds of a repetition": options.repetition,
    }  # fmt: skip
    environments = {name: said for each in results.timed for name, said in each.environments.items()}
    environment = machine.environment(environments, settings)
    return {
        "speed.csv": report.csv(results.lines),
        "speed.md": report.markdown(results.lines, results.grown, environment),
        "speed_environment.json": json.dumps(environment, indent=2) + "\n",
        **plots(results.lines, results.grown),
    }


def partial(results: Results) -> dict[str, str]:
    """Return the tables of a run that has not ended, by name."""
    return {
        "speed.partial.csv": report.csv(results.lines),
        "speed.partial.md": report.markdown(results.lines, results.grown, {}),
    }


def sound(record: Timed | Growth) -> None:
    """Raise something for what tables cannot show: somebody else has written it."""
    if isinstance(record, Timed):
        if any((line.size, line.dtype) != (record.size, record.dtype) for line in record.lines):
            raise ValueError(f"lines of another size than {record.size}")
        report.shape(SIZES[record.size])
        for line in record.lines:
            report.cells(line)
    elif record.what not in GROWTH or any(each.what != record.what or each.exponent is None for each in record.grown):
        raise ValueError(f"{record.what}: nothing that grows")


def contests(
    everyone: Sequence[Contestant], pairs: Sequence[tuple[Size, str]], options: Options, tell: Tell
) -> Iterator[Timed]:
    """Yield each contest, of a size in a dtype, when it has ended."""
    for done, (size, dtype) in enumerate(pairs):
        tell(f"{size.name} {dtype}", done, len(pairs))
        contest(everyone, size, dtype, options.rounds, options.repetition)
        environments = {each.name.partition("/")[0]: each.ready.environment for each in everyone if each.ready}
        yield Timed(size.name, dtype, lines(everyone, size, dtype, COPIED), environments)


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


def grow(fast: Sequence[Contestant], growing: Sequence[str], rounds: int, tell: Tell) -> Iterator[Growth]:
    """Time the fast paths while one thing grows: examples, width, depth; float32. Yield each when it has grown."""
    for what in growing:
        theory, sizes = GROWTH[what]
        times: dict[str, list[tuple[int, float]]] = {each.name: [] for each in fast}
        for done, (number, size) in enumerate(sizes):
            tell(f"growth: {what} {number}", done, len(sizes))
            contest(fast, size, "float32", rounds, QUICK)
            for each in fast:
                if each.ready is not None and each.seconds:
                    times[each.name].append((number, 1e6 * sorted(each.seconds)[len(each.seconds) // 2]))
        grown = [report.Grown(what, theory, name, points) for name, points in times.items() if len(points) > 1]
        yield Growth(what, grown)
