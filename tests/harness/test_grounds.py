"""What is said of a place is said only where the numbers bear it out: faults that made a sentence of it false."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from crosscheck.core.records import Certification
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.grounds import Grounds
from crosscheck.judge.location import Location, Part
from crosscheck.judge.verdict import Key, Row, judge
from crosscheck.mutation.build import framework
from crosscheck.mutation.in_a_layer import by_name
from crosscheck.oracle.reference import RIGHT
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, Options, build
from crosscheck.report.words import of_cause, of_location
from crosscheck.runner.collect import measure, record
from crosscheck_impls.defaults import complete
from crosscheck_impls.interface import Declaration, Layer

PLAIN = Declaration()


def another(**changes: Any) -> Any:
    return SimpleNamespace(**(vars(framework()) | changes))


def row_of(
    made: Any, problem: str = "flower-2layer-tanh", dtype: str = "float64", variant: str = "", **options: Any
) -> Row:
    case = make_case(build(BY_NAME[problem], Options(**options)), dtype)
    variant = variant or "reference"
    with np.errstate(all="ignore"):
        answer = measure(made, variant, PLAIN, case, "cpu")
        return judge(Judge(case), answer, PLAIN, Key(problem, "mine", dtype, "cpu"))


def said(made: Any, problem: str = "flower-2layer-tanh", dtype: str = "float64", **options: Any) -> str:
    found = row_of(made, problem, dtype, **options)
    assert found.verdict == "disagrees"
    return of_cause(found.cause)


def with_gradient(change: Callable[..., Any]) -> Any:
    """Return the reference whose J and gradient go through a function (J, gradient, network, params, X, Y)."""

    def gradient(*arguments: Any) -> Any:
        J, slopes = RIGHT.cost_and_gradients(*arguments)
        return change(J, slopes, *arguments)

    return another(gradients={"reference": gradient})


def with_loop(step: Callable[..., Any] | None = None, reported: Callable[[Any], Any] = lambda costs: costs) -> Any:
    """Return the reference with a loop whose step is (params, slopes, alpha, t) -> params."""

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        costs = np.empty(iterations, X.dtype)
        for t in range(iterations):
            costs[t], slopes = RIGHT.cost_and_gradients(network, params, X, Y)
            params = (
                step(params, slopes, X.dtype.type(alpha), t) if step else moved(params, slopes, X.dtype.type(alpha))
            )
        return params, reported(costs)

    return another(fit=fit)


def moved(params: Any, slopes: Any, rate: Any) -> Any:
    return tuple(Layer(W - rate * dW, b - rate * db) for (W, b), (dW, db) in zip(params, slopes, strict=True))


# ---------------------------------------------------------------- the same question, another answer


def test_a_gradient_that_only_a_loop_spoils_is_not_called_right_in_the_loop() -> None:
    """A memo by id: an address that is free again is taken for an array that is known."""
    calls: list[int] = []

    def gradients(network: Any, params: Any, X: Any, Y: Any) -> Any:
        calls.append(1)
        J, slopes = RIGHT.cost_and_gradients(network, params, X, Y)
        return (J, slopes) if len(calls) < 20 else (J, tuple(Layer(W * 1.5, b) for W, b in slopes))

    made = complete(SimpleNamespace(gradients=gradients, __name__="mine"), "mine")  # type: ignore[arg-type]
    words = of_cause(row_of(made, variant="gradients").cause)
    assert "what fit makes of them" not in words
    assert "asked for twice" in words or "that were asked for by themselves are right" in words


def test_a_loop_that_is_the_harnesss_own_is_called_so() -> None:
    """The gradient is wrong near the start, where only the loop asks for it."""
    start = make_case(build(BY_NAME["flower-2layer-tanh"]), "float64").checkpoints[0]

    def gradients(network: Any, params: Any, X: Any, Y: Any) -> Any:
        J, slopes = RIGHT.cost_and_gradients(network, params, X, Y)
        near = 0 < np.abs(params[1].b - start[1].b).max() < 0.004
        return (J, tuple(Layer(W * 1.5, b) for W, b in slopes)) if near else (J, slopes)

    made = complete(SimpleNamespace(gradients=gradients, __name__="mine"), "mine")  # type: ignore[arg-type]
    words = of_cause(row_of(made, variant="gradients", iterations=40).cause)
    assert "J and the gradients that were asked for by themselves are right; " in words
    assert "fit is the harness's own loop over the gradients" in words


@pytest.mark.parametrize("later", [True, False])
def test_two_answers_to_one_question_name_no_line(later: bool) -> None:
    calls: list[int] = []

    def change(J: Any, slopes: Any, *_: Any) -> Any:
        calls.append(1)
        wrong = len(calls) > 3 if later else len(calls) == 1
        return (J, (slopes[0]._replace(W=2 * slopes[0].W), *slopes[1:])) if wrong else (J, slopes)

    words = said(with_gradient(change))
    assert "J and the gradients at iteration 0 were asked for twice" in words
    assert ("right at first, and wrong asked again" if later else "right asked again, and wrong at first") in words
    assert "the mistake is in" not in words


@pytest.mark.parametrize("call", range(4, 16))
def test_one_wrong_gradient_in_a_row_is_seen_at_whichever_point(call: int) -> None:
    """The calls are 3, then those of the harness's row: fit does not ask this function."""
    calls: list[int] = []

    def change(J: Any, slopes: Any, *_: Any) -> Any:
        calls.append(1)
        return (2 * J if len(calls) == call else J), slopes

    assert "were asked for twice" in said(with_gradient(change))


