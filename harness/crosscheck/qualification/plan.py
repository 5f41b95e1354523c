"""What a qualification asks, and of whom; and what it keeps of the answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from crosscheck_impls.interface import REDUCED, VARIANTS

from crosscheck.comparison.asked import Implementation
from crosscheck.qualification.design import Factors, Question, questions
from crosscheck.qualification.judged import Result
from crosscheck.qualification.repeats import Finding
from crosscheck.qualification.tensor_core import Probe, Products
from crosscheck.report.machine import host
from crosscheck.runner.loading import loader_of
from crosscheck.runner.subprocesses import missing

MOST = 2000  # questions of the design; those that follow up have numbers from there on
MODES = ("tf32", "bfloat16_products")  # whose products are looked at too, since they are what a processor may do
KERNELS = {"numpy": ("by_hand", "fast"), "torch": ("by_hand", "fast", "native"), "jax": ("by_hand", "fast", "native")}

Record: TypeAlias = "Result | Finding | Ran | Products"


class Ran(NamedTuple):
    """What a framework says that it ran on."""

    framework: str
    environment: Mapping[str, Any]


class Plan(NamedTuple):
    """What is asked. seconds: of the whole; most: questions for each implementation, 0 for as many as there is time."""

    chosen: Sequence[Implementation]
    levels: Factors
    device: str
    seed: int
    seconds: float
    most: int = 0

    def numbered(self) -> list[tuple[int, Question]]:
        """Return the questions in order."""
        return list(enumerate(islice(questions(self.levels, self.seed), self.most or MOST)))


@dataclass
class Results:
    """What has been judged so far, and what each framework says that it ran on."""

    results: list[Result] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    environments: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    products: list[Products] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Put a record in its place."""
        if isinstance(record, Ran):
            self.environments[record.framework] = record.environment
        elif isinstance(record, Finding):
            self.findings.append(record)
        elif isinstance(record, Products):
            self.products.append(record)
        else:
            self.results.append(record)

    def of(self, implementation: str) -> list[Result]:
        """Return the results of one implementation."""
        return [one for one in self.results if one.implementation == implementation]


def kernels() -> list[str]:
    """Return what is asked by default: what has kernels of its own, of each framework that is installed."""
    return [f"{name}/{variant}" for name in VARIANTS if not missing(name) for variant in KERNELS[name]]


def thread_counts(device: str) -> list[int]:
    """Return the numbers of threads: 1, 2, 3, and as many as there are processors; of a GPU one alone."""
    if device != "cpu":
        return [1]
    cores = len(processors()) or os.cpu_count() or 1
    return sorted({count for count in (1, 2, 3, cores) if count <= cores})


def checked(plan: Plan) -> Callable[[Record], None]:
    """Return what raises for a record that is none of this plan's."""
    names = {str(one) for one in plan.chosen} | {probe.name for probe in probes(plan)}

    def check(record: Record) -> None:
        if not isinstance(record, Ran) and record.implementation not in names:
            raise ValueError(f"a trial of {record.implementation}, which was not asked for")

    return check


def probes(plan: Plan) -> list[Probe]:
    """Return whose products are looked at: the chosen ones, and of our frameworks the variants of MODES."""
    if "float32" not in plan.levels.dtype:
        return []
    narrow = [
        Implementation(framework, variant)
        for framework in dict.fromkeys(one.framework for one in plan.chosen)
        for variant, mode in REDUCED.get(framework, {}).items() if mode in MODES
    ]  # fmt: skip
    return [
        Probe(str(one), *one, plan.device, loader_of(one.framework)) for one in dict.fromkeys([*plan.chosen, *narrow])
    ]


def units(device: str) -> list[int]:
    """Return what a fault may be one of: the processors, or the GPUs."""
    return list(range(len(host()["gpus"]))) if device == "cuda" else processors()


def processors() -> list[int]:
    """Return the processors that there are, where that can be said."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
