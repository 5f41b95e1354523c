"""Mutants of an implementation's source, run one by one: which are caught, and which live.

First the source as it is answers every problem, and the lines that run are noted. Then each mutant is asked for the
problems that run its lines, quickest first, in float64 and after that in float32, until a check catches it; and what
is still alive goes through the conformance suite. A mutant that lives computes the same, or shows what nobody tests.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from crosscheck_impls.interface import DTYPES, BadInput

from crosscheck.core.failures import Failure
from crosscheck.evaluation.population import imported, mutants, sampled
from crosscheck.mutation.source.changes import Change, Key, applied
from crosscheck.report.words import of_failure
from crosscheck.runner import compiled, settings
from crosscheck.runner.forks import Question, Warm
from crosscheck.runner.subprocesses import TIME_LIMIT, About, probe

WORKER = "crosscheck.evaluation.mutant_answers:prepare"
TAKE_TURNS = 2  # variants that are asked for one problem, where more of them run the same line
SECONDS = 10.0  # of the processor, that a mutant may take beside TIMES what the original takes
TIMES = 10.0
ORIGINAL_SECONDS, SUITE_SECONDS = 3600.0, 300.0


class Outcome(StrEnum):
    """What became of a mutant. equivalent: it lives, and somebody has written down why it computes the same."""

    KILLED = "killed"
    SUSPECT = "suspect"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"


@dataclass
class Result:
    """One mutant of one implementation.

    by: the check that caught it, as in `mutation.md`, or `import`, `time`, `memory`, `conformance`, or of a command its
    exit code. variant, problem, dtype: what it answered wrong. asked, same: how many answers it gave, and how many of
    them were the original's own to the last bit. why: of an equivalent one.
    """

    implementation: str
    change: Change
    outcome: Outcome
    by: str = ""
    variant: str = ""
    problem: str = ""
    dtype: str = ""
    asked: int = 0
    same: int = 0
    why: str = ""


class Target(NamedTuple):
    """Whose source is mutated. files: by the name that is shown. shared: those that count only where they run.

    Of a variant that is named alone all files are shared with others; of a framework of ours `defaults.py` is, what
    reads files in `chunked.py`, and what makes programs.
    """

    name: str
    framework: str
    variants: tuple[str, ...]
    files: Mapping[str, Path]
    shared: Collection[str] = ()


class Ask(NamedTuple):
    """One question to a mutant, and what the original answers; cpu: seconds that it took. lines: by file."""

    variant: str
    problem: str
    dtype: str
    digest: str
    cpu: float
    lines: Mapping[str, frozenset[int]]

    def reaches(self, change: Change, path: str) -> bool:
        """Return whether a line of the change ran."""
        return not self.lines.get(path, frozenset()).isdisjoint(range(change.first, change.last + 1))


Report = Callable[[str, int, int], None]


# ---------------------------------------------------------------- the run


class Request(NamedTuple):
    """What is to be run. sample: how many mutants, None for all. why: of those known to compute the same."""

    target: Target
    sample: int | None
    seed: int
    problems: Sequence[str]
    why: Mapping[Key, str]
    suite: bool = True
    dtypes: Sequence[str] = DTYPES


def declared(target: Target, time_limit: float = TIME_LIMIT) -> About:
    """Ask an implementation what it is, in a process of its own. Raises BadInput where it cannot be loaded."""
    about = probe(target.framework, time_limit)
    if isinstance(about, Failure):
        raise BadInput(f"{target.name}: {of_failure(about)}", parameter="impl")
    return about


def run(request: Request, report: Report, results: list[Result]) -> int:
    """Append a result for each mutant as it is decided; return of how many mutants these are the sample.

    Raises BadInput where the original itself is wrong.
    """
    target = request.target
    forms = {(each.formulation, each.precision) for each in declared(target).declarations.values()}
    at_once = os.cpu_count() or 1
    # torch has lines for several threads only, and takes the smaller of these two
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    with tempfile.TemporaryDirectory(prefix="crosscheck-") as folder:
        asked = {
            "name": target.framework, "folder": folder, "files": [str(path) for path in target.files.values()],
            "problems": list(request.problems), "dtypes": list(request.dtypes), "forms": sorted(forms),
            "packages": imported(target.files), "suite": request.suite,
        }  # fmt: skip
        environment = settings.environment(at_once, threads)
        with compiled.checked(settings.caches(environment)), Warm(WORKER, asked, at_once, environment) as warm:
            return _Session(request, report, results, warm).run()


class _Session:
    """The mutants that are not decided yet, and what the original answers."""

    def __init__(self, request: Request, report: Report, results: list[Result], warm: Warm) -> None:
        self.request, self.report, self.results, self.warm = request, report, results, warm
        self.target = request.target
        self.texts = {name: path.read_text(encoding="utf-8") for name, path in self.target.files.items()}
        self.alive: dict[int, Result] = {}

    def run(self) -> int:
        """Decide every mutant of the sample; return of how many it is one."""
        population = mutants(self.target.files)  # before anything takes time: a file may be no Python
        original = self._original()
        population = [
            each
            for each in population
            if each.key.file not in self.target.shared or any(ask.reaches(each, self._path(each)) for ask in original)
        ]
        drawn = sampled(population, self.request.sample, self.request.seed)
        self.alive = {k: Result(self.target.name, each, Outcome.SURVIVED) for k, each in enumerate(drawn)}
        for dtype in self.request.dtypes:
            self._ask(dtype, [ask for ask in original if ask.dtype == dtype])
        if self.request.suite:
            self._suite(original)
        for k in list(self.alive):
            result = self.alive[k]
            if result.outcome is Outcome.SURVIVED and result.change.key in self.request.why:
                result.outcome, result.why = Outcome.EQUIVALENT, self.request.why[result.change.key]
            self._decided(k)
        return len(population)

    # ------------------------------------------------ the original

    def _original(self) -> list[Ask]:
        """Return what can be asked: where the original answers, and no check catches it."""
        pairs = [(variant, dtype) for variant in self.target.variants for dtype in self.request.dtypes]
        found: list[Ask] = []
        every: Question = {"kind": "original", "cpu": ORIGINAL_SECONDS, "problems": list(self.request.problems)}
        questions = [every | {"variant": variant, "dtype": dtype} for variant, dtype in pairs]
        for done, (question, reply) in enumerate(self.warm.ask(questions), start=1):
            self.report(f"{self.target.name} as it is", done, len(pairs))
            if reply["ended"]:
                raise BadInput(f"{self.target.name}: its process ended ({reply['ended']}), expected answers")
            for problem, each in zip(question["problems"], reply["answer"], strict=True):
                lines = {file: frozenset(ran) for file, ran in each["lines"].items()}
                if not each["by"]:
                    found.append(
                        Ask(question["variant"], problem, question["dtype"], each["digest"], each["cpu"], lines)
                    )
        if not found:
            raise BadInput(f"{self.target.name}: is not right on any problem; crosscheck compare says what is wrong")
        return _shared(found)

    # ------------------------------------------------ the problems

    def _ask(self, dtype: str, asks: Sequence[Ask]) -> None:
        """Ask the mutants that are alive for the problems that reach them."""
        plans = {k: plan(asks, result.change, self._path(result.change)) for k, result in self.alive.items()}
        questions = [self._question(k, chosen) for k, chosen in plans.items() if chosen]
        for done, (question, reply) in enumerate(self.warm.ask(questions), start=1):
            self.report(f"{self.target.name} {dtype}", done, len(questions))
            k, chosen = question["mutant"], plans[question["mutant"]]
            result, answer = self.alive[k], reply["answer"] if not reply["ended"] else {}
            result.asked += len(chosen)
            result.same += answer.get("same", 0)
            by = _ended(reply["ended"]) or answer["by"]
            at = reply["at"]
            if not by and answer["suspicion"] and not result.by:
                result.outcome, result.by, at = Outcome.SUSPECT, answer["suspicion"], answer["suspected"]
                _where(result, chosen[at])
            if by:
                result.outcome, result.by = Outcome.KILLED, by
                if at >= 0:
                    _where(result, chosen[at])
                self._decided(k)

    def _question(self, k: int, chosen: Sequence[Ask]) -> Question:
        change = self.alive[k].change
        return {
            "kind": "mutant", "mutant": k, "file": self._path(change), "source": self._mutated(change),
            "asks": [[ask.variant, ask.problem, ask.dtype, ask.digest] for ask in chosen],
            "cpu": SECONDS + TIMES * sum(ask.cpu for ask in chosen),
        }  # fmt: skip

    # ------------------------------------------------ the conformance suite

    def _suite(self, original: Sequence[Ask]) -> None:
        """Let each mutant that is alive go through the conformance suite as a variant that runs its lines.

        The variants take turns; one that does not pass the suite as it is has none.
        """
        passing, questions = self._passing(), list[Question]()
        for k, result in self.alive.items():
            change = result.change
            reaching = {ask.variant for ask in original if ask.reaches(change, self._path(change))}
            chosen = [each for each in passing if each in reaching or not reaching]
            if chosen:
                mutated = {"file": self._path(change), "source": self._mutated(change), "mutant": k}
                questions.append(self._suite_question(chosen[k % len(chosen)]) | mutated)
        for done, (question, reply) in enumerate(self.warm.ask(questions), start=1):
            self.report(f"{self.target.name} conformance", done, len(questions))
            result = self.alive[question["mutant"]]
            by = _ended(reply["ended"]) or reply["answer"]["by"]
            if by:
                result.outcome, result.by = Outcome.KILLED, "conformance"
                result.variant, result.problem, result.dtype = question["variant"], by, ""
                self._decided(question["mutant"])

    def _passing(self) -> list[str]:
        questions = [self._suite_question(variant) for variant in self.target.variants]
        passing = set()
        for done, (question, reply) in enumerate(self.warm.ask(questions), start=1):
            self.report(f"{self.target.name} conformance as it is", done, len(questions))
            if not reply["ended"] and not reply["answer"]["by"]:
                passing.add(question["variant"])
        return [variant for variant in self.target.variants if variant in passing]

    def _suite_question(self, variant: str) -> Question:
        name = f"{self.target.framework}/{variant}"
        return {"kind": "suite", "variant": variant, "name": name, "file": "", "source": "", "cpu": SUITE_SECONDS}

    # ------------------------------------------------

    def _path(self, change: Change) -> str:
        return str(self.target.files[change.key.file])

    def _mutated(self, change: Change) -> str:
        return applied(self.texts[change.key.file], change)

    def _decided(self, k: int) -> None:
        self.results.append(self.alive.pop(k))


def _ended(how: str) -> str:
    """Return the check that a child's end stands for."""
    return {"": "", "MemoryError": "memory", "time": "time"}.get(how, "crash")


