"""The oracle and the error bound: constants measured again, soundness over many correct runs, and sharpness."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from crosscheck.core.records import cast, flat
from crosscheck.judge.elementwise import Judge, held
from crosscheck.oracle.error_bound import LOGARITHM, SIGMOID, TANH, error_bound, error_bounds, precision, scaled
from crosscheck.oracle.float64 import activate, evaluate, exact, stacked
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck_impls.interface import BadInput, Declaration, Layer, Network, Params, declaration, load
from hypothesis import given, settings
from hypothesis import strategies as st

DTYPES = ("float32", "float64")
OUTPUTS = [
    ("sigmoid", "cross_entropy"), ("sigmoid", "squared_error"), ("linear", "squared_error"), ("relu", "squared_error"),
]  # fmt: skip


def functions() -> dict[str, dict[str, Callable[[Any], Any]]]:
    """The elementary functions as each installed framework computes them; NumPy in, NumPy out."""
    by_framework: dict[str, dict[str, Callable[[Any], Any]]] = {}
    for name, prefix in (("numpy", ""), ("torch", "torch"), ("jax", "jax.numpy")):
        try:
            framework = load(name)
            framework.configure("float64")
            activations = importlib.import_module(f"crosscheck_impls.with_{name}.activations")
            library = importlib.import_module(prefix or "numpy")
        except ModuleNotFoundError:
            continue

        def through(function: Callable[[Any], Any], framework: Any = framework) -> Callable[[Any], Any]:
            return lambda z: framework.to_numpy(function(framework.from_numpy(z)))

        by_framework[name] = {
            "sigmoid": through(activations.sigmoid),
            "tanh": through(activations.tanh),
            "exp": through(library.exp),
            "log": through(lambda z, library=library: library.log(abs(z))),
            "log1p": through(lambda z, library=library: library.log1p(abs(z))),
        }
    return by_framework


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", ["sigmoid", "tanh", "exp", "log", "log1p"])
def test_elementary_functions_err_by_less_than_the_bound_says(function: str, dtype: str) -> None:
    """Relative errors in units of u against ball arithmetic at 128 bits, over 6 decades on either side of 0."""
    flint = pytest.importorskip("flint")
    flint.ctx.prec = 128
    limit = {"sigmoid": SIGMOID, "tanh": TANH, "exp": 4, "log": LOGARITHM, "log1p": LOGARITHM}[function]
    true = {
        "sigmoid": lambda z: 1 / (1 + (-z).exp()),
        "tanh": lambda z: z.tanh(),
        "exp": lambda z: z.exp(),
        "log": lambda z: abs(z).log(),
        "log1p": lambda z: abs(z).log1p(),
    }[function]
    z = np.geomspace(1e-6, 80, 2000)
    z = np.concatenate([-z, z]).astype(dtype)
    exactly = [true(flint.arb(float(x))) for x in z]
    u = float(np.finfo(dtype).eps) / 2
    for framework, table in functions().items():
        got = table[function](z)
        assert got.dtype == dtype
        errors = [float(abs((flint.arb(float(g)) - t) / t).upper()) / u for g, t in zip(got, exactly, strict=True)]
        assert max(errors) <= limit, (framework, function, dtype, max(errors), z[int(np.argmax(errors))])


def random_problem(
    seed: int, n: tuple[int, ...], m: int, hidden: str, output: str, loss: Any, scale: float
) -> tuple[Network, Params, Any, Any]:
    rng = np.random.default_rng(seed)
    network = Network.of(n, hidden, output, loss=loss, relu_grad_at_zero=("right", "left")[seed % 2])
    params = tuple(
        Layer(scale * rng.standard_normal((n[l], n[l - 1])), (seed % 3) * rng.standard_normal((n[l], 1)))
        for l in range(1, len(n))
    )
    X = rng.standard_normal((n[0], m))
    X[:, : m // 4] = 0
    return network, params, X, (rng.random((n[-1], m)) > 0.5).astype(float)


DRAWN: dict[str, st.SearchStrategy[Any]] = {  # what `random_problem` takes, but for m
    "seed": st.integers(0, 10_000),
    "n": st.sampled_from([(3, 1), (1, 2), (4, 5, 1), (3, 4, 3, 2), (2, 3, 3, 3, 1)]),
    "hidden": st.sampled_from(["sigmoid", "tanh", "relu", "leaky_relu", "linear"]),
    "output": st.sampled_from(OUTPUTS),
    "scale": st.sampled_from([1e-4, 0.1, 1.0, 20.0]),
}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    **DRAWN,
    m=st.sampled_from([1, 2, 17, 300]),
    dtype=st.sampled_from(DTYPES),
    variant=st.sampled_from(["by_hand", "textbook", "per_example"]),
)  # fmt: skip
def test_correct_runs_never_leave_the_bound(
    seed: int, n: tuple[int, ...], m: int, hidden: str, output: tuple[str, str], scale: float, dtype: str, variant: str
) -> None:
    network, params, X, Y = random_problem(seed, n, m, hidden, output[0], output[1], scale)
    params, X, Y = cast(params, dtype), X.astype(dtype), Y.astype(dtype)
    framework = load("numpy")
    declared = declaration(framework, variant)
    J, gradient = framework.gradients[variant](network, params, X, Y)
    wide = cast(params, "float64")
    oracle = evaluate(network, wide, exact(X), exact(Y))
    bounds = [error_bound(network, wide, oracle, exact(Y), precision(d), declared) for d in (dtype, "float64")]
    assert not held("J", 0, J, np.asarray(oracle.J), np.asarray(sum(b.J for b in bounds)), dtype).ratio > 1
    for l, (got, true) in enumerate(zip(gradient, oracle.gradient, strict=True)):
        for kind in (0, 1):
            E = bounds[0].gradient[l][kind] + bounds[1].gradient[l][kind]
            assert not held(f"{'Wb'[kind]}{l}", 0, got[kind], true[kind], E, dtype).ratio > 1


def one_neuron(z: float, y: float, form: str = "logits", dtype: str = "float64") -> tuple[Any, Any]:
    """The oracle and the bound of logistic regression on one example with x = 1 and logit z."""
    network, params = Network((1, 1), ("sigmoid",)), (Layer(np.array([[z]]), np.zeros((1, 1))),)
    Y = np.array([[y]])
    oracle = evaluate(network, params, np.ones((1, 1)), Y)
    return oracle, error_bound(network, params, oracle, Y, precision(dtype), Declaration(formulation=form))  # type: ignore[arg-type]


def test_differentiating_softplus_errs_with_the_size_of_the_logit_on_either_side() -> None:
    """-log(sigmoid(z)) at z = -33.2: its derivative is exp(33.2 - softplus(33.2)), whose exponent errs by 33 u."""
    jax = pytest.importorskip("jax")
    framework = load("jax")
    framework.configure("float64")
    for y in (0.0, 1.0):
        for z in np.concatenate([-np.geomspace(1, 300, 60), np.geomspace(1, 300, 60)]):
            oracle, bound = one_neuron(float(z), y, "autodiff")
            array = framework.from_numpy(np.array(z))
            for loss in (
                lambda z, y=y: jax.nn.softplus(z) - y * z,
                lambda z, y=y: -y * jax.nn.log_sigmoid(z) - (1 - y) * jax.nn.log_sigmoid(-z),
            ):
                error = abs(float(jax.grad(loss)(array)) - oracle.gradient[0].W[0, 0])
                assert error <= 2 * bound.gradient[0].W[0, 0], (z, y)


def test_saturated_textbook_has_no_bound_and_the_stable_form_has() -> None:
    for z, y in ((800.0, 0.0), (-800.0, 1.0), (800.0, 1.0)):
        oracle, bound = one_neuron(z, y)
        assert np.isfinite([oracle.J, bound.J]).all()
        assert np.isfinite(bound.gradient[0].W).all()
        _, textbook = one_neuron(z, y, "textbook")
        assert np.inf == textbook.J
        assert textbook.gradient[0].W[0, 0] == np.inf
    _, early = one_neuron(20.0, 0.0, "textbook", "float32")  # in float32 1 − A is 0 from 17 on
    assert np.inf == early.J
    _, fine = one_neuron(20.0, 0.0, "textbook", "float64")
    assert np.isfinite(fine.J)


def test_an_exact_zero_at_the_kink_does_not_straddle_zero() -> None:
    """All-zero columns with zero biases: Z is exactly 0 whatever the rounding, so the derivative there is judged."""
    for name in ("kink-2layer-relu", "kink-2layer-leaky_relu"):
        for dtype in DTYPES:
            case = make_case(build(BY_NAME[name]), dtype)
            judge = Judge(case)
            _, oracle, bound, _ = judge.at_checkpoint(0, Declaration())
            assert (oracle.Z[0] == 0).sum() == 21 * case.network.n[1]
            assert bound.straddles_zero == 0
            params = cast(case.checkpoints[0], "float64")
            right, left = (
                evaluate(case.network, params, judge.X, judge.Y, {"relu": side, "leaky_relu": side})
                for side in ("right", "left")
            )
            difference = np.abs(right.gradient[0].b - left.gradient[0].b)
            assert (difference > 100 * bound.gradient[0].b).all()


def test_a_deep_chain_keeps_exact_zeros_exact() -> None:
    for hidden in ("relu", "leaky_relu", "tanh", "linear"):
        network = Network.of((2, 3, 3, 3, 1), hidden)
        rng = np.random.default_rng(0)
        params = tuple(
            Layer(rng.standard_normal((b, a)), np.zeros((b, 1))) for a, b in ((2, 3), (3, 3), (3, 3), (3, 1))
        )
        Y = np.ones((1, 2))
        oracle = evaluate(network, params, np.zeros((2, 2)), Y)
        bound = error_bound(network, params, oracle, Y, precision("float32"))
        assert bound.straddles_zero == 0, hidden


def test_an_output_near_the_kink_straddles_zero_and_is_counted() -> None:
    network = Network.of((2, 1, 1), "relu")
    params = (Layer(np.array([[1.0, -1.0]]), np.zeros((1, 1))), Layer(np.ones((1, 1)), np.zeros((1, 1))))
    X, Y = np.array([[0.1, 5.0], [0.1, 1.0]]), np.ones((1, 2))
    oracle = evaluate(network, params, X, Y)
    assert error_bound(network, params, oracle, Y, precision("float32")).straddles_zero == 1


def test_reduced_precision_widens_the_bound_only_where_it_is_declared() -> None:
    """A TF32-like product, operands cut to 10 bits: outside the float32 bound, inside the declared one."""
    problem = build(BY_NAME["digits-2layer-relu"])
    case = make_case(problem, "float32")

    def cut(array: Any) -> Any:
        return (array.view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)

    (W1, b1), (W2, b2) = case.checkpoints[0]
    A1 = np.maximum(cut(W1) @ cut(case.X) + b1, 0)
    Z2 = cut(W2) @ cut(A1) + b2
    dZ2 = 1 / (1 + np.exp(-Z2)) - case.Y
    dW2 = (cut(dZ2) @ cut(A1).T) / np.float32(case.X.shape[1])
    _, oracle, plain, own = Judge(case).at_checkpoint(0, Declaration())
    _, _, declared, _ = Judge(case).at_checkpoint(0, Declaration(precision="tf32"))
    args = ("dW2", 0, dW2, oracle.gradient[1].W)
    assert held(*args, plain.gradient[1].W + own.gradient[1].W, "float32").ratio > 1
    assert held(*args, declared.gradient[1].W + own.gradient[1].W, "float32").ratio <= 1


def test_the_oracle_is_the_derivative_of_its_own_cost() -> None:
    """Complex step on the oracle's forward formulas, written for complex numbers: exact to rounding."""
    network, params, X, Y = random_problem(1, (3, 4, 2), 15, "tanh", "sigmoid", "cross_entropy", 1.0)

    def cost(flat: Any) -> Any:
        W1, b1, W2, b2 = flat[:12].reshape(4, 3), flat[12:16, None], flat[16:24].reshape(2, 4), flat[24:, None]
        Z = W2 @ np.tanh(W1 @ X + b1) + b2
        return (np.log(1 + np.exp(Z)) - Y * Z).sum() / 15

    flat = np.concatenate([array.ravel() for layer in params for array in layer]).astype(complex)
    h = 1e-30
    slopes = np.array([cost(flat + 1j * h * (np.arange(26) == k)).imag / h for k in range(26)])
    oracle = evaluate(network, params, X, Y)
    bound = error_bound(network, params, oracle, Y, precision("float64"))
    true = np.concatenate([array.ravel() for layer in oracle.gradient for array in layer])
    E = np.concatenate([array.ravel() for layer in bound.gradient for array in layer])
    assert (np.abs(slopes - true) <= 2 * E).all()  # the oracle's rounding and the complex step's


