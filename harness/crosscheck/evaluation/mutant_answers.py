"""What a mutant of somebody's source answers, and which check catches it. Runs in the warm process's children.

The oracle, the bounds and the noise are made once, in the warm process, before any child. A child loads the
implementation with the mutant in it and asks case after case until one check sees it. An answer that is the original's
own, to the last bit, needs no judge.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from crosscheck_impls.interface import Declaration, Framework, declaration

from crosscheck.core.records import Answer, Certification, Comparison, flat
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.labels import predictions
from crosscheck.judge.reproducible import departure
from crosscheck.judge.steps import certify
from crosscheck.judge.verdict import conventions
from crosscheck.oracle.noise import FACTOR
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.runner import overlay
from crosscheck.runner.collect import SLOW, configure, measure, python_steps
from crosscheck.runner.forks import Answering, Question
from crosscheck.runner.loading import load_implementation

SUSPICIONS = ("irreproducible", "noise")
SUITE = "crosscheck.testing.conformance"


def prepare(settings: Mapping[str, Any]) -> Answering:
    """Import what takes long and judge what can be judged before anyone answers; return what answers questions.

    settings: name, the implementation's; problems, dtypes; forms: the declarations to prepare for; packages: what the
    mutated files import; files: these; suite: whether the conformance suite will be asked for.
    """
    for package in [*settings["packages"], *(["pytest", "hypothesis"] if settings["suite"] else [])]:
        if importlib.util.find_spec(package) is not None:
            importlib.import_module(package)
    asked = Asked(settings)
    kinds: dict[str, Callable[[Question, Callable[[int], None]], Any]] = {
        "original": asked.original,
        "mutant": asked.mutant,
        "suite": asked.suite,
    }
    return lambda question, at: kinds[question["kind"]](question, at)


class Asked:
    """The questions that a child can be asked about one implementation."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.name: str = settings["name"]
        self.folder: str = settings["folder"]
        self.files = {os.path.realpath(file): file for file in settings["files"]}
        self.judges: dict[tuple[str, str], Judge] = {}
        for problem in settings["problems"]:
            for dtype in settings["dtypes"]:
                judge = self.judges[problem, dtype] = Judge(make_case(build(BY_NAME[problem]), dtype))
                for form in settings["forms"]:
                    _prepared(judge, _plain(Declaration(formulation=form[0], precision=form[1])))

    def original(self, question: Question, at: Callable[[int], None]) -> list[dict[str, Any]]:
        """Return, for each problem of one variant and dtype, what the source as it is does.

        digest: of its answer. by: the check that catches even the original. cpu: seconds. lines: by file, those that
        ran.
        """
        ran: dict[str, set[int]] = {file: set() for file in self.files.values()}
        sys.settrace(_tracer(self.files, ran))
        framework = self._loaded()
        imported = {file: set(lines) for file, lines in ran.items()}
        found = []
        for k, problem in enumerate(question["problems"]):
            at(k)
            for lines in ran.values():
                lines.clear()
            start = time.process_time()
            sys.settrace(_tracer(self.files, ran))
            digest, by = self._seen(framework, question["variant"], problem, question["dtype"], "")
            sys.settrace(None)
            reached = {file: sorted(lines | imported[file]) for file, lines in ran.items()}
            found.append({"digest": digest, "by": by, "cpu": time.process_time() - start, "lines": reached})
        return found

    def mutant(self, question: Question, at: Callable[[int], None]) -> dict[str, Any]:
        """Return the check that catches a mutant, "" for none; asks: [variant, problem, dtype, the original's digest].

        same: how many answers were the original's own. suspicion: a check that only suspects, if no other caught it.
        """
        overlay.install(question["file"], question["source"])
        try:
            framework = self._loaded()
        except BaseException as error:  # a mutant may break anything
            return {"by": "import", "word": type(error).__name__, "same": 0}
        same, suspicion, suspected = 0, "", -1
        for k, (variant, problem, dtype, expected) in enumerate(question["asks"]):
            at(k)
            digest, by = self._seen(framework, variant, problem, dtype, expected)
            same += digest == expected
            if by in SUSPICIONS and not suspicion:
                suspicion, suspected = by, k
            elif by and by not in SUSPICIONS:
                return {"by": by, "same": same}
        if suspicion:
            at(suspected)
        return {"by": "", "suspicion": suspicion, "suspected": suspected, "same": same}

    def suite(self, question: Question, at: Callable[[int], None]) -> dict[str, Any]:
        """Return the first test of the conformance suite that fails, "" for none."""
        if question["source"]:
            overlay.install(question["file"], question["source"])
        import pytest

        os.chdir(self.folder)
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = self.folder
        folder = str(Path(importlib.util.find_spec(SUITE).origin).parent)  # type: ignore[union-attr, arg-type]
        options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-c", os.devnull, "--rootdir", folder]
        options += ["--import-mode=importlib", folder]
        first = _First()
        code = pytest.main([*options, f"--impl={question['name']}"], plugins=[first])
        return {"by": first.failed or ("" if code == 0 else f"pytest's exit code {int(code)}")}

    def _loaded(self) -> Framework:
        warnings.simplefilter("ignore")
        return load_implementation(self.name)

    def _seen(self, framework: Framework, variant: str, problem: str, dtype: str, expected: str) -> tuple[str, str]:
        """Return the digest of the answer to one case, and the check that catches it, none for the expected one."""
        judge = self.judges[problem, dtype]
        try:
            with np.errstate(all="ignore"):  # mutants overflow
                configure(framework, dtype)
                declared = declaration(framework, variant)
                if python_steps(judge.case, declared) > SLOW:  # seconds, for each of hundreds of mutants
                    return "", "too slow"
                answer = measure(framework, variant, declared, judge.case, "cpu")
                digest = digest_of(answer)
                return digest, "" if digest == expected else caught(judge, answer, declared)
        except Exception:
            return "", "error"


