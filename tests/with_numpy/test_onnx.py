"""The forward pass in ONNX Runtime, and what is said where it is not installed."""

from __future__ import annotations

import pytest
from crosscheck.testing.judging import ask, assert_true, draw, flat, put, same_bits
from crosscheck_impls.interface import DTYPES, Network, Unavailable, declaration, load
from crosscheck_impls.with_numpy import l_layer, onnx

NUMPY = load("numpy")
NETWORKS = [
    Network((3, 1), ("sigmoid",)),
    Network((3, 4, 3, 2), ("relu", "leaky_relu", "sigmoid"), leaky_slope=0.3),
    Network((3, 4, 5, 1), ("tanh", "sigmoid", "linear"), "squared_error"),
    Network((3, 4, 1), ("linear", "relu"), "squared_error", relu_grad_at_zero="left"),
]


@pytest.fixture
def runtime() -> None:
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} is not installed")


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_its_forward_pass_is_within_the_bound(network: Network, dtype: str) -> None:
    for m in (1, 17):  # one graph for any number of examples
        problem = draw(network, seed=3, dtype=dtype, m=m)
        assert_true(problem, ask(NUMPY, "onnx", problem), declaration(NUMPY, "onnx"))


@pytest.mark.usefixtures("runtime")
def test_the_backward_pass_starts_from_what_the_runtime_has_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    network, params, X, Y = put(NUMPY, draw(NETWORKS[2], seed=1))
    Z, caches = l_layer.forward(network, params, X)
    answers = [caches[0].Z, caches[1].A_prev, caches[1].Z, caches[2].A_prev, Z]
    monkeypatch.setattr(onnx, "session", lambda *_: lambda feeds: answers)
    J, gradient = onnx.gradients(network, params, X, Y)
    K, expected = l_layer.backward(network, params, X, Y)
    assert J == K
    assert all(map(same_bits, flat(gradient), flat(expected)))


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_extra_it_says_so(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "find_spec", lambda name: None if name == package else object())
    onnx.session.cache_clear()
    said = rf"{package} is not installed; pip install 'crosscheck\[onnx\]'"
    with pytest.raises(Unavailable, match=said):
        NUMPY.gradients["onnx"](*put(NUMPY, draw(NETWORKS[0])))