def test_published_costs() -> None:
    logit = np.log(np.array([[4.0, 9.0, 2 / 3]]))  # of A = 0.8, 0.9, 0.4
    network, params = Network((1, 1), ("sigmoid",)), (Layer(np.ones((1, 1)), np.zeros((1, 1))),)
    assert round(evaluate(network, params, logit, np.array([[1.0, 1.0, 0.0]])).J, 15) == 0.279776563579342
    assert round(evaluate(network, params, logit, np.ones((1, 3))).J, 15) == 0.414931599615397
    assert round(float(activate("sigmoid", np.array([9.2]), 0.01)[0]), 12) == 0.999898970806


def test_held_calls_nan_and_inf_infinitely_wrong() -> None:
    oracle, E = np.array([1.0, 2.0]), np.array([2.0**-10, 2.0**-10])
    for bad in (np.nan, np.inf, -np.inf):
        comparison = held("dW1", 3, np.array([1.0, bad]), oracle, E, "float64")
        assert comparison.ratio == np.inf
        assert comparison.element == (1,)
    assert held("dW1", 3, oracle, oracle, np.zeros(2), "float64").ratio == 0
    assert held("dW1", 3, oracle + np.array([0, 1e-9]), oracle, np.zeros(2), "float64").ratio == np.inf
    assert held("dW1", 3, oracle + np.array([0, 2.0**-11]), oracle, E, "float64").ratio == 0.5


