"""What each framework's tests ask of its variants of narrow modes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from crosscheck.core.failures import Verdict
from crosscheck.judge.elementwise import Judge
from crosscheck.judge.verdict import Key, judge
from crosscheck.problems.cases import make_case
from crosscheck.problems.catalogue import BY_NAME, build
from crosscheck.runner.collect import measure
from crosscheck_impls.interface import REDUCED, Layer, Network, declaration, load

PROBLEMS = ("flower-2layer-tanh", "kink-2layer-relu", "regression-4layer-mixed", "subnormal-logistic")


def agree(name: str, problems: Sequence[str] = PROBLEMS) -> None:
    """Every variant declares its mode and agrees in it, in float64 as in full."""
    framework = load(name)
    for dtype in ("float32", "float64"):
        framework.configure(dtype)
        for problem in problems:
            case = make_case(build(BY_NAME[problem])._replace(iterations=2), dtype)
            judging = Judge(case)
            for variant, mode in REDUCED[name].items():
                declared = declaration(framework, variant)
                assert declared.precision == mode
                answer = measure(framework, variant, declared, case, "cpu")
                row = judge(judging, answer, declared, Key(problem, variant, dtype, "cpu"))
                allowed = (Verdict.AGREES, Verdict.CONVENTION)
                assert row.verdict in allowed, (problem, variant, dtype, row.cause)


def error_of_products(name: str, variant: str) -> float:
    """Return the largest relative error of one product of random numbers of one sign, each of a full float32.

    Of a linear network with params 0, dW is -1/m Y Xᵀ; here with one example, so that nothing is summed.
    """
    framework = load(name)
    framework.configure("float32")
    random = np.random.default_rng(0)
    n = 64
    X, Y = (random.uniform(1, 2, (n, 1)).astype(np.float32) for _ in range(2))
    zero = Layer(np.zeros((n, n), np.float32), np.zeros((n, 1), np.float32))
    layer = Layer(*(framework.from_numpy(array) for array in zero))
    network = Network((n, n), ("linear",), "squared_error")
    given = (framework.from_numpy(array) for array in (X, Y))
    _, (gradient,) = framework.gradients[variant](network, (layer,), *given)
    exact = -np.float64(Y) @ np.float64(X).T
    return float(np.abs(framework.to_numpy(gradient.W) / exact - 1).max())
