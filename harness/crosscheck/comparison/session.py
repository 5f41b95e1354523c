"""The comparison: every implementation on every problem in every dtype, and a verdict on each."""

from __future__ import annotations

import contextlib
import importlib.util
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from crosscheck_impls.interface import DTYPES, VARIANTS, BadInput, Declaration, nearest

from crosscheck.core.records import Answer, Case
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.steps import Curves
from crosscheck.judge.verdict import BAD, Row, judge, twins
from crosscheck.mutation.mutants import Mutant
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import Problem
from crosscheck.runner import subprocesses as workers
from crosscheck.runner.loading import importable, registered
from crosscheck.runner.subprocesses import About, Failure, Job


class Implementation(NamedTuple):
    """A framework, or the dotted path of anyone's module, and one of its gradient variants."""

    framework: str
    variant: str

    def __str__(self) -> str:
        return f"{self.framework}/{self.variant}"


MAX_QUEUED_ANSWERS = 16  # answers that wait to be judged


def implementations(names: Sequence[str] | None, time_limit: float = workers.TIME_LIMIT) -> list[Implementation]:
    """Return what the names stand for: `framework/variant`, a framework, or a dotted path; all of ours if none.

    An outsider's module is asked for its variants in a process of its own. Raises BadInput, with the nearest names.
    """
    found: dict[Implementation, None] = {}
    outsiders = registered()
    known = [f"{framework}/{variant}" for framework, variants in VARIANTS.items() for variant in variants]
    for name in names or VARIANTS:
        framework, _, variant = importable(name).partition("/")
        framework = outsiders.get(framework, framework)
        if framework in VARIANTS:
            variants: tuple[str, ...] = VARIANTS[framework]
        elif "." not in framework and importlib.util.find_spec(framework) is None:
            raise BadInput(f"--impl {name}: no such implementation; {nearest(name, [*known, *VARIANTS, *outsiders])}")
        else:
            about = workers.probe(framework, time_limit)
            if isinstance(about, Failure):
                raise BadInput(f"--impl {name}: {about.reason}")
            variants = about.variants
        if variant and variant not in variants:
            raise BadInput(
                f"--impl {name}: {framework} has no variant {variant!r}; "
                f"{nearest(name, [f'{framework}/{each}' for each in variants])}"
            )
        found |= dict.fromkeys(Implementation(framework, each) for each in ([variant] if variant else variants))
    return list(found)


def check_device(device: str, chosen: Sequence[Implementation], time_limit: float = workers.TIME_LIMIT) -> None:
    """Raise BadInput for a device that none of the chosen frameworks has here."""
    if device not in ("cpu", "cuda"):
        raise BadInput(f"--device {device}: unknown, expected cpu or cuda")
    if device == "cpu":
        return
    have = []
    for framework in dict.fromkeys(each.framework for each in chosen):
        about = workers.probe(framework, time_limit) if not workers.missing(framework) else None
        devices = about.devices if isinstance(about, About) else ()
        if device in devices:
            return
        have.append(f"{framework}: {', '.join(devices) or 'not installed'}")
    raise BadInput(f"--device {device}: not here ({'; '.join(have)}), expected a device that is; use --device cpu")


def check_time_limit(seconds: float) -> None:
    """Raise BadInput for a time limit that is none."""
    if not 0 < seconds <= 1e6:
        raise BadInput(f"--time-limit {seconds:g}: expected seconds > 0, and at most 1e6")


def check_dtypes(dtypes: Sequence[str] | None) -> list[str]:
    """Return the dtypes to run: float64 always, since a float32 row is judged with its float64 twin."""
    for dtype in dtypes or ():
        if dtype not in DTYPES:
            raise BadInput(f"--dtype {dtype}: unknown, expected {' or '.join(DTYPES)}")
    return [dtype for dtype in DTYPES if not dtypes or dtype in dtypes or dtype == "float64"]


