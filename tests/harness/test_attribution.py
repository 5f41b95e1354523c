"""Causes by name: real conventions of real libraries, and every kind of mutant; no case is special."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crosscheck.comparison.asked import Implementation, Request
from crosscheck.comparison.explain import explain
from crosscheck.judge.attribution import attribute
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import Key, Row, judge
from crosscheck.mutation.build import framework
from crosscheck.mutation.mutants import BY_NAME, MUTANTS, Kind
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME as PROBLEMS
from crosscheck.problems.catalogue import Options, build
from crosscheck.report.words import of_cause
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import Declaration, Layer

from tests.harness import real_ones


def row(made: Any, problem: str, dtype: str = "float64", variant: str = "real", **options: Any) -> Row:
    """Judge a framework in this process, on a problem of a few iterations."""
    case = make_case(build(PROBLEMS[problem], Options(iterations=14, **options)), dtype)
    key = Key(problem, made.name, dtype, "cpu")
    with np.errstate(all="ignore"):
        return judge(Judge(case), measure(made, variant, Declaration(), case, "cpu"), Declaration(), key)


def from_logits(torch: Any) -> Any:
    return lambda Z, Y: torch.nn.functional.binary_cross_entropy_with_logits(Z, Y, reduction="sum")


def torch_leaky(torch: Any) -> Any:
    return real_ones.with_torch(from_logits(torch), lambda Z: torch.nn.functional.leaky_relu(Z, 0.2))


def bce_loss(torch: Any) -> Any:
    return real_ones.with_torch(lambda Z, Y: torch.nn.BCELoss(reduction="sum")(torch.sigmoid(Z), Y))


def logarithms(torch: Any) -> Any:
    def cost(Z: Any, Y: Any) -> Any:
        A = torch.sigmoid(Z)
        return -(Y * torch.log(A) + (1 - Y) * torch.log(1 - A)).sum()

    return real_ones.with_torch(cost)


def softplus(torch: Any) -> Any:
    return real_ones.with_torch(lambda Z, Y: (torch.nn.functional.softplus(Z) - Y * Z).sum())


REAL = {
    "jax.nn.leaky_relu at 0": ("jax", lambda jax: real_ones.with_jax(lambda Z: jax.nn.leaky_relu(Z, 0.2)), "kink-2layer-leaky_relu", "float64", "leaky_relu'(0) = 1", {"relu_grad_at_zero": "left"}),
    "torch leaky_relu at 0": ("torch", torch_leaky, "kink-2layer-leaky_relu", "float64", "leaky_relu'(0) = slope", {"relu_grad_at_zero": "right"}),
    "jnp.maximum's half": ("jax", lambda jax: real_ones.with_jax(lambda Z: jax.numpy.maximum(Z, 0)), "kink-2layer-relu", "float64", "relu'(0) = 1/2", {}),
    "torch.relu at 0": ("torch", lambda torch: real_ones.with_torch(from_logits(torch), torch.relu), "kink-2layer-relu", "float32", "relu'(0) = 0", {}),
    "torch.nn.BCELoss": ("torch", bce_loss, "saturated-logistic", "float64", "logarithms clamped at -100", {}),
    "log(sigmoid(z))": ("torch", logarithms, "saturated-logistic", "float64", "log(sigmoid(z)) saturates", {}),
    "torch softplus": ("torch", softplus, "saturated-logistic", "float64", "softplus threshold 20", {}),
    "JAX with x64 off": ("jax", lambda jax: real_ones.with_jax(jax.numpy.tanh, x64=False), "flower-2layer-tanh", "float64", "computed in float32", {}),
    "a TF32-like product": ("numpy", lambda numpy: real_ones.truncating(), "flower-2layer-tanh", "float32", "TF32 products", {}),
    "subnormals flushed by XLA": ("jax", lambda jax: real_ones.with_jax(), "subnormal-logistic", "float32", "subnormal numbers flushed to 0", {}),
}  # fmt: skip
# ruff: noqa: E501 (a table: a line is a library's convention)


@pytest.mark.parametrize("name", REAL)
def test_what_libraries_really_do_is_found_and_named(name: str) -> None:
    library, make, problem, dtype, cause, options = REAL[name]
    found = row(make(pytest.importorskip(library)), problem, dtype, **options)
    assert found.verdict == "disagrees", of_cause(found.cause)
    assert found.explained is not None, of_cause(found.cause)
    assert found.explained.exactly
    assert found.explained.mutant.name == cause, of_cause(found.cause)


@pytest.mark.parametrize("problem", ["flower-2layer-tanh", "kink-2layer-leaky_relu", "many_outputs-squared_error"])
@pytest.mark.slow
def test_mutants_are_named(problem: str) -> None:
    case = make_case(build(PROBLEMS[problem], Options(iterations=14)), "float64")
    judging, wrong, asked = Judge(case), [], 0
    for mutant in MUTANTS[::3]:
        try:
            with np.errstate(all="ignore"):
                answer = measure(framework(mutant), "reference", Declaration(), case, "cpu")
        except Exception:  # a mutant may break anything
            continue
        if judging.broken(answer, "cpu"):
            continue
        cause = attribute(judging, answer, Declaration())
        if cause is not None:
            asked += 1
            if not cause.exactly or mutant.name not in (cause.mutant.name, *cause.also):
                wrong.append((mutant.name, str(cause)))
    assert wrong == []
    assert asked > 15


def test_a_right_answer_needs_no_cause() -> None:
    case = make_case(build(PROBLEMS["flower-2layer-tanh"], Options(iterations=14)), "float64")
    answer = measure(framework(), "reference", Declaration(), case, "cpu")
    assert attribute(Judge(case), answer, Declaration()) is None


def test_an_unknown_mistake_is_called_unexplained() -> None:
    right = framework()
    made = importlib.import_module("types").SimpleNamespace(**vars(right))

    def gradient(*arguments: Any) -> Any:
        J, (first, *rest) = right.gradients["reference"](*arguments)
        return J, (first._replace(b=np.cos(first.b)), *rest)

    made.gradients = {"reference": gradient}
    found = row(made, "flower-2layer-tanh", variant="reference")
    assert found.verdict == "disagrees"
    assert "unexplained" in of_cause(found.cause)
    assert "every dW is right" in of_cause(found.cause)


MINE = """
import numpy as np
from crosscheck_impls.interface import Layer, load


