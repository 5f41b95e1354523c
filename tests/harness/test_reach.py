"""What the list of problems, and how they are asked, reaches: faults that show at one size, shape or step only.

Each fault here was missed by an earlier list. It is the reference but for one condition, and the problem that is named
for it meets the condition.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import cycle
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from crosscheck.comparison.asked import Request, implementations
from crosscheck.comparison.session import compare
from crosscheck.core.records import flat
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import Key, Row, judge
from crosscheck.mutation.build import framework
from crosscheck.problems.cases import brief, make_case
from crosscheck.problems.catalogue import BY_NAME, Options, build, choose
from crosscheck.report.words import of_cause
from crosscheck.runner.collect import CALLS, LANDMARKS, keep, measure, strided, windows
from crosscheck.runner.threads import THREADS
from crosscheck_impls.interface import Declaration, Layer, Network, declaration, load

PLAIN = Declaration()
OFF = 1 + 2.0**-30  # far below what float32 shows, far above the bound of float64
Answer = tuple[Any, list[Layer]]


class Fault(NamedTuple):
    """What goes wrong, where: the problem, the condition (network, X, Y), and what becomes of J and the gradient."""

    problem: str
    where: Callable[[Network, Any, Any], bool]
    wrong: Callable[[Network, Any, list[Layer]], Answer]


def dW(l: int, change: Callable[[Any], Any]) -> Callable[[Network, Any, list[Layer]], Answer]:
    """Change dW of a layer, counted from 0."""

    def wrong(network: Network, J: Any, gradient: list[Layer]) -> Answer:
        gradient[l] = gradient[l]._replace(W=change(gradient[l].W))
        return J, gradient

    return wrong


def without_rest(size: int) -> Callable[[Any], Any]:
    """Leave 0 what is beyond the last whole tile of rows."""
    return lambda array: np.where(np.arange(len(array))[:, None] < len(array) // size * size, array, 0)


off = dW(0, lambda array: array * OFF)
FAULTS = {
    "square: transposed, and the shape is right": Fault(
        "square-6layer-mixed", lambda n, X, Y: len(set(n.n)) == 1 and n.L > 4, dW(2, np.transpose)),
    "m = n[l]: biases along the wrong axis": Fault(
        "square-6layer-mixed", lambda n, X, Y: X.shape[1] == n.n[1] > 1,
        lambda n, J, g: (J, [g[0]._replace(b=g[0].b[::-1]), *g[1:]])),
    "three outputs or more after tanh": Fault(
        "square-6layer-mixed", lambda n, X, Y: n.L > 1 and n.g[-2] == "tanh" and n.n[-1] > 2,
        dW(-2, lambda a: a * OFF)),
    "one hidden unit, three outputs": Fault(
        "kink_outputs-2layer-relu", lambda n, X, Y: n.n == (3, 1, 3), dW(1, lambda a: a + 0 * a.mean() + 1e-9)),
    "two units above the first layer": Fault(
        "kink_outputs-3layer-leaky_relu", lambda n, X, Y: 2 in n.n[2:-1], dW(1, lambda a: a[::-1])),
    "m = 17": Fault("kink_outputs-2layer-relu", lambda n, X, Y: X.shape[1] % 16 == 1 < X.shape[1], off),
    "m = 777, odd": Fault("wide-3layer-leaky_relu", lambda n, X, Y: X.shape[1] > 512 and X.shape[1] % 2 == 1, off),
    "m = 1024": Fault("regression-3layer-mixed", lambda n, X, Y: X.shape[1] % 1024 == 0, off),
    "more than 128 units": Fault(
        "wide-3layer-leaky_relu", lambda n, X, Y: max(n.n[1:]) > 128, dW(0, without_rest(128))),
    "a rest of one beyond 32": Fault("wide-3layer-leaky_relu", lambda n, X, Y: 33 in n.n, dW(1, without_rest(32))),
    "a large product in float32": Fault(
        "wide-3layer-leaky_relu", lambda n, X, Y: X.shape[1] * n.n[0] * n.n[1] >= 2**22 and n.n[1] > 1,
        dW(0, lambda a: a.astype("float32").astype(a.dtype))),
    "no label 1, cost clipped": Fault(
        "no_class-logistic", lambda n, X, Y: not Y.any(), lambda n, J, g: (np.maximum(J, 1e-9), g)),
    "slope 0 read as none": Fault("regression-3layer-mixed", lambda n, X, Y: n.leaky_slope == 0, off),
    "a linear output above a hidden layer": Fault(
        "regression-3layer-mixed", lambda n, X, Y: n.L > 1 and n.g[-1] == "linear", dW(-1, lambda a: a * OFF)),
    "sigmoid below another hidden layer": Fault(
        "regression-3layer-mixed", lambda n, X, Y: n.L > 2 and n.g[0] == "sigmoid", off),
}  # fmt: skip


def another(**changes: Any) -> Any:
    return SimpleNamespace(**(vars(framework()) | changes))


def row_of(made: Any, problem: str, **options: Any) -> Row:
    case = make_case(build(BY_NAME[problem], Options(**options)), "float64")
    with np.errstate(all="ignore"):
        answer = measure(made, "reference", PLAIN, case, "cpu")
        return judge(Judge(case), answer, PLAIN, Key(problem, "mine", "float64", "cpu"))


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * fault.problem.startswith("wide")) for name, fault in FAULTS.items()],
)
def test_a_fault_of_one_shape_or_kind_is_reached_by_the_problem_for_it(name: str) -> None:
    right, fault = framework(), FAULTS[name]

    def gradient(network: Network, params: Any, X: Any, Y: Any) -> Any:
        J, slopes = right.gradients["reference"](network, params, X, Y)
        if not fault.where(network, X, Y):
            return J, slopes
        J, slopes = fault.wrong(network, J, list(slopes))
        return J, tuple(slopes)

    assert row_of(another(gradients={"reference": gradient}), fault.problem).verdict == "disagrees"
    assert fault.problem in {spec.name for spec in choose(None)}  # what `make compare` sees


@pytest.mark.parametrize("changed", ["square-6layer-mixed", "no_class-logistic", "kink_outputs-2layer-relu"])
def test_the_reference_itself_agrees_there(changed: str) -> None:
    assert row_of(framework(), changed).verdict == "agrees"


def test_every_logit_is_far_below_0_where_every_label_is_0() -> None:
    case = make_case(build(BY_NAME["no_class-logistic"]), "float64")
    assert not case.Y.any()
    for (W, b), *_ in case.checkpoints[1:]:
        assert (W @ case.X + b).max() < -20


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_formula_that_loses_digits_far_below_0_as_declared_is_not_suspect(dtype: str) -> None:
    """1 - A rounds to within u, where J is some 1e-12: the usual noise of the textbook's formula."""
    numpy = load("numpy")
    case, declared = make_case(build(BY_NAME["no_class-logistic"]), dtype), declaration(numpy, "textbook")
    answer = measure(numpy, "textbook", declared, case, "cpu")
    row = judge(Judge(case), answer, declared, Key(case.problem, "numpy/textbook", dtype, "cpu"))
    assert row.verdict == "agrees", of_cause(row.cause)