def test_an_earlier_answer_that_comes_again_is_called_that() -> None:
    kept: dict[Any, Any] = {}

    def change(J: Any, slopes: Any, network: Any, *_: Any) -> Any:
        return kept.setdefault(network, (J, slopes))  # by what it is asked for, but for the params

    words = said(with_gradient(change))
    assert "J and every gradient at iteration 20 are, to the last bit, those at iteration 0" in words


@pytest.mark.parametrize("call", [2, 3, 7, 20, 41])
def test_a_fit_that_is_wrong_in_one_single_call_does_not_agree(call: int) -> None:
    """Asked again it is right: the answer is not one that can be had twice."""
    calls: list[int] = []

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        calls.append(iterations)
        alpha = 1.5 * alpha if len(calls) == call else alpha
        return framework().fit(variant, network, params, X, Y, alpha, iterations)

    words = said(another(fit=fit), iterations=40)
    assert f"at step {call - 2} alone, of 40 seen" in words or call == 41
    assert "fit gave another answer when it was asked again" in words


def test_a_single_call_that_is_wrong_within_its_bound_is_suspect() -> None:
    calls: list[int] = []

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        calls.append(iterations)
        trained, costs = framework().fit(variant, network, params, X, Y, alpha, iterations)
        return (trained, costs) if len(calls) != 7 else (tuple(Layer(np.nextafter(W, 9), b) for W, b in trained), costs)

    assert row_of(another(fit=fit)).verdict == "suspect"