def by_hand(network, params, X, Y):
    J, ((dW, db), *others) = load("numpy").gradients["by_hand"](network, params, X, Y)
    return J, (Layer(dW, {db}), *others)


gradients = {{"by_hand": by_hand}}
"""


@pytest.mark.parametrize(("db", "known"), [("np.cos(db)", False), ("X.shape[1] * db", True)])
def test_explain_says_how_many_known_mistakes_explain_nothing(
    db: str, known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"mine_{'known' if known else 'unknown'}"
    (tmp_path / f"{name}.py").write_text(MINE.format(db=db))
    monkeypatch.syspath_prepend(str(tmp_path))
    problem = build(PROBLEMS["flower-2layer-tanh"], Options(iterations=2))
    request = Request([problem], [Implementation(name, "by_hand")], ["float64", "float32"])
    for row, lines in explain(request, lambda *_: None):
        assert row.verdict == "disagrees"
        said = [line.split() for line in lines if line.startswith("  mistakes ")]
        if row.dtype == "float32":  # is explained with its twin
            assert said == []
        elif known:
            assert row.explained is not None
            assert said == []
        else:
            ((_, number, *words),) = said
            assert " ".join(words) == "known ones tried, none of them explains it"
            assert int(number) > len([mutant for mutant in MUTANTS if mutant.kind is not Kind.SWITCH]) / 2


@pytest.mark.parametrize(
    ("mutant", "words"),
    [
        ("J without 1/m", "the mistake is in the cost itself"),
        ("dW without 1/m", "the mistake is in the line of dW2"),
        ("db without 1/m", "the mistake is in the line of db2"),
        ("dZ without g'", "the mistake is in dZ1 = W2ᵀ dZ2 ∘ g1′(Z1)"),
        ("dZ = Y - A", "the mistake is in dZ2 = A2 - Y"),
        (
            "two features swapped",
            "J is wrong, and a gradient of every layer is: look at the forward pass, what it is given",
        ),
        ("momentum", "from step 1 on; the steps before it lie within their bounds"),
        (
            "b learns twice as fast",
            "the biases that fit steps to are not, from the first step on; the weights lie within their bounds",
        ),
        ("cost one step late, the first right", "the costs that fit reports are not right, from step 1 on"),
    ],
)
def test_where_the_mistake_is_in_words(mutant: str, words: str) -> None:
    found = row(framework(BY_NAME[mutant]), "flower-2layer-tanh", variant="reference")
    assert words in of_cause(found.cause)
    assert found.explained is not None
    assert found.explained.mutant.name == mutant


def test_where_says_what_is_right_before_what_is_wrong() -> None:
    found = row(framework(BY_NAME["one entry of dW dropped"]), "flower-3layer-tanh", variant="reference")
    assert (
        "J is right, so the forward pass that it comes from is, and so are the gradients of layers 3, 2; every db is right"
        in of_cause(found.cause)
    )


def moved_towards(mutant: str, share: float, more: Any) -> Any:
    """Return the reference with most of a mutant's error in its gradient, and something of its own besides."""
    right, wrong = framework(), framework(BY_NAME[mutant])

    def gradient(*arguments: Any) -> Any:
        (J, good), (J_bad, bad) = (made.gradients["reference"](*arguments) for made in (right, wrong))
        mixed = [[a + share * (b - a) for a, b in zip(*pair, strict=True)] for pair in zip(good, bad, strict=True)]
        return more(J + share * (J_bad - J), tuple(Layer(*pair) for pair in mixed))

    return importlib.import_module("types").SimpleNamespace(**(vars(right) | {"gradients": {"reference": gradient}}))


def test_a_nearest_mistake_is_named_where_it_is_wrong_in_the_same_place() -> None:
    found = row(moved_towards("dW without 1/m", 0.999, lambda J, g: (J, g)), "flower-2layer-tanh", variant="reference")
    assert "unexplained, nearest to `dW without 1/m`" in of_cause(found.cause)
    assert "the mistake is in the line of dW2" in of_cause(found.cause)


def test_a_nearest_mistake_that_contradicts_the_place_is_not_named() -> None:
    """db2 is slightly wrong too, so that dZ2 must be, which the mutant leaves right."""

    def more(J: Any, gradient: Any) -> Any:
        return J, (*gradient[:-1], gradient[-1]._replace(b=gradient[-1].b * (1 + 1e-9)))

    found = row(moved_towards("dW without 1/m", 0.999, more), "flower-2layer-tanh", variant="reference")
    words = of_cause(found.cause)
    assert "dW2 and db2 are both wrong" in words
    assert "unexplained" in words
    assert "nearest" not in words
