"""`crosscheck check`: is this function's J, and is its gradient, right? If not, what is the first thing that is wrong?

Every problem that fits is asked in a process of its own, or in this one for a test; each answer is held against the
oracle with the error bound, and what is wrong is told once, on the simplest problem it shows on.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from crosscheck_impls.interface import VARIANTS, BadInput, Declaration, Framework

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.records import Answer, Case
from crosscheck.grading.activation import activation
from crosscheck.grading.adapter import refusal
from crosscheck.grading.convert import PAIR
from crosscheck.grading.diagnosed import diagnosed
from crosscheck.grading.diagnosis.source import Lines, lines_of, lines_of_object
from crosscheck.grading.facts import Facts, facts
from crosscheck.grading.hints import Result
from crosscheck.grading.judging import Judged, Search, judged
from crosscheck.grading.load import is_whole, of_object, of_things
from crosscheck.grading.notes import Notes, noted
from crosscheck.grading.probe import Ask, Function, How, Wanted, case_of, problems, survey
from crosscheck.grading.reported import Report
from crosscheck.grading.solution import ROWS, VARIANT
from crosscheck.grading.sources.place import is_solution, wrong_file
from crosscheck.grading.told import Told
from crosscheck.grading.word import gravest, headline_of, report, sorted_out
from crosscheck.judge.causes import OutsideBound
from crosscheck.judge.verdict import Key
from crosscheck.report.words import of_failure
from crosscheck.runner import subprocesses
from crosscheck.runner.collect import measure
from crosscheck.runner.loading import importable, registered
from crosscheck.runner.subprocesses import Job

NO_LINES: Lines = ()
STEPS = 10  # of the user's own `fit`, each certified
LIMITS = 8  # limits of one problem that all of them together may take
MOST_LOST = 4  # processes, after which no other is asked
FEWER, LARGE = 3, 20_000  # steps, where X has more numbers
TIME_LIMIT = 10.0  # seconds for one problem
COMPILES = 3  # times as long for JAX, which compiles what it is asked
IMPORT_LIMIT = 60.0  # seconds: torch and jax take a while
START = 5.0  # seconds for the start of a process, beside an import limit that the user has set


def import_limit(time_limit: float | None) -> float:
    """Return the seconds that an import may take: what the user allows, beside the process's start, or our default."""
    return IMPORT_LIMIT if time_limit is None else START + time_limit


@contextlib.contextmanager
def in_worker(name: str, time_limit: float | None, variant: str = VARIANT) -> Iterator[Ask]:
    """Give how to ask a function by its name, in one process of its own; if that hangs or dies, the next goes on."""
    texts = [text for _, text in lines_of(name)]
    uses_jax = not texts or any("jax" in text for text in texts)
    limit = (TIME_LIMIT * (COMPILES if uses_jax else 1)) if time_limit is None else time_limit
    job = Job(name, variant, "cpu", (), max_lost=MOST_LOST)
    with subprocesses.Conversation(job, limit, import_limit(time_limit), uses_jax) as conversation:
        spent = 0.0

        def ask(cases: Sequence[Case]) -> list[Answer | Failure]:
            nonlocal spent
            answers: list[Answer | Failure] = []
            for case in cases:
                begun = time.monotonic()
                over = Failure(Stage.CASE, Kind.NOT_ASKED, number=LIMITS * limit)
                answers += [over] if spent > LIMITS * limit else conversation.ask([case])
                spent += time.monotonic() - begun
            if conversation.refused is not None:
                raise refusal(name, conversation.refused, _of_import(conversation.refused, time_limit))
            return answers

        yield ask


def _of_import(failure: Failure, time_limit: float | None) -> str:
    """Return why a name could not be imported, with the limit as the user has set it."""
    if failure.kind is Kind.TIMED_OUT and time_limit is not None:
        failure = failure._replace(number=time_limit)
    return of_failure(failure)