def test_single_steps_are_asked_again_where_the_run_is_not_made_of_them() -> None:
    calls: list[int] = []

    def fit(variant: str, network: Any, params: Any, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
        calls.append(iterations)
        order = np.arange(X.shape[1])[:: -1 if iterations > 1 else 1]  # an honest loop that rounds otherwise
        return framework().fit(variant, network, params, X[:, order], Y[:, order], alpha, iterations)

    case = make_case(build(BY_NAME["flower-2layer-tanh"], Options(iterations=9)), "float64")
    run, _, _ = record(another(fit=fit), "reference", case, case.checkpoints[0], case.X, case.Y, 9)
    assert run.certification is Certification.LENGTHS
    assert calls == [9, *[1] * 9, *[1] * 9, 9, *range(1, 10)]


# ---------------------------------------------------------------- what is right


def test_where_J_does_not_hang_on_the_forward_pass_it_says_nothing_of_it() -> None:
    """At zero weights J is log 2 whatever X is."""

    def gradient(network: Any, params: Any, X: Any, Y: Any) -> Any:
        return RIGHT.cost_and_gradients(network, params, X * 1.5, Y)

    words = said(another(gradients={"reference": gradient}), "breast_cancer-logistic")
    assert "J lies within its bound" in words
    assert "so the forward pass" not in words
    assert words.endswith("or in the forward pass before it; unexplained")


def test_where_J_hangs_on_it_the_forward_pass_is_called_right() -> None:
    words = said(with_gradient(lambda J, g, *_: (J, (g[0]._replace(W=2 * g[0].W), *g[1:]))))
    assert "J is right, so the forward pass that it comes from is" in words


def test_an_error_that_would_not_show_in_db_says_nothing_of_db() -> None:
    """dW and db are wrong by the same factor, which the bound of db hides in float32."""

    def gradient(J: Any, slopes: Any, *_: Any) -> Any:
        return J, tuple(Layer(dW * dW.dtype.type(1 + 1e-4), db * db.dtype.type(1 + 1e-4)) for dW, db in slopes)

    words = said(with_gradient(gradient), "breast_cancer-2layer-sigmoid", "float32")
    assert "J lies within its bound; dW2 is wrong; every db lies within its bound, which need not mean" in words
    assert "the mistake is in" not in words


def test_a_constant_in_dZ_that_standardised_features_average_out_is_not_denied() -> None:
    def gradient(network: Any, params: Any, X: Any, Y: Any) -> Any:
        hooks = {"output_dZ": lambda self, network, A, Z, Y: A - Y + 0.01}
        return RIGHT.replaced(**hooks).cost_and_gradients(network, params, X, Y)

    words = said(another(gradients={"reference": gradient}), "breast_cancer-logistic")
    assert "in the line of db1, or in a part of dZ1 that X does not see" in words


def test_a_dZ_in_another_order_is_not_denied() -> None:
    def gradient(network: Any, params: Any, X: Any, Y: Any) -> Any:
        hooks = {"output_dZ": lambda self, network, A, Z, Y: (A - Y)[:, ::-1]}
        return RIGHT.replaced(**hooks).cost_and_gradients(network, params, X, Y)

    words = said(another(gradients={"reference": gradient}), "one_feature-linear")
    assert "in the line of dW1, its product, its mean, or what goes into it" in words


def test_a_sum_for_a_mean_is_not_blamed_on_dZ_alone() -> None:
    def gradient(J: Any, slopes: Any, network: Any, params: Any, X: Any, Y: Any) -> Any:
        *first, (dW, db) = slopes
        return J, (*first, Layer(dW * X.shape[1], db * X.shape[1]))

    assert "or in what both do with it (1/m)" in said(with_gradient(gradient))


def test_dZ_of_a_squared_error_is_written_with_its_derivative() -> None:
    def double(J: Any, slopes: Any, *_: Any) -> Any:
        return J, tuple(Layer(2 * dW, 2 * db) for dW, db in slopes)

    assert "the mistake is in dZ1 = (A1 - Y) ∘ g1′(Z1)" in said(with_gradient(double), "many_outputs-squared_error")
    assert "the mistake is in dZ1 = A1 - Y" in said(with_gradient(double), "many_outputs-logistic")


def test_wrong_weights_alone_are_not_called_all_gradients() -> None:
    def gradient(J: Any, slopes: Any, *_: Any) -> Any:
        return 2 * J, tuple(Layer(2 * dW, db) for dW, db in slopes)

    words = said(with_gradient(gradient))
    assert "a gradient of every layer is" in words
    assert "all gradients" not in words


def test_layers_between_that_are_right_are_not_called_wrong() -> None:
    def gradient(J: Any, slopes: Any, *_: Any) -> Any:
        first, second, third = slopes
        return 2 * J, (first, Layer(2 * second.W, second.b), third)

    words = said(with_gradient(gradient), "flower-3layer-tanh")
    assert "J is wrong, and gradients are, those of layer 2 first" in words


def test_an_activation_that_was_overwritten_is_said_to_be_what_two_layers_share() -> None:
    """A2 after the forward pass: dW3 is wrong first, and db3, which has no A2, is right."""

    class Overwrites(type(RIGHT)):  # type: ignore[misc]
        def J(self, network: Any, A: Any, Z: Any, Y: Any) -> Any:
            cost = RIGHT.J(network, A, Z, Y)
            A[2] = A[2] ** 2
            return cost

    words = said(another(gradients={"reference": Overwrites().cost_and_gradients}), "flower-3layer-tanh")
    assert "dW3 is the first that is wrong, without db3, and then gradients of layer 2: look at A2 as the" in words


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({3: "W", 1: "Wb"}, "dW3 is the first that is wrong"),
        ({3: "b", 2: "W"}, "db3 is the first that is wrong"),
        ({2: "W", 1: "b"}, "dW2 is the first that is wrong, without db2, and then gradients of layer 1: look at A1 as"),
    ],
)
def test_two_places_that_share_no_activation_are_not_said_to(wrong: dict[int, str], words: str) -> None:
    def gradient(J: Any, slopes: Any, *_: Any) -> Any:
        layers = enumerate(slopes, start=1)
        return J, tuple(
            Layer(*(2 * a if kind in wrong.get(l, "") else a for kind, a in zip("Wb", layer, strict=True)))
            for l, layer in layers
        )

    found = said(with_gradient(gradient), "flower-3layer-tanh")
    assert words in found
    assert ("look at A" in found) == ("look at A" in words)


