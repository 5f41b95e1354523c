"""NumPy's variant of a narrow mode agrees in it, and rounds as it says."""

from tests.narrow import agree, error_of_products


def test_every_variant_agrees_in_its_mode():
    agree("numpy")


def test_products_err_by_what_the_mode_says():
    assert 2.0**-9 <= error_of_products("numpy", "bf16_products") <= (1 + 2.0**-8) ** 2 * (1 + 2.0**-22) - 1
