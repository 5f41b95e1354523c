"""The plugin with the option `--impl`, in a checkout that is not installed."""

import sys
from pathlib import Path

import pytest
from crosscheck.testing import plugin

# before anybody imports them
pytest.register_assert_rewrite("crosscheck.testing.judging", "crosscheck.testing.strategies", "tests.laws")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    plugin.register(pluginmanager)


def pytest_configure(config: pytest.Config) -> None:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
