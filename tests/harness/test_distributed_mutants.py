"""Mistakes of teams by a group's arithmetic: each is one, is caught, and is named with its number of ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from crosscheck.core.plain import from_plain, to_plain
from crosscheck.core.records import Answer, Case, flat
from crosscheck.evaluation.score import Experiment
from crosscheck.judge.attribution import attribute, ranks
from crosscheck.judge.elementwise import Judge
from crosscheck.mutation.build import VARIANT, framework, mutated
from crosscheck.mutation.distributed import by_name, distributed
from crosscheck.mutation.mutants import Mutant
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import Declaration
from hypothesis import given
from hypothesis import strategies as st

NAMED = ("mean of means", "gradients summed twice", "dA not summed", "no sum at the last step")
EVEN = "3 ranks: micro-batches weighted alike"  # four examples are two batches of two


@pytest.fixture(scope="module")
def case() -> Case:
    return make_case(build(BY_NAME["square-6layer-mixed"])._replace(iterations=4), "float64")


@pytest.fixture(scope="module")
def experiment(case: Case) -> Experiment:
    return Experiment(case)


@pytest.mark.parametrize("mutant", distributed(3), ids=lambda mutant: mutant.name)
def test_each_is_caught_in_float64(experiment: Experiment, mutant: Mutant) -> None:
    """On three ranks with four examples and four outputs in six layers, where each makes a difference."""
    with np.errstate(all="ignore"):
        caught = experiment.outcome(mutant, 3).caught
    assert caught in (("equivalent",) if mutant.name == EVEN else ("bound", "steps"))


def of_team(case: Case, mutant: Mutant, processes: int) -> Answer:
    answer = measure(framework(mutant), VARIANT, Declaration(), case, "cpu")
    return answer._replace(environment={"processes": processes})


@pytest.mark.parametrize(
    "name", ["mean of means", "gradients summed twice", "dA not summed", "no sum at the last step"]
)
def test_a_mistake_of_a_team_is_named_and_of_no_other_answer(experiment: Experiment, name: str) -> None:
    mutant = by_name(f"3 ranks: {name}")
    explained = attribute(experiment.judge, of_team(experiment.case, mutant, 3), Declaration())
    assert explained is not None
    assert explained.exactly
    assert mutant.name in (explained.mutant.name, *explained.also)
    alone = attribute(experiment.judge, of_team(experiment.case, mutant, 1), Declaration())
    assert alone is None or "ranks" not in " ".join((alone.mutant.name, *alone.also))


@pytest.mark.parametrize("said", [{}, {"processes": 1}, {"processes": "3"}, {"processes": True}, {"processes": 10**9}])
def test_what_an_answer_says_of_its_ranks_is_not_believed_blindly(case: Case, said: dict[str, Any]) -> None:
    answer = measure(framework(), VARIANT, Declaration(), case, "cpu")
    assert ranks(answer._replace(environment=said)) == 1
    assert ranks(answer._replace(environment={"processes": 1, "devices": 4})) == 4


@given(P=st.integers(2, 9))
def test_names_say_all_that_they_are(P: int) -> None:
    for mutant in distributed(P):
        assert from_plain(Mutant, to_plain(mutant)) is by_name(mutant.name) is mutant


@pytest.mark.parametrize("name", ["3 ranks: ", "1 ranks: mean of means", "x ranks: mean of means", "99999 ranks: no"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        by_name(name)


@pytest.mark.parametrize("P", [2, 3, 5, 8])
@pytest.mark.parametrize(
    "name", ["mean of means", "an example twice", "the last examples dropped", "micro-batches weighted alike"]
)
def test_without_a_remainder_it_is_no_mistake(case: Case, P: int, name: str) -> None:
    """Where shares are as long as each other, the mean of their means is the mean, and nothing is left to drop."""
    X, Y = np.tile(case.X, P), np.tile(case.Y, P)
    X[0] += np.linspace(0, 1, X.shape[1])
    known = Judge(case._replace(X=X, Y=Y)).at_checkpoint(0, Declaration())
    J, gradient = mutated(by_name(f"{P} ranks: {name}")).cost_and_gradients(case.network, case.checkpoints[0], X, Y)
    assert np.abs(J - known.oracle.J) <= known.theirs.J + known.own.J
    exact, theirs, own = (flat(each.gradient) for each in (known.oracle, known.theirs, known.own))
    for got, expected, error, its_own in zip(flat(gradient), exact, theirs, own, strict=True):
        assert (np.abs(got - expected) <= error + its_own).all()
