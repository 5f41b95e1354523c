"""The mutation score: every mutant on every default problem, and what share is caught, by which check.

A mutant whose function is not called, or that computes the same there, is no mutant on that problem: the first is
observed, the second proved over exact numbers (`equivalence`). Beside it stand the baselines on the same
pairs (`baselines`), and the false alarms of all of them over runs of right implementations (`false_alarms`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Array, BadInput, Declaration, Layer

from crosscheck.core.failures import Failure
from crosscheck.core.records import Answer, Case, Certification, Run, flat
from crosscheck.evaluation.baselines import alarms, seen
from crosscheck.judge.attribution import attribute
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.labels import predictions
from crosscheck.judge.steps import certify
from crosscheck.mutation.build import VARIANT, framework
from crosscheck.mutation.distributed import distributed
from crosscheck.mutation.equivalence import Exact, reached
from crosscheck.mutation.mutants import BY_NAME, MUTANTS, Mutant, find
from crosscheck.oracle.noise import FACTOR
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME as PROBLEMS
from crosscheck.problems.catalogue import Options, build
from crosscheck.report.words import of_failure
from crosscheck.runner import settings, tasks
from crosscheck.runner.collect import measure

PLAIN = Declaration()
TOO_LARGE = ("digits_777", "long_sums")  # for balls; a mutant shows on smaller data, and asked by name they are run
# the diagnosis is asked for where it is quick, and where all kinds of networks are
NAMED = (
    "flower-logistic",
    "flower-2layer-tanh",
    "kink-2layer-relu",
    "kink-2layer-leaky_relu",
    "regression-4layer-mixed",
)


@dataclass
class Pair:
    """A mutant on a problem, in one dtype.

    caught: by `error`, `shapes`, `bound` (lockstep), `steps`, `labels`, `noise`; or `missed`, `equivalent`, proved to
    compute the same, or `undecided`. ratio: the largest error over the bound; noise: over the rounding
    noise. effect: of a missed mutant, the largest exact difference that it makes, over the rounding noise. diagnosis:
    what `attribution` says, `right`, `wrong` or nothing where it was not asked. baselines: the other criteria's alarms.
    """

    mutant: str
    kind: str
    problem: str
    dtype: str
    caught: str = ""
    ratio: float | None = None
    noise: float | None = None
    effect: float | None = None
    diagnosis: str = ""
    baselines: dict[str, bool | None] = field(default_factory=dict)


class Scored(NamedTuple):
    """All the pairs of a problem in one dtype."""

    problem: str
    dtype: str
    pairs: list[Pair]


def score_all(
    names: Sequence[str],
    report: Callable[[str, int, int], None],
    processes: int,
    done: Collection[tuple[str, str]] = (),
    ranks: Sequence[int] = (),
) -> Iterator[Scored]:
    """Yield the pairs of all problems named, in both dtypes, as they are done; some processes at once.

    done: which (problem, dtype) need not be scored. ranks: instead of the known mutants, those of teams of so many.
    Raises BadInput if a problem cannot be scored: twice its process has died.
    """
    pairs = [(name, dtype) for name in names for dtype in ("float64", "float32") if (name, dtype) not in done]
    items = [(*pair, tuple(ranks)) for pair in pairs]
    items.sort(key=lambda item: -len(PROBLEMS[item[0]].hidden) - 3 * item[0].startswith(("digits", "many")))
    outcomes = tasks.each(on_problem, items, settings.shares(processes)) if items else iter(())
    for number, ((name, dtype, _), scored) in enumerate(outcomes, start=1):
        if isinstance(scored, Failure):
            raise BadInput(f"power: {name} in {dtype}: {of_failure(scored)}; run it again, or without {name}")
        yield scored
        report("scoring mutants", len(done) + number, len(done) + len(items))


def in_order(names: Sequence[str], pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs by problem, mutant and dtype."""
    order = {name: k for k, name in enumerate([*names, *BY_NAME, "float64", "float32"])}
    found = list(pairs)
    of_teams = dict.fromkeys(find(pair.mutant).name for pair in found if pair.mutant not in BY_NAME)
    order |= {name: len(order) + k for k, name in enumerate(of_teams)}
    return sorted(found, key=lambda pair: (order[pair.problem], order[pair.mutant], order[pair.dtype]))


def on_problem(task: tuple[str, str, tuple[int, ...]]) -> Scored:
    """Return a pair for each mutant of which a function is called on the problem, or for each of teams of so many."""
    name, dtype, ranks = task
    case = make_case(build(PROBLEMS[name], Options()), dtype)
    experiment = Experiment(case)
    there = reached(case)
    asked = [mutant for mutant in MUTANTS if mutant.name in there]
    with np.errstate(all="ignore"):  # mutants overflow
        if ranks:
            of_teams = [(mutant, P) for P in ranks for mutant in distributed(P)]
            return Scored(name, dtype, [experiment.outcome(mutant, P) for mutant, P in of_teams])
        return Scored(name, dtype, [experiment.outcome(mutant) for mutant in asked])


