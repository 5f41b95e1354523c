"""The enclosure against closed forms and another derivative; the oracle and its bound against it."""

import os
import sys
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crosscheck.cli.main import main
from crosscheck.core.records import Case
from crosscheck.evaluation import certify_oracle as certification
from crosscheck.evaluation.certify_oracle import certificate, sample
from crosscheck.oracle.enclosure import MOST_BITS, Enclosure, _activation, enclose, settle, upper
from crosscheck.oracle.float64 import Evaluation, evaluate
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, Options, build, choose
from crosscheck_impls.interface import BadInput, Layer, Network, Params
from hypothesis import given, settings
from hypothesis import strategies as st

flint = pytest.importorskip("flint")
arb, series = flint.arb, flint.arb_series

LARGE = ("many_examples-logistic", "wide-3layer-leaky_relu", "threads-logistic")
SMALL = [spec.name for spec in choose(None) if spec.name not in LARGE]
OUTPUTS = [
    ("sigmoid", "cross_entropy"), ("sigmoid", "squared_error"), ("linear", "squared_error"), ("relu", "squared_error"),
]  # fmt: skip
HIDDEN = ["sigmoid", "tanh", "relu", "leaky_relu", "linear"]


@pytest.fixture(autouse=True)
def precise() -> Any:
    """Balls are read and compared with more bits than they were made with."""
    with flint.ctx.workprec(512):
        yield


def balls(e: Enclosure) -> dict[str, list[Any]]:
    return dict(certification._balls(e)) | {"Z": e.Z.entries(), "A": e.A.entries()}


def one_neuron(*w: float, b: float = 0.0) -> Params:
    return (Layer(np.array([w]), np.array([[b]])),)


def random_case(seed: int, n: tuple[int, ...], m: int, g: tuple[str, ...], loss: Any, scale: float) -> Case:
    """A quarter of the columns are 0, in two thirds of the cases with zero biases: exactly at the kink."""
    rng = np.random.default_rng(seed)
    network = Network(n, g, loss, (0.0, 0.01, 0.3)[seed % 3], ("right", "left")[seed % 2])
    params = tuple(
        Layer(scale * rng.standard_normal((n[l], n[l - 1])), (seed % 3 == 0) * rng.standard_normal((n[l], 1)))
        for l in range(1, len(n))
    )
    X, Y = rng.standard_normal((n[0], m)), (rng.random((n[-1], m)) > 0.5).astype(float)
    X[:, : (m + 3) // 4] = 0
    if loss == "squared_error":
        Y = Y + rng.standard_normal(Y.shape)
    return Case("random", network, "float64", X, Y, None, None, (params,), (0,), 0.1, 1)


def enclosed(case: Case, **options: Any) -> Enclosure:
    return enclose(case.network, case.checkpoints[0], case.X, case.Y, **options)


# ---------------------------------------------------------------- closed forms


def test_the_cost_at_zero_weights_is_log_2_to_36_digits() -> None:
    rng = np.random.default_rng(0)
    for n in ((5, 1), (3, 4, 1)):
        params = tuple(Layer(np.zeros((b, a)), np.zeros((b, 1))) for a, b in pairwise(n))
        e = enclose(Network.of(n, "tanh"), params, rng.standard_normal((n[0], 7)), rng.integers(0, 2, (1, 7)) * 1.0)
        assert e.J.overlaps(arb("0.693147180559945309417232121458176568 +/- 5e-37"))
        assert upper(e.J.rad()) < 1e-36


def test_published_figures_lie_in_the_ball_to_all_digits_printed() -> None:
    """The course's exercises: one step, the sigmoid at 9.2, the cost of A = 0.8, 0.9, 0.4 (logits log a/(1 - a))."""
    X, Y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0]])
    e = enclose(Network((2, 1), ("sigmoid",)), one_neuron(1.0, 2.0, b=2.0), X, Y)
    dW, db = e.gradient[0]
    printed = (
        ("0.99993216 +/- 5e-9", dW[0, 0]),
        ("1.99980262 +/- 5e-9", dW[0, 1]),
        ("0.499935230625 +/- 5e-13", db[0, 0]),
    )
    for figure, ball in printed:
        assert arb(figure).contains(ball)
    # J they take of log(1 − A) at z = 12: the rounding of A, 2^-53, becomes 2^-53 (1 + e^12) of 1 − A, halved by 1/m
    assert arb(6.000064773192205, upper(arb(2) ** -53 * (1 + arb(12).exp()) / 2)).contains(e.J)
    e = enclose(Network((1, 1), ("sigmoid",)), one_neuron(1.0), np.array([[9.2]]), np.ones((1, 1)))
    assert arb("0.999898970806 +/- 5e-13").contains(e.A[0, 0])
    logits = np.log(np.array([[4.0, 9.0, 2 / 3]]))
    rounding = float(np.spacing(np.abs(logits)).sum())  # an ulp of every logit: 1/m of it enters J, the rest is theirs
    for labels, figure in (([1.0, 1.0, 1.0], 0.41493159961539694), ([1.0, 1.0, 0.0], 0.2797765635793422)):
        e = enclose(Network((1, 1), ("sigmoid",)), one_neuron(1.0), logits, np.array([labels]))
        assert arb(figure, rounding).contains(e.J)