class _First:
    """A plugin of pytest's that notes the first test that fails."""

    failed = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid.split("::")[-1]


def _plain(declared: Declaration) -> Declaration:
    """Return what the bounds depend on: what Python loops over, and what a convention is called, are none of it."""
    return declared._replace(loops_over="nothing", convention="")


def _prepared(judge: Judge, declared: Declaration) -> None:
    """Let a judge evaluate its oracle, its bounds and the noise, which its copies in the children then have."""
    for checkpoint in range(len(judge.case.checkpoints)):
        judge.at_checkpoint(checkpoint, declared)
        judge.noise(checkpoint, declared)


def caught(judge: Judge, answer: Answer, declared: Declaration) -> str:
    """Return the first check that catches an answer, under whichever convention leaves it the most; "" for none."""
    if judge.broken(answer, "cpu"):
        return "promises"
    first = ""
    for under, _ in conventions(declared):
        by = _under(judge, answer, _plain(under))
        if by == "" or by in SUSPICIONS:
            return by
        first = first or by
    return first


def _under(judge: Judge, answer: Answer, under: Declaration) -> str:
    comparisons = judge.compare(answer, under)
    if any(each.outside for each in comparisons):
        return "bound"
    if any(each.outside for each in certify(judge, answer, under)):
        return "steps"
    labels = predictions(judge, answer, under)
    if labels.wrong:
        return "labels"
    if not labels.finite and len(judge.case.checkpoints) == 3:
        return "not finite"
    if answer.run.certification is Certification.IRREPRODUCIBLE:
        return "run" if departure(judge, answer.run, under).outside else "irreproducible"
    return "noise" if _noise(comparisons) > FACTOR else ""


def _noise(comparisons: Sequence[Comparison]) -> float:
    return max((each.noise for each in comparisons if each.noise is not None), default=0.0)


def digest_of(answer: Answer) -> str:
    """Return a digest of every number of an answer, and of all that must be exact."""
    digest = hashlib.blake2b(digest_size=12)
    for array in _arrays(answer):
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    words = (answer.checkpoints, answer.device, answer.broken, answer.run.certification, len(answer.run.steps))
    digest.update(repr(words).encode())
    return digest.hexdigest()


def _arrays(answer: Answer) -> Iterator[Any]:
    for J, gradient in answer.gradients:
        yield from map(np.asarray, (J, *flat(gradient)))
    run = answer.run
    yield from map(np.asarray, (run.costs, *flat(run.trained)))
    for step in run.steps:
        yield from map(np.asarray, (step.t, step.J, *flat(step.before), *flat(step.after)))
    for labels in (answer.labels_start, answer.labels, answer.labels_test):
        if labels is not None:
            yield np.asarray(labels)


def _tracer(files: Mapping[str, str], ran: Mapping[str, set[int]]) -> Callable[[FrameType, str, Any], Any]:
    """Return a trace function that notes the lines of some files that run."""
    known: dict[str, str | None] = {}

    def line(frame: FrameType, event: str, _: Any) -> Any:
        file = known[frame.f_code.co_filename]
        if file is not None:
            ran[file].add(frame.f_lineno)
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        path = frame.f_code.co_filename
        if path not in known:
            known[path] = files.get(os.path.realpath(path))
        return None if known[path] is None else line(frame, event, argument)

    return call
