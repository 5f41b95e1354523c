"""Narrow modes: formats, the reference in each, its bound and its noise, and what is said where nothing is declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from crosscheck.comparison.reduced import reduced
from crosscheck.core.failures import Failure, Verdict
from crosscheck.core.records import Case, cast, flat
from crosscheck.evaluation import precisions
from crosscheck.evaluation.precisions import RIGHT, tried
from crosscheck.judge.elementwise import Judge, held
from crosscheck.judge.verdict import Key, Row, judge
from crosscheck.mutation import rounding
from crosscheck.mutation.build import VARIANT, as_framework
from crosscheck.mutation.narrow import mistakes
from crosscheck.oracle.error_bound import error_bound, precision
from crosscheck.oracle.float64 import evaluate, exact
from crosscheck.oracle.formats import BRAIN, E4M3, E5M2, HALF, MODES, TENSOR_FLOAT, Format
from crosscheck.oracle.narrowed import narrowed
from crosscheck.oracle.noise import FACTOR
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.qualification.tensor_core import Probe, Products, ask, measured
from crosscheck.qualification.words import of_products
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import REDUCED, BadInput, Declaration, declaration, load
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.harness.test_cli import Run, run  # noqa: F401 (a fixture)
from tests.harness.test_error_bound import DRAWN, random_problem

# ruff: noqa: F811 (a test's argument is the fixture)

NUMBERS = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20)


def narrow_case(name: str = "flower-2layer-tanh", iterations: int = 3) -> Case:
    return make_case(build(BY_NAME[name])._replace(iterations=iterations), "float32")


def row(case: Case, mode: str, declared: str) -> Row:
    """The reference in a mode, judged by what is declared."""
    said = Declaration(precision=declared)  # type: ignore[arg-type]
    answer = measure(as_framework(narrowed(MODES[mode]), "mine"), VARIANT, said, case, "cpu")
    return judge(Judge(case), answer, said, Key(case.problem, "mine", case.dtype, "cpu"))


# ---------------------------------------------------------------- formats


@given(NUMBERS)
def test_a_number_is_rounded_as_numpy_and_ml_dtypes_round_it(numbers: list[float]) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    A = np.array(numbers, np.float32)
    kinds = {HALF: np.float16, BRAIN: ml_dtypes.bfloat16, E5M2: ml_dtypes.float8_e5m2, E4M3: ml_dtypes.float8_e4m3fn}
    for format, kind in kinds.items():
        with np.errstate(all="ignore"):
            true = A.astype(kind).astype(np.float32)
        got = format.rounded(A)
        assert got.dtype == np.float32
        assert np.array_equal(got[np.isfinite(got)], true[np.isfinite(got)])
        assert not np.isfinite(true[~np.isfinite(got)]).any()  # e4m3 has NaN instead of inf


@given(NUMBERS)
def test_both_roundings_to_tf32_are_the_same(numbers: list[float]) -> None:
    A = np.array(numbers, np.float32)
    assert np.array_equal(TENSOR_FLOAT.rounded(A), rounding.tf32(A))
    inside = np.abs(A) < 3e38
    assert np.array_equal(BRAIN.rounded(A)[inside], rounding.bfloat16(A)[inside])


@given(NUMBERS, st.sampled_from([HALF, BRAIN, TENSOR_FLOAT, E4M3, E5M2]))
@example([3.402e38], TENSOR_FLOAT)  # between its largest number and that of float32
def test_rounding_errs_by_its_unit_and_below_it_by_a_constant(numbers: list[float], format: Format) -> None:
    A = np.array(numbers, np.float64)
    got = format.rounded(A)
    there = np.isfinite(got)
    assert (np.abs(got - A)[there] <= format.unit * np.abs(A)[there] + format.below).all()
    assert (np.abs(A[~there]) > format.largest).all()
    scaled = format.fitted(A)
    assert (np.abs(scaled - A) <= format.unit * np.abs(A) + format.below * format.scale(np.abs(A).max())).all()


def test_nothing_is_rounded_where_no_format_is_named() -> None:
    A = np.array([1 / 3, np.nan, np.inf])
    assert Format().rounded(A) is A
    assert np.array_equal(HALF.rounded(A), np.float16(A).astype(float), equal_nan=True)
    assert np.array_equal(HALF.fitted(A), A, equal_nan=True)


# ---------------------------------------------------------------- the bound and the noise


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    **DRAWN,
    m=st.sampled_from([1, 2, 17, 128]),
    mode=st.sampled_from(sorted(MODES)),
)  # fmt: skip
def test_the_reference_in_a_mode_never_leaves_the_bound_of_that_mode(
    seed: int, n: tuple[int, ...], m: int, hidden: str, output: tuple[str, str], scale: float, mode: str
) -> None:
    network, params, X, Y = random_problem(seed, n, m, hidden, output[0], output[1], scale)
    params, X, Y = cast(params, "float32"), X.astype("float32"), Y.astype("float32")
    with np.errstate(all="ignore"):
        J, gradient = narrowed(MODES[mode]).cost_and_gradients(network, params, X, Y)
    wide = cast(params, "float64")
    oracle = evaluate(network, wide, exact(X), exact(Y))
    bound = error_bound(network, wide, oracle, exact(Y), precision("float32", mode))
    assert not held("J", 0, J, np.asarray(oracle.J), np.asarray(bound.J), "float32").ratio > 1
    for got, true, E in zip(flat(gradient), flat(oracle.gradient), flat(bound.gradient), strict=True):
        assert got.dtype == np.float32
        assert not held("dW", 0, got, true, E, "float32").ratio > 1


@pytest.mark.parametrize("mode", MODES)
def test_a_declared_mode_agrees_and_an_undeclared_one_does_not(mode: str) -> None:
    case = narrow_case("flower-2layer-tanh")
    declared = row(case, mode, mode)
    assert declared.verdict is Verdict.AGREES, declared.cause
    worst, noisiest = declared.worst(), declared.noisiest()
    assert worst is not None
    assert 0.002 < worst.ratio < 1
    assert noisiest is not None
    assert (noisiest.noise or np.inf) <= FACTOR
    assert row(case, mode, "full").verdict in (Verdict.DISAGREES, Verdict.SUSPECT)


def test_an_undeclared_mode_is_named() -> None:
    case = narrow_case("digits-logistic")
    for mode, name in (("tf32", "TF32 products"), ("bfloat16_products", "bfloat16 products")):
        explained = row(case, mode, "full").explained
        assert explained is not None
        assert (explained.exactly, explained.mutant.name) == (True, name)


def test_what_a_mode_overflows_has_no_bound() -> None:
    case = narrow_case("flower-logistic")
    large = case._replace(X=case.X * np.float32(1e5))
    _, _, theirs, _ = Judge(large).at_checkpoint(0, Declaration(precision="float16"))
    assert np.isinf(theirs.gradient[0].W).all()
    _, _, theirs, _ = Judge(large).at_checkpoint(0, Declaration(precision="bfloat16"))
    assert np.isfinite(theirs.gradient[0].W).all()


def test_float64_is_full_whatever_is_declared() -> None:
    for mode in MODES:
        assert precision("float64", mode) == precision("float64")


# ---------------------------------------------------------------- mistakes


def test_each_mode_has_mistakes_and_most_are_caught() -> None:
    found = list(tried(list(MODES), lambda *_: None, ["flower-2layer-tanh", "breast_cancer-logistic"]))
    right = [each for each in found if each.mistake == RIGHT]
    assert not any(each.caught for each in right)
    assert all(each.ratio < 1 for each in right)
    by_name: dict[str, list[Any]] = {}
    for each in found:
        if each.mistake != RIGHT and each.caught is not None:
            by_name.setdefault(each.mistake, []).append(each.caught)
    assert set(by_name) >= {"casts the master weights", "scales once too few", "saturates"}
    assert all(by_name["scales once too few"])
    assert "steps" in by_name["casts the master weights"]
    for mistake, caught in by_name.items():
        assert any(caught) or mistake in ("saturates", "subnormals lost", "the loss is not scaled"), mistake
    for mode in MODES.values():
        assert len({each.name for each in mistakes(mode)}) == len(list(mistakes(mode))) >= 2


# ---------------------------------------------------------------- implementations


def test_names_of_precisions_and_of_their_variants() -> None:
    assert len(reduced(["reduced"])) == sum(map(len, REDUCED.values()))
    assert [str(each) for each in reduced(["bfloat16"], ["torch"])] == ["torch/autocast_bf16"]
    assert [str(each) for each in reduced(["reduced"], ["jax/mixed"])] == ["jax/mixed"]
    for wrong, words in ((["bf16"], "bf16: unknown"), (["tf32"], "numpy: no variant of tf32")):
        with pytest.raises(BadInput, match=words):
            reduced(wrong, ["numpy"])


def test_compare_and_honest_run_the_variants_of_a_mode(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("--precision", "bfloat16_products", "--impl", "numpy")
    code, _, _ = run("compare", *asked, "--problem", "flower-logistic", "--out", "one")
    assert code == 0
    table = pd.read_csv("one/agreement.csv")
    assert set(table["implementation"]) == {"numpy/bf16_products"}
    assert set(table["verdict"]) == {"agrees"}
    monkeypatch.setattr(precisions, "PROBLEMS", ("flower-logistic",))
    code, out, _ = run("honest", *asked, "--count", "8", "--out", "two")
    assert code == 0
    assert "mistakes in narrow modes are caught" in out
    assert pd.read_csv("two/precision.csv")["runs"].sum() == 8
    assert set(pd.read_csv("two/precision_mutants.csv")["precision"]) == {"bfloat16_products"}
    assert "## Mistakes" in Path("two/precision.md").read_text()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("--precision bf16", "--precision bf16: unknown; did you mean bfloat16"),
        ("--precision tf32 --processes 2", "--precision tf32: its variants take neither"),
        ("--precision tf32 --impl numpy", "--impl numpy: no variant of tf32"),
    ],
)
def test_what_is_no_mode_is_refused(run: Run, words: str, what: str) -> None:
    code, _, err = run("compare", *words.split(), "--problem", "flower-logistic")
    assert (code, err.count("\n")) == (2, 1)
    assert what in err


def test_the_numpy_variant_declares_what_the_interface_says_and_rounds_so() -> None:
    framework = load("numpy")
    for variant, mode in REDUCED["numpy"].items():
        assert declaration(framework, variant).precision == mode
    case = narrow_case("regression-4layer-mixed")
    args = case.network, case.checkpoints[0], case.X, case.Y
    J, gradient = framework.gradients["bf16_products"](*args)
    K, other = narrowed(MODES["bfloat16_products"]).cost_and_gradients(*args)
    assert np.allclose(J, K, rtol=1e-6)
    assert all(np.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(flat(gradient), flat(other), strict=True))


def test_what_products_keep_is_measured() -> None:
    found = products_of("numpy", "bf16_products")
    assert isinstance(found, Products)
    assert (found.left_bits, found.left, found.right_bits, found.right) == (7, "to even", 7, "to even")
    assert found.result_bits == 23
    assert (found.within, found.across) == ("to even", "to even")
    assert found.unit is not None
    assert found.unit <= 2.0**-24
    full = products_of("numpy", "by_hand")
    assert isinstance(full, Products)
    assert (full.left_bits, full.left, full.right_bits, full.right) == (23, "kept", 23, "kept")
    assert full.result_bits == 23
    same = full._replace(implementation="numpy/fast")
    narrow, wide = of_products([full, found, same])
    assert narrow.startswith(
        "numpy/bf16_products: the float32 product dZ A^T keeps 7 of 23 bits of dZ and A, the rest is rounded"
    )
    assert wide.startswith("numpy/by_hand, numpy/fast: the float32 product dZ A^T keeps all 23 bits of dZ and A, and")


def test_an_operand_that_alone_is_rounded_is_told_from_the_other() -> None:
    found = products_of("tests.harness.outsiders.products", "narrow_X")
    assert isinstance(found, Products)
    assert (found.left_bits, found.left, found.right_bits, found.right) == (23, "kept", 7, "to even")
    (said,) = of_products([found])
    assert "keeps all 23 bits of dZ, 7 of 23 bits of A, the rest is rounded to even, and 23 of a sum" in said
    swapped = found._replace(left_bits=7, left="to even", right_bits=23, right="kept")
    (said,) = of_products([swapped])
    assert "keeps 7 of 23 bits of dZ, the rest is rounded to even, all 23 bits of A, and 23 of a sum" in said


def products_of(framework: str, variant: str) -> Products | Failure:
    return measured(Probe(f"{framework}/{variant}", framework, variant, "cpu", ""))


@pytest.mark.parametrize("variant", ["raises", "uneven", "lost"])
def test_of_products_that_are_none_nothing_is_said(variant: str) -> None:
    assert isinstance(products_of("tests.harness.outsiders.products", variant), Failure)


def test_products_are_measured_in_a_process_of_their_own_and_what_dies_is_left_out() -> None:
    names = ["exits", "right", "lies"]
    asked = [Probe(name, "tests.harness.outsiders.products", name, "cpu", "") for name in names]
    assert [each.implementation for each in ask(asked)] == ["right"]