def test_derivatives_known_in_closed_form_to_40_digits() -> None:
    mpmath = pytest.importorskip("mpmath")
    x, y, v, w, b = 0.75, 0.125, -1.25, 2.5, 0.3
    with mpmath.workdps(60):

        def decimal(value: Any) -> Any:
            return arb(f"{mpmath.nstr(value, 45)} +/- {mpmath.nstr(abs(value) * mpmath.mpf(10) ** -44, 5)}")

        h = mpmath.tanh(mpmath.mpf(w) * x + mpmath.mpf(b))
        rest = v * h - y
        expected = {
            "J": rest**2 / 2, "dW2": rest * h, "db2": rest,
            "dW1": rest * v * (1 - h * h) * x, "db1": rest * v * (1 - h * h),
        }  # fmt: skip
        params = (Layer(np.array([[w]]), np.array([[b]])), Layer(np.array([[v]]), np.zeros((1, 1))))
        network = Network((1, 1, 1), ("tanh", "linear"), "squared_error")
        by_name = balls(enclose(network, params, np.array([[x]]), np.array([[y]]), bits=192))
        for name, value in expected.items():
            assert by_name[name][0].overlaps(decimal(value)), name
            assert by_name[name][0].rel_accuracy_bits() > 40 * np.log2(10), name


def test_deep_in_the_tails_the_balls_stay_narrow() -> None:
    """dZ = -exp(-z) / (1 + exp(-z)) at z = 700, y = 1, and 1 / cosh(-800)^2: nothing cancels, nothing underflows."""
    e = enclose(Network((1, 1), ("sigmoid",)), one_neuron(700.0), np.ones((1, 1)), np.ones((1, 1)))
    small = (-arb(700)).exp()
    assert e.gradient[0].W[0, 0].overlaps(-small / (1 + small))
    assert e.J.overlaps(small.log1p())
    network = Network((1, 1, 1), ("tanh", "linear"), "squared_error")
    params = (Layer(np.array([[-800.0]]), np.zeros((1, 1))), Layer(np.ones((1, 1)), np.ones((1, 1))))
    deep = enclose(network, params, np.ones((1, 1)), np.full((1, 1), 3.0)).gradient[0].W[0, 0]
    c = arb(800).cosh()
    assert deep.overlaps((1 - arb(800).tanh() - 3) / c**2)
    for ball in (e.J, e.gradient[0].W[0, 0], deep):
        assert ball.rel_accuracy_bits() > 100


