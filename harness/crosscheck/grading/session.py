"""`crosscheck check`: is this function's J, and is its gradient, right? If not, what is the first thing that is wrong?

Every problem that fits is asked in a process of its own, or in this one for a test; each answer is held against the
oracle with the error bound, and what is wrong is told once, on the simplest problem it shows on.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from crosscheck_impls.interface import VARIANTS, BadInput, Declaration, Framework

from crosscheck.core.failures import Failure, Kind, Stage, Verdict
from crosscheck.core.files import wrong_with
from crosscheck.core.records import Answer, Case, Comparison
from crosscheck.grading.convert import PAIR
from crosscheck.grading.facts import Facts, facts
from crosscheck.grading.hints import Result
from crosscheck.grading.load import VARIANT, Solution, is_solution, is_whole
from crosscheck.grading.notes import Notes, noted
from crosscheck.grading.probe import (
    FORMULATIONS,
    Ask,
    Function,
    How,
    Wanted,
    case_of,
    declared,
    outside,
    problems,
    survey,
    without_a_run,
)
from crosscheck.grading.reported import Report
from crosscheck.grading.word import gravest, headline_of, report, sorted_out
from crosscheck.judge.causes import BrokenPromises, OutsideBound
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.location import first
from crosscheck.judge.verdict import Key, Row, conventions, judge
from crosscheck.mutation.build import VARIANT as REFERENCE
from crosscheck.mutation.build import framework
from crosscheck.mutation.mutants import Mutant
from crosscheck.report.words import of_failure
from crosscheck.runner import subprocesses
from crosscheck.runner.collect import measure
from crosscheck.runner.loading import importable, registered
from crosscheck.runner.subprocesses import Job

SEARCHES = 2  # problems on which a mistake that is none of the known ones is compared with all of them
STEPS = 10  # of the user's own `fit`, each certified
TIME_LIMIT = 10.0  # seconds for one problem
IMPORT_LIMIT = 60.0  # seconds: torch and jax take a while
START = 5.0  # seconds for the start of a process, beside an import limit that the user has set


def import_limit(time_limit: float | None) -> float:
    """Return the seconds that an import may take: what the user allows, beside the process's start, or our default."""
    return IMPORT_LIMIT if time_limit is None else START + time_limit


def in_worker(name: str, time_limit: float | None) -> Ask:
    """Return how to ask a function by its name, in a process of its own that may hang or die once."""

    def ask(cases: Sequence[Case]) -> list[Answer | Failure]:
        answers: dict[int, Answer | Failure] = {}
        refused: list[Failure] = []

        def done(job: Job, case: Case, about: subprocesses.About | None, answer: Answer | Failure) -> None:
            if about is None and isinstance(answer, Failure):
                refused.append(answer)
            answers[next(k for k, each in enumerate(cases) if each is case)] = answer

        job = Job(name, VARIANT, "cpu", cases, max_lost=1)
        limit = TIME_LIMIT if time_limit is None else time_limit
        subprocesses.run([job], done, limit, import_limit=import_limit(time_limit))
        if refused:
            raise BadInput(f"check {name}: {_of_import(refused[0], time_limit)}")
        return [answers[k] for k in range(len(cases))]

    return ask


def _of_import(failure: Failure, time_limit: float | None) -> str:
    """Return why a name could not be imported, with the limit as the user has set it."""
    if failure.kind is Kind.TIMED_OUT and time_limit is not None:
        failure = failure._replace(number=time_limit)
    return of_failure(failure)


def in_process(solution: Framework) -> Ask:
    """Return how to ask a function in this very process: quicker, and as safe as the function is."""

    def ask(cases: Sequence[Case]) -> list[Answer | Failure]:
        answers: list[Answer | Failure] = []
        for case in cases:
            try:
                answers.append(measure(solution, VARIANT, Declaration(), case, "cpu"))
            except Exception as error:
                answers.append(subprocesses.failure_of(Stage.CASE, error))
        return answers

    return ask


def in_full(name: str, time_limit: float | None) -> tuple[str, bool]:
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
    about = subprocesses.probe(path, import_limit(time_limit))
    if isinstance(about, subprocesses.About):
        return path, True
    if about.kind is Kind.INCOMPLETE:
        return f"{path}:", False
    raise BadInput(f"check {name}: {_of_import(about, time_limit)}")


def check_name(
    name: str, wanted: Wanted, dtypes: Sequence[str] = ("float64",), time_limit: float | None = None
) -> Report:
    """Check `mine.py`, `mine.py:function`, `pkg.mine:` or `pkg.mine:function`. Raises BadInput.

    time_limit: seconds for one problem, and for the import; None: TIME_LIMIT and IMPORT_LIMIT.
    """
    place = Path(name if name.endswith(".py") else name.rpartition(":")[0])
    if place.suffix == ".py" and (wrong := wrong_with(place)):
        raise BadInput(f"check {name}: {place}: {wrong}; check the path")
    assert is_solution(name)
    return examine(in_worker(name, time_limit), wanted, dtypes, name)


def check_function(function: Any, wanted: Wanted, dtypes: Sequence[str] = ("float64",)) -> Report:
    """Check a function object, in this process. Raises BadInput."""
    import sys

    module = sys.modules.get(getattr(function, "__module__", ""))
    solution = Solution(function, module)
    return examine(in_process(cast("Framework", solution)), wanted, dtypes, solution.name)


