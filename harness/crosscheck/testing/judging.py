"""What the suites share: problems in NumPy, a framework's answer to them, and the oracle and the bound to hold it to.

No tolerance is written anywhere in the tests: an answer must lie within the proved error bound of the oracle, and two
answers within the sum of their bounds of each other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from crosscheck_impls.interface import Declaration, Framework, Layer, Network, Params

from crosscheck.core.records import cast, named
from crosscheck.judge.elementwise import held
from crosscheck.oracle.error_bound import ErrorBound, error_bound, output_bound, precision, step_bound
from crosscheck.oracle.float64 import Evaluation, evaluate, exact, grads_at_zero

M = 6  # examples; the shapes stay the same, so that JAX compiles once for each network


class Problem(NamedTuple):
    """A network and NumPy arrays of one dtype for it."""

    network: Network
    params: Params
    X: Any
    Y: Any

    @property
    def dtype(self) -> str:
        """Return the dtype of X, and of everything else."""
        return str(self.X.dtype)


class Exact(NamedTuple):
    """The oracle of a problem, the bound of an implementation, and the oracle's own."""

    oracle: Evaluation
    theirs: ErrorBound
    own: ErrorBound
    output: Any  # the bound on A[L], the oracle's own included


def draw(network: Network, seed: int = 0, dtype: str = "float64", m: int = M) -> Problem:
    """Draw weights, inputs, and labels 0 and 1, or targets for a regression.

    Where an activation has a kink the first example is all zero and so are the first biases: Z[1] is exactly 0.
    """
    rng = np.random.default_rng(seed)
    params = tuple(
        Layer(rng.standard_normal((n, before)), rng.standard_normal((n, 1)))
        for n, before in zip(network.n[1:], network.n[:-1], strict=True)
    )
    X = rng.standard_normal((network.n[0], m))
    Y = rng.integers(0, 2, (network.n[-1], m)).astype(float)
    if network.loss == "squared_error":
        Y += rng.random(Y.shape)
    if network.g[0] in ("relu", "leaky_relu"):
        X[:, 0] = 0.0
        params[0].b[:] = 0.0
    return Problem(network, cast(params, dtype), X.astype(dtype), Y.astype(dtype))


def put(framework: Framework, problem: Problem) -> tuple[Network, Params, Any, Any]:
    """Return the arguments of `gradients`, on the framework's side."""
    params = tuple(Layer(framework.from_numpy(W), framework.from_numpy(b)) for W, b in problem.params)
    return problem.network, params, framework.from_numpy(problem.X), framework.from_numpy(problem.Y)


def get(framework: Framework, params: Params) -> Params:
    """Return params or a gradient as NumPy arrays."""
    return tuple(Layer(framework.to_numpy(W), framework.to_numpy(b)) for W, b in params)


def ask(framework: Framework, variant: str, problem: Problem) -> tuple[Any, Params]:
    """Return J and dParams as NumPy arrays."""
    J, gradient = framework.gradients[variant](*put(framework, problem))
    return framework.to_numpy(J), get(framework, gradient)


def judge(problem: Problem, declared: Declaration) -> Exact:
    """Return the oracle and the bounds of what a variant declares of itself."""
    return _judge(declared, problem.network, problem.dtype, problem.X.shape[1], *(a.tobytes() for a in arrays(problem)))


@lru_cache(maxsize=512)  # seventeen implementations ask for the same
def _judge(declared: Declaration, network: Network, dtype: str, m: int, *raw: bytes) -> Exact:
    flat = [np.frombuffer(each, dtype) for each in raw]
    shapes = [shape for n, before in zip(network.n[1:], network.n[:-1], strict=True) for shape in ((n, before), (n, 1))]
    *layers, X, Y = (exact(a).reshape(s) for a, s in zip(flat, [*shapes, (network.n[0], m), (-1, m)], strict=True))
    params = tuple(Layer(W, b) for W, b in zip(layers[::2], layers[1::2], strict=True))
    oracle = evaluate(network, params, X, Y, grads_at_zero(network, declared.relu_grad_at_zero))
    p, p64 = precision(dtype, declared.precision, loops_over=declared.loops_over), precision("float64")
    plain = Declaration(relu_grad_at_zero=declared.relu_grad_at_zero)
    own = error_bound(network, params, oracle, Y, p64, plain)
    predicting = declared._replace(formulation="logits")  # `predict` does, whatever the variant
    output = output_bound(network, params, oracle, p, predicting) + own.output
    return Exact(oracle, error_bound(network, params, oracle, Y, p, declared), own, output)


