"""The implementation that a test is about: `framework`, `source`, and what it declares of itself."""

import pytest

from impls.interface import Declaration, Framework, declaration, load


@pytest.fixture
def framework(name: str) -> Framework:
    return load(name)


@pytest.fixture
def declared(framework: Framework, source: str) -> Declaration:
    return declaration(framework, source)
