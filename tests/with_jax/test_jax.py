"""JAX alone: transformations, x64, compilation, and the conventions of jax.nn."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax", reason="jax is not installed")
import jax
import jax.numpy as jnp
from crosscheck.oracle.error_bound import PLAIN
from crosscheck.testing.judging import ask, assert_same, assert_true, draw, flat, get, judge, put, same_bits
from crosscheck_impls.interface import DTYPES, Layer, Network, declaration, load
from crosscheck_impls.with_jax import losses, training

from tests.laws import Laws, plain_variants

JAX = load("jax")
for _dtype in DTYPES:
    JAX.configure(_dtype)


class TestJax(Laws):
    framework = JAX


TANH = Network((3, 4, 1), ("tanh", "sigmoid"))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", ["right", "left"])
def test_by_hand_is_jax_grad(side, dtype):
    problem = draw(
        Network((3, 4, 3, 2), ("relu", "leaky_relu", "sigmoid"), relu_grad_at_zero=side), seed=1, dtype=dtype
    )
    first, second = (ask(JAX, each, problem) for each in ("by_hand", "autograd"))
    E, E_auto = (judge(problem, declared).theirs for declared in (PLAIN, declaration(JAX, "autograd")))
    assert_same(first, E, second, E_auto)


@pytest.mark.parametrize("variant", plain_variants(JAX))
def test_gradients_can_be_jitted_and_mapped(variant):
    """vmap over three sets of labels at once is each of them by itself, within both bounds."""
    problems = [draw(TANH, seed=1)._replace(Y=draw(TANH, seed=seed).Y) for seed in (1, 2, 3)]
    network, params, X, _ = put(JAX, problems[0])
    question = partial(JAX.gradients[variant], network)
    Ys = jnp.stack([JAX.from_numpy(problem.Y) for problem in problems])
    J, gradient = jax.jit(jax.vmap(question, in_axes=(None, None, 0)))(params, X, Ys)
    assert J.shape == (3,)
    for k, problem in enumerate(problems):
        mapped = (
            JAX.to_numpy(J[k]),
            get(JAX, tuple(Layer(W[k], b[k]) for W, b in gradient)),
        )
        assert_true(problem, mapped, declaration(JAX, variant))


def test_params_are_a_pytree():
    _, params, _, _ = put(JAX, draw(TANH))
    doubled = jax.tree.map(lambda array: 2 * array, params)
    assert [type(layer) for layer in doubled] == [Layer, Layer]
    assert len(jax.tree.leaves(params)) == 4
    assert np.array_equal(2 * JAX.to_numpy(params[0].W), JAX.to_numpy(doubled[0].W))


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (jax.nn.relu, 0.0),
        (partial(jax.nn.leaky_relu, negative_slope=0.25), 1.0),
        (lambda z: jnp.maximum(z, 0), 0.5),
    ],
    ids=["relu", "leaky_relu", "maximum"],
)
def test_what_jax_says_at_the_kink(function, slope):
    assert jax.grad(function)(0.0) == slope


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize(("activation", "own"), [("relu", "left"), ("leaky_relu", "right")])
def test_native_has_jaxs_derivative_whatever_is_asked(activation, own, side):
    networks = {
        each: Network((3, 4, 1), (activation, "sigmoid"), leaky_slope=0.25, relu_grad_at_zero=each)
        for each in ("right", "left")
    }
    problem = draw(networks[side], seed=1)
    answer = ask(JAX, "native", problem)
    declared = declaration(JAX, "native")
    assert_true(problem, answer, declared)
    assert dict(declared.relu_grad_at_zero)[activation] == own
    other = problem._replace(network=networks["left" if own == "right" else "right"])
    with pytest.raises(AssertionError, match=r"db1|dW1"):
        assert_true(other, answer, declared._replace(relu_grad_at_zero=()))


def test_the_derivative_of_the_absolute_value_at_0_is_no_trap():
    """JAX says |0|′ = 1 and so max(z, 0) + log1p(exp(−|z|)) has the derivative 1/2 − 1/2 at 0; it is 1/2."""
    naive = jax.grad(lambda z: jnp.maximum(z, 0) + jnp.log1p(jnp.exp(-jnp.abs(z))))
    assert naive(0.0) == 0
    zero = jnp.zeros((1, 1))
    assert jax.grad(losses.cross_entropy)(zero, zero) == 0.5


@pytest.mark.parametrize("variant", ["by_hand", "fast"])
def test_training_is_compiled_once_whatever_the_number_of_iterations(variant):
    network, params, X, Y = put(JAX, draw(Network((3, 5, 1), ("tanh", "sigmoid"))))
    before = training.descend._cache_size()
    for iterations in (1, 2, 7, training.CHUNK, training.CHUNK + 1, 3 * training.CHUNK):
        _, costs = JAX.fit(variant, network, params, X, Y, 0.1, iterations)
        assert costs.shape == (iterations,)
    assert training.descend._cache_size() == before + 1


def test_a_chunk_ends_without_a_trace():
    """More iterations than one call of the compiled loop makes are as many of one call and the rest."""
    network, params, X, Y = put(JAX, draw(TANH))
    whole, costs = JAX.fit("by_hand", network, params, X, Y, 0.1, training.CHUNK + 3)
    half, first = JAX.fit("by_hand", network, params, X, Y, 0.1, training.CHUNK - 1)
    rest, second = JAX.fit("by_hand", network, half, X, Y, 0.1, 4)
    assert same_bits(JAX.to_numpy(costs), np.concatenate([first, second]))
    assert all(same_bits(*(JAX.to_numpy(a) for a in pair)) for pair in zip(flat(whole), flat(rest), strict=True))


X64 = """
import jax
from crosscheck_impls.interface import BadInput, Layer, Network, load
from crosscheck.testing.judging import ask, draw, flat

F = load("jax")
assert not jax.config.jax_enable_x64, "x64 is on before anybody asked for it"
F.configure("float32")
assert jax.config.jax_default_matmul_precision == "highest"
problem = draw(Network((3, 4, 1), ("tanh", "sigmoid")), seed=1, dtype="float32")

def everything():
    found = []
    for variant in F.gradients:
        J, gradient = ask(F, variant, problem)
        found += [J, *flat(gradient)]
    return found

single = everything()
assert not jax.config.jax_enable_x64, "x64 was switched on for float32"
try:
    F.from_numpy(draw(problem.network).X)
except BadInput as error:
    assert 'configure("float64")' in str(error)
else:
    raise AssertionError("float64 was taken without x64")
F.configure("float64")
assert jax.config.jax_enable_x64
assert F.from_numpy(draw(problem.network).X).dtype == "float64"
again = everything()
assert all(a.dtype == b.dtype == "float32" for a, b in zip(single, again))
assert all(a.tobytes() == b.tobytes() for a, b in zip(single, again)), "float32 is not what it was without x64"
"""


@pytest.mark.slow
def test_x64_comes_with_configure_and_float32_stays_as_it_was():
    """In a process of its own: the switch is global, and once on it stays on."""
    command, root = [sys.executable, "-W", "error", "-c", X64], Path(__file__).parents[2]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert run.returncode == 0, run.stderr


def test_configure_leaves_a_precision_that_the_user_has_set():
    before = jax.config.jax_default_matmul_precision
    try:
        jax.config.update("jax_default_matmul_precision", "bfloat16")
        JAX.configure("float32")
        assert jax.config.jax_default_matmul_precision == "bfloat16"
    finally:
        jax.config.update("jax_default_matmul_precision", before)
