"""The implementation that a test is about: `framework`, `variant`, and what it declares of itself."""

import pytest
from crosscheck_impls.interface import Declaration, Framework, declaration, load


@pytest.fixture
def framework(name: str) -> Framework:
    return load(name)


@pytest.fixture
def declared(framework: Framework, variant: str) -> Declaration:
    return declaration(framework, variant)