def forward_mode(case: Case, l: int, kind: int, element: tuple[int, int]) -> Any:
    """dJ in one parameter, by power series in it: no backward pass, no derivative of g written by anyone."""
    network, params = case.network, case.checkpoints[0]
    t = series([0, 1], prec=2)

    def g(name: str, z: Any) -> Any:
        first = (z.coeffs() or [arb(0)])[0]
        if name == "sigmoid":
            return 1 / (1 + (-z).exp())
        if name == "tanh":
            return 1 - 2 / (1 + (2 * z).exp())
        if name == "linear":
            return z
        right = first > 0 or (first == 0 and network.relu_grad_at_zero == "right")
        assert right or first <= 0, "undecided"
        return z * (1 if right else arb(network.leaky_slope if name == "leaky_relu" else 0))

    total = series([0], prec=2)
    for i in range(case.X.shape[1]):
        a = [series([x], prec=2) for x in case.X[:, i].tolist()]
        for k, (name, (W, b)) in enumerate(zip(network.g, params, strict=True)):
            z = []
            for r in range(W.shape[0]):
                row = [series([w], prec=2) for w in W[r].tolist()]
                bias = series([float(b[r, 0])], prec=2)
                if k == l and r == element[0]:
                    if kind == 0:
                        row[element[1]] += t
                    else:
                        bias += t
                z.append(sum((w * x for w, x in zip(row, a, strict=True)), bias))
            a = [g(name, each) for each in z]
        for k, y in enumerate(case.Y[:, i].tolist()):
            if network.loss == "cross_entropy":
                total += (1 + z[k].exp()).log() - arb(y) * z[k]
            else:
                total += (a[k] - y) * (a[k] - y) / 2
    return [*total.coeffs(), arb(0), arb(0)][1] / case.X.shape[1]


@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_gradients_are_those_of_power_series(hidden: str, output: str, loss: str) -> None:
    for seed in range(6):
        case = random_case(seed, (2, 3, 2), 4, (hidden, output), loss, 1.0)
        e = enclosed(case)
        assert e.undecided == 0
        for l, layer in enumerate(case.checkpoints[0]):
            for kind, array in enumerate(layer):
                for element in np.ndindex(array.shape):
                    ball = e.gradient[l][kind][element]
                    assert ball.overlaps(forward_mode(case, l, kind, element)), (seed, l, kind, element)
                    assert ball.is_zero() or ball.rad() < 2.0**-100


# ---------------------------------------------------------------- what a ball must be


@pytest.mark.parametrize("name", ["flower-2layer-tanh", "regression-4layer-mixed", "kink-2layer-leaky_relu"])
def test_more_bits_end_inside_fewer(name: str) -> None:
    case = make_case(build(BY_NAME[name]), "float64")
    coarse, fine = (balls(enclosed(case, bits=bits)) for bits in (128, 256))
    for tensor, wide in coarse.items():
        for outer, inner in zip(wide, fine[tensor], strict=True):
            assert outer.contains(inner), tensor
            assert inner.rad() <= outer.rad() * 2.0**-100, tensor


def test_the_order_of_the_examples_does_not_matter() -> None:
    for seed in range(10):
        case = random_case(seed, (4, 3, 3, 1), 23, ("tanh", "leaky_relu", "sigmoid"), "cross_entropy", 1.0)
        order = np.random.default_rng(seed).permutation(23)
        here, there = balls(enclosed(case)), balls(enclosed(case._replace(X=case.X[:, order], Y=case.Y[:, order])))
        for name in here.keys() - {"Z", "A"}:
            assert all(a.overlaps(b) for a, b in zip(here[name], there[name], strict=True)), (seed, name)


def test_float32_arrays_are_taken_as_they_are() -> None:
    case = make_case(build(BY_NAME["kink-2layer-relu"]), "float32")
    wide = tuple(Layer(W.astype(float), b.astype(float)) for W, b in case.checkpoints[0])
    here = enclosed(case)
    there = enclose(case.network, wide, case.X.astype(float), case.Y.astype(float))
    assert here.J.mid() == there.J.mid()
    assert [repr(b) for b in here.gradient[0].W.entries()] == [repr(b) for b in there.gradient[0].W.entries()]


