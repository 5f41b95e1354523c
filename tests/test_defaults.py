"""An implementation that gives its gradients and nothing else: what stands in for the rest, and what is refused."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from crosscheck.judge.verdict import BAD
from crosscheck.testing.judging import draw, get, put, same_bits
from crosscheck_impls.interface import BadInput, Declaration, Framework, Layer, Network, Variant, declaration, load

from tests.harness.slips import cases, verdicts

# the whole of an implementation
MINE = """
import numpy as np

G = {
    "sigmoid": (lambda Z: 1 / (1 + np.exp(-Z)), lambda Z, A: A * (1 - A)),
    "tanh": (np.tanh, lambda Z, A: 1 - A * A),
    "relu": (lambda Z: np.maximum(Z, 0), lambda Z, A: (Z >= 0).astype(Z.dtype)),
}


def gradients(network, params, X, Y):
    A, Z, m = [X], [], X.shape[1]
    for g, (W, b) in zip(network.g, params):
        Z.append(W @ A[-1] + b)
        A.append(G[g][0](Z[-1]))
    J = (np.logaddexp(0, Z[-1]) - Y * Z[-1]).sum() / m
    dZ, dParams = A[-1] - Y, []
    for l in range(len(params) - 1, -1, -1):
        dParams.append(type(params[l])(dZ @ A[l].T / m, dZ.sum(axis=1, keepdims=True) / m))
        if l:
            dZ = (params[l].W.T @ dZ) * G[network.g[l - 1]][1](Z[l - 1], A[l])
    return J, tuple(dParams[::-1])
"""
TANH = Network((3, 4, 1), ("tanh", "sigmoid"))


def loaded(folder: Path, text: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Framework:
    (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    try:
        return load(name)
    finally:
        sys.modules.pop(name, None)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Framework:
    return loaded(tmp_path, MINE, "only_gradients", monkeypatch)


def test_one_function_is_an_implementation_that_agrees(mine: Framework) -> None:
    assert list(mine.gradients) == ["gradients"]
    names = ("kink-2layer-relu", "flower-2layer-tanh", "breast_cancer-logistic")
    problems = [case for dtype in ("float64", "float32") for case in cases(*names, dtype=dtype)]
    assert not [row for row in verdicts(mine, "gradients", problems) if row.verdict in BAD]


def test_everything_else_is_numpys(mine: Framework) -> None:
    assert mine.name == "only_gradients"
    assert mine.devices() == ("cpu",)
    assert declaration(mine, "gradients") == Declaration()
    assert mine.environment()["numpy"] == np.__version__
    mine.configure("float64")
    problem, numpy = draw(TANH, dtype="float32"), load("numpy")
    network, params, X, Y = put(mine, problem)
    assert X is not problem.X
    assert same_bits(mine.to_numpy(X), problem.X)
    assert mine.device(X) == "cpu"
    assert same_bits(mine.predict(network, params, X), numpy.predict(network, params, X))
    trained, costs = mine.fit("gradients", network, params, X, Y, 0.3, 5)
    assert costs.shape == (5,)
    assert costs.dtype == trained[0].W.dtype == np.float32
    with pytest.raises(BadInput, match="device: no 'cuda'"):
        mine.from_numpy(problem.X, "cuda")


def test_the_doors_check_for_it(mine: Framework) -> None:
    network, params, X, Y = put(mine, draw(TANH))
    for function in (
        lambda X, Y: mine.gradients["gradients"](network, params, X, Y),
        lambda X, Y: mine.fit("gradients", network, params, X, Y, 0.1, 1),
        lambda X, Y: mine.predict(network, params, X),
    ):
        with pytest.raises(BadInput, match="X has shape"):
            function(X.T, Y)
    with pytest.raises(BadInput, match="did you mean gradients"):
        mine.fit("gradient", network, params, X, Y, 0.1, 1)
    with pytest.raises(BadInput, match="iterations"):
        mine.fit("gradients", network, params, X, Y, 0.1, 0)


def test_the_plain_descent_takes_arrays_of_any_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of torch's, by nothing more than the two conversions; the steps are those of our own torch, bit for bit."""
    pytest.importorskip("torch")
    text = """
import torch
from crosscheck_impls.with_torch.l_layer import backward as gradients

def from_numpy(array, device="cpu"):
    return torch.tensor(array, device=device)

def to_numpy(array):
    return array.numpy().copy()
"""
    theirs, ours = loaded(tmp_path, text, "torch_conversions", monkeypatch), load("torch")
    problem = draw(Network((3, 4, 3, 1), ("tanh", "relu", "sigmoid")), dtype="float32")
    (first, J), (second, K) = (
        framework.fit(variant, *put(framework, problem), 0.3, 4)
        for framework, variant in ((theirs, "gradients"), (ours, "by_hand"))
    )
    assert same_bits(theirs.to_numpy(J), ours.to_numpy(K))
    for a, b in zip(get(theirs, first), get(ours, second), strict=True):
        assert same_bits(a.W, b.W)
        assert same_bits(a.b, b.b)
    labels = theirs.to_numpy(theirs.predict(*put(theirs, problem)[:3]))
    assert np.array_equal(labels, ours.to_numpy(ours.predict(*put(ours, problem)[:3])))