def compare(
    problems: Sequence[Problem],
    chosen: Sequence[Implementation],
    dtypes: Sequence[str],
    device: str,
    report: Callable[[str, int, int], None],
    rows: list[Row],
    abouts: dict[str, Mapping[str, Any]],
    time_limit: float = workers.TIME_LIMIT,
    keep: Callable[[Case, str, Answer, Declaration], None] | None = None,
) -> None:
    """Fill `rows`, in the order problem, implementation, dtype, and `abouts`, each framework's environment.

    report: called with (what, done, total). Both lists hold what is done so far if this is interrupted. keep: called
    with each case, the implementation's name, its answer, and what it declares.
    """
    cases: dict[tuple[str, str], Case] = {}
    for number, problem in enumerate(problems):
        report("preparing", number, len(problems))
        for dtype in dtypes:
            cases[problem.name, dtype] = make_case(problem, dtype)
    judges = {key: Judge(case) for key, case in cases.items()}
    curves = {key: Curves(case) for key, case in cases.items()}
    guesses: dict[str, Mutant] = {}  # what explained an implementation once will mostly do so again
    total = len(cases) * len(chosen)

    def row(job: Job, case: Case, about: About | None, answer: Answer | Failure) -> None:
        key: dict[str, Any] = {
            "problem": case.problem,
            "implementation": job.name,
            "dtype": case.dtype,
            "device": device,
        }
        if isinstance(answer, Failure):
            rows.append(Row(**key, verdict=answer.kind, cause=answer.reason))
        else:
            abouts[job.framework] = answer.environment
            declared = about.declarations[job.variant] if about is not None else Declaration()
            try:
                judged = judge(judges[case.problem, case.dtype], answer, declared, key, guesses.get(job.name))
                judged.envelope = curves[case.problem, case.dtype].beside(answer.run.costs)
                rows.append(judged)
                if judged.explained is not None and judged.explained.exactly:
                    guesses.setdefault(job.name, judged.explained.mutant)
                if keep is not None:
                    keep(case, job.name, answer, declared)
            except Exception as error:  # an outsider's answer may have any form
                reason = f"the answer cannot be read: {type(error).__name__}: {error}"
                rows.append(Row(**key, verdict="failed", cause=reason))
        report(job.name, len(rows), total)

    jobs = []
    for each in chosen:
        # float32 first: JAX's x64 switch, once on, stays on
        ordered = [cases[p.name, dtype] for dtype in sorted(dtypes) for p in problems]
        if package := workers.missing(each.framework):
            for case in ordered:
                row(Job(*each, device, ()), case, None, Failure("not run", f"{package} is not installed"))
            continue
        slow = {"jax": 3.0}.get(each.framework, 1.0) + 2 * (each.variant in ("loops", "per_example"))
        jobs.append(Job(each.framework, each.variant, device, ordered, cost=slow))
    with in_background(row) as later:
        if jobs:
            workers.run(jobs, later, time_limit)
    order = {name: k for k, name in enumerate([p.name for p in problems] + [str(each) for each in chosen] + [*DTYPES])}
    rows.sort(key=lambda r: (order[r.problem], order[r.implementation], order[r.dtype]))
    twins(rows)


@contextlib.contextmanager
def in_background(function: Callable[..., None]) -> Iterator[Callable[..., None]]:
    """Give a function that calls the function in a thread, in order, so that no worker waits for a judgement.

    At most MAX_QUEUED_ANSWERS calls are put off; what one of them raises is raised here. An interrupt drops what waits.
    """
    calls: deque[Future[None]] = deque()

    def later(*arguments: Any) -> None:
        if len(calls) == MAX_QUEUED_ANSWERS:
            calls.popleft().result()
        calls.append(judging.submit(function, *arguments))

    judging = ThreadPoolExecutor(1)
    try:
        yield later
        for each in calls:
            each.result()
    finally:
        judging.shutdown(cancel_futures=True)


def exit_code(rows: Sequence[Row]) -> int:
    """Return 0 if nothing disagrees or failed, else 1."""
    return int(any(row.verdict in BAD for row in rows))
