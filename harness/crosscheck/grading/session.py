"""`crosscheck check`: is this function's J, and is its gradient, right? If not, what is the first thing that is wrong?

Every problem that fits is asked in a process of its own, or in this one for a test; each answer is held against the
oracle with the error bound, and what is wrong is told once, on the simplest problem it shows on.
"""

from __future__ import annotations

import importlib.util
import inspect
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from crosscheck_impls.interface import VARIANTS, BadInput, Declaration, Framework

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.files import wrong_with
from crosscheck.core.records import Answer, Case
from crosscheck.grading.activation import activation
from crosscheck.grading.convert import PAIR
from crosscheck.grading.diagnosed import diagnosed
from crosscheck.grading.facts import Facts, facts
from crosscheck.grading.judging import Judged, judged
from crosscheck.grading.load import VARIANT, Solution, is_solution, is_whole
from crosscheck.grading.notes import Notes, noted
from crosscheck.grading.probe import Ask, Function, How, Wanted, case_of, problems, survey
from crosscheck.grading.reported import Report
from crosscheck.grading.word import gravest, headline_of, report, sorted_out
from crosscheck.grading.wrong import Told
from crosscheck.judge.verdict import Key
from crosscheck.report.words import of_failure
from crosscheck.runner import subprocesses
from crosscheck.runner.collect import measure
from crosscheck.runner.loading import importable, registered
from crosscheck.runner.subprocesses import Job

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
    return examine(in_worker(name, time_limit), wanted, dtypes, name, text_of(place))


def text_of(place: Path) -> str:
    """Return a program's text; nothing where it cannot be read."""
    try:
        return place.read_text(encoding="utf-8") if place.suffix == ".py" else ""
    except (OSError, UnicodeError):
        return ""


def check_function(function: Any, wanted: Wanted, dtypes: Sequence[str] = ("float64",)) -> Report:
    """Check a function object, in this process. Raises BadInput."""
    import sys

    module = sys.modules.get(getattr(function, "__module__", ""))
    solution = Solution(function, module)
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):  # a notebook's cell that is gone, a callable object
        source = ""
    return examine(in_process(cast("Framework", solution)), wanted, dtypes, solution.name, source)


def examine(ask: Ask, wanted: Wanted, dtypes: Sequence[str], name: str, source: str = "") -> Report:
    """Survey, ask, judge, and report. source: the program's text, where there is one. Raises BadInput."""
    begun = time.monotonic()
    specs = problems(wanted)
    function = survey(ask, specs, wanted, activation)
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
    every: list[Judged] = []
    for (spec, dtype), case, answer in sorted(
        zip(pairs, cases, answers, strict=True), key=lambda each: (each[0][1] != "float64", specs.index(each[0][0]))
    ):
        own = noted(answer).own  # each its own: a `fit` that fails on one problem is left out from then on
        one = judged(case, answer, Key(spec.name, name, dtype, "cpu"), own)
        every.append(one._replace(result=one.result._replace(why=spec.why, pair=function.takes == PAIR)))
    every, diagnoses = diagnosed(every)
    results = [one.result for one in every]
    last = next((answer for answer in reversed(answers) if isinstance(answer, Answer)), None)
    said = noted(last)
    found = facts(results, sorted_out(results).counted, function.own, said, answers, diagnoses)
    told = Told(diagnoses, source, function.how is How.USUAL)
    return Report(*report(name, function, results, said, dtypes, told), found, time.monotonic() - begun)
