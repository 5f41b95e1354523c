"""A step as one program that torch.compile makes: Inductor's C++ on a CPU, Triton's kernels on a GPU.

The mathematics is that of `autograd`, differentiated by torch.func while it is traced, so that the forward pass, the
derivative and the update are one graph. A program is for one network and one set of shapes (dynamic=False).
"""

import os
import shutil
import sys
import sysconfig
import warnings
from collections.abc import Callable, Hashable
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor as Array

from crosscheck_impls.interface import Declaration, Network, Params, Unavailable, Variant
from crosscheck_impls.with_torch import l_layer
from crosscheck_impls.with_torch.training import update

Step: TypeAlias = Callable[[Params, Array, Array, Array], tuple[Params, Array, Params]]
Backend: TypeAlias = str | Callable[..., Any]


def step(network: Network, params: Params, X: Array, Y: Array, alpha: Array) -> tuple[Params, Array, Params]:
    """Return the params after one step, J before it, and dParams; alpha is a scalar of X's dtype."""

    def cost(params: Params) -> Array:
        Z, _ = l_layer.forward(network, params, X)
        return l_layer.cost(network, Z, Y)

    dParams, J = torch.func.grad_and_value(cost)(params)
    return update(params, dParams, alpha), J, dParams


@lru_cache(maxsize=1)
def program(backend: Backend, network: Network, *shapes: Hashable) -> Step:
    """Return the step, compiled when it is first called; shapes: whatever the program is for alone.

    torch keeps few programs of one function: what it keeps of others is dropped (`torch.compiler.reset`).
    """
    torch.compiler.reset()
    return torch.compile(partial(step, network), fullgraph=True, dynamic=False, backend=backend)


def lacks(device: str) -> str:
    """Return what Inductor needs and does not find here, in words; nothing if it is all there."""
    compilers = [os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")]
    if device == "cuda":
        if find_spec("triton") is None:
            return "Triton, which makes the kernels for a GPU, is not installed; pip install triton"
        compilers = [os.environ["CC"]] if "CC" in os.environ else ["gcc", "clang"]
    if not any(map(shutil.which, compilers)):
        return f"no compiler, {' or '.join(compilers)}, is on the path; install one, or name it in CC and CXX"
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    return "" if headers.exists() else f"no {headers}, which the programs include; install Python's headers"


@torch.no_grad()
def run(
    backend: Backend, network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array, Params]:
    """Return the params after the steps, J before each of them, and the last gradient."""
    if backend == "inductor" and (lacking := lacks(X.device.type)):
        raise Unavailable(f"torch.compile: {lacking}")
    compiled = program(backend, network, X.shape, X.dtype, X.device)
    rate = torch.tensor(alpha, dtype=X.dtype, device=X.device)
    costs = torch.empty(iterations, dtype=X.dtype, device=X.device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own parts, and of `activation`, which keeps what is always the same
        for t in range(iterations):
            params, costs[t], dParams = compiled(params, X, Y, rate)
    return params, costs, dParams


def by(backend: Backend) -> Variant:
    """Return the variant whose programs a backend of torch.compile makes."""

    def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
        _, (J,), dParams = run(backend, network, params, X, Y, 0.0, 1)
        return J, dParams

    def gradient_descent(
        network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
    ) -> tuple[Params, Array]:
        params, costs, _ = run(backend, network, params, X, Y, alpha, iterations)
        return params, costs

    return Variant(gradients, gradient_descent, Declaration(formulation="autodiff", compiles=True))