def test_upper_is_never_below() -> None:
    for ball in (arb(1) / 3, arb(1) + arb(2) ** -60, arb("0.1"), -arb(1) / 3, arb(2) ** 3000, arb(2) ** -3000):
        assert ball.upper() <= upper(ball)
    assert upper(arb(0.25)) == 0.25
    assert upper(arb(0)) == 0
    assert upper(arb("nan")) == upper(arb(1) / 0) == np.inf


# ---------------------------------------------------------------- the kink


@pytest.mark.parametrize("name", ["kink-2layer-relu", "kink-2layer-leaky_relu"])
def test_an_exact_zero_at_the_kink_is_decided_by_the_convention(name: str) -> None:
    case = make_case(build(BY_NAME[name]), "float64")
    by_side = {side: enclosed(case, at_zero={"relu": side, "leaky_relu": side}) for side in ("right", "left")}
    assert {(e.bits, e.undecided) for e in by_side.values()} == {(128, 0)}
    right, left = (by_side[side].gradient[0].b.entries() for side in ("right", "left"))
    assert not any(a.overlaps(b) for a, b in zip(right, left, strict=True))
    assert [repr(b) for b in balls(enclosed(case))["db1"]] == [
        repr(b) for b in by_side[case.network.relu_grad_at_zero].gradient[0].b.entries()
    ]
    for side, e in by_side.items():
        oracle = evaluate(case.network, case.checkpoints[0], case.X, case.Y, {"relu": side, "leaky_relu": side})
        for ball, true in zip(e.gradient[0].b.entries(), oracle.gradient[0].b.ravel().tolist(), strict=True):
            assert upper(abs(ball - true)) < 2.0**-50  # far less than the two conventions differ by, 1/m Σ dA


@pytest.mark.parametrize(("exponent", "most"), [(-20, 128), (-150, 512), (-1000, 4096), (-2100, MOST_BITS)])
def test_a_zero_that_needs_more_bits_gets_them(exponent: int, most: int) -> None:
    """0.1 · 0.3 + 2^e - 0.1 · 0.3 - 2^e is exactly 0, as soon as the precision spans both."""
    half = 2.0 ** (exponent / 2)
    row, column = [0.1, half, -0.1, -half], [0.3, half, 0.3, half]
    params = (Layer(np.array([row]), np.zeros((1, 1))), Layer(np.ones((1, 1)), np.zeros((1, 1))))
    for kink, slope in (("right", 1), ("left", 0)):
        network = Network((4, 1, 1), ("relu", "sigmoid"), relu_grad_at_zero=kink)  # type: ignore[arg-type]
        e = enclose(network, params, np.array([column]).T, np.ones((1, 1)))
        assert e.undecided == 0
        assert e.bits <= most
        assert (e.gradient[0].b[0, 0] + arb(slope) / 2).is_zero()


@pytest.mark.parametrize("hidden", ["relu", "leaky_relu"])
def test_what_no_precision_decides_is_counted_and_both_are_enclosed(hidden: str) -> None:
    """tanh(x) - tanh(x) is 0, which no ball can know: g' there is both the slope and 1."""
    network = Network((1, 2, 1, 1), ("tanh", hidden, "sigmoid"), leaky_slope=0.25)
    params = (
        Layer(np.array([[0.7], [0.7]]), np.array([[0.1], [0.1]])),
        Layer(np.array([[1.0, -1.0]]), np.zeros((1, 1))),
        Layer(np.array([[1.5]]), np.array([[0.3]])),
    )
    X, Y = np.array([[0.3, -0.9, 1.1]]), np.array([[1.0, 0.0, 0.0]])
    e = enclose(network, params, X, Y)
    assert (e.bits, e.undecided) == (MOST_BITS, 3)
    # A[2] = 0, hence Z[3] = b[3] = 0.3: db[3] = σ(0.3) − 1/3, db[2] = 1.5 db[3] g′
    db3 = 1 / (1 + (-arb(0.3)).exp()) - arb(1) / 3
    assert e.gradient[2].b[0, 0].overlaps(db3)
    for slope in (1.0, 0.25 if hidden == "leaky_relu" else 0.0):
        assert e.gradient[1].b[0, 0].contains(arb(1.5) * db3 * slope)
    assert upper(e.gradient[2].b[0, 0].rad()) < 2.0**-100