def test_held_compares_with_an_oracle_of_exactly_zero_without_a_warning() -> None:
    assert held("dW1", 0, np.array([0.5]), np.array([0.0]), np.array([1e-16]), "float64").ratio == 0.5 / 1e-16


def test_held_leaves_out_what_has_no_bound_and_counts_it() -> None:
    comparison = held("J", 0, np.array([np.nan, 1.0]), np.array([0.0, 1.0]), np.array([np.inf, 1.0]), "float64")
    assert (comparison.ratio, comparison.undefined) == (0.0, 1)
    assert comparison.bounded
    assert not held("J", 0, np.array(np.nan), np.array(0.0), np.array(np.inf), "float64").bounded


@pytest.mark.parametrize(
    ("x", "w", "y"), [(1e-39, 0.0, 1e6), (1e6, 1e-39, 1e3), (1e-39, 1.0, -1e6), (3e-39, -2e-39, 1e30)]
)
def test_flushing_subnormals_to_zero_stays_within_the_bound(x: float, w: float, y: float) -> None:
    """XLA on the CPU computes with 0 for a subnormal operand, whatever large number it is multiplied by."""
    pytest.importorskip("jax")
    framework = load("jax")
    framework.configure("float32")
    network = Network((1, 1), ("linear",), "squared_error")
    X, Y, W, b = (np.array([[v]], np.float32) for v in (x, y, w, 0.0))
    put = framework.from_numpy
    _, (gradient,) = framework.gradients["by_hand"](network, (Layer(put(W), put(b)),), put(X), put(Y))
    wide = (Layer(exact(W), exact(b)),)
    oracle = evaluate(network, wide, exact(X), exact(Y))
    bound = error_bound(network, wide, oracle, exact(Y), precision("float32", flushes=True)).gradient[0].W
    assert not held("dW1", 0, framework.to_numpy(gradient.W), oracle.gradient[0].W, bound, "float32").ratio > 1


