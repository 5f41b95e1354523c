"""`from_numpy` and `to_numpy`, the only doors: what goes in comes out, to the bit."""

import numpy as np
import pytest
from crosscheck_impls.interface import CONTRACT, DTYPES, VARIANTS, BadInput, load

from crosscheck.testing.judging import same_bits

dtypes = pytest.mark.parametrize("dtype", DTYPES)


def strange(dtype):
    """Return the numbers that a conversion might lose: subnormals, −0, inf, NaN, the largest, and neighbours of 1."""
    info = np.finfo(dtype)
    row = [0.0, -0.0, info.smallest_subnormal, -info.smallest_subnormal, info.tiny, info.tiny / 3, info.max, -info.max]
    row += [1.0, 1 + info.eps, 1 - info.epsneg, np.inf, -np.inf, np.nan]
    return np.array([row, row[::-1]], dtype)


@dtypes
def test_before_it_is_configured_it_keeps_the_dtype_or_refuses_it(name, dtype):
    """Stands first: where something has configured it before, both dtypes are kept."""
    framework, array, refused = load(name), np.ones((2, 3), dtype), "configure"
    try:
        kept = same_bits(framework.to_numpy(framework.from_numpy(array)), array)
    except BadInput as error:
        kept, refused = True, str(error)
    assert kept
    assert "configure" in refused


@dtypes
def test_put_and_get_keep_every_bit(framework, dtype):
    array = strange(dtype)
    assert (array != 0).sum() == array.size - 4
    assert same_bits(framework.to_numpy(framework.from_numpy(array)), array)


@dtypes
@pytest.mark.parametrize("view", ["transposed", "strided", "read-only"])
def test_put_takes_any_layout(framework, dtype, view):
    array = strange(dtype)
    array = {"transposed": array.T, "strided": array[:, ::3], "read-only": array}[view]
    array.flags.writeable = view != "read-only"
    assert same_bits(framework.to_numpy(framework.from_numpy(array)), array)


@dtypes
@pytest.mark.parametrize("view", ["whole", "transposed", "strided"])
def test_put_and_get_copy(framework, dtype, view):
    whole = np.ones((2, 6), dtype)
    original = {"whole": whole, "transposed": whole.T, "strided": whole[:, ::2]}[view]
    inside = framework.from_numpy(original)
    original[:] = 2
    outside = framework.to_numpy(inside)
    assert (outside == 1).all()
    outside[:] = 3
    assert (framework.to_numpy(inside) == 1).all()


@dtypes
def test_an_array_lies_where_it_was_put(framework, dtype):
    for device in framework.devices():
        assert framework.device(framework.from_numpy(np.ones((2, 3), dtype), device)) == device


@pytest.mark.parametrize("device", ["tpu", "cuda:99", ""])
def test_put_refuses_a_device_that_is_not_there(framework, device):
    with pytest.raises(BadInput, match="device"):
        framework.from_numpy(np.ones((2, 3)), device)


def test_the_contract_is_whole(framework, name):
    assert all(hasattr(framework, part) for part in CONTRACT)
    assert "cpu" in framework.devices()
    assert len(framework.gradients) > 0
    assert name not in VARIANTS or framework.name == name
    assert framework.environment().get("gpu") is None or "cuda" in framework.devices()
