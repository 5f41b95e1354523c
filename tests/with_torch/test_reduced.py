"""PyTorch's variants of narrow modes: each agrees in its mode, rounds as it says, and leaves the switches alone."""

import pytest
from crosscheck.core.failures import Verdict
from crosscheck.core.records import Tensor
from crosscheck.evaluation.honest_draws import problem
from crosscheck.judge.causes import NoBound, Overflow
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import Key, judge
from crosscheck.problems.cases import make_case
from crosscheck.runner.collect import measure
from crosscheck_impls.contract import declaration
from crosscheck_impls.interface import load

torch = pytest.importorskip("torch")

from crosscheck_impls.with_torch import reduced  # noqa: E402

from tests.narrow import agree, error_of_products  # noqa: E402


def test_every_variant_agrees_in_its_mode():
    agree("torch")


@pytest.mark.parametrize(
    ("variant", "least", "most"),
    [
        ("tf32", 0, 2.0**-22),  # on the CPU
        ("autocast_bf16", 2.0**-9, (1 + 2.0**-8) ** 3 - 1),  # both operands, and the result
        ("autocast_fp16", 2.0**-12, (1 + 2.0**-11) ** 3 - 1),
        ("float8", 2.0**-5, (1 + 2.0**-4) * (1 + 2.0**-3) - 1),
    ],
)
def test_products_err_by_what_the_mode_says(variant, least, most):
    assert least <= error_of_products("torch", variant) <= most


def test_the_sums_of_autocast_are_float32s():
    """A product of 4096 ones and a small number: in bfloat16 the sum would stop at 256."""
    ones = torch.ones(1, 4097)
    ones[0, -1] = 3.0
    for dtype in (torch.bfloat16, torch.float16):
        with torch.autocast("cpu", dtype):
            assert float(torch.nn.functional.linear(torch.ones(1, 4097), ones)) == pytest.approx(4099, rel=2.0**-8)


def test_switches_are_as_they_were():
    cuda = torch.backends.cuda.matmul
    before = [getattr(cuda, name) for name in ("allow_tf32", *reduced.NARROW_SUMS)]
    with reduced.switched(("allow_tf32", *reduced.NARROW_SUMS), True):
        assert cuda.allow_tf32
    assert [getattr(cuda, name) for name in ("allow_tf32", *reduced.NARROW_SUMS)] == before


def test_float8_of_nothing_and_of_the_smallest_numbers():
    zero = torch.zeros(2, 3)
    assert torch.equal(reduced.rounded(zero, torch.float8_e4m3fn), zero)
    small = torch.full((2, 2), 2.0**-140)
    assert torch.isfinite(reduced.rounded(small, torch.float8_e5m2)).all()


def test_a_run_that_overflows_float16_alone_has_no_bound() -> None:
    """The oracle's own run stays finite there, and so does float32's."""
    case = make_case(problem(3, 547), "float32")
    framework = load("torch")
    declared = declaration(framework, "autocast_fp16")
    answer = measure(framework, "autocast_fp16", declared, case, "cpu")
    row = judge(Judge(case), answer, declared, Key(case.problem, "torch/autocast_fp16", "float32", "cpu"))
    assert (row.verdict, row.cause) == (
        Verdict.UNDEFINED, NoBound(Tensor("fit: W1"), 6, Overflow.DTYPE, "float16")
    )  # fmt: skip
