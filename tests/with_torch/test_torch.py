"""PyTorch alone: the derivative by hand against torch's own, and the conventions of torch.nn."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")
import torch
from crosscheck.oracle.error_bound import PLAIN
from crosscheck.testing.judging import ask, assert_same, assert_true, draw, flat, judge, put
from crosscheck_impls.interface import DTYPES, Network, declaration, load
from crosscheck_impls.with_torch import fast, native
from torch import nn

from tests.laws import Laws, plain_variants

TORCH = load("torch")


class TestTorch(Laws):
    framework = TORCH


NETWORKS = [
    Network((3, 1), ("sigmoid",)),
    Network((3, 4, 1), ("tanh", "sigmoid")),
    Network((3, 4, 3, 2), ("relu", "leaky_relu", "sigmoid")),
    Network((3, 4, 3, 2), ("relu", "leaky_relu", "sigmoid"), relu_grad_at_zero="left"),
    Network((3, 4, 1), ("sigmoid", "linear"), "squared_error"),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "network", NETWORKS, ids=lambda network: f"{network.n} {network.g[-1]} {network.relu_grad_at_zero}"
)
@pytest.mark.parametrize("variant", ["autograd", "per_example"])
def test_by_hand_is_autograd(variant, network, dtype):
    problem = draw(network, seed=1, dtype=dtype)
    first, second = (ask(TORCH, each, problem) for each in ("by_hand", variant))
    E, E_auto = (judge(problem, declared).theirs for declared in (PLAIN, declaration(TORCH, variant)))
    assert_same(first, E, second, E_auto)


@pytest.mark.parametrize(
    ("function", "slope"),
    [(torch.relu, 0.0), (nn.ReLU(), 0.0), (nn.LeakyReLU(0.25), 0.25), (lambda z: torch.clamp(z, min=0), 1.0)],
    ids=["relu", "nn.ReLU", "nn.LeakyReLU", "clamp"],
)
def test_what_torch_says_at_the_kink(function, slope):
    z = torch.zeros(1, requires_grad=True)
    function(z).sum().backward()
    assert z.grad.tolist() == [slope]


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_native_has_the_left_derivative_whatever_is_asked(activation, side):
    problem = draw(Network((3, 4, 1), (activation, "sigmoid"), leaky_slope=0.25, relu_grad_at_zero=side), seed=1)
    answer = ask(TORCH, "native", problem)
    declared = declaration(TORCH, "native")
    assert_true(problem, answer, declared)
    assert dict(declared.relu_grad_at_zero) == {"relu": "left", "leaky_relu": "left"}
    left = problem._replace(
        network=Network((3, 4, 1), (activation, "sigmoid"), leaky_slope=0.25, relu_grad_at_zero="left")
    )
    assert_true(left, answer, PLAIN)
    right = problem._replace(network=Network((3, 4, 1), (activation, "sigmoid"), leaky_slope=0.25))
    with pytest.raises(AssertionError, match=r"db1|dW1"):
        assert_true(right, answer, PLAIN)


def test_native_is_built_of_torchs_modules():
    network, params, _, _ = put(TORCH, draw(NETWORKS[2]))
    model = native.build(network, params)
    assert [type(layer) for layer in model] == [nn.Linear, nn.ReLU, nn.Linear, nn.LeakyReLU, nn.Linear]
    network, params, _, _ = put(TORCH, draw(NETWORKS[4]))
    assert [type(layer) for layer in native.build(network, params)] == [nn.Linear, nn.Sigmoid, nn.Linear, nn.Identity]


@pytest.mark.parametrize("variant", plain_variants(TORCH))
def test_no_input_needs_a_gradient_and_no_output_carries_one(variant):
    network, params, X, Y = put(TORCH, draw(NETWORKS[2]))
    J, gradient = TORCH.gradients[variant](network, params, X, Y)
    after, costs = TORCH.fit(variant, network, params, X, Y, 0.1, 2)
    for array in (X, Y, *flat(params)):
        assert not array.requires_grad
        assert array.grad is None
    assert not any(array.requires_grad for array in (J, costs, *flat(gradient), *flat(after)))


@pytest.mark.parametrize("variant", plain_variants(TORCH))
def test_the_random_state_is_left_alone(variant):
    """nn.Linear draws weights that nobody wants; a user's own draws must not shift because of it."""
    state = torch.get_rng_state()
    TORCH.fit(variant, *put(TORCH, draw(NETWORKS[2])), 0.1, 1)
    assert torch.equal(state, torch.get_rng_state())


