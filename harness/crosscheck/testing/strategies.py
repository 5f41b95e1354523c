"""Hypothesis strategies for the conformance suite: arrays are drawn, not seeds, so that a failure shrinks.

A failing example is reduced to the fewest and simplest numbers that still fail: mostly zeros and ones.
"""

from __future__ import annotations

from typing import Any

from crosscheck_impls.interface import Layer, Network, Params
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crosscheck.testing.judging import M, Problem

SMALLEST = 2.0**-30  # of a number that is not 0: no product comes near the subnormal numbers, which XLA makes 0
LARGEST = 4.0  # of a weight, a feature or a target: logits to some tens, so that most outputs are not saturated

few = settings(
    max_examples=8,
    deadline=None,  # JAX compiles
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def matrices(shape: tuple[int, int], dtype: str = "float64") -> st.SearchStrategy[Any]:
    """Draw a matrix of finite numbers, 0 among them, every entry by itself."""
    numbers = st.floats(-LARGEST, LARGEST, allow_subnormal=False, width=32 if dtype == "float32" else 64)
    entries = numbers.map(lambda number: number if abs(number) >= SMALLEST else 0.0)
    return arrays(dtype, shape, elements=entries, fill=st.nothing())


def parameters(network: Network, dtype: str = "float64") -> st.SearchStrategy[Params]:
    """Draw the weights and biases of a network."""
    layers = [
        st.builds(Layer, matrices((n, before), dtype), matrices((n, 1), dtype))
        for n, before in zip(network.n[1:], network.n[:-1], strict=True)
    ]
    return st.tuples(*layers)


def outcomes(network: Network, dtype: str = "float64", m: int = M) -> st.SearchStrategy[Any]:
    """Draw Y (n[L], m): labels 0 and 1, or the targets of a regression."""
    shape = (network.n[-1], m)
    if network.loss == "squared_error":
        return matrices(shape, dtype)
    return arrays(dtype, shape, elements=st.sampled_from([0.0, 1.0]), fill=st.nothing())


def problems(network: Network, dtype: str = "float64", m: int = M) -> st.SearchStrategy[Problem]:
    """Draw parameters, X and Y of one dtype; the network fixes the shapes, so that JAX compiles once."""
    return st.builds(
        Problem,
        st.just(network),
        parameters(network, dtype),
        matrices((network.n[0], m), dtype),
        outcomes(network, dtype, m),
    )


def problems_of(networks: list[Network], dtype: str = "float64") -> st.SearchStrategy[Problem]:
    """Draw one of the networks, and a problem for it."""
    return st.sampled_from(networks).flatmap(lambda network: problems(network, dtype))


def permutations(size: int) -> st.SearchStrategy[list[int]]:
    """Draw an order of so many things."""
    return st.permutations(list(range(size)))