def in_process(solution: Framework, variant: str = VARIANT) -> Ask:
    """Return how to ask a function in this very process: quicker, and as safe as the function is."""

    def ask(cases: Sequence[Case]) -> list[Answer | Failure]:
        answers: list[Answer | Failure] = []
        for case in cases:
            try:
                answers.append(measure(solution, variant, Declaration(), case, "cpu"))
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

    time_limit: seconds for one problem, and for the import; None: TIME_LIMIT and IMPORT_LIMIT. All problems together
    may take LIMITS times as long; what is not asked for that is told.
    """
    if wrong := wrong_file(name):
        raise BadInput(f"check {name}: {wrong}; check the path")
    assert is_solution(name)
    with in_worker(name, time_limit, ROWS if wanted.rows else VARIANT) as ask:
        return examine(ask, wanted, dtypes, name, lines_of(name))


def check_function(function: Any, wanted: Wanted, dtypes: Sequence[str] = ("float64",)) -> Report:
    """Check a function object, in this process. Raises BadInput."""
    solution = of_object(function)
    variant = ROWS if wanted.rows else VARIANT
    ask = in_process(cast("Framework", solution), variant)
    return examine(ask, wanted, dtypes, solution.name, lines_of_object(function))


def check_things(
    things: Mapping[str, Any], name: str, wanted: Wanted, dtypes: Sequence[str] = ("float64",), said: str = ""
) -> Report:
    """Check functions and classes together, as those of a file, in this process. Raises BadInput."""
    solution = of_things(things, name, said)
    ask = in_process(cast("Framework", solution), ROWS if wanted.rows else VARIANT)
    functions = [each for each in things.values() if inspect.isfunction(each)]
    lines = dict.fromkeys(part for each in functions for part in lines_of_object(each))
    return examine(ask, wanted, dtypes, name, tuple(lines))


def examine(ask: Ask, wanted: Wanted, dtypes: Sequence[str], name: str, source: Lines = NO_LINES) -> Report:
    """Survey, ask, judge, and report. source: the program's lines, where there are any. Raises BadInput."""
    begun = time.monotonic()
    specs = problems(wanted)
    function = survey(ask, specs, wanted, activation)
    if isinstance(function, Failure):
        if function.kind is Kind.INCOMPLETE:
            raise refusal(name, function, function.message)
        function = Function((), {2: function}, "", How.SAID, ())
    if not function.depths:
        found = Facts(trouble=headline_of(gravest(function.trouble)))
        return Report(*report(name, function, [], Notes(), dtypes), found, time.monotonic() - begun)
    chosen = [spec for spec in specs if wanted.layers or len(spec.hidden) + 1 in function.depths]
    if function.takes == PAIR and not wanted.problems:  # logistic regression with one output
        chosen = [spec for spec in chosen if not spec.name.startswith("many_outputs")]
    chosen = [spec for spec in chosen if not function.at_zero or spec.weights == "zeros"]
    if not chosen:
        raise BadInput(f"check {name}: it always begins with weights of 0, which none of these problems has")
    if wanted.loss is None and function.loss:
        wanted = wanted._replace(loss=function.loss, output=wanted.output or function.output)
    steps = STEPS if "fit" in function.own else 1
    # float32 first: what JAX's x64 switch is set to stays so
    pairs = [(spec, dtype) for dtype in sorted(dtypes) for spec in chosen]
    cases = [_shorter(case_of(spec, wanted, function.activation, dtype, steps)) for spec, dtype in pairs]
    answers = ask(cases)
    over = [case.problem for case, answer in zip(cases, answers, strict=True) if _is_over(answer)]
    over = over if len(over) < len(cases) else []
    each_one = [each for each in zip(pairs, cases, answers, strict=True) if not (over and _is_over(each[2]))]
    answers = [answer for *_, answer in each_one]
    every: list[Judged] = []
    search = Search()
    for (spec, dtype), case, answer in sorted(
        each_one, key=lambda each: (each[0][1] != "float64", specs.index(each[0][0]))
    ):
        own = noted(answer).own  # each its own: a `fit` that fails on one problem is left out from then on
        unjudged = noted(answer).unjudged
        one = judged(case, answer, Key(spec.name, name, dtype, "cpu"), own, "gradients" in unjudged, search)
        search = search.after(one)
        every.append(one._replace(result=one.result._replace(why=spec.why, pair=function.takes == PAIR)))
    last = next((answer for answer in reversed(answers) if isinstance(answer, Answer)), None)
    said = noted(last)
    said = said._replace(remarks=(*said.remarks, *_not_asked(over)))
    every, diagnoses = diagnosed(every)
    results = [one.result for one in every]
    for result in results:
        _leave_out(result, said.unjudged)
    found = facts(results, sorted_out(results).counted, function.own, said, answers, diagnoses)
    names = {tensor: name for tensor, name in said.names.items() if name.isidentifier() and tensor != "J"}
    told = Told(diagnoses, source, function.how is How.USUAL, names, "examples as rows" in said.read_as)
    told = told._replace(raised=tuple(dict.fromkeys(each for answer in answers for each in noted(answer).raised)))
    return Report(*report(name, function, results, said, dtypes, told), found, time.monotonic() - begun)


def _not_asked(problems: Sequence[str]) -> list[str]:
    """Return that there was no time for some problems, in words, if there are any."""
    named = ", ".join(dict.fromkeys(problems))
    return [f"not asked, since the other problems took too long (--time-limit): {named}"] if problems else []


def _is_over(answer: Answer | Failure) -> bool:
    """Return whether there was no time left to ask."""
    return isinstance(answer, Failure) and answer.kind is Kind.NOT_ASKED


def _shorter(case: Case) -> Case:
    """Return a case of many numbers with fewer steps of training."""
    return case._replace(iterations=min(case.iterations, FEWER)) if case.X.size > LARGE else case


def _leave_out(result: Result, unjudged: Sequence[str]) -> None:
    """Leave out the comparisons of what was not the user's own: gradients of what only trains, a J that it has not."""
    row = result.row
    row.comparisons = [
        c for c in row.comparisons
        if not ("gradients" in unjudged and not c.tensor.of_fit) and not ("J" in unjudged and c.tensor.kind == "J")
        and not ("costs" in unjudged and c.tensor.of_fit and c.tensor.kind == "J")
    ]  # fmt: skip
    if isinstance(row.cause, OutsideBound) and {"J", "costs"} & set(unjudged):
        row.cause = row.cause._replace(grounds=row.cause.grounds._replace(costs=False))
