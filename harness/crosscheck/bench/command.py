"""`crosscheck bench`: who takes part, the contests, the growth, and the files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from crosscheck_impls.interface import DTYPES, VARIANTS, BadInput, nearest

from crosscheck.bench import report
from crosscheck.bench.figures import Line, lines
from crosscheck.bench.sizes import GROWTH, choose
from crosscheck.bench.turns import COPIED, PEERS, Contestant, contest, contestants
from crosscheck.core import files
from crosscheck.report import tables
from crosscheck.report.screen import progress
from crosscheck.runner import subprocesses as workers

TIMED = ("by_hand", "fast", "native")  # the others say by_hand or native in other words, or loop over examples
REPETITION, QUICK = 0.1, 0.02  # seconds of one repetition


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
            raise BadInput(f"--impl {name}: nothing to time; {nearest(name, [*ours, *peers])}")
    floor = [name for name in peers if name.startswith(("products", "copy"))]
    chosen = list(dict.fromkeys(names or [*ours, *peers]))
    return [name for name in chosen if name not in floor] + floor


def bench(
    impl: Sequence[str] | None, only: Sequence[str] | None, dtypes: Sequence[str] | None, threads: int, rounds: int,
    device: str, quick: bool, growth: bool, out: Path,
) -> None:  # fmt: skip
    """Time everyone on every size, write the tables and plots, and print where they are. Raises BadInput."""
    names, sizes = everyone(impl), choose(only, quick)
    for dtype in dtypes or ():
        if dtype not in DTYPES:
            raise BadInput(f"--dtype {dtype}: unknown, expected {' or '.join(DTYPES)}")
    # float32 first: JAX's x64 switch, once on, stays on
    wanted = [dtype for dtype in sorted(DTYPES) if not dtypes or dtype in dtypes]
    if rounds < 2:
        raise BadInput(f"--rounds {rounds}: expected at least 2, since one has no spread; 7 by default")
    if not 1 <= threads <= (os.cpu_count() or 1):
        raise BadInput(f"--threads {threads}: expected 1 to {os.cpu_count() or 1}, as many as there are processors")
    check_device(device, names)
    files.writable(out)
    found: list[Line] = []
    grown: list[report.Grown] = []
    with contestants(names, threads, device) as all_of_them:
        try:
            with progress("timing") as tell:
                steps = [(size, dtype) for dtype in wanted for size in sizes]
                for done, (size, dtype) in enumerate(steps):
                    tell(f"{size.name} {dtype}", done, len(steps))
                    contest(all_of_them, size, dtype, rounds, QUICK if quick else REPETITION)
                    found += lines(all_of_them, size, dtype, COPIED)
                if growth and not quick:
                    grown += grow([each for each in all_of_them if each.name.endswith("/fast")], rounds, tell)
        except KeyboardInterrupt as stopped:
            files.write(out / "speed.partial.csv", report.csv(found))
            files.write(out / "speed.partial.md", report.markdown(found, grown, {}))
            stopped.args = (f"{len(found)} lines are in {out / 'speed.partial.csv'}",)
            raise
    settings = {
        "device": device, "threads": threads, "rounds": rounds, "dtypes": wanted, "sizes": [s.name for s in sizes],
        "seconds of a repetition": QUICK if quick else REPETITION,
    }  # fmt: skip
    abouts = {each.name.partition("/")[0]: each.ready.environment for each in all_of_them if each.ready is not None}
    environment = tables.environment(abouts, settings)
    files.write(out / "speed.csv", report.csv(found))
    files.write(out / "speed.md", report.markdown(found, grown, environment))
    files.write(out / "speed_environment.json", json.dumps(environment, indent=2) + "\n")
    written = ["speed.csv", "speed.md", "speed_environment.json", *report.plots(out, found, grown)]
    print(report.summary(found))
    print(f"Tables: {', '.join(str(out / name) for name in written)}")


def check_device(device: str, names: Sequence[str]) -> None:
    """Raise BadInput for a device that none of the frameworks has here."""
    if device not in ("cpu", "cuda"):
        raise BadInput(f"--device {device}: unknown, expected cpu or cuda")
    if device == "cpu":
        return
    frameworks = dict.fromkeys(name.partition("/")[0] for name in names if "/" in name)
    abouts = [workers.probe(framework) for framework in frameworks if not workers.missing(framework)]
    have = [each for about in abouts if isinstance(about, workers.About) for each in about.devices]
    if device not in have:
        raise BadInput(f"--device {device}: not here, expected {' or '.join(dict.fromkeys(have))}; use --device cpu")


def grow(fast: Sequence[Contestant], rounds: int, tell: Callable[[str, int, int], None]) -> list[report.Grown]:
    """Time the fast paths while one thing grows: examples, width, depth; float32."""
    found = []
    for what, (theory, steps) in GROWTH.items():
        times: dict[str, list[tuple[int, float]]] = {each.name: [] for each in fast}
        for done, (number, size) in enumerate(steps):
            tell(f"growth: {what} {number}", done, len(steps))
            contest(fast, size, "float32", rounds, QUICK)
            for each in fast:
                if each.ready is not None and each.seconds:
                    times[each.name].append((number, 1e6 * sorted(each.seconds)[len(each.seconds) // 2]))
        found += [report.Grown(what, theory, name, points) for name, points in times.items() if len(points) > 1]
    return found