def bounded(E: ErrorBound) -> bool:
    """Return whether J and every element of the gradient have a bound: where a formula overflows there is none."""
    return bool(np.isfinite(E.J)) and all(bool(np.isfinite(each).all()) for each in flat(E.gradient))


def arrays(problem: Problem) -> list[Any]:
    """Return W1, b1, ..., X, Y."""
    return [*(a for layer in problem.params for a in layer), problem.X, problem.Y]


def assert_within(tensor: str, got: Any, expected: Any, E: Any, dtype: str) -> None:
    """Fail unless |got - expected| <= E everywhere; an element without a bound, NaN and inf fail."""
    assert np.shape(got) == np.shape(expected), f"{tensor} has shape {np.shape(got)}, expected {np.shape(expected)}"
    with np.errstate(all="ignore"):  # in ulps of 0 any error is infinite
        c = held(tensor, 0, got, expected, E, dtype)
    assert c.undefined == 0, f"{tensor}: {c.undefined} elements without a bound: the case is no test"
    assert c.ratio <= 1, f"{tensor}{list(c.element)}: got {c.got!r}, expected {c.oracle!r}, bound {c.bound:.3g}"


def assert_true(problem: Problem, answer: tuple[Any, Params], declared: Declaration) -> None:
    """Hold J and every dW and db against the oracle, with the sum of the bounds."""
    oracle, theirs, own, _ = judge(problem, declared)
    J, gradient = answer
    assert_within("J", J, np.asarray(oracle.J), np.asarray(theirs.J + own.J), problem.dtype)
    for (tensor, got, _), true, E, E_own in zip(
        named(problem.network, gradient, "d"),
        flat(oracle.gradient),
        flat(theirs.gradient),
        flat(own.gradient),
        strict=True,
    ):
        assert_within(tensor, got, true, E + E_own, problem.dtype)


def assert_same(
    first: tuple[Any, Params], E_first: ErrorBound, second: tuple[Any, Params], E_second: ErrorBound
) -> None:
    """Two answers to one question lie within the sum of their bounds of each other."""
    dtype = str(first[0].dtype)
    assert_within("J", first[0], second[0], np.asarray(E_first.J + E_second.J), dtype)
    for l, (got, expected, E, F) in enumerate(
        zip(flat(first[1]), flat(second[1]), flat(E_first.gradient), flat(E_second.gradient), strict=True)
    ):
        assert_within(f"d{'Wb'[l % 2]}{l // 2 + 1}", got, expected, E + F, dtype)


def assert_step(problem: Problem, after: Params, alpha: float, declared: Declaration) -> None:
    """Hold the params after one step against params - alpha x the oracle's gradient."""
    oracle, theirs, own, _ = judge(problem, declared)
    p = precision(problem.dtype, declared.precision, loops_over=declared.loops_over)
    p64 = precision("float64")
    alpha = float(np.dtype(problem.dtype).type(alpha))
    for (tensor, got, _), start, dW, E, E_own in zip(
        named(problem.network, after, "after a step: "),
        flat(problem.params),
        flat(oracle.gradient),
        flat(theirs.gradient),
        flat(own.gradient),
        strict=True,
    ):
        W = exact(start)
        bound = step_bound(W, dW, E, alpha, p) + step_bound(W, dW, E_own, alpha, p64)
        assert_within(tensor, got, W - alpha * dW, bound, problem.dtype)


def flat(params: Params) -> list[Any]:
    """Return W1, b1, W2, b2, ..."""
    return [array for layer in params for array in layer]


def same_bits(first: Any, second: Any) -> bool:
    """Two NumPy arrays of one dtype, one shape and the same bits, signs of zeros included."""
    return bool(first.dtype == second.dtype and first.shape == second.shape and first.tobytes() == second.tobytes())