def _where(result: Result, ask: Ask) -> None:
    result.variant, result.problem, result.dtype = ask.variant, ask.problem, ask.dtype


def _shared(asks: Sequence[Ask]) -> list[Ask]:
    """Give every ask the lines of those with the same variant and network: what is compiled or kept runs once only."""
    from crosscheck.problems.catalogue import BY_NAME, build

    networks = {name: build(BY_NAME[name]).network for name in {ask.problem for ask in asks}}
    together: dict[Any, dict[str, set[int]]] = {}
    for ask in asks:
        lines = together.setdefault((ask.variant, networks[ask.problem]), {})
        for file, ran in ask.lines.items():
            lines.setdefault(file, set()).update(ran)
    frozen = {key: {file: frozenset(ran) for file, ran in lines.items()} for key, lines in together.items()}
    return [ask._replace(lines=frozen[ask.variant, networks[ask.problem]]) for ask in asks]


def plan(asks: Sequence[Ask], change: Change, path: str) -> list[Ask]:
    """Return what to ask a mutant: the problems that run its lines, of TAKE_TURNS variants, the quickest first.

    Every problem has its turn before one is asked again of another variant, and the variants take turns; but what is
    changed in the file of a variant, that is asked, since all of them run what stands at the top of a module.
    """
    reaching = [ask for ask in asks if ask.reaches(change, path)]
    reaching = [ask for ask in reaching if ask.variant == Path(path).stem] or reaching
    order = list(dict.fromkeys(ask.variant for ask in reaching))
    by_problem: dict[str, list[Ask]] = {}
    for ask in reaching:
        by_problem.setdefault(ask.problem, []).append(ask)
    rounds: list[list[Ask]] = [[] for _ in range(TAKE_TURNS)]
    for turn, those in enumerate(by_problem.values()):
        those.sort(key=lambda ask: (order.index(ask.variant) - turn) % len(order))
        for chosen, ask in zip(rounds, those, strict=False):
            chosen.append(ask)
    return [ask for chosen in rounds for ask in sorted(chosen, key=lambda ask: ask.cpu)]


def in_order(results: Iterable[Result], names: Sequence[str]) -> list[Result]:
    """Return the results by implementation, file and place."""
    order = {name: k for k, name in enumerate(names)}
    return sorted(results, key=lambda r: (order[r.implementation], r.change.key.file, r.change.edit))


def stale(results: Collection[Result], why: Mapping[Key, str]) -> list[Key]:
    """Return the keys of mutants that somebody says compute the same, and that were caught."""
    return [r.change.key for r in results if r.outcome is Outcome.KILLED and r.change.key in why]