class Experiment:
    """One case, its oracle, and the right reference's answer: what a mutant's answer is held against."""

    def __init__(self, case: Case) -> None:
        self.case, self.judge = case, Judge(case)
        self.right = measure(framework(), VARIANT, PLAIN, case, "cpu")
        self.exact: dict[bool, Exact] = {}

    def outcome(self, mutant: Mutant, ranks: int = 1) -> Pair:
        """Return what happens to one mutant; ranks: of the team that it is one of."""
        case = self.case
        pair = Pair(mutant.name, mutant.kind, case.problem, case.dtype)
        try:
            answer = self._answer(mutant)
        except Exception as error:  # a mutant may break anything
            pair.caught = "error" if not isinstance(error, MemoryError) else ""
            quiet = alarms(case, self.right.checkpoints, *[seen(case, self.right)] * 2)
            pair.baselines = {name: None if alarm is None else True for name, alarm in quiet.items()}
            return pair
        pair.caught = self._caught(answer, pair)
        pair.baselines = alarms(case, answer.checkpoints, seen(case, answer), seen(case, self.right))
        if not pair.caught:
            pair.caught = self._missed(mutant, answer, pair)
        elif case.problem in NAMED and case.dtype == "float64" and pair.caught not in ("error", "shapes"):
            cause = attribute(self.judge, answer._replace(environment={"processes": ranks}), PLAIN)
            named = cause is not None and cause.exactly and mutant.name in (cause.mutant.name, *cause.also)
            pair.diagnosis = "right" if named else "wrong"
        return pair

    def _answer(self, mutant: Mutant) -> Answer:
        """Return the answer; its run only where the gradients do not tell already."""
        case, made = self.case, framework(mutant)
        gradients = [
            made.gradients[VARIANT](case.network, case.checkpoints[k], case.X, case.Y) for k in self.right.checkpoints
        ]
        gradients = [(np.asarray(J), tuple(Layer(*map(np.asarray, d)) for d in g)) for J, g in gradients]
        trained, costs = made.fit(
            VARIANT, case.network, case.checkpoints[0], case.X, case.Y, case.alpha, case.iterations
        )
        labels_start, labels = (made.predict(case.network, p, case.X) for p in (case.checkpoints[0], trained))
        run = Run(
            tuple(Layer(*map(np.asarray, layer)) for layer in trained), costs, [], Certification.ALL, case.iterations
        )
        answer = self.right._replace(
            gradients=gradients, run=run, labels_start=labels_start, labels=labels, labels_test=None
        )
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(_all(answer), _all(self.right), strict=True))
        if same or self.judge.broken(answer, "cpu") or any(c.ratio > 1 for c in self.judge.compare(answer, PLAIN)):
            return answer
        return measure(made, VARIANT, PLAIN, case, "cpu")

    def _caught(self, answer: Answer, pair: Pair) -> str:
        """Return the first check that catches an answer."""
        if self.judge.broken(answer, "cpu"):
            return "shapes"
        comparisons = self.judge.compare(answer, PLAIN)
        pair.ratio = max(c.ratio for c in comparisons)
        noises = [c.noise for c in comparisons if c.noise is not None]
        pair.noise = max(noises) if noises else None
        if pair.ratio > 1:
            return "bound"
        steps = certify(self.judge, answer, PLAIN)
        pair.ratio = max(pair.ratio, *(c.ratio for c in steps), 0.0)
        if pair.ratio > 1:
            return "steps"
        if predictions(self.judge, answer, PLAIN).wrong:
            return "labels"
        if pair.noise is not None and pair.noise > FACTOR:
            return "noise"
        return ""

    def _missed(self, mutant: Mutant, answer: Answer, pair: Pair) -> str:
        """Return whether a mutant that nobody saw is one, and note the size of what it does."""
        got, right = _all(answer), _all(self.right)
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(got, right, strict=True))
        if mutant.only_rounds:
            pair.effect = 0.0 if same else self._distance(answer)
            return "equivalent" if same else "missed"
        if same and mutant.affects_prediction:
            pair.effect = 0.0
            return "equivalent"
        training = mutant.affects_training
        exact = self.exact.setdefault(
            training, Exact(self.case, [] if training else [0, len(self.case.checkpoints) - 1])
        )
        if (effect := exact.differs(mutant, self._units(training))) is None:
            return "undecided"
        pair.effect = effect
        return "missed" if effect > 0 else "equivalent"

    def _units(self, training: bool) -> list[Array]:
        """Return the noise of what `Exact` compares."""
        case, judge = self.case, self.judge
        if training:
            noise, known = judge.noise(0, PLAIN), judge.at_checkpoint(0, PLAIN)
            p = judge.precision(PLAIN)
            moved = zip(flat(known.params), flat(noise.gradient), strict=True)
            return [np.asarray(noise.J), *(case.alpha * S + p.u * np.abs(W) + p.tiny for W, S in moved)]
        noises = [judge.noise(k, PLAIN) for k in (0, len(case.checkpoints) - 1)]
        return [array for noise in noises for array in (np.asarray(noise.J), *flat(noise.gradient))]

    def _distance(self, answer: Answer) -> float:
        """Return the largest difference from the right reference's gradients, over the noise."""
        far = 0.0
        for k, (J, gradient), (J_right, right) in zip(
            answer.checkpoints, answer.gradients, self.right.gradients, strict=True
        ):
            noise = self.judge.noise(k, PLAIN)
            for got, other, S in zip(
                [J, *flat(gradient)], [J_right, *flat(right)], [np.asarray(noise.J), *flat(noise.gradient)], strict=True
            ):
                far = max(far, float((np.abs(got.astype(float) - other) / S).max()))
        return far


def _all(answer: Answer) -> list[Any]:
    """Return every array that an answer holds."""
    arrays = [array for J, gradient in answer.gradients for array in (J, *flat(gradient))]
    return [*arrays, answer.run.costs, *flat(answer.run.trained), answer.labels_start, answer.labels]