@pytest.mark.parametrize("right", [True, False])
def test_a_ball_that_touches_0_holds_both_slopes(right: bool) -> None:
    for name, s in (("relu", arb(0)), ("leaky_relu", arb(0.25))):
        g = _activation(name, arb(0.25), right, arb(1))
        for z in (arb(-1, 1), arb(1, 1), arb(0, 1)):
            a, slope = g(z)
            assert slope.contains(1)
            assert slope.contains(s)
            assert a.contains(0)
        assert g(arb(-2, 1))[1] == s
        assert g(arb(2, 1))[1] == 1
        assert g(arb(0))[1] == (1 if right else s)


# ---------------------------------------------------------------- the oracle against its ball


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    m=st.sampled_from([1, 2, 17, 100]),
    hidden=st.lists(st.sampled_from(HIDDEN), min_size=3, max_size=3),
    output=st.sampled_from(OUTPUTS),
    scale=st.sampled_from([1e-4, 0.1, 1.0, 20.0]),
)
def test_the_oracle_lies_within_its_bound_of_the_ball(
    seed: int, sizes: list[int], m: int, hidden: list[str], output: tuple[str, str], scale: float
) -> None:
    g = (*hidden[: len(sizes) - 2], output[0])
    certified = certificate(random_case(seed, tuple(sizes), m, g, output[1], scale), 0)
    assert certified.verdict == "certified", certified
    assert (certified.unbounded, certified.examples) == (0, m)


def test_where_rounding_decides_about_the_kink_the_bound_covers_it() -> None:
    """1 + 2^-60 - 1 is right of the kink; summed in most orders it is 0 in float64, where kink left has no slope."""
    network = Network((3, 1, 1), ("relu", "sigmoid"), relu_grad_at_zero="left")
    params = (Layer(np.ones((1, 3)), np.zeros((1, 1))), Layer(np.ones((1, 1)), np.zeros((1, 1))))
    wrong: list[float] = []
    for column in permutations([1.0, 2.0**-60, -1.0]):
        X, Y = np.array([column]).T, np.ones((1, 1))
        oracle = evaluate(network, params, X, Y)
        certified = certificate(Case("near", network, "float64", X, Y, None, None, (params,), (0,), 0.1, 1), 0)
        wrong += [certified.ratio] if oracle.Z[0][0, 0] == 0 else []
        assert (certified.verdict, certified.bits, certified.undecided) == ("certified", 128, 0)
        assert enclose(network, params, X, Y).gradient[0].b[0, 0] < arb(-0.49)
    assert wrong
    assert min(wrong) > 0.5  # the whole of dA is off, and the bound is hardly more


@pytest.fixture(scope="module")
def crosscheck() -> Any:
    """Run crosscheck in this process: its exit code."""

    def run(*words: object) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["crosscheck", *map(str, words)])
            with pytest.raises(SystemExit) as stop:
                main()
        return int(stop.value.code or 0)

    return run


@pytest.mark.slow
def test_every_small_problem_is_certified(crosscheck: Any, tmp_path: Path) -> None:
    names = [word for name in SMALL for word in ("--problem", name)]
    assert crosscheck("truth", *names, "--out", tmp_path) == 0
    header, *lines = [line.split(",", 10) for line in (tmp_path / "oracle.csv").read_text().splitlines()]
    assert header[:3] == ["problem", "dtype", "iteration"]
    assert [line[0] for line in lines] == [name for name in SMALL for _ in range(4)]
    for line in lines:
        assert line[3] == line[4], "all examples"
        assert (line[5], line[6]) == ("128", "0")
        assert float(line[7]) < 1e-30
        assert 0 <= float(line[8]) <= 1
        assert line[10].endswith(",0,certified")
    text = (tmp_path / "oracle.md").read_text()
    assert f"{len(lines)} evaluations of the oracle over {len(SMALL)} problems: {len(lines)} certified." in text
    assert text.count("| certified") == len(lines)