def test_a_forward_mistake_behind_which_a_layer_is_dead_is_looked_for_in_the_forward_pass_too() -> None:
    """Layer 1 gives 0 for all examples, so that its gradient is 0 whatever comes after it."""
    case = make_case(build(BY_NAME["flower-3layer-relu"]), "float64")
    (W1, b1), (W2, b2), last = case.checkpoints[0]
    dead = (Layer(W1, b1 - 100), Layer(W2, np.linspace(-1, 1, b2.size).reshape(b2.shape)), last)
    case = case._replace(checkpoints=[dead], steps=(0,), iterations=1)
    answer = measure(framework(by_name("layer 2: leaky_relu with slope 0.2")), "reference", PLAIN, case, "cpu")
    found = judge(Judge(case), answer, PLAIN, Key("mine", "mine", "float64", "cpu"))
    words = of_cause(found.cause)
    assert "gradients are, those of layer 3 first: look at the forward pass, the cost and at dZ3" in words


# ---------------------------------------------------------------- which steps


def lost(numbers: set[int]) -> Any:
    return with_loop(lambda params, slopes, rate, t: params if t in numbers else moved(params, slopes, rate))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_losses_at_random_are_no_rule(dtype: str) -> None:
    """The first is the seventh step, as it would be if every seventh were skipped."""
    words = said(lost({6, 14, 17, 30}), dtype=dtype, iterations=40)
    assert "every seventh step is skipped" not in words
    assert "at 4 of 40 steps seen, the first 6" in words or "from step 6 on" not in words


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_seventh_step_is_named(dtype: str) -> None:
    words = said(lost({6, 13, 20, 27, 34}), dtype=dtype, iterations=40)
    assert "equals `every seventh step is skipped` in all 40 steps seen" in words


def test_a_rate_that_is_halved_twice_is_not_one_that_is_halved_once() -> None:
    def step(params: Any, slopes: Any, rate: Any, t: int) -> Any:
        return moved(params, slopes, rate / (1 if t < 10 else 2 if t < 20 else 4))

    assert "equals" not in said(with_loop(step), iterations=40)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({6}, "at step 6 alone, of 40 seen"),
        ({6, 9, 30}, "at 3 of 40 steps seen, the first 6"),
        (set(range(6, 40)), "from step 6 on; the steps before it lie within their bounds"),
        (set(range(40)), "from the first step on"),
    ],
)
def test_the_steps_whose_costs_are_wrong_are_counted(numbers: set[int], words: str) -> None:
    def step_cost(costs: Any) -> Any:
        t = np.arange(start[0], start[0] + costs.size)
        return np.where(np.isin(t, list(numbers)), 1.5 * costs, costs)

    start = [0]
    made = with_loop(reported=step_cost)
    whole, number = made.fit, iter(range(100))

    def fit(*arguments: Any) -> Any:
        start[0] = next(number) % 40 if arguments[-1] == 1 else 0  # a single call knows which step it is
        return whole(*arguments)

    found = said(another(fit=fit), iterations=40)
    assert f"the costs that fit reports are not right, {words}" in found
    assert "every step lies within its bound" in found


def test_biases_that_may_be_wrong_are_not_called_right() -> None:
    """A rate that is too large; of the biases, in float32, that lies within the bound."""
    made = with_loop(lambda params, slopes, rate, t: moved(params, slopes, rate * rate.dtype.type(1.3)))
    words = said(made, "many_examples-logistic", "float32")
    assert "the weights that fit steps to are not, from the first step on; the biases lie within their bounds" in words


def test_costs_in_another_shape_are_not_called_another_number() -> None:
    words = said(with_loop(reported=lambda costs: costs[None]), iterations=8)
    assert "fit's costs has shape (1, 8), expected (8,)" in words
    assert "fit's cost of one step" not in words
    assert "or another shape" in words


def test_an_answer_without_a_bound_is_not_called_right() -> None:
    location = Location(Part.FIT, 1, step=3)
    assert of_location(location, beside=Grounds(bounded=False)).startswith("of J and the gradients that were asked for")
    assert "all that has a bound is right" in of_location(location, beside=Grounds(bounded=False))