def test_softplus_is_not_cut_off_above_20():
    """torch's own softplus is linear there: softplus(20.5) − 20.5 would be 0 and not 1.25e−9."""
    Z = torch.tensor([[20.5]], dtype=torch.float64)
    assert float(nn.functional.softplus(Z)) - 20.5 == 0
    J = TORCH.losses.cross_entropy(Z, torch.ones_like(Z))
    assert f"{float(J):.2e}" == f"{np.log1p(np.exp(-20.5)):.2e}" == "1.25e-09"


@pytest.mark.parametrize("variant", plain_variants(TORCH))
def test_a_caller_without_gradients_gets_them_all_the_same(variant):
    problem = put(TORCH, draw(NETWORKS[2]))
    with torch.no_grad():
        J, gradient = TORCH.gradients[variant](*problem)
    again, expected = TORCH.gradients[variant](*problem)
    assert torch.equal(J, again)
    assert all(torch.equal(a, b) for a, b in zip(flat(gradient), flat(expected), strict=True))


@pytest.fixture
def forget_onednn():
    """Look for oneDNN again, before and after the test."""
    fast.onednn.cache_clear()
    yield
    fast.onednn.cache_clear()


@pytest.mark.usefixtures("forget_onednn")
def test_onednn_is_looked_for(monkeypatch):
    if torch.backends.mkldnn.is_available():
        left, right = torch.ones(2, 3), torch.ones(4, 3).T
        assert fast.onednn()(left, right).tolist() == [[3.0] * 4] * 2
    fast.onednn.cache_clear()
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace(), raising=False)  # a torch that calls it otherwise
    assert fast.onednn() is None
    fast.onednn.cache_clear()
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace(_linear_pointwise=lambda *_: torch.zeros(1, 1)))
    assert fast.onednn() is None, "another product under the same name"
    fast.onednn.cache_clear()
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert fast.onednn() is None


@pytest.mark.parametrize("library", ["whatever there is", "without oneDNN"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("k", "p", "q"), [(64, 300, 400), (1, 2048, 4096), (1, 2048, 4097), (20, 4096, 64)])
@pytest.mark.parametrize("transposed", ["", "left", "right"])
def test_a_large_product_errs_no_more_than_a_sum_of_so_many_terms(dtype, k, p, q, transposed, library, monkeypatch):
    """Higham, Accuracy and Stability, 3.13: |error| <= p u / (1 - p u) |left| |right|, in whatever order."""
    if library == "without oneDNN":
        monkeypatch.setattr(fast, "onednn", lambda: None)
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal(shape).astype(dtype) for shape in ((k, p), (p, q)))
    there = [torch.from_numpy(a.T.copy()).T if name == transposed else torch.from_numpy(a)
             for name, a in (("left", left), ("right", right))]  # fmt: skip
    out = torch.empty(k, q, dtype=there[0].dtype)
    assert fast.product(*there, out) is out
    wide = [a.astype(np.longdouble if dtype == "float64" else "float64") for a in (left, right)]
    unit = p * np.finfo(dtype).eps / 2
    bound = unit / (1 - unit) * (abs(wide[0]) @ abs(wide[1]))
    assert np.all(abs(out.numpy() - wide[0] @ wide[1]) <= bound)