def test_the_table_comes_out_the_same_twice(crosscheck: Any, tmp_path: Path) -> None:
    words = ("--problem", "kink", "--problem", "flower-2layer-tanh", "--bits", 192)
    for name in ("one", "two"):
        assert crosscheck("truth", *words, "--out", tmp_path / name) == 0
    for table in ("oracle.csv", "oracle.md"):
        assert (tmp_path / "one" / table).read_bytes() == (tmp_path / "two" / table).read_bytes()
    assert ",192,0," in (tmp_path / "one" / "oracle.csv").read_text()


@pytest.mark.parametrize("tensor", ["J", "dW1", "db1", "dW2", "db2"])
def test_an_error_in_the_oracle_is_caught(
    tensor: str, crosscheck: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One element is off by 1e-13 of itself, a hundred times 1e-15: no common tolerance would see it."""

    def faulty(*arguments: Any) -> Evaluation:
        oracle = evaluate(*arguments)
        if tensor == "J":
            return oracle._replace(J=oracle.J * (1 + 1e-13))
        oracle.gradient[int(tensor[2]) - 1]["Wb".index(tensor[1])][-1, -1] *= 1 + 1e-13
        return oracle

    monkeypatch.setattr(certification, "evaluate", faulty)
    assert crosscheck("truth", "--problem", "one_example-2layer-tanh", "--out", tmp_path) == 1
    assert "missed" in capsys.readouterr().out
    lines = (tmp_path / "oracle.csv").read_text().splitlines()
    assert [line for line in lines if tensor in line and line.endswith("missed")]


def test_a_bound_too_small_is_caught(crosscheck: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if the oracle computed with 60 bits: a bound that the oracle does not keep."""
    small = certification.precision("float64")._replace(u=2.0**-60, ua=2.0**-60, across=2.0**-60)
    monkeypatch.setattr(certification, "precision", lambda dtype: small)
    assert crosscheck("truth", "--problem", "kink", "--out", tmp_path) == 1


def test_where_numbers_overflow_there_is_no_bound_and_it_says_so() -> None:
    network = Network((1, 1), ("linear",), "squared_error")
    X, Y = np.array([[1e200]]), np.zeros((1, 1))
    case = Case("overflow", network, "float64", X, Y, None, None, (one_neuron(1.0),), (0,), 0.1, 1)
    certified = certificate(case, 0)
    assert (certified.verdict, certified.unbounded) == ("certified", 2)  # db has a bound; J and dW are above 1e308
    assert enclosed(case).J.overlaps(arb(1e200) ** 2 / 2)
    alone = certificate(case._replace(checkpoints=(one_neuron(1e200),)), 0)
    assert (alone.verdict, alone.unbounded, alone.where) == ("no bound", 3, "")
    assert certification.summary([certified, alone]).endswith(
        "5 elements have no bound, since numbers overflow float64 there."
    )


def test_of_a_large_problem_examples_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network.of((12288, 20, 7, 5, 1))
    assert len(sample(network, 209, 128)) == 209
    drawn = sample(network, 100_000, 128)
    assert 1 < len(drawn) < 1000
    assert len(sample(network, 100_000, 256)) < len(drawn)
    assert (np.diff(drawn) > 0).all()
    assert (drawn == sample(network, 100_000, 128)).all()
    monkeypatch.setattr(certification, "SECONDS", 1e-3)
    certified = certificate(make_case(build(BY_NAME["flower-3layer-tanh"]), "float64"), 0)
    assert certified.verdict == "certified"
    assert 1 <= certified.examples < certified.of == 400


def test_the_verdict_turns_at_the_bound_and_nowhere_else() -> None:
    """On float64 numbers next to each other, all over one binade; and an element without a bound is left out."""
    for E in (1.0, 1.25, 1.5, 2 - 2.0**-52, 2.0**-1074, 1e-300):
        for oracle, inside in ((E, True), (np.nextafter(E, np.inf), False), (np.nextafter(E, 0), True), (0.0, True)):
            tensor = certification._hold("dW1", [arb(0)] * 2, np.array([[oracle, 7.0]]), np.array([[E, np.inf]]))
            assert (tensor.ratio <= 1) == inside, (E, oracle)
            assert (tensor.where, tensor.unbounded) == ("dW1[0, 0]", 1)
    assert certification._hold("J", [arb(0, 1)], np.array(0.0), np.array(0.5)).ratio >= 2  # the whole ball counts
    assert certification._hold("J", [arb(0)], np.array(np.nan), np.array(1.0)).ratio == np.inf


@pytest.mark.skipif("CROSSCHECK_CATS" not in os.environ, reason="CROSSCHECK_CATS is not set: the folder of the .h5")
def test_the_cat_images_are_certified() -> None:
    data = Path(os.environ["CROSSCHECK_CATS"]) / "train_catvnoncat.h5"
    options = Options(data=data, layers="20,7,5", weights="scaled", iterations=2)
    case = make_case(build(BY_NAME["digits-3layer-relu"], options), "float64")
    certified = certificate(case, len(case.checkpoints) - 1)
    assert (certified.verdict, certified.undecided, certified.iteration) == ("certified", 0, 2)
    assert certified.examples == certified.of == 209


# ---------------------------------------------------------------- settling a dispute, and what is refused


def test_settle_says_who_is_right() -> None:
    case = make_case(build(BY_NAME["kink-2layer-relu"]), "float64")
    arguments = (case.network, case.checkpoints[0], case.X, case.Y)
    oracle = evaluate(*arguments)
    good, off = float(oracle.gradient[0].W[2, 3]), 2.0**-30
    settled = settle(*arguments, "dW1", (2, 3), good + off)
    assert settled.value.startswith(f"[{good:.12f}"[:12])
    assert off - settled.oracle <= settled.got <= off + settled.oracle + 2.0**-60
    assert settle(*arguments, "dW1", (2, 3), good).got == settled.oracle < 2.0**-50
    assert settle(*arguments, "J", (), oracle.J).got < 2.0**-50
    left = settle(*arguments, "db1", (0, 0), 0.0, at_zero={"relu": "left"})
    assert left.value != settle(*arguments, "db1", (0, 0), 0.0).value
    assert left.oracle < 2.0**-50
    assert settle(*arguments, "J", (), float("nan")).got == np.inf


def test_what_cannot_be_settled_is_refused() -> None:
    X, Y, network, params = np.ones((2, 3)), np.ones((1, 3)), Network((2, 1), ("sigmoid",)), one_neuron(1.0, 2.0)
    for tensor, element, words in [
        ("dW2", (0, 0), "tensor 'dW2': no such tensor; did you mean dW1"),
        ("dW1", (0, 2), r"dW1: no element \(0, 2\), expected an index into shape \(1, 2\)"),
        ("dW1", (0, -1), "no element"), ("dW1", (), "no element"), ("J", (0,), "no element"),
    ]:  # fmt: skip
        with pytest.raises(BadInput, match=words):
            settle(network, params, X, Y, tensor, element, 0.0)
    with pytest.raises(BadInput, match="NaN or inf among the params, X and Y, expected finite numbers"):
        enclose(network, params, np.where(X == 1, np.nan, X), Y)
    with pytest.raises(BadInput, match="examples are columns"):
        enclose(network, params, np.ones((3, 2)), Y)
    with pytest.raises(BadInput, match="'step' predicts but has no useful derivative"):
        enclose(Network((2, 1), ("step",)), params, X, Y)


def test_without_python_flint_the_remedy_is_named(
    crosscheck: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "flint", None)
    assert crosscheck("truth", "--problem", "kink", "--out", tmp_path) == 2
    assert "python-flint is not installed, expected it for ball arithmetic; pip install" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bits", [-1, 0, 63, MOST_BITS + 1])
def test_a_working_precision_out_of_range_is_refused(
    bits: int, crosscheck: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crosscheck("truth", "--bits", bits, "--problem", "kink", "--out", tmp_path) == 2
    assert f"--bits {bits}: expected 64 to 8192" in capsys.readouterr().err
