"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import crosscheck
import crosscheck_impls
import pytest

MODULES = [
    info.name
    for package in (crosscheck_impls, crosscheck)
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.", onerror=lambda _: None)
    if not info.name.endswith("__main__")
]


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")  # torch.distributed.optim's own
@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str) -> None:
    for framework in ("torch", "jax"):
        if f"with_{framework}" in name:
            pytest.importorskip(framework)
    if "with_numpy.distributed" in name:
        pytest.importorskip("mpi4py")
    assert doctest.testmod(importlib.import_module(name)).failed == 0
