"""What holds in each framework alone: published figures, closed forms, building blocks, the models among each other.

A framework's suite is `class TestX(Laws): framework = load("x")`. Numbers are worked by hand, or printed
by the course's exercises and then compared to the digits printed. Where numbers are whole
or halves, every operation is exact in floating point and so is the comparison.
"""

from __future__ import annotations

import importlib
import math
import os
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
from crosscheck.oracle.error_bound import LOGARITHM, PLAIN, TANH, precision
from crosscheck.testing.judging import (
    Problem,
    ask,
    assert_same,
    assert_true,
    assert_within,
    draw,
    flat,
    get,
    judge,
    put,
    same_bits,
)  # fmt: skip
from crosscheck_impls.interface import DTYPES, Declaration, Layer, Network, Params, declaration

TEXTBOOK = Declaration(formulation="textbook")
ONE = Network((1, 1), ("sigmoid",))
TWO = Network((2, 1), ("sigmoid",))
TINY = Problem(
    TWO,
    (Layer(np.array([[1.0, 2.0]]), np.array([[2.0]])),),
    np.array([[1.0, 2.0], [3.0, 4.0]]),
    np.array([[1.0, 0.0]]),
)
CATS = (
    "0.693147 0.584508 0.466949 0.376007 0.331463 0.303273 0.279880 0.260042 0.242941 0.228004 "
    "0.214820 0.203078 0.192544 0.183033 0.174399 0.166521 0.159305 0.152667 0.146542 0.140872"
)
SET = "set it to the folder of the course's train_catvnoncat.h5 and test_catvnoncat.h5: CROSSCHECK_CATS=../shared/data"

dtypes = pytest.mark.parametrize("dtype", DTYPES)


def printed(values: Any, figures: str) -> None:
    """Fail unless the values, rounded to the digits that each figure is printed with, are the figures."""
    for value, figure in zip(np.ravel(values), figures.split(), strict=True):
        assert f"{value:.{len(figure.partition('.')[2])}f}" == figure


def plain_variants(framework: Any) -> list[str]:
    """Return the variants that compile nothing; those that do have tests of their own."""
    return [variant for variant in framework.gradients if not declaration(framework, variant).compiles]


