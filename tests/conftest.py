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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a browser where there is none, which the summary says; CI has one, or fails."""
    from tests import browser

    without = [item for item in items if item.get_closest_marker("browser")]
    if without and not (browser.THERE or browser.REQUIRED):
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    from tests import browser

    if not (browser.THERE or browser.REQUIRED):
        terminalreporter.write_line(browser.LEFT_OUT)
