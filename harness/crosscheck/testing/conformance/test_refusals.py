"""What cannot be meant is refused with BadInput, which says where, what was got, what is expected, and the remedy."""

import numpy as np
import pytest
from crosscheck_impls.interface import BadInput, Layer

from crosscheck.testing.conformance.networks import TANH
from crosscheck.testing.judging import draw, put

GOOD = draw(TANH)


def with_layer(l, **changed):
    return tuple(layer._replace(**changed) if k == l else layer for k, layer in enumerate(GOOD.params, start=1))


(W1, b1), (W2, b2) = GOOD.params
RANK_1 = {  # the rank-1 trap (notes: N12): what is wrong, and what the message tells to do
    "X": (GOOD._replace(X=GOOD.X[:, 0]), r"X .*\(3,\).*reshape\(n_x, m\)"),
    "Y": (GOOD._replace(Y=GOOD.Y[0]), r"Y .*\(6,\).*reshape\(n_y, m\)"),
    "b1": (GOOD._replace(params=with_layer(1, b=b1[:, 0])), r"layer 1: b .*\(4,\).*reshape\(n, 1\)"),
    "b2": (GOOD._replace(params=with_layer(2, b=b2[0])), r"layer 2: b .*\(1,\).*reshape\(n, 1\)"),
}
WRONG = {
    "X transposed": (GOOD._replace(X=GOOD.X.T), r"X .*\(6, 3\).*\(3, m\)"),
    "X without an example": (GOOD._replace(X=GOOD.X[:, :0], Y=GOOD.Y[:, :0]), r"X.*\(3, 0\)"),
    "Y transposed": (GOOD._replace(Y=GOOD.Y.T), r"Y .*\(6, 1\).*\(1, 6\)"),
    "Y of fewer examples": (GOOD._replace(Y=GOOD.Y[:, 1:]), r"Y .*\(1, 5\).*\(1, 6\)"),
    "W1 transposed": (GOOD._replace(params=with_layer(1, W=W1.T)), r"layer 1: W .*\(3, 4\).*\(4, 3\)"),
    "W2 of rank 1": (GOOD._replace(params=with_layer(2, W=W2[0])), r"layer 2: W .*\(4,\).*\(1, 4\)"),
    "b1 a row": (GOOD._replace(params=with_layer(1, b=b1.T)), r"layer 1: b .*\(1, 4\).*\(4, 1\)"),
    "one layer missing": (GOOD._replace(params=GOOD.params[:1]), "1 layers, expected 2"),
    "one layer too many": (GOOD._replace(params=(*GOOD.params, GOOD.params[-1])), "3 layers, expected 2"),
    "X float32": (GOOD._replace(X=GOOD.X.astype("float32")), "X is .*float32, expected .*float64"),
    "Y float32": (GOOD._replace(Y=GOOD.Y.astype("float32")), "Y is .*float32, expected .*float64"),
    "b1 float32": (GOOD._replace(params=with_layer(1, b=b1.astype("float32"))), "layer 1: b is .*float32"),
}
ALL = RANK_1 | WRONG


@pytest.mark.parametrize("wrong", ALL)
def test_gradients_and_fit_refuse(framework, variant, wrong):
    # notes: N19
    problem, message = ALL[wrong]
    arguments = put(framework, problem)
    with pytest.raises(BadInput, match=message):
        framework.gradients[variant](*arguments)
    with pytest.raises(BadInput, match=message):
        framework.fit(variant, *arguments, 0.1, 1)


@pytest.mark.parametrize("wrong", [each for each in ALL if not each.startswith("Y")])
def test_predict_refuses(framework, wrong):
    problem, message = ALL[wrong]
    network, params, X, _ = put(framework, problem)
    with pytest.raises(BadInput, match=message):
        framework.predict(network, params, X)


@pytest.mark.parametrize("name_of_array", RANK_1)
def test_a_rank_1_array_is_told_its_rank(framework, name_of_array):
    # notes: N12
    problem, _ = RANK_1[name_of_array]
    variant = next(iter(framework.gradients))
    with pytest.raises(BadInput, match="rank 1"):
        framework.gradients[variant](*put(framework, problem))


@pytest.mark.parametrize("iterations", [0, -1, True, 2.0, "3"])
def test_fit_refuses_iterations(framework, variant, iterations):
    with pytest.raises(BadInput, match="iterations"):
        framework.fit(variant, *put(framework, GOOD), 0.1, iterations)


@pytest.mark.parametrize("alpha", [float("nan"), float("inf"), 0.0, 0, -1.0, True, "0.1"])
def test_fit_refuses_a_learning_rate(framework, variant, alpha):
    with pytest.raises(BadInput, match="learning rate"):
        framework.fit(variant, *put(framework, GOOD), alpha, 1)


def test_fit_refuses_a_source_that_is_not_there(framework):
    with pytest.raises(BadInput, match="no-such-variant"):
        framework.fit("no-such-variant", *put(framework, GOOD), 0.1, 1)


def test_a_list_is_no_array(framework, variant):
    network, _, X, Y = put(framework, GOOD)
    params = tuple(Layer(np.zeros(W.shape).tolist(), b) for W, b in GOOD.params)
    with pytest.raises(BadInput, match="layer 1: W is a list"):
        framework.fit(variant, network, params, X, Y, 0.1, 1)