class Laws:
    """The suite of one framework. Everything is in NumPy outside of `put` and `get`."""

    framework: ClassVar[Any]

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{self.framework.module.__name__}.{name}")

    def put(self, *rows: list[float], dtype: str = "float64") -> Any:
        return self.framework.from_numpy(np.array(rows, dtype))

    def layer(self, W: list[list[float]], b: list[float]) -> Layer:
        return Layer(self.put(*W), self.put(*([each] for each in b)))

    def rows(self, array: Any) -> list[list[float]]:
        return self.framework.to_numpy(array).tolist()

    def backward(self, model: str, problem: Problem) -> tuple[Any, Params]:
        J, gradient = self.framework.models[model].backward(*put(self.framework, problem))
        return self.framework.to_numpy(J), get(self.framework, gradient)

    # ---------------------------------------------------------------- published figures

    def test_published_one_step(self):
        # notes: N2, N10
        _, ((dW, db),) = ask(self.framework, "by_hand", TINY)
        printed(dW, "0.99993216 1.99980262")
        printed(db, "0.499935230625")

    def test_published_cost_is_the_textbooks(self):
        """6.000064773192205 has the rounding of 1 − A in its last digits; from the logits one gets ...191601."""
        # notes: N3
        J, _ = ask(self.framework, "textbook", TINY)
        printed(J, "6.000064773192205")
        J, _ = ask(self.framework, "by_hand", TINY)
        E = judge(TINY, PLAIN).theirs.J + judge(TINY, TEXTBOOK).theirs.J
        assert_within("J", J, np.asarray(6.000064773192205), np.asarray(E), "float64")

    def test_published_hundred_steps(self):
        # notes: N5
        network, params, X, Y = put(self.framework, TINY)
        (before,), _ = self.framework.fit("by_hand", network, params, X, Y, 0.009, 99)
        (after,), costs = self.framework.fit("by_hand", network, params, X, Y, 0.009, 100)
        _, (last,) = self.framework.gradients["by_hand"](network, (before,), X, Y)
        assert self.framework.to_numpy(costs).shape == (100,)
        printed(self.framework.to_numpy(after.W), "0.11245790 0.23106775")
        printed(self.framework.to_numpy(after.b), "1.55930492484")
        printed(self.framework.to_numpy(last.W), "0.90158428 1.76250842")
        printed(self.framework.to_numpy(last.b), "0.430462071679")

    def test_published_sigmoid(self):
        # notes: N15
        for sigmoid in (self.module("activations").sigmoid, self.framework.textbook.sigmoid_by_definition):
            printed(self.framework.to_numpy(sigmoid(self.put([9.2]))), "0.999898970806")

    @pytest.mark.parametrize(
        ("Y", "figure"), [([1.0, 1.0, 1.0], 0.41493159961539694), ([1.0, 1.0, 0.0], 0.2797765635793422)]
    )
    def test_published_costs(self, Y, figure):
        """All 17 digits are printed, and so an error in the last one is too: the textbook's bound, theirs and ours."""
        # notes: N3
        A = np.array([[0.8, 0.9, 0.4]])
        Z = np.log(A / (1 - A))
        problem = Problem(ONE, (Layer(np.ones((1, 1)), np.zeros((1, 1))),), Z, np.array([Y]))
        E = judge(problem, TEXTBOOK).theirs.J
        J = self.framework.textbook.cross_entropy(self.framework.from_numpy(A), self.put(Y))
        assert_within("J", self.framework.to_numpy(J), np.asarray(figure), np.asarray(2 * E), "float64")
        # Z has the roundings of 1 − A, of the quotient and of log; |∂J/∂z| <= 1/m
        E_Z = precision("float64").u * (3 + LOGARITHM * np.abs(Z)).mean()
        J = self.module("losses").cross_entropy(self.framework.from_numpy(Z), self.put(Y))
        bound = np.asarray(E + E_Z + judge(problem, PLAIN).theirs.J)
        assert_within("J", self.framework.to_numpy(J), np.asarray(figure), bound, "float64")

    @pytest.mark.skipif("CROSSCHECK_CATS" not in os.environ, reason=f"CROSSCHECK_CATS is not set; {SET}")
    def test_published_cat_images(self):
        # notes: N2, N13, N24
        pytest.importorskip("h5py", reason="h5py is not installed: it reads the course's images")
        from crosscheck.problems.files.how import How
        from crosscheck.problems.files.read import read

        folder = Path(os.environ["CROSSCHECK_CATS"])
        data = read(folder / "train_catvnoncat.h5", How(test=folder / "test_catvnoncat.h5")).data
        network = Network((12288, 1), ("sigmoid",))
        X, Y = self.framework.from_numpy(data.X), self.framework.from_numpy(data.Y)
        start = (Layer(self.framework.from_numpy(np.zeros((1, 12288))), self.put([0.0])),)
        params, costs = self.framework.fit("by_hand", network, start, X, Y, 0.005, 2000)
        assert [f"{J:.6f}" for J in self.framework.to_numpy(costs)[::100]] == CATS.split()
        for images, labels, figure in ((data.X, data.Y, "99.04"), (data.X_test, data.Y_test, "70.00")):
            predicted = self.framework.to_numpy(
                self.framework.predict(network, params, self.framework.from_numpy(images))
            )
            assert f"{100 * (predicted == labels).mean():.2f}" == figure

    # ---------------------------------------------------------------- closed forms

    @dtypes
    def test_zero_weights_cost_log_2(self, dtype):
        """A = 1/2: J = log 2, dW = (1/2 − Y) Xᵀ / m, exact for whole numbers and m = 4."""
        # notes: N3
        X = np.array([[1, 2, -3, 4], [0, 5, 6, -7]], dtype)
        Y = np.array([[1, 0, 0, 1]], dtype)
        problem = Problem(TWO, (Layer(np.zeros((1, 2), dtype), np.zeros((1, 1), dtype)),), X, Y)
        for variant in plain_variants(self.framework):
            J, ((dW, db),) = ask(self.framework, variant, problem)
            E = np.asarray(judge(problem, declaration(self.framework, variant)).theirs.J)
            assert_within("J", J, np.asarray(math.log(2)), E, dtype)
            if variant in ("by_hand", "textbook", "loops"):
                assert np.array_equal(dW, (0.5 - Y) @ X.T / 4)
                assert np.array_equal(db, (0.5 - Y).sum(axis=1, keepdims=True) / 4)

    @dtypes
    def test_logits_of_200_cost_200(self, dtype):
        """On the wrong side J is z and dz is ±1, on the right side both are 0 to rounding; nothing overflows."""
        X = np.array([[200, -200, 200, -200]], dtype)
        Y = np.array([[1, 0, 0, 1]], dtype)
        problem = Problem(ONE, (Layer(np.ones((1, 1), dtype), np.zeros((1, 1), dtype)),), X, Y)
        for variant in plain_variants(self.framework):
            narrow = declaration(self.framework, variant).precision != "full" and dtype == "float32"
            if narrow or variant == "textbook":
                continue  # 200 is rounded; or log(0): a documented row of its own
            J, ((dW, db),) = ask(self.framework, variant, problem)
            assert J == 100
            assert dW == 100
            assert_true(problem, (J, (Layer(dW, db),)), declaration(self.framework, variant))

    def test_the_textbook_takes_the_logarithm_of_0(self):
        """The documented failure of the notes' own formulas: J is not a number where an output saturates."""
        problem = Problem(ONE, (Layer(np.ones((1, 1)), np.zeros((1, 1))),), np.array([[200.0]]), np.array([[0.0]]))
        J, _ = ask(self.framework, "textbook", problem)
        assert not np.isfinite(J)
        assert np.isinf(judge(problem, TEXTBOOK).theirs.J)

    def test_a_feature_that_never_changes_gets_db_times_it(self):
        problem = draw(Network((3, 1), ("sigmoid",)), seed=7)
        column = np.array([[0.5], [-3.0], [0.7]])
        problem = problem._replace(X=np.repeat(column, problem.X.shape[1], axis=1))
        _, ((dW, db),) = ask(self.framework, "by_hand", problem)
        E = judge(problem, PLAIN).theirs.gradient[0]
        assert_within("dW", dW, db * column.T, E.W + E.b * np.abs(column.T), "float64")

    @dtypes
    def test_tanh_by_definition_is_tanh_until_it_overflows(self, dtype):
        """The difference of the exponentials errs by 5u of 1, each tanh by its own relative error; then inf / inf."""
        # notes: N15
        p = precision(dtype)
        Z = np.linspace(-9, 9, 181).astype(dtype)[None, :]
        library, definition = self.module("activations").tanh, self.framework.textbook.tanh_by_definition
        A, B = (self.framework.to_numpy(tanh(self.framework.from_numpy(Z))) for tanh in (library, definition))
        assert_within("tanh", B, A, 2 * TANH * p.u * np.abs(A.astype(float)) + 5 * p.u + 2 * p.tiny, dtype)
        far = self.framework.from_numpy(np.array([[math.log(p.largest) + 1]], dtype))
        with np.errstate(all="ignore"):
            assert np.isnan(self.framework.to_numpy(definition(far)))
        assert self.framework.to_numpy(library(far)) == 1

    @pytest.mark.parametrize(
        ("output", "J", "dZ"), [("sigmoid", 0.125, -0.125), ("linear", 0.5, -1.0), ("relu", 0.5, -1.0)]
    )
    def test_half_the_squared_error(self, output, J, dZ):
        """At z = 0 with label 1: 1/2 (A − 1)², and dZ = (A − 1) g′(0), with g′(0) = 1/4, 1, and 1 right of the kink."""
        # notes: N4, N21
        network = Network((2, 1), (output,), "squared_error")
        cost, (gradient,) = self.framework.gradients["by_hand"](
            network, (self.layer([[2, -1]], [0]),), self.put([1, 2], [2, 4]), self.put([1, 1])
        )
        assert float(self.framework.to_numpy(cost)) == J
        assert self.rows(gradient.W) == [[1.5 * dZ, 3 * dZ]]
        assert self.rows(gradient.b) == [[dZ]]

    # ---------------------------------------------------------------- the notes' misprints

    def test_sigmoid_is_1_over_the_whole_denominator(self):
        """1 / 1 + exp(−z), as the notes print it, would be 2 at 0."""
        for sigmoid in (self.module("activations").sigmoid, self.framework.textbook.sigmoid_by_definition):
            assert self.rows(sigmoid(self.put([0.0, 50.0]))) == [[0.5, 1.0]]
            assert (self.framework.to_numpy(sigmoid(self.put([-3.0, -1.0, 1.0, 3.0]))) < 1).all()

    def test_the_cost_is_positive(self):
        """The minus that the notes forget."""
        problem = draw(TWO, seed=8)
        assert all(ask(self.framework, variant, problem)[0] > 0 for variant in plain_variants(self.framework))

    # ---------------------------------------------------------------- activations

    @dtypes
    @pytest.mark.parametrize(
        ("side", "relu", "leaky"),
        [("right", [0.0, 1.0, 1.0], [0.25, 1.0, 1.0]), ("left", [0.0, 0.0, 1.0], [0.25, 0.25, 1.0])],
    )
    def test_the_kink_decides_the_derivative_at_0(self, side, relu, leaky, dtype):
        # notes: N15
        network = Network((1, 1, 1, 1), ("relu", "leaky_relu", "sigmoid"), leaky_slope=0.25, relu_grad_at_zero=side)
        Z = self.put([-2.0, 0.0, 3.0], dtype=dtype)
        for l, values, slopes in ((1, [0.0, 0.0, 3.0], relu), (2, [-0.5, 0.0, 3.0], leaky)):
            g, derivative = self.module("activations").activation(network, l)
            A = g(Z)
            assert self.rows(A) == [values]
            assert self.rows(derivative(Z, A)) == [slopes]

    def test_the_smooth_derivatives_at_0(self):
        # notes: N15
        activations, Z = self.module("activations"), self.put([0.0])
        for name, value, slope in (("sigmoid", 0.5, 0.25), ("tanh", 0.0, 1.0), ("linear", 0.0, 1.0)):
            A = getattr(activations, name)(Z)
            assert self.rows(A) == [[value]]
            assert self.rows(getattr(activations, f"{name}_derivative")(Z, A)) == [[slope]]

    def test_relu_keeps_nan(self):
        for name in ("relu", "leaky_relu"):
            assert np.isnan(
                self.framework.to_numpy(getattr(self.module("activations"), name)(self.put([np.nan])))
            ).all()

    # ---------------------------------------------------------------- building blocks

    NETWORK: ClassVar = Network((2, 2, 1), ("leaky_relu", "sigmoid"), leaky_slope=0.5)

    def test_linear_forward(self):
        # notes: N18
        Z = self.framework.l_layer.linear_forward(
            self.layer([[1, 2], [3, 4]], [1, -1]), self.put([1, 0, -1], [2, 1, 0])
        )
        assert self.rows(Z) == [[6, 3, 0], [10, 3, -4]]

    def test_activation_forward(self):
        # notes: N18
        forward = self.framework.l_layer.activation_forward
        assert self.rows(forward(self.NETWORK, 1, self.put([-2.0, 3.0], [0.0, -1.0]))) == [[-1, 3], [0, -0.5]]
        assert self.rows(forward(self.NETWORK, 2, self.put([0.0, 0.0]))) == [[0.5, 0.5]]

    def test_activation_backward(self):
        """dZ = dA ∘ g′(Z): the derivative of layer l, at Z[l]."""
        # notes: N18
        backward = self.framework.l_layer.activation_backward
        Z, A, dA = self.put([-2.0, 3.0], [0.0, -1.0]), self.put([-1.0, 3.0], [0.0, -0.5]), self.put([4, 5], [6, 7])
        assert self.rows(backward(self.NETWORK, 1, dA, Z, A)) == [[2, 5], [6, 3.5]]
        assert self.rows(backward(self.NETWORK, 2, self.put([8.0]), self.put([0.0]), self.put([0.5]))) == [[2]]

    def test_linear_backward(self):
        """dW = dZ Aᵀ / m, db = Σ dZ / m."""
        # notes: N18
        dW, db = self.framework.l_layer.linear_backward(self.put([2, 4], [6, -2]), self.put([1, 0], [3, 5], [1, 1]))
        assert self.rows(dW) == [[1, 13, 3], [3, 4, 2]]
        assert self.rows(db) == [[3], [2]]

    def test_input_backward(self):
        """dA[l−1] = W[l]ᵀ dZ[l]."""
        # notes: N18
        dA = self.framework.l_layer.input_backward(
            self.layer([[1, 2, 3], [4, 5, 6]], [0, 0]), self.put([1, 2], [1, -1])
        )
        assert self.rows(dA) == [[5, -2], [7, -1], [9, 0]]

    def test_l_layer_keeps_what_backward_needs(self):
        # notes: N18
        problem = draw(Network((3, 4, 2, 1), ("tanh", "relu", "sigmoid")))
        network, params, X, _ = put(self.framework, problem)
        Z, caches = self.framework.l_layer.forward(network, params, X)
        assert [(tuple(A.shape), tuple(each.shape)) for A, each in caches] == [
            ((3, 6), (4, 6)), ((4, 6), (2, 6)), ((2, 6), (1, 6)),
        ]  # fmt: skip
        assert same_bits(self.framework.to_numpy(caches[-1].Z), self.framework.to_numpy(Z))

    # ---------------------------------------------------------------- the six equations, the models

    @pytest.mark.parametrize(("side", "third"), [("right", ([-1, -1], -1)), ("left", ([0, 0], 0))])
    @pytest.mark.parametrize("model", ["two_layer", "l_layer"])
    def test_the_six_equations(self, model, side, third):
        """Worked by hand, with A2 = 1/2, and Z1 of the third unit 0 at the first example and negative at the second.

        Z1 = [1 2; 2 4; 0 −1], A1 = [1 2; 2 4; 0 0], Z2 = [0 0], dZ2 = [−1/2 −1/2], W2ᵀ dZ2 = [−1 −1; 1/2 1/2; −2 −2].
        """
        # notes: N16
        network = Network((2, 3, 1), ("relu", "sigmoid"), relu_grad_at_zero=side)
        params = (self.layer([[2, 1], [3, 1], [-1, 0]], [-2, -2, 1]), self.layer([[2, -1, 4]], [0]))
        X, Y = self.put([1, 2], [1, 0]), self.put([1, 1])
        J, (first, second) = self.framework.models[model].backward(network, params, X, Y)
        printed(self.framework.to_numpy(J), "0.693147180560")
        assert self.rows(second.W) == [[-0.75, -1.5, 0]]
        assert self.rows(second.b) == [[-0.5]]
        assert self.rows(first.W) == [[-1.5, -0.5], [0.75, 0.25], third[0]]
        assert self.rows(first.b) == [[-1], [0.5], [third[1]]]

    @dtypes
    @pytest.mark.parametrize(
        ("model", "network"),
        [
            ("logistic_regression", Network((3, 1), ("sigmoid",))),
            ("logistic_regression", Network((3, 2), ("sigmoid",))),
            ("two_layer", Network((3, 4, 1), ("tanh", "sigmoid"))),
            ("two_layer", Network((3, 4, 1), ("relu", "sigmoid"))),
            ("two_layer", Network((3, 4, 2), ("leaky_relu", "sigmoid"), relu_grad_at_zero="left")),
        ],
        ids=lambda value: value if isinstance(value, str) else f"{value.n[1:]}",
    )
    def test_l_layer_with_one_or_two_layers_is_the_special_model(self, model, network, dtype):
        # notes: N14, N18
        problem = draw(network, seed=9, dtype=dtype)
        special, general = self.backward(model, problem), self.backward("l_layer", problem)
        E = judge(problem, PLAIN).theirs
        assert_same(special, E, general, E)
        assert_true(problem, special, PLAIN)

    def test_every_model_predicts_alike(self):
        # notes: N27
        network, params, X, _ = put(self.framework, draw(Network((3, 4, 1), ("tanh", "sigmoid")), seed=6))
        models = [self.framework.models[name] for name in ("two_layer", "l_layer")]
        special, general = (self.rows(model.predict(network, params, X)) for model in models)
        assert special == general
        assert set(special[0]) == {0, 1}

    def test_textbook_and_by_hand_are_one_function(self):
        # notes: N8, N18
        problem = draw(Network((3, 4, 3, 1), ("tanh", "sigmoid", "sigmoid")), seed=11)
        by_hand, textbook = (ask(self.framework, variant, problem) for variant in ("by_hand", "textbook"))
        assert_same(by_hand, judge(problem, PLAIN).theirs, textbook, judge(problem, TEXTBOOK).theirs)

    def test_linear_hidden_layers_collapse(self):
        """W2 (W1 X + b1) + b2 = (W2 W1) X + (W2 b1 + b2) (notes: N20), exact for whole numbers."""
        forward = self.framework.l_layer.forward
        deep = (self.layer([[1, 2], [3, -1]], [1, 0]), self.layer([[2, 1]], [-3]))
        X = self.put([1, -2, 4], [0, 5, 3])
        Z, _ = forward(Network((2, 2, 1), ("linear", "sigmoid")), deep, X)
        flat_, _ = forward(TWO, (self.layer([[5, 3]], [-1]),), X)
        assert self.rows(Z) == self.rows(flat_)

    def test_update_moves_against_the_gradient(self):
        # notes: N5
        params, gradient = (self.layer([[3, 5]], [1]),), (self.layer([[2, -4]], [8]),)
        (after,) = self.framework.training.update(params, gradient, 0.5)
        assert self.rows(after.W) == [[2, 7]]
        assert self.rows(after.b) == [[-3]]

    def test_training_lowers_the_cost(self):
        """J is convex for logistic regression: with alpha <= 1 / L, L = ‖[X; 1]‖² / 4m, it can only fall."""
        # notes: N5, N24
        problem = draw(TWO, seed=12)
        lipschitz = np.linalg.norm(np.vstack([problem.X, np.ones((1, 6))]), 2) ** 2 / (4 * 6)
        _, costs = self.framework.fit("by_hand", *put(self.framework, problem), float(1 / lipschitz), 50)
        E = judge(problem, PLAIN).theirs.J
        assert (np.diff(self.framework.to_numpy(costs)) <= 2 * E).all()
        assert self.framework.to_numpy(costs)[-1] < self.framework.to_numpy(costs)[0]

    @dtypes
    def test_the_fast_path_in_parts_is_the_whole(self, dtype, monkeypatch):
        """Five steps and three are eight, to the last bit, wherever a batch of costs ends."""
        if hasattr(self.framework.fast, "BATCH"):
            monkeypatch.setattr(self.framework.fast, "BATCH", 13)  # two iterations of six examples
        network, params, X, Y = put(self.framework, draw(Network((3, 4, 1), ("relu", "sigmoid")), dtype=dtype))
        whole, costs = self.framework.fit("fast", network, params, X, Y, 0.1, 8)
        part, first = self.framework.fit("fast", network, params, X, Y, 0.1, 5)
        rest, second = self.framework.fit("fast", network, part, X, Y, 0.1, 3)
        joined = np.concatenate([self.framework.to_numpy(first), self.framework.to_numpy(second)])
        assert same_bits(self.framework.to_numpy(costs), joined)
        for a, b in zip(flat(get(self.framework, whole)), flat(get(self.framework, rest)), strict=True):
            assert same_bits(a, b)

    @dtypes
    def test_the_fast_loop_takes_the_steps_of_its_gradient(self, dtype):
        """Of a network that no model but the general one covers: the second cost is J at the first step's params."""
        network = Network((3, 4, 2, 1), ("leaky_relu", "tanh", "sigmoid"))
        problem = draw(network, dtype=dtype)
        arguments = put(self.framework, problem)
        _, costs = self.framework.fit("fast", *arguments, 0.1, 2)
        once, _ = self.framework.fit("fast", *arguments, 0.1, 1)
        for J, params in zip(self.framework.to_numpy(costs), (problem.params, get(self.framework, once)), strict=True):
            there = problem._replace(params=params)
            expected, _ = ask(self.framework, "fast", there)
            assert_within("J", J, expected, np.asarray(2 * judge(there, PLAIN).theirs.J), dtype)
