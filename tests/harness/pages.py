"""Reports of a few judged rows, right and wrong ones, made in this process."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.evidence import Background, background, costs_at
from crosscheck.judge.steps import Curves
from crosscheck.judge.verdict import Key, Row, judge, twins
from crosscheck.mutation.build import VARIANT, framework
from crosscheck.mutation.mutants import BY_NAME
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME as PROBLEMS
from crosscheck.problems.catalogue import Options, build
from crosscheck.report.html.entries import Entry, of_row
from crosscheck.report.html.page import Report, render
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import Array, Declaration, Framework, Layer, Network, Params

TILE = 16
ENVIRONMENT: dict[str, Any] = {
    "date": "2026-11-26",
    "processor": "a processor",
    "variables": {},
    "frameworks": {"numpy": {"numpy": "2.4.6", "threads": 1, "gpu": None}},
    "settings": {"device": "cpu", "options": {}},
}


def tiled() -> Framework:
    """Return a framework whose product for wide layers is wrong in the last two columns of each tile."""
    made = framework()
    right = made.gradients[VARIANT]

    def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        J, gradient = right(network, params, X, Y)
        wrong = []
        for W, b in gradient:
            edge = np.arange(W.shape[1]) % TILE >= TILE - 2
            wrong.append(Layer(np.where(edge & (W.shape[1] > TILE), W * 1.001, W).astype(W.dtype), b))
        return J, tuple(wrong)

    return type(made)(**vars(made) | {"gradients": {VARIANT: gradients}})


MADE: Mapping[str, Any] = {
    "numpy/by_hand": framework,
    "tiles/tiled": tiled,
    "mine/sign": lambda: framework(BY_NAME["dZ = Y - A"]),
    "mine/late": lambda: framework(BY_NAME["b learns twice as fast"]),
    "mine/left": lambda: framework(BY_NAME["relu'(0) = 0"]),
}


@cache
def judged(problem: str, dtype: str, *names: str) -> tuple[list[Row], Background]:
    """Return the rows of some implementations of MADE, and what they are seen against."""
    case = make_case(build(PROBLEMS[problem], Options(iterations=4)), dtype)
    judging, curves = Judge(case), Curves(case)
    seen, rows = background(case, curves), []
    for name in names:
        declared = Declaration(relu_grad_at_zero=(("relu", "left"),)) if name == "mine/left" else Declaration()
        answer = measure(MADE[name](), VARIANT, declared, case, "cpu")
        row = judge(judging, answer, declared, Key(problem, name, dtype, "cpu"))
        row.envelope, row.costs = curves.beside(answer.run.costs), costs_at(answer.run.costs, seen.at)
        rows.append(row)
    return rows, seen


def rows_of(problems: Sequence[str], names: Sequence[str]) -> tuple[list[Row], dict[tuple[str, str], Background]]:
    """Return all rows in both dtypes, with their backgrounds."""
    rows, backgrounds = list[Row](), dict[tuple[str, str], Background]()
    for problem in problems:
        for dtype in ("float64", "float32"):
            made, backgrounds[problem, dtype] = judged(problem, dtype, *names)
            rows += [dataclasses.replace(row) for row in made]
    rows.sort(key=lambda row: (problems.index(row.problem), names.index(row.implementation)))
    twins(rows)
    return rows, backgrounds


def entries(problems: Sequence[str], names: Sequence[str]) -> tuple[list[Entry], dict[tuple[str, str], Background]]:
    """Return the entries of a report."""
    rows, backgrounds = rows_of(problems, names)
    return [of_row(row, backgrounds[row.problem, row.dtype]) for row in rows], backgrounds


def page(problems: Sequence[str], names: Sequence[str], environment: Mapping[str, Any] = ENVIRONMENT) -> str:
    """Return the page of these rows."""
    return render(Report(*entries(problems, names), environment))


def many(number: int) -> str:
    """Return a page of so many rows at least: 18 implementations, right and wrong, on many problems."""
    made, backgrounds = entries(["digits-2layer-relu", "flower-2layer-tanh"], ["numpy/by_hand", "tiles/tiled"])
    names = [f"{framework}/{variant}" for framework in ("numpy", "torch", "jax") for variant in "abcdef"]
    rows: list[Entry] = []
    seen: dict[tuple[str, str], Background] = {}
    while len(rows) < number:
        problem = f"problem {len(rows) // 36}"
        like = made[4 * (len(rows) // 36 % 2)].problem
        for dtype in ("float64", "float32"):
            seen[problem, dtype] = backgrounds[like, dtype]._replace(problem=problem)
        for k, name in enumerate(names):
            whose = "tiles/tiled" if k == 4 else "numpy/by_hand"
            those = [each for each in made if (each.problem, each.implementation) == (like, whose)]
            rows += [dataclasses.replace(each, problem=problem, implementation=name) for each in those]
    return render(Report(rows, seen, ENVIRONMENT))
