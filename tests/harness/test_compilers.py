"""What a compiler makes has a time of its own, or is `not run`; its faults are named; XLA's flags, a BLAS's kernels."""

from __future__ import annotations

import os

import pytest
from crosscheck.comparison.asked import Request, implementations
from crosscheck.comparison.results import Results
from crosscheck.comparison.session import compare
from crosscheck.core.failures import Failure
from crosscheck.core.records import Answer, Case
from crosscheck.judge.verdict import Row
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.report.words import of_cause, of_failure
from crosscheck.runner import steering, subprocesses
from crosscheck.runner.steering import ASKED, concern, kernels, steered
from crosscheck.runner.subprocesses import About, Job
from crosscheck_impls.interface import BadInput, Unavailable

OUTSIDERS = "tests.harness.outsiders"


PROBLEM = build(BY_NAME["small_weights-2layer-tanh"])._replace(iterations=3)


def results_of(*names: str) -> Results:
    return compare(Request([PROBLEM], implementations(names), ["float64"]), lambda *_: None)


def rows_of(*names: str) -> dict[str, Row]:
    return {row.implementation.split("/")[1]: row for row in results_of(*names).rows}


def test_compiling_has_a_time_of_its_own_and_what_is_not_there_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocesses, "COMPILING", 8.0)
    module, told = f"{OUTSIDERS}.slow_start", dict[str, tuple[str, str]]()
    cases = [make_case(PROBLEM, "float64")]

    def done(job: Job, case: Case, about: About | None, answer: Answer | Failure) -> None:
        failure = answer if isinstance(answer, Failure) else None
        told[job.variant] = (str(failure.verdict), of_failure(failure)) if failure else ("answers", "")

    jobs = [Job(module, each, "cpu", cases) for each in ("declared", "silent", "hangs", "lacking")]
    subprocesses.run(jobs, done, time_limit=1.0, import_limit=60.0)
    assert told == {
        "declared": ("answers", ""),
        "silent": ("failed", "no answer within 1 s for this problem; stopped at the time limit"),
        "hangs": ("failed", "no answer within 9 s for this problem; stopped at the time limit"),
        "lacking": ("not run", "no compiler is on the path"),
    }


# ---------------------------------------------------------------- torch's compilers


def test_a_compiler_that_drops_a_term_disagrees_and_the_place_is_named() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    rows = rows_of(f"{OUTSIDERS}.compilers")
    assert str(rows["right"].verdict) == "agrees", of_cause(rows["right"].cause)
    assert str(rows["faulty"].verdict) == "disagrees"
    cause = of_cause(rows["faulty"].cause)
    assert cause.startswith(("dW1", "db1")), cause
    assert "J is right" in cause
    assert "equals " in cause, cause


def test_where_there_is_no_compiler_and_no_gpu_the_rows_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.setenv("CXX", "no-such-compiler")
    rows = rows_of("torch/compiled", "torch/cuda_graph")
    told = {name: (str(row.verdict), of_cause(row.cause)) for name, row in rows.items()}
    assert {verdict for verdict, _ in told.values()} == {"not run"}
    assert told["compiled"][1].startswith("torch.compile: no compiler, no-such-compiler, is on the path")
    assert told["cuda_graph"][1] == "a CUDA graph needs a GPU; ask with --device cuda where there is one"


# ---------------------------------------------------------------- XLA's flags


def test_flags_come_after_the_users_own_and_are_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_mine=1")
    with steered("--xla_a=true  --xla_b=2"):
        assert os.environ["XLA_FLAGS"] == "--xla_mine=1 --xla_a=true --xla_b=2"
    assert os.environ["XLA_FLAGS"] == "--xla_mine=1"
    monkeypatch.delenv("XLA_FLAGS")
    with steered("--xla_a=true"):
        assert os.environ["XLA_FLAGS"] == "--xla_a=true"
    assert "XLA_FLAGS" not in os.environ


@pytest.mark.parametrize("flags", ["", "fast", "--xla_a=1 fast", "'--xla_a=1 2'", "'", "-xla_a=1"])
def test_what_is_no_flag_is_refused(flags: str) -> None:
    with pytest.raises(BadInput, match=r"expected .*--xla|expected XLA's flags"), steered(flags):
        raise AssertionError("begun")