def examine(ask: Ask, wanted: Wanted, dtypes: Sequence[str], name: str) -> Report:
    """Survey, ask, judge, and report. Raises BadInput."""
    begun = time.monotonic()
    specs = problems(wanted)
    function = survey(ask, specs, wanted)
    if isinstance(function, Failure):
        function = Function((), {2: function}, "", How.SAID, ())
    if not function.depths:
        found = Facts(trouble=headline_of(gravest(function.trouble)))
        return Report(*report(name, function, [], Notes(), dtypes), found, time.monotonic() - begun)
    chosen = [spec for spec in specs if wanted.layers or len(spec.hidden) + 1 in function.depths]
    if function.takes == PAIR and not wanted.problems:  # logistic regression with one output
        chosen = [spec for spec in chosen if not spec.name.startswith("many_outputs")]
    steps = STEPS if "fit" in function.own else 1
    # float32 first: what JAX's x64 switch is set to stays so
    pairs = [(spec, dtype) for dtype in sorted(dtypes) for spec in chosen]
    cases = [case_of(spec, wanted, function.activation, dtype, steps) for spec, dtype in pairs]
    answers = ask(cases)
    results: list[Result] = []
    guess, searched = None, 0
    for (spec, dtype), case, answer in sorted(
        zip(pairs, cases, answers, strict=True), key=lambda each: (each[0][1] != "float64", specs.index(each[0][0]))
    ):
        key = Key(spec.name, name, dtype, "cpu")
        own = noted(answer).own  # each its own: a `fit` that fails on one problem is left out from then on
        result = judged(case, answer, key, own, guess, explain=searched < SEARCHES)
        explained = result.row.explained
        if explained is not None and explained.exactly:
            guess = explained.mutant
        searched += result.row.verdict is Verdict.DISAGREES and (explained is None or not explained.exactly)
        results.append(result._replace(why=spec.why, pair=function.takes == PAIR))
    last = next((answer for answer in reversed(answers) if isinstance(answer, Answer)), None)
    said = noted(last)
    found = facts(results, sorted_out(results).counted, function.own, said, answers)
    return Report(*report(name, function, results, said, dtypes), found, time.monotonic() - begun)


def judged(
    case: Case, answer: Answer | Failure, key: Key, own: Sequence[str], guess: Mutant | None, explain: bool
) -> Result:
    """Judge one answer by the formulation that fits it best: nobody has said which it is written in.

    explain: if it is wrong, look for the known mistake that it is; else only for `guess`.
    """
    if isinstance(answer, Failure):
        return Result(case, Row(*key, verdict=Verdict.FAILED, cause=answer))
    judging = Judge(case)
    answer = without_a_run(answer, case, own)
    numbers: dict[str, int] = {}
    for formulation in FORMULATIONS:
        if not numbers or min(numbers.values()):
            numbers[formulation] = _outside(judging, answer, declared(formulation, case))
    best = min(numbers, key=lambda each: numbers[each])
    if numbers[best] and not explain:
        row = _unexplained(judging, answer, declared(best, case), key)
    else:
        row = judge(judging, answer, declared(best, case), key, guess, guessed=True)
    if isinstance(row.cause, OutsideBound) and not _consistent(row, judging, answer, declared(best, case)):
        row.cause = row.cause._replace(explanation=None)
    return Result(case, row, _first(judging, answer) if row.verdict is Verdict.UNDEFINED else None)


def _consistent(row: Row, judging: Judge, answer: Answer, declared: Declaration) -> bool:
    """Return whether a mistake that is only nearest leaves right what is right in the answer."""
    explained = row.explained
    if explained is None or explained.exactly:
        return True
    plain = declared._replace(relu_grad_at_zero=(), flushes=False)
    wrong = {(c.iteration, c.tensor) for c in row.comparisons if c.outside}
    case, ask = judging.case, framework(explained.mutant).gradients[REFERENCE]
    try:
        with np.errstate(all="ignore"):
            gradients = [ask(case.network, case.checkpoints[k], case.X, case.Y) for k in answer.checkpoints]
        mistaken = answer._replace(gradients=[(np.asarray(J), gradient) for J, gradient in gradients])
        return {(c.iteration, c.tensor) for c in outside(judging, mistaken, plain)} <= wrong
    except Exception:  # a mutant may break anything
        return False


def _unexplained(judging: Judge, answer: Answer, declared: Declaration, key: Key) -> Row:
    """Return the row of an answer that is known to be wrong, without a search for its cause."""
    comparisons = judging.compare(answer, declared)
    promises = tuple(judging.broken(answer, key.device))
    cause = BrokenPromises(promises) if promises else None
    return Row(*key, verdict=Verdict.DISAGREES, cause=cause, comparisons=comparisons)


def _outside(judging: Judge, answer: Answer, declared: Declaration) -> int:
    """Return how many tensors lie outside the bound under the convention that suits best."""
    return min(len(outside(judging, answer, under)) for under, _ in conventions(declared))


def _first(judging: Judge, answer: Answer) -> Comparison | None:
    """Return where a function first differs that has no stable form, if it does: at a saturated output, say."""
    plain = [c for c in judging.compare(answer, Declaration()) if c.outside]
    return first(plain, judging.case.network.L) if plain else None
