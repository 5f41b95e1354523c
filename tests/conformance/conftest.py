"""The implementation that a test is about: `framework`, `variant`, and what it declares of itself."""

import pytest
from crosscheck_impls.interface import DTYPES, Declaration, Framework, declaration, load


@pytest.fixture
def framework(name: str) -> Framework:
    """Return the framework, its switches set for both dtypes."""
    framework = load(name)
    for dtype in DTYPES:
        framework.configure(dtype)
    return framework


@pytest.fixture
def declared(framework: Framework, variant: str) -> Declaration:
    return declaration(framework, variant)
