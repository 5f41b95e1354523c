"""The implementation that a test is about: `name` or `framework`, `variant`, and what it declares of itself."""

import importlib.util
from pathlib import Path

import pytest
from crosscheck_impls.interface import DTYPES, Declaration, Framework, declaration, load

from crosscheck.testing import plugin
from crosscheck.testing.implementations import absent, chosen

if importlib.util.find_spec("hypothesis") is None:
    pytest.exit("the conformance suite needs hypothesis: pip install 'crosscheck[test]'", pytest.ExitCode.USAGE_ERROR)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the plugin where its entry point has not."""
    plugin.register(pluginmanager)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make warnings errors in this suite, whatever the settings of the folder that it is started from."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("error"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test with the arguments (name, variant) every implementation; one with `name` alone every framework."""
    if "name" not in metafunc.fixturenames:
        return
    implementations = chosen(metafunc.config)
    if "variant" in metafunc.fixturenames:
        cells = [pytest.param(*each, marks=absent(each[0]), id="/".join(each)) for each in implementations]
        metafunc.parametrize(("name", "variant"), cells)
    else:
        names = dict.fromkeys(name for name, _ in implementations)
        metafunc.parametrize("name", [pytest.param(name, marks=absent(name)) for name in names])


@pytest.fixture
def framework(name: str) -> Framework:
    """Return the framework, ours or a module of anyone's, its switches set for both dtypes."""
    framework = load(name)
    for dtype in DTYPES:
        framework.configure(dtype)
    return framework


@pytest.fixture
def declared(framework: Framework, variant: str) -> Declaration:
    """Return what the variant declares."""
    return declaration(framework, variant)