def test_a_flag_that_xla_does_not_know_fails_the_row_and_says_so() -> None:
    pytest.importorskip("jax", reason="jax is not installed")
    with steered("--xla_no_such_flag=true"):
        rows = rows_of("jax/by_hand")
    assert str(rows["by_hand"].verdict) == "failed"
    cause = of_cause(rows["by_hand"].cause)
    assert "Unknown flag in XLA_FLAGS: --xla_no_such_flag=true" in cause, cause


@pytest.mark.slow
def test_flags_reach_xla() -> None:
    """Without fusion and LLVM's optimisations the numbers are as right."""
    pytest.importorskip("jax", reason="jax is not installed")
    with steered("--xla_backend_optimization_level=0 --xla_cpu_enable_fast_math=false"):
        rows = rows_of("jax/by_hand")
    assert str(rows["by_hand"].verdict) == "agrees", of_cause(rows["by_hand"].cause)


# ---------------------------------------------------------------- kernels of NumPy's BLAS


def of(**facts: object) -> list[dict[str, object]]:
    return [{"user_api": "blas", "version": "1.0", **facts}]


@pytest.mark.parametrize(
    ("facts", "variable", "said"),
    [
        ({"internal_api": "openblas", "architecture": "Haswell"}, "OPENBLAS_CORETYPE", "openblas 1.0 Haswell"),
        ({"internal_api": "blis", "architecture": "haswell"}, "BLIS_ARCH_TYPE", "blis 1.0 haswell"),
        ({"internal_api": "flexiblas", "current_backend": "HASWELL"}, "FLEXIBLAS", "flexiblas 1.0 HASWELL"),
    ],
)
def test_each_blas_has_a_variable_and_says_what_it_took(
    facts: dict[str, object], variable: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "libraries", lambda: of(**facts))
    monkeypatch.delenv(variable, raising=False)
    with steered(blas="Haswell"):
        assert os.environ[variable] == "Haswell"
        assert kernels() == said
        for framework in ("numpy", "numpy*2", "anybodys.module", "torch"):
            steering.check(framework)
        os.environ[ASKED] = "Zen"
        for framework in ("numpy", "numpy*2", "anybodys.module"):
            with pytest.raises(Unavailable, match=f"--blas Zen: NumPy's BLAS says that it runs {said}"):
                steering.check(framework)
        steering.check("torch")
    assert variable not in os.environ


def test_a_blas_whose_kernels_nothing_chooses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "libraries", lambda: of(internal_api="mkl"))
    with (
        pytest.raises(BadInput, match="NumPy's BLAS here is mkl, expected OpenBLAS, BLIS or FlexiBLAS"),
        steered(blas="Haswell"),
    ):
        raise AssertionError("begun")
    assert kernels() == ""


@pytest.mark.parametrize("name", ["", "two words"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="expected the name of kernels"), steered(blas=name):
        raise AssertionError("begun")


@pytest.mark.parametrize(("flags", "blas", "own"), [("--xla_a=1", None, "jax"), (None, "Haswell", "numpy")])
def test_what_steers_none_of_those_that_are_asked_is_refused(flags: str | None, blas: str | None, own: str) -> None:
    with pytest.raises(BadInput, match=f"steers {own}, and none of it is asked; add --impl {own}"):
        concern(["torch"], flags, blas)
    concern(["torch", own], flags, blas)
    concern(["anybodys.module"], flags, blas)


openblas = pytest.mark.skipif(not kernels().startswith("openblas"), reason="NumPy has another BLAS here")


@openblas
def test_the_kernels_that_are_asked_for_are_taken_and_told() -> None:
    with steered(blas="haswell"):
        found = results_of("numpy/by_hand")
    assert [str(row.verdict) for row in found.rows] == ["agrees"]
    assert found.environments["numpy"]["kernels"].split()[-1] == "Haswell"
    assert ASKED not in os.environ


@openblas
def test_kernels_that_are_not_taken_are_not_replaced_in_silence() -> None:
    with steered(blas="Nonesuch"):
        rows = rows_of("numpy/by_hand")
    assert str(rows["by_hand"].verdict) == "not run"
    assert of_cause(rows["by_hand"].cause) == f"--blas Nonesuch: NumPy's BLAS says that it runs {kernels()}"
