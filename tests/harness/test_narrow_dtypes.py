"""Arrays of float16 and bfloat16: what adds up how, the bound and the noise, and what is said where they do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
from crosscheck.comparison.asked import Implementation, Request, check_dtypes
from crosscheck.comparison.session import compare
from crosscheck.core.dtypes import BFLOAT16, finfo, is_float
from crosscheck.core.failures import Failure, Kind, Verdict
from crosscheck.core.records import Answer, Case, cast, flat
from crosscheck.evaluation.precisions import RIGHT, tried_in
from crosscheck.judge.causes import NoBound, Noisy, OutsideBound, Overflow, Twin
from crosscheck.judge.elementwise import Judge, held
from crosscheck.judge.verdict import Key, Row, judge, too_long, twins
from crosscheck.mutation.build import VARIANT, as_framework, framework
from crosscheck.mutation.narrow import Cut, mistakes_in
from crosscheck.oracle.error_bound import PLAIN, error_bound, precision
from crosscheck.oracle.float64 import evaluate, exact
from crosscheck.oracle.formats import ARRAYS, BRAIN, HALF
from crosscheck.oracle.narrowed import each_in, of_dtype
from crosscheck.oracle.noise import FACTOR, Sequential, adding_in
from crosscheck.oracle.reference import RIGHT as REFERENCE
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.qualification.bit_flips import flips
from crosscheck.report.words import of_cause
from crosscheck.runner.collect import measure, same
from crosscheck.runner.wire import Reader, pack
from crosscheck.testing.templates import with_numpy
from crosscheck_impls.defaults import complete
from crosscheck_impls.interface import (
    DTYPES,
    EVERY_DTYPE,
    NARROW,
    ON_REQUEST,
    VARIANTS,
    BadInput,
    Declaration,
    Layer,
    Network,
    declaration,
    load,
)
from crosscheck_impls.with_numpy.narrow import Narrow, narrow
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.test_cli import Run, run  # noqa: F401 (a fixture)
from tests.harness.test_error_bound import DRAWN, random_problem

# ruff: noqa: F811 (a test's argument is the fixture)

narrow_dtypes = pytest.mark.parametrize("dtype", NARROW)
NUMBERS = st.lists(st.floats(-1e4, 1e4, width=16), min_size=1, max_size=40)


def case_of(name: str, dtype: str, iterations: int = 3) -> Case:
    return make_case(build(BY_NAME[name])._replace(iterations=iterations), dtype)


def row_of(case: Case, variant: str = "by_hand", change: Any = lambda answer: answer) -> Row:
    ours = load("numpy")
    said = declaration(ours, variant)
    return judge(
        Judge(case),
        change(measure(ours, variant, said, case, "cpu")),
        said,
        Key(case.problem, variant, case.dtype, "cpu"),
    )


def asked(problems: list[str], *names: str, dtypes: tuple[str, ...] = NARROW) -> dict[tuple[str, str], Row]:
    """The rows of a comparison in processes of their own, by implementation and dtype."""
    chosen = [Implementation(*name.split("/")) for name in names]
    some = [build(BY_NAME[name])._replace(iterations=3) for name in problems]
    rows = compare(Request(some, chosen, check_dtypes(dtypes)), lambda *_: None).rows
    return {(row.implementation, row.dtype): row for row in rows}


# ---------------------------------------------------------------- arrays


@narrow_dtypes
@given(numbers=NUMBERS)
def test_a_narrow_array_is_computed_in_float32_and_rounded_once(dtype: str, numbers: list[float]) -> None:
    plain = np.array([numbers], dtype)
    A, wide = narrow(plain), plain.astype(np.float32)
    with np.errstate(all="ignore"):
        rows, positive = wide.sum(axis=1)[:, None], np.where(wide > 0, wide, 0)
        pairs = [
            (A + 1 / 3, wide + 1 / 3), (A @ A.T, wide @ wide.T), (A.sum(axis=1, keepdims=True), rows),
            (np.exp(-np.abs(A)), np.exp(-np.abs(wide))), (np.dot(A, A.T), wide @ wide.T),
            (np.where(A > 0, A, 0 * A) * A, positive * wide),
        ]  # fmt: skip
        for got, true in pairs:
            assert isinstance(got, Narrow)
            assert same(np.asarray(got), true.astype(dtype))
    assert (A > 0).dtype == bool


@narrow_dtypes
def test_what_is_written_into_an_array_is_rounded_there(dtype: str) -> None:
    A, ones = narrow(np.zeros((2, 2), dtype)), narrow(np.ones((2, 300), dtype))
    assert np.dot(ones, ones.T, out=A) is A
    assert A.tolist() == [[300, 300], [300, 300]]
    A += 1 / 3
    assert A.dtype == dtype
    assert float(A[0, 0]) == float(np.array(300 + 1 / 3).astype(dtype))


@narrow_dtypes
def test_numbers_widen_nothing_and_what_is_asked_for_is_wide(dtype: str) -> None:
    A = narrow(np.arange(1, 7).reshape(2, 3).astype(dtype))
    kept = [
        A * 0.1, A * np.float64(0.1), A.sum() / np.int64(3), np.where(A > 2, A, 0.01), 0.5 * np.mean(A), A.mean(axis=1),
        np.where(A > 2, np.float64(0.01), A), np.einsum("ij,kj->ik", A, A), np.tensordot(A, A.T, 1), np.inner(A, A),
        np.select([A > 2], [A], 0.0), np.outer(A, A), np.modf(A)[1], (A.astype(np.float32) + 1 / 3).astype(dtype),
    ]  # fmt: skip
    assert all(isinstance(each, Narrow) and each.dtype == dtype for each in kept)
    assert [float(each) for each in (A * np.float64(0.1))[0, :1]] == [float(np.array(0.1).astype(dtype))]
    wide = [A.astype(np.float32) * A, A + np.ones((1, 3)), A.sum(dtype=np.float64), A.mean(dtype=np.float64)]
    assert [each.dtype.name for each in wide] == ["float32", "float64", "float64", "float64"]
    ones = narrow(np.ones((4000, 3), dtype))
    assert float(ones.astype(np.float32).astype(dtype).sum(axis=0)[0]) == float(np.array(4000).astype(dtype))
    assert ones.mean(axis=0).tolist() == [1, 1, 1]


@narrow_dtypes
def test_only_what_is_asked_for_is_written(dtype: str) -> None:
    A = narrow(np.array([0, 1, 2], dtype))
    assert np.divide(1, A, out=np.full_like(A, 7), where=A > 0).tolist() == [7, 1, 0.5]
    np.add.at(A, [0, 0, 1], 0.5)
    assert A.tolist() == [1, 1.5, 2]


def test_ml_dtypes_alone_would_not_do() -> None:
    """Why there is `Narrow`: a sum is stuck at 256, a product is float32; and of float16 it depends on the layout."""
    ones = np.ones((3, 4000), ml_dtypes.bfloat16)
    assert float(ones[0].sum()) == 256
    assert (ones @ ones.T).dtype == np.float32
    assert np.ones((4000, 3), np.float16).T.sum(axis=1).tolist() == [2048] * 3
    assert narrow(np.ones((4000, 3), np.float16)).T.sum(axis=1).tolist() == [4000] * 3


def test_a_dtype_that_numpy_does_not_have_is_known_by_name() -> None:
    assert float(finfo("bfloat16").max) == BRAIN.largest
    assert float(finfo("float16").smallest_subnormal) == HALF.smallest
    assert [is_float(np.dtype(name)) for name in (*EVERY_DTYPE, "int64", "V2")] == [True] * 4 + [False] * 2


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_bfloat16_crosses(order: Any) -> None:
    array = np.asfortranarray(np.arange(6).reshape(2, 3).astype(BFLOAT16)) if order == "F" else np.ones(3, BFLOAT16)
    (frame,) = Reader().feed(b"".join(pack({"A": array})))
    assert frame.arrays[0].dtype == BFLOAT16
    assert same(frame.arrays[0], array)


@narrow_dtypes
@pytest.mark.parametrize("framework_name", VARIANTS)
def test_every_framework_adds_up_in_float32_and_keeps_the_dtype(framework_name: str, dtype: str) -> None:
    """4000 ones: in float16 a sum is stuck at 2048, in bfloat16 at 256. J, dW and db are means of as many."""
    pytest.importorskip(framework_name)
    ours = load(framework_name)
    ours.configure(dtype)
    X, Y = np.ones((2, 4000), dtype), np.zeros((1, 4000), dtype)
    params = (Layer(np.full((1, 2), 0.5, dtype), np.zeros((1, 1), dtype)),)
    network = build(BY_NAME["flower-logistic"]).network
    given = tuple(Layer(*map(ours.from_numpy, layer)) for layer in params)
    oracle = evaluate(network, cast(params, "float64"), exact(X), exact(Y))
    for variant in (*VARIANTS[framework_name], *ON_REQUEST[framework_name]):
        if declaration(ours, variant).loops_over != "nothing":
            continue
        J, gradient = ours.gradients[variant](network, given, ours.from_numpy(X), ours.from_numpy(Y))
        got = [ours.to_numpy(each) for each in (J, *flat(gradient))]
        assert {array.dtype.name for array in got} == {dtype}
        for array, true in zip(got, (oracle.J, *flat(oracle.gradient)), strict=True):
            assert np.abs(exact(array) / true - 1).max() < 8 * precision(dtype).u


def test_torch_is_asked_to_add_up_in_float32_on_cuda_for_narrow_arrays_alone() -> None:
    torch = pytest.importorskip("torch")
    names = ("allow_bf16_reduced_precision_reduction", "allow_fp16_reduced_precision_reduction")
    switches = torch.backends.cuda.matmul
    before = [getattr(switches, name) for name in names]
    try:
        for dtype, expected in (("float32", before), ("bfloat16", [False, False])):
            load("torch").configure(dtype)
            assert [getattr(switches, name) for name in names] == expected
    finally:
        for name, was in zip(names, before, strict=True):
            setattr(switches, name, was)


# ---------------------------------------------------------------- the bound and the noise


def test_the_wide_dtypes_know_nothing_of_it() -> None:
    for dtype in DTYPES:
        for flushes in (False, True):
            p = precision(dtype, flushes=flushes, loops_over="numbers")
            assert (p.across, p.least, p.mode.whole) == (p.ua, p.tiny, False)
            assert p == precision(dtype, flushes=flushes)


@narrow_dtypes
def test_sums_are_those_of_float32_unless_python_adds(dtype: str) -> None:
    wide, examples, numbers = (precision(dtype, loops_over=loops) for loops in ("nothing", "examples", "numbers"))
    assert wide.u == ARRAYS[dtype].stored.unit
    assert wide.ua == wide.across == examples.ua == 2.0**-23
    assert examples.across == numbers.across == numbers.ua == wide.u
    assert precision(dtype, "tf32") == wide  # a mode is one over float32 arrays


@settings(max_examples=150, deadline=None, derandomize=True)
@given(**DRAWN, m=st.sampled_from([1, 2, 17, 100, 128]), dtype=st.sampled_from(NARROW), adds=st.booleans())
def test_the_reference_in_a_narrow_dtype_never_leaves_its_bound(
    seed: int, n: tuple[int, ...], m: int, hidden: str, output: tuple[str, str], scale: float, dtype: str, adds: bool
) -> None:
    network, params, X, Y = random_problem(seed, n, m, hidden, output[0], output[1], scale)
    with np.errstate(all="ignore"):
        params, X, Y = cast(params, dtype), X.astype(dtype), Y.astype(dtype)
        if not all(np.isfinite(array).all() for array in (*flat(params), X)):
            return
        form = each_in(dtype, adding_in(dtype) if adds else Sequential)
        ask = as_framework(REFERENCE, "one", form).gradients[VARIANT]
        J, gradient = ask(network, params, X, Y)
    oracle = evaluate(network, cast(params, "float64"), exact(X), exact(Y))
    p = precision(dtype, loops_over="numbers" if adds else "nothing")
    bound = error_bound(network, cast(params, "float64"), oracle, exact(Y), p)
    assert not held("J", 0, J, np.asarray(oracle.J), np.asarray(bound.J), dtype).ratio > 1
    for got, true, E in zip(flat(gradient), flat(oracle.gradient), flat(bound.gradient), strict=True):
        assert got.dtype == dtype
        assert not held("dW", 0, got, true, E, dtype).ratio > 1


@narrow_dtypes
def test_the_oracles_own_bound_is_not_taken_for_less_than_it_is(dtype: str) -> None:
    case = case_of("flower-2layer-tanh", dtype)
    known = Judge(case).at_checkpoint(0, PLAIN)
    own = error_bound(case.network, known.params, known.oracle, exact(case.Y), precision("float64"))
    for E, direct in zip(flat(known.own.gradient), flat(own.gradient), strict=True):
        assert (direct <= E).all()


@narrow_dtypes
@pytest.mark.parametrize("name", ["flower-2layer-tanh", "regression-4layer-mixed", "breast_cancer-3layer-relu"])
def test_every_variant_of_numpy_lies_within_its_bound_and_its_noise(name: str, dtype: str) -> None:
    case = case_of(name, dtype)
    for variant in (*VARIANTS["numpy"], *ON_REQUEST["numpy"]):
        row = row_of(case, variant)
        assert row.verdict in (Verdict.AGREES, Verdict.UNDEFINED), (variant, row.cause)
        assert (noisiest := row.noisiest()) is None or (noisiest.noise or 0.0) <= FACTOR


def test_where_additions_may_lose_everything_there_is_no_bound_and_it_says_so() -> None:
    row = row_of(case_of("flower-logistic", "bfloat16"), "loops")
    assert row.verdict is Verdict.UNDEFINED
    assert isinstance(row.cause, NoBound)
    assert row.cause.why is Overflow.SUMS
    assert row_of(case_of("flower-logistic", "float16"), "loops").verdict is Verdict.AGREES


@pytest.mark.parametrize(("features", "variant", "bounded"), [
    (126, "loops", True), (127, "loops", False), (200, "loops", False), (200, "per_example", True),
])  # fmt: skip
def test_so_it_does_where_the_sums_over_the_units_are_too_long(features: int, variant: str, bounded: bool) -> None:
    random, flower = np.random.default_rng(0), build(BY_NAME["flower-logistic"])
    X, Y = random.normal(size=(features, 8)), np.ones((1, 8))
    problem = flower._replace(
        network=Network((features, 1), ("sigmoid",)), data=flower.data._replace(X=X, Y=Y, X_test=None, Y_test=None),
        params=(Layer(random.normal(size=(1, features)) / features, np.zeros((1, 1))),), iterations=1,
    )  # fmt: skip
    case = make_case(problem, "bfloat16")
    row = row_of(case, variant)
    assert too_long(Judge(case), declaration(load("numpy"), variant)) is not bounded
    if bounded:
        assert row.verdict is Verdict.AGREES
    else:
        assert isinstance(row.cause, NoBound)
        assert row.cause.why is Overflow.SUMS
        assert "sums over the examples or the units are too long for a bound" in of_cause(row.cause)


# ---------------------------------------------------------------- mistakes


@narrow_dtypes
@pytest.mark.parametrize("tensor", [0, 2])
def test_a_dW_that_is_too_large_by_a_quarter_is_seen_at_least_in_the_noise(tensor: int, dtype: str) -> None:
    def change(answer: Answer) -> Answer:
        def wrong(gradient: Any) -> Any:
            arrays = [each * np.array(1.25 if k == tensor else 1, dtype) for k, each in enumerate(flat(gradient))]
            return tuple(map(Layer, arrays[::2], arrays[1::2]))

        return answer._replace(gradients=[(J, wrong(gradient)) for J, gradient in answer.gradients])

    row = row_of(case_of("flower-2layer-tanh", dtype), change=change)
    assert row.verdict in (Verdict.DISAGREES, Verdict.SUSPECT)
    assert isinstance(row.cause, OutsideBound | Noisy)


@narrow_dtypes
def test_what_is_planted_is_named(dtype: str) -> None:
    from crosscheck.mutation.mutants import MUTANTS

    mutant = next(each for each in MUTANTS if each.name == "divided by m twice")
    case = case_of("flower-2layer-tanh", dtype)
    answer = measure(framework(mutant), VARIANT, PLAIN, case, "cpu")
    row = judge(Judge(case), answer, PLAIN, Key(case.problem, "mine", dtype, "cpu"))
    assert row.verdict is Verdict.DISAGREES
    assert row.explained is not None
    assert row.explained.mutant is mutant


@narrow_dtypes
def test_the_mistakes_of_a_narrow_dtype_are_caught_where_they_show(dtype: str) -> None:
    found = list(tried_in([dtype], lambda *_: None, ["flower-logistic", "flower-2layer-tanh"]))
    right = [each for each in found if each.mistake == RIGHT]
    assert [each.caught for each in right] == ["", ""]
    assert all(each.own for each in right)  # which torch's tolerance for the dtype calls different
    caught = {each.mistake for each in found if each.caught}
    assert {"accumulates in the narrow type", "cuts"} <= caught <= {each.name for each in mistakes_in(dtype)}


@given(NUMBERS)
def test_a_cut_number_is_the_next_one_towards_0(numbers: list[float]) -> None:
    A = np.array(numbers, np.float32) / 3
    cut, nearest = Cut(*BRAIN).rounded(A), BRAIN.rounded(A)
    assert (np.abs(cut) <= np.abs(A)).all()
    assert ((cut == nearest) | (np.abs(nearest) > np.abs(A))).all()
    raw = A.view(np.uint32) & np.uint32(0xFFFF0000)
    assert np.array_equal(cut, raw.view(np.float32))


def test_a_flipped_bit_of_bfloat16_is_counted() -> None:
    table = flips([Judge(case_of("flower-2layer-tanh", "bfloat16"))])
    assert {each.bit for each in table} == set(range(16))
    assert [each.part for each in table if each.tensor == "J"] == ["mantissa"] * 7 + ["exponent"] * 8 + ["sign"]
    assert all(each.proof == each.flips for each in table if each.tensor == "J" and each.bit == 14)


# ---------------------------------------------------------------- what does not fit, and what is said


def test_a_row_is_as_good_as_its_float64_twin() -> None:
    rows = [Row("p", "mine/one", dtype, "cpu", verdict) for dtype, verdict in (
        ("float64", Verdict.DISAGREES), ("bfloat16", Verdict.AGREES), ("float16", Verdict.UNDEFINED))]  # fmt: skip
    twins(rows)
    assert [row.verdict for row in rows] == [Verdict.DISAGREES] * 3
    assert isinstance(rows[1].cause, Twin)


def test_data_that_the_dtype_does_not_hold_and_modes_over_float32_are_not_run() -> None:
    rows = asked(["badly_scaled-logistic"], "numpy/by_hand", "numpy/bf16_products")
    for key in (("numpy/by_hand", "float16"), ("numpy/bf16_products", "bfloat16")):
        assert rows[key].verdict is Verdict.NOT_RUN
        cause = rows[key].cause
        assert isinstance(cause, Failure)
        assert cause.kind is Kind.UNAVAILABLE
    assert rows["numpy/by_hand", "bfloat16"].verdict is Verdict.AGREES
    assert len(rows) == 6


def test_a_module_that_does_not_take_it_gets_a_row_that_says_so(run: Run) -> None:
    Path("mine.py").write_text(
        "import numpy as np\n"
        "from crosscheck_impls.interface import load\n\n\n"
        "def gradients(network, params, X, Y):\n"
        "    if X.dtype not in (np.float64, np.float32):\n"
        "        raise TypeError(f'no {X.dtype} here')\n"
        "    return load('numpy').gradients['by_hand'](network, params, X, Y)\n"
    )
    code, out, _ = run(
        "compare", "--impl", "./mine.py", "--problem", "flower-logistic", "--dtype", "bfloat16", "--out", "there"
    )
    assert code == 1
    assert "TypeError: no bfloat16 here" in out
    table = pd.read_csv("there/agreement.csv").set_index("dtype")["verdict"]
    assert table.to_dict() == {"float64": "agrees", "bfloat16": "failed"}


@narrow_dtypes
@pytest.mark.parametrize("name", ["flower-2layer-tanh", "flower-3layer-leaky_relu", "regression-4layer-mixed"])
def test_the_template_of_numpy_agrees_as_it_is_written(name: str, dtype: str) -> None:
    """Its arrays are ours by default: those of ml_dtypes would be widened by a product, and by `alpha * dW`."""
    mine, case = complete(with_numpy, "mine"), case_of(name, dtype)
    row = judge(Judge(case), measure(mine, "gradients", PLAIN, case, "cpu"), PLAIN, Key(name, "mine", dtype, "cpu"))
    assert row.verdict is Verdict.AGREES, row.cause


@narrow_dtypes
def test_what_is_predicted_by_default_has_the_dtype(dtype: str) -> None:
    case, mine = case_of("regression-4layer-mixed", dtype), complete(with_numpy, "mine")
    params = tuple(Layer(*map(mine.from_numpy, layer)) for layer in case.checkpoints[0])
    got = mine.to_numpy(mine.predict(case.network, params, mine.from_numpy(case.X)))
    numpy = load("numpy")
    assert same(got, numpy.to_numpy(numpy.predict(case.network, params, numpy.from_numpy(case.X))))
    assert got.dtype == dtype


def test_whose_own_arrays_are_widened_is_told_so(run: Run) -> None:
    """A module with a `from_numpy` of its own: what ml_dtypes multiplies is float32."""
    Path("mine.py").write_text(
        "from numpy import array as to_numpy\nfrom crosscheck_impls.with_numpy import by_hand as gradients\n\n\n"
        "def from_numpy(array, device='cpu'):\n    return to_numpy(array)\n"
    )
    rows = asked(["flower-logistic"], "mine/gradients", dtypes=("bfloat16",))
    assert rows["mine/gradients", "float64"].verdict is Verdict.AGREES
    cause = rows["mine/gradients", "bfloat16"].cause
    assert isinstance(cause, Failure)
    assert "dW1 is float32, expected bfloat16 as W1: NumPy's own arrays widen it" in cause.message


def test_a_dtype_is_run_where_it_is_named_and_each_beside_float64() -> None:
    assert check_dtypes(None) == ["float64", "float32"]
    assert check_dtypes(["bfloat16"]) == ["float64", "bfloat16"]
    assert check_dtypes([*NARROW, "float32"]) == list(EVERY_DTYPE)
    with pytest.raises(BadInput, match="float8: unknown here, expected float64 or float32 or float16 or bfloat16"):
        check_dtypes(["float8"])


@pytest.mark.parametrize(("option", "value"), [("--processes", "2"), ("--chunk", "16")])
def test_processes_and_chunks_are_of_the_wide_dtypes(run: Run, option: str, value: str) -> None:
    np.save("x.npy", np.ones((3, 40)))
    np.save("y.npy", np.ones((1, 40)))
    data = ("--data", "x.npy", "--label", "y.npy") if option == "--chunk" else ("--problem", "planar")
    code, _, err = run("compare", *data, option, value, "--dtype", "bfloat16", "--out", "there")
    assert code == 2
    assert err == f"crosscheck: --dtype bfloat16: {option} takes float64 and float32; leave one out\n"
    assert not Path("there").exists()


def test_training_in_bfloat16_writes_params_that_numpy_reads(run: Run) -> None:
    code, out, _ = run("train", "--problem", "flower-logistic", "--dtype", "bfloat16", "--params", "there.npz")
    assert code == 0
    assert "bfloat16 on cpu" in out
    with np.load("there.npz") as params:
        assert params["W1"].dtype == np.float32
        assert same(params["W1"], params["W1"].astype(BFLOAT16).astype(np.float32))


def test_honest_runs_of_a_narrow_dtype_have_tables_of_their_own(run: Run) -> None:
    words = ["honest", "--dtype", "bfloat16", "--count", "40", "--impl", "numpy/by_hand", "--out", "there"]
    code, out, _ = run(*words)
    assert code == 0
    assert {path.name for path in Path("there").iterdir()} == {
        "narrow.csv", "narrow_mutants.csv", "narrow.md", "narrow.jsonl"
    }  # fmt: skip
    table = pd.read_csv("there/narrow.csv").set_index("dtype")
    assert table["runs"].to_dict() == {"bfloat16": 20, "float64": 20}
    assert table[["suspect", "disagrees", "failed"]].to_numpy().sum() == 0
    assert "mistakes in narrow dtypes are caught" in out
    assert run(*words, "--precision", "reduced")[0] == 2


def test_the_reference_of_a_wide_dtype_is_itself() -> None:
    assert all(of_dtype(dtype) is REFERENCE for dtype in DTYPES)
    assert of_dtype("float32", declared="tf32") is not REFERENCE
    assert Declaration().precision == "full"


def test_a_convention_that_lies_within_a_wide_bound_is_told_by_the_noise() -> None:
    """A unit with X = 0 and b = 0 in one example, whose ReLU has the derivative 0 there, as torch and JAX have it."""
    case = case_of("kink-2layer-relu", "bfloat16")
    b = case.checkpoints[0][0].b
    assert not b.any()
    at_zero: Any = (("relu", "left"),)
    said = Declaration(relu_grad_at_zero=at_zero, convention="mine")
    left = REFERENCE.replaced(right_of_kink=lambda self, network, name, Z: Z > 0)
    answer = measure(as_framework(left, "mine"), VARIANT, said, case, "cpu")
    key, judging = Key(case.problem, "mine", "bfloat16", "cpu"), Judge(case)
    assert judge(judging, answer, said, key).verdict is Verdict.CONVENTION
    assert judge(judging, answer, PLAIN, key).verdict in (Verdict.SUSPECT, Verdict.DISAGREES)
