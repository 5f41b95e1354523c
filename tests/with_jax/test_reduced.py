"""JAX's variants of narrow modes: each agrees in its mode, and rounds as it says."""

import pytest

pytest.importorskip("jax")

from tests.narrow import agree, error_of_products


@pytest.mark.slow
def test_every_variant_agrees_in_its_mode():
    agree("jax", ["flower-2layer-tanh", "subnormal-logistic"])


@pytest.mark.parametrize(
    ("variant", "least", "most"),
    [
        ("tf32", 0, 2.0**-22),  # on the CPU
        ("bf16_products", 2.0**-9, (1 + 2.0**-8) ** 2 * (1 + 2.0**-22) - 1),
        ("mixed", 2.0**-9, (1 + 2.0**-8) ** 4 - 1),
        ("float8", 2.0**-5, (1 + 2.0**-4) * (1 + 2.0**-3) - 1),
    ],
)
def test_products_err_by_what_the_mode_says(variant, least, most):
    assert least <= error_of_products("jax", variant) <= most