def test_a_table_of_variants_brings_descents_and_declarations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        MINE
        + """
from crosscheck_impls.interface import Declaration, Variant

def own(network, params, X, Y, alpha, iterations):
    return params, np.zeros(iterations)

variants = {
    "plain": Variant(gradients),
    "own": Variant(gradients, own, Declaration(loops_over="examples")),
}
declarations = {"plain": Declaration(precision="tf32")}
name = "ours"
"""
    )
    framework = loaded(tmp_path, text, "with_a_table", monkeypatch)
    assert framework.name == "ours"
    assert list(framework.gradients) == list(framework.variants) == ["plain", "own"]
    assert declaration(framework, "own").loops_over == "examples"
    assert declaration(framework, "plain").precision == "tf32"
    question = put(framework, draw(TANH))
    assert framework.fit("own", *question, 0.1, 2)[1].tolist() == [0, 0]
    assert framework.fit("plain", *question, 0.1, 2)[1].all()
    assert isinstance(framework.variants["plain"], Variant)


def test_a_gradient_of_another_dtype_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    framework = loaded(tmp_path, MINE.replace(".astype(Z.dtype)", " * 1.0"), "promoting", monkeypatch)
    question = put(framework, draw(Network((3, 4, 1), ("relu", "sigmoid")), dtype="float32"))
    with pytest.raises(BadInput, match="gradients: dW1 is float64, expected float32 as W1"):
        framework.fit("gradients", *question, 0.1, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = 'nothing'", "the module lacks gradients"),
        ("gradients = {'by_hand': 3}", "gradients of 'by_hand' is a int, expected a function"),
        ("gradients = 'a string'", "gradients of 'gradients' is a str, expected a function"),
    ],
)
def test_what_has_no_gradients_is_refused(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match=words):
        loaded(tmp_path, text, "no_gradients", monkeypatch)


def test_a_framework_gives_what_its_module_has_besides() -> None:
    numpy = load("numpy")
    assert isinstance(numpy.l_layer, ModuleType)
    assert numpy.l_layer is numpy.module.l_layer
    assert not hasattr(numpy, "no_such_part")
    Z, (cache,) = numpy.l_layer.forward(
        Network((1, 1), ("sigmoid",)), (Layer(np.ones((1, 1)), np.zeros((1, 1))),), np.ones((1, 2))
    )
    assert Z is cache.Z


def test_jax_without_x64_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jax")
    code = """
import jax.numpy as jnp
def gradients(network, params, X, Y):
    import jax
    with jax.enable_x64(False):
        return jnp.sum(jnp.asarray(X)), tuple(type(each)(jnp.asarray(each.W), jnp.asarray(each.b)) for each in params)
"""
    (tmp_path / "without_x64.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    mine = load("without_x64")
    with pytest.raises(BadInput, match="jax_enable_x64"):
        mine.fit("gradients", *draw(Network((2, 1), ("sigmoid",))), 0.1, 1)
    assert set(mine.environment()) >= {"numpy", "jax"}
