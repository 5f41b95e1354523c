"""`crosscheck check`: is this function's J, and is its gradient, right? If not, what is the first thing that is wrong?

Every problem that fits is asked in a process of its own, see workers.py, or in this one for a test; each answer is
held against the oracle with the error bound, and what is wrong is told once, on the simplest problem it shows on.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crosscheck_impls.interface import VARIANTS, BadInput, Declaration, Framework

from crosscheck.core.records import Answer, Case, Comparison
from crosscheck.grading.hints import Result
from crosscheck.grading.load import SOURCE, Solution, is_solution, is_whole
from crosscheck.grading.probe import (
    FORMS,
    Ask,
    Found,
    Wanted,
    case_of,
    declared,
    outside,
    problems,
    survey,
    without_a_run,
)
from crosscheck.grading.word import report
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import Row, conventions, judge
from crosscheck.mutation.mutants import Mutant
from crosscheck.runner import subprocesses as workers
from crosscheck.runner.collect import measure
from crosscheck.runner.loading import importable, registered
from crosscheck.runner.subprocesses import Failure, Job

SEARCHES = 2  # problems on which a mistake that is none of the known ones is compared with all of them
STEPS = 10  # of the user's own `fit`, each certified
IMPORT_LIMIT = 60.0  # seconds: torch and jax take a while


class Report(NamedTuple):
    """Whether it is right, and the whole report as people read it."""

    right: bool
    text: str


def in_worker(name: str, time_limit: float) -> Ask:
    """Return how to ask a function by its name, in a process of its own that may hang or die once."""

    def ask(cases: Sequence[Case]) -> list[Answer | Failure]:
        answers: dict[int, Answer | Failure] = {}

        refused: list[str] = []

        def done(job: Job, case: Case, about: workers.About | None, answer: Answer | Failure) -> None:
            if about is None and isinstance(answer, Failure):
                refused.append(answer.reason.removeprefix("import: ").removeprefix("BadInput: "))
            answers[next(k for k, each in enumerate(cases) if each is case)] = answer

        job = Job(name, SOURCE, "cpu", cases, deaths=1)
        workers.run([job], done, time_limit, import_limit=max(IMPORT_LIMIT, time_limit))
        if refused:
            raise BadInput(f"check {name}: {refused[0]}")
        return [answers[k] for k in range(len(cases))]

    return ask


def in_process(solution: Framework) -> Ask:
    """Return how to ask a function in this very process: quicker, and as safe as the function is."""

    def ask(cases: Sequence[Case]) -> list[Answer | Failure]:
        answers: list[Answer | Failure] = []
        for case in cases:
            try:
                answers.append(measure(solution, SOURCE, Declaration(), case, "cpu"))
            except Exception as error:
                answers.append(Failure("failed", f"{type(error).__name__}: {error}"))
        return answers

    return ask


def in_full(name: str, time_limit: float) -> tuple[str, bool]:
    """Return a solution's full name, and whether it is a whole framework: a dotted path, or a registered name.

    Raises BadInput for what is neither.
    """
    path = registered().get(name, name)
    if is_whole(path) or not is_solution(path):
        path = importable(path)
    if is_solution(path) or "/" in path:
        return path, "/" in path and not is_solution(path)
    if "." not in path and path not in VARIANTS and importlib.util.find_spec(path) is None:
        raise BadInput(f"check {name}: no such file or module; expected mine.py, mine.py:function or pkg.mine")
    about = workers.probe(path, max(IMPORT_LIMIT, time_limit))
    if isinstance(about, workers.About):
        return path, True
    if "the module lacks" in about.reason:
        return f"{path}:", False
    raise BadInput(f"check {name}: {about.reason.removeprefix('import: ').removeprefix('BadInput: ')}")


def check_name(name: str, wanted: Wanted, dtypes: Sequence[str] = ("float64",), time_limit: float = 10.0) -> Report:
    """Check `mine.py`, `mine.py:function`, `pkg.mine:` or `pkg.mine:function`. Raises BadInput."""
    place = Path(name if name.endswith(".py") else name.rpartition(":")[0])
    if place.suffix == ".py" and not place.is_file():
        raise BadInput(f"check {name}: {place}: {'not a file' if place.exists() else 'no such file'}; check the path")
    assert is_solution(name)
    return examine(in_worker(name, time_limit), wanted, dtypes, name)


def check_function(function: Any, wanted: Wanted, dtypes: Sequence[str] = ("float64",)) -> Report:
    """Check a function object, in this process. Raises BadInput."""
    import sys

    module = sys.modules.get(getattr(function, "__module__", ""))
    solution = Solution(function, module)
    return examine(in_process(solution), wanted, dtypes, solution.name)


def examine(ask: Ask, wanted: Wanted, dtypes: Sequence[str], name: str) -> Report:
    """Survey, ask, judge, and report. Raises BadInput."""
    specs = problems(wanted)
    found = survey(ask, specs, wanted)
    if isinstance(found, Failure):
        lost = Found((), {2: f"lost: {found.reason}"}, "", "", ())
        return Report(*report(name, lost, [], {}, dtypes))
    chosen = [spec for spec in specs if wanted.layers or len(spec.hidden) + 1 in found.depths]
    if not found.depths:
        return Report(*report(name, found, [], {}, dtypes))
    if found.takes == "w, b" and not wanted.problems:  # logistic regression with one output
        chosen = [spec for spec in chosen if not spec.name.startswith("many_outputs")]
    steps = STEPS if "fit" in found.own else 1
    # float32 first: what JAX's x64 switch is set to stays so
    pairs = [(spec, dtype) for dtype in sorted(dtypes) for spec in chosen]
    cases = [case_of(spec, wanted, found.activation, dtype, steps) for spec, dtype in pairs]
    answers = ask(cases)
    results: list[Result] = []
    guess, searched = None, 0
    for (spec, dtype), case, answer in sorted(
        zip(pairs, cases, answers, strict=True), key=lambda each: (each[0][1] != "float64", specs.index(each[0][0]))
    ):
        key = {"problem": spec.name, "implementation": name, "dtype": dtype, "device": "cpu"}
        result = judged(case, answer, key, found.own, guess, explain=searched < SEARCHES)
        cause = result.row.explained
        if cause is not None and cause.exactly:
            guess = cause.mutant
        searched += result.row.verdict == "disagrees" and (cause is None or not cause.exactly)
        results.append(result._replace(why=spec.why))
    last = next((answer for answer in reversed(answers) if isinstance(answer, Answer)), None)
    return Report(*report(name, found, results, last.environment if last else {}, dtypes))


def judged(
    case: Case, answer: Answer | Failure, key: dict[str, Any], own: Sequence[str], guess: Mutant | None, explain: bool
) -> Result:
    """Judge one answer by the form of the formulas that fits it best: nobody has said which it is written in.

    explain: if it is wrong, look for the known mistake that it is; else only for `guess`.
    """
    if isinstance(answer, Failure):
        return Result(case, Row(**key, verdict="failed", cause=answer.reason.removeprefix("Trouble: ")))
    judging = Judge(case)
    answer = without_a_run(answer, case, own)
    numbers: dict[str, int] = {}
    for form in FORMS:
        if not numbers or min(numbers.values()):
            numbers[form] = _outside(judging, answer, declared(form, case))
    form = min(numbers, key=lambda each: numbers[each])
    if numbers[form] and not explain:
        row = Row(**key, verdict="disagrees", comparisons=judging.compare(answer, declared(form, case)))
        row.cause = "; ".join(judging.broken(answer, "cpu"))
    else:
        row = judge(judging, answer, declared(form, case), key, guess)
    return Result(case, row, _first(judging, answer) if row.verdict == "undefined" else None)


def _outside(judging: Judge, answer: Answer, declared: Declaration) -> int:
    """Return how many tensors lie outside the bound under the convention that suits best."""
    return min(len(outside(judging, answer, under)) for under, _ in conventions(declared))


def _first(judging: Judge, answer: Answer) -> Comparison | None:
    """Return where a function first differs that has no stable form, if it does: at a saturated output, say."""
    from crosscheck.judge.verdict import first

    plain = [c for c in judging.compare(answer, Declaration()) if c.ratio > 1]
    return first(plain, judging.case.network.L) if plain else None