@pytest.mark.parametrize(
    "wrong",
    [
        Declaration(precision="fp32"),
        Declaration(formulation="textbok"),
        Declaration(relu_grad_at_zero=(("tanh", "left"),)),
        Declaration(relu_grad_at_zero="left"),
        {"precision": "full"},
    ],  # type: ignore[arg-type]
)
def test_a_declaration_that_says_nothing_known_is_refused(wrong: Declaration) -> None:
    class Module:
        name = "mine"
        declarations = {"variant": wrong}  # noqa: RUF012

    with pytest.raises(BadInput, match="implementation mine/variant: declares"):
        declaration(Module(), "variant")  # type: ignore[arg-type]
    named = type(
        "Named", (), {"name": "mine", "declarations": {"variant": Declaration(relu_grad_at_zero=(("relu", "left"),))}}
    )
    assert declaration(named(), "variant").convention == "mine/variant at 0: relu left"


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from(["tanh", "sigmoid", "relu", "leaky_relu"]), st.sampled_from(OUTPUTS),
    st.floats(0, 1e-5),
)  # fmt: skip
def test_the_bound_of_float64_is_at_most_the_scaled_one_of_float32(
    seed: int, g: str, output: tuple[str, str], near: float
) -> None:
    network, params, X, Y = random_problem(seed, (3, 4, 2), 7, g, output[0], output[1], 1.0)
    W, b = params[0]
    (oracle_Z, *_) = evaluate(network, params, X, Y).Z
    b = b - oracle_Z[:, :1] + near  # the first example's Z is near 0: in float32 it straddles a kink, in float64 not
    params = (Layer(W, b), *params[1:])
    oracle = evaluate(network, params, X, Y)
    p32, p64 = precision("float32"), precision("float64")
    wide = error_bound(network, params, oracle, Y, p32)
    if not wide.margin > p64.u / p32.u:
        return
    assert error_bound(network, params, oracle, Y, p64).straddles_zero == 0
    bound, sharp = scaled(wide, p64.u / p32.u), error_bound(network, params, oracle, Y, p64)
    assert sharp.J <= bound.J
    for E, E_scaled in zip(sharp.gradient, bound.gradient, strict=True):
        assert (E.W <= E_scaled.W).all()
        assert (E.b <= E_scaled.b).all()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from(["tanh", "sigmoid", "relu", "leaky_relu"]), st.sampled_from(OUTPUTS),
    st.integers(1, 4), st.sampled_from(["logits", "autodiff", "textbook"]),
)  # fmt: skip
def test_a_stack_of_params_is_evaluated_and_bounded_as_each_of_them_is(
    seed: int, g: str, output: tuple[str, str], count: int, form: str
) -> None:
    several = [random_problem(seed + k, (3, 4, 2), 7, g, output[0], output[1], 1.0) for k in range(count)]
    network, _, X, Y = several[0]
    p, declared = precision("float32"), Declaration(formulation=form)  # type: ignore[arg-type]
    stack = stacked([params for _, params, _, _ in several])
    oracles = evaluate(network, stack, X, Y)
    bounds = error_bound(network, stack, oracles, Y, p, declared)
    for k, (_, params, _, _) in enumerate(several):
        oracle = evaluate(network, params, X, Y)
        bound = error_bound(network, params, oracle, Y, p, declared)
        for together, alone in ((oracles, oracle), (bounds, bound)):
            np.testing.assert_allclose(together.J[k], alone.J, rtol=1e-12)  # type: ignore[index]
            for arrays, array in zip(flat(together.gradient), flat(alone.gradient), strict=True):
                np.testing.assert_allclose(arrays[k], array, rtol=1e-12)
        assert bounds.margin <= bound.margin
        assert np.broadcast_to(bounds.straddles_zero, count)[k] == bound.straddles_zero


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from(["tanh", "sigmoid", "leaky_relu"]), st.sampled_from(["float32", "float64"])
)
def test_several_declarations_are_bounded_together_as_each_is_alone(seed: int, g: str, dtype: str) -> None:
    network, params, X, Y = random_problem(seed, (3, 4, 2), 7, g, "sigmoid", "cross_entropy", 1.0)
    X[0] = 0.0  # sums of which all terms vanish
    oracle, p = evaluate(network, params, X, Y), precision(dtype)
    kinked = Declaration(relu_grad_at_zero=(("leaky_relu", "left"),))
    declared = [*(Declaration(formulation=form) for form in ("logits", "autodiff", "textbook")), kinked]
    for each, together in zip(declared, error_bounds(network, params, oracle, Y, p, declared), strict=True):
        alone = error_bound(network, params, oracle, Y, p, each)
        assert together.J == alone.J
        for got, expected in zip(flat(together.gradient), flat(alone.gradient), strict=True):
            np.testing.assert_array_equal(got, expected)


def test_what_a_relu_cuts_off_has_no_error_in_any_precision() -> None:
    network = Network.of((1, 2, 1), "relu")
    params = (Layer(np.array([[1.0], [-1.0]]), np.zeros((2, 1))), Layer(np.ones((1, 2)), np.zeros((1, 1))))
    X, Y = np.ones((1, 1)), np.ones((1, 1))
    for dtype in ("float32", "float64"):
        bound = error_bound(network, params, evaluate(network, params, X, Y), Y, precision(dtype))
        (dW, db), _ = bound.gradient
        assert dW[0] > 0
        assert dW[1] <= 4 * precision(dtype).tiny  # of the mean alone
        assert db[1] <= 4 * precision(dtype).tiny