@pytest.mark.parametrize("step", [50, 127, 256, 511, 599])
@pytest.mark.parametrize("once", [True, False], ids=["once", "from then on"])
def test_a_schedule_of_a_long_run_is_seen(step: int, once: bool) -> None:
    """600 iterations on one example: a rate that changes, for one step or from it on."""
    right = framework()

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        before = min(step, iterations)
        params, costs = right.fit(variant, network, params, X, Y, alpha, before) if before else (params, X[0, :0])
        if before == iterations:
            return params, costs
        changed = 1 if once else iterations - before
        params, more = right.fit(variant, network, params, X, Y, alpha / 2, changed)
        rest = iterations - before - changed
        params, last = right.fit(variant, network, params, X, Y, alpha, rest) if rest else (params, X[0, :0])
        return params, np.concatenate([costs, more, last])

    assert row_of(another(fit=fit), "one_example-logistic").verdict == "disagrees"


def test_a_long_run_shows_the_steps_where_something_is_likely_to_change() -> None:
    case = make_case(build(BY_NAME["one_example-logistic"]), "float64")
    kept, lengths = keep(case, 600), windows(600, case.problem)
    for t in LANDMARKS[:-2]:
        assert {t - 1, t} <= kept
        assert {t - 1, t, t + 1} <= lengths


