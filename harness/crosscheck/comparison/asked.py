"""What is to be compared: implementations, dtypes and a device by their names, and a request of all of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from crosscheck_impls.interface import (
    COMPILED,
    DISTRIBUTED,
    DTYPES,
    EVERY_DTYPE,
    ON_REQUEST,
    REDUCED,
    VARIANTS,
    BadInput,
    nearest,
)

from crosscheck.core.failures import Failure
from crosscheck.problems.catalogue import Problem
from crosscheck.report.words import of_failure
from crosscheck.runner import subprocesses
from crosscheck.runner.loading import check_apart, importable, registered
from crosscheck.runner.subprocesses import TIME_LIMIT, About


class Implementation(NamedTuple):
    """A framework, or the dotted path of anyone's module, and one of its gradient variants."""

    framework: str
    variant: str

    def __str__(self) -> str:
        return f"{self.framework}/{self.variant}"


DEVICES = ("cpu", "cuda")


def implementations(names: Sequence[str] | None, time_limit: float = TIME_LIMIT) -> list[Implementation]:
    """Return what the names stand for: `framework/variant`, a framework, or a dotted path; all of ours if none.

    An outsider's module is asked for its variants in a process of its own. Raises BadInput, with the nearest names.
    """
    chosen: dict[Implementation, None] = {}
    outsiders = registered()
    given = [(name, importable(name)) for name in names or VARIANTS]
    check_apart(names or ())
    for name, module in given:
        framework, slash, variant = module.partition("/")
        if slash and not variant:
            raise BadInput(f"{name}: no variant after the /, expected framework/variant", parameter="impl")
        framework = outsiders.get(framework, framework)
        variants = _variants(name, framework, outsiders, time_limit)
        there = [*variants, *(each for more in (ON_REQUEST, COMPILED, REDUCED) for each in more.get(framework, ()))]
        if variant and variant not in there:
            near = nearest(name, [f"{framework}/{each}" for each in there])
            if variant in DISTRIBUTED.get(framework, {}):
                near = "it is distributed: add --processes 2"
            raise BadInput(f"{name}: {framework} has no variant {variant!r}; {near}", parameter="impl")
        chosen |= dict.fromkeys(Implementation(framework, each) for each in ([variant] if variant else variants))
    return list(chosen)


def _variants(name: str, framework: str, outsiders: Mapping[str, str], time_limit: float) -> tuple[str, ...]:
    """Return the variants of a framework; name: what the user called it."""
    if framework in VARIANTS:
        return VARIANTS[framework]
    if "." not in framework and importlib.util.find_spec(framework) is None:
        known = [f"{framework}/{variant}" for framework, variants in VARIANTS.items() for variant in variants]
        near = nearest(name, [*known, *VARIANTS, *outsiders])
        raise BadInput(f"{name}: no such implementation; {near}", parameter="impl")
    about = subprocesses.probe(framework, time_limit)
    if isinstance(about, Failure):
        raise BadInput(f"{name}: {of_failure(about)}", parameter="impl")
    return about.variants


def check_device(device: str, chosen: Sequence[Implementation], time_limit: float = TIME_LIMIT) -> None:
    """Raise BadInput for a device that none of the chosen frameworks has here."""
    if device not in DEVICES:
        raise BadInput(f"{device}: unknown, expected cpu or cuda", parameter="device")
    if device == "cpu":
        return
    have = []
    for framework in dict.fromkeys(each.framework for each in chosen):
        about = subprocesses.probe(framework, time_limit) if not subprocesses.missing(framework) else None
        devices = about.devices if isinstance(about, About) else ()
        if device in devices:
            return
        have.append(f"{framework}: {', '.join(devices) or 'not installed'}")
    raise BadInput(
        f"{device}: not here ({'; '.join(have)}), expected a device that is, such as cpu", parameter="device"
    )


def check_time_limit(seconds: float) -> None:
    """Raise BadInput for a time limit that is none."""
    if not 0 < seconds <= 1e6:
        raise BadInput(f"{seconds:g}: expected seconds > 0, and at most 1e6", parameter="time_limit")


def check_dtypes(dtypes: Sequence[str] | None, known: Sequence[str] = EVERY_DTYPE) -> list[str]:
    """Return the dtypes to run, the default pair or those named: float64 always, the twin that judges every other."""
    for dtype in dtypes or ():
        if dtype not in known:
            raise BadInput(f"{dtype}: unknown here, expected {' or '.join(known)}", parameter="dtype")
    return [dtype for dtype in EVERY_DTYPE if dtype in (dtypes or DTYPES) or dtype == "float64"]


class Request(NamedTuple):
    """What is to be compared; time_limit: seconds for one implementation on one problem.

    again: whether some of it is asked once more with all processors. together: whether one process of a framework is
    asked all of its variants; all_processors: and has all of them. hosts: of a fleet, each of which is asked all.
    """

    problems: Sequence[Problem]
    chosen: Sequence[Implementation]
    dtypes: Sequence[str]
    device: str = "cpu"
    time_limit: float = TIME_LIMIT
    again: bool = False
    together: bool = False
    all_processors: bool = False
    hosts: Sequence[str] = ("",)

    @property
    def in_chunks(self) -> bool:
        """Whether examples are read in chunks."""
        return any(problem.source is not None for problem in self.problems)

    def asked(self, processors: bool = True) -> list[tuple[Problem, str]]:
        """Return each problem with each dtype; one about threads, where there are processors for it, in float64 alone.

        float64 comes last: JAX's x64 switch, once on, stays on.
        """
        dtypes = sorted(self.dtypes, key=lambda dtype: (dtype == "float64", dtype))
        plain = [(problem, dtype) for dtype in dtypes for problem in self.problems if not problem.threads]
        return plain + [(problem, "float64") for problem in self.problems if problem.threads and processors]