def test_an_answer_that_a_later_call_overwrites_is_seen() -> None:
    """Eight buffers in turn: the three gradients at the checkpoints, asked at once, need only three."""
    right = framework()
    case = make_case(build(BY_NAME["flower-2layer-tanh"], Options(iterations=4)), "float64")
    buffers = cycle([[np.empty_like(a) for a in flat(case.checkpoints[0])] for _ in range(8)])
    assert CALLS > 8

    def gradient(network: Any, params: Any, X: Any, Y: Any) -> Any:
        J, slopes = right.gradients["reference"](network, params, X, Y)
        buffer = next(buffers)
        for into, array in zip(buffer, flat(slopes), strict=True):
            into[:] = array
        return J, tuple(Layer(*buffer[k : k + 2]) for k in range(0, len(buffer), 2))

    assert row_of(another(gradients={"reference": gradient}), case.problem, iterations=4).verdict == "disagrees"


def test_an_input_that_is_strided_is_given_too() -> None:
    def from_numpy(array: Any, device: str = "cpu") -> Any:
        """Read the memory from the first number on, as one does who forgets that an array may be a view."""
        owner = array if array.flags.c_contiguous or array.flags.f_contiguous else array.base
        return np.array(array) if owner is array else owner.ravel()[: array.size].reshape(array.shape).copy()

    assert row_of(another(from_numpy=from_numpy), "flower-2layer-tanh", iterations=4).verdict == "disagrees"


def test_a_strided_array_holds_the_same_numbers_apart() -> None:
    array = np.arange(12.0).reshape(3, 4)
    view = strided(array)
    assert np.array_equal(view, array)
    assert not view.flags.c_contiguous
    assert not view.flags.f_contiguous


def test_a_case_in_short_is_the_same_question() -> None:
    case = make_case(build(BY_NAME["flower-2layer-tanh"]), "float64")
    short = brief(case)
    assert (len(short.checkpoints), short.steps, short.iterations) == (1, (0,), 1)
    assert short.X is case.X


def test_long_sums_are_large_and_lie_in_columns_that_two_threads_share_evenly_and_unevenly() -> None:
    X = make_case(build(BY_NAME["threads-logistic"]), "float64").X
    assert X.size >= 2**22
    assert [n % 2 for n in X.shape] == [0, 1]


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor: there is one thread in every process")
def test_what_a_fresh_process_with_all_processors_answers_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults that no worker shows which has its share of the processors and has answered float32 before."""
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    problems = [build(BY_NAME[name], Options(iterations=4)) for name in ("flower-logistic", "flower-2layer-tanh")]
    module = "tests.harness.outsiders.again"
    chosen = implementations([module, "tests.harness.outsiders.right", "numpy/by_hand"])
    request = Request([*problems, build(BY_NAME["threads-logistic"])], chosen, ["float64", "float32"], again=True)
    rows = {(r.implementation, r.problem, r.dtype): r for r in compare(request, lambda *_: None).rows}
    assert len(rows) == 5 * 5
    fresh = f"in a fresh process with {os.cpu_count()} threads: dW1"
    for variant in ("first_call", "threads"):
        row = rows[f"{module}/{variant}", "flower-logistic", "float64"]
        assert row.verdict == "disagrees"
        assert of_cause(row.cause).startswith(fresh)
        twin = rows[f"{module}/{variant}", "flower-logistic", "float32"]
        assert of_cause(twin.cause).startswith(f"its float64 twin disagrees: {fresh}")
    assert rows[f"{module}/threads", "flower-2layer-tanh", "float64"].verdict == "disagrees"  # the largest one
    assert rows[f"{module}/long_products", "threads-logistic", "float64"].verdict == "disagrees"
    others = [r for (_, problem, _), r in rows.items() if problem != "threads-logistic" or "again" not in str(r)]
    right = [r for r in others if r.implementation in ("tests.harness.outsiders.right/mine", "numpy/by_hand")]
    assert len(right) == 10
    assert {r.verdict for r in right} == {"agrees"}
